//! Is everything as it was sealed?

use super::commitment::{Salts, content_digest, erasable, is_erased, subject_of};
use super::erasure::erased_answer;
use super::log::{LogEntry, LogLine};
use super::seal::{Checkpoint, Seal};
use super::site_key::PublicKey;
use crate::model::Digest;
use crate::vocab::{self, prov};
use oxigraph::model::{Term, Triple};
use serde::Serialize;
use std::collections::{BTreeMap, HashSet};

/// All that a verification looks at, but for the records themselves.
#[derive(Clone, Debug, Default)]
pub struct Trail {
    /// Seals of the graph by place, with the salts beside them.
    pub seals: BTreeMap<u64, (Seal, Salts)>,
    /// Seals of the graph that cannot be read.
    pub broken: Vec<String>,
    /// Lines of the log.
    pub log: Vec<LogLine>,
    /// Whether the end of the log was cut off.
    pub log_is_cut: bool,
    /// Answers that are there.
    pub records: Vec<String>,
    /// The last checkpoint that the graph knows.
    pub checkpoint: Option<Digest>,
    /// Whether all words that could be erased were left out.
    pub without_words: bool,
}

/// Something that is not as it was sealed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct TrailFinding {
    /// Place in the chain, where there is one.
    pub sequence: Option<u64>,
    /// IRI of the record, where it is known.
    pub record: Option<String>,
    /// What is wrong.
    pub problem: String,
}

/// The outcome of a verification.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Verification {
    /// Public half of the key by which all was checked.
    pub public_key: String,
    /// Answers that are sealed.
    pub n_records: usize,
    /// Of these, answers of before records were sealed: what they said before is not
    /// proven.
    pub n_adopted: usize,
    /// Sealed acts, such as erasures.
    pub n_acts: usize,
    /// Answers from which words were erased.
    pub n_erased: usize,
    /// Checkpoints.
    pub n_checkpoints: usize,
    /// Files of bytes that were compared with their digests.
    pub n_bytes: usize,
    /// Place and digest of the last seal.
    pub last: Option<(u64, Digest)>,
    /// What is wrong, the first record first; nothing when all is as it was sealed.
    pub findings: Vec<TrailFinding>,
    /// What is odd and harmless.
    pub notes: Vec<String>,
    /// Bytes that records name, with the place and the name of the first.
    #[serde(skip)]
    pub bytes: BTreeMap<Digest, (u64, String)>,
}

impl Verification {
    /// Whether everything is as it was sealed.
    pub fn is_sound(&self) -> bool {
        self.findings.is_empty()
    }

    /// Adds a finding about a place.
    pub fn find(&mut self, sequence: Option<u64>, record: Option<&str>, problem: String) {
        let record = record.map(str::to_owned);
        self.findings.push(TrailFinding { sequence, record, problem });
    }

    /// Puts the first record first; findings about one place stay in their order.
    pub fn sort(&mut self) {
        self.findings.sort_by_key(|finding| finding.sequence.unwrap_or(u64::MAX));
    }
}

/// The graph in which a record stands.
pub fn graph_of(record: &str) -> &str {
    if record.starts_with(vocab::ANSWER_PREFIX) { record } else { vocab::GRAPH_GOVERNANCE }
}

/// Compares everything with its seals. `read` gives the triples of a record, none when
/// it is not there; `witnesses` are checkpoints that were kept elsewhere.
///
/// # Errors
/// When a record cannot be read.
pub fn verify<E>(
    trail: &Trail,
    key: &PublicKey,
    witnesses: &[Checkpoint],
    read: &mut dyn FnMut(&str) -> Result<Vec<Triple>, E>,
) -> Result<Verification, E> {
    let mut verification = Verification { public_key: key.to_string(), ..Verification::default() };
    let (log, checkpoints) = read_log(trail, key, &mut verification);
    let last = |seals: Option<&u64>| seals.copied().unwrap_or_default();
    let (in_graph, in_log) = (last(trail.seals.keys().last()), last(log.keys().last()));
    let mut chain = Checked { previous: Some(key.beginning()), ..Checked::default() };
    for sequence in 1..=in_graph.max(in_log) {
        let graph = trail.seals.get(&sequence);
        let logged = log.get(&sequence).copied();
        match (graph, logged) {
            (Some((seal, _)), Some(logged)) if seal != logged => {
                let problem = "the seal in the graph and the one in the log differ".to_owned();
                verification.find(Some(sequence), Some(&seal.of), problem);
            }
            (Some((seal, _)), None) if sequence == in_log + 1 && sequence == in_graph => {
                verification.notes.push(format!(
                    "the log has no entry for record {sequence} ({}), the last one, as after a crash; the next answer adds it",
                    seal.of
                ));
            }
            (Some((seal, _)), None) => {
                let problem = "the log has no entry for this record".to_owned();
                verification.find(Some(sequence), Some(&seal.of), problem);
            }
            (None, Some(logged)) => {
                let problem = "the log has a seal here and the graph has none: the record was taken out, or lost with the power";
                verification.find(Some(sequence), Some(&logged.of), problem.to_owned());
            }
            (None, None) => {
                let problem = "neither graph nor log has a seal here".to_owned();
                verification.find(Some(sequence), None, problem);
            }
            (Some(_), Some(_)) => {}
        }
        let Some(seal) = graph.map(|(seal, _)| seal).or(logged) else {
            chain.previous = None;
            continue;
        };
        chain.link(seal, sequence, key, &mut verification);
        if let Some((seal, salts)) = graph {
            let triples = read(&seal.of)?;
            chain.content(seal, salts, &triples, &mut verification);
        }
    }
    chain.finish(trail, &mut verification);
    let digest_at = |sequence: u64| {
        let seal = trail.seals.get(&sequence).map(|(seal, _)| seal);
        seal.or_else(|| log.get(&sequence).copied()).map(|seal| seal.sha256)
    };
    for (whose, checkpoint) in checkpoints
        .iter()
        .map(|checkpoint| ("the checkpoint", *checkpoint))
        .chain(witnesses.iter().map(|witness| ("the checkpoint that was kept elsewhere", witness)))
    {
        let place = Some(checkpoint.sequence);
        if let Some(problem) = checkpoint.problem(key) {
            let problem = format!("{whose} of {} is not true: {problem}", checkpoint.signed_at);
            verification.find(place, None, problem);
        } else if digest_at(checkpoint.sequence) != Some(checkpoint.seal) {
            let problem = format!(
                "{whose} of {} signs another record at this place: records were taken out, changed or rolled back",
                checkpoint.signed_at
            );
            verification.find(place, None, problem);
        }
    }
    verification.n_checkpoints = checkpoints.len();
    verification.sort();
    Ok(verification)
}

/// The log by place, and the checkpoints in order.
fn read_log<'t>(
    trail: &'t Trail,
    key: &PublicKey,
    verification: &mut Verification,
) -> (BTreeMap<u64, &'t Seal>, Vec<&'t Checkpoint>) {
    let (mut seals, mut checkpoints) = (BTreeMap::new(), Vec::<&Checkpoint>::new());
    let mut expected = 1;
    for LogLine { number, entry } in &trail.log {
        let current = checkpoints.last().map(|checkpoint| checkpoint.sha256);
        match entry {
            None => {
                let problem = format!("line {number} of the log cannot be read");
                verification.find(Some(expected), None, problem);
            }
            Some(LogEntry::Seal(seal)) => {
                if seal.sequence != expected {
                    let problem = format!(
                        "line {number} of the log has record {} where {expected} belongs: lines were taken out, added or reordered",
                        seal.sequence
                    );
                    let place = expected.min(seal.sequence);
                    verification.find(Some(place), Some(&seal.of), problem);
                } else if seal.checkpoint != current {
                    let problem = "the seal names another checkpoint than the log has before it: checkpoints were taken out or rolled back".to_owned();
                    verification.find(Some(seal.sequence), Some(&seal.of), problem);
                }
                expected = seal.sequence + 1;
                seals.insert(seal.sequence, seal);
            }
            Some(LogEntry::Checkpoint(checkpoint)) => {
                if checkpoint.previous != current && checkpoint.problem(key).is_none() {
                    let problem = format!(
                        "the checkpoint in line {number} of the log does not follow the one before: checkpoints were taken out, added or reordered"
                    );
                    verification.find(Some(checkpoint.sequence), None, problem);
                }
                checkpoints.push(checkpoint);
            }
        }
    }
    if trail.log_is_cut {
        verification.notes.push("the last line of the log is cut off, as by a crash".to_owned());
    }
    let known = |digest: &Digest| checkpoints.iter().any(|known| known.sha256 == *digest);
    if trail.checkpoint.as_ref().is_some_and(|digest| !known(digest)) {
        let problem = "the graph knows a checkpoint that the log does not have: the log was cut or rolled back".to_owned();
        verification.find(None, None, problem);
    }
    (seals, checkpoints)
}

/// What is known after some records.
#[derive(Default)]
struct Checked {
    previous: Option<Digest>,
    sealed: HashSet<String>,
    /// Answers without some of their words: place, and number of texts that are gone.
    erased: BTreeMap<String, (u64, usize)>,
    /// Number of texts that acts took from answers.
    acted_on: BTreeMap<String, usize>,
}

impl Checked {
    fn link(&mut self, seal: &Seal, at: u64, key: &PublicKey, verification: &mut Verification) {
        let place = Some(at);
        if let Some(problem) = seal.problem(key) {
            verification.find(place, Some(&seal.of), problem.to_owned());
        } else if self.previous.is_some_and(|previous| previous != seal.previous) {
            let problem = "the seal does not follow the one before it: records were taken out, added, swapped or reordered";
            verification.find(place, Some(&seal.of), problem.to_owned());
        }
        if !self.sealed.insert(seal.of.clone()) {
            let problem = "the record is sealed twice".to_owned();
            verification.find(place, Some(&seal.of), problem);
        }
        self.previous = Some(seal.sha256);
        verification.last = Some((at, seal.sha256));
        if seal.of.starts_with(vocab::ANSWER_PREFIX) {
            verification.n_records += 1;
            verification.n_adopted += usize::from(seal.adopted);
        } else {
            verification.n_acts += 1;
        }
    }

    fn content(
        &mut self,
        seal: &Seal,
        salts: &Salts,
        triples: &[Triple],
        verification: &mut Verification,
    ) {
        let place = Some(seal.sequence);
        if triples.is_empty() {
            verification.find(place, Some(&seal.of), "the record is gone".to_owned());
            return;
        }
        match content_digest(graph_of(&seal.of), triples, salts) {
            Ok(digest) if digest == seal.content => {}
            Ok(_) => {
                let problem = "the record is not what was sealed: it was edited".to_owned();
                verification.find(place, Some(&seal.of), problem);
            }
            Err(error) => verification.find(place, Some(&seal.of), error.to_string()),
        }
        for triple in triples {
            let words = erasable(triple).filter(|words| is_erased(words));
            let (subject, property) = (subject_of(triple), triple.predicate.as_str());
            if words.is_some() && salts.of(subject, property).is_none() {
                let gone = self.erased.entry(seal.of.clone()).or_insert((seal.sequence, 0));
                gone.1 += 1;
            }
            if let (prov::USED, Term::NamedNode(used)) = (property, &triple.object)
                && let Some(digest) = used.as_str().strip_prefix(vocab::BYTES_PREFIX)
                && let Ok(digest) = digest.parse()
            {
                let first = || (seal.sequence, seal.of.clone());
                verification.bytes.entry(digest).or_insert_with(first);
            }
        }
        if seal.of.starts_with(vocab::ERASURE_PREFIX) {
            let (answer, n) = erased_answer(triples);
            *self.acted_on.entry(answer).or_default() += n;
        }
    }

    fn finish(self, trail: &Trail, verification: &mut Verification) {
        verification.n_erased = self.acted_on.len();
        let erased = self.erased.iter().filter(|_| !trail.without_words);
        for (answer, (sequence, n_gone)) in erased {
            let n_sealed = self.acted_on.get(answer).copied().unwrap_or_default();
            if n_sealed != *n_gone {
                let problem = format!(
                    "{n_gone} texts are gone from the record, and erasures of {n_sealed} are sealed"
                );
                verification.find(Some(*sequence), Some(answer), problem);
            }
        }
        let unsealed = trail.records.iter().filter(|record| !self.sealed.contains(*record));
        if self.sealed.is_empty() {
            match unsealed.count() {
                0 => {}
                n => verification.notes.push(format!(
                    "{n} answers were recorded before records were sealed; the next answer, or `audit checkpoint`, seals them as they are"
                )),
            }
        } else {
            for record in unsealed {
                let problem = "the record is in the graph and was never sealed".to_owned();
                verification.find(None, Some(record), problem);
            }
        }
        for seal in &trail.broken {
            let place = seal.strip_prefix(vocab::SEAL_PREFIX).and_then(|n| n.parse().ok());
            verification.find(
                place,
                None,
                format!("the seal {seal} was edited: it cannot be read"),
            );
        }
    }
}
