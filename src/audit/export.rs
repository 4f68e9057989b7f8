//! Everything that proves the answers, in one file of JSON lines.

use super::canonical::canonical;
use super::commitment::{Salts, sealed_form};
use super::error::SealError;
use super::log::{LogEntry, LogLine};
use super::seal::Seal;
use super::site_key::PublicKey;
use super::verify::{Trail, Verification, graph_of, verify};
use oxigraph::io::{RdfFormat, RdfParser};
use oxigraph::model::Triple;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::convert::Infallible;
use std::io::{BufRead, Write};
use std::path::Path;

/// Name and version of the form.
const FORMAT: &str = "veritrail-audit-export 1";

/// One line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum ExportLine {
    Begin {
        format: String,
        public_key: String,
        exported_at: String,
        software: String,
        without_words: bool,
    },
    Document(ExportedDocument),
    Log(LogEntry),
    Record {
        seal: Seal,
        salts: String,
        nquads: String,
    },
    End {
        n_lines: usize,
    },
}

/// A document as it was when the file was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExportedDocument {
    /// Its IRI.
    pub document: String,
    /// Its version.
    pub version: String,
    /// SHA-256 of its bytes.
    pub sha256: String,
}

/// Who exports what.
#[derive(Clone, Debug)]
pub struct ExportHead {
    /// The key that signed all.
    pub public_key: PublicKey,
    /// When, RFC 3339.
    pub exported_at: String,
    /// Which program.
    pub software: String,
    /// Whether words are left out that could be erased.
    pub without_words: bool,
}

/// Writes the file, line by line.
pub struct Exporter<'w> {
    output: &'w mut dyn Write,
    n_lines: usize,
    without_words: bool,
}

impl<'w> Exporter<'w> {
    /// Begins a file.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn begin(output: &'w mut dyn Write, head: &ExportHead) -> std::io::Result<Self> {
        let mut exporter = Self { output, n_lines: 0, without_words: head.without_words };
        exporter.write(&ExportLine::Begin {
            format: FORMAT.to_owned(),
            public_key: head.public_key.to_string(),
            exported_at: head.exported_at.clone(),
            software: head.software.clone(),
            without_words: head.without_words,
        })?;
        Ok(exporter)
    }

    fn write(&mut self, line: &ExportLine) -> std::io::Result<()> {
        serde_json::to_writer(&mut *self.output, line)?;
        self.n_lines += 1;
        self.output.write_all(b"\n")
    }

    /// Adds a document.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn document(&mut self, document: ExportedDocument) -> std::io::Result<()> {
        self.write(&ExportLine::Document(document))
    }

    /// Adds a line of the log.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn log(&mut self, entry: &LogEntry) -> std::io::Result<()> {
        self.write(&ExportLine::Log(entry.clone()))
    }

    /// Adds a record with its seal.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn record(
        &mut self,
        seal: &Seal,
        salts: &Salts,
        triples: &[Triple],
    ) -> std::io::Result<()> {
        let (triples, salts) = match self.without_words {
            true => (sealed_form(triples, salts), Salts::none()),
            false => (triples.to_vec(), salts.clone()),
        };
        let nquads = canonical(graph_of(&seal.of), &triples).map_err(std::io::Error::other)?;
        self.write(&ExportLine::Record { seal: seal.clone(), salts: salts.to_text(), nquads })
    }

    /// Ends the file.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn finish(mut self) -> std::io::Result<()> {
        let n_lines = self.n_lines + 1;
        self.write(&ExportLine::End { n_lines })?;
        self.output.flush()
    }
}

/// An exported file that was read.
#[derive(Debug)]
pub struct Exported {
    /// The key that the file names.
    pub public_key: PublicKey,
    /// Documents at that time.
    pub documents: Vec<ExportedDocument>,
    trail: Trail,
    records: HashMap<String, Vec<Triple>>,
    complete: bool,
}

impl Exported {
    /// Reads a file; `path` is its name in messages.
    ///
    /// # Errors
    /// When it cannot be read or is no such file.
    pub fn read(path: &Path, input: impl BufRead) -> Result<Self, SealError> {
        let mut exported: Option<Self> = None;
        for (i, line) in input.lines().enumerate() {
            let line = line.map_err(SealError::disk("read", path))?;
            let wrong =
                |reason: String| SealError::Line { path: path.to_owned(), line: i + 1, reason };
            let parsed: Result<ExportLine, _> = serde_json::from_str(&line);
            if let Some(exported) = &mut exported {
                match parsed {
                    Ok(line) => exported.take(line, i + 1),
                    Err(_) => exported.trail.broken.push(format!("in line {} of the file", i + 1)),
                }
                continue;
            }
            let Ok(ExportLine::Begin { format, public_key, without_words, .. }) = parsed else {
                return Err(wrong(format!("expected the head of a `{FORMAT}`")));
            };
            if format != FORMAT {
                return Err(wrong(format!("expected `{FORMAT}`, found `{format}`")));
            }
            let key = PublicKey::from_text(&public_key);
            exported = Some(Self {
                public_key: key.ok_or_else(|| wrong("no public key".to_owned()))?,
                documents: Vec::new(),
                trail: Trail { without_words, ..Trail::default() },
                records: HashMap::new(),
                complete: false,
            });
        }
        let damaged =
            || SealError::Damaged { what: "export of audit records", path: path.to_owned() };
        exported.ok_or_else(damaged)
    }

    fn take(&mut self, line: ExportLine, number: usize) {
        match line {
            ExportLine::Document(document) => self.documents.push(document),
            ExportLine::Log(entry) => {
                let number = self.trail.log.len() + 1;
                self.trail.log.push(LogLine { number, entry: Some(entry) });
            }
            ExportLine::Record { seal, salts, nquads } => {
                let triples: Option<Vec<Triple>> = RdfParser::from_format(RdfFormat::NQuads)
                    .for_slice(nquads.as_bytes())
                    .map(|quad| quad.ok().map(Triple::from))
                    .collect();
                let salts = Salts::from_text(&salts);
                if let (Some(triples), Some(salts)) = (triples, salts)
                    && !self.trail.seals.contains_key(&seal.sequence)
                {
                    self.trail.records.push(seal.of.clone());
                    self.records.insert(seal.of.clone(), triples);
                    self.trail.seals.insert(seal.sequence, (seal, salts));
                } else {
                    self.trail.broken.push(format!("in line {number} of the file"));
                }
            }
            ExportLine::End { n_lines } => self.complete = n_lines == number,
            ExportLine::Begin { .. } => {
                self.trail.broken.push(format!("in line {number} of the file"));
            }
        }
    }

    /// Checks the file with a key that is known from elsewhere, or with its own, which
    /// proves less.
    pub fn verify(
        &self,
        key: Option<&PublicKey>,
        witnesses: &[super::seal::Checkpoint],
    ) -> Verification {
        let key = key.unwrap_or(&self.public_key);
        let mut read =
            |of: &str| Ok::<_, Infallible>(self.records.get(of).cloned().unwrap_or_default());
        let Ok(mut verification) = verify(&self.trail, key, witnesses, &mut read);
        if *key != self.public_key {
            let problem = format!("the file names another key: {}", self.public_key);
            verification.find(None, None, problem);
        }
        if !self.complete {
            verification.find(None, None, "the file is cut off, or lines are missing".to_owned());
        }
        verification.sort();
        verification
    }
}
