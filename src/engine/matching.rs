//! Pairs of records, compared by words and by vectors.

use super::error::EngineError;
use crate::embed::{Embedder, TextRole};
use crate::index::dot;
use crate::resolve::{Blocks, Corpus, Cosines, PairFeatures, Profile, Record};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Compares pairs of positions in `records`. Words weigh by how rare they are among
/// the records; each distinct text is embedded once.
pub(super) fn compare(
    records: &[Record],
    pairs: &[(usize, usize)],
    model: &dyn Embedder,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Vec<PairFeatures>, EngineError> {
    let labels = |record: &Record| record.labels.first().cloned();
    let label = Meaning::of(records, pairs, &labels, model, &mut |_, _| {})?;
    let whole = Meaning::of(records, pairs, &|record| Some(record.text()), model, progress)?;
    let cosines = |pair| Cosines { labels: label.cosine(pair), whole: whole.cosine(pair) };
    Ok(compared(records, pairs, &cosines))
}

/// As [`compare`], with the meaning of labels alone, which are short.
pub(super) fn compare_labels(
    records: &[Record],
    pairs: &[(usize, usize)],
    model: &dyn Embedder,
) -> Result<Vec<PairFeatures>, EngineError> {
    let labels = |record: &Record| record.labels.first().cloned();
    let label = Meaning::of(records, pairs, &labels, model, &mut |_, _| {})?;
    let cosines = |pair| Cosines { labels: label.cosine(pair), ..Cosines::default() };
    Ok(compared(records, pairs, &cosines))
}

fn compared(
    records: &[Record],
    pairs: &[(usize, usize)],
    cosines: &(dyn Fn((usize, usize)) -> Cosines + Sync),
) -> Vec<PairFeatures> {
    let profiles = profiles(records, places(pairs));
    pairs.par_iter().map(|pair| features(&profiles, *pair, cosines(*pair))).collect()
}

fn places(pairs: &[(usize, usize)]) -> BTreeSet<usize> {
    pairs.iter().flat_map(|(a, b)| [*a, *b]).collect()
}

/// Vectors of one text of each record.
struct Meaning {
    texts: HashMap<usize, usize>,
    vectors: Vec<Vec<f32>>,
}

impl Meaning {
    fn of(
        records: &[Record],
        pairs: &[(usize, usize)],
        text: &dyn Fn(&Record) -> Option<String>,
        model: &dyn Embedder,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<Self, EngineError> {
        let places = places(pairs);
        let of_each = places.iter().filter_map(|n| Some((*n, text(records.get(*n)?)?)));
        let of_each: Vec<(usize, String)> = of_each.collect();
        let distinct: BTreeSet<&str> = of_each.iter().map(|(_, text)| text.as_str()).collect();
        let number: HashMap<&str, usize> =
            distinct.iter().enumerate().map(|(number, text)| (*text, number)).collect();
        let texts = of_each.iter().filter_map(|(n, text)| Some((*n, *number.get(text.as_str())?)));
        let texts = texts.collect();
        let distinct: Vec<&str> = distinct.into_iter().collect();
        let n_total = distinct.len();
        let embedded = model.embed(&distinct, TextRole::Passage, &mut |n| progress(n, n_total))?;
        Ok(Self { texts, vectors: embedded.vectors })
    }

    /// 0 where a record has no such text.
    fn cosine(&self, (a, b): (usize, usize)) -> f64 {
        let vector = |n| self.vectors.get(*self.texts.get(&n)?);
        vector(a).zip(vector(b)).map_or(0.0, |(a, b)| f64::from(dot(a, b)))
    }
}

/// The pairs that look alike by words alone, of those that meet in `blocks`. Of the
/// others, which are most, nothing is kept.
pub(super) fn alike_by_words(
    records: &[Record],
    blocks: &Blocks,
    is_alike: &(dyn Fn(&PairFeatures) -> bool + Sync),
) -> Vec<(usize, usize)> {
    let profiles = profiles(records, (0..records.len()).collect());
    let alike = |n: usize| {
        let partners = blocks.later_partners(n).into_iter().map(move |partner| (n, partner));
        let is_alike =
            |pair: &(usize, usize)| is_alike(&features(&profiles, *pair, Cosines::default()));
        partners.filter(is_alike).collect::<Vec<_>>()
    };
    (0..records.len()).into_par_iter().flat_map_iter(alike).collect()
}

/// The records at these places, taken apart; words weigh by how rare they are in all.
fn profiles(records: &[Record], used: BTreeSet<usize>) -> BTreeMap<usize, Profile> {
    let corpus = Corpus::of(records);
    used.par_iter().filter_map(|n| Some((*n, Profile::new(records.get(*n)?, &corpus)))).collect()
}

fn features(
    profiles: &BTreeMap<usize, Profile>,
    (a, b): (usize, usize),
    cosines: Cosines,
) -> PairFeatures {
    match profiles.get(&a).zip(profiles.get(&b)) {
        Some((a, b)) => PairFeatures::of(a, b, cosines),
        None => PairFeatures::default(),
    }
}
