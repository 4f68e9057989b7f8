//! Answers made of the evidence's own sentences.

use super::abstain::{abstained, unmentioned};
use super::answerable::{answerable, signs};
use super::asked::{Asked, cosine};
use super::linear::Features;
use super::passage::{Passage, PassageKind, passages, span_of};
use super::question::Question;
use super::short_answer::{ShortAnswer, short_answer};
use crate::model::{Answer, AnswerMode, Citation, Evidence, Sentence, Support};
use std::collections::{BTreeSet, HashMap};

/// Weights of the score of a passage, which lies between 0 and 1:
/// `WORDS * shared words + COSINE * cosine + RANK * prior + CUE * cue`, where
/// shared words are weighted by their rarity among the passages (idf), the prior
/// is `1 / (1 + RANK_DECAY * (n - 1))` for the n-th evidence and the cue says
/// whether the kind of value asked for is there. Without embeddings the weight of
/// the cosine goes to the words.
const WORDS: f32 = 0.45;
const COSINE: f32 = 0.27;
const RANK: f32 = 0.12;
const CUE: f32 = 0.16;
const RANK_DECAY: f32 = 0.25;
/// Words in the headings and title above a passage count this much.
const CONTEXT_SHARE: f32 = 0.6;
/// Only the passages that share most words with the question are embedded: at
/// some 5 ms each the others would cost seconds.
const MAX_EMBEDDED: usize = 32;
/// A passage whose words are mostly in a chosen one adds nothing.
const REDUNDANT: f32 = 0.6;
/// Share of the best score that a passage of another evidence needs when it adds
/// no new word of the question: evidence that the graph reached is another hop.
const OTHER_HOP_SHARE: f32 = 0.85;

/// Cosine from which a passage says what is asked in other words, so that words need not be
/// found in it: none of the 45 questions that the weights were learned on and that cannot
/// be answered is as near to a passage.
const REWORDED: f32 = 0.8;
/// Least probability that such a passage answers the question.
const REWORDED_PROBABILITY: f64 = 0.5;

/// Answers with the best supporting sentences of the evidence, or abstains.
pub fn extractive(asked: &Asked<'_>) -> Answer {
    extract(asked, None)
}

/// The same, saying why no language model wrote the answer.
pub(super) fn extract(asked: &Asked<'_>, degraded_because: Option<String>) -> Answer {
    let evidence = asked.evidence;
    let question = Question::of(asked.question);
    if evidence.is_empty() {
        return abstained(evidence, "", Vec::new(), None);
    }
    if let Some(why) = unmentioned(&question, evidence) {
        return abstained(evidence, &why, Vec::new(), None);
    }
    let candidates: Vec<Passage> =
        evidence.iter().enumerate().flat_map(|(i, e)| passages(i, e)).collect();
    let scored = score(&candidates, &question, asked);
    let Some(best) = scored.ranked.first() else {
        return abstained(evidence, "it holds no text", Vec::new(), None);
    };
    let short = short_answer(asked.question, evidence);
    let weak = || too_weak(&candidates, &scored, best, &question, asked);
    if let (None, Some(why)) = (&short, weak()) {
        return abstained(evidence, &why, Vec::new(), None);
    }
    let mut chosen = choose(&candidates, &scored, &question, asked);
    if let Some(short) = &short {
        chosen = carrying(short, &candidates, chosen, asked);
    }
    let sentences = chosen.into_iter().map(|p| sentence(p, evidence, question.wants_picture));
    Answer {
        short_answer: short.map(|short| short.text),
        sentences: sentences.collect(),
        dropped: Vec::new(),
        mode: AnswerMode::Extractive { degraded_because },
        llm: None,
    }
}

/// The numbers by which is judged whether the evidence answers a question; `None` when
/// it holds no text or sentences cannot be embedded.
pub fn answerability(asked: &Asked<'_>) -> Option<Features> {
    let question = Question::of(asked.question);
    let candidates: Vec<Passage> =
        asked.evidence.iter().enumerate().flat_map(|(i, e)| passages(i, e)).collect();
    let scored = score(&candidates, &question, asked);
    scored.is_embedded.then(|| signs(&candidates, &scored, asked)).flatten()
}

/// The passages on which a fact rests, then the others, as far as there is room.
fn carrying<'a>(
    short: &ShortAnswer,
    candidates: &'a [Passage],
    others: Vec<&'a Passage>,
    asked: &Asked<'_>,
) -> Vec<&'a Passage> {
    let rests_on = |(evidence, byte): &(usize, usize)| {
        let mut of_evidence = candidates.iter().filter(|p| p.evidence == *evidence);
        // A byte between two passages belongs to the one before it.
        of_evidence.rfind(|p| p.range.start <= *byte)
    };
    let mut chosen: Vec<&Passage> = Vec::new();
    let room = asked.options.max_sentences.max(short.ground.len());
    for passage in short.ground.iter().filter_map(rests_on).chain(others) {
        let is_known =
            chosen.iter().any(|c| c.evidence == passage.evidence && c.range == passage.range);
        if !is_known && chosen.len() < room {
            chosen.push(passage);
        }
    }
    // What a fact rests on is enough; a sentence beside it is only said when none is.
    let n_carrying = short.ground.iter().filter_map(rests_on).count().max(1);
    chosen.truncate(n_carrying);
    read_well(chosen)
}

/// Passages with their scores, best first.
pub(super) struct Scored {
    pub(super) ranked: Vec<Ranked>,
    /// Rarity of each stem of the question among the passages.
    pub(super) idf: HashMap<String, f32>,
    /// Share of the question's stems, by rarity, found anywhere in the evidence.
    pub(super) coverage: f32,
    /// Whether meaning took part.
    pub(super) is_embedded: bool,
}

#[derive(Clone, Copy)]
pub(super) struct Ranked {
    pub(super) at: usize,
    pub(super) score: f32,
    pub(super) cosine: f32,
    /// Share of the question's stems, by rarity, in the passage and above it.
    pub(super) overlap: f32,
}

fn score(candidates: &[Passage], question: &Question, asked: &Asked<'_>) -> Scored {
    let n = candidates.len() as f32;
    let holds =
        |p: &Passage, stem: &String| p.stems.contains(stem) || p.context_stems.contains(stem);
    let idf: HashMap<String, f32> = question
        .stems
        .iter()
        .map(|stem| {
            let n_with = candidates.iter().filter(|p| p.stems.contains(stem)).count() as f32;
            (stem.clone(), (1.0 + (n - n_with + 0.5) / (n_with + 0.5)).ln())
        })
        .collect();
    let total: f32 = idf.values().sum::<f32>().max(f32::EPSILON);
    let found: f32 = idf
        .iter()
        .filter(|(stem, _)| candidates.iter().any(|p| holds(p, stem)))
        .map(|(_, weight)| weight)
        .sum();
    let overlaps: Vec<f32> = candidates
        .iter()
        .map(|p| {
            let weight =
                |stem: &String| match (p.stems.contains(stem), p.context_stems.contains(stem)) {
                    (true, _) => 1.0,
                    (false, true) => CONTEXT_SHARE,
                    (false, false) => 0.0,
                };
            idf.iter().map(|(stem, idf)| idf * weight(stem)).sum::<f32>() / total
        })
        .collect();
    let cosines = cosines(candidates, &overlaps, asked);
    let mut ranked: Vec<Ranked> = candidates
        .iter()
        .zip(&overlaps)
        .enumerate()
        .map(|(at, (passage, overlap))| {
            let cosine = cosines.as_ref().map(|all| all.get(&at).copied().unwrap_or(0.0));
            let meaning = match cosine {
                Some(cosine) => WORDS * overlap + COSINE * cosine.max(0.0),
                None => (WORDS + COSINE) * overlap,
            };
            let prior = 1.0 / (1.0 + RANK_DECAY * passage.evidence as f32);
            let value = meaning + RANK * prior + CUE * question.cue_met(passage);
            let score = value * quality(passage, question.wants_picture);
            Ranked { at, score, cosine: cosine.unwrap_or(0.0), overlap: *overlap }
        })
        .collect();
    ranked.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.at.cmp(&b.at)));
    Scored { ranked, idf, coverage: found / total, is_embedded: cosines.is_some() }
}

/// Cosine of question and passage, for the passages that share most words.
fn cosines(
    candidates: &[Passage],
    overlaps: &[f32],
    asked: &Asked<'_>,
) -> Option<HashMap<usize, f32>> {
    let mut order: Vec<(usize, &Passage, f32)> =
        candidates.iter().zip(overlaps).enumerate().map(|(i, (p, o))| (i, p, *o)).collect();
    order.sort_by(|a, b| b.2.total_cmp(&a.2).then(a.1.evidence.cmp(&b.1.evidence)));
    order.truncate(MAX_EMBEDDED);
    let mut texts: Vec<&str> = vec![asked.question];
    texts.extend(order.iter().map(|(_, passage, _)| passage.shown.as_str()));
    let vectors = asked.vectors(&texts)?;
    let (question, passages) = vectors.split_first()?;
    Some(order.iter().zip(passages).map(|((i, ..), v)| (*i, cosine(question, v))).collect())
}

/// How well a kind of passage answers: headings name a subject but say nothing,
/// questions ask, fragments of a few words lack a verb.
fn quality(passage: &Passage, wants_picture: bool) -> f32 {
    let kind = match (passage.kind, wants_picture) {
        (PassageKind::Caption, true) => 1.3,
        (_, true) => 0.6,
        (PassageKind::Heading, _) => 0.5,
        (PassageKind::Caption, false) => 0.85,
        (PassageKind::Code, _) => 0.8,
        (
            PassageKind::Sentence
            | PassageKind::ListItem
            | PassageKind::TableRow
            | PassageKind::PictureRow,
            _,
        ) => 1.0,
    };
    let asks = if passage.shown.ends_with('?') { 0.6 } else { 1.0 };
    let short = passage.stems.len() < 2 && passage.kind == PassageKind::Sentence;
    kind * asks * if short { 0.8 } else { 1.0 }
}

/// Why even the best passage does not carry an answer.
fn too_weak(
    candidates: &[Passage],
    scored: &Scored,
    best: &Ranked,
    question: &Question,
    asked: &Asked<'_>,
) -> Option<String> {
    let options = asked.options;
    let close = scored.ranked.iter().take(5).any(|r| r.cosine >= options.min_question_cosine);
    if question.stems.is_empty() && !close {
        return Some("the question names no subject".to_owned());
    }
    let probability = scored
        .is_embedded
        .then(|| signs(candidates, scored, asked))
        .flatten()
        .map_or(1.0, |signs| answerable(&signs));
    let is_reworded = scored.ranked.iter().any(|ranked| ranked.cosine >= REWORDED);
    let probability = probability.max(if is_reworded { REWORDED_PROBABILITY } else { 0.0 });
    let may_be_answered = probability >= f64::from(options.min_answerable);
    let is_near = close
        || scored.coverage >= options.min_question_coverage
            && best.score >= options.min_extractive_score;
    if is_near && may_be_answered {
        return None;
    }
    let mut rarest: Vec<(&String, &f32)> = scored.idf.iter().collect();
    rarest.sort_by(|a, b| b.1.total_cmp(a.1).then(a.0.cmp(b.0)));
    let named: Vec<String> = rarest.iter().take(3).map(|(stem, _)| format!("“{stem}…”")).collect();
    Some(format!("it says too little about {}", named.join(", ")))
}

/// The best passage, and further ones that add something.
fn choose<'a>(
    candidates: &'a [Passage],
    scored: &Scored,
    question: &Question,
    asked: &Asked<'_>,
) -> Vec<&'a Passage> {
    let limit = asked.options.max_sentences.max(1);
    let mut chosen: Vec<&Passage> = Vec::new();
    let mut covered: BTreeSet<&String> = BTreeSet::new();
    let top = scored.ranked.first().map_or(0.0, |best| best.score);
    for ranked in &scored.ranked {
        let Some(passage) = candidates.get(ranked.at) else { continue };
        if chosen.len() == limit || ranked.score < top * asked.options.further_sentence_share {
            break;
        }
        let held = |p: &'a Passage| p.stems.iter().chain(&p.context_stems);
        let adds_word = held(passage).any(|s| question.stems.contains(s) && !covered.contains(s));
        let other_hop = chosen.iter().all(|c| c.evidence != passage.evidence)
            && asked.evidence.get(passage.evidence).is_some_and(|e| e.path.is_some())
            && ranked.score >= top * OTHER_HOP_SHARE;
        let redundant = chosen.iter().any(|c| similarity(c, passage) >= REDUNDANT);
        if chosen.is_empty() || ((adds_word || other_hop) && !redundant && !question.wants_picture)
        {
            covered.extend(held(passage));
            chosen.push(passage);
            chosen.extend(steps_after(ranked.at, candidates).take(limit - chosen.len()));
        }
    }
    chosen.dedup_by_key(|p| (p.evidence, p.range.start));
    read_well(chosen)
}

/// The list that a passage ending with a colon announces.
fn steps_after(at: usize, candidates: &[Passage]) -> impl Iterator<Item = &Passage> {
    let announces = candidates.get(at).filter(|p| p.shown.ends_with(':'));
    let evidence = announces.map(|p| p.evidence);
    candidates.iter().skip(at + 1).take_while(move |p| {
        Some(p.evidence) == evidence
            && matches!(p.kind, PassageKind::ListItem | PassageKind::Code | PassageKind::TableRow)
    })
}

/// The best passage's evidence first; within one evidence in reading order.
fn read_well(chosen: Vec<&Passage>) -> Vec<&Passage> {
    let mut ordered: Vec<&Passage> = Vec::new();
    for passage in &chosen {
        if ordered.iter().any(|p| p.evidence == passage.evidence) {
            continue;
        }
        let mut same: Vec<&Passage> =
            chosen.iter().copied().filter(|p| p.evidence == passage.evidence).collect();
        same.sort_by_key(|p| p.range.start);
        same.dedup_by_key(|p| p.range.start);
        ordered.extend(same);
    }
    ordered
}

/// Share of words that two passages have in common (Jaccard).
fn similarity(a: &Passage, b: &Passage) -> f32 {
    let shared = a.stems.intersection(&b.stems).count() as f32;
    let all = a.stems.union(&b.stems).count().max(1) as f32;
    shared / all
}

fn sentence(passage: &Passage, evidence: &[Evidence], wants_picture: bool) -> Sentence {
    let quote = passage.quote(evidence).to_owned();
    let source = evidence.get(passage.evidence);
    let number = source.map_or(0, |e| e.number);
    let text = source.map_or("", |e| e.fragment.text.as_str());
    let picture = source.and_then(|e| e.picture_source.as_deref());
    let shown = match picture.filter(|_| passage.kind == PassageKind::Caption && wants_picture) {
        Some(picture) => {
            format!("The picture {picture} shows: {}", closed(&passage.shown))
        }
        None => closed(&passage.shown),
    };
    Sentence {
        text: shown,
        citations: vec![Citation { number, quote, span: span_of(text, &passage.range) }],
        support: Support::Supported,
    }
}

/// With an end mark, so that sentences of different passages do not run together.
fn closed(text: &str) -> String {
    if text.ends_with(|c: char| c.is_alphanumeric() || ")%\"”°'’".contains(c)) {
        format!("{text}.")
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
#[path = "extractive_cases.rs"]
mod tests;
