//! A generation as readers need it, in one file of its folder.
//!
//! The graph holds the documents of today; a generation stays as it was. So what a reader
//! needs of the graph (documents, fragments, entities, who names whom, what pictures show)
//! is written beside the indexes when a generation is published, entities that are one
//! already being one. A start reads this file instead of millions of entries of the store,
//! and earlier generations can be served again.
//!
//! The file is JSON by lines: head, entities, documents with their fragments, what
//! concerns several documents, and the SHA-256 of all lines before.

use super::corpus_file::{CorpusFile, DocumentText};
use super::error::{EngineError, io_error};
use super::knowledge_base::KnowledgeBase;
use super::merged;
use super::stated_by::StatedBy;
use crate::graph::DocumentSummary;
use crate::model::{
    Calibration, DepictionStatus, Digest, DocumentId, Entity, EntityId, Fragment, FragmentId,
    GenerationId, Space, SpaceId,
};
use crate::resolve::Groups;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::Path;

/// Name of the file in the folder of a generation.
pub(super) const FILE: &str = "reading.jsonl";
const FORMAT: &str = "veritrail-reading 1";

/// A line of the file.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Line {
    Head(Head),
    Entity(Entity),
    Document(Box<FrozenDocument>),
    Beyond(Box<Beyond>),
    Sha256(Digest),
}

#[derive(Serialize, Deserialize)]
struct Head {
    format: String,
    generation: GenerationId,
    /// Spaces of its vectors, that of the text first.
    spaces: Vec<SpaceId>,
}

/// A document; positions are those of its fragments.
#[derive(Serialize, Deserialize)]
struct FrozenDocument {
    summary: DocumentSummary,
    fragments: Vec<Fragment>,
    /// Place of a fragment and number of an entity that it names.
    mentions: Vec<(u32, u32)>,
    /// Place of a fragment and document to which it links.
    links: Vec<(u32, DocumentId)>,
}

/// What concerns several documents; see [`crate::retrieve::SnapshotParts`].
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Beyond {
    pub(super) topics: Vec<(DocumentId, EntityId)>,
    pub(super) representatives: BTreeMap<EntityId, EntityId>,
    pub(super) ties: Vec<(EntityId, EntityId)>,
    pub(super) stated_ties: Vec<(EntityId, EntityId, DocumentId)>,
    pub(super) stated_labels: Vec<(EntityId, String, DocumentId)>,
    pub(super) depictions: Vec<(DocumentId, EntityId, f32)>,
    pub(super) depicted_by: Vec<(DocumentId, EntityId, Option<String>)>,
    pub(super) not_depicted: Vec<(DocumentId, EntityId)>,
    pub(super) picture_classes: BTreeMap<DocumentId, BTreeSet<String>>,
    /// Fragments of picture files and their parts.
    pub(super) picture_keys: BTreeSet<FragmentId>,
    pub(super) calibrations: Vec<(SpaceId, Calibration)>,
}

/// A generation without its indexes.
pub(super) struct Reading {
    pub(super) documents: Vec<DocumentSummary>,
    pub(super) fragments: Vec<Fragment>,
    pub(super) entities: Vec<Entity>,
    /// Ordered.
    pub(super) mentions: Vec<(FragmentId, EntityId)>,
    pub(super) links: Vec<(FragmentId, DocumentId)>,
    pub(super) beyond: Beyond,
    /// Spaces of its vectors, that of the text first.
    pub(super) spaces: Vec<SpaceId>,
}

/// What a generation is made of.
#[derive(Clone, Copy)]
pub(super) struct MadeOf<'a> {
    pub(super) generation: &'a GenerationId,
    pub(super) documents: &'a [DocumentSummary],
    pub(super) corpus: &'a CorpusFile,
    /// The space of its texts.
    pub(super) text: &'a Space,
}

/// Writes lines and sums them up.
struct Lines<W> {
    writer: W,
    sum: Sha256,
}

impl<W: Write> Lines<W> {
    fn add(&mut self, line: &Line) -> io::Result<()> {
        let mut bytes = serde_json::to_vec(line)?;
        bytes.push(b'\n');
        self.sum.update(&bytes);
        self.writer.write_all(&bytes)
    }
}

impl KnowledgeBase {
    /// Writes what the graph says now as the reading of `generation` into `folder`,
    /// synced, a few documents in memory at a time.
    ///
    /// # Errors
    /// When the graph cannot be read or the disk refuses.
    pub(super) fn freeze(&self, made_of: &MadeOf<'_>, folder: &Path) -> Result<(), EngineError> {
        let MadeOf { generation, documents, corpus, text } = *made_of;
        let path = folder.join(FILE);
        let failed = io_error("write", &path);
        let aside = tempfile::NamedTempFile::new_in(folder).map_err(&failed)?;
        let mut lines = Lines { writer: BufWriter::new(aside.as_file()), sum: Sha256::new() };
        let spaces = self.models.spaces_with(text).iter().map(Space::id).collect();
        let head = Head { format: FORMAT.to_owned(), generation: generation.clone(), spaces };
        lines.add(&Line::Head(head)).map_err(&failed)?;
        let groups = self.groups()?;
        let mut entities = self.graph.entities()?;
        entities.retain(|entity| entity.class.is_walked());
        let walked: Vec<EntityId> = entities.iter().map(|entity| entity.id.clone()).collect();
        let mut numbers: HashMap<EntityId, u32> = HashMap::new();
        for (entity, number) in merged::one_each(entities, &groups).into_iter().zip(0u32..) {
            numbers.insert(entity.id.clone(), number);
            lines.add(&Line::Entity(entity)).map_err(&failed)?;
        }
        for id in walked {
            if let Some(number) = numbers.get(&EntityId::from_iri(groups.of(id.as_str()))).copied()
            {
                numbers.insert(id, number);
            }
        }
        let mut whole_pictures = BTreeSet::new();
        for text in corpus.texts()? {
            let text = text?;
            let Some(summary) = documents.get(text.place) else { continue };
            let files = text.fragments.iter().filter(|f| f.picture() == Some(&f.document));
            whole_pictures.extend(files.map(|fragment| fragment.id.clone()));
            let document = self.frozen(summary, text, &numbers)?;
            lines.add(&Line::Document(Box::new(document))).map_err(&failed)?;
        }
        drop(numbers);
        let beyond = self.beyond(documents, &groups, whole_pictures)?;
        lines.add(&Line::Beyond(Box::new(beyond))).map_err(&failed)?;
        let sum = Digest::from_bytes(lines.sum.clone().finalize().into());
        lines.add(&Line::Sha256(sum)).map_err(&failed)?;
        lines.writer.flush().map_err(&failed)?;
        drop(lines);
        aside.as_file().sync_all().map_err(&failed)?;
        aside.persist(&path).map_err(|error| failed(error.error))?;
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(io_error("sync", folder))
    }

    fn frozen(
        &self,
        summary: &DocumentSummary,
        text: DocumentText,
        numbers: &HashMap<EntityId, u32>,
    ) -> Result<FrozenDocument, EngineError> {
        let DocumentText { fragments, links, .. } = text;
        let places: HashMap<&FragmentId, u32> =
            fragments.iter().zip(0u32..).map(|(fragment, n)| (&fragment.id, n)).collect();
        let mut mentions = Vec::new();
        for (fragment, entity) in self.graph.mentioned_entities_of(&summary.version)? {
            // Entities that walks do not pass have no number.
            if let (Some(place), Some(number)) = (places.get(&fragment), numbers.get(&entity)) {
                mentions.push((*place, *number));
            }
        }
        mentions.sort_unstable();
        mentions.dedup();
        let links = links
            .into_iter()
            .filter_map(|link| Some((*places.get(&link.fragment)?, link.target)))
            .collect();
        // What tells publishing whether mentions are current is nothing to readers.
        let (mentions_digest, relations_digest) = (None, None);
        let summary = DocumentSummary { mentions_digest, relations_digest, ..summary.clone() };
        Ok(FrozenDocument { summary, mentions, links, fragments })
    }

    /// What concerns several documents, entities that are one being one.
    fn beyond(
        &self,
        documents: &[DocumentSummary],
        groups: &Groups,
        whole_pictures: BTreeSet<FragmentId>,
    ) -> Result<Beyond, EngineError> {
        let stated = StatedBy::read(&self.graph, documents)?;
        let mut ties = self.graph.close_matches()?;
        ties.extend(stated.links);
        let regions = self.graph.picture_regions()?.into_iter();
        let parts: Vec<_> = regions.filter(|(_, whole)| whole_pictures.contains(whole)).collect();
        let mut picture_keys = whole_pictures;
        picture_keys.extend(parts.into_iter().map(|(part, _)| part));
        let mut beyond = Beyond {
            topics: self.graph.topics()?,
            ties,
            stated_ties: stated.ties,
            stated_labels: stated.labels,
            picture_keys,
            calibrations: self.calibrations()?.into_iter().collect(),
            ..Beyond::default()
        };
        beyond.calibrations.sort_by_key(|(space, _)| *space);
        let classes = self.graph.classes_of_resources()?;
        for claim in self.graph.depictions()? {
            match claim.status {
                DepictionStatus::Accepted => {
                    if let Some(classes) = classes.get(&claim.entity) {
                        let picture = claim.picture.clone();
                        let known = beyond.picture_classes.entry(picture).or_default();
                        known.extend(classes.iter().cloned());
                    }
                    let (picture, entity) = (claim.picture.clone(), claim.entity.clone());
                    beyond.depicted_by.push((picture, entity, claim.evidence));
                    beyond.depictions.push((claim.picture, claim.entity, claim.probability));
                }
                DepictionStatus::Rejected => {
                    beyond.not_depicted.push((claim.picture, claim.entity));
                }
                DepictionStatus::Proposed => {}
            }
        }
        merged::apply(&mut beyond, groups, &self.kept_apart()?);
        Ok(beyond)
    }

    /// Reads a generation back.
    ///
    /// # Errors
    /// When there is no such file, or it is damaged.
    pub(super) fn thaw(&self, generation: &GenerationId) -> Result<Reading, EngineError> {
        let path = self.generation_folder(generation).join(FILE);
        let damaged = |reason: String| EngineError::Frozen { path: path.clone(), reason };
        let mut reading = Reading {
            documents: Vec::new(),
            fragments: Vec::new(),
            entities: Vec::new(),
            mentions: Vec::new(),
            links: Vec::new(),
            beyond: Beyond::default(),
            spaces: Vec::new(),
        };
        let mut head = None;
        for_each_line(&path, &mut |line| {
            match line {
                Line::Head(found) => head = Some(found),
                Line::Entity(entity) => reading.entities.push(entity),
                Line::Document(document) => reading.add(*document),
                Line::Beyond(beyond) => reading.beyond = *beyond,
                Line::Sha256(_) => {}
            }
            Ok(())
        })?;
        let head = head.ok_or_else(|| damaged("it has no head".to_owned()))?;
        if head.generation != *generation {
            return Err(damaged(format!("it is of {}", head.generation)));
        }
        reading.spaces = head.spaces;
        reading.mentions.sort();
        Ok(reading)
    }

    /// Folder of a generation.
    pub(super) fn generation_folder(&self, generation: &GenerationId) -> std::path::PathBuf {
        self.root.join("generations").join(generation.name())
    }
}

impl Reading {
    fn add(&mut self, document: FrozenDocument) {
        let FrozenDocument { summary, fragments, mentions, links } = document;
        let fragment = |place: u32| fragments.get(place as usize).map(|f| f.id.clone());
        self.mentions.extend(mentions.into_iter().filter_map(|(place, number)| {
            Some((fragment(place)?, self.entities.get(number as usize)?.id.clone()))
        }));
        self.links.extend(
            links.into_iter().filter_map(|(place, target)| Some((fragment(place)?, target))),
        );
        self.documents.push(summary);
        self.fragments.extend(fragments);
    }
}

/// What a generation needs on disk besides its own folder.
#[derive(Default)]
pub(super) struct Needed {
    /// Keys of vectors.
    pub(super) vectors: HashSet<String>,
    /// Digests of originals and texts.
    pub(super) bytes: HashSet<Digest>,
}

impl Needed {
    /// Adds what the generation in `folder` needs; nothing when it cannot be served.
    pub(super) fn add(&mut self, folder: &Path) -> Result<(), EngineError> {
        let path = folder.join(FILE);
        if !path.exists() {
            return Ok(());
        }
        for_each_line(&path, &mut |line| {
            match line {
                Line::Document(document) => {
                    self.bytes.extend([document.summary.digest, document.summary.text_digest]);
                    let keys = document.fragments.iter().map(|f| f.id.as_str().to_owned());
                    self.vectors.extend(keys);
                }
                Line::Beyond(beyond) => {
                    let keys = beyond.picture_keys.iter().map(|key| key.as_str().to_owned());
                    self.vectors.extend(keys);
                }
                _ => {}
            }
            Ok(())
        })
    }
}

/// Versions of documents and numbers of what a generation holds, for comparing two.
pub(super) struct Outline {
    /// Source and version of each document.
    pub(super) documents: BTreeMap<String, String>,
    pub(super) n_fragments: usize,
    pub(super) n_entities: usize,
    pub(super) n_mentions: usize,
    pub(super) spaces: Vec<SpaceId>,
}

impl Outline {
    /// Reads the outline of the generation in `folder`.
    ///
    /// # Errors
    /// When its file is missing or damaged.
    pub(super) fn read(folder: &Path) -> Result<Self, EngineError> {
        let mut outline = Self {
            documents: BTreeMap::new(),
            n_fragments: 0,
            n_entities: 0,
            n_mentions: 0,
            spaces: Vec::new(),
        };
        for_each_line(&folder.join(FILE), &mut |line| {
            match line {
                Line::Head(head) => outline.spaces = head.spaces,
                Line::Entity(_) => outline.n_entities += 1,
                Line::Document(document) => {
                    outline.n_fragments += document.fragments.len();
                    outline.n_mentions += document.mentions.len();
                    let summary = document.summary;
                    outline.documents.insert(summary.source, summary.version.to_string());
                }
                _ => {}
            }
            Ok(())
        })?;
        Ok(outline)
    }
}

/// Spaces of the generation in `folder`, that of the text first. Its sum is not checked.
pub(super) fn spaces(folder: &Path) -> Result<Vec<SpaceId>, EngineError> {
    let path = folder.join(FILE);
    let mut bytes = Vec::new();
    let mut file = BufReader::new(File::open(&path).map_err(io_error("open", &path))?);
    file.read_until(b'\n', &mut bytes).map_err(io_error("read", &path))?;
    match serde_json::from_slice(&bytes) {
        Ok(Line::Head(head)) => Ok(head.spaces),
        _ => Err(EngineError::Frozen { path, reason: "it has no head".to_owned() }),
    }
}

/// Reads the lines of a file and checks their sum, which is the last one.
fn for_each_line(
    path: &Path,
    hear: &mut dyn FnMut(Line) -> Result<(), EngineError>,
) -> Result<(), EngineError> {
    let damaged = |reason: String| EngineError::Frozen { path: path.to_owned(), reason };
    let mut file = BufReader::new(File::open(path).map_err(io_error("open", path))?);
    let (mut sum, mut bytes, mut n) = (Sha256::new(), Vec::new(), 0);
    loop {
        bytes.clear();
        let length = file.read_until(b'\n', &mut bytes).map_err(io_error("read", path))?;
        if length == 0 {
            return Err(damaged("its end is missing".to_owned()));
        }
        n += 1;
        let line: Line = serde_json::from_slice(&bytes)
            .map_err(|error| damaged(format!("line {n} cannot be read: {error}")))?;
        match line {
            Line::Head(head) if head.format != FORMAT => {
                return Err(damaged(format!("its format is `{}`, not `{FORMAT}`", head.format)));
            }
            Line::Sha256(expected) => {
                let found = Digest::from_bytes(sum.finalize().into());
                return if found == expected {
                    Ok(())
                } else {
                    Err(damaged("its checksum does not match".to_owned()))
                };
            }
            line => hear(line)?,
        }
        sum.update(&bytes);
    }
}

/// Removes the folder of a generation.
pub(super) fn remove(folder: &Path) -> Result<(), EngineError> {
    fs::remove_dir_all(folder).map_err(io_error("remove", folder))
}
