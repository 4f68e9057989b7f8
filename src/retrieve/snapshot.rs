//! One generation as a reader sees it.

use super::edges::project;
use crate::extract::{Gazetteer, GazetteerError};
use crate::graph::{DocumentSummary, Projection};
use crate::index::{DenseIndex, IndexRead, LexicalIndex};
use crate::model::{
    AccessLabel, Calibration, Digest, DocumentId, Entity, EntityId, Fragment, FragmentId,
    GenerationId, PictureFacts, SpaceId, VersionId,
};
use std::collections::{BTreeSet, HashMap, HashSet};

/// What a snapshot is made of.
pub struct SnapshotParts {
    /// The generation.
    pub generation: GenerationId,
    /// Every document.
    pub documents: Vec<DocumentSummary>,
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
    /// Pairs of entities that may be the same, or that imported RDF ties.
    pub ties: Vec<(EntityId, EntityId)>,
    /// What pictures show, each with its probability; accepted claims only.
    pub depictions: Vec<(DocumentId, EntityId, f32)>,
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

/// One generation in memory, immutable.
pub struct Snapshot {
    pub(super) generation: GenerationId,
    pub(super) documents: HashMap<DocumentId, DocumentSummary>,
    pub(super) fragments: HashMap<FragmentId, Fragment>,
    pub(super) entities: HashMap<EntityId, Entity>,
    pub(super) gazetteer: Gazetteer,
    /// Picture fragments by the pixels that they show.
    pictures: HashMap<Digest, Vec<FragmentId>>,
    pub(super) projection: Projection,
    pub(super) picture_classes: HashMap<DocumentId, BTreeSet<String>>,
    /// Pictures whose words say nothing: the vector of such words is noise.
    pub(super) wordless: HashSet<FragmentId>,
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
        Ok(Self {
            generation: parts.generation,
            documents: parts.documents.into_iter().map(|d| (d.id.clone(), d)).collect(),
            fragments: parts.fragments.into_iter().map(|f| (f.id.clone(), f)).collect(),
            entities: parts.entities.into_iter().map(|e| (e.id.clone(), e)).collect(),
            gazetteer,
            pictures,
            projection,
            picture_classes: parts.picture_classes,
            wordless,
            dense: parts.dense,
            visual: parts.visual,
            calibrations: parts.calibrations,
            lexical: parts.lexical,
        })
    }

    /// The generation.
    pub fn generation(&self) -> &GenerationId {
        &self.generation
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

    /// Fragments that show the picture with these pixels: those of pages, or the
    /// file itself when no page shows it.
    pub(super) fn pictures_of(&self, pixels: &Digest) -> Vec<FragmentId> {
        self.pictures.get(pixels).cloned().unwrap_or_default()
    }

    /// Fragments that show a picture which looks nearly the same, nearest first, with
    /// the bits by which its hash differs.
    pub(super) fn near_pictures(&self, asked: &PictureFacts) -> Vec<(FragmentId, u32)> {
        let facts = self.documents.values().filter_map(|document| document.picture.as_ref());
        let mut near: Vec<(u32, Digest)> = facts
            .filter(|facts| facts.pixels != asked.pixels)
            .filter_map(|facts| Some((asked.near(facts)?, facts.pixels)))
            .collect();
        near.sort();
        near.dedup();
        let shown = |(bits, pixels): &(u32, Digest)| {
            let bits = *bits;
            self.pictures_of(pixels).into_iter().map(move |fragment| (fragment, bits))
        };
        near.iter().flat_map(shown).collect()
    }

    /// Fragments that show the picture of a file, which is named by its own
    /// fragment.
    pub(super) fn showing(&self, file: &FragmentId) -> Vec<FragmentId> {
        let pixels = self
            .fragments
            .get(file)
            .and_then(|fragment| self.documents.get(&fragment.document)?.picture.as_ref())
            .map(|facts| facts.pixels);
        pixels.map_or_else(Vec::new, |pixels| self.pictures_of(&pixels))
    }

    /// Number of documents, fragments and entities.
    pub fn counts(&self) -> (usize, usize, usize) {
        (self.documents.len(), self.fragments.len(), self.entities.len())
    }

    /// Vectors of the texts, then those of each space of pictures.
    pub fn n_vectors(&self) -> impl Iterator<Item = usize> + '_ {
        std::iter::once(&self.dense).chain(&self.visual).map(IndexRead::len)
    }

    /// Whether there is nothing but pictures, so that every question asks for one.
    pub(super) fn only_pictures(&self) -> bool {
        self.fragments.values().all(|fragment| fragment.picture().is_some())
    }

    /// Whether a principal with these labels may see a document.
    pub(super) fn may_see(
        &self,
        document: &DocumentId,
        labels: Option<&BTreeSet<AccessLabel>>,
    ) -> bool {
        labels.is_none_or(|labels| {
            self.documents.get(document).is_some_and(|d| labels.contains(&d.access_label))
        })
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

fn pictures(parts: &SnapshotParts) -> HashMap<Digest, Vec<FragmentId>> {
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
    let sorted = |mut found: Vec<(bool, FragmentId)>| {
        found.sort();
        let any_page = found.iter().any(|(is_file, _)| !is_file);
        found.into_iter().filter(|(is_file, _)| !(any_page && *is_file)).map(|(_, id)| id).collect()
    };
    showing.into_iter().map(|(digest, found)| (digest, sorted(found))).collect()
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
