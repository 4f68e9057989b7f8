//! Pairs of records, compared by words and by vectors.

use super::error::EngineError;
use crate::embed::{Embedder, TextRole};
use crate::index::dot;
use crate::resolve::{Corpus, Cosines, PairFeatures, Profile, Record};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// Compares pairs of positions in `records`. Words weigh by how rare they are among
/// the records; each distinct text is embedded once, when there is a model.
pub(super) fn compare(
    records: &[Record],
    pairs: &[(usize, usize)],
    model: Option<&dyn Embedder>,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Vec<PairFeatures>, EngineError> {
    let corpus = Corpus::of(records);
    let used: BTreeSet<usize> = pairs.iter().flat_map(|(a, b)| [*a, *b]).collect();
    let profiles: BTreeMap<usize, Profile> = used
        .par_iter()
        .filter_map(|n| Some((*n, Profile::new(records.get(*n)?, &corpus))))
        .collect();
    let label = |n: &usize| records.get(*n).and_then(|r| r.labels.first()).cloned();
    let whole = |n: &usize| records.get(*n).map(Record::text);
    let texts: BTreeSet<String> =
        used.iter().flat_map(|n| [label(n), whole(n)]).flatten().collect();
    let vectors = match model {
        None => BTreeMap::new(),
        Some(model) => {
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            let n_total = texts.len();
            let embedded = model.embed(&texts, TextRole::Passage, &mut |n| progress(n, n_total))?;
            texts.into_iter().map(str::to_owned).zip(embedded.vectors).collect()
        }
    };
    let cosine = |a: Option<String>, b: Option<String>| -> f64 {
        let pair = vectors.get(&a.unwrap_or_default()).zip(vectors.get(&b.unwrap_or_default()));
        pair.map_or(0.0, |(a, b)| f64::from(dot(a, b)))
    };
    Ok(pairs
        .par_iter()
        .map(|(a, b)| {
            let cosines =
                Cosines { labels: cosine(label(a), label(b)), whole: cosine(whole(a), whole(b)) };
            match profiles.get(a).zip(profiles.get(b)) {
                Some((a, b)) => PairFeatures::of(a, b, cosines),
                None => PairFeatures::default(),
            }
        })
        .collect())
}
