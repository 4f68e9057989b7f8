//! Plain nearest neighbours in one space, without plan or fusion.

use super::search::RetrieveError;
use super::snapshot::Snapshot;
use crate::index::{DenseIndex, IndexRead};
use crate::model::{AccessLabel, DocumentId, FragmentId, SpaceId};
use std::collections::BTreeSet;

impl Snapshot {
    /// The `k` fragments of `space` that are nearest to `vector` among those that a
    /// principal with these labels may see, with their cosines. Pictures are found
    /// by the fragments of their files.
    ///
    /// # Errors
    /// When the vector is not of the space, nothing has vectors in it, or what is seen
    /// cannot be told.
    pub fn nearest(
        &self,
        space: SpaceId,
        vector: &[f32],
        k: usize,
        labels: Option<&BTreeSet<AccessLabel>>,
    ) -> Result<Vec<(FragmentId, f32)>, RetrieveError> {
        let index = self.index(space);
        let view = self.view(labels)?;
        let allowed = |key: &str| view.sees_iri(key);
        let rows = (!view.is_whole()).then(|| index.rows(&allowed));
        let found = index.search(space, vector, k, rows.as_ref())?;
        Ok(found.into_iter().map(|hit| (FragmentId::from_shared(hit.key), hit.score)).collect())
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
        let view = self.view(labels).ok()?;
        let shown = self.fragments.get(iri);
        let document = match shown.map(|fragment| (fragment.picture(), &fragment.document)) {
            Some((picture, page)) => picture.filter(|_| view.sees_document(page))?.clone(),
            None => DocumentId::from_iri(iri),
        };
        let version = &self.documents.get(&document)?.version;
        let file = FragmentId::new(version, 0);
        view.sees_document(&document).then(|| self.index(space).vector(file.as_str())).flatten()
    }

    /// The index of a space; that of the chunks for one that is not known, which then
    /// names both in its error.
    fn index(&self, space: SpaceId) -> &DenseIndex {
        self.visual.iter().find(|index| index.space() == space).unwrap_or(&self.dense)
    }
}
