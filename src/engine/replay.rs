//! The retrieval behind an answer, done again.

use super::ask::Session;
use super::error::EngineError;
use super::knowledge_base::KnowledgeBase;
use super::sealing::Parameters;
use super::setup::InForce;
use crate::audit::{RecordedAnswer, RecordedEvidence, is_erased, recorded};
use crate::model::{AnswerId, Evidence, GenerationId, Principal, Query, Role, Stopwatch};
use crate::retrieve::{RetrievalMode, Snapshot};
use crate::vocab::{self, prov, vt};
use oxigraph::model::Term;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Scores may differ by this share: vectors of questions that are embedded together with
/// others differ in their last bits.
const TOLERANCE: f64 = 1e-4;
/// Hits of answers that do not say how many were looked for.
const DEFAULT_HITS: usize = 20;
/// Documents that are named at most.
const MOST_NAMED: usize = 20;

/// What became of a retrieval that was done again.
#[derive(Clone, Debug, Serialize)]
pub struct Replay {
    /// The answer.
    pub answer_id: String,
    /// Whether the same evidence came out, in the same order.
    pub identical: bool,
    /// The generation that answered.
    pub generation_then: String,
    /// The generation on which it was done again.
    pub generation_now: String,
    /// Whether that is the one that answered.
    pub pinned: bool,
    /// What changed since: documents, models, settings.
    pub changed: Vec<String>,
    /// How the evidence differs.
    pub differences: Vec<String>,
}

/// Does the retrieval behind answers again, and keeps the last generation in memory.
pub struct Replayer<'kb> {
    knowledge_base: &'kb KnowledgeBase,
    /// Whether on the current generation, whichever answered.
    on_current: bool,
    last: Option<Arc<Snapshot>>,
}

impl Replayer<'_> {
    /// Does the retrieval behind an answer again, for who asked.
    ///
    /// # Errors
    /// As [`KnowledgeBase::replay`].
    pub fn replay(&mut self, id: &AnswerId) -> Result<Replay, EngineError> {
        self.knowledge_base.replay_by(id, &mut |generation| self.snapshot(generation))
    }

    fn snapshot(&mut self, answered: &GenerationId) -> Result<Arc<Snapshot>, EngineError> {
        let wanted = match self.knowledge_base.is_kept(answered) && !self.on_current {
            true => Some(answered.clone()),
            false => self.knowledge_base.current()?,
        };
        if let Some(last) = &self.last
            && wanted.as_ref() == Some(last.generation())
        {
            return Ok(Arc::clone(last));
        }
        // Two at a time would need twice the memory.
        self.last = None;
        let snapshot = match wanted {
            Some(wanted) if self.knowledge_base.current()?.as_ref() != Some(&wanted) => {
                self.knowledge_base.snapshot_of(&wanted)
            }
            _ => self.knowledge_base.snapshot(),
        }?;
        Ok(Arc::clone(self.last.insert(snapshot)))
    }
}

impl KnowledgeBase {
    /// Does the retrieval behind answers again, each on the generation that answered
    /// where that is kept, else on the current one.
    pub fn replayer(&self) -> Replayer<'_> {
        Replayer { knowledge_base: self, on_current: false, last: None }
    }

    /// Does the retrieval behind answers again on the current generation, which shows
    /// what they would rest on today.
    pub fn replayer_on_current(&self) -> Replayer<'_> {
        Replayer { knowledge_base: self, on_current: true, last: None }
    }

    /// Does the retrieval behind an answer again, for who asked, on the generation that
    /// answered where that is kept, else on the current one.
    ///
    /// # Errors
    /// When there is no such answer, its question was erased or was a picture, or
    /// retrieval fails.
    pub fn replay(&self, id: &AnswerId) -> Result<Replay, EngineError> {
        self.replayer().replay(id)
    }

    fn replay_by(
        &self,
        id: &AnswerId,
        snapshot: &mut dyn FnMut(&GenerationId) -> Result<Arc<Snapshot>, EngineError>,
    ) -> Result<Replay, EngineError> {
        let triples = self.graph.graph(id.as_str())?;
        let missing = || EngineError::NoAnswer(id.name().to_owned());
        let record = recorded(id.as_str(), &triples).ok_or_else(missing)?;
        let access = self.graph.answer_access(id)?.ok_or_else(missing)?;
        let impossible = |reason| EngineError::NoReplay { answer: id.name().to_owned(), reason };
        if is_erased(&record.question) {
            return Err(impossible("its question was erased"));
        }
        if record.mode == "refused" {
            return Err(impossible("its question was refused, and nothing was looked for"));
        }
        if record.question_picture_sha256.is_some() {
            return Err(impossible("it was asked with a picture, which is not kept"));
        }
        let then = GenerationId::from_iri(record.generation.as_str());
        let session = self.session_on(snapshot(&then)?);
        let text = record.resolved_question.as_ref().unwrap_or(&record.question);
        let query = Query::text(text, record.n_hits_wanted.unwrap_or(DEFAULT_HITS));
        let query = query.within(access.asker_labels.as_ref());
        let known = |mode: &RetrievalMode| Some(mode.as_str()) == record.retrieval_mode.as_deref();
        let mode = RetrievalMode::ALL.into_iter().find(known).unwrap_or(RetrievalMode::Graph);
        let found = session.find(&query, mode, &mut Stopwatch::off())?;
        // The rules of today, for who asked then.
        let role = access.role.unwrap_or(Role::Agent);
        let asker = Principal::new(&access.principal, role, access.asker_labels.clone());
        let texts: Vec<&str> = std::iter::once(&record.question)
            .chain(&record.resolved_question)
            .map(String::as_str)
            .collect();
        let policing = session.policing(&texts, &asker, access.asker_labels.as_ref())?;
        let hits =
            policing.and_then(|mut policing| policing.counting(&session.snapshot, &found.hits));
        let evidence = session.evidence(hits.as_ref().unwrap_or(&found.hits));
        let differences = differences(&record.evidence, &evidence);
        let now = session.snapshot().generation().clone();
        let name = record.generation.strip_prefix(vocab::GENERATION_PREFIX);
        Ok(Replay {
            answer_id: id.name().to_owned(),
            identical: differences.is_empty(),
            generation_then: name.unwrap_or(&record.generation).to_owned(),
            generation_now: now.name().to_owned(),
            pinned: now == then,
            changed: self.changed_since(&record, &now, &session)?,
            differences,
        })
    }

    fn changed_since(
        &self,
        record: &RecordedAnswer,
        now: &GenerationId,
        session: &Session<'_>,
    ) -> Result<Vec<String>, EngineError> {
        let text = session.text.model.space();
        let mut changed = Vec::new();
        if record.generation != now.as_str() {
            changed.extend(self.changed_documents(record)?);
        }
        let then: BTreeSet<&str> = record.spaces.iter().map(String::as_str).collect();
        let spaces = self.models.spaces_with(text);
        let iri = |space: &crate::model::Space| format!("{}{}", vocab::SPACE_PREFIX, space.id().0);
        for space in &spaces {
            if !then.contains(iri(space).as_str()) {
                changed.push(format!("model: {} is searched now", space.display_name()));
            }
        }
        for gone in then.iter().filter(|then| spaces.iter().all(|space| iri(space) != **then)) {
            let described = self.graph.about(vocab::GRAPH_GOVERNANCE, gone)?;
            let model = described.iter().find(|t| t.predicate.as_str() == vt::MODEL);
            let model = model.map_or_else(|| (*gone).to_owned(), |t| value(&t.object));
            changed.push(format!("model: {model} was searched then"));
        }
        changed.extend(self.changed_settings(record, &session.in_force)?);
        let policy = self.policy().map(|policy| policy.digest().to_string());
        let then = record.policy.as_deref().and_then(|iri| iri.strip_prefix(vocab::POLICY_PREFIX));
        if then != policy.as_deref() {
            let none = "none";
            let (then, now) = (then.unwrap_or(none), policy.as_deref().unwrap_or(none));
            changed.push(format!("policy: was {then}, is {now}"));
        }
        Ok(changed)
    }

    /// Documents that are not what they were in the generation of an answer.
    fn changed_documents(&self, record: &RecordedAnswer) -> Result<Vec<String>, EngineError> {
        let described = self.graph.about(vocab::GRAPH_GOVERNANCE, &record.generation)?;
        let versions = described.iter().filter(|t| t.predicate.as_str() == prov::WAS_DERIVED_FROM);
        let then: BTreeSet<String> = versions.map(|triple| value(&triple.object)).collect();
        let documents = self.graph.documents()?;
        let now: BTreeSet<&str> = documents.iter().map(|d| d.version.as_str()).collect();
        let mut changed = BTreeSet::new();
        for document in &documents {
            if !then.contains(document.version.as_str()) {
                changed.insert(format!("document: {} is new or changed", document.source));
            }
        }
        for evidence in &record.evidence {
            let present = documents.iter().any(|document| document.source == evidence.source);
            if !now.contains(evidence.version.as_str()) && !present {
                changed.insert(format!("document: {} is gone", evidence.source));
            }
        }
        let n_all = changed.len();
        let mut changed: Vec<String> = changed.into_iter().take(MOST_NAMED).collect();
        if n_all > MOST_NAMED {
            changed.push(format!("document: and {} more", n_all - MOST_NAMED));
        }
        if changed.is_empty() {
            let n_gone = then.iter().filter(|version| !now.contains(version.as_str())).count();
            changed.push(match n_gone {
                0 => {
                    "documents are the same; decisions, models or settings made another generation"
                        .to_owned()
                }
                n => format!("document: {n} of the documents of then are gone"),
            });
        }
        Ok(changed)
    }

    fn changed_settings(
        &self,
        record: &RecordedAnswer,
        in_force: &InForce,
    ) -> Result<Vec<String>, EngineError> {
        let Some(settings) = &record.parameters else { return Ok(Vec::new()) };
        let described = self.graph.about(vocab::GRAPH_GOVERNANCE, settings)?;
        let text = described.iter().find(|t| t.predicate.as_str() == vt::PARAMETERS_JSON);
        let Some(then) = text.and_then(|t| serde_json::from_str(&value(&t.object)).ok()) else {
            return Ok(vec!["settings: those of then are not there".to_owned()]);
        };
        let config = &self.config;
        let strict = in_force.answer.strict();
        let differing = |answer: &crate::answer::Config| -> Vec<String> {
            let parameters = Parameters {
                answer,
                dense: &config.dense,
                lexical: &config.lexical,
                retrieve: &in_force.retrieve,
            };
            let now: Value = serde_json::from_str(&parameters.to_text()).unwrap_or_default();
            let mut found = Vec::new();
            compare_settings("", &then, &now, &mut found);
            found
        };
        // The answer may have been asked for in the strict way.
        let (plain, strict) = (differing(&in_force.answer), differing(&strict));
        Ok(if strict.len() < plain.len() { strict } else { plain })
    }
}

fn value(term: &Term) -> String {
    match term {
        Term::NamedNode(node) => node.as_str().to_owned(),
        Term::Literal(literal) => literal.value().to_owned(),
        Term::BlankNode(_) => String::new(),
    }
}

/// Names every setting that differs, by its path.
fn compare_settings(path: &str, then: &Value, now: &Value, found: &mut Vec<String>) {
    match (then, now) {
        (Value::Object(a), Value::Object(b)) => {
            let keys: BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            for key in keys {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                let of = |map: &serde_json::Map<String, Value>| {
                    map.get(key).cloned().unwrap_or(Value::Null)
                };
                compare_settings(&path, &of(a), &of(b), found);
            }
        }
        _ if then != now => found.push(format!("setting: {path} was {then}, is {now}")),
        _ => {}
    }
}

/// How evidence differs from what was recorded.
fn differences(then: &[RecordedEvidence], now: &[Evidence]) -> Vec<String> {
    let mut found = Vec::new();
    for place in 0..then.len().max(now.len()) {
        let number = place + 1;
        match (then.get(place), now.get(place)) {
            (Some(old), Some(new)) if old.fragment != new.fragment.id.as_str() => {
                found.push(format!(
                    "evidence {number} was {} ({}), is {} ({})",
                    old.source, old.fragment, new.source, new.fragment.id
                ));
            }
            (Some(old), Some(new)) => {
                let score = f64::from(new.score);
                if (old.score - score).abs() > TOLERANCE * old.score.abs().max(1e-9) {
                    found.push(format!(
                        "evidence {number} ({}) had the score {}, has {score}",
                        old.source, old.score
                    ));
                }
            }
            (Some(old), None) => {
                found.push(format!("evidence {number} was {}, is gone", old.source))
            }
            (None, Some(new)) => {
                found.push(format!("evidence {number} is {}, was not there", new.source));
            }
            (None, None) => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn settings_that_differ_are_named_by_path() {
        let mut found = Vec::new();
        let then = json!({"retrieve": {"graph_weight": 0.3, "routes": []}, "answer": {"a": 1}});
        let now = json!({"retrieve": {"graph_weight": 0.4, "routes": []}, "answer": {"a": 1}});
        compare_settings("", &then, &now, &mut found);
        assert_eq!(found, ["setting: retrieve.graph_weight was 0.3, is 0.4"]);
    }
}
