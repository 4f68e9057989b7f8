//! Which entities stand together in sentences: a graph of its own, made at publish.

use super::error::GraphError;
use super::store::Store;
use super::triples::Triples;
use crate::model::CoOccurrence;
use crate::vocab::{self, vt};

impl Store {
    /// Makes the graph of co-occurrences hold exactly these.
    ///
    /// # Errors
    /// When the store cannot be read or written.
    pub fn set_co_occurrences(&self, pairs: &[CoOccurrence]) -> Result<(), GraphError> {
        let mut triples = Triples::new();
        for pair in pairs {
            let (id, left, right) = (pair.id(), pair.left.as_str(), pair.right.as_str());
            triples.class(&id, vt::CO_OCCURRENCE);
            triples.link(&id, vt::CO_OCCURRING, left);
            triples.link(&id, vt::CO_OCCURRING, right);
            triples.number(&id, vt::WEIGHT, pair.weight);
            triples.count(&id, vt::N_SENTENCES, pair.n_sentences);
            triples.link(left, vt::CO_OCCURS_WITH, right);
            triples.link(right, vt::CO_OCCURS_WITH, left);
        }
        self.replace_graph(vocab::GRAPH_CO_OCCURRENCES, triples.into_vec())
    }
}
