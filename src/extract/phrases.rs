//! Technical terms that no list knows: words that keep standing together.
//!
//! Statistics only, no model: runs of words without a capital between function words
//! and punctuation, in English text. A run counts where it stands like a noun phrase;
//! of nested runs each counts by what it is on its own (the C-value of Frantzi and
//! Ananiadou, 1999, `log2(words) * (n - mean n of the longer ones around it)`).

use crate::model::Fragment;
use std::collections::{BTreeMap, HashMap};

/// Words of a phrase.
const MIN_WORDS: usize = 2;
const MAX_WORDS: usize = 4;
/// Occurrences in all, and fragments and places where it stands alone between function
/// words, at least.
const MIN_OCCURRENCES: usize = 4;
const MIN_FRAGMENTS: u32 = 2;
const MIN_ALONE: u32 = 2;
/// Share of the occurrences that must stand alone.
const MIN_SHARE_ALONE: f64 = 0.5;
/// Phrases at most: so many for each fragment, within these bounds.
const PHRASES_PER_FRAGMENT: f64 = 0.25;
const BOUNDS: (usize, usize) = (100, 5_000);

/// Words before a noun phrase.
const LEFT: &[&str] = &[
    "a", "an", "the", "this", "that", "these", "those", "each", "every", "any", "no", "its",
    "their", "our", "your", "his", "her", "of", "for", "with", "without", "in", "on", "at", "from",
    "to", "by", "and", "or", "as", "per", "via", "between", "into", "under", "over", "through",
    "two", "three", "four", "both", "all", "some", "one", "is", "are", "was", "were", "has",
    "have",
];
/// Words behind a noun phrase.
const RIGHT: &[&str] = &[
    "of", "for", "with", "without", "in", "on", "at", "from", "to", "by", "and", "or", "as", "per",
    "via", "between", "into", "under", "over", "through", "is", "are", "was", "were", "has",
    "have", "had", "can", "cannot", "will", "must", "may", "should", "does", "do", "did", "which",
    "that", "who", "when", "where", "while", "if", "but", "than", "because", "after", "before",
    "until", "during", "within", "not", "so", "then",
];
/// Words that are in no phrase: verbs, adverbs and adjectives that fit everywhere.
const NEVER: &[&str] = &[
    "i",
    "you",
    "he",
    "she",
    "it",
    "we",
    "they",
    "them",
    "him",
    "me",
    "us",
    "my",
    "what",
    "how",
    "why",
    "there",
    "here",
    "also",
    "only",
    "very",
    "more",
    "most",
    "less",
    "least",
    "much",
    "many",
    "few",
    "several",
    "other",
    "others",
    "another",
    "same",
    "such",
    "own",
    "new",
    "old",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "twelve",
    "hundred",
    "thousand",
    "first",
    "second",
    "third",
    "last",
    "next",
    "previous",
    "following",
    "different",
    "various",
    "available",
    "possible",
    "certain",
    "able",
    "like",
    "just",
    "even",
    "still",
    "yet",
    "too",
    "again",
    "once",
    "now",
    "today",
    "later",
    "ever",
    "never",
    "always",
    "often",
    "well",
    "good",
    "bad",
    "great",
    "big",
    "small",
    "large",
    "high",
    "low",
    "long",
    "short",
    "full",
    "whole",
    "main",
    "use",
    "uses",
    "used",
    "using",
    "make",
    "makes",
    "made",
    "take",
    "takes",
    "took",
    "get",
    "gets",
    "got",
    "go",
    "goes",
    "went",
    "come",
    "comes",
    "came",
    "keep",
    "keeps",
    "kept",
    "give",
    "gives",
    "gave",
    "given",
    "see",
    "sees",
    "saw",
    "seen",
    "show",
    "shows",
    "shown",
    "need",
    "needs",
    "want",
    "wants",
    "set",
    "sets",
    "run",
    "runs",
    "ran",
    "let",
    "lets",
    "put",
    "puts",
    "be",
    "been",
    "being",
    "become",
    "became",
    "would",
    "could",
    "might",
    "shall",
    "having",
    "doing",
    "about",
    "against",
    "above",
    "below",
    "up",
    "down",
    "out",
    "off",
    "back",
    "around",
    "along",
    "across",
    "since",
    "though",
    "although",
    "however",
    "therefore",
    "instead",
    "rather",
    "whether",
    "either",
    "neither",
    "nor",
    "include",
    "includes",
    "including",
    "contain",
    "contains",
    "allow",
    "allows",
    "provide",
    "provides",
    "create",
    "creates",
    "known",
    "called",
    "named",
    "found",
    "born",
];

/// Runs of words that stand alone somewhere, gathered in a first reading of the English
/// fragments. A second reading counts where else they stand ([`PhraseCounts`]), so that
/// no text is kept.
#[derive(Debug, Default)]
pub struct LonePhrases {
    n_fragments: usize,
    alone: HashMap<String, Alone>,
}

#[derive(Debug, Default)]
struct Alone {
    n: u32,
    n_fragments: u32,
    last_fragment: usize,
}

/// How often the runs that may be phrases stand anywhere.
#[derive(Debug)]
pub struct PhraseCounts {
    n_fragments: usize,
    alone: HashMap<String, Alone>,
    counts: BTreeMap<String, usize>,
}

impl LonePhrases {
    /// Reads a fragment for the first time.
    pub fn read(&mut self, fragment: &Fragment) {
        self.n_fragments += 1;
        for run in runs(&fragment.text) {
            if run.stands_alone && (MIN_WORDS..=MAX_WORDS).contains(&run.words.len()) {
                let known = self.alone.entry(key(&run.words)).or_default();
                known.n += 1;
                known.n_fragments += u32::from(known.last_fragment != self.n_fragments);
                known.last_fragment = self.n_fragments;
            }
        }
    }

    /// Ends the first reading.
    pub fn into_counts(mut self) -> PhraseCounts {
        self.alone.retain(|_, known| known.n >= MIN_ALONE && known.n_fragments >= MIN_FRAGMENTS);
        self.alone.shrink_to_fit();
        let Self { n_fragments, alone } = self;
        PhraseCounts { n_fragments, alone, counts: BTreeMap::new() }
    }
}

impl PhraseCounts {
    /// Every run that may turn out to be a phrase, in no order.
    pub fn candidates(&self) -> impl Iterator<Item = &str> {
        self.alone.keys().map(String::as_str)
    }

    /// Reads a fragment again.
    pub fn read(&mut self, fragment: &Fragment) {
        for run in runs(&fragment.text) {
            for n in MIN_WORDS..=MAX_WORDS.min(run.words.len()) {
                for window in run.words.windows(n) {
                    let key = key(window);
                    if self.alone.contains_key(&key) {
                        *self.counts.entry(key).or_default() += 1;
                    }
                }
            }
        }
    }

    /// The phrases of the fragments, the strongest first, singular, in small letters.
    pub fn into_phrases(self) -> Vec<String> {
        let Self { n_fragments, alone, mut counts } = self;
        counts.retain(|phrase, n| {
            let n_alone = alone.get(phrase).map_or(0, |known| known.n);
            *n >= MIN_OCCURRENCES && f64::from(n_alone) >= MIN_SHARE_ALONE * *n as f64
        });
        // What stands inside of longer phrases: how often, and in how many of them.
        let mut nested: HashMap<&str, (usize, usize)> = HashMap::new();
        for (longer, n) in &counts {
            let words: Vec<&str> = longer.split(' ').collect();
            for size in MIN_WORDS..words.len() {
                for inner in words.windows(size) {
                    if let Some((inner, _)) = counts.get_key_value(&inner.join(" ")) {
                        let entry = nested.entry(inner).or_default();
                        *entry = (entry.0 + n, entry.1 + 1);
                    }
                }
            }
        }
        let mut ranked: Vec<(f64, &String)> = counts
            .iter()
            .map(|(phrase, n)| {
                let (around, n_longer) = nested.get(phrase.as_str()).copied().unwrap_or((0, 1));
                let words = phrase.split(' ').count() as f64;
                (words.log2() * (*n as f64 - around as f64 / n_longer as f64), phrase)
            })
            .filter(|(value, _)| *value >= f64::from(MIN_ALONE))
            .collect();
        ranked.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
        let most = (n_fragments as f64 * PHRASES_PER_FRAGMENT) as usize;
        ranked.truncate(most.clamp(BOUNDS.0, BOUNDS.1));
        ranked.into_iter().map(|(_, phrase)| phrase.clone()).collect()
    }
}

/// Words that may be a phrase, and whether what is around them says so.
struct Run<'t> {
    words: Vec<&'t str>,
    stands_alone: bool,
}

fn runs<'t>(text: &'t str) -> Vec<Run<'t>> {
    let mut found = Vec::new();
    let mut words: Vec<&'t str> = Vec::new();
    let mut left_fits = false;
    let mut close = |words: &mut Vec<&'t str>, left: bool, right: bool| {
        if words.len() >= MIN_WORDS {
            found.push(Run { words: std::mem::take(words), stands_alone: left && right });
        }
        words.clear();
    };
    let mut in_code = false;
    for line in text.split('\n') {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        }
        if in_code || line.trim().is_empty() || line.starts_with(['#', '|']) {
            close(&mut words, left_fits, true);
            left_fits = false;
            continue;
        }
        for token in line.split_whitespace() {
            let head = token.trim_start_matches(|c: char| !c.is_alphanumeric());
            let word = head.trim_end_matches(|c: char| !c.is_alphanumeric());
            if head.len() < token.len() {
                close(&mut words, left_fits, true);
                left_fits = false;
            }
            let is_phrase_word = is_content(word);
            if is_phrase_word {
                words.push(word);
            } else {
                close(&mut words, left_fits, RIGHT.contains(&word));
                left_fits = LEFT.contains(&word.to_lowercase().as_str());
            }
            if word.len() < head.len() {
                close(&mut words, left_fits, is_phrase_word);
                left_fits = false;
            }
        }
    }
    close(&mut words, left_fits, true);
    found
}

fn is_content(word: &str) -> bool {
    word.chars().count() > 2
        && word.chars().all(|c| c.is_lowercase() || c == '-')
        && !word.ends_with("ly")
        && ![LEFT, RIGHT, NEVER].iter().any(|list| list.contains(&word))
}

/// The words in the singular.
fn key(words: &[&str]) -> String {
    let joined = words.join(" ");
    match joined.strip_suffix('s') {
        Some(singular) if !singular.ends_with(['s', 'u', 'i']) => singular.to_owned(),
        _ => joined,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{DocumentId, FragmentId, FragmentKind, Span, VersionId};

    fn found(texts: &[&str]) -> Vec<String> {
        let fragment = |(n, text): (usize, &&str)| {
            let version = VersionId::from_iri(format!("urn:veritrail:version:{n}"));
            Fragment {
                id: FragmentId::new(&version, 0),
                document: DocumentId::from_source("a"),
                version,
                ordinal: 0,
                heading_path: Vec::new(),
                span: Span::new(0, 0),
                page: None,
                text: (*text).to_owned(),
                kind: FragmentKind::Chunk,
            }
        };
        let fragments: Vec<Fragment> = texts.iter().enumerate().map(fragment).collect();
        let mut lone = LonePhrases::default();
        fragments.iter().for_each(|fragment| lone.read(fragment));
        let mut counts = lone.into_counts();
        fragments.iter().for_each(|fragment| counts.read(fragment));
        let mut found = counts.into_phrases();
        found.sort();
        found
    }

    #[test]
    fn terms_that_stand_alone_in_several_fragments_are_found() {
        let texts = [
            "Change the shaft seal. Two shaft seals are in the bag. The pressure relief valve, too.",
            "A shaft seal is round. The pressure relief valve is not. See the shaft seal kit.",
            "Look at the pressure relief valve and\nthe shaft seal, or a pressure relief valve.",
        ];
        assert_eq!(found(&texts), ["pressure relief valve", "shaft seal"]);
    }

    #[test]
    fn what_one_fragment_repeats_or_what_only_collides_is_no_term() {
        check_none(&["The shaft seal of a shaft seal in the shaft seal by the shaft seal.", "No."]);
        check_none(&["The pump shows the end. The pump shows the light."; 4]);
        check_none(&["```\nthe shaft seal of\n```\n# the shaft seal\n"; 4]);
    }

    fn check_none(texts: &[&str]) {
        assert_eq!(found(texts), Vec::<String>::new());
    }
}
