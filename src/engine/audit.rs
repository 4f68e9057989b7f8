//! Proofs about answers: verification, export, the story of one.

use super::build::{now, software};
use super::error::{EngineError, io_error};
use super::records::Records;
use crate::audit::{
    AnswerStory, Checkpoint, ExportHead, ExportedDocument, Exporter, PublicKey, Seal, SealError,
    Trail, Verification, audit_log, content_digest, graph_of, recorded, site_public_key, verify,
};
use crate::model::{AnswerId, Digest};
use crate::vocab::{self, prov, rdfs, vt};
use oxigraph::model::{Term, Triple};
use std::fs::File;
use std::io::{BufReader, Write};

impl Records {
    /// Compares every record with its seal, the seals with the log and the checkpoints, and
    /// the bytes that records name with their digests. `key` is known from elsewhere; the
    /// knowledge base's own proves less. `witnesses` are checkpoints that were kept
    /// elsewhere.
    ///
    /// # Errors
    /// When something cannot be read. What is not as it was sealed is no error.
    pub fn verify_audit(
        &self,
        key: Option<&PublicKey>,
        witnesses: &[Checkpoint],
    ) -> Result<Verification, EngineError> {
        let trail = self.trail()?;
        let own = site_public_key(&self.root)?;
        let Some(key) = key.copied().or(own) else {
            if trail.seals.is_empty() && trail.log.is_empty() {
                let n = trail.records.len();
                let notes = vec![format!("nothing is sealed yet; {n} answers are recorded")];
                return Ok(Verification { notes, ..Verification::default() });
            }
            let path = self.root.join("audit/public-key");
            return Err(SealError::KeyGone(path).into());
        };
        let mut read = |record: &str| self.sealed_triples(record);
        let mut verification = verify(&trail, &key, witnesses, &mut read)?;
        if own != Some(key) {
            let problem = "the public key of the knowledge base is another one".to_owned();
            verification.find(None, None, problem);
        }
        self.verify_bytes(&mut verification)?;
        verification.sort();
        Ok(verification)
    }

    /// The triples that a seal is about.
    fn sealed_triples(&self, record: &str) -> Result<Vec<Triple>, EngineError> {
        if record.starts_with(vocab::ANSWER_PREFIX) {
            return Ok(self.graph.graph(record)?);
        }
        let mut triples = self.graph.about(vocab::GRAPH_GOVERNANCE, record)?;
        let principal = format!("{record}/principal");
        triples.extend(self.graph.about(vocab::GRAPH_GOVERNANCE, &principal)?);
        Ok(triples)
    }

    fn trail(&self) -> Result<Trail, EngineError> {
        let mut trail = Trail::default();
        for id in self.graph.seals()? {
            let triples = self.graph.about(vocab::GRAPH_AUDIT, &id)?;
            match Seal::from_triples(&id, &triples) {
                Ok((seal, salts)) => drop(trail.seals.insert(seal.sequence, (seal, salts))),
                Err(_) => trail.broken.push(id),
            }
        }
        (trail.log, trail.log_is_cut) = audit_log(&self.root).read()?;
        trail.records =
            self.graph.answers()?.iter().map(|answer| answer.as_str().to_owned()).collect();
        let known = self.graph.about(vocab::GRAPH_AUDIT, vocab::GRAPH_AUDIT)?;
        // What is no digest is one that the log does not have.
        let digest = |text: String| text.parse().unwrap_or_else(|_| Digest::of(b""));
        trail.checkpoint = texts(&known, vt::CHECKPOINT_SHA256).next().map(digest);
        Ok(trail)
    }

    fn verify_bytes(&self, verification: &mut Verification) -> Result<(), EngineError> {
        let invalidated = self.graph.invalidated_bytes()?;
        for (digest, (sequence, record)) in std::mem::take(&mut verification.bytes) {
            let path = self.blobs.path(&digest);
            let mut file = match File::open(&path) {
                Ok(file) => BufReader::new(file),
                Err(_) if invalidated.contains(&digest) => continue,
                Err(_) => {
                    let problem =
                        format!("the bytes {digest} of a document that it rests on are gone");
                    verification.find(Some(sequence), Some(&record), problem);
                    continue;
                }
            };
            verification.n_bytes += 1;
            let found = Digest::of_reader(&mut file).map_err(io_error("read", &path))?;
            if found != digest {
                let problem = format!(
                    "the bytes of a document that it rests on were edited: {} has SHA-256 {found}",
                    path.display()
                );
                verification.find(Some(sequence), Some(&record), problem);
            }
        }
        Ok(())
    }

    /// Writes all that proves the answers: records with their seals, the log with its
    /// checkpoints, a new one at its end, the public key, and the digests of the
    /// documents. Number of records.
    ///
    /// # Errors
    /// When something cannot be read or written.
    pub fn export_audit(
        &self,
        without_words: bool,
        output: &mut dyn Write,
    ) -> Result<usize, EngineError> {
        self.audit_checkpoint()?;
        let head = ExportHead {
            public_key: self.audit_public_key()?,
            exported_at: now(),
            software: software(),
            without_words,
        };
        let unwritten = |source| EngineError::Export(source);
        let mut exporter = Exporter::begin(output, &head).map_err(unwritten)?;
        for document in self.graph.documents()? {
            let document = ExportedDocument {
                document: document.id.to_string(),
                version: document.version.to_string(),
                sha256: document.digest.to_string(),
            };
            exporter.document(document).map_err(unwritten)?;
        }
        let trail = self.trail()?;
        for entry in trail.log.iter().filter_map(|line| line.entry.as_ref()) {
            exporter.log(entry).map_err(unwritten)?;
        }
        for (seal, salts) in trail.seals.values() {
            let triples = self.sealed_triples(&seal.of)?;
            exporter.record(seal, salts, &triples).map_err(unwritten)?;
        }
        exporter.finish().map_err(unwritten)?;
        Ok(trail.seals.len())
    }

    /// All that is known of one answer.
    ///
    /// # Errors
    /// When there is no such answer, or the graph cannot be read.
    pub fn answer_story(&self, id: &AnswerId) -> Result<AnswerStory, EngineError> {
        let triples = self.graph.graph(id.as_str())?;
        let missing = || EngineError::NoAnswer(id.name().to_owned());
        let record = recorded(id.as_str(), &triples).ok_or_else(missing)?;
        let sealed = self.seal_of(id.as_str())?;
        let is_as_sealed = sealed.as_ref().map(|(seal, salts)| {
            let digest = content_digest(graph_of(&seal.of), &triples, salts);
            digest.is_ok_and(|digest| digest == seal.content)
        });
        let mut models = Vec::new();
        for space in &record.spaces {
            let described = self.graph.about(vocab::GRAPH_GOVERNANCE, space)?;
            models.extend(texts(&described, vt::MODEL).map(|model| format!("{model} ({space})")));
        }
        let mut erasures = Vec::new();
        for act in self.graph.erasures_of(id)? {
            let triples = self.sealed_triples(&act)?;
            let one = |property| texts(&triples, property).next().unwrap_or_default();
            erasures.push(format!(
                "{} texts at {} by {}: {}",
                one(vt::N_ERASED),
                one(prov::ENDED_AT_TIME),
                one(rdfs::LABEL),
                one(vt::REASON)
            ));
        }
        let given = self.graph.feedback()?.into_iter().filter(|given| given.answer == *id);
        let feedback = given.map(|given| {
            let comment = given.comment.map(|comment| format!(": {comment}"));
            format!(
                "{} by {} at {}{}",
                given.opinion.as_str(),
                given.principal,
                given.given_at,
                comment.unwrap_or_default()
            )
        });
        Ok(AnswerStory {
            models,
            is_as_sealed,
            erasures,
            approvals: self.graph.approval_decisions(id)?,
            feedback: feedback.collect(),
            seal: sealed.map(|(seal, _)| seal),
            record,
        })
    }
}

/// Literals of a property.
fn texts<'t>(triples: &'t [Triple], property: &'t str) -> impl Iterator<Item = String> + 't {
    let of = triples.iter().filter(move |triple| triple.predicate.as_str() == property);
    of.filter_map(|triple| match &triple.object {
        Term::Literal(literal) => Some(literal.value().to_owned()),
        Term::NamedNode(_) | Term::BlankNode(_) => None,
    })
}
