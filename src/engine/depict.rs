//! What pictures show, at publish: by their words, by the labels of the graph, and
//! by the pictures near them.
//!
//! Labels are embedded once for each space and kept under the digest of their text,
//! beside the vectors of pictures. When pictures, words, labels and spaces are those
//! of the last publish, the stored claims stand and nothing is computed.

use super::build::now;
use super::error::EngineError;
use super::knowledge_base::KnowledgeBase;
use crate::embed::TextRole;
use crate::extract::{PROPOSED_FROM, named_depictions};
use crate::graph::{Decision, DepictionsWrite, DocumentSummary, label_iri};
use crate::index::{IndexWrite, VectorSet, VectorStore, dot};
use crate::model::{
    Calibration, Depiction, DepictionId, DepictionMethod, DepictionStatus, Digest, DocumentId,
    Embedding, EntityId, Fragment, FragmentId, Mention, SpaceId,
};
use rayon::prelude::*;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// Raised whenever the same documents would give other claims.
const DEPICT_VERSION: &str = "veritrail-depict 2";
/// Labels named for a picture at most, for a person to decide.
const LABELS_PER_PICTURE: usize = 3;
/// Pictures whose entities are proposed for the one between them.
const NEAR_PICTURES: usize = 5;
/// Zero-shot claims at least this probable count without a person: a label that is
/// the nearest of all is often the wrong one, so the bar is higher than for words.
const ZERO_SHOT_ACCEPTED_FROM: f32 = 0.9;
/// What a cosine between a picture and a label means where no calibration is known: even odds at 0.58, 3 % at 0.3, 80 % at 0.7. Careful on purpose: it
/// proposes and hardly ever accepts.
const UNCALIBRATED: Calibration = Calibration::Sigmoid { scale: 12.0, bias: -7.0 };

/// What claims depend on.
struct MadeOf<'a> {
    pictures: &'a BTreeMap<FragmentId, DocumentId>,
    labels: &'a [(EntityId, String)],
    mentions: &'a [Mention],
    topics: &'a [(DocumentId, EntityId)],
    decisions: &'a HashMap<DepictionId, DepictionStatus>,
    thresholds: &'a HashMap<EntityId, f32>,
    calibrations: &'a [&'a Calibration],
}

/// Labels of entities in one space of pictures.
struct Labels<'a> {
    vectors: &'a VectorSet,
    /// Entity, the label, and its vector.
    rows: Vec<(&'a EntityId, &'a str, &'a [f32])>,
    space: SpaceId,
}

impl KnowledgeBase {
    /// Every claim about what pictures show, as the graph holds it afterwards. Of the
    /// fragments only those are looked at that are pictures.
    pub(super) fn depict(
        &self,
        documents: &[DocumentSummary],
        fragments: &[Fragment],
        mentions: &[Mention],
    ) -> Result<Vec<Depiction>, EngineError> {
        let pictures: BTreeMap<FragmentId, DocumentId> = documents
            .iter()
            .filter(|document| document.media_type.is_picture())
            .map(|document| (FragmentId::new(&document.version, 0), document.id.clone()))
            .collect();
        let labels = if pictures.is_empty() { Vec::new() } else { self.visible_labels()? };
        let topics = self.graph.topics()?;
        let decisions = self.graph.decisions()?;
        let thresholds = self.graph.review_thresholds()?;
        let calibrations = self.calibrations()?;
        let calibration_of = |space| calibrations.get(&space).unwrap_or(&UNCALIBRATED);
        let calibrated: Vec<&Calibration> =
            self.picture_vectors.iter().map(|store| calibration_of(store.space())).collect();
        let made_of = self.made_of(&MadeOf {
            pictures: &pictures,
            labels: &labels,
            mentions,
            topics: &topics,
            decisions: &decisions,
            thresholds: &thresholds,
            calibrations: &calibrated,
        });
        let stored = self.graph.depictions_made_of()?;
        if pictures.is_empty() && stored.is_none() {
            return Ok(Vec::new());
        }
        if stored == Some(made_of) {
            return Ok(self.graph.depictions()?);
        }
        self.embed_labels(&labels)?;
        let mut claims = named_depictions(fragments, mentions, &topics);
        claims.retain(|claim| pictures.values().any(|picture| *picture == claim.picture));
        for store in &self.picture_vectors {
            let vectors = store.vectors();
            let own = Labels::new(&labels, &vectors, store.space());
            let seen = by_label(&pictures, &own, calibration_of(store.space()), &thresholds);
            merge(&mut claims, seen);
        }
        if let Some(store) = self.picture_vectors.first() {
            let near = by_near_pictures(&pictures, store, &claims, fragments, &topics);
            merge(&mut claims, near);
        }
        for claim in &mut claims {
            if let Some(status) = decisions.get(&claim.id) {
                claim.status = *status;
            }
        }
        claims
            .sort_by(|a, b| b.probability.total_cmp(&a.probability).then_with(|| a.id.cmp(&b.id)));
        let spaces: Vec<SpaceId> = self.picture_vectors.iter().map(VectorStore::space).collect();
        let texts: BTreeSet<&str> = labels.iter().map(|(_, label)| label.as_str()).collect();
        let texts: Vec<(String, Vec<SpaceId>)> =
            texts.into_iter().map(|label| (label.to_owned(), spaces.clone())).collect();
        self.graph.set_depictions(&DepictionsWrite {
            depictions: &claims,
            labels: &texts,
            made_of,
        })?;
        Ok(claims)
    }

    /// Labels of imported resources that say something that can be seen: at least one
    /// word of three letters.
    fn visible_labels(&self) -> Result<Vec<(EntityId, String)>, EngineError> {
        let says_something = |label: &str| {
            label.split(|c: char| !c.is_alphabetic()).any(|word| word.chars().count() >= 3)
        };
        let mut labels = self.graph.resource_labels()?;
        labels.extend(self.graph.class_labels()?);
        labels.retain(|(_, label)| says_something(label));
        labels.sort();
        labels.dedup();
        Ok(labels)
    }

    fn made_of(&self, parts: &MadeOf<'_>) -> Digest {
        let decided: BTreeMap<_, _> = parts.decisions.iter().collect();
        let thresholds: BTreeMap<_, _> = parts.thresholds.iter().collect();
        let (pictures, labels, topics) = (parts.pictures, parts.labels, parts.topics);
        let named = parts
            .mentions
            .iter()
            .map(|m| format!("{}|{:?}|{}|{}", m.fragment, m.span, m.entity, m.confidence));
        let parts = [
            DEPICT_VERSION.to_owned(),
            format!(
                "{:?}",
                self.picture_vectors.iter().map(VectorStore::space).collect::<Vec<_>>()
            ),
            format!("{pictures:?}{labels:?}"),
            named.collect(),
            if pictures.is_empty() { String::new() } else { format!("{topics:?}") },
            format!("{decided:?}{thresholds:?}{:?}", parts.calibrations),
        ];
        Digest::of_parts(parts.iter().map(String::as_bytes))
    }

    /// Gives every label a vector in every space of pictures, once.
    fn embed_labels(&self, labels: &[(EntityId, String)]) -> Result<(), EngineError> {
        let texts: BTreeSet<&str> = labels.iter().map(|(_, label)| label.as_str()).collect();
        for (model, store) in self.models.pictures.iter().zip(&self.picture_vectors) {
            let new: Vec<&str> = {
                let known = store.vectors();
                let is_new = |label: &&str| known.row(&label_iri(label)).is_none();
                texts.iter().copied().filter(is_new).collect()
            };
            if new.is_empty() {
                continue;
            }
            let embedded = model.embed(&new, TextRole::Query, &mut |_| {})?;
            let embeddings: Vec<Embedding> = new
                .iter()
                .zip(embedded.vectors)
                .map(|(label, vector)| Embedding {
                    target: FragmentId::from_iri(label_iri(label)),
                    space: store.space(),
                    vector,
                })
                .collect();
            store.add(&embeddings)?;
        }
        Ok(())
    }

    /// Every claim about what pictures show, the most probable first.
    ///
    /// # Errors
    /// When the graph cannot be read.
    pub fn depictions(&self) -> Result<Vec<Depiction>, EngineError> {
        Ok(self.graph.depictions()?)
    }

    /// Claims about what pictures show of which a person decided, published or not.
    ///
    /// # Errors
    /// When the graph cannot be read.
    pub fn decided_depictions(&self) -> Result<HashSet<DepictionId>, EngineError> {
        Ok(self.graph.decisions()?.into_keys().collect())
    }

    /// Labels by which people know an entity or a document.
    ///
    /// # Errors
    /// When the graph cannot be read.
    pub fn labels(&self) -> Result<HashMap<String, String>, EngineError> {
        let mut labels: HashMap<String, String> = HashMap::new();
        for entity in self.graph.entities()? {
            if let Some(label) = entity.labels.into_iter().next() {
                labels.insert(entity.id.as_str().to_owned(), label);
            }
        }
        for (class, label) in self.graph.class_labels()? {
            labels.entry(class.as_str().to_owned()).or_insert(label);
        }
        Ok(labels)
    }

    /// Records what a person decided about a claim. It counts from the next publish.
    ///
    /// # Errors
    /// When there is no such claim, or the graph cannot be written.
    pub fn decide(
        &self,
        depiction: &DepictionId,
        status: DepictionStatus,
        principal: &str,
        reason: Option<&str>,
    ) -> Result<(), EngineError> {
        if !self.graph.depictions()?.iter().any(|known| known.id == *depiction) {
            return Err(EngineError::NoDepiction(depiction.clone()));
        }
        Ok(self.graph.decide(&Decision {
            depiction: depiction.clone(),
            status,
            principal: principal.to_owned(),
            decided_at: now(),
            reason: reason.map(str::to_owned),
        })?)
    }
}

impl<'a> Labels<'a> {
    fn new(labels: &'a [(EntityId, String)], vectors: &'a VectorSet, space: SpaceId) -> Self {
        let rows = labels
            .iter()
            .filter_map(|(entity, label)| {
                Some((entity, label.as_str(), vectors.get(&label_iri(label))?))
            })
            .collect();
        Self { vectors, rows, space }
    }
}

/// The labels nearest to each picture. Probabilities of one picture share 1 where
/// they would sum to more.
fn by_label(
    pictures: &BTreeMap<FragmentId, DocumentId>,
    labels: &Labels<'_>,
    calibration: &Calibration,
    thresholds: &HashMap<EntityId, f32>,
) -> Vec<Depiction> {
    pictures
        .par_iter()
        .flat_map_iter(|(file, picture)| {
            let vector = labels.vectors.get(file.as_str()).unwrap_or_default();
            let mut best: HashMap<&EntityId, f32> = HashMap::new();
            for (entity, _, label) in labels.rows.iter().filter(|_| !vector.is_empty()) {
                let cosine = dot(vector, label);
                let known = best.entry(*entity).or_insert(f32::NEG_INFINITY);
                *known = known.max(cosine);
            }
            let mut ranked: Vec<(&EntityId, f32, f32)> = best
                .into_iter()
                .map(|(entity, cosine)| (entity, cosine, calibration.probability(cosine)))
                .collect();
            ranked.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(b.0)));
            let total: f32 = ranked.iter().map(|(_, _, p)| p).sum::<f32>().max(1.0);
            let wanted =
                ranked.into_iter().enumerate().filter_map(move |(rank, (entity, cosine, p))| {
                    // A threshold of the graph's own is about what a picture may show at
                    // all, whatever else it shows.
                    let (probability, from) = match thresholds.get(entity) {
                        Some(from) => (p, *from),
                        None if rank < LABELS_PER_PICTURE => (p / total, PROPOSED_FROM),
                        None => return None,
                    };
                    (probability >= from).then_some((entity, cosine, probability))
                });
            let space = labels.space;
            wanted.map(move |(entity, cosine, probability)| {
                let reviewed = thresholds.contains_key(entity);
                let status = if probability >= ZERO_SHOT_ACCEPTED_FROM && !reviewed {
                    DepictionStatus::Accepted
                } else {
                    DepictionStatus::Proposed
                };
                let method = DepictionMethod::ZeroShot;
                let mut claim =
                    Depiction::new(picture.clone(), entity.clone(), method, probability, status);
                claim.measured = Some((space, cosine));
                claim
            })
        })
        .collect()
}

/// What the nearest pictures show, for pictures of which nothing is known. With `n`
/// of the `k` nearest that are known to show an entity its probability is `n / (k + 1)`
/// (Laplace), so that it is always a person who decides.
fn by_near_pictures(
    pictures: &BTreeMap<FragmentId, DocumentId>,
    store: &VectorStore,
    claims: &[Depiction],
    fragments: &[Fragment],
    topics: &[(DocumentId, EntityId)],
) -> Vec<Depiction> {
    let topic_of: HashMap<&DocumentId, &EntityId> = topics.iter().map(|(d, e)| (d, e)).collect();
    let mut known: HashMap<&DocumentId, BTreeSet<&EntityId>> = HashMap::new();
    for claim in claims.iter().filter(|claim| claim.status == DepictionStatus::Accepted) {
        known.entry(&claim.picture).or_default().insert(&claim.entity);
    }
    let unknown = |picture: &&DocumentId| !known.contains_key(*picture);
    let asked: BTreeSet<&DocumentId> = pictures.values().filter(unknown).collect();
    let mut shows = known.clone();
    let vectors = store.vectors();
    let vectors: &VectorSet = &vectors;
    for fragment in fragments {
        if let Some(picture) = fragment.picture()
            && let Some(topic) = topic_of.get(&fragment.document)
        {
            shows.entry(picture).or_default().insert(topic);
        }
    }
    pictures
        .par_iter()
        .filter(|(_, picture)| asked.contains(picture) && !shows.contains_key(picture))
        .flat_map_iter(|(file, picture)| {
            let vector = vectors.get(file.as_str()).unwrap_or_default();
            let others = pictures.iter().filter(|(_, other)| *other != picture);
            let mut near: Vec<(f32, &DocumentId)> = others
                .filter(|_| !vector.is_empty())
                .filter_map(|(file, other)| Some((dot(vector, vectors.get(file.as_str())?), other)))
                .collect();
            near.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(b.1)));
            near.truncate(NEAR_PICTURES);
            let mut votes: BTreeMap<&EntityId, (usize, f32, &DocumentId)> = BTreeMap::new();
            for (cosine, other) in &near {
                for entity in shows.get(other).into_iter().flatten() {
                    votes.entry(entity).or_insert((0, *cosine, other)).0 += 1;
                }
            }
            let n_near = near.len();
            votes.into_iter().filter_map(move |(entity, (n, cosine, nearest))| {
                let probability = n as f32 / (n_near + 1) as f32;
                let mut claim = Depiction::new(
                    picture.clone(),
                    entity.clone(),
                    DepictionMethod::NearPictures,
                    probability,
                    DepictionStatus::Proposed,
                );
                claim.measured = Some((store.space(), cosine));
                claim.evidence = Some(nearest.as_str().to_owned());
                (n > 1).then_some(claim)
            })
        })
        .collect()
}

/// Adds claims; of two with the same identity the more probable one stays.
fn merge(claims: &mut Vec<Depiction>, more: Vec<Depiction>) {
    let mut places: HashMap<DepictionId, usize> =
        claims.iter().enumerate().map(|(place, claim)| (claim.id.clone(), place)).collect();
    for claim in more {
        let place = *places.entry(claim.id.clone()).or_insert(claims.len());
        match claims.get_mut(place) {
            Some(known) if known.probability >= claim.probability => {}
            Some(known) => *known = claim,
            None => claims.push(claim),
        }
    }
}
