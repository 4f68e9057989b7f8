//! What generations reached on golden sets, as it was recorded.

use super::error::EngineError;
use super::records::Records;
use crate::model::GenerationId;
use crate::vocab::{self, prov, rdf, rdfs, vt};
use oxigraph::model::{Term, Triple};
use serde::Serialize;

/// One golden set, asked of one generation at one time.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct GoldenEvaluation {
    /// When, RFC 3339.
    pub evaluated_at: String,
    /// The generation.
    pub generation: String,
    /// Name of the golden set.
    pub set: String,
    /// Its version: the SHA-256 of its file.
    pub sha256: String,
    /// How many questions it had.
    pub n_questions: usize,
    /// Mean recall of the first five documents.
    pub recall_5: f64,
    /// Mean nDCG of the first ten documents.
    pub ndcg_10: f64,
    /// Whether the gate let the generation pass, on all sets together.
    pub passes: bool,
    /// Why not.
    pub reasons: Vec<String>,
}

impl Records {
    /// Every recorded evaluation, the latest first.
    ///
    /// # Errors
    /// When the graph cannot be read.
    pub fn evaluations(&self) -> Result<Vec<GoldenEvaluation>, EngineError> {
        let mut found = Vec::new();
        for id in self.graph.subjects_in_governance(rdf::TYPE, vt::EVALUATION)? {
            let stated = self.graph.about(vocab::GRAPH_GOVERNANCE, &id)?;
            let Some(set) = first(&stated, prov::USED) else { continue };
            let Some(generation) = first(&stated, vt::EVALUATED) else { continue };
            let of_set = self.graph.about(vocab::GRAPH_GOVERNANCE, &set)?;
            let number = |property| first(&stated, property).and_then(|text| text.parse().ok());
            found.push(GoldenEvaluation {
                evaluated_at: first(&stated, prov::ENDED_AT_TIME).unwrap_or_default(),
                generation: GenerationId::from_iri(generation).name().to_owned(),
                set: first(&of_set, rdfs::LABEL).unwrap_or_default(),
                sha256: first(&of_set, vt::SHA256).unwrap_or_default(),
                n_questions: first(&of_set, vt::N_QUESTIONS)
                    .and_then(|text| text.parse().ok())
                    .unwrap_or_default(),
                recall_5: number(vt::RECALL_AT_5).unwrap_or_default(),
                ndcg_10: number(vt::NDCG_AT_10).unwrap_or_default(),
                passes: first(&stated, vt::GATE_VERDICT).as_deref() == Some("pass"),
                reasons: all(&stated, vt::REASON).collect(),
            });
        }
        found.sort_by(|a, b| (&b.evaluated_at, &a.set).cmp(&(&a.evaluated_at, &b.set)));
        Ok(found)
    }
}

fn all<'t>(triples: &'t [Triple], property: &'t str) -> impl Iterator<Item = String> + 't {
    let said = triples.iter().filter(move |triple| triple.predicate.as_str() == property);
    said.map(|triple| match &triple.object {
        Term::Literal(literal) => literal.value().to_owned(),
        Term::NamedNode(node) => node.as_str().to_owned(),
        Term::BlankNode(node) => node.as_str().to_owned(),
    })
}

/// The first in the order of the words: a set that was kept twice says some things twice.
fn first(triples: &[Triple], property: &str) -> Option<String> {
    all(triples, property).min()
}
