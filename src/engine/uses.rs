//! Which answers used something, by the index beside the log.

use super::error::EngineError;
use super::records::Records;
use crate::audit::{Seal, SealError, USE_PROPERTIES, UseIndex, Used, Uses, used_by};
use crate::model::{AnswerId, Digest};
use crate::vocab;
use rayon::prelude::*;
use std::sync::PoisonError;

/// Records that are read from the graph at once when the index lacks them.
const AT_ONCE: u64 = 512;

impl Records {
    /// For each group of things, the answers that used one of them, the latest first.
    pub(super) fn answers_using(
        &self,
        groups: &[Vec<Used>],
    ) -> Result<Vec<Vec<AnswerId>>, EngineError> {
        let mut held = self.uses.lock().unwrap_or_else(PoisonError::into_inner);
        // After an error it is opened anew.
        let mut index = match held.take() {
            Some(index) => index,
            None => UseIndex::open(&self.root)?,
        };
        self.catch_up_with(&mut index)?;
        let found = match index.find(groups)? {
            Some(found) => found,
            None => {
                tracing::warn!("the index of what answers used is damaged; it is made anew");
                index.begin_anew()?;
                self.catch_up_with(&mut index)?;
                index.find(groups)?.ok_or_else(|| index.damaged())?
            }
        };
        *held = Some(index);
        let ids =
            |names: Vec<String>| names.iter().filter_map(|n| AnswerId::from_name(n)).collect();
        Ok(found.into_iter().map(ids).collect())
    }

    /// Makes the index know `most` further records; whether it knows every one then.
    ///
    /// # Errors
    /// When the graph cannot be read, or the index not written.
    pub fn index_uses(&self, most: u64) -> Result<bool, EngineError> {
        let mut held = self.uses.lock().unwrap_or_else(PoisonError::into_inner);
        let mut index = match held.take() {
            Some(index) => index,
            None => UseIndex::open(&self.root)?,
        };
        let is_all = self.catch_up_by(&mut index, most)?;
        *held = Some(index);
        Ok(is_all)
    }

    fn catch_up_with(&self, index: &mut UseIndex) -> Result<(), EngineError> {
        self.catch_up_by(index, u64::MAX).map(drop)
    }

    fn catch_up_by(&self, index: &mut UseIndex, most: u64) -> Result<bool, EngineError> {
        let known = index.last_sequence();
        if known > 0 && !index.ends_with(&self.seal_digest(known)) {
            tracing::warn!("the index of what answers used is of other records; it is made anew");
            index.begin_anew()?;
        }
        let known = index.last_sequence();
        let all = self.last_seal_known()?;
        let last = all.min(known.saturating_add(most));
        let mut next = known + 1;
        while next <= last {
            let end = last.min(next + AT_ONCE - 1);
            let uses = (next..=end).into_par_iter().map(|sequence| self.uses_at(sequence));
            index.add(&uses.collect::<Result<Vec<_>, EngineError>>()?)?;
            next = end + 1;
        }
        Ok(last == all)
    }

    /// Place of the last seal, without the key if need be.
    fn last_seal_known(&self) -> Result<u64, EngineError> {
        if let Ok(last) = self.last_sealed() {
            return Ok(last);
        }
        let seals = self.graph.seals()?;
        let places =
            seals.iter().filter_map(|id| id.strip_prefix(vocab::SEAL_PREFIX)?.parse().ok());
        Ok(places.max().unwrap_or(0))
    }

    /// Digest of a seal; where none can be read, which `verify` names, one that is none.
    fn seal_digest(&self, sequence: u64) -> Digest {
        let seal = self.seal_at(sequence).ok().flatten();
        seal.map_or_else(|| Digest::of(b"no seal"), |(seal, _)| seal.sha256)
    }

    /// What the record at a place of the chain used.
    fn uses_at(&self, sequence: u64) -> Result<Uses, EngineError> {
        let of = self.graph.value_in(vocab::GRAPH_AUDIT, &Seal::iri(sequence), vocab::vt::SEALS)?;
        let of = of.unwrap_or_default();
        let mut triples = Vec::new();
        if of.starts_with(vocab::ANSWER_PREFIX) {
            for property in USE_PROPERTIES {
                triples.extend(self.graph.said_by(&of, property)?);
            }
        }
        let seal = self.seal_digest(sequence);
        Ok(uses_of(sequence, seal, &of, used_by(&of, &triples)))
    }

    /// Notes what records used that were sealed just now. Nothing depends on it: what is
    /// not noted here is read from the graph when somebody asks.
    pub(super) fn note_uses(&self, seals: &[Seal], used: Vec<Vec<Used>>) {
        let Some(first) = seals.first() else { return };
        // Whoever reads it catches up.
        let Ok(mut held) = self.uses.try_lock() else { return };
        let noted = match held.take() {
            Some(index) => Ok(index),
            None => UseIndex::open(&self.root),
        };
        let noted = noted.and_then(|mut index| {
            let last = index.last_sequence();
            if last + 1 == first.sequence && (last == 0 || index.ends_with(&first.previous)) {
                let uses = seals.iter().zip(used);
                let uses = uses.map(|(s, used)| uses_of(s.sequence, s.sha256, &s.of, used));
                index.add(&uses.collect::<Vec<_>>())?;
            }
            Ok::<_, SealError>(index)
        });
        match noted {
            Ok(index) => *held = Some(index),
            Err(error) => tracing::warn!(%error, "the index of what answers used is not written"),
        }
    }

    /// Notes acts, which use nothing.
    pub(super) fn note_acts(&self, seals: &[Seal]) {
        self.note_uses(seals, vec![Vec::new(); seals.len()]);
    }
}

fn uses_of(sequence: u64, seal: Digest, of: &str, used: Vec<Used>) -> Uses {
    let answer = of.strip_prefix(vocab::ANSWER_PREFIX).unwrap_or_default().to_owned();
    Uses { sequence, seal, answer, used }
}
