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
    let profiles = profiles(records, pairs.iter().flat_map(|(a, b)| [*a, *b]).collect());
    let label = |n: &usize| records.get(*n).and_then(|r| r.labels.first()).cloned();
    let whole = |n: &usize| records.get(*n).map(Record::text);
    let texts: BTreeSet<String> =
        profiles.keys().flat_map(|n| [label(n), whole(n)]).flatten().collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let n_total = texts.len();
    let embedded = model.embed(&texts, TextRole::Passage, &mut |n| progress(n, n_total))?;
    let vectors: HashMap<&str, Vec<f32>> = texts.into_iter().zip(embedded.vectors).collect();
    let cosine = |a: Option<String>, b: Option<String>| -> f64 {
        let vector = |text: Option<String>| vectors.get(text.unwrap_or_default().as_str());
        let pair = vector(a).zip(vector(b));
        pair.map_or(0.0, |(a, b)| f64::from(dot(a, b)))
    };
    Ok(pairs
        .par_iter()
        .map(|(a, b)| {
            let cosines =
                Cosines { labels: cosine(label(a), label(b)), whole: cosine(whole(a), whole(b)) };
            features(&profiles, (*a, *b), cosines)
        })
        .collect())
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
