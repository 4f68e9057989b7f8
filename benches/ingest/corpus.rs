//! The documents that are taken in.

use crate::Outcome;
use std::path::{Path, PathBuf};
use veritrail::ingest::{IngestConfig, SourceItem, document, fragments, is_picture, load, scan};
use veritrail::model::{
    Document, Entity, EntityClass, EntityId, Fragment, Loaded, normalise_label,
};

/// A folder or a JSONL file, read into memory.
pub(crate) struct Corpus {
    pub(crate) name: String,
    pub(crate) path: PathBuf,
    /// Documents without the pictures beside them.
    pub(crate) items: Vec<SourceItem>,
}

/// A document that was loaded.
pub(crate) struct LoadedDocument {
    loaded: Loaded,
    document: Document,
}

impl Corpus {
    fn read(folder: &Path) -> Outcome<Self> {
        let records = folder.join("corpus.jsonl");
        let path = if records.is_file() { records } else { folder.to_owned() };
        let mut items = Vec::new();
        scan(&path, u64::MAX, &mut |item| items.extend(item.ok()))?;
        items.retain(|item| !is_picture(item));
        let name = folder.file_name().map(|name| name.to_string_lossy().into_owned());
        Ok(Self { name: name.unwrap_or_default(), path, items })
    }

    /// Bytes of text or of files.
    pub(crate) fn n_bytes(&self) -> usize {
        let of_item = |item: &SourceItem| {
            item.record.as_ref().map_or(item.bytes.len(), |record| record.text.len())
        };
        self.items.iter().map(of_item).sum()
    }

    pub(crate) fn loaded(&self) -> Vec<LoadedDocument> {
        self.items.iter().filter_map(LoadedDocument::of).collect()
    }
}

impl LoadedDocument {
    pub(crate) fn of(item: &SourceItem) -> Option<Self> {
        let (kind, loaded) = load(item).ok()?;
        let document = document(item, kind, &loaded, &IngestConfig::default());
        Some(Self { loaded, document })
    }

    pub(crate) fn fragments(&self, n_tokens: &dyn Fn(&str) -> usize) -> Vec<Fragment> {
        fragments(&self.loaded, &self.document, n_tokens, &IngestConfig::default().chunk)
    }
}

/// What titles and headings name, as a knowledge base of these documents knows it.
pub(crate) fn entities(documents: &[LoadedDocument]) -> Vec<Entity> {
    let titles = documents.iter().map(|one| one.document.title.clone());
    let headings = documents.iter().flat_map(|one| &one.loaded.sections);
    let headings = headings.filter_map(|section| section.heading_path.last().cloned());
    let mut labels: Vec<String> = titles.chain(headings).collect();
    labels.sort();
    labels.dedup();
    let entity = |label: String| Entity {
        id: EntityId::from_label(&normalise_label(&label)),
        labels: vec![label],
        class: EntityClass::Topic,
    };
    labels.into_iter().map(entity).collect()
}

/// What `VERITRAIL_BENCH_DATA` names, or the bundled example.
pub(crate) fn named() -> Outcome<Vec<Corpus>> {
    match std::env::var_os("VERITRAIL_BENCH_DATA") {
        Some(paths) => std::env::split_paths(&paths).map(|path| Corpus::read(&path)).collect(),
        None => {
            let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/example");
            Ok(vec![Corpus::read(&example)?])
        }
    }
}
