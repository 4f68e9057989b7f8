//! Answers made of quotes.

use super::sentences::{SourceSentence, readable, sentences};
use crate::model::{
    Answer, AnswerMode, Citation, Evidence, FragmentKind, Sentence, Span, Support, asks_for_picture,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Settings of answering.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AnswerConfig {
    /// Evidence put before the answerer.
    pub n_evidence: usize,
    /// Tokens of evidence at most.
    pub evidence_tokens: usize,
    /// Sentences of an extractive answer at most.
    pub max_sentences: usize,
    /// Share of the question's weight (rare words weigh more) that the evidence
    /// must contain, else the answer abstains.
    pub min_coverage: f32,
    /// Least score of the best sentence, else the answer abstains.
    pub min_score: f32,
}

impl Default for AnswerConfig {
    fn default() -> Self {
        Self {
            n_evidence: 10,
            evidence_tokens: 2_000,
            max_sentences: 3,
            min_coverage: 0.55,
            min_score: 0.35,
        }
    }
}

/// Vectors of sentences, in the order given; empty when there are none.
pub type SentenceVectors<'a> = dyn Fn(&[&str]) -> Vec<Vec<f32>> + 'a;

/// Words that carry no content of their own.
const STOP_WORDS: &[&str] = &[
    "a", "an", "and", "any", "are", "as", "at", "be", "been", "by", "can", "could", "did", "do",
    "does", "every", "for", "from", "had", "has", "have", "how", "i", "if", "in", "is", "it",
    "its", "many", "me", "much", "must", "my", "of", "often", "on", "or", "our", "says", "shall",
    "should", "show", "shows", "so", "than", "that", "the", "their", "then", "there", "these",
    "they", "this", "to", "us", "was", "we", "were", "what", "when", "where", "which", "who",
    "why", "will", "with", "would", "you", "your",
];
struct Candidate {
    evidence: usize,
    sentence: SourceSentence,
    words: BTreeSet<String>,
    score: f32,
}

/// Answers with the best supporting sentences of the evidence, each quoted and
/// cited; abstains when the evidence lacks what the question asks for.
///
/// A sentence scores `0.5 * overlap + 0.4 * cosine + 0.1 / rank`, where
/// `overlap` is the share of the question's words in it, each weighted by
/// `ln(1 + n / n_with_word)` over the evidence's sentences. Further sentences
/// are added while they bring words of the question that are not yet covered.
pub fn extractive(
    question: &str,
    evidence: &[Evidence],
    vectors: &SentenceVectors<'_>,
    degraded_because: Option<String>,
    config: &AnswerConfig,
) -> Answer {
    let without: Vec<&str> =
        question.split_whitespace().filter(|word| !asks_for_picture(word)).collect();
    let asked = content_words(&without.join(" "));
    let wants_picture = asks_for_picture(question);
    let mut candidates = candidates(evidence, wants_picture);
    let weights = word_weights(&asked, &candidates);
    let missing: Vec<&str> =
        asked.iter().filter(|word| !covers(evidence, word)).map(String::as_str).collect();
    let total: f32 = weights.values().sum::<f32>().max(1e-6);
    let lost: f32 = missing.iter().filter_map(|word| weights.get(*word)).sum();
    if candidates.is_empty() || 1.0 - lost / total < config.min_coverage {
        return abstain(evidence, &missing);
    }
    score(question, &weights, total, &mut candidates, vectors);
    candidates.sort_by(|a, b| {
        b.score
            .total_cmp(&a.score)
            .then(a.evidence.cmp(&b.evidence))
            .then(a.sentence.span.cmp(&b.sentence.span))
    });
    let chosen = choose(&candidates, &weights, config);
    if chosen.first().is_none_or(|best| best.score < config.min_score) {
        return abstain(evidence, &missing);
    }
    let sentences = chosen.into_iter().map(|candidate| cited(candidate, evidence)).collect();
    Answer {
        sentences,
        dropped: Vec::new(),
        mode: AnswerMode::Extractive { degraded_because },
        llm: None,
    }
}

fn candidates(evidence: &[Evidence], wants_picture: bool) -> Vec<Candidate> {
    let mut candidates = Vec::new();
    for (i, item) in evidence.iter().enumerate() {
        let picture = matches!(item.fragment.kind, FragmentKind::Picture { .. });
        if picture != wants_picture
            && (picture || evidence.iter().any(|e| e.picture_source.is_some()))
        {
            continue;
        }
        let text = &item.fragment.text;
        let found = if picture {
            let first = text.lines().next().unwrap_or_default();
            let span = Span::new(0, first.chars().count());
            vec![SourceSentence { quote: first.to_owned(), span }]
        } else {
            sentences(text)
        };
        for sentence in found {
            // The headings above a sentence say what it is about.
            let context = format!(
                "{} {} {}",
                item.title,
                item.fragment.section(),
                if picture { text } else { "" }
            );
            let mut words = content_words(&sentence.quote);
            words.extend(content_words(&context));
            candidates.push(Candidate { evidence: i, sentence, words, score: 0.0 });
        }
    }
    candidates
}

fn score(
    question: &str,
    weights: &BTreeMap<String, f32>,
    total: f32,
    candidates: &mut [Candidate],
    vectors: &SentenceVectors<'_>,
) {
    let mut texts: Vec<&str> = vec![question];
    texts.extend(candidates.iter().map(|candidate| candidate.sentence.quote.as_str()));
    let mut embedded = vectors(&texts).into_iter();
    let asked = embedded.next().unwrap_or_default();
    let cosines: Vec<f32> =
        embedded.map(|v| asked.iter().zip(&v).map(|(a, b)| a * b).sum()).collect();
    for (i, candidate) in candidates.iter_mut().enumerate() {
        let own = content_words(&candidate.sentence.quote);
        let overlap: f32 = weights
            .iter()
            .filter(|(word, _)| candidate.words.contains(*word))
            // A word that only the heading has counts half.
            .map(|(word, weight)| if own.contains(word) { *weight } else { weight / 2.0 })
            .sum();
        let cosine = cosines.get(i).copied().unwrap_or(0.0).max(0.0);
        let prior = 0.1 / (1.0 + candidate.evidence as f32);
        candidate.score = 0.5 * overlap / total + 0.4 * cosine + prior;
    }
}

fn choose<'c>(
    candidates: &'c [Candidate],
    weights: &BTreeMap<String, f32>,
    config: &AnswerConfig,
) -> Vec<&'c Candidate> {
    let mut chosen: Vec<&Candidate> = Vec::new();
    let mut open: BTreeMap<&String, f32> = weights.iter().map(|(w, s)| (w, *s)).collect();
    let total: f32 = weights.values().sum::<f32>().max(1e-6);
    while chosen.len() < config.max_sentences {
        let best = candidates
            .iter()
            .filter(|c| chosen.iter().all(|have| have.sentence.quote != c.sentence.quote))
            .map(|candidate| {
                let own = content_words(&candidate.sentence.quote);
                let gain: f32 =
                    open.iter().filter(|(w, _)| own.contains(**w)).map(|(_, s)| s).sum();
                (gain / total, candidate)
            })
            .filter(|(gain, candidate)| {
                chosen.is_empty() || (*gain > 0.12 && candidate.score > 0.25)
            })
            .max_by(|a, b| {
                let value = |(gain, c): &(f32, &Candidate)| {
                    c.score + gain * 0.5 * f32::from(!chosen.is_empty())
                };
                value(a).total_cmp(&value(b)).then(b.1.evidence.cmp(&a.1.evidence))
            });
        let Some((_, best)) = best else { break };
        for word in content_words(&best.sentence.quote) {
            open.remove(&word);
        }
        chosen.push(best);
    }
    chosen
}

fn cited(candidate: &Candidate, evidence: &[Evidence]) -> Sentence {
    let item = evidence.get(candidate.evidence);
    let text = match item.and_then(|item| item.picture_source.as_deref()) {
        Some(picture) => format!("{picture}: {}", readable(&candidate.sentence.quote)),
        None => readable(&candidate.sentence.quote),
    };
    Sentence {
        text,
        citations: vec![Citation {
            number: item.map_or(0, |item| item.number),
            quote: candidate.sentence.quote.clone(),
            span: candidate.sentence.span,
        }],
        support: Support::Supported,
    }
}

fn abstain(evidence: &[Evidence], missing: &[&str]) -> Answer {
    let searched = match evidence.len() {
        0 => "nothing in the knowledge base is like the question".to_owned(),
        n => format!("the {n} closest passages do not carry an answer"),
    };
    let reason = if missing.is_empty() {
        format!("I cannot answer this from the documents: {searched}.")
    } else {
        format!(
            "I cannot answer this from the documents: {searched}; none of them mentions {}.",
            missing.join(", ")
        )
    };
    Answer {
        sentences: Vec::new(),
        dropped: Vec::new(),
        mode: AnswerMode::Abstained { reason },
        llm: None,
    }
}

fn covers(evidence: &[Evidence], word: &str) -> bool {
    evidence.iter().any(|item| {
        content_words(&format!("{} {} {}", item.title, item.fragment.section(), item.fragment.text))
            .contains(word)
    })
}

fn word_weights(asked: &BTreeSet<String>, candidates: &[Candidate]) -> BTreeMap<String, f32> {
    let n = candidates.len() as f32;
    asked
        .iter()
        .map(|word| {
            let with = candidates.iter().filter(|c| c.words.contains(word)).count() as f32;
            (word.clone(), (1.0 + n / (with + 0.5)).ln())
        })
        .collect()
}

/// Content words in a simple stemmed form: lower case, no plural `s`, `ed`, `ing`.
fn content_words(text: &str) -> BTreeSet<String> {
    text.split(|c: char| !c.is_alphanumeric() && c != '-' && c != '.')
        .map(|word| word.trim_matches(['-', '.']).to_lowercase())
        .filter(|word| !word.is_empty() && !STOP_WORDS.contains(&word.as_str()))
        .map(|word| stem(&word))
        .collect()
}

fn stem(word: &str) -> String {
    if word.chars().any(|c| c.is_ascii_digit()) || word.len() < 5 {
        return word.strip_suffix('s').filter(|w| w.len() > 2).unwrap_or(word).to_owned();
    }
    let word = word.strip_suffix("es").or(word.strip_suffix('s')).unwrap_or(word);
    let word = word.strip_suffix("ing").or(word.strip_suffix("ed")).unwrap_or(word);
    word.strip_suffix('e').unwrap_or(word).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{DocumentId, Fragment, FragmentId, VersionId};

    fn evidence(texts: &[&str]) -> Vec<Evidence> {
        texts
            .iter()
            .enumerate()
            .map(|(i, text)| {
                let version = VersionId::from_iri(format!("urn:veritrail:version:{i}"));
                Evidence {
                    number: i + 1,
                    fragment: Fragment {
                        id: FragmentId::new(&version, 0),
                        document: DocumentId::from_source("a.md"),
                        version,
                        ordinal: 0,
                        heading_path: Vec::new(),
                        span: Span::new(0, text.chars().count()),
                        text: (*text).to_owned(),
                        kind: FragmentKind::Chunk,
                    },
                    title: "Manual".into(),
                    source: "a.md".into(),
                    picture_source: None,
                    score: 1.0,
                    routes: Vec::new(),
                    path: None,
                }
            })
            .collect()
    }

    fn answer(question: &str, texts: &[&str]) -> Answer {
        extractive(question, &evidence(texts), &|_| Vec::new(), None, &AnswerConfig::default())
    }

    #[test]
    fn the_supporting_sentence_is_quoted_exactly() {
        let texts =
            ["The pump hums. The oil is changed every *750 hours*. Close the lid.", "Other."];
        let answer = answer("How often is the oil changed?", &texts);
        let sentence = &answer.sentences[0];
        assert_eq!(sentence.text, "The oil is changed every 750 hours.");
        let citation = &sentence.citations[0];
        assert_eq!(citation.span.of(texts[0]), Some(citation.quote.as_str()));
        assert_eq!(answer.text(), "The oil is changed every 750 hours. [1]");
    }

    #[test]
    fn answer_without_evidence_abstains() {
        assert!(matches!(answer("What?", &[]).mode, AnswerMode::Abstained { .. }));
    }

    #[test]
    fn a_question_about_something_absent_abstains_and_names_it() {
        let answer =
            answer("Which wavelengths do grow lamps emit?", &["The oil is changed often."]);
        let AnswerMode::Abstained { reason } = answer.mode else { panic!("{answer:?}") };
        assert!(reason.contains("wavelength") && reason.contains("lamp"), "{reason}");
    }

    #[test]
    fn a_second_hop_adds_its_sentence() {
        let answer = answer(
            "Which kit replaces SP-3017 and which centre keeps SP-3117?",
            &[
                "The kit SP-3117 replaces SP-3017.",
                "The Lindmoor centre keeps SP-3117 on the shelf.",
            ],
        );
        assert_eq!(answer.cited_numbers(), [1, 2]);
    }
}
