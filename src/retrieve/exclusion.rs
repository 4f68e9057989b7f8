//! What a question asks for, and what it does not want.
//!
//! Neither words nor vectors know "not": "themes of Poe without The Raven" is nearer to
//! texts about The Raven than the same question without these words. So the part that is
//! not wanted is cut out of the question before anything is looked for, and ranked texts
//! are weighed by it afterwards. Cues are English; a cue counts where it excludes content
//! ("excluding", "do not mention", "other than"), and not where it is a condition of the
//! world ("start a pod without root").

use regex::Regex;
use std::sync::LazyLock;

/// A question in two parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Exclusion {
    /// The question without what it does not want.
    pub(super) wanted: String,
    /// What it does not want, each part in its words.
    pub(super) unwanted: Vec<String>,
}

/// How a part that is not wanted is opened: told to leave out, named beside what is
/// wanted, a name behind a small word, or words that exclude only in some questions.
static CUE: LazyLock<Regex> = LazyLock::new(|| {
    let spoken = r"(?:mention|discuss|referenc|referr?|consider|includ|touch|focus|talk|address|cover|describ|reveal)(?:ing|ions?|ed|es|e|s)?";
    Regex::new(&format!(
        r"(?ix)(?P<lead>[\s,;:(\[–—-]*(?:\b(?:but|and|while|please)\b[\s,]*)*)
        (?: (?P<told>
              \bexclud(?:es|e|ing)\b
            | \b(?:do\ not|don['’]t|never|without|avoid(?:ing)?|not|with\ no)\ (?:any\ |specifically\ )*{spoken}\b
              (?:\ (?:on|to|about|of|any|upon)\b)*
            | \bleav(?:e|ing)\ (?:out|aside)\b | \bsetting\ aside\b )
          | (?P<named>
              \bexcept(?:ing)?(?:\ for|\ in)?\b | \b(?:apart|aside)\ from\b | \bother\ than\b
            | \bwith\ the\ exception\ of\b | \bbut\ not\b(?:\ (?:in|from|by|about|of|the)\b)* )
          | (?P<proper>\bnot\ (?:in|from|by|about|of)(?:\ the)?\b | \bnon[-\ ])
          | (?P<without>\bwithout\b)
          | (?P<careful>\b(?:avoid|ignor|omit|skip|disregard)(?:ting|ping|ing|e)?\b)
        )\s*"
    ))
    .expect("constant pattern")
});

/// Questions that ask for a text, in which "without" is about what it says.
static REQUEST: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?i)^\s*(?:please\s+)?(?:provide|give|write|describe|summari[sz]e|introduce|list|discuss|explain|tell|outline|explore|examine|analy[sz]e|compare|present|an?\s+(?:introduction|overview|summary))\b",
    )
    .expect("constant pattern")
});

/// Where a part that was told to be left out ends, when nothing closes it.
static END: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?i)[?!;)\]]|\.(?:\s|$)|,\s+(?:and\s+|but\s+)?(?:how|what|which|who|when|where|why|particularly|especially)\b",
    )
    .expect("constant pattern")
});

/// Where a part that is named beside what is wanted ends.
static VERB: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?i),|\b(?:is|are|was|were|do|does|did|has|have|had|can|could|will|would|should|may|might|needs?|requires?|that|which|who|when|where|what|how|why|compared?|differ(?:s|ed)?)\b",
    )
    .expect("constant pattern")
});

static NAME: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?:[\p{Lu}\d][\w'’.-]*\s*(?:(?:of|the|and|or)\s+)?)+").expect("constant pattern")
});

/// Words before what is meant: "any discussion of the", "specific details about".
static BEFORE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?i)^(?:(?:any|all|specific|detailed|the|an?|its|their|his|her|some)\s+|(?:references?|mentions?|discussions?|details?|descriptions?|information)(?:\s+(?:to|of|about|on))?\s+)+",
    )
    .expect("constant pattern")
});

/// "But not only", "but not necessarily": nothing is excluded.
static NOTHING: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)^(?:only|just|limited|all|always|yet|\w+ly)\b").expect("constant pattern")
});

impl Exclusion {
    /// The parts of a question; `None` when it excludes nothing, or nothing else is left.
    pub(super) fn of(question: &str) -> Option<Self> {
        let is_request = REQUEST.is_match(question);
        let (mut wanted, mut unwanted) = (String::new(), Vec::new());
        let mut position = 0;
        while let Some(cue) = CUE.captures_at(question, position) {
            let Some(all) = cue.get(0) else { break };
            let rest = question.get(all.end()..).unwrap_or_default();
            let lead = cue.name("lead").map_or("", |lead| lead.as_str()).to_lowercase();
            let has = |name: &str| cue.name(name).is_some();
            let excludes = if has("without") {
                is_request
            } else if has("careful") {
                lead.contains("but") || lead.contains("while")
            } else if let Some(small) = cue.name("proper") {
                let is_prefix = small.as_str().to_lowercase().starts_with("non");
                rest.starts_with(char::is_uppercase) && (is_request || !is_prefix)
            } else {
                !NOTHING.is_match(rest)
            };
            let part = excludes.then(|| extent(rest, &lead, &cue)).flatten();
            let Some((part, n_bytes)) = part else {
                wanted.push_str(question.get(position..all.end()).unwrap_or_default());
                position = all.end();
                continue;
            };
            wanted.push_str(question.get(position..all.start()).unwrap_or_default());
            wanted.push(' ');
            unwanted.push(part);
            position = all.end() + n_bytes;
        }
        wanted.push_str(question.get(position..).unwrap_or_default());
        let words = wanted.split_whitespace().collect::<Vec<_>>().join(" ");
        let wanted = words.replace(" ?", "?").replace(" .", ".").replace(" ,", ",");
        let wanted = wanted.trim_matches([' ', ',']).to_owned();
        let n_words = wanted.split_whitespace().filter(|word| word.chars().count() > 1).count();
        (!unwanted.is_empty() && n_words > 1).then_some(Self { wanted, unwanted })
    }
}

/// The part that a cue opens, and how many bytes of the rest it takes.
fn extent(rest: &str, lead: &str, cue: &regex::Captures<'_>) -> Option<(String, usize)> {
    let (end, taken) = if lead.contains(['(', '[']) {
        let end = rest.find([')', ']']).unwrap_or(rest.len());
        (end, (end + 1).min(rest.len()))
    } else {
        let end = END.find(rest).map_or(rest.len(), |found| found.start());
        let open = rest.get(..end).unwrap_or_default();
        let end = if cue.name("proper").is_some() {
            NAME.find(open).map_or(end, |name| name.end())
        } else if cue.name("named").is_some() {
            VERB.find(open).map_or(end, |found| found.start())
        } else {
            end
        };
        (end, end)
    };
    let part = rest.get(..end).unwrap_or_default().trim();
    let part = BEFORE.replace(part.trim_matches([' ', ',']), "").trim().to_owned();
    let says_something = part.chars().filter(|c| c.is_alphanumeric()).count() > 1;
    says_something.then_some((part, taken))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(question: &str, wanted: &str, unwanted: &[&str]) {
        let found = Exclusion::of(question).map(|found| (found.wanted, found.unwanted));
        let unwanted = unwanted.iter().map(|part| (*part).to_owned()).collect();
        assert_eq!(found, Some((wanted.to_owned(), unwanted)), "{question}");
    }

    #[test]
    fn what_is_not_wanted_is_cut_out() {
        check("Mosses of Norway, but don't mention peat.", "Mosses of Norway.", &["peat"]);
        check(
            "How did the guild (excluding its later mills) shape trade? What came next?",
            "How did the guild shape trade? What came next?",
            &["later mills"],
        );
        check(
            "Compare the works of Dvorak (excluding Rusalka) and Janacek (excluding Jenufa).",
            "Compare the works of Dvorak and Janacek.",
            &["Rusalka", "Jenufa"],
        );
        check("Which pumps other than the X-10 need oil?", "Which pumps need oil?", &["X-10"]);
        check("Apart from oil, what does it need?", "what does it need?", &["oil"]);
        check("Which rivers are not in France?", "Which rivers are?", &["France"]);
        check(
            "Introduce the abbey without the Reformation",
            "Introduce the abbey",
            &["Reformation"],
        );
        check(
            "Describe the valve, without discussing seals or springs, particularly its use",
            "Describe the valve, particularly its use",
            &["seals or springs"],
        );
    }

    #[test]
    fn conditions_of_the_world_exclude_nothing() {
        for question in [
            "How do I start a pod without root?",
            "Does the gateway support non-SSL requests?",
            "Why is the pump not in service?",
            "How does the scheduler avoid deadlocks?",
            "possibly, but not necessarily, in a cluster",
            "without mentioning oil",
            "",
        ] {
            assert_eq!(Exclusion::of(question), None, "{question}");
        }
    }
}
