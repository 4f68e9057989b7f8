//! How well cited passages carry a sentence, in numbers.
//!
//! The features are those that tell supported from unsupported sentences on judged
//! pairs: how many of the sentence's words stand together in the passages, in which
//! order, how near the meanings are, and which numbers and names are missing.

use super::facts::{Facts, Offer};
use super::linear::{Features, LinearModel};
use super::passage::Passage;
use super::polarity::contradiction;
use super::words::{content_stems, is_stop_word, stem, words};
use std::collections::BTreeSet;
use std::sync::LazyLock;

/// A statement is often spread over neighbouring sentences; more than three in a row
/// hold the words of anything.
const WINDOW: usize = 3;
/// Order of words is compared with the passages that share most words.
const N_ALIGNED: usize = 4;
/// Words of a passage that are aligned; comparing takes the product of both lengths.
const MAX_ALIGNED_WORDS: usize = 200;

static MODEL: LazyLock<LinearModel> = LazyLock::new(|| {
    LinearModel::from_json(include_str!("support_weights.json")).expect("a test reads the weights")
});

/// Logarithm of 150 content words: in much more text than that, words meet by chance.
const LONG: f64 = 5.0;

/// Beyond twice that length it does not matter any more.
const MUCH_LONGER: f64 = 0.7;

/// A sentence whose words stand in one passage to this share, in this order, is a copy,
/// however long the evidence is.
const COPIED_WORDS: f64 = 0.9;
const COPIED_ORDER: f64 = 0.75;

/// A sentence beside the passages that it cites.
pub(super) struct Cited<'a> {
    /// The sentence.
    pub(super) sentence: &'a str,
    /// All passages of what it cites, in reading order.
    pub(super) passages: Vec<&'a Passage>,
    /// Cosine of the sentence and each passage.
    pub(super) cosines: Vec<f32>,
}

impl Cited<'_> {
    /// Probability that people say the passages support the sentence; 1 for a copy.
    pub(super) fn probability(&self) -> f64 {
        let features = self.features();
        let value = |name: &str| {
            features.iter().find(|(known, _)| *known == name).map_or(0.0, |(_, value)| *value)
        };
        let is_copy =
            value("words_in_one") >= COPIED_WORDS && value("words_in_order") >= COPIED_ORDER;
        if is_copy { 1.0 } else { MODEL.probability(&features) }
    }

    /// The numbers that the model weighs.
    pub(super) fn features(&self) -> Features {
        let facts = Facts::of(self.sentence);
        let claim = content_stems(self.sentence);
        let n = claim.len().max(1) as f64;
        let held: Vec<BTreeSet<&String>> = self
            .passages
            .iter()
            .map(|p| claim.iter().filter(|stem| p.stems.contains(*stem)).collect())
            .collect();
        let best_of = |width: usize| {
            let together = |run: &[BTreeSet<&String>]| {
                run.iter().flatten().collect::<BTreeSet<_>>().len() as f64 / n
            };
            let width = width.clamp(1, held.len().max(1));
            held.windows(width).map(together).fold(0.0, f64::max)
        };
        let (one, three) = (best_of(1), best_of(WINDOW));
        let (order, run) = self.alignment(&held);
        let mut cosines: Vec<f64> = self.cosines.iter().copied().map(f64::from).collect();
        cosines.sort_by(|a, b| b.total_cmp(a));
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len().max(1) as f64;
        let nearest = cosines.first().copied().unwrap_or(0.0);
        let text: String =
            self.passages.iter().map(|p| p.shown.as_str()).collect::<Vec<_>>().join("\n");
        let length = (1.0 + self.passages.iter().map(|p| p.stems.len()).sum::<usize>() as f64).ln();
        let offer = Offer::of(&text);
        let missing = |n_missing: usize, n_all: usize| n_missing as f64 / n_all.max(1) as f64;
        let n_values = facts.measures.len() + facts.identifiers.len();
        let contradicts = self
            .best(&held)
            .is_some_and(|passage| contradiction(self.sentence, &passage.shown).is_some());
        vec![
            ("words_in_one", one),
            ("words_in_three", three),
            ("words_in_three_squared", three * three),
            ("pairs_of_words", self.pairs()),
            ("words_in_order", order),
            ("longest_run", run),
            ("nearest", nearest),
            ("nearest_three", mean(cosines.get(..3.min(cosines.len())).unwrap_or_default())),
            ("nearness_of_all", mean(&cosines)),
            ("nearest_with_words", nearest * three),
            ("values_missing", missing(facts.values_missing_in(&offer), n_values)),
            ("has_values", f64::from(u8::from(n_values > 0))),
            (
                "names_missing",
                missing(facts.names_missing_in(&offer, &offer).len(), facts.names.len()),
            ),
            ("contradicts", f64::from(u8::from(contradicts))),
            ("length_of_sentence", (1.0 + claim.len() as f64).ln()),
            ("length_of_passages", length),
            ("length_beyond_150", (length - LONG).clamp(0.0, MUCH_LONGER)),
            ("length_with_words", length * three),
        ]
    }

    fn best(&self, held: &[BTreeSet<&String>]) -> Option<&Passage> {
        let best =
            held.iter().enumerate().max_by_key(|(i, stems)| (stems.len(), usize::MAX - i))?;
        self.passages.get(best.0).copied()
    }

    /// Share of the sentence's neighbouring content words that are neighbours in one of
    /// the passages too.
    fn pairs(&self) -> f64 {
        let pairs = |text: &str| -> BTreeSet<(String, String)> {
            let found = words(text);
            let stems: Vec<String> =
                found.iter().filter(|w| !is_stop_word(w.text)).map(|w| stem(w.text)).collect();
            stems.iter().cloned().zip(stems.iter().skip(1).cloned()).collect()
        };
        let wanted = pairs(self.sentence);
        let given: BTreeSet<(String, String)> =
            self.passages.iter().flat_map(|p| pairs(&p.shown)).collect();
        wanted.intersection(&given).count() as f64 / wanted.len().max(1) as f64
    }

    /// Longest common subsequence and longest common run of words with one of the
    /// passages that share most words, as shares of the sentence.
    fn alignment(&self, held: &[BTreeSet<&String>]) -> (f64, f64) {
        let stems = |text: &str| words(text).iter().map(|w| stem(w.text)).collect::<Vec<_>>();
        let sentence = stems(self.sentence);
        let mut order: Vec<(usize, &&Passage)> =
            held.iter().map(BTreeSet::len).zip(&self.passages).collect();
        order.sort_by_key(|(n_shared, _)| usize::MAX - n_shared);
        let n = sentence.len().max(1) as f64;
        let mut best = (0.0_f64, 0.0_f64);
        for (_, passage) in order.into_iter().take(N_ALIGNED) {
            let mut passage = stems(&passage.shown);
            passage.truncate(MAX_ALIGNED_WORDS);
            let (subsequence, run) = common(&sentence, &passage);
            best = (best.0.max(subsequence as f64 / n), best.1.max(run as f64 / n));
        }
        best
    }
}

/// Lengths of the longest common subsequence and of the longest common run.
fn common(a: &[String], b: &[String]) -> (usize, usize) {
    let mut before = vec![(0usize, 0usize); b.len() + 1];
    let mut longest = 0;
    for x in a {
        let mut line = vec![(0, 0); 1];
        for (j, y) in b.iter().enumerate() {
            let (diagonal, above) = (before.get(j).copied(), before.get(j + 1).copied());
            let left = line.last().map_or(0, |(subsequence, _): &(usize, usize)| *subsequence);
            let (diagonal, above) = (diagonal.unwrap_or_default(), above.unwrap_or_default());
            let cell =
                if x == y { (diagonal.0 + 1, diagonal.1 + 1) } else { (above.0.max(left), 0) };
            longest = longest.max(cell.1);
            line.push(cell);
        }
        before = line;
    }
    (before.last().map_or(0, |(subsequence, _)| *subsequence), longest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::asked::samples::chunk;
    use crate::answer::passage::passages;

    fn features(sentence: &str, text: &str, cosine: f32) -> Features {
        let evidence = chunk(1, "", text);
        let passages = passages(0, &evidence);
        let cosines = vec![cosine; passages.len()];
        Cited { sentence, passages: passages.iter().collect(), cosines }.features()
    }

    fn value(features: &Features, name: &str) -> f64 {
        features.iter().find(|(found, _)| *found == name).map(|(_, value)| *value).unwrap()
    }

    #[test]
    fn words_may_be_spread_over_three_passages_and_not_over_more() {
        let text = "The pump is red. It stands in Oslo. It runs. It weighs 9 kg. It needs oil.";
        let found = features("The red pump runs in Oslo.", text, 0.5);
        assert!((value(&found, "words_in_one") - 0.5).abs() < 1e-9);
        assert!((value(&found, "words_in_three") - 1.0).abs() < 1e-9);
        let far = features("The red pump needs oil.", text, 0.5);
        assert!(value(&far, "words_in_three") < 0.7);
    }

    #[test]
    fn order_of_words_and_missing_values_count() {
        let text = "The valve of the pump weighs 9 kg.";
        let same = features("The valve of the pump weighs 9 kg.", text, 0.9);
        let turned = features("The pump of the valve weighs 7 kg.", text, 0.9);
        assert!((value(&same, "words_in_order") - 1.0).abs() < 1e-9);
        assert!(value(&turned, "words_in_order") < 1.0);
        assert!(value(&turned, "longest_run") < value(&same, "longest_run"));
        assert_eq!((value(&same, "values_missing"), value(&turned, "values_missing")), (0.0, 1.0));
    }

    #[test]
    fn every_weight_is_of_a_feature() {
        let known: Vec<&str> = features("a", "b", 0.0).into_iter().map(|(name, _)| name).collect();
        assert!(MODEL.names().all(|name| known.contains(&name)));
    }

    #[test]
    fn what_is_said_is_likelier_than_what_is_not() {
        let text = "The router resets when the button is held for 10 seconds. It is black.";
        let probability = |sentence, cosine| MODEL.probability(&features(sentence, text, cosine));
        let said = probability("Hold the button for 10 seconds and the router resets.", 0.9);
        let unsaid = probability("Buy a new router from the shop when yours is slow.", 0.4);
        assert!(said > 0.5 && unsaid < 0.5, "{said} {unsaid}");
    }
}
