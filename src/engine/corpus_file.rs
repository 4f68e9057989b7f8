//! The texts of a knowledge base, one document after the other.
//!
//! Publishing reads every text several times. The graph gives them document by document,
//! once; from then on they come from a file without a name. So a few documents are in
//! memory at a time, however many there are, and a program that is killed leaves nothing.

use super::error::{EngineError, io_error};
use crate::graph::{DocumentSummary, Store};
use crate::model::{Extraction, Fragment, FragmentLink};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Fragments that are worked on together, unless one document has more.
const BATCH_FRAGMENTS: usize = 256;

/// Texts as they were when it was written.
pub(super) struct CorpusFile {
    file: File,
    folder: PathBuf,
    n_fragments: usize,
}

/// One document.
#[derive(Serialize, Deserialize)]
pub(super) struct DocumentText {
    /// Its place in the list of documents.
    pub(super) place: usize,
    /// By position.
    pub(super) fragments: Vec<Fragment>,
    /// Links that stand in the fragments.
    pub(super) links: Vec<FragmentLink>,
    /// What language models said that the fragments state.
    pub(super) extractions: Vec<Extraction>,
}

impl CorpusFile {
    /// Writes the texts of `documents` into a file in `folder`.
    pub(super) fn write(
        graph: &Store,
        documents: &[DocumentSummary],
        folder: &Path,
    ) -> Result<Self, EngineError> {
        let file = tempfile::tempfile_in(folder).map_err(io_error("create a file in", folder))?;
        let mut writer = BufWriter::new(&file);
        let mut n_fragments = 0;
        for (place, document) in documents.iter().enumerate() {
            let text = DocumentText {
                place,
                fragments: graph.fragments_of(&document.version)?,
                links: graph.links_of(&document.version)?,
                extractions: graph.extractions_of(&document.version)?,
            };
            n_fragments += text.fragments.len();
            serde_json::to_writer(&mut writer, &text)
                .map_err(io::Error::from)
                .and_then(|()| writer.write_all(b"\n"))
                .map_err(io_error("write texts into a file in", folder))?;
        }
        writer.flush().map_err(io_error("write texts into a file in", folder))?;
        drop(writer);
        Ok(Self { file, folder: folder.to_owned(), n_fragments })
    }

    /// Number of fragments.
    pub(super) fn n_fragments(&self) -> usize {
        self.n_fragments
    }

    /// Every document, in the order of the list. One reading at a time: a second one
    /// moves the first.
    pub(super) fn texts(
        &self,
    ) -> Result<impl Iterator<Item = Result<DocumentText, EngineError>> + '_, EngineError> {
        let failed = io_error("read texts from a file in", &self.folder);
        let mut file = &self.file;
        file.seek(SeekFrom::Start(0)).map_err(&failed)?;
        let lines = BufReader::new(file).split(b'\n');
        Ok(lines.map(move |line| {
            let parsed = line.and_then(|line| Ok(serde_json::from_slice(&line)?));
            parsed.map_err(&failed)
        }))
    }

    /// The documents, some at a time.
    pub(super) fn batches(
        &self,
    ) -> Result<impl Iterator<Item = Result<Vec<DocumentText>, EngineError>> + '_, EngineError>
    {
        let mut texts = self.texts()?;
        Ok(std::iter::from_fn(move || {
            let (mut batch, mut n) = (Vec::new(), 0);
            while n < BATCH_FRAGMENTS {
                match texts.next() {
                    Some(Ok(text)) => {
                        n += text.fragments.len();
                        batch.push(text);
                    }
                    Some(Err(error)) => return Some(Err(error)),
                    None => break,
                }
            }
            (!batch.is_empty()).then_some(Ok(batch))
        }))
    }
}
