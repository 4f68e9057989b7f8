//! From a loaded source to a document version.

use super::chunk::ChunkOptions;
use super::language::language;
use super::picture::is_picture;
use super::source::SourceItem;
use crate::model::{AccessLabel, Digest, Document, DocumentId, Loaded, MediaType, VersionId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Raised whenever the same bytes and settings would give other fragments, or something
/// else would be known of the document: 3 since the language is told from the words.
const INGEST_VERSION: &str = "veritrail-ingest 3";
/// The same for what is known of a picture.
const PICTURE_FACTS_VERSION: &str = "picture facts 1";
/// The same for Turtle, whose blank nodes got names of their own.
const TURTLE_VERSION: &str = "turtle 2";

/// Settings of ingest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IngestConfig {
    /// Larger files are refused without being read.
    pub max_file_bytes: u64,
    /// Label of documents, decided by the longest matching prefix of their
    /// source path; `public` where none matches.
    pub labels: Vec<LabelRule>,
    /// How text is cut into chunks.
    pub chunk: ChunkOptions,
    /// Whether the place where a picture was taken is read from it, which is
    /// personal data of whoever took it.
    pub picture_location: bool,
    /// Whether parts of large pictures are embedded beside the whole.
    pub picture_regions: bool,
    /// What happens to RDF that does not meet the shapes of the knowledge base.
    pub validate: ValidateMode,
}

/// What shapes do when documents are taken in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ValidateMode {
    /// Nothing.
    Off,
    /// What is wrong is said.
    #[default]
    Report,
    /// A document with a violation is not taken in.
    Reject,
}

/// Documents below a path get a label.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LabelRule {
    /// Beginning of the source path.
    pub prefix: String,
    /// The label.
    pub label: AccessLabel,
}

impl Default for IngestConfig {
    fn default() -> Self {
        Self {
            max_file_bytes: 256 << 20,
            labels: Vec::new(),
            chunk: ChunkOptions::default(),
            picture_location: false,
            picture_regions: true,
            validate: ValidateMode::default(),
        }
    }
}

/// The document version that a source makes.
pub fn document(
    item: &SourceItem,
    media_type: MediaType,
    loaded: &Loaded,
    config: &IngestConfig,
) -> Document {
    let id = DocumentId::from_source(&item.source);
    let digest = Digest::of(&item.bytes);
    let title = loaded.title.clone().unwrap_or_else(|| title_of(&item.source));
    Document {
        version: VersionId::new(&id, &digest),
        id,
        digest,
        text_digest: Digest::of(loaded.text.as_bytes()),
        source: item.source.clone(),
        media_type,
        title,
        aliases: loaded.aliases.clone(),
        is_term: loaded.is_term,
        access_label: access_label(&item.source, config),
        language: stated_or_told(loaded, media_type),
        size_bytes: item.bytes.len() as u64,
        picture: loaded.picture.clone(),
    }
}

/// The language that a document states, else the one that its words tell. Pictures have
/// too few words to tell.
fn stated_or_told(loaded: &Loaded, media_type: MediaType) -> Option<String> {
    let told = || language(&loaded.text).filter(|_| !media_type.is_picture());
    loaded.language.clone().or_else(|| told().map(str::to_owned))
}

/// Digest of everything but the bytes that shapes a document version: the
/// chunking, the facts of a picture, and the label that the settings give to it.
pub fn recipe(item: &SourceItem, config: &IngestConfig) -> Digest {
    let source = &item.source;
    let chunk = format!("{:?}", config.chunk);
    let label = access_label(source, config);
    let mut parts = vec![INGEST_VERSION.as_bytes(), chunk.as_bytes()];
    if label != AccessLabel::default() {
        parts.push(label.0.as_bytes());
    }
    if source.ends_with(".ttl") {
        parts.push(TURTLE_VERSION.as_bytes());
    }
    if let Some(metadata) = &item.metadata {
        parts.push(&metadata.bytes);
    }
    if is_picture(item) {
        parts.push(PICTURE_FACTS_VERSION.as_bytes());
        parts.push(if config.picture_location { b"with location" } else { b"" });
        if config.picture_regions {
            parts.push(b"regions 1");
        }
    }
    Digest::of_parts(parts)
}

fn access_label(source: &str, config: &IngestConfig) -> AccessLabel {
    let rules = config.labels.iter().filter(|rule| source.starts_with(&rule.prefix));
    rules.max_by_key(|rule| rule.prefix.len()).map(|rule| rule.label.clone()).unwrap_or_default()
}

/// Labels of a document of this source path, and of all that rules name for its parts:
/// entries of an archive, lines, pictures inside of it.
pub fn labels_below(source: &str, config: &IngestConfig) -> BTreeSet<AccessLabel> {
    let of_parts = config.labels.iter().filter(|rule| {
        rule.prefix.strip_prefix(source).is_some_and(|rest| rest.starts_with(['/', '#']))
    });
    let mut labels: BTreeSet<AccessLabel> = of_parts.map(|rule| rule.label.clone()).collect();
    labels.insert(access_label(source, config));
    labels
}

fn title_of(source: &str) -> String {
    let name = source.rsplit('/').next().unwrap_or(source);
    name.rsplit_once('.').map_or(name, |(stem, _)| stem).replace(['_', '-'], " ")
}
