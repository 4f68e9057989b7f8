//! Is everything there, and as it was written?

use super::error::{EngineError, io_error};
use super::knowledge_base::KnowledgeBase;
use crate::index::LexicalIndex;
use crate::model::Digest;
use serde::Serialize;
use std::fs::File;

/// What a check of a whole knowledge base found.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Checked {
    /// Quads that were read.
    pub n_quads: usize,
    /// Vectors that were compared with their checksums.
    pub n_vectors: usize,
    /// Files of bytes that were compared with their digests.
    pub n_blobs: usize,
    /// Records that were compared with their seals.
    pub n_records: usize,
    /// The published generation.
    pub generation: Option<String>,
    /// What is wrong; nothing when all is sound.
    pub findings: Vec<String>,
    /// What is odd and harmless.
    pub notes: Vec<String>,
}

impl KnowledgeBase {
    /// Reads everything: the graph with its checksums and what it names, the bytes with
    /// their digests, the indexes of the current generation, and the chain of records.
    /// Vectors were compared with their checksums when they were opened.
    ///
    /// # Errors
    /// When the disk refuses. What is damaged is a finding, not an error.
    pub fn check_all(&self) -> Result<Checked, EngineError> {
        let mut checked = Checked::default();
        if let Err(error) = self.graph.check_storage() {
            checked.findings.push(format!("graph: {}", causes(&error)));
            return Ok(checked);
        }
        checked.n_quads = self.graph.n_quads()?;
        checked.n_vectors =
            self.with_stores(|stores| stores.iter().map(|store| store.vectors().len()).sum());
        checked.findings.extend(self.check()?.findings);
        self.check_bytes(&mut checked)?;
        self.check_generation(&mut checked)?;
        match self.verify_audit(None, &[]) {
            Ok(verification) => {
                checked.n_records = verification.n_records;
                checked.findings.extend(verification.findings.iter().map(|finding| {
                    let place = finding.sequence.map_or_else(String::new, |n| format!("{n}: "));
                    format!("audit: record {place}{}", finding.problem)
                }));
                checked.notes.extend(verification.notes);
            }
            Err(error) => checked.findings.push(format!("audit: {}", causes(&error))),
        }
        Ok(checked)
    }

    /// Compares bytes that are named with their digests; missing ones are found by
    /// [`KnowledgeBase::check`].
    fn check_bytes(&self, checked: &mut Checked) -> Result<(), EngineError> {
        let mut named: Vec<Digest> = self.graph.named_bytes()?.into_iter().collect();
        named.sort_unstable();
        for digest in named.iter().filter(|digest| self.blobs.has(digest)) {
            let path = self.blobs.path(digest);
            let mut file = File::open(&path).map_err(io_error("read", &path))?;
            checked.n_blobs += 1;
            match Digest::of_reader(&mut file) {
                Ok(found) if found == *digest => {}
                Ok(_) => checked.findings.push(format!(
                    "{}: the bytes are not those of their name",
                    self.relative(&path)
                )),
                Err(error) => {
                    checked.findings.push(format!("{}: {error}", self.relative(&path)));
                }
            }
        }
        Ok(())
    }

    fn check_generation(&self, checked: &mut Checked) -> Result<(), EngineError> {
        let Some(generation) = self.current()? else { return Ok(()) };
        checked.generation = Some(generation.name().to_owned());
        let folder = self.root.join("generations").join(generation.name());
        if !folder.is_dir() {
            checked.findings.push(format!(
                "generations/{}: CURRENT names it, and it is missing; `ingest` builds it again",
                generation.name()
            ));
            return Ok(());
        }
        let lexical = folder.join("lexical");
        match LexicalIndex::damage(&lexical) {
            Ok(damaged) => checked.findings.extend(damaged.into_iter().map(|file| {
                format!("{}: its checksum is another one", self.relative(&lexical.join(file)))
            })),
            Err(error) => {
                let place = self.relative(&lexical);
                checked.findings.push(format!("{place}: {}", causes(&error)));
            }
        }
        Ok(())
    }

    /// A path as it stands in the knowledge base.
    fn relative(&self, path: &std::path::Path) -> String {
        path.strip_prefix(&self.root).unwrap_or(path).display().to_string()
    }
}

/// An error with its causes on one line.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text.push_str(&format!(": {next}"));
        cause = next.source();
    }
    text
}
