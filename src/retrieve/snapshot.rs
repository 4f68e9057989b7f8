//! One generation as a reader sees it.

use super::RetrieveError;
use super::edges::project;
use super::entities::Names;
use super::fragments::{Fragments, Map};
use super::view::{View, Views};
use crate::extract::{Gazetteer, GazetteerError};
use crate::graph::{DocumentSummary, NodeKey, Projection};
use crate::index::{DenseIndex, IndexRead, LexicalIndex, Rows};
use crate::model::{
    AccessLabel, Calibration, Digest, DocumentId, Entity, EntityId, Fragment, FragmentId,
    GenerationId, PictureFacts, SpaceId, VersionId,
};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::OnceLock;

/// What a snapshot is made of.
pub struct SnapshotParts {
    /// The generation.
    pub generation: GenerationId,
    /// Which reading of the generation this is: access labels are those of the moment, so
    /// that two readings can differ, and caches must tell them apart.
    pub reading: u64,
    /// Every document.
    pub documents: Vec<DocumentSummary>,
    /// Those of them that nobody sees, as they are in the knowledge base no more.
    pub gone: BTreeSet<DocumentId>,
    /// Every fragment.
    pub fragments: Vec<Fragment>,
    /// Every entity.
    pub entities: Vec<Entity>,
    /// Which fragment names which entity.
    pub mentions: Vec<(FragmentId, EntityId)>,
    /// Links from fragments to documents.
    pub links: Vec<(FragmentId, DocumentId)>,
    /// The topic of each document.
    pub topics: Vec<(DocumentId, EntityId)>,
    /// The entity that stands for each one that is one thing with it.
    pub representatives: HashMap<EntityId, EntityId>,
    /// Pairs of entities that may be the same, or that imported RDF ties.
    pub ties: Vec<(EntityId, EntityId)>,
    /// Which documents state the ties that imported RDF makes.
    pub stated_ties: Vec<(EntityId, EntityId, DocumentId)>,
    /// Labels of entities that imported RDF states, and which document does.
    pub stated_labels: Vec<(EntityId, String, DocumentId)>,
    /// What pictures show, each with its probability; accepted claims only.
    pub depictions: Vec<(DocumentId, EntityId, f32)>,
    /// What speaks for each of these claims: IRI of a fragment, page or picture, or
    /// nothing but the picture itself.
    pub depicted_by: Vec<(DocumentId, EntityId, Option<String>)>,
    /// What pictures do not show although words about them name it.
    pub not_depicted: Vec<(DocumentId, EntityId)>,
    /// IRIs of the classes of what each picture shows, those above them included.
    pub picture_classes: HashMap<DocumentId, BTreeSet<String>>,
    /// Vectors.
    pub dense: DenseIndex,
    /// Vectors of picture files, for each space that they share with texts.
    pub visual: Vec<DenseIndex>,
    /// What the cosine of a text and a picture means in each space where it is known.
    pub calibrations: HashMap<SpaceId, Calibration>,
    /// Words.
    pub lexical: LexicalIndex,
}

/// One generation in memory, immutable but for documents that are hidden while they wait
/// to be deleted.
pub struct Snapshot {
    pub(super) generation: GenerationId,
    reading: u64,
    pub(super) documents: Map<DocumentId, DocumentSummary>,
    pub(super) gone: BTreeSet<DocumentId>,
    pub(super) fragments: Fragments,
    pub(super) entities: HashMap<EntityId, Entity>,
    pub(super) gazetteer: Gazetteer,
    /// Picture fragments by the pixels that they show; whether each is the fragment of
    /// the file itself, pages first.
    pictures: HashMap<Digest, Vec<(bool, FragmentId)>>,
    pub(super) projection: Projection,
    /// Labels of all documents.
    pub(super) labels: BTreeSet<AccessLabel>,
    /// Which fragment names which entity, by their numbers in the projection; ordered.
    pub(super) mentions: Vec<(u32, u32)>,
    /// The same with the entity first; ordered.
    naming: Vec<(u32, u32)>,
    pub(super) topics: Vec<(DocumentId, EntityId)>,
    /// Documents that state a tie, the smaller entity first; none for other ties.
    pub(super) stated_ties: HashMap<(EntityId, EntityId), Vec<DocumentId>>,
    pub(super) stated_labels: Vec<(EntityId, String, DocumentId)>,
    /// Documents that say that a picture shows an entity; `None` is the picture itself.
    pub(super) depicted_by: HashMap<(DocumentId, EntityId), Vec<Option<DocumentId>>>,
    pub(super) views: Views,
    /// Made when somebody asks for a name.
    names: OnceLock<Names>,
    /// Entities that another one stands for.
    representatives: HashMap<EntityId, EntityId>,
    pub(super) picture_classes: HashMap<DocumentId, BTreeSet<String>>,
    /// Pictures whose words say nothing: the vector of such words is noise.
    wordless: HashSet<FragmentId>,
    /// Rows of the vectors of texts that say something, for who sees everything.
    worded: OnceLock<Rows>,
    pub(super) dense: DenseIndex,
    pub(super) visual: Vec<DenseIndex>,
    pub(super) calibrations: HashMap<SpaceId, Calibration>,
    pub(super) lexical: LexicalIndex,
}

impl Snapshot {
    /// Builds the graph projection and the gazetteer over the parts.
    ///
    /// # Errors
    /// When the labels exceed what the gazetteer can hold.
    pub fn new(parts: SnapshotParts) -> Result<Self, GazetteerError> {
        let gazetteer = Gazetteer::build(&parts.entities)?;
        let projection = project(&parts);
        let pictures = pictures(&parts);
        let nameless = |f: &&Fragment| f.picture().is_some() && !says_something(&f.text);
        let wordless = parts.fragments.iter().filter(nameless).map(|f| f.id.clone()).collect();
        let labels = parts.documents.iter().map(|d| d.access_label.clone()).collect();
        let mentions = numbered(&projection, &parts.mentions);
        let mut naming: Vec<(u32, u32)> = mentions.iter().map(|(f, e)| (*e, *f)).collect();
        naming.sort_unstable();
        let depicted_by = sources(&parts);
        let row = |id: &FragmentId| parts.dense.row(id.as_str());
        let fragments = Fragments::new(parts.fragments, &projection, row);
        let mut stated_ties: HashMap<(EntityId, EntityId), Vec<DocumentId>> = HashMap::new();
        for (a, b, document) in parts.stated_ties {
            let pair = if a < b { (a, b) } else { (b, a) };
            stated_ties.entry(pair).or_default().push(document);
        }
        let snapshot = Self {
            gone: parts.gone,
            labels,
            mentions,
            naming,
            topics: parts.topics,
            stated_ties,
            stated_labels: parts.stated_labels,
            depicted_by,
            views: Views::default(),
            names: OnceLock::new(),
            representatives: parts.representatives,
            generation: parts.generation,
            reading: parts.reading,
            documents: parts.documents.into_iter().map(|d| (d.id.clone(), d)).collect(),
            fragments,
            entities: parts.entities.into_iter().map(|e| (e.id.clone(), e)).collect(),
            gazetteer,
            pictures,
            projection,
            picture_classes: parts.picture_classes,
            wordless,
            worded: OnceLock::new(),
            dense: parts.dense,
            visual: parts.visual,
            calibrations: parts.calibrations,
            lexical: parts.lexical,
        };
        snapshot.withdraw(BTreeSet::new());
        Ok(snapshot)
    }

    /// The generation.
    pub fn generation(&self) -> &GenerationId {
        &self.generation
    }

    /// The space of its texts.
    pub fn text_space(&self) -> SpaceId {
        self.dense.space()
    }

    /// Which reading of the store this is.
    pub fn reading(&self) -> u64 {
        self.reading
    }

    /// How rare words are among the fragments; see [`LexicalIndex::rarities`].
    ///
    /// # Errors
    /// When the index is damaged.
    pub fn rarities(&self, words: &[String]) -> Result<Vec<f32>, RetrieveError> {
        Ok(self.lexical.rarities(words)?)
    }

    /// What the cosine of a text and a picture means in a space, where it is known.
    pub fn calibration(&self, space: SpaceId) -> Option<&Calibration> {
        self.calibrations.get(&space)
    }

    /// A fragment.
    pub fn fragment(&self, id: &FragmentId) -> Option<&Fragment> {
        self.fragments.get(id)
    }

    /// Every document, in no order.
    pub fn documents(&self) -> impl Iterator<Item = &DocumentSummary> {
        self.documents.values()
    }

    /// The fragments of a document version, in order.
    pub fn fragments_of<'s>(&'s self, version: &VersionId) -> impl Iterator<Item = &'s Fragment> {
        let version = version.clone();
        (0u32..).map_while(move |n| self.fragments.get(&FragmentId::new(&version, n)))
    }

    /// A document.
    pub fn document(&self, id: &DocumentId) -> Option<&DocumentSummary> {
        self.documents.get(id)
    }

    /// Fragments that show the picture with these pixels, of those that are seen: those
    /// of pages, or the file itself when no page shows it.
    pub(super) fn pictures_of(&self, pixels: &Digest, view: &View<'_>) -> Vec<FragmentId> {
        let all = self.pictures.get(pixels).map_or(&[][..], Vec::as_slice);
        let seen = || all.iter().filter(|(_, fragment)| view.sees_fragment(fragment));
        let any_page = seen().any(|(is_file, _)| !is_file);
        let shown = seen().filter(|(is_file, _)| !(any_page && *is_file));
        shown.map(|(_, fragment)| fragment.clone()).collect()
    }

    /// Fragments that show a picture which looks nearly the same, nearest first, with
    /// the bits by which its hash differs.
    pub(super) fn near_pictures(
        &self,
        asked: &PictureFacts,
        view: &View<'_>,
    ) -> Vec<(FragmentId, u32)> {
        let facts = self.documents.values().filter_map(|document| document.picture.as_ref());
        let mut near: Vec<(u32, Digest)> = facts
            .filter(|facts| facts.pixels != asked.pixels)
            .filter_map(|facts| Some((asked.near(facts)?, facts.pixels)))
            .collect();
        near.sort();
        near.dedup();
        let shown = |(bits, pixels): &(u32, Digest)| {
            let bits = *bits;
            self.pictures_of(pixels, view).into_iter().map(move |fragment| (fragment, bits))
        };
        near.iter().flat_map(shown).collect()
    }

    /// Fragments that show the picture of a file, which is named by its own
    /// fragment, of those that are seen.
    pub(super) fn showing(&self, file: &FragmentId, view: &View<'_>) -> Vec<FragmentId> {
        let pixels = self
            .fragments
            .get(file)
            .and_then(|fragment| self.documents.get(&fragment.document)?.picture.as_ref())
            .map(|facts| facts.pixels);
        pixels.map_or_else(Vec::new, |pixels| self.pictures_of(&pixels, view))
    }

    /// Names, for finding entities.
    pub(super) fn names(&self) -> &Names {
        self.names.get_or_init(|| Names::of(self))
    }

    /// The entity that stands for this one; itself when it stands for itself.
    pub fn representative<'a>(&'a self, id: &'a EntityId) -> &'a EntityId {
        self.representatives.get(id).unwrap_or(id)
    }

    /// An entity with those that it stands for.
    pub(super) fn members(&self, id: &EntityId) -> Vec<EntityId> {
        let others = self.representatives.iter().filter(|(_, of)| *of == id);
        let mut members: Vec<EntityId> = others.map(|(member, _)| member.clone()).collect();
        members.push(id.clone());
        members.sort();
        members.dedup();
        members
    }

    /// Numbers of the entities that a fragment names.
    pub(super) fn entities_in(&self, fragment: u32) -> impl Iterator<Item = u32> + '_ {
        let start = self.mentions.partition_point(|(of, _)| *of < fragment);
        let named = self.mentions.iter().skip(start);
        named.take_while(move |(of, _)| *of == fragment).map(|(_, entity)| *entity)
    }

    /// Numbers of the fragments that name an entity.
    pub(super) fn numbers_naming(&self, entity: u32) -> impl Iterator<Item = u32> + '_ {
        let start = self.naming.partition_point(|(of, _)| *of < entity);
        let of = self.naming.iter().skip(start);
        of.take_while(move |(of, _)| *of == entity).map(|(_, fragment)| *fragment)
    }

    /// Number of documents, fragments and entities.
    pub fn counts(&self) -> (usize, usize, usize) {
        (self.documents.len(), self.fragments.len(), self.entities.len())
    }

    /// Vectors of the texts, then those of each space of pictures.
    pub fn n_vectors(&self) -> impl Iterator<Item = usize> + '_ {
        std::iter::once(&self.dense).chain(&self.visual).map(IndexRead::len)
    }

    /// Rows of the vectors of texts that say something; `None` when all of them do.
    pub(super) fn worded(&self) -> Option<&Rows> {
        let all = || self.rows_of_words(&|_| true);
        (!self.wordless.is_empty()).then(|| self.worded.get_or_init(all))
    }

    /// Rows of the vectors of texts that say something, of those that are allowed.
    pub(super) fn rows_of_words(&self, allowed: &dyn Fn(&str) -> bool) -> Rows {
        self.dense.rows(&|iri| allowed(iri) && !self.wordless.contains(iri))
    }

    /// Whether there is nothing but pictures, so that every question asks for one.
    pub(super) fn only_pictures(&self) -> bool {
        self.fragments.iter().all(|fragment| fragment.picture().is_some())
    }
}

/// Whether a text holds a word: three letters or more, and not what cameras and
/// programs call every picture (`IMG_2034`, a digest).
fn says_something(text: &str) -> bool {
    const NAMES: [&str; 14] = [
        "img",
        "dsc",
        "dscn",
        "dscf",
        "pxl",
        "pict",
        "pic",
        "image",
        "photo",
        "picture",
        "screenshot",
        "scan",
        "untitled",
        "download",
    ];
    text.split(|c: char| !c.is_alphanumeric()).any(|word| {
        word.chars().count() >= 3
            && word.chars().all(char::is_alphabetic)
            && !NAMES.contains(&word.to_lowercase().as_str())
    })
}

fn pictures(parts: &SnapshotParts) -> HashMap<Digest, Vec<(bool, FragmentId)>> {
    let pixels: HashMap<&DocumentId, Digest> = parts
        .documents
        .iter()
        .filter_map(|document| Some((&document.id, document.picture.as_ref()?.pixels)))
        .collect();
    let mut showing: HashMap<Digest, Vec<(bool, FragmentId)>> = HashMap::new();
    for fragment in &parts.fragments {
        if let Some(picture) = fragment.picture()
            && let Some(digest) = pixels.get(picture)
        {
            let is_file = *picture == fragment.document;
            showing.entry(*digest).or_default().push((is_file, fragment.id.clone()));
        }
    }
    showing.values_mut().for_each(|found| found.sort());
    showing
}

fn numbered(projection: &Projection, mentions: &[(FragmentId, EntityId)]) -> Vec<(u32, u32)> {
    let mut numbered: Vec<(u32, u32)> = mentions
        .iter()
        .filter_map(|(fragment, entity)| {
            let fragment = projection.number(&NodeKey::Fragment(fragment.clone()))?;
            Some((fragment, projection.number(&NodeKey::Entity(entity.clone()))?))
        })
        .collect();
    numbered.sort_unstable();
    numbered
}

/// Documents that speak for each claim that a picture shows something.
fn sources(parts: &SnapshotParts) -> HashMap<(DocumentId, EntityId), Vec<Option<DocumentId>>> {
    let document_of: HashMap<&str, &DocumentId> =
        parts.fragments.iter().map(|f| (f.id.as_str(), &f.document)).collect();
    let mut sources: HashMap<(DocumentId, EntityId), Vec<Option<DocumentId>>> = HashMap::new();
    for (picture, entity, evidence) in &parts.depicted_by {
        let document = evidence.as_ref().map(|iri| match document_of.get(iri.as_str()) {
            Some(document) => (*document).clone(),
            None => DocumentId::from_iri(iri.clone()),
        });
        sources.entry((picture.clone(), entity.clone())).or_default().push(document);
    }
    sources
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_cameras_give_say_nothing() {
        for name in ["IMG 2034", "af3750de33614832", "DSC 0001", "Screenshot 2026 11 24", "7"] {
            assert!(!says_something(name), "{name}");
        }
        for name in ["shaft seal", "E 17 IMG pump", "Dichtung", "画像の中"] {
            assert!(says_something(name), "{name}");
        }
    }
}
