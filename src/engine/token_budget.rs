//! What a run may cost. Tokens are reserved before a request at the most that it can
//! cost, so that no cap is ever exceeded, and settled at what it did cost.

use crate::model::VersionId;
use std::collections::HashMap;
use std::fmt;

/// A cap that a request would exceed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cap {
    Run(u64),
    Document(u64),
}

impl fmt::Display for Cap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Run(n) => write!(f, "extract.llm.max_tokens_per_run = {n} might be exceeded"),
            Self::Document(n) => {
                write!(f, "extract.llm.max_tokens_per_document = {n} might be exceeded")
            }
        }
    }
}

/// Tokens spent or reserved.
#[derive(Debug)]
pub(super) struct Budget {
    max_run: u64,
    max_document: u64,
    run: u64,
    documents: HashMap<VersionId, u64>,
}

impl Budget {
    /// `documents` is what versions have cost before.
    pub(super) fn new(max_run: u64, max_document: u64, documents: HashMap<VersionId, u64>) -> Self {
        Self { max_run, max_document, run: 0, documents }
    }

    /// Reserves `most` tokens for a request about a document.
    pub(super) fn reserve(&mut self, version: &VersionId, most: u64) -> Result<(), Cap> {
        let document = self.documents.entry(version.clone()).or_default();
        if document.saturating_add(most) > self.max_document {
            return Err(Cap::Document(self.max_document));
        }
        if self.run.saturating_add(most) > self.max_run {
            return Err(Cap::Run(self.max_run));
        }
        *document += most;
        self.run += most;
        Ok(())
    }

    /// Puts what a request did cost in the place of what was reserved for it.
    pub(super) fn settle(&mut self, version: &VersionId, most: u64, spent: u64) {
        let document = self.documents.entry(version.clone()).or_default();
        *document = document.saturating_sub(most).saturating_add(spent);
        self.run = self.run.saturating_sub(most).saturating_add(spent);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn caps_hold_for_the_run_and_for_each_document() {
        let [a, b] = ["a", "b"].map(VersionId::from_iri);
        let mut budget = Budget::new(100, 50, HashMap::from([(a.clone(), 20)]));
        assert_eq!(budget.reserve(&a, 31), Err(Cap::Document(50)));
        assert_eq!(budget.reserve(&a, 30), Ok(()));
        assert_eq!(budget.reserve(&a, 1), Err(Cap::Document(50)));
        budget.settle(&a, 30, 5);
        assert_eq!(budget.reserve(&a, 25), Ok(()));
        assert_eq!(budget.reserve(&b, 50), Ok(()));
        // 5 spent, 75 reserved.
        let c = VersionId::from_iri("c");
        assert_eq!(budget.reserve(&c, 21), Err(Cap::Run(100)));
        assert_eq!(budget.reserve(&c, 20), Ok(()));
    }
}
