//! What a question wants to know, told from the words that only put it into a question.

use super::names::names;
use super::question::ASKING;
use super::words::{Word, is_stop_word, lower, stem, words};
use std::collections::HashSet;
use std::sync::LazyLock;

/// Nouns that stand for what is told elsewhere ("the reason", "an aspect": shell nouns in
/// the sense of Schmid 2000), verbs of saying, thinking and doing in general, and
/// adjectives that order or narrow. A text that answers a question need not say them.
const FRAMING: &str = "fact idea thought view opinion belief feeling reaction response attitude \
    impression perspective preference favourite favorite interest concern wish desire hope \
    expectation reason cause purpose aim goal objective intention motivation motive explanation \
    justification result outcome effect consequence impact influence benefit advantage \
    disadvantage drawback way manner method approach technique process procedure step strategy \
    measure action role function task job responsibility aspect feature characteristic quality \
    property trait attribute element component factor part detail point item thing matter issue \
    problem difficulty challenge question topic subject theme focus content context advice \
    suggestion recommendation proposal tip instruction guidance request requirement condition \
    rule decision choice option alternative plan solution answer difference similarity relation \
    relationship connection link comparison contrast interval period duration moment occasion \
    event incident activity situation circumstance case example instance information news message \
    statement comment remark description definition meaning name title term kind type sort form \
    category class group opportunity chance possibility ability need importance significance \
    achievement experience equipment change improvement success failure main major key primary \
    specific particular certain exact additional further extra other another new different various \
    general overall current previous first last following common say tell ask inquire enquire \
    announce mention discuss propose suggest recommend express describe explain state claim report \
    remind inform share confirm reveal note argue admit agree reply respond complain congratulate \
    thank invite offer promise advise warn indicate refer accord regard relate involve associate \
    consider think believe feel want expect decide intend prefer like love enjoy happen occur take \
    give make get use provide include contain call help conversation discussion chat talk";

const ASKING_WORDS: &[&str] =
    &["what", "which", "who", "whom", "whose", "when", "where", "why", "how"];

/// Verbs that help others, in all forms.
const AUXILIARIES: &[&str] = &[
    "is", "are", "was", "were", "am", "be", "been", "being", "do", "does", "did", "has", "have",
    "had", "can", "could", "will", "would", "shall", "should", "may", "might", "must",
];

/// Words after which what is asked for is still to come: "what kind of cake".
const HEADLESS: &[&str] =
    &["name", "type", "kind", "sort", "specific", "exact", "reason", "reasons"];

/// A word of a question that carries meaning; each stem once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct AskedWord {
    pub(super) stem: String,
    /// In lower case, as it stands in the question.
    pub(super) word: String,
    /// Whether it is among what is wanted: "flavour" and "cake" of "What flavour of cake
    /// did she bake?".
    pub(super) is_wanted: bool,
    /// Whether it only frames the question.
    pub(super) is_framing: bool,
}

/// The words of a question, in its order.
pub(super) fn asked_words(question: &str) -> Vec<AskedWord> {
    static FRAMES: LazyLock<HashSet<String>> =
        LazyLock::new(|| FRAMING.split_whitespace().map(stem).collect());
    let question = with_names_apart(question);
    let found = words(&question);
    let wanted = wanted(&found);
    let named: HashSet<String> = names(&question).iter().map(|name| lower(name)).collect();
    let mut asked: Vec<AskedWord> = Vec::new();
    for (at, word) in found.iter().enumerate() {
        let stem = stem(word.text);
        if is_stop_word(word.text) || asked.iter().any(|known| known.stem == stem) {
            continue;
        }
        let form = lower(word.text);
        let bare = form.split('\'').next().unwrap_or_default();
        let frames = FRAMES.contains(&stem) || ASKING.contains(&stem.as_str());
        asked.push(AskedWord {
            is_framing: frames && !named.contains(bare),
            is_wanted: wanted.contains(&at),
            word: bare.to_owned(),
            stem,
        });
    }
    asked
}

/// Places of the words after the asking word: up to the next verb that helps, or after
/// "what is the".
fn wanted(found: &[Word<'_>]) -> Vec<usize> {
    let forms: Vec<String> = found.iter().map(|word| lower(word.text)).collect();
    let is =
        |at: usize, list: &[&str]| forms.get(at).is_some_and(|form| list.contains(&form.as_str()));
    let says = |at: usize| found.get(at).is_some_and(|word| !is_stop_word(word.text));
    let Some(asking) = (0..forms.len()).find(|at| is(*at, ASKING_WORDS)) else {
        return Vec::new();
    };
    let counts = is(asking, &["how"]) && is(asking + 1, &["many", "much"]);
    if !counts && !is(asking, &["what", "which"]) {
        return Vec::new();
    }
    let mut at = asking + 1 + usize::from(counts);
    let mut wanted = Vec::new();
    if is(at, AUXILIARIES) {
        let names_it = is(at, &["is", "are", "was", "were"]);
        at += 1;
        while is(at, &["the", "a", "an", "some", "one", "of"]) {
            at += 1;
        }
        while names_it && wanted.len() < 4 && says(at) && !is(at, AUXILIARIES) {
            wanted.push(at);
            at += 1;
        }
    } else {
        while at < forms.len() && wanted.len() < 5 && !is(at, AUXILIARIES) {
            if says(at) {
                wanted.push(at);
            }
            at += 1;
        }
    }
    wanted.truncate(if counts { 1 } else { usize::MAX });
    if !wanted.is_empty() && wanted.iter().all(|at| is(*at, HEADLESS)) {
        let mut at = wanted.last().map_or(0, |last| last + 1);
        while is(at, &["of", "the", "a", "an", "for", "behind"]) {
            at += 1;
        }
        let further: Vec<usize> =
            (at..forms.len()).take(3).take_while(|at| says(*at) && !is(*at, AUXILIARIES)).collect();
        if !further.is_empty() {
            return further;
        }
    }
    wanted
}

/// `LiHua` is `Li Hua`: names that are written together meet those that are not.
pub(super) fn with_names_apart(text: &str) -> String {
    let mut apart = String::with_capacity(text.len() + 8);
    let mut before = ' ';
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let goes_on = chars.peek().is_some_and(|next| next.is_lowercase());
        if before.is_lowercase() && c.is_uppercase() && goes_on {
            apart.push(' ');
        }
        apart.push(c);
        before = c;
    }
    apart
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(question: &str, wanted: &[&str]) {
        let asked = asked_words(question);
        let found: Vec<&str> =
            asked.iter().filter(|word| word.is_wanted).map(|word| word.word.as_str()).collect();
        assert_eq!(found, wanted, "{question}");
    }

    #[test]
    fn what_is_wanted_stands_after_the_asking_word() {
        check("What flavor of cake did Ann bake?", &["flavor", "cake"]);
        check("What is the order number of the seal?", &["order", "number"]);
        check("How many valves does the pump have?", &["valves"]);
        check("What kind of oil does it need?", &["kind", "oil"]);
        check("What is the name of the dog?", &["dog"]);
        check("Who made the pump?", &[]);
        check("When was it built?", &[]);
        check("", &[]);
    }

    #[test]
    fn words_that_frame_a_question_are_told_from_its_subject() {
        let asked = asked_words("What specific advice did Reason give about the kitchen?");
        let framing: Vec<&str> =
            asked.iter().filter(|word| word.is_framing).map(|word| word.word.as_str()).collect();
        assert_eq!(framing, ["specific", "advice", "give"]);
    }

    #[test]
    fn names_written_together_come_apart() {
        assert_eq!(with_names_apart("LiHua met McKay, USA, iOS"), "Li Hua met Mc Kay, USA, iOS");
    }
}
