//! Questions and documents as far as they are compared.

use super::error::EngineError;
use super::knowledge_base::KnowledgeBase;
use crate::audit::{RecordedAnswer, is_erased, recorded};
use crate::embed::TextRole;
use crate::govern::Observation;
use crate::graph::DocumentSummary;
use crate::index::LexicalIndex;
use crate::ingest::likely_language;
use crate::vocab;
use std::collections::{BTreeMap, HashMap};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Questions embedded at once.
const BATCH: usize = 64;

/// A document and when it came in.
pub(super) struct Came {
    pub(super) at: OffsetDateTime,
    document: DocumentSummary,
}

impl Came {
    /// The first folder of its source path.
    pub(super) fn folder(&self) -> &str {
        folder_of(&self.document.source)
    }
}

/// A question as it is compared, without what its text alone tells.
pub(super) struct Asked<'a> {
    pub(super) text: &'a str,
    pub(super) with_picture: bool,
    pub(super) top_score: f64,
    pub(super) block: Option<String>,
}

impl KnowledgeBase {
    /// The latest answers that the settings name, the earliest of them first.
    pub(super) fn latest_records(&self) -> Result<Vec<RecordedAnswer>, EngineError> {
        let config = &self.config.drift;
        let most = config.window_answers + config.reference_answers;
        let mut records: Vec<RecordedAnswer> = Vec::new();
        for sequence in (1..=self.last_sealed()?).rev() {
            if records.len() >= most {
                break;
            }
            let Some((seal, _)) = self.seal_at(sequence)? else { continue };
            if seal.of.starts_with(vocab::ANSWER_PREFIX) {
                let record = recorded(&seal.of, &self.graph.graph(&seal.of)?);
                // For a question that a rule refused nothing was looked for.
                records.extend(record.filter(|record| record.mode != "refused"));
            }
        }
        records.reverse();
        Ok(records)
    }

    /// Questions of records, without those that were erased.
    pub(super) fn observed_questions(
        &self,
        records: &[RecordedAnswer],
    ) -> Result<Vec<Observation>, EngineError> {
        let blocks = blocks(records).into_iter();
        let asked: Vec<Asked<'_>> = records
            .iter()
            .zip(blocks)
            .filter(|(record, _)| !is_erased(&record.question))
            .map(|(record, block)| Asked {
                text: record.resolved_question.as_deref().unwrap_or(&record.question),
                with_picture: record.question_picture_sha256.is_some(),
                top_score: record.evidence.first().map_or(0.0, |first| first.score),
                block: Some(block),
            })
            .collect();
        self.observed(&asked)
    }

    /// Questions with their vectors, languages and unknown words.
    pub(super) fn observed(&self, asked: &[Asked<'_>]) -> Result<Vec<Observation>, EngineError> {
        let texts: Vec<&str> = asked.iter().map(|asked| asked.text).collect();
        let text = self.text_in_force()?;
        let space = text.model.space();
        let mut vectors = Vec::with_capacity(texts.len());
        for some in texts.chunks(BATCH) {
            vectors.extend(self.embed(space.id(), some, TextRole::Query)?.vectors);
        }
        let lexical = self.current_lexical()?;
        let name = space.display_name();
        let mut observed = Vec::with_capacity(asked.len());
        for (asked, vector) in asked.iter().zip(vectors) {
            let has_words = !asked.text.trim().is_empty();
            let unknown_words = match &lexical {
                Some(lexical) if has_words => unknown_share(lexical, asked.text)?,
                _ => None,
            };
            let modality = if asked.with_picture { "picture" } else { "text" };
            observed.push(Observation {
                vectors: BTreeMap::from_iter(has_words.then(|| (name.clone(), vector))),
                top_score: Some(asked.top_score),
                unknown_words,
                language: likely_language(asked.text).map(str::to_owned),
                modality: Some(modality.to_owned()),
                block: asked.block.clone(),
            });
        }
        Ok(observed)
    }

    fn current_lexical(&self) -> Result<Option<LexicalIndex>, EngineError> {
        let Some(generation) = self.current()? else { return Ok(None) };
        let folder = self.generation_folder(&generation).join("lexical");
        Ok(Some(LexicalIndex::open(&folder, self.config.lexical)?))
    }

    /// Every document in the order in which they came in.
    pub(super) fn documents_by_time(&self) -> Result<Vec<Came>, EngineError> {
        let taken_in_at = self.graph.taken_in_at()?;
        let came = |document: DocumentSummary| {
            let at = OffsetDateTime::parse(taken_in_at.get(&document.version)?, &Rfc3339).ok()?;
            Some(Came { at, document })
        };
        let mut documents: Vec<Came> =
            self.graph.documents()?.into_iter().filter_map(came).collect();
        documents.sort_by(|a, b| (a.at, &a.document.id).cmp(&(b.at, &b.document.id)));
        Ok(documents)
    }

    /// Documents of a window, by the mean of their vectors; not more than the settings
    /// say, spread over the window.
    pub(super) fn observed_documents(
        &self,
        window: &[&Came],
    ) -> Result<Vec<Observation>, EngineError> {
        let text = self.text_in_force()?;
        let spaces = self.models.spaces_with(text.model.space());
        let n = window.len().min(self.config.drift.most_documents);
        let chosen = (0..n).filter_map(|at| window.get(at * window.len() / n.max(1)));
        let mut observed = Vec::with_capacity(n);
        for Came { document, .. } in chosen {
            let fragments = self.graph.fragments_of(&document.version)?;
            let mut vectors = BTreeMap::new();
            let stores = std::iter::once(&text.vectors).chain(&self.picture_vectors);
            for (store, space) in stores.zip(&spaces) {
                let all = store.vectors();
                let own = fragments.iter().filter_map(|fragment| all.get(fragment.id.as_str()));
                vectors.extend(mean(own).map(|mean| (space.display_name(), mean)));
            }
            let is_picture = document.media_type.is_picture();
            observed.push(Observation {
                vectors,
                language: document.language.clone(),
                modality: Some(if is_picture { "picture" } else { "text" }.to_owned()),
                ..Observation::default()
            });
        }
        Ok(observed)
    }
}

/// What each question belongs to: one that leans on earlier ones belongs to the one before
/// it of the same person, and one that is asked again to the first time.
pub(super) fn blocks(records: &[RecordedAnswer]) -> Vec<String> {
    let mut last_of: HashMap<(&str, Option<&str>), String> = HashMap::new();
    let mut asked: HashMap<(&str, Option<&str>, String), String> = HashMap::new();
    let mut blocks = Vec::with_capacity(records.len());
    for record in records {
        let (who, whom) = (record.principal.as_str(), record.end_user.as_deref());
        let words: Vec<&str> = record.question.split_whitespace().collect();
        let words = words.join(" ").to_lowercase();
        let leans = record.resolved_question.is_some();
        let before = last_of.get(&(who, whom)).filter(|_| leans);
        let again = asked.get(&(who, whom, words.clone()));
        let block = before.or(again).unwrap_or(&record.answer).clone();
        asked.entry((who, whom, words)).or_insert_with(|| block.clone());
        last_of.insert((who, whom), block.clone());
        blocks.push(block);
    }
    blocks
}

/// The first folder of a source path.
pub(super) fn folder_of(source: &str) -> &str {
    source.split_once('/').map_or("the top folder", |(folder, _)| folder)
}

/// The mean of vectors, of unit length; none when there is no vector.
fn mean<'v>(vectors: impl Iterator<Item = &'v [f32]>) -> Option<Vec<f32>> {
    let mut sum: Vec<f32> = Vec::new();
    for vector in vectors {
        if sum.is_empty() {
            sum = vec![0.0; vector.len()];
        }
        sum.iter_mut().zip(vector).for_each(|(sum, x)| *sum += x);
    }
    let length = sum.iter().map(|x| x * x).sum::<f32>().sqrt();
    (length > 0.0).then(|| sum.into_iter().map(|x| x / length).collect())
}

/// Share of the words of a text that no fragment has; none when it has no words.
fn unknown_share(lexical: &LexicalIndex, text: &str) -> Result<Option<f64>, EngineError> {
    let words = lexical.weighted_words(text)?;
    // The weight of a word that stands nowhere.
    let most = (1.0 + (lexical.len() as f32 + 0.5) / 0.5).ln();
    let n_unknown = words.iter().filter(|(_, weight)| *weight >= most - 1e-4).count();
    Ok((!words.is_empty()).then(|| n_unknown as f64 / words.len() as f64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_follow_up_and_a_question_asked_again_belong_to_the_first() {
        let record = |answer: &str, who: &str, question: &str, leans: bool| RecordedAnswer {
            answer: answer.to_owned(),
            principal: who.to_owned(),
            question: question.to_owned(),
            resolved_question: leans.then(|| "alone".to_owned()),
            ..RecordedAnswer::default()
        };
        let records = [
            record("1", "a", "Which seal?", false),
            record("2", "b", "which seal?", false),
            record("3", "a", "And its price?", true),
            record("4", "a", "which  SEAL?", false),
            record("5", "a", "Which pump?", false),
            record("6", "a", "And then?", true),
        ];
        assert_eq!(blocks(&records), ["1", "2", "1", "1", "5", "5"]);
    }

    #[test]
    fn a_document_is_the_mean_of_its_fragments() {
        let vectors: [&[f32]; 2] = [&[1.0, 0.0], &[0.0, 1.0]];
        let found = mean(vectors.into_iter()).unwrap();
        assert!(found.iter().all(|x| (x - 0.5f32.sqrt()).abs() < 1e-6), "{found:?}");
        assert_eq!(mean(std::iter::empty()), None);
    }
}
