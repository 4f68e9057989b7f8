//! Measures of answers.
//!
//! Exact match and token F1 as in SQuAD (Rajpurkar et al., 2016): both sides in
//! lower case, without punctuation and articles; the best of the gold answers
//! counts. A quoting answer is longer than a gold answer by design, so it is
//! also measured how often a gold answer stands in it.

use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// One answered question.
#[derive(Clone, Debug, Serialize)]
pub struct AnsweredQuestion {
    /// The words of the answer without citation marks.
    pub text: String,
    /// The fact in a few words, when the answer states one.
    pub short_answer: Option<String>,
    /// Whether the answer abstained.
    pub abstained: bool,
    /// Documents that it cites.
    pub cited: BTreeSet<String>,
    /// Gold answers; none when the documents do not answer the question.
    pub gold: Vec<String>,
    /// Relevant documents.
    pub relevant: BTreeSet<String>,
}

/// One answered question, and what it was answered from.
#[derive(Clone, Debug, Serialize)]
pub struct ScoredAnswer {
    /// The question's id.
    pub id: String,
    /// Its words.
    pub question: String,
    /// Questions of one group are never learned from and judged in one go.
    pub group: String,
    /// Whether the documents answer it.
    pub label: bool,
    /// By what is judged whether the evidence answers it.
    pub features: BTreeMap<String, f64>,
    /// What was answered.
    #[serde(flatten)]
    pub answer: AnsweredQuestion,
    /// What was put before the answerer, in its order.
    pub evidence: Vec<PutBefore>,
}

/// A passage that was put before the answerer.
#[derive(Clone, Debug, Serialize)]
pub struct PutBefore {
    /// Its citation number.
    pub number: usize,
    /// Its document.
    pub document: String,
    /// Title of its document.
    pub title: String,
    /// Its words.
    pub text: String,
    /// Its score in retrieval.
    pub score: f32,
    /// Whether a walk through the graph reached it.
    pub by_graph: bool,
}

/// Means over questions, as fractions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct AnswerMeasures {
    /// Questions with gold answers.
    pub n_answerable: usize,
    /// Questions that the documents do not answer.
    pub n_unanswerable: usize,
    /// Short answers equal to a gold answer, of the answerable questions. Where an
    /// answer states no fact in a few words, all its words count.
    pub exact_match: f64,
    /// Shared tokens of the short answer and the best gold answer: harmonic mean of
    /// precision and recall, of the answerable questions.
    pub f1: f64,
    /// The same of all words of the answer.
    pub f1_text: f64,
    /// Answers with a short answer, of the answerable questions.
    pub short_answers: f64,
    /// Answers in which a gold answer stands, of the answerable questions.
    pub contains_answer: f64,
    /// Relevant documents among the cited ones, of the questions with citations.
    pub citation_precision: f64,
    /// Cited documents among the relevant ones, of the answerable questions.
    pub citation_recall: f64,
    /// Abstentions, of the unanswerable questions.
    pub abstention_unanswerable: f64,
    /// Abstentions, of the answerable questions: fewer are better.
    pub abstention_answerable: f64,
}

/// Scores answers. Measures over no question are 0.
pub fn measure_answers(answers: &[&AnsweredQuestion]) -> AnswerMeasures {
    let (answerable, unanswerable): (Vec<&AnsweredQuestion>, Vec<&AnsweredQuestion>) =
        answers.iter().partition(|answer| !answer.gold.is_empty());
    let cited: Vec<_> = answerable.iter().filter(|answer| !answer.cited.is_empty()).collect();
    let share = |part: usize, whole: usize| part as f64 / whole.max(1) as f64;
    let n_shared = |answer: &AnsweredQuestion| answer.cited.intersection(&answer.relevant).count();
    AnswerMeasures {
        n_answerable: answerable.len(),
        n_unanswerable: unanswerable.len(),
        exact_match: mean(answerable.iter().map(|a| best(a, said(a), |text, gold| text == gold))),
        f1: mean(answerable.iter().map(|a| best_f1(a, said(a)))),
        f1_text: mean(answerable.iter().map(|a| best_f1(a, &a.text))),
        short_answers: mean(answerable.iter().map(|a| f64::from(a.short_answer.is_some()))),
        contains_answer: mean(answerable.iter().map(|a| best(a, &a.text, contains))),
        citation_precision: mean(cited.iter().map(|a| share(n_shared(a), a.cited.len()))),
        citation_recall: mean(answerable.iter().map(|a| share(n_shared(a), a.relevant.len()))),
        abstention_unanswerable: mean(unanswerable.iter().map(|a| f64::from(a.abstained))),
        abstention_answerable: mean(answerable.iter().map(|a| f64::from(a.abstained))),
    }
}

/// The fact, or all words where none is stated.
fn said(answer: &AnsweredQuestion) -> &str {
    answer.short_answer.as_deref().unwrap_or(&answer.text)
}

fn best_f1(answer: &AnsweredQuestion, text: &str) -> f64 {
    let text = tokens(text);
    answer.gold.iter().map(|gold| token_f1(&text, &tokens(gold))).fold(0.0, f64::max)
}

/// 1 when the predicate holds for one of the gold answers.
fn best(answer: &AnsweredQuestion, text: &str, holds: fn(&[String], &[String]) -> bool) -> f64 {
    let text = tokens(text);
    f64::from(!answer.abstained && answer.gold.iter().any(|gold| holds(&text, &tokens(gold))))
}

fn contains(text: &[String], gold: &[String]) -> bool {
    !gold.is_empty() && text.windows(gold.len()).any(|window| window == gold)
}

fn token_f1(text: &[String], gold: &[String]) -> f64 {
    let mut left: BTreeMap<&String, usize> = BTreeMap::new();
    for token in gold {
        *left.entry(token).or_default() += 1;
    }
    let mut n_shared = 0;
    for token in text {
        if let Some(n) = left.get_mut(token).filter(|n| **n > 0) {
            *n -= 1;
            n_shared += 1;
        }
    }
    if n_shared == 0 {
        return 0.0;
    }
    2.0 * n_shared as f64 / (text.len() + gold.len()) as f64
}

/// Lower case, without punctuation inside or around words, without articles.
fn tokens(text: &str) -> Vec<String> {
    text.to_lowercase()
        .split_whitespace()
        .map(|word| word.chars().filter(|c| c.is_alphanumeric()).collect::<String>())
        .filter(|word| !word.is_empty() && !matches!(word.as_str(), "a" | "an" | "the"))
        .collect()
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, n) = values.fold((0.0, 0usize), |(sum, n), value| (sum + value, n + 1));
    sum / n.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(text: &str, gold: &[&str], cited: &[&str], relevant: &[&str]) -> AnsweredQuestion {
        let set = |items: &[&str]| items.iter().map(|item| (*item).to_owned()).collect();
        AnsweredQuestion {
            text: text.to_owned(),
            short_answer: None,
            abstained: cited.is_empty(),
            cited: set(cited),
            gold: gold.iter().map(|gold| (*gold).to_owned()).collect(),
            relevant: set(relevant),
        }
    }

    #[test]
    fn measures_are_those_of_squad_and_of_citations() {
        let found = measure_answers(&[
            &answer("The Lindmoor centre.", &["Lindmoor centre"], &["a"], &["a", "b"]),
            &answer("It needs a 1 A fuse.", &["2 A fuse", "1 A fuse"], &["a", "c"], &["a"]),
            &answer("", &["x"], &[], &["a"]),
            &answer("", &[], &[], &[]),
            &answer("Wrong.", &[], &["a"], &[]),
        ]);
        let third = 1.0 / 3.0;
        assert_eq!((found.n_answerable, found.n_unanswerable), (3, 2));
        assert!((found.exact_match - third).abs() < 1e-9);
        assert!((found.contains_answer - 2.0 * third).abs() < 1e-9);
        // Gold "1 fuse" in "it needs 1 fuse": 2 of 4 and 2 of 2 tokens.
        assert!((found.f1 - (1.0 + 2.0 / 3.0) * third).abs() < 1e-9, "{found:?}");
        assert!((found.citation_precision - 0.75).abs() < 1e-9);
        assert!((found.citation_recall - (0.5 + 1.0) * third).abs() < 1e-9);
        assert!((found.abstention_unanswerable - 0.5).abs() < 1e-9);
        assert!((found.abstention_answerable - third).abs() < 1e-9);
    }

    #[test]
    fn a_short_answer_is_what_is_compared() {
        let quoted = answer("Ada was born in Oslo, where she lived.", &["Oslo"], &["a"], &["a"]);
        let stated = AnsweredQuestion { short_answer: Some("Oslo".to_owned()), ..quoted.clone() };
        let (quoted, stated) = (measure_answers(&[&quoted]), measure_answers(&[&stated]));
        assert_eq!((quoted.exact_match, stated.exact_match, stated.f1), (0.0, 1.0, 1.0));
        assert_eq!((quoted.f1, stated.short_answers), (stated.f1_text, 1.0));
    }
}
