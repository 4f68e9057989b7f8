//! Which generation answers, and who decided that.
//!
//! `CURRENT` names the generation that answers. Who changes that, from which to which,
//! when and why is recorded in the governance graph first. Going back to an earlier one
//! holds publishing: what is taken in afterwards builds generations aside, until one is
//! promoted.

use super::blobs::write_atomically;
use super::build::{now, software};
use super::error::{EngineError, io_error};
use super::generations::first;
use super::knowledge_base::KnowledgeBase;
use crate::config::PublishRule;
use crate::graph::Triples;
use crate::model::{Digest, GenerationId};
use crate::retrieve::Snapshot;
use crate::vocab::{self, prov, rdfs, vt};
use serde::Serialize;
use std::fs;
use std::sync::Arc;

/// Present while publishing is held; says why.
const HOLD: &str = "HOLD";

/// What becomes of a generation that is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Publishing {
    /// It answers from now on, if the gate lets it.
    Gated,
    /// It answers from now on, whatever it is: what answered before must not any more.
    AtOnce,
    /// It waits.
    Aside,
}

/// Who makes a generation the one that answers, and why.
#[derive(Clone, Debug)]
pub struct PromotedBy {
    /// Who asked for it.
    pub principal: String,
    /// Why.
    pub reason: Option<String>,
}

/// What a change of generations did.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Promotion {
    /// What answered before.
    pub from: Option<String>,
    /// What answers now.
    pub to: String,
    /// Whether publishing is held from now on.
    pub held: bool,
}

impl KnowledgeBase {
    /// Lets a generation answer from now on, after reading it as those who ask will.
    /// Publishing is held when it is not the newest, and goes on when it is.
    ///
    /// # Errors
    /// When it cannot be read; then the one before goes on answering.
    pub fn promote(
        &self,
        generation: &GenerationId,
        by: &PromotedBy,
    ) -> Result<(Promotion, Arc<Snapshot>), EngineError> {
        let snapshot = self.snapshot_of(generation)?;
        Ok((self.serve_from_now_on(generation, by)?, snapshot))
    }

    /// As [`KnowledgeBase::promote`], if the golden sets let it.
    ///
    /// # Errors
    /// When the gate refuses it, which the error explains, or as promoting.
    pub fn promote_through_gate(
        &self,
        generation: &GenerationId,
        by: &PromotedBy,
    ) -> Result<(Promotion, Arc<Snapshot>), EngineError> {
        self.pass_gate(generation)?;
        self.promote(generation, by)
    }

    /// Asks the golden sets whether a generation may answer.
    pub(super) fn pass_gate(&self, generation: &GenerationId) -> Result<(), EngineError> {
        if !self.config.generations.gate.enabled {
            return Ok(());
        }
        let report = self.evaluate_generation(generation)?;
        if report.verdict.passes {
            return Ok(());
        }
        Err(EngineError::Gate {
            generation: generation.name().to_owned(),
            reasons: report.verdict.reasons.join("; "),
        })
    }

    /// As [`KnowledgeBase::promote`], for a generation that was read already.
    ///
    /// # Errors
    /// When the knowledge base cannot be written.
    pub fn serve_from_now_on(
        &self,
        generation: &GenerationId,
        by: &PromotedBy,
    ) -> Result<Promotion, EngineError> {
        let _writer = self.sole_writer();
        let from = self.current()?;
        let is_newest = self.newest_generation()?.as_deref() == Some(generation.name());
        if is_newest {
            self.release()?;
        } else {
            let reason = by.reason.as_deref().unwrap_or("an earlier generation was promoted");
            let text = format!("{} ({})", reason, by.principal);
            write_atomically(&self.root.join(HOLD), text.as_bytes())?;
        }
        self.make_current(generation, Some(by))?;
        Ok(Promotion {
            from: from.map(|from| from.name().to_owned()),
            to: generation.name().to_owned(),
            held: !is_newest,
        })
    }

    /// Whether the documents of a generation in memory have the labels of today, and are
    /// all there.
    ///
    /// # Errors
    /// When the graph cannot be read.
    pub fn is_of_today(&self, snapshot: &Snapshot) -> Result<bool, EngineError> {
        let labels = self.graph.access_labels()?;
        Ok(snapshot.documents().all(|document| {
            snapshot.was_gone(&document.id)
                || labels.get(&document.id) == Some(&document.access_label)
        }))
    }

    /// The generation that answered before the current one; none when there was none or
    /// it is not kept.
    ///
    /// # Errors
    /// When the graph cannot be read.
    pub fn answered_before(&self) -> Result<Option<GenerationId>, EngineError> {
        let Some(current) = self.current()? else { return Ok(None) };
        let promotions = self.graph.subjects_in_governance(vt::PROMOTED, current.as_str())?;
        let mut last: Option<(String, String)> = None;
        for promotion in promotions {
            let about = self.graph.about(vocab::GRAPH_GOVERNANCE, &promotion)?;
            let at = first(&about, prov::ENDED_AT_TIME).unwrap_or_default();
            if let Some(before) = first(&about, vt::REPLACED)
                && last.as_ref().is_none_or(|(known, _)| *known < at)
            {
                last = Some((at, before));
            }
        }
        let before = last.map(|(_, before)| GenerationId::from_iri(before));
        Ok(before.filter(|id| self.is_kept(id)))
    }

    /// What becomes of the next generation.
    pub(super) fn publishing(&self) -> Result<Publishing, EngineError> {
        let by_hand = self.config.generations.publish == PublishRule::ByHand;
        // What both arms of a canary are compared on must not change under them.
        let waits = by_hand || self.held().is_some() || self.generation_on_trial().is_some();
        Ok(if waits { Publishing::Aside } else { Publishing::Gated })
    }

    /// Lets publishing go on.
    pub(super) fn release(&self) -> Result<(), EngineError> {
        let path = self.root.join(HOLD);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(io_error("remove", &path)(error))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn held(&self) -> Option<String> {
        fs::read_to_string(self.root.join(HOLD)).ok()
    }

    /// Records that a generation answers from now on, and lets it; nothing when it does.
    pub(super) fn make_current(
        &self,
        generation: &GenerationId,
        by: Option<&PromotedBy>,
    ) -> Result<(), EngineError> {
        let before = self.current()?;
        if before.as_ref() == Some(generation) {
            return Ok(());
        }
        let at = now();
        let digest = Digest::of_parts([generation.as_str().as_bytes(), at.as_bytes()]);
        let id = format!("{}promotion:{}", vocab::ACTIVITY_PREFIX, digest.short());
        let mut triples = Triples::new();
        triples.class(&id, vt::PROMOTION);
        triples.class(&id, prov::ACTIVITY);
        triples.link(&id, vt::PROMOTED, generation.as_str());
        if let Some(before) = &before {
            triples.link(&id, vt::REPLACED, before.as_str());
        }
        triples.time(&id, prov::ENDED_AT_TIME, &at);
        triples.text(&id, rdfs::LABEL, &software());
        if let Some(by) = by {
            let principal = format!("{id}/principal");
            triples.link(&id, prov::WAS_ASSOCIATED_WITH, &principal);
            triples.class(&principal, prov::AGENT);
            triples.text(&principal, rdfs::LABEL, &by.principal);
            if let Some(reason) = &by.reason {
                triples.text(&id, vt::REASON, reason);
            }
        }
        self.graph.add_to_graph(vocab::GRAPH_GOVERNANCE, &triples.into_vec())?;
        self.graph.flush()?;
        write_atomically(&self.root.join("CURRENT"), generation.name().as_bytes())?;
        let by = by.map_or_else(software, |by| by.principal.clone());
        self.canary_after_promotion(generation, &by)
    }
}
