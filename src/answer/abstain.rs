//! Saying that the evidence is not enough, and what was searched.

use super::facts::Offer;
use super::question::{Question, name_stems};
use super::words::content_stems;
use crate::model::{Answer, AnswerMode, Evidence, LlmRecord, Sentence};
use std::collections::BTreeSet;

/// Most titles that a reason names.
const MAX_TITLES: usize = 3;

const NOTHING_FOUND: &str = "I found nothing in the knowledge base for this question.";
const NOT_ENOUGH: &str = "I cannot answer this from what I found";

/// Whether a text is what an answer that abstains says.
pub fn is_abstention(text: &str) -> bool {
    let text = text.trim_start();
    text.starts_with(NOTHING_FOUND) || text.starts_with(NOT_ENOUGH)
}

/// An answer that abstains.
pub(super) fn abstained(
    evidence: &[Evidence],
    why: &str,
    dropped: Vec<Sentence>,
    llm: Option<LlmRecord>,
) -> Answer {
    let reason = if evidence.is_empty() {
        NOTHING_FOUND.to_owned()
    } else {
        format!("{NOT_ENOUGH}: {why}. I searched {}.", searched(evidence))
    };
    let mode = AnswerMode::Abstained { reason };
    Answer { short_answer: None, sentences: Vec::new(), dropped, mode, llm }
}

/// `5 passages from “Router manual” and “Pump manual”`.
fn searched(evidence: &[Evidence]) -> String {
    let mut titles: Vec<&str> = Vec::new();
    for evidence in evidence {
        let title = if evidence.title.is_empty() { &evidence.source } else { &evidence.title };
        if !titles.contains(&title.as_str()) {
            titles.push(title);
        }
    }
    let named: Vec<String> = titles.iter().take(MAX_TITLES).map(|t| format!("“{t}”")).collect();
    let passages = match evidence.len() {
        1 => "the 1 best passage".to_owned(),
        n => format!("the {n} best passages"),
    };
    match titles.len().saturating_sub(MAX_TITLES) {
        0 => format!("{passages}, from {}", named.join(", ")),
        1 => format!("{passages}, from {} and 1 other document", named.join(", ")),
        more => format!("{passages}, from {} and {more} other documents", named.join(", ")),
    }
}

/// What the question is about and no evidence mentions, in words: any part
/// number or code name, or all of its proper names.
pub(super) fn unmentioned(question: &Question, evidence: &[Evidence]) -> Option<String> {
    let texts: Vec<String> = evidence.iter().map(all_of).collect();
    let offers: Vec<Offer> = texts.iter().map(|text| Offer::of(text)).collect();
    let missing: Vec<String> = question
        .identifiers
        .iter()
        .filter(|id| !offers.iter().any(|offer| offer.has_identifier(id)))
        .map(|id| format!("“{}”", id.shown))
        .collect();
    if !missing.is_empty() {
        return Some(format!("nothing there mentions {}", missing.join(" or ")));
    }
    let stems: BTreeSet<String> = texts.iter().flat_map(|text| content_stems(text)).collect();
    let names = name_stems(&question.names);
    if !names.is_empty() && names.iter().all(|(_, stem)| !stems.contains(stem)) {
        let shown: Vec<String> = names.iter().map(|(name, _)| format!("“{name}”")).collect();
        return Some(format!("nothing there mentions {}", shown.join(" or ")));
    }
    None
}

/// Everything by which an evidence may mention a thing.
fn all_of(evidence: &Evidence) -> String {
    let picture = evidence.picture_source.as_deref().unwrap_or_default();
    let section = evidence.fragment.section();
    let parts = [&evidence.title, &section, &evidence.source, picture, &evidence.fragment.text];
    parts.join("\n")
}
