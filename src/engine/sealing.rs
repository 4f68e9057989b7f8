//! Records get their seals in the transaction that writes them.

use super::build::now;
use super::error::EngineError;
use super::records::Records;
use crate::audit::{Chain, Checkpoint, PublicKey, Salts, Seal, SealError, content_digest, used_by};
use crate::graph::{Rewrite, Triples};
use crate::model::{AnswerId, Digest};
use crate::vocab::{self, vt};
use oxigraph::model::Triple;
use serde::Serialize;
use std::sync::PoisonError;

/// Answers of before sealing that get their seals in one transaction.
const ADOPTED_AT_ONCE: usize = 200;

/// Settings that shape an answer, as they are recorded.
#[derive(Serialize)]
pub(super) struct Parameters<'a> {
    pub(super) answer: &'a crate::answer::Config,
    pub(super) dense: &'a crate::index::DenseConfig,
    pub(super) lexical: &'a crate::index::LexicalConfig,
    pub(super) retrieve: &'a crate::retrieve::RetrieveConfig,
}

impl Parameters<'_> {
    /// As JSON, always in the same order.
    pub(super) fn to_text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl Records {
    /// Works with the end of the chain while nobody else does. After a failure it is read
    /// again from the disk.
    pub(super) fn with_chain<T>(
        &self,
        work: impl FnOnce(&mut Chain) -> Result<T, EngineError>,
    ) -> Result<T, EngineError> {
        let mut held = self.chain.lock().unwrap_or_else(PoisonError::into_inner);
        let mut chain = match held.take() {
            Some(chain) => chain,
            None => self.open_chain()?,
        };
        let done = work(&mut chain)?;
        *held = Some(chain);
        Ok(done)
    }

    fn open_chain(&self) -> Result<Chain, EngineError> {
        let sealed = |sequence| self.seal_at(sequence).ok().flatten().map(|(seal, _)| seal);
        let mut chain = Chain::open(&self.root, &self.config.audit, &mut || random(), &sealed)?;
        if chain.is_new() {
            self.adopt(&mut chain)?;
        }
        Ok(chain)
    }

    /// Seals answers that were recorded before records were sealed.
    fn adopt(&self, chain: &mut Chain) -> Result<(), EngineError> {
        let answers = self.graph.answers()?;
        for some in answers.chunks(ADOPTED_AT_ONCE) {
            let mut contents = Vec::with_capacity(some.len());
            for answer in some {
                let salts = Salts::Key(random()?);
                let triples = self.graph.graph(answer.as_str())?;
                contents.push((content_digest(answer.as_str(), &triples, &salts)?, salts));
            }
            let named = some.iter().zip(&contents);
            let records: Vec<_> = named.map(|(id, (digest, _))| (id.as_str(), *digest)).collect();
            let seals = chain.seal(&records, true);
            let mut rewrite = Rewrite::default();
            for (seal, (_, salts)) in seals.iter().zip(&contents) {
                rewrite.insert(vocab::GRAPH_AUDIT, seal.to_triples(salts));
            }
            self.graph.rewrite(None, rewrite)?;
            chain.add(seals)?;
        }
        Ok(())
    }

    /// The seal at a place of the chain, with its salts; `None` when there is none.
    pub(super) fn seal_at(&self, sequence: u64) -> Result<Option<(Seal, Salts)>, EngineError> {
        let id = Seal::iri(sequence);
        let triples = self.graph.about(vocab::GRAPH_AUDIT, &id)?;
        Ok(if triples.is_empty() { None } else { Some(Seal::from_triples(&id, &triples)?) })
    }

    /// The seal of a record, with its salts; `None` when it has none.
    ///
    /// # Errors
    /// When the graph cannot be read, or the seal in it.
    pub fn seal_of(&self, record: &str) -> Result<Option<(Seal, Salts)>, EngineError> {
        let Some(id) = self.graph.seal_of(record)? else { return Ok(None) };
        let triples = self.graph.about(vocab::GRAPH_AUDIT, &id)?;
        Ok(Some(Seal::from_triples(&id, &triples)?))
    }

    /// Writes the record of an answer with its seal, in one transaction; with what is
    /// governed beside it.
    pub(super) fn write_sealed(
        &self,
        answer: &AnswerId,
        triples: Vec<Triple>,
        parameters: &str,
        governed: Vec<Triple>,
    ) -> Result<(), EngineError> {
        let salts = Salts::Key(random()?);
        let content = content_digest(answer.as_str(), &triples, &salts)?;
        let used = used_by(answer.as_str(), &triples);
        let mut rewrite = Rewrite::default();
        rewrite.insert(answer.as_str(), triples);
        rewrite.insert(vocab::GRAPH_GOVERNANCE, governed);
        let settings = parameters_iri(parameters);
        if self.graph.about(vocab::GRAPH_GOVERNANCE, &settings)?.is_empty() {
            let mut described = Triples::new();
            described.class(&settings, vt::PARAMETERS);
            described.text(&settings, vt::PARAMETERS_JSON, parameters);
            rewrite.insert(vocab::GRAPH_GOVERNANCE, described.into_vec());
        }
        let due = self.with_chain(|chain| {
            let seals = chain.seal(&[(answer.as_str(), content)], false);
            let sealed = seals.iter().flat_map(|seal| seal.to_triples(&salts));
            rewrite.insert(vocab::GRAPH_AUDIT, sealed);
            self.graph.rewrite(Some(answer.as_str()), rewrite)?;
            self.note_uses(&seals, vec![used]);
            chain.add(seals)?;
            Ok(chain.due_checkpoint())
        })?;
        if let Some(place) = due {
            self.sign_chain(place)?;
        }
        Ok(())
    }

    /// Signs the chain up to a place. What it signs must not be lost with the power, so
    /// that the graph is flushed first; others record meanwhile.
    fn sign_chain(&self, place: (u64, Digest)) -> Result<Option<Checkpoint>, EngineError> {
        let flushed = self.graph.flush();
        self.with_chain(|chain| {
            chain.end_checkpoint();
            flushed?;
            let Some(checkpoint) = chain.sign(place, now())? else { return Ok(None) };
            let known = self.graph.about(vocab::GRAPH_AUDIT, vocab::GRAPH_AUDIT)?;
            let mut rewrite = Rewrite::default();
            rewrite.remove(vocab::GRAPH_AUDIT, known);
            let mut triples = Triples::new();
            let digest = checkpoint.sha256.to_string();
            triples.text(vocab::GRAPH_AUDIT, vt::CHECKPOINT_SHA256, &digest);
            rewrite.insert(vocab::GRAPH_AUDIT, triples.into_vec());
            self.graph.rewrite(None, rewrite)?;
            Ok(Some(checkpoint))
        })
    }

    /// Signs the chain as it is, for keeping the checkpoint elsewhere; `None` when nothing
    /// was recorded since the last one. Makes the key of the site when there is none.
    ///
    /// # Errors
    /// When the knowledge base cannot be written.
    pub fn audit_checkpoint(&self) -> Result<Option<Checkpoint>, EngineError> {
        let place = self.with_chain(|chain| Ok(chain.begin_checkpoint()))?;
        place.map_or(Ok(None), |place| self.sign_chain(place))
    }

    /// The public half of the site's key, which is made when there is none.
    ///
    /// # Errors
    /// When the key cannot be read or written.
    pub fn audit_public_key(&self) -> Result<PublicKey, EngineError> {
        self.with_chain(|chain| Ok(chain.public_key()))
    }

    /// How many records are sealed.
    ///
    /// # Errors
    /// When the chain cannot be read.
    pub fn n_sealed(&self) -> Result<u64, EngineError> {
        self.last_sealed()
    }

    /// Place of the last seal; 0 when nothing is sealed.
    pub(super) fn last_sealed(&self) -> Result<u64, EngineError> {
        self.with_chain(|chain| Ok(chain.last_sequence()))
    }
}

/// Name of settings.
pub(super) fn parameters_iri(parameters: &str) -> String {
    format!("{}{}", vocab::PARAMETERS_PREFIX, Digest::of(parameters.as_bytes()))
}

fn random() -> Result<[u8; 32], SealError> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|_| SealError::Randomness)?;
    Ok(bytes)
}
