//! What a principal with certain labels sees of a generation.
//!
//! | what | is seen when |
//! |---|---|
//! | a document | its label is allowed, and it is not withdrawn |
//! | a chunk | its document is seen |
//! | a picture on a page | the page and the picture's file are seen |
//! | a label of an entity | a seen fragment that names the entity holds it, a seen document about the entity has it as title or alias, or seen RDF states it |
//! | an entity | one of its labels is seen |
//! | a tie that only RDF states | one of the documents that state it is seen |
//! | that a picture shows an entity | both are seen, and what speaks for it |
//!
//! Walks pass nothing else, questions name nothing else, and paths show nothing else.
//! A view is made once for each set of labels and generation, when somebody with these
//! labels asks for the first time; whoever sees everything needs none.
//!
//! What is withdrawn is seen by nobody: documents that are about to be deleted, while the
//! generation that is served still holds them.

use super::seen::{Seen, folded, words_of};
use super::snapshot::Snapshot;
use crate::extract::{Gazetteer, GazetteerError};
use crate::graph::{NodeKey, Projection};
use crate::index::Rows;
use crate::model::{AccessLabel, DocumentId, EntityId, Evidence, Fragment, FragmentId, GraphStep};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Views kept for one generation; more sets of labels than this are rare.
const MAX_VIEWS: usize = 32;

type Labels = BTreeSet<AccessLabel>;
/// Filled by the first who needs it, while others with the same labels wait.
type Slot = Arc<Mutex<Option<Arc<Seen>>>>;

/// The views of one generation by the labels that matter in it.
#[derive(Default)]
pub(super) struct Views {
    state: Mutex<ViewsState>,
}

#[derive(Default)]
struct ViewsState {
    by_labels: BTreeMap<Labels, Slot>,
    withdrawn: Arc<BTreeSet<DocumentId>>,
    /// How often what is withdrawn changed.
    n_changes: u64,
}

impl Views {
    fn state(&self) -> MutexGuard<'_, ViewsState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A generation as somebody sees it.
pub struct View<'s> {
    snapshot: &'s Snapshot,
    /// `None` sees everything.
    seen: Option<Arc<Seen>>,
}

impl Snapshot {
    /// What somebody with these labels sees; `None` sees everything.
    ///
    /// # Errors
    /// When the names that are seen are more than can be looked for.
    pub fn view(&self, labels: Option<&Labels>) -> Result<View<'_>, GazetteerError> {
        let seen = match labels {
            Some(labels) if !self.labels.is_subset(labels) => {
                Some(self.seen(labels.intersection(&self.labels).cloned().collect())?)
            }
            // Who sees every label that there is sees everything.
            _ if self.views.state().withdrawn.is_empty() => None,
            _ => Some(self.seen(self.labels.clone())?),
        };
        Ok(View { snapshot: self, seen })
    }

    /// Hides these documents from everybody from now on, and no others: questions that
    /// come after this find nothing of them.
    pub fn withdraw(&self, mut documents: BTreeSet<DocumentId>) {
        documents.extend(self.gone.iter().cloned());
        let mut views = self.views.state();
        if *views.withdrawn != documents {
            views.withdrawn = Arc::new(documents);
            views.by_labels.clear();
            views.n_changes += 1;
        }
    }

    /// Whether the knowledge base did not hold a document any more when this was read.
    pub fn was_gone(&self, document: &DocumentId) -> bool {
        self.gone.contains(document)
    }

    /// Whether a document is hidden from everybody.
    pub fn is_withdrawn(&self, document: &DocumentId) -> bool {
        self.views.state().withdrawn.contains(document)
    }

    /// How often what is hidden from everybody changed: what was found before such a
    /// change must not be found again.
    pub fn n_withdrawals(&self) -> u64 {
        self.views.state().n_changes
    }

    fn seen(&self, labels: Labels) -> Result<Arc<Seen>, GazetteerError> {
        let (slot, withdrawn) = {
            let mut views = self.views.state();
            if views.by_labels.len() >= MAX_VIEWS && !views.by_labels.contains_key(&labels) {
                views.by_labels.pop_first();
            }
            let slot = Arc::clone(views.by_labels.entry(labels.clone()).or_default());
            (slot, Arc::clone(&views.withdrawn))
        };
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(seen) = slot.as_ref() {
            return Ok(Arc::clone(seen));
        }
        let seen = Arc::new(Seen::of(self, labels, &withdrawn)?);
        *slot = Some(Arc::clone(&seen));
        Ok(seen)
    }
}

impl<'s> View<'s> {
    pub(super) fn snapshot(&self) -> &'s Snapshot {
        self.snapshot
    }

    /// Access labels of evidence that was found in this view: of its documents, of the
    /// pictures that it shows, and of what its paths pass. Where a path shows a name
    /// that none of these holds, all labels of the view.
    pub fn labels_of_evidence(&self, evidence: &[Evidence]) -> Labels {
        let mut fragments: BTreeSet<&FragmentId> = BTreeSet::new();
        let mut names: BTreeSet<&str> = BTreeSet::new();
        for item in evidence {
            fragments.insert(&item.fragment.id);
            for step in item.path.iter().flat_map(|path| &path.steps) {
                match step {
                    GraphStep::Fragment { id, .. } => drop(fragments.insert(id)),
                    GraphStep::Entity { label, .. } => drop(names.insert(label)),
                }
            }
        }
        let words: Vec<String> = match names.is_empty() {
            true => Vec::new(),
            false => fragments.iter().map(|id| words_of(self.snapshot, id)).collect(),
        };
        let is_said = |name: &&str| words.iter().any(|words| words.contains(&folded(name)));
        if !names.iter().all(is_said) {
            let all = self.seen.as_ref().map_or(&self.snapshot.labels, |seen| &seen.labels);
            return all.clone();
        }
        let known = fragments.iter().filter_map(|id| self.snapshot.fragments.get(*id));
        known
            .flat_map(|fragment| std::iter::once(&fragment.document).chain(fragment.picture()))
            .filter_map(|document| self.snapshot.documents.get(document))
            .map(|document| document.access_label.clone())
            .collect()
    }

    /// Whether this is all that there is.
    pub fn is_whole(&self) -> bool {
        self.seen.is_none()
    }

    /// Whether a document is seen.
    pub fn sees_document(&self, id: &DocumentId) -> bool {
        match &self.seen {
            None => self.snapshot.documents.contains_key(id),
            Some(seen) => seen.documents.contains(id),
        }
    }

    /// Whether a fragment is seen.
    pub fn sees_fragment(&self, id: &FragmentId) -> bool {
        match &self.seen {
            None => self.snapshot.fragments.has(id),
            Some(seen) => seen.fragments.contains(id),
        }
    }

    /// A fragment, when it is seen.
    pub(super) fn fragment(&self, id: &FragmentId) -> Option<&'s Fragment> {
        let fragment = self.snapshot.fragments.get(id)?;
        self.seen.as_ref().is_none_or(|seen| seen.fragments.contains(id)).then_some(fragment)
    }

    /// The fragment that a node of the projection is, when it is seen.
    pub(super) fn fragment_at(&self, node: u32) -> Option<&'s Fragment> {
        let fragment = self.snapshot.fragments.at(node)?;
        (self.is_whole() || self.sees_fragment(&fragment.id)).then_some(fragment)
    }

    /// Rows of the vectors of seen texts that say something; `None` when that is all.
    pub(super) fn text_rows(&self) -> Option<&Rows> {
        match &self.seen {
            None => self.snapshot.worded(),
            Some(seen) => Some(seen.rows.get_or_init(|| {
                let is_seen = |iri: &str| seen.fragments.contains(iri);
                self.snapshot.rows_of_words(&is_seen)
            })),
        }
    }

    /// Whether the fragment, document or entity with this number in the projection is
    /// seen.
    pub(super) fn sees_number(&self, number: u32) -> bool {
        self.is_whole()
            || self.projection().key(number).is_some_and(|key| match key {
                NodeKey::Fragment(id) => self.sees_fragment(id),
                NodeKey::Document(id) => self.sees_document(id),
                NodeKey::Entity(id) => self.sees_entity(id),
            })
    }

    /// Number of fragments that are seen.
    pub(super) fn n_fragments(&self) -> usize {
        self.seen.as_ref().map_or(self.snapshot.fragments.len(), |seen| seen.fragments.len())
    }

    /// Whether the fragment with this IRI is seen.
    pub(super) fn sees_iri(&self, iri: &str) -> bool {
        match &self.seen {
            None => self.snapshot.fragments.has(iri),
            Some(seen) => seen.fragments.contains(iri),
        }
    }

    /// The labels of an entity that are seen, the preferred one first; none when the
    /// entity is not seen.
    pub fn labels_of(&self, id: &EntityId) -> &[String] {
        match &self.seen {
            None => self.snapshot.entities.get(id).map_or(&[], |entity| &entity.labels),
            Some(seen) => seen.entities.get(id).map_or(&[], Vec::as_slice),
        }
    }

    /// Whether an entity is seen.
    pub fn sees_entity(&self, id: &EntityId) -> bool {
        match &self.seen {
            None => self.snapshot.entities.contains_key(id),
            Some(seen) => seen.entities.contains_key(id),
        }
    }

    /// Whether a document is seen whose source path begins like this.
    pub(super) fn sees_source(&self, prefix: &str) -> bool {
        let Some(seen) = &self.seen else { return true };
        let mut documents = self.snapshot.documents.values();
        documents.any(|document| {
            document.source.starts_with(prefix) && seen.documents.contains(&document.id)
        })
    }

    /// Whether a label of documents is seen.
    pub(super) fn sees_label(&self, label: &AccessLabel) -> bool {
        self.seen.as_ref().is_none_or(|seen| seen.labels.contains(label))
    }

    pub(super) fn gazetteer(&self) -> &Gazetteer {
        self.seen.as_ref().map_or(&self.snapshot.gazetteer, |seen| &seen.gazetteer)
    }

    pub(super) fn projection(&self) -> &Projection {
        self.seen.as_ref().map_or(&self.snapshot.projection, |seen| &seen.projection)
    }
}
