//! How much of a question one place of the evidence says.

use super::focus::{AskedWord, asked_words, with_names_apart};
use super::passage::Passage;
use super::words::content_stems;
use crate::model::Evidence;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// How rare words are in the whole of what is searched, in `0..=1`: for a word in `n` of
/// `N` fragments `ln((N + 1) / (n + 0.5)) / ln(N + 1)`. Words in lower case.
pub type Rarity = HashMap<String, f32>;

/// A word that is in every fragment still weighs this.
const LEAST: f64 = 0.02;
/// What a word that only frames the question weighs of its rarity.
const FRAMING_SHARE: f64 = 0.25;

/// The words of a question whose rarity counts.
pub fn words_that_weigh(question: &str) -> Vec<String> {
    asked_words(question).into_iter().map(|asked| asked.word).collect()
}

/// Shares of the question, by the rarity of its words.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Coverage {
    /// The greatest share that one sentence holds, with who says it and its title.
    pub(super) of_sentence: f64,
    /// The greatest share that the evidence of one document holds.
    pub(super) of_document: f64,
    /// The greatest weight of a wanted word that this document lacks.
    pub(super) wanted_missing: f64,
}

/// `None` for a question without a word that says something.
pub(super) fn coverage(
    question: &str,
    candidates: &[Passage],
    evidence: &[Evidence],
    rarity: Option<&Rarity>,
) -> Option<Coverage> {
    let asked = asked_words(question);
    let weights: Vec<f64> = asked.iter().map(|word| weight(word, rarity)).collect();
    let total: f64 = weights.iter().sum();
    if total <= 0.0 {
        return None;
    }
    let mut documents: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    let share = |stems: &BTreeSet<String>| {
        let held = asked.iter().zip(&weights).filter(|(word, _)| stems.contains(&word.stem));
        held.map(|(_, weight)| weight).sum::<f64>() / total
    };
    let mut of_sentence = 0.0;
    for passage in candidates {
        let Some(item) = evidence.get(passage.evidence) else { continue };
        let mut stems = content_stems(&with_names_apart(&passage.shown));
        stems.extend(content_stems(&with_names_apart(&item.title)));
        stems.extend(content_stems(&with_names_apart(speaker(item, passage))));
        of_sentence = f64::max(of_sentence, share(&stems));
        documents.entry(item.fragment.document.as_str()).or_default().extend(stems);
    }
    let best = documents.values().max_by(|a, b| share(a).total_cmp(&share(b)))?;
    let missing = asked.iter().zip(&weights).filter(|(word, _)| !best.contains(&word.stem));
    let wanted = missing.filter(|(word, _)| word.is_wanted).map(|(_, weight)| *weight);
    Some(Coverage {
        of_sentence,
        of_document: share(best),
        wanted_missing: wanted.fold(0.0, f64::max),
    })
}

fn weight(word: &AskedWord, rarity: Option<&Rarity>) -> f64 {
    let rare = rarity.and_then(|rarity| rarity.get(&word.word)).map_or(1.0, |r| f64::from(*r));
    rare.max(LEAST) * if word.is_framing { FRAMING_SHARE } else { 1.0 }
}

/// Who says the line in which a passage stands: `Ann: I have it.`
fn speaker<'a>(item: &'a Evidence, passage: &Passage) -> &'a str {
    let text = item.fragment.text.as_str();
    let before = text.get(..passage.range.start).unwrap_or_default();
    let line = before.rfind('\n').map_or(0, |end| end + 1);
    let (name, _) = text.get(line..).and_then(|rest| rest.split_once(": ")).unwrap_or_default();
    if name.contains(char::is_whitespace) { "" } else { name }
}

#[cfg(test)]
mod tests {
    use super::super::asked::samples::chunk;
    use super::super::passage::passages;
    use super::*;

    fn of(question: &str, texts: &[(&str, &str)], rarity: Option<&Rarity>) -> Coverage {
        let evidence: Vec<Evidence> =
            texts.iter().enumerate().map(|(i, (title, text))| chunk(i + 1, title, text)).collect();
        let candidates: Vec<Passage> =
            evidence.iter().enumerate().flat_map(|(i, item)| passages(i, item)).collect();
        coverage(question, &candidates, &evidence, rarity).unwrap()
    }

    #[test]
    fn a_sentence_that_says_all_covers_all() {
        let found = of(
            "How much oil does the pump hold?",
            &[("Pumps", "The pump holds 5 litres of oil. It is blue.")],
            None,
        );
        assert_eq!((found.of_sentence, found.of_document, found.wanted_missing), (1.0, 1.0, 0.0));
    }

    #[test]
    fn what_is_wanted_and_not_said_is_told() {
        let texts = [("Trip", "Ann: I baked a cake for the party.\nBob: Nice!")];
        let found = of("What flavor of cake did Ann bake?", &texts, None);
        assert!(found.of_sentence < 1.0 && found.wanted_missing == 1.0, "{found:?}");
        let rarity = Rarity::from([("flavor".to_owned(), 0.5)]);
        let found = of("What flavor of cake did Ann bake?", &texts, Some(&rarity));
        assert_eq!(found.wanted_missing, 0.5);
    }

    #[test]
    fn a_document_covers_what_its_sentences_cover_together() {
        let texts = [("Pumps", "The pump is blue. Its seal is worn."), ("Cars", "Cars are red.")];
        let found = of("Why is the seal of the blue pump worn?", &texts, None);
        assert!(found.of_sentence < found.of_document, "{found:?}");
        assert_eq!(found.of_document, 1.0);
    }

    #[test]
    fn who_speaks_belongs_to_each_sentence_of_the_line() {
        let texts = [("Chat", "AnnLee: Good morning. The tea is cold.")];
        assert_eq!(of("Is the tea of Ann Lee cold?", &texts, None).of_sentence, 1.0);
    }
}
