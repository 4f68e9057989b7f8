//! Which pairs are worth a look?

use super::profile::{codes, words};
use super::record::{Record, compact_code};
use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Range;

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

/// Which records meet which. Of a key a hash is kept, and only while blocks are made:
/// some hundred bytes for each record are left.
#[derive(Clone, Debug, Default)]
pub struct Blocks {
    /// Positions of the records of all blocks, block after block.
    members: Vec<u32>,
    /// Position of a record, and where the rest of one of its blocks stands, ordered.
    rests: Vec<(u32, Range<u32>)>,
    /// Records that stand near each other when labels are sorted, ordered.
    near: Vec<(u32, u32)>,
}

impl Blocks {
    /// Lets records meet that share an identifier, a code, a rare word or a rare gram of
    /// a label, a label's initials, or stand near each other when labels are sorted
    /// (Hernández and Stolfo 1995, on sorted words).
    /// The number of pairs is at most `max_block` for each key and `window` for each
    /// label.
    pub fn of(records: &[Record], options: BlockingOptions) -> Self {
        let mut blocks = Self { near: near(records, options.window), ..Self::default() };
        let mut keyed: Vec<(u64, u32)> = Vec::new();
        for (n, record) in (0u32..).zip(records) {
            keyed.extend(keys(record).iter().map(|key| (hash_of(key), n)));
        }
        keyed.sort_unstable();
        keyed.dedup();
        for block in keyed.chunk_by(|a, b| a.0 == b.0) {
            if block.len() < 2 || block.len() > options.max_block {
                continue;
            }
            let begin = blocks.members.len() as u32;
            let end = begin + block.len() as u32;
            for (place, (_, record)) in (begin + 1..).zip(block) {
                blocks.members.push(*record);
                if place < end {
                    blocks.rests.push((*record, place..end));
                }
            }
        }
        blocks.rests.sort_unstable_by_key(|(record, rest)| (*record, rest.start));
        blocks
    }

    /// The records behind this one that it meets, ordered.
    pub fn later_partners(&self, record: usize) -> BTreeSet<usize> {
        let mut partners = BTreeSet::new();
        let Ok(record) = u32::try_from(record) else { return partners };
        let first = self.rests.partition_point(|(of, _)| *of < record);
        for (_, rest) in self.rests.iter().skip(first).take_while(|(of, _)| *of == record) {
            let members = self.members.get(rest.start as usize..rest.end as usize);
            partners.extend(members.into_iter().flatten().map(|partner| *partner as usize));
        }
        let first = self.near.partition_point(|(of, _)| *of < record);
        let near = self.near.iter().skip(first).take_while(|(of, _)| *of == record);
        partners.extend(near.map(|(_, partner)| *partner as usize));
        partners
    }
}

/// Pairs of records, the lower position first, that stand within a window when labels
/// are sorted by their sorted words.
fn near(records: &[Record], window: usize) -> Vec<(u32, u32)> {
    let mut sorted: Vec<(String, &str, u32)> = Vec::new();
    for (n, record) in (0u32..).zip(records) {
        for label in &record.labels {
            let mut words = words(label);
            words.sort_unstable();
            sorted.push((words.join(" "), record.id.as_str(), n));
        }
    }
    sorted.sort_unstable();
    sorted.dedup();
    let mut pairs = Vec::new();
    for (place, (_, _, a)) in sorted.iter().enumerate() {
        let behind = sorted.iter().skip(place + 1).take(window);
        pairs.extend(behind.filter(|(_, _, b)| b != a).map(|(_, _, b)| (*a.min(b), *a.max(b))));
    }
    pairs.sort_unstable();
    pairs.dedup();
    pairs
}

fn hash_of(key: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    hasher.finish()
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
        Blocks::of(&[a, b], options).later_partners(0).contains(&1)
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
        let blocks = Blocks::of(&records, options);
        assert!((0..50).map(|n| blocks.later_partners(n).len()).sum::<usize>() < 200);
    }
}
