//! Plain nearest neighbours in one space, without plan or fusion.

use super::snapshot::Snapshot;
use crate::index::{DenseIndex, IndexRead, SearchError};
use crate::model::{AccessLabel, DocumentId, FragmentId, SpaceId};
use std::collections::BTreeSet;

impl Snapshot {
    /// The `k` fragments of `space` that are nearest to `vector` among those that a
    /// principal with these labels may see, with their cosines. Pictures are found
    /// by the fragments of their files.
    ///
    /// # Errors
    /// When the vector is not of the space, or nothing has vectors in it.
    pub fn nearest(
        &self,
        space: SpaceId,
        vector: &[f32],
        k: usize,
        labels: Option<&BTreeSet<AccessLabel>>,
    ) -> Result<Vec<(FragmentId, f32)>, SearchError> {
        let index = self.index(space);
        let allowed = |key: &str| {
            let fragment = self.fragments.get(&FragmentId::from_iri(key));
            fragment.is_some_and(|fragment| self.may_see(&fragment.document, labels))
        };
        let filter: Option<&dyn Fn(&str) -> bool> =
            if labels.is_some() { Some(&allowed) } else { None };
        let found = index.search(space, vector, k, filter)?;
        Ok(found.into_iter().map(|hit| (FragmentId::from_iri(hit.key), hit.score)).collect())
    }

    /// The vector in `space` of the picture that `iri` names: a picture document, or
    /// a fragment that shows one. `None` when there is no such picture, it has no
    /// vector there, or a principal with these labels may not see it.
    pub fn picture_vector(
        &self,
        space: SpaceId,
        iri: &str,
        labels: Option<&BTreeSet<AccessLabel>>,
    ) -> Option<&[f32]> {
        let shown = self.fragments.get(&FragmentId::from_iri(iri));
        let document = match shown.map(|fragment| (fragment.picture(), &fragment.document)) {
            Some((picture, page)) => picture.filter(|_| self.may_see(page, labels))?.clone(),
            None => DocumentId::from_iri(iri),
        };
        let version = &self.documents.get(&document)?.version;
        let file = FragmentId::new(version, 0);
        self.may_see(&document, labels).then(|| self.index(space).vector(file.as_str())).flatten()
    }

    /// The index of a space; that of the chunks for one that is not known, which then
    /// names both in its error.
    fn index(&self, space: SpaceId) -> &DenseIndex {
        self.visual.iter().find(|index| index.space() == space).unwrap_or(&self.dense)
    }
}
