//! Which answers there are, and which ones rest on something.

use super::error::EngineError;
use super::records::Records;
use crate::audit::Used;
use crate::graph::{QueryOptions, ResultFormat};
use crate::model::{AnswerId, DocumentId};
use crate::vocab::{self, prov, rdfs, vt};
use oxigraph::model::{Literal, NamedNode};
use serde::Serialize;
use std::collections::BTreeSet;

/// Longest search in the graph.
const TIMEOUT_MS: u64 = 60_000;
/// So many answers are described and put in order of time; of more, the last seals are
/// followed.
const MOST_DESCRIBED: usize = 2_000;

/// Which answers are listed; all of the conditions hold for each.
#[derive(Clone, Debug, Default)]
pub struct AnswerFilter {
    /// Asked at this time or later: RFC 3339, or the beginning of it.
    pub since: Option<String>,
    /// Asked before this time.
    pub until: Option<String>,
    /// Asked by.
    pub principal: Option<String>,
    /// Rest on this document.
    pub document: Option<String>,
    /// Rest on evidence that names this entity.
    pub entity: Option<String>,
    /// Made with this embedding model or language model.
    pub model: Option<String>,
    /// From this generation.
    pub generation: Option<String>,
    /// With a sentence that the evidence does not carry, left out or not.
    pub unsupported: bool,
    /// Said to be bad or wrong by somebody.
    pub flagged: bool,
    /// Answers at most, the latest first.
    pub limit: usize,
}

/// One answer in a list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AnswerSummary {
    /// Its name.
    pub answer_id: String,
    /// When it was asked, RFC 3339.
    pub started_at: String,
    /// Who asked.
    pub principal: String,
    /// What was asked.
    pub question: String,
    /// How it was answered.
    pub mode: String,
    /// From which generation.
    pub generation: String,
}

/// What rests on something.
#[derive(Clone, Debug, Serialize)]
pub struct Impact {
    /// IRIs, or the name of a language model.
    pub of: Vec<String>,
    /// Number of answers.
    pub n_answers: usize,
    /// Names of all of them, the latest first.
    pub answers: Vec<String>,
    /// The latest of them with time and question.
    pub described: Vec<AnswerSummary>,
}

impl Records {
    /// Answers that fit a filter, the latest first.
    ///
    /// # Errors
    /// When a name is not known, or the graph cannot be read.
    pub fn list_answers(&self, filter: &AnswerFilter) -> Result<Vec<AnswerSummary>, EngineError> {
        let mut sets = Vec::new();
        if let Some(name) = &filter.document {
            sets.push(self.answers_with(vec![Used::iri(&self.document_iri(name))])?);
        }
        if let Some(name) = &filter.entity {
            sets.push(self.answers_with(used_iris(&self.entity_iris(name)?))?);
        }
        if let Some(name) = &filter.model {
            sets.push(self.answers_with(self.uses_of_model(name)?.1)?);
        }
        if let Some(name) = &filter.generation {
            let generation = format!("{}{name}", vocab::GENERATION_PREFIX);
            sets.push(self.answers_with(vec![Used::iri(&generation)])?);
        }
        if let Some(name) = &filter.principal {
            let name = Literal::new_simple_literal(name);
            sets.push(self.answers_where(&format!(
                "?who rdfs:label {name} . ?act prov:wasAssociatedWith ?who"
            ))?);
        }
        if filter.unsupported {
            sets.push(self.answers_where("?sentence vt:verdict \"unsupported\"")?);
        }
        if filter.flagged {
            let flagged = self.graph.feedback()?.into_iter();
            let flagged = flagged.filter(|given| given.opinion.is_complaint());
            sets.push(flagged.map(|given| given.answer).collect());
        }
        let in_time = |at: &str| {
            filter.since.as_deref().is_none_or(|since| at >= since)
                && filter.until.as_deref().is_none_or(|until| at < until)
        };
        let candidates = sets.into_iter().reduce(|a, b| a.intersection(&b).cloned().collect());
        if let Some(some) = candidates.as_ref().filter(|some| some.len() <= MOST_DESCRIBED) {
            let mut described = self.summaries(some)?;
            described.retain(|summary| in_time(&summary.started_at));
            described.truncate(filter.limit);
            return Ok(described);
        }
        let mut found = Vec::new();
        for sequence in (1..=self.last_sealed()?).rev() {
            if found.len() >= filter.limit {
                break;
            }
            let Some((seal, _)) = self.seal_at(sequence)? else { continue };
            let Some(name) = seal.of.strip_prefix(vocab::ANSWER_PREFIX) else { continue };
            let Some(answer) = AnswerId::from_name(name) else { continue };
            if candidates.as_ref().is_some_and(|some| !some.contains(&answer)) {
                continue;
            }
            found.extend(self.summary(&answer)?.filter(|summary| in_time(&summary.started_at)));
        }
        Ok(found)
    }

    /// Every answer that used a document, an entity, a model or a generation; the latest
    /// `n_described` of them with time and question.
    ///
    /// # Errors
    /// When nothing has this name, or the graph cannot be read.
    pub fn impact(&self, name: &str, n_described: usize) -> Result<Impact, EngineError> {
        let is_iri = name.contains(':') && NamedNode::new(name).is_ok();
        let direct = if is_iri { name.to_owned() } else { self.document_iri(name) };
        let (spaces, model) = self.uses_of_model(name)?;
        let generation = format!("{}{name}", vocab::GENERATION_PREFIX);
        let groups = [vec![Used::iri(&direct)], model, vec![Used::iri(&generation)]];
        let names = [vec![direct], spaces, vec![generation]];
        let found = self.answers_using(&groups)?.into_iter();
        let used = names.into_iter().zip(found).find(|(_, answers)| !answers.is_empty());
        let (of, answers) = match used {
            Some(used) => used,
            None => self.impact_of_entity(name)?,
        };
        let mut described = Vec::new();
        for answer in answers.iter().take(n_described) {
            described.extend(self.summary(answer)?);
        }
        Ok(Impact {
            of,
            n_answers: answers.len(),
            answers: answers.iter().map(|answer| answer.name().to_owned()).collect(),
            described,
        })
    }

    /// What a name stands for that no answer used under it, unless it is an entity.
    fn impact_of_entity(&self, name: &str) -> Result<(Vec<String>, Vec<AnswerId>), EngineError> {
        match self.entity_iris(name) {
            Ok(iris) => {
                let found = self.answers_using(&[used_iris(&iris)])?;
                Ok((iris, found.into_iter().flatten().collect()))
            }
            Err(EngineError::NoEntity(name)) => {
                let document = self.document_iri(&name);
                match self.graph.has_document(&DocumentId::from_iri(&document))? {
                    true => Ok((vec![document], Vec::new())),
                    false => Err(EngineError::NoImpact(name)),
                }
            }
            Err(error) => Err(error),
        }
    }

    fn document_iri(&self, name: &str) -> String {
        match name.starts_with(vocab::DOCUMENT_PREFIX) {
            true => name.to_owned(),
            false => DocumentId::from_source(name).as_str().to_owned(),
        }
    }

    /// The spaces of an embedding model and the name of a language model, and what an
    /// answer used that was made with one of them.
    fn uses_of_model(&self, name: &str) -> Result<(Vec<String>, Vec<Used>), EngineError> {
        let mut spaces = self.graph.spaces_of_model(name)?;
        let mut used = used_iris(&spaces);
        used.push(Used::model(name));
        spaces.push(name.to_owned());
        Ok((spaces, used))
    }

    /// The answers that used one of these.
    fn answers_with(&self, used: Vec<Used>) -> Result<BTreeSet<AnswerId>, EngineError> {
        Ok(self.answers_using(&[used])?.into_iter().flatten().collect())
    }

    /// Answers in whose graph a pattern has a match.
    fn answers_where(&self, pattern: &str) -> Result<BTreeSet<AnswerId>, EngineError> {
        let rows = self.column(&format!("SELECT ?x {{ GRAPH ?x {{ {pattern} }} }}"))?;
        let names = rows.iter().filter_map(|iri| iri.strip_prefix(vocab::ANSWER_PREFIX));
        Ok(names.filter_map(AnswerId::from_name).collect())
    }

    /// IRIs that a query finds.
    fn column(&self, query: &str) -> Result<Vec<String>, EngineError> {
        let options = QueryOptions { timeout_ms: TIMEOUT_MS, formats: vec![ResultFormat::Tsv] };
        let mut output = Vec::new();
        self.graph.query(query, &options, None, &mut output)?;
        let text = String::from_utf8_lossy(&output);
        let rows = text.lines().skip(1).map(|row| row.trim_matches(['<', '>']).to_owned());
        Ok(rows.collect())
    }

    fn summaries(&self, answers: &BTreeSet<AnswerId>) -> Result<Vec<AnswerSummary>, EngineError> {
        let mut described = Vec::new();
        for answer in answers {
            described.extend(self.summary(answer)?);
        }
        described.sort_by(|a, b| (&b.started_at, &b.answer_id).cmp(&(&a.started_at, &a.answer_id)));
        Ok(described)
    }

    fn summary(&self, answer: &AnswerId) -> Result<Option<AnswerSummary>, EngineError> {
        let graph = answer.as_str();
        let value = |part: &str, property: &str| -> Result<String, EngineError> {
            let found = self.graph.value_in(graph, &format!("{graph}{part}"), property)?;
            Ok(found.unwrap_or_default())
        };
        let mode = value("", vt::MODE)?;
        if mode.is_empty() {
            return Ok(None);
        }
        let generation = value("", vt::ANSWERED_BY)?;
        let generation = generation.strip_prefix(vocab::GENERATION_PREFIX).unwrap_or(&generation);
        Ok(Some(AnswerSummary {
            answer_id: answer.name().to_owned(),
            started_at: value("/answering", prov::STARTED_AT_TIME)?,
            principal: value("/principal", rdfs::LABEL)?,
            question: value("/question", prov::VALUE)?,
            mode,
            generation: generation.to_owned(),
        }))
    }
}

/// IRIs as answers used them.
fn used_iris(iris: &[String]) -> Vec<Used> {
    iris.iter().map(|iri| Used::iri(iri)).collect()
}
