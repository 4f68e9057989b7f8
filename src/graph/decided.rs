//! What a person decided about something, as the governance graph states it.

use super::error::GraphError;
use super::store::Store;
use super::triples::Triples;
use crate::model::{ClaimStatus, Digest};
use crate::vocab::{self, prov, rdfs, vt};

/// One decision about a claim, an answer, feedback or an alert.
pub(super) struct Decided<'a> {
    /// IRI of what it is about.
    pub(super) about: &'a str,
    pub(super) status: ClaimStatus,
    /// Who decided.
    pub(super) principal: &'a str,
    /// RFC 3339.
    pub(super) decided_at: &'a str,
    pub(super) reason: Option<&'a str>,
}

impl Decided<'_> {
    /// States it. Its name is made of what, when and who.
    pub(super) fn describe(&self, triples: &mut Triples) {
        let digest =
            Digest::of_parts([self.about, self.decided_at, self.principal].map(str::as_bytes));
        let id = format!("{}{}", vocab::DECISION_PREFIX, digest.short());
        triples.class(&id, vt::DECISION);
        triples.link(&id, vt::DECIDES, self.about);
        triples.text(&id, vt::STATUS, self.status.as_str());
        triples.time(&id, prov::ENDED_AT_TIME, self.decided_at);
        if let Some(reason) = self.reason {
            triples.text(&id, vt::REASON, reason);
        }
        associate(triples, &id, self.principal);
    }
}

impl Store {
    /// Records a decision beside the earlier ones.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub(super) fn record_decision(&self, decided: &Decided<'_>) -> Result<(), GraphError> {
        let mut triples = Triples::new();
        decided.describe(&mut triples);
        self.add_to_graph(vocab::GRAPH_GOVERNANCE, &triples.into_vec())
    }
}

/// States who did something.
pub(super) fn associate(triples: &mut Triples, id: &str, principal: &str) {
    let agent = format!("{}{}", vocab::AGENT_PREFIX, Digest::of(principal.as_bytes()).short());
    triples.link(id, prov::WAS_ASSOCIATED_WITH, &agent);
    triples.class(&agent, prov::AGENT);
    triples.text(&agent, rdfs::LABEL, principal);
}
