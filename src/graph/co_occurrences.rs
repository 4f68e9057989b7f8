//! Which entities stand together in sentences: a graph of its own, made at publish.

use super::error::GraphError;
use super::store::Store;
use super::triples::Triples;
use crate::model::CoOccurrence;
use crate::vocab::{self, vt};

impl Store {
    /// Makes the graph of co-occurrences hold exactly these; a crash may leave some of
    /// the old ones and some of the new ones, until it is made again.
    ///
    /// # Errors
    /// When the store cannot be read or written.
    pub fn set_co_occurrences(&self, pairs: &[CoOccurrence]) -> Result<(), GraphError> {
        let wanted = pairs.iter().flat_map(|pair| {
            let mut triples = Triples::new();
            let (id, left, right) = (pair.id(), pair.left.as_str(), pair.right.as_str());
            triples.class(&id, vt::CO_OCCURRENCE);
            triples.link(&id, vt::CO_OCCURRING, left);
            triples.link(&id, vt::CO_OCCURRING, right);
            triples.number(&id, vt::WEIGHT, pair.weight);
            triples.count(&id, vt::N_SENTENCES, pair.n_sentences);
            triples.link(left, vt::CO_OCCURS_WITH, right);
            triples.link(right, vt::CO_OCCURS_WITH, left);
            triples.into_vec()
        });
        self.settle(vocab::GRAPH_CO_OCCURRENCES, wanted, &|_| true)
    }
}
