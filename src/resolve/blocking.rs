//! Which pairs are worth a look?

use super::profile::{codes, words};
use super::record::{Record, compact_code};
use std::collections::{BTreeMap, BTreeSet};

/// Characters of the grams under which misspelt labels meet.
const GRAM_CHARS: usize = 4;
/// Labels with more words than this are not cut into grams.
const MAX_GRAM_WORDS: usize = 6;

/// How pairs are found.
#[derive(Clone, Copy, Debug)]
pub struct BlockingOptions {
    /// A key that more records share than this says nothing and makes no pairs.
    pub max_block: usize,
    /// Records before and after a record in the order of their sorted words that are
    /// paired with it.
    pub window: usize,
}

impl Default for BlockingOptions {
    fn default() -> Self {
        Self { max_block: 20, window: 2 }
    }
}

/// Pairs of positions in `records`, the lower one first, that share an identifier, a
/// code, a rare word or a rare gram of a label, a label's initials, or stand near
/// each other when labels are sorted (Hernández and Stolfo 1995, on sorted words).
/// The number of pairs is at most `max_block` for each key and `window` for each label.
pub fn candidates(records: &[Record], options: BlockingOptions) -> BTreeSet<(usize, usize)> {
    let mut blocks: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
    let mut sorted: BTreeSet<(String, &str, usize)> = BTreeSet::new();
    for (n, record) in records.iter().enumerate() {
        for key in keys(record) {
            blocks.entry(key).or_default().insert(n);
        }
        for label in &record.labels {
            let mut words = words(label);
            words.sort_unstable();
            sorted.insert((words.join(" "), record.id.as_str(), n));
        }
    }
    let mut pairs = BTreeSet::new();
    for block in blocks.values().filter(|block| block.len() <= options.max_block) {
        for (i, a) in block.iter().enumerate() {
            pairs.extend(block.iter().skip(i + 1).map(|b| (*a, *b)));
        }
    }
    let order: Vec<usize> = sorted.into_iter().map(|(_, _, n)| n).collect();
    for (place, a) in order.iter().enumerate() {
        for b in order.iter().skip(place + 1).take(options.window).filter(|b| *b != a) {
            pairs.insert((*a.min(b), *a.max(b)));
        }
    }
    pairs
}

/// Keys under which a record may meet others.
fn keys(record: &Record) -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    for identifier in record.identifiers.values().flatten() {
        keys.insert(format!("id:{}", compact_code(identifier)));
    }
    keys.extend(codes(&record.text()).into_iter().map(|code| format!("id:{code}")));
    for label in &record.labels {
        let words = words(label);
        let whole: String = words.concat();
        keys.insert(format!("label:{whole}"));
        keys.extend(words.iter().map(|word| format!("word:{word}")));
        if words.len() > 1 {
            let initials: String = words.iter().filter_map(|word| word.chars().next()).collect();
            keys.insert(format!("label:{initials}"));
        }
        if words.len() <= MAX_GRAM_WORDS {
            let chars: Vec<char> = whole.chars().collect();
            let grams = chars.windows(GRAM_CHARS).map(|gram| gram.iter().collect::<String>());
            keys.extend(grams.map(|gram| format!("gram:{gram}")));
        }
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(id: &str, label: &str) -> Record {
        Record { id: id.to_owned(), labels: vec![label.to_owned()], ..Record::default() }
    }

    fn meets(a: Record, b: Record) -> bool {
        let options = BlockingOptions { window: 0, ..BlockingOptions::default() };
        candidates(&[a, b], options).contains(&(0, 1))
    }

    #[test]
    fn words_misspellings_initials_and_codes_meet() {
        assert!(meets(record("a", "Rotary pump"), record("b", "pump, red")));
        assert!(meets(record("a", "Accumulator"), record("b", "Acumulator")));
        assert!(meets(record("a", "Uninterruptible power supply"), record("b", "UPS")));
        let mut given = record("b", "Dichtung");
        given.identifiers.entry("sku".into()).or_default().insert("sp3117".into());
        assert!(meets(record("a", "Seal SP-3117"), given));
        assert!(!meets(record("a", "Rotary pump"), record("b", "Leaf sensor")));
    }

    #[test]
    fn what_many_share_makes_no_pairs() {
        let records: Vec<Record> =
            (0..50).map(|n| record(&n.to_string(), &format!("pump {n}{n}{n}{n}x"))).collect();
        let options = BlockingOptions { max_block: 10, window: 1 };
        assert!(candidates(&records, options).len() < 200);
    }
}
