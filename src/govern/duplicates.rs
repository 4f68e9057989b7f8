//! Texts that are nearly the same, found without comparing each with each.
//!
//! A text is the set of its runs of three words. Sketches of two texts agree at a place as
//! often as their sets overlap (MinHash, Broder 1997); texts that agree in all places of a
//! band are compared, so that of texts with a likeness of 0.8 fewer than one in a thousand
//! is missed.

use crate::model::{Chance, Digest};
use std::collections::{BTreeSet, HashMap};

const N_BANDS: usize = 16;
const N_ROWS: usize = 4;
/// Words of a run.
const RUN: usize = 3;

/// What is kept of a text to find others like it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sketch(Vec<u64>);

impl Sketch {
    /// Of a text; none when it has fewer words than a run.
    pub fn of(text: &str) -> Option<Self> {
        let runs = runs(text);
        if runs.is_empty() {
            return None;
        }
        let mut chance = Chance::new(RUN as u64);
        let least = |_| {
            // Multiplying by an odd number and mixing orders the runs anew each time.
            let (factor, added) = (chance.next_u64() | 1, chance.next_u64());
            let order = |run: &u64| {
                let mixed = run.wrapping_mul(factor).wrapping_add(added);
                (mixed ^ (mixed >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
            };
            runs.iter().map(order).min().unwrap_or_default()
        };
        Some(Self((0..N_BANDS * N_ROWS).map(least).collect()))
    }
}

/// Numbers of the runs of words of a text, in lower case and without punctuation.
fn runs(text: &str) -> BTreeSet<u64> {
    let words: Vec<String> = text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    let number = |run: &[String]| {
        let digest = Digest::of_parts(run.iter().map(|word| word.as_bytes()));
        digest.as_bytes().iter().take(8).fold(0u64, |sum, byte| sum << 8 | u64::from(*byte))
    };
    words.windows(RUN).map(number).collect()
}

/// Share of the runs of two texts that both have (Jaccard).
pub fn likeness(a: &str, b: &str) -> f64 {
    let (a, b) = (runs(a), runs(b));
    let common = a.intersection(&b).count();
    common as f64 / (a.len() + b.len() - common).max(1) as f64
}

/// Pairs of places whose texts may be nearly the same, the earlier place first. Of many
/// that are alike, each stands with the first of them.
pub fn candidates(sketches: &[Option<Sketch>]) -> BTreeSet<(usize, usize)> {
    let mut pairs = BTreeSet::new();
    for band in 0..N_BANDS {
        let mut first: HashMap<&[u64], usize> = HashMap::new();
        for (at, sketch) in sketches.iter().enumerate() {
            let rows = sketch
                .as_ref()
                .and_then(|Sketch(sketch)| sketch.get(band * N_ROWS..(band + 1) * N_ROWS));
            let Some(rows) = rows else { continue };
            let known = *first.entry(rows).or_insert(at);
            if known != at {
                pairs.insert((known, at));
            }
        }
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(seed: u64, n: usize) -> Vec<String> {
        let mut chance = Chance::new(seed);
        (0..n).map(|_| format!("word{}", chance.below(5_000))).collect()
    }

    #[test]
    fn a_copy_with_a_changed_word_is_found_among_others() {
        let mut texts: Vec<String> = (0..40).map(|n| text(n, 80).join(" ")).collect();
        let mut copy = text(7, 80);
        copy[40] = "changed".to_owned();
        texts.push(copy.join(" ").to_uppercase());
        texts.push(texts[11].clone());
        texts.push("two words".to_owned());
        let sketches: Vec<Option<Sketch>> = texts.iter().map(|text| Sketch::of(text)).collect();
        let found: Vec<(usize, usize)> = candidates(&sketches).into_iter().collect();
        assert_eq!(found, [(7, 40), (11, 41)]);
        let alike = likeness(&texts[7], &texts[40]);
        // 78 runs each, of which three have the changed word.
        assert!((alike - 75.0 / 81.0).abs() < 1e-9, "{alike}");
        assert_eq!(likeness(&texts[11], &texts[41]), 1.0);
    }
}
