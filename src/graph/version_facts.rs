//! What is known of how a document version came in.

use super::error::GraphError;
use super::store::Store;
use crate::model::VersionId;
use crate::vocab::{prov, vt};

/// Size and time of a document version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VersionFacts {
    /// Size of the original.
    pub size_bytes: Option<u64>,
    /// When it was taken in, RFC 3339.
    pub ingested_at: Option<String>,
}

impl Store {
    /// Size and time of a document version; nothing when there is no such version.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn version_facts(&self, version: &VersionId) -> Result<VersionFacts, GraphError> {
        let size = self.value(version.as_str(), vt::SIZE_BYTES)?;
        let activity = self.value(version.as_str(), prov::WAS_GENERATED_BY)?;
        let ingested_at = match activity {
            Some(activity) => self.value(&activity, prov::ENDED_AT_TIME)?,
            None => None,
        };
        Ok(VersionFacts { size_bytes: size.and_then(|size| size.parse().ok()), ingested_at })
    }
}
