//! What is known of a canary: as it runs, as it is reported, and as it is recorded.

use super::error::{EngineError, io_error};
use super::generations::{all, first, named};
use super::knowledge_base::KnowledgeBase;
use crate::govern::{CanaryCounts, Compared, Interval, compare_arms, normal_quantile};
use crate::graph::Triples;
use crate::model::GenerationId;
use crate::vocab::{self, prov, rdfs, vt};
use serde::{Deserialize, Serialize};
use std::fs;
use std::io::ErrorKind;
use std::path::Path;

pub(super) const FORMAT: &str = "veritrail-canary 1";

/// A canary that runs, as it is on disk.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Canary {
    pub(super) format: String,
    pub(super) id: String,
    pub(super) generation: String,
    pub(super) against: String,
    pub(super) share: f64,
    pub(super) started_at: String,
    pub(super) started_by: String,
    pub(super) reason: Option<String>,
    pub(super) counts: CanaryCounts,
}

/// How a canary ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum CanaryOutcome {
    /// A guardrail was breached.
    RolledBack,
    /// A person ended it.
    Stopped,
    /// The generation answers everything from now on.
    Promoted,
    /// Another generation answers, or the one on trial is gone.
    Superseded,
}

impl CanaryOutcome {
    /// Name in output and records.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RolledBack => "rolled-back",
            Self::Stopped => "stopped",
            Self::Promoted => "promoted",
            Self::Superseded => "superseded",
        }
    }
}

/// How a canary ended.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CanaryEnd {
    /// When, RFC 3339.
    pub at: String,
    /// Who ended it; `rule` for a breached guardrail.
    pub by: String,
    /// How.
    pub outcome: String,
    /// Why.
    pub reasons: Vec<String>,
}

/// What a canary has shown so far, or until its end.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CanaryReport {
    /// Its name.
    pub id: String,
    /// The generation that is tried.
    pub generation: String,
    /// The generation that answers the rest.
    pub against: String,
    /// Share of the askers whom it answers.
    pub share: f64,
    /// When it began, RFC 3339.
    pub started_at: String,
    /// Who began it.
    pub started_by: String,
    /// Why.
    pub reason: Option<String>,
    /// What both arms have done.
    pub counts: CanaryCounts,
    /// Each measure of both arms, with 95 % intervals.
    pub compared: Vec<Compared>,
    /// Share of documents that both arms find for one question, with its 95 % interval.
    pub overlap: Option<Interval>,
    /// How it ended; none while it runs.
    pub ended: Option<CanaryEnd>,
}

impl KnowledgeBase {
    pub(super) fn report(&self, canary: &Canary, ended: Option<CanaryEnd>) -> CanaryReport {
        let canary = canary.clone();
        CanaryReport {
            compared: compare_arms(&canary.counts, &self.config.generations.canary),
            overlap: canary.counts.overlap.interval(normal_quantile(0.975)),
            id: canary.id,
            generation: canary.generation,
            against: canary.against,
            share: canary.share,
            started_at: canary.started_at,
            started_by: canary.started_by,
            reason: canary.reason,
            counts: canary.counts,
            ended,
        }
    }

    /// A canary that ended, read back from its record.
    pub(super) fn ended_canary(&self, iri: &str) -> Result<Option<CanaryReport>, EngineError> {
        let about = self.graph.about(vocab::GRAPH_GOVERNANCE, iri)?;
        let value = |property: &str| first(&about, property).unwrap_or_default();
        let Some(at) = first(&about, prov::ENDED_AT_TIME) else { return Ok(None) };
        let name = |property: &str| GenerationId::from_iri(value(property)).name().to_owned();
        let agent = value(prov::WAS_ASSOCIATED_WITH);
        let agent = self.graph.about(vocab::GRAPH_GOVERNANCE, &agent)?;
        let canary = Canary {
            format: FORMAT.to_owned(),
            id: name_of(iri),
            generation: name(vt::TRIED),
            against: name(vt::TRIED_AGAINST),
            share: value(vt::CANARY_SHARE).parse().unwrap_or_default(),
            started_at: value(prov::STARTED_AT_TIME),
            started_by: first(&agent, rdfs::LABEL).unwrap_or_default(),
            reason: first(&about, rdfs::COMMENT),
            counts: serde_json::from_str(&value(vt::CANARY_MEASURED)).unwrap_or_default(),
        };
        let ended = CanaryEnd {
            at,
            by: value(vt::CANARY_ENDED_BY),
            outcome: value(vt::CANARY_OUTCOME),
            reasons: all(&about, vt::REASON).collect(),
        };
        Ok(Some(self.report(&canary, Some(ended))))
    }
}

impl Canary {
    pub(super) fn beginning(&self) -> Triples {
        let mut triples = Triples::new();
        let id = canary_iri(&self.id);
        triples.class(&id, vt::CANARY);
        triples.class(&id, prov::ACTIVITY);
        triples.link(&id, vt::TRIED, named(&self.generation).as_str());
        triples.link(&id, vt::TRIED_AGAINST, named(&self.against).as_str());
        triples.number(&id, vt::CANARY_SHARE, self.share);
        triples.time(&id, prov::STARTED_AT_TIME, &self.started_at);
        let principal = format!("{id}/principal");
        triples.link(&id, prov::WAS_ASSOCIATED_WITH, &principal);
        triples.class(&principal, prov::AGENT);
        triples.text(&principal, rdfs::LABEL, &self.started_by);
        if let Some(reason) = &self.reason {
            triples.text(&id, rdfs::COMMENT, reason);
        }
        triples
    }

    pub(super) fn ending(&self, end: &CanaryEnd) -> Triples {
        let mut triples = Triples::new();
        let id = canary_iri(&self.id);
        triples.time(&id, prov::ENDED_AT_TIME, &end.at);
        triples.text(&id, vt::CANARY_ENDED_BY, &end.by);
        triples.text(&id, vt::CANARY_OUTCOME, &end.outcome);
        end.reasons.iter().for_each(|reason| triples.text(&id, vt::REASON, reason));
        let measured = serde_json::to_string(&self.counts).unwrap_or_default();
        triples.text(&id, vt::CANARY_MEASURED, &measured);
        triples
    }
}

/// IRI of a canary.
fn canary_iri(id: &str) -> String {
    format!("{}{id}", vocab::CANARY_PREFIX)
}

/// Name of a canary.
pub(super) fn name_of(iri: &str) -> String {
    iri.strip_prefix(vocab::CANARY_PREFIX).unwrap_or(iri).to_owned()
}

/// The canary that the file `path` holds; none without a file.
pub(super) fn read(path: &Path) -> Result<Option<Canary>, EngineError> {
    let text = match fs::read(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        text => text.map_err(io_error("read", path))?,
    };
    let damaged = |reason: String| EngineError::Frozen { path: path.to_owned(), reason };
    let canary: Canary =
        serde_json::from_slice(&text).map_err(|error| damaged(error.to_string()))?;
    if canary.format != FORMAT {
        return Err(damaged(format!("its format is `{}`, not `{FORMAT}`", canary.format)));
    }
    Ok(Some(canary))
}
