//! When documents came in.

use super::error::GraphError;
use super::store::Store;
use crate::model::VersionId;
use crate::vocab::{dcterms, prov};
use std::collections::HashMap;

impl Store {
    /// When each version that is there was taken in, RFC 3339.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn taken_in_at(&self) -> Result<HashMap<VersionId, String>, GraphError> {
        let made_by = self.column(prov::WAS_GENERATED_BY)?;
        let ended = self.column(prov::ENDED_AT_TIME)?;
        let versions = self.column(dcterms::IS_VERSION_OF)?.into_keys();
        let at = |version: String| {
            let ended = ended.get(made_by.get(&version)?)?.clone();
            Some((VersionId::from_iri(version), ended))
        };
        Ok(versions.filter_map(at).collect())
    }
}
