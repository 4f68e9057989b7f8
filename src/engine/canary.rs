//! A generation answers a share of the questions, is measured beside the one that answers
//! the rest, and is taken back by a rule when it is worse.
//!
//! `CANARY` holds what runs and what both arms have done; it survives a restart. Beginning
//! and end are records of the governance graph.

use super::blobs::write_atomically;
use super::build::now;
use super::canary_record::{Canary, CanaryEnd, CanaryOutcome, CanaryReport, FORMAT, name_of, read};
use super::error::{EngineError, io_error};
use super::generations::{first, named};
use super::knowledge_base::KnowledgeBase;
use super::promotions::PromotedBy;
use crate::govern::{AnswerMeasured, CanaryCounts, breaches, too_many_failures};
use crate::model::{
    AnswerId, AnswerMode, AnswerRecord, Arm, Digest, GenerationId, ServedArm, Support,
};
use crate::retrieve::Snapshot;
use crate::vocab::{self, vt};
use std::fs;
use std::io::ErrorKind;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

const FILE: &str = "CANARY";
/// Counts are written this often at most, apart from looks and the end.
const BETWEEN_WRITES: Duration = Duration::from_secs(1);
/// Who ends a canary whose guardrail is breached.
const RULE: &str = "rule";

/// A canary that runs.
pub(super) struct RunningCanary {
    canary: Canary,
    written: Instant,
}

impl KnowledgeBase {
    fn running(&self) -> MutexGuard<'_, Option<RunningCanary>> {
        self.canary.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The generation that is tried; none when none is.
    pub fn generation_on_trial(&self) -> Option<GenerationId> {
        self.running().as_ref().map(|running| named(&running.canary.generation))
    }

    /// Which generation answers the asker with this key: the same one as long as the
    /// canary runs. `None` when none runs.
    pub fn arm_of(&self, key: &str) -> Option<ServedArm> {
        let running = self.running();
        let canary = &running.as_ref()?.canary;
        let arm = if place(&canary.id, key) < canary.share { Arm::Canary } else { Arm::Current };
        Some(ServedArm { canary: canary.id.clone(), arm })
    }

    /// Lets a generation answer a share of the askers, after reading it as they will, and
    /// if the golden sets let it unless it is forced.
    ///
    /// # Errors
    /// When one runs already, the share is none, the generation answers already, the gate
    /// refuses it, or it cannot be read.
    pub fn start_canary(
        &self,
        generation: &GenerationId,
        share: f64,
        by: &PromotedBy,
        through_gate: bool,
    ) -> Result<Arc<Snapshot>, EngineError> {
        let refused = |reason: &str| EngineError::Canary(reason.to_owned());
        if !(share > 0.0 && share < 1.0) {
            return Err(refused("expected a share above 0 and below 1"));
        }
        if through_gate {
            self.pass_gate(generation)?;
        }
        let _writer = self.sole_writer();
        let current = self.current()?.ok_or_else(|| EngineError::Empty(self.root.clone()))?;
        if current == *generation {
            return Err(refused("this generation answers already"));
        }
        let snapshot = self.snapshot_alone(generation)?;
        let mut running = self.running();
        if running.is_some() {
            return Err(refused("a canary runs already; stop it first"));
        }
        let at = now();
        let parts = [generation.as_str(), current.as_str(), &at];
        let canary = Canary {
            format: FORMAT.to_owned(),
            id: Digest::of_parts(parts.map(str::as_bytes)).short(),
            generation: generation.name().to_owned(),
            against: current.name().to_owned(),
            share,
            started_at: at,
            started_by: by.principal.clone(),
            reason: by.reason.clone(),
            counts: CanaryCounts::default(),
        };
        self.graph.add_to_graph(vocab::GRAPH_GOVERNANCE, &canary.beginning().into_vec())?;
        self.graph.flush()?;
        self.write_canary(&canary)?;
        *running = Some(RunningCanary { canary, written: Instant::now() });
        Ok(snapshot)
    }

    /// Ends the canary that runs; what it has shown, or `None` when none runs.
    ///
    /// # Errors
    /// When the knowledge base cannot be written; then it runs on.
    pub fn stop_canary(&self, by: &PromotedBy) -> Result<Option<CanaryReport>, EngineError> {
        let reasons = by.reason.iter().cloned().collect();
        let mut running = self.running();
        self.end(&mut running, &by.principal, CanaryOutcome::Stopped, reasons)
    }

    /// What the canary that runs has shown, else the last one that ended.
    ///
    /// # Errors
    /// When the graph cannot be read.
    pub fn canary_report(&self) -> Result<Option<CanaryReport>, EngineError> {
        if let Some(running) = self.running().as_ref() {
            return Ok(Some(self.report(&running.canary, None)));
        }
        let iris = self.graph.subjects_in_governance(vocab::rdf::TYPE, vt::CANARY)?;
        let mut last: Option<CanaryReport> = None;
        for iri in iris {
            if let Some(report) = self.ended_canary(&iri)?
                && last.as_ref().is_none_or(|known| known.started_at < report.started_at)
            {
                last = Some(report);
            }
        }
        Ok(last)
    }

    /// Counts an answer that was given during a canary. What the canary has shown when
    /// this answer was the one by which a rule ended it.
    ///
    /// # Errors
    /// When the knowledge base cannot be written.
    pub fn measure_answer(
        &self,
        record: &AnswerRecord,
        took: Duration,
    ) -> Result<Option<CanaryReport>, EngineError> {
        let Some(served) = &record.canary else { return Ok(None) };
        let measured = measured(record, took);
        self.count(served, |counts, arm| counts.arm(arm).add(measured))
    }

    /// Counts that the generation on trial failed where the other one did not; as
    /// [`KnowledgeBase::measure_answer`].
    ///
    /// # Errors
    /// When the knowledge base cannot be written.
    pub fn measure_failure(&self, served: &ServedArm) -> Result<Option<CanaryReport>, EngineError> {
        self.count(served, |counts, _| counts.canary.n_failures += 1)
    }

    /// Counts what somebody thinks of an answer; as [`KnowledgeBase::measure_answer`].
    ///
    /// # Errors
    /// When the knowledge base cannot be written.
    pub fn measure_feedback(
        &self,
        served: &ServedArm,
        is_bad: bool,
    ) -> Result<Option<CanaryReport>, EngineError> {
        self.count(served, |counts, arm| counts.arm(arm).add_feedback(is_bad))
    }

    /// The canary during which an answer was given, and its side; `None` when there was
    /// none.
    ///
    /// # Errors
    /// When the graph cannot be read.
    pub fn arm_that_answered(&self, answer: &AnswerId) -> Result<Option<ServedArm>, EngineError> {
        let about = self.graph.about(answer.as_str(), answer.as_str())?;
        let canary = first(&about, vt::IN_CANARY).map(|iri| name_of(&iri));
        let arm = first(&about, vt::CANARY_ARM);
        let arm = arm.and_then(|name| Arm::ALL.into_iter().find(|arm| arm.as_str() == name));
        Ok(canary.zip(arm).map(|(canary, arm)| ServedArm { canary, arm }))
    }

    /// Counts which share of documents both arms found for a question.
    ///
    /// # Errors
    /// When the knowledge base cannot be written.
    pub fn measure_overlap(&self, served: &ServedArm, share: f64) -> Result<(), EngineError> {
        self.count(served, |counts, _| counts.overlap.add(share)).map(drop)
    }

    fn count(
        &self,
        served: &ServedArm,
        add: impl FnOnce(&mut CanaryCounts, Arm),
    ) -> Result<Option<CanaryReport>, EngineError> {
        let mut held = self.running();
        let Some(running) = held.as_mut() else { return Ok(None) };
        if running.canary.id != served.canary {
            return Ok(None);
        }
        let config = &self.config.generations.canary;
        let counts = &mut running.canary.counts;
        add(counts, served.arm);
        let mut reasons: Vec<String> = too_many_failures(counts, config).into_iter().collect();
        let is_look = counts.is_look_due(config);
        if is_look {
            counts.n_looks += 1;
            reasons.extend(breaches(counts, config, counts.n_looks));
        }
        if !reasons.is_empty() {
            tracing::warn!(
                canary.generation = %running.canary.generation,
                reason = %reasons.join("; "),
                "a canary was taken back by rule"
            );
            return self.end(&mut held, RULE, CanaryOutcome::RolledBack, reasons);
        }
        if is_look || running.written.elapsed() >= BETWEEN_WRITES {
            running.written = Instant::now();
            self.write_canary(&running.canary)?;
        }
        Ok(None)
    }

    /// Writes what was counted since the last time.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn keep_canary(&self) -> Result<(), EngineError> {
        match self.running().as_ref() {
            Some(running) => self.write_canary(&running.canary),
            None => Ok(()),
        }
    }

    /// Another generation answers from now on: the comparison is over.
    pub(super) fn canary_after_promotion(
        &self,
        promoted: &GenerationId,
        by: &str,
    ) -> Result<(), EngineError> {
        let mut running = self.running();
        let Some(canary) = running.as_ref().map(|running| &running.canary) else { return Ok(()) };
        let (outcome, reason) = if canary.generation == promoted.name() {
            (CanaryOutcome::Promoted, "it answers everything from now on".to_owned())
        } else {
            (CanaryOutcome::Superseded, format!("{} answers from now on", promoted.name()))
        };
        self.end(&mut running, by, outcome, vec![reason]).map(drop)
    }

    /// Ends a canary that cannot go on.
    ///
    /// # Errors
    /// When the knowledge base cannot be written.
    pub fn give_up_canary(&self, reason: String) -> Result<(), EngineError> {
        let mut running = self.running();
        self.end(&mut running, RULE, CanaryOutcome::Superseded, vec![reason]).map(drop)
    }

    /// Takes up the canary that ran when the knowledge base was closed. One whose
    /// generations are not there any more is ended.
    pub(super) fn resume_canary(&self) -> Result<(), EngineError> {
        let Some(canary) = read(&self.root.join(FILE))? else { return Ok(()) };
        let is_kept = self.is_kept(&named(&canary.generation));
        let same = self.current()?.is_some_and(|current| current.name() == canary.against);
        *self.running() = Some(RunningCanary { canary, written: Instant::now() });
        if is_kept && same {
            return Ok(());
        }
        self.give_up_canary("its generations are not what they were".to_owned())
    }

    fn end(
        &self,
        held: &mut Option<RunningCanary>,
        by: &str,
        outcome: CanaryOutcome,
        reasons: Vec<String>,
    ) -> Result<Option<CanaryReport>, EngineError> {
        let Some(running) = held.as_ref() else { return Ok(None) };
        let canary = &running.canary;
        let end = CanaryEnd {
            at: now(),
            by: by.to_owned(),
            outcome: outcome.as_str().to_owned(),
            reasons,
        };
        self.graph.add_to_graph(vocab::GRAPH_GOVERNANCE, &canary.ending(&end).into_vec())?;
        self.graph.flush()?;
        let path = self.root.join(FILE);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                return Err(io_error("remove", &path)(error));
            }
            _ => {}
        }
        let report = self.report(canary, Some(end));
        *held = None;
        Ok(Some(report))
    }

    fn write_canary(&self, canary: &Canary) -> Result<(), EngineError> {
        let text = serde_json::to_vec(canary).unwrap_or_default();
        write_atomically(&self.root.join(FILE), &text)
    }
}

/// Place of an asker between 0 and 1, the same for each question of one canary.
fn place(id: &str, key: &str) -> f64 {
    let digest = Digest::of_parts([id.as_bytes(), key.as_bytes()]);
    let bytes = digest.as_bytes().iter().take(6);
    bytes.fold(0u64, |sum, byte| (sum << 8) | u64::from(*byte)) as f64 / (1u64 << 48) as f64
}

fn measured(record: &AnswerRecord, took: Duration) -> AnswerMeasured {
    let answer = &record.answer;
    let is_carried = answer.dropped.is_empty()
        && answer.sentences.iter().all(|sentence| sentence.support == Support::Supported);
    let any = !answer.sentences.is_empty() || !answer.dropped.is_empty();
    AnswerMeasured {
        abstained: matches!(answer.mode, AnswerMode::Abstained { .. }),
        supported: any.then_some(is_carried),
        took_ms: took.as_secs_f64() * 1e3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn askers_are_spread_evenly_and_stay_where_they_are() {
        let on_trial = |id: &str| (0..10_000).filter(|n| place(id, &n.to_string()) < 0.1).count();
        assert!((900..1_100).contains(&on_trial("a")), "{}", on_trial("a"));
        assert_eq!(place("a", "olga"), place("a", "olga"));
        assert_ne!(place("a", "olga"), place("b", "olga"), "another canary, other askers");
    }
}
