//! Records taken apart once, so that pairs are compared fast.

use super::record::{Record, compact_code};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use unicode_normalization::UnicodeNormalization;

/// Codes shorter than this many characters are words or plain numbers.
const MIN_CODE_CHARS: usize = 4;
/// Digits alone are a code from this many on; fewer are a measure.
const MIN_CODE_DIGITS: usize = 5;

/// In how many records of a corpus each word stands.
#[derive(Clone, Debug, Default)]
pub struct Corpus {
    n_records: usize,
    frequency: HashMap<Arc<str>, usize>,
}

impl Corpus {
    /// Counts the words of records.
    pub fn of<'a>(records: impl IntoIterator<Item = &'a Record>) -> Self {
        let mut corpus = Self::default();
        for record in records {
            corpus.n_records += 1;
            let text = record.text();
            let mut seen: BTreeSet<String> = words(&text).into_iter().collect();
            seen.extend(codes(&text));
            for word in seen {
                match corpus.frequency.get_mut(word.as_str()) {
                    Some(n) => *n += 1,
                    None => {
                        corpus.frequency.insert(word.into(), 1);
                    }
                }
            }
        }
        corpus
    }

    /// How rare a word is, in `0..=1`: `ln((1 + n) / (1 + f)) / ln(1 + n)`, where `f`
    /// of `n` records hold it. A word of every record says nothing.
    pub fn rarity(&self, word: &str) -> f64 {
        let n = (1 + self.n_records.max(1)) as f64;
        let f = (1 + self.frequency.get(word).copied().unwrap_or(0)) as f64;
        ((n / f).ln() / n.ln()).clamp(0.0, 1.0)
    }

    /// The word itself, in memory once for all that hold it.
    fn shared(&self, word: &str) -> Arc<str> {
        let known = self.frequency.get_key_value(word);
        known.map_or_else(|| word.into(), |(word, _)| word.clone())
    }
}

/// A word of a text.
#[derive(Clone, Debug)]
pub(super) struct Word {
    pub(super) text: Arc<str>,
    /// The weights of the words of a text are a vector of length 1.
    pub(super) weight: f64,
    pub(super) rarity: f64,
}

/// A text as weighted words.
#[derive(Clone, Debug, Default)]
pub(super) struct TextProfile {
    /// Lower case, one space between words.
    pub(super) text: String,
    /// Distinct words, ordered.
    pub(super) words: Vec<Word>,
    /// Whether the text is a number, and which.
    pub(super) number: Option<f64>,
}

impl TextProfile {
    fn new(text: &str, corpus: &Corpus) -> Self {
        let all = words(text);
        let mut counts: BTreeMap<&str, f64> = BTreeMap::new();
        for word in &all {
            *counts.entry(word).or_default() += 1.0;
        }
        let mut words: Vec<Word> = counts
            .iter()
            .map(|(word, n)| {
                let rarity = corpus.rarity(word);
                Word { text: corpus.shared(word), weight: (1.0 + n.ln()) * rarity, rarity }
            })
            .collect();
        let length = words.iter().map(|word| word.weight * word.weight).sum::<f64>().sqrt();
        if length > 0.0 {
            words.iter_mut().for_each(|word| word.weight /= length);
        }
        Self { number: number(text), text: all.join(" "), words }
    }

    /// A word of the text.
    pub(super) fn word(&self, text: &str) -> Option<&Word> {
        let place = self.words.binary_search_by(|word| word.text.as_ref().cmp(text)).ok()?;
        self.words.get(place)
    }
}

/// A record taken apart.
#[derive(Clone, Debug, Default)]
pub struct Profile {
    pub(super) labels: Vec<TextProfile>,
    pub(super) attributes: BTreeMap<String, Vec<TextProfile>>,
    pub(super) whole: TextProfile,
    /// Codes in the labels, compact, with their rarity.
    pub(super) label_codes: BTreeMap<String, f64>,
    /// Codes anywhere, compact, with their rarity.
    pub(super) codes: BTreeMap<String, f64>,
    /// Plain numbers in the labels.
    pub(super) label_numbers: BTreeSet<String>,
    /// Compact identifiers by what they are called.
    pub(super) identifiers: BTreeMap<String, BTreeSet<String>>,
    pub(super) classes: BTreeSet<String>,
    pub(super) neighbours: BTreeSet<String>,
}

impl Profile {
    /// Takes a record apart; words weigh by how rare they are in the corpus.
    pub fn new(record: &Record, corpus: &Corpus) -> Self {
        let weighted = |text: &str| -> BTreeMap<String, f64> {
            codes(text).into_iter().map(|code| (code.clone(), corpus.rarity(&code))).collect()
        };
        let compact = |values: &BTreeSet<String>| values.iter().map(|v| compact_code(v)).collect();
        Self {
            labels: record.labels.iter().map(|label| TextProfile::new(label, corpus)).collect(),
            attributes: record
                .attributes
                .iter()
                .map(|(name, values)| {
                    let values = values.iter().map(|value| TextProfile::new(value, corpus));
                    (name.clone(), values.collect())
                })
                .collect(),
            whole: TextProfile::new(&record.text(), corpus),
            label_codes: record.labels.iter().flat_map(|label| weighted(label)).collect(),
            codes: weighted(&record.text()),
            label_numbers: record.labels.iter().flat_map(|label| numbers(label)).collect(),
            identifiers: record
                .identifiers
                .iter()
                .map(|(name, values)| (name.clone(), compact(values)))
                .collect(),
            classes: record.classes.clone(),
            neighbours: record.neighbours.clone(),
        }
    }
}

/// Words of a text: letters and digits, NFKC, lower case.
pub(super) fn words(text: &str) -> Vec<String> {
    let folded: String = text.nfkc().flat_map(char::to_lowercase).collect();
    folded
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Codes of a text in compact form: what stands between spaces and mixes letters with
/// digits, or is a long number.
pub(super) fn codes(text: &str) -> BTreeSet<String> {
    let is_code = |code: &String| {
        let n_digits = code.chars().filter(char::is_ascii_digit).count();
        let n = code.chars().count();
        let mixed = n_digits > 0 && n_digits < n && n >= MIN_CODE_CHARS;
        mixed || (n_digits == n && n >= MIN_CODE_DIGITS)
    };
    text.split(|c: char| c.is_whitespace() || matches!(c, ',' | ';' | '(' | ')' | ':' | '\''))
        .map(compact_code)
        .filter(is_code)
        .collect()
}

/// Plain numbers of a text.
fn numbers(text: &str) -> BTreeSet<String> {
    let plain =
        |word: &&str| word.chars().any(|c| c.is_ascii_digit()) && word.parse::<f64>().is_ok();
    text.split(|c: char| !(c.is_alphanumeric() || c == '.'))
        .map(|word| word.trim_matches('.'))
        .filter(plain)
        .map(str::to_owned)
        .collect()
}

/// The number that a text is, with or without a sign of currency before it.
fn number(text: &str) -> Option<f64> {
    let bare = text.trim().trim_start_matches(['$', '€', '£']).trim().replace(',', "");
    bare.parse::<f64>().ok().filter(|number| number.is_finite())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_numbers_are_told_apart() {
        let found = |text| codes(text).into_iter().collect::<Vec<_>>();
        assert_eq!(found("pump f8n044-slv, 12 litres, 98765"), ["98765", "F8N044SLV"]);
        assert_eq!(numbers("5.5 kW and 12").into_iter().collect::<Vec<_>>(), ["12", "5.5"]);
        assert_eq!(number("$1,299.95"), Some(1299.95));
        assert_eq!(number("12 bar"), None);
    }

    #[test]
    fn a_word_of_every_record_says_nothing() {
        let record = |label: &str| Record { labels: vec![label.to_owned()], ..Record::default() };
        let records = [record("pump alpha"), record("pump beta"), record("pump gamma")];
        let corpus = Corpus::of(&records);
        assert_eq!(corpus.rarity("pump"), 0.0);
        assert!(corpus.rarity("alpha") > 0.4);
        assert_eq!(corpus.rarity("unseen"), 1.0);
    }
}
