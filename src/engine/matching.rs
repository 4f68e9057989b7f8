//! Pairs of records, compared by words and by vectors.

use super::error::EngineError;
use crate::embed::{Embedder, TextRole};
use crate::index::dot;
use crate::resolve::{Blocks, Corpus, Cosines, PairFeatures, Profile, Record};
use rayon::prelude::*;
use std::collections::{BTreeSet, HashMap};

/// A pair of positions in a list of records.
pub(super) type Pair = (usize, usize);

/// Records taken apart once, for all that is asked of pairs of them. Words weigh by how
/// rare they are among the records.
pub(super) struct Comparison<'a> {
    records: &'a [Record],
    profiles: Vec<Profile>,
    model: &'a dyn Embedder,
}

impl<'a> Comparison<'a> {
    pub(super) fn of(records: &'a [Record], model: &'a dyn Embedder) -> Self {
        let corpus = Corpus::of(records);
        let profiles = records.par_iter().map(|record| Profile::new(record, &corpus)).collect();
        Self { records, profiles, model }
    }

    /// The pairs that look alike by words alone, of those that meet in `blocks`. Of the
    /// others, which are most, nothing is kept.
    pub(super) fn alike_by_words(
        &self,
        blocks: &Blocks,
        is_alike: &(dyn Fn(&PairFeatures) -> bool + Sync),
    ) -> Vec<Pair> {
        let alike = |n: usize| {
            let partners = blocks.later_partners(n).into_iter().map(move |partner| (n, partner));
            let is_alike = |pair: &Pair| is_alike(&self.features(*pair, Cosines::default()));
            partners.filter(is_alike).collect::<Vec<_>>()
        };
        (0..self.records.len()).into_par_iter().flat_map_iter(alike).collect()
    }

    /// What the preferred labels of the pairs mean.
    pub(super) fn meaning_of_labels(&self, pairs: &[Pair]) -> Result<Meaning, EngineError> {
        let label = |record: &Record| record.labels.first().cloned();
        Meaning::of(self, pairs, &|_| None, &label, &mut |_, _| {})
    }

    /// What all that is known of the pairs means, by the vectors that are `known` and
    /// those of the texts of the others.
    pub(super) fn meaning_of_all(
        &self,
        pairs: &[Pair],
        known: &dyn Fn(&Record) -> Option<Vec<f32>>,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<Meaning, EngineError> {
        Meaning::of(self, pairs, known, &|record| Some(record.text()), progress)
    }

    /// The features of each pair, by words and by what is known of their meaning.
    pub(super) fn compare(
        &self,
        pairs: &[Pair],
        labels: &Meaning,
        whole: Option<&Meaning>,
    ) -> Vec<PairFeatures> {
        let features = |pair: &Pair| {
            let whole = whole.map_or(0.0, |whole| whole.cosine(*pair));
            self.features(*pair, Cosines { labels: labels.cosine(*pair), whole })
        };
        pairs.par_iter().map(features).collect()
    }

    fn features(&self, (a, b): Pair, cosines: Cosines) -> PairFeatures {
        match self.profiles.get(a).zip(self.profiles.get(b)) {
            Some((a, b)) => PairFeatures::of(a, b, cosines),
            None => PairFeatures::default(),
        }
    }
}

/// One vector of each record.
pub(super) struct Meaning {
    /// Numbers of vectors by position of the record.
    numbers: HashMap<usize, usize>,
    vectors: Vec<Vec<f32>>,
}

impl Meaning {
    /// Each distinct text of a record without a known vector is embedded once.
    fn of(
        comparison: &Comparison<'_>,
        pairs: &[Pair],
        known: &dyn Fn(&Record) -> Option<Vec<f32>>,
        text: &dyn Fn(&Record) -> Option<String>,
        progress: &mut dyn FnMut(usize, usize),
    ) -> Result<Self, EngineError> {
        let (mut numbers, mut vectors, mut texts) = (HashMap::new(), Vec::new(), Vec::new());
        let places: BTreeSet<usize> = pairs.iter().flat_map(|(a, b)| [*a, *b]).collect();
        for place in places {
            let Some(record) = comparison.records.get(place) else { continue };
            if let Some(vector) = known(record) {
                numbers.insert(place, vectors.len());
                vectors.push(vector);
            } else if let Some(text) = text(record) {
                texts.push((place, text));
            }
        }
        let distinct: BTreeSet<&str> = texts.iter().map(|(_, text)| text.as_str()).collect();
        let number: HashMap<&str, usize> =
            distinct.iter().zip(vectors.len()..).map(|(text, number)| (*text, number)).collect();
        let embedded = texts.iter().filter_map(|(n, text)| Some((*n, *number.get(text.as_str())?)));
        numbers.extend(embedded);
        let distinct: Vec<&str> = distinct.into_iter().collect();
        let n_total = distinct.len();
        let mut progress = |n| progress(n, n_total);
        vectors
            .extend(comparison.model.embed(&distinct, TextRole::Passage, &mut progress)?.vectors);
        Ok(Self { numbers, vectors })
    }

    /// 0 where a record has no such text.
    fn cosine(&self, (a, b): Pair) -> f64 {
        let vector = |n| self.vectors.get(*self.numbers.get(&n)?);
        vector(a).zip(vector(b)).map_or(0.0, |(a, b)| f64::from(dot(a, b)))
    }
}
