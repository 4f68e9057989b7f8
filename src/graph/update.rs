//! SPARQL updates: what they would change.
//!
//! The store's own updates look at all graphs and say nothing of what they did; here
//! `WHERE` sees what the caller sees, graphs that the program keeps are refused, and
//! every change is counted.

use super::changes::{Changes, Changing};
use super::dataset::ViewDataset;
use super::error::QueryError;
use super::service::VectorSearch;
use super::sparql::{GraphChoice, parser, searched_pattern};
use super::view::{View, Viewer, is_open};
use oxigraph::model::{BlankNode, GraphName, NamedOrBlankNode, Quad, Term};
use oxigraph::sparql::CancellationToken;
use oxigraph::store::Transaction;
use serde::{Deserialize, Serialize};
use spareval::{DeleteInsertQuad, QueryDatasetSpecification, QueryEvaluator};
use spargebra::GraphUpdateOperation as Operation;
use spargebra::Update;
use spargebra::algebra::{GraphTarget, QueryDataset};
use spargebra::term as parsed;
use std::collections::HashMap;

/// An update of somebody.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct UpdateRequest {
    /// SPARQL Update.
    pub text: String,
    /// Longest evaluation in milliseconds.
    pub timeout_ms: u64,
    /// On which graphs every `WHERE` looks. When some are named here, the update itself
    /// must name none.
    pub graphs: GraphChoice,
    /// Who changes.
    pub viewer: Viewer,
}

/// Makes the changes of an update on a transaction and says what they are.
pub(super) fn changes_of(
    transaction: &mut Transaction<'_>,
    request: &UpdateRequest,
    search: Option<&VectorSearch<'_>>,
    token: CancellationToken,
) -> Result<Changes, QueryError> {
    let Update { operations, base_iri } =
        parser(request.graphs.base.as_deref()).parse_update(&request.text)?;
    let evaluator = QueryEvaluator::new().with_cancellation_token(token);
    let mut changing = Changing::new(transaction, &request.viewer);
    for operation in operations {
        match operation {
            Operation::InsertData { data } => insert_data(&mut changing, data)?,
            Operation::DeleteData { data } => {
                for quad in data {
                    changing.remove(ground(quad))?;
                }
            }
            Operation::DeleteInsert { delete, insert, using, pattern } => {
                let pattern = searched_pattern(*pattern, search)?;
                let dataset = dataset(using.as_ref(), &request.graphs)?;
                let mut prepared = evaluator.prepare_delete_insert(
                    delete,
                    insert,
                    base_iri.clone(),
                    using,
                    &pattern,
                );
                if let Some(dataset) = dataset {
                    *prepared.dataset_mut() = dataset;
                }
                let view = View::new(&request.viewer, changing.transaction);
                let found = prepared.execute(ViewDataset::new(view))?;
                let found = found.collect::<Result<Vec<_>, _>>()?;
                for quad in &found {
                    if let DeleteInsertQuad::Delete(quad) = quad {
                        changing.remove(quad.clone())?;
                    }
                }
                for quad in found {
                    if let DeleteInsertQuad::Insert(quad) = quad {
                        changing.insert(quad)?;
                    }
                }
            }
            // A document that cannot be loaded is no failure of a silent LOAD.
            Operation::Load { silent: true, .. } => {}
            Operation::Load { source, .. } => {
                return Err(QueryError::Load(source.into_string()));
            }
            Operation::Clear { silent, graph } => remove(&mut changing, &graph, silent, false)?,
            Operation::Drop { silent, graph } => remove(&mut changing, &graph, silent, true)?,
            Operation::Create { silent, graph } => {
                if changing.sees_graph(graph.as_str())? {
                    if !silent {
                        return Err(QueryError::GraphExists(graph.into_string()));
                    }
                } else {
                    changing.create(&graph)?;
                }
            }
        }
    }
    changing.finish()
}

/// The data set of a `WHERE`; `None` for what the update itself says.
fn dataset(
    using: Option<&QueryDataset>,
    graphs: &GraphChoice,
) -> Result<Option<QueryDatasetSpecification>, QueryError> {
    match (using, graphs.named()) {
        (Some(_), Some(_)) => Err(QueryError::Dataset(
            "using-graph-uri and using-named-graph-uri exclude USING and WITH in the update"
                .to_owned(),
        )),
        (None, None) if graphs.union => {
            let mut dataset = QueryDatasetSpecification::new();
            dataset.set_default_graph_as_union();
            Ok(Some(dataset))
        }
        (_, named) => Ok(named),
    }
}

fn remove(
    changing: &mut Changing<'_, '_>,
    target: &GraphTarget,
    silent: bool,
    drop: bool,
) -> Result<(), QueryError> {
    match target {
        GraphTarget::NamedNode(name) => {
            let name = name.as_str();
            if !is_open(name) {
                return Err(QueryError::NotWritable(name.to_owned()));
            }
            if changing.sees_graph(name)? {
                changing.clear(Some(name), drop)
            } else if silent {
                Ok(())
            } else {
                Err(QueryError::NoGraph(name.to_owned()))
            }
        }
        GraphTarget::DefaultGraph => changing.clear(None, drop),
        // Graphs that the program keeps, and those that are hidden, are not meant by ALL
        // and NAMED.
        GraphTarget::NamedGraphs | GraphTarget::AllGraphs => {
            for name in changing.open_graphs()? {
                changing.clear(Some(&name), drop)?;
            }
            match target {
                GraphTarget::AllGraphs if changing.sees_unnamed_graph()? => {
                    changing.clear(None, drop)
                }
                _ => Ok(()),
            }
        }
    }
}

fn insert_data(changing: &mut Changing<'_, '_>, data: Vec<parsed::Quad>) -> Result<(), QueryError> {
    let mut fresh: HashMap<BlankNode, BlankNode> = HashMap::new();
    let mut fresh = |node: BlankNode| fresh.entry(node).or_default().clone();
    for quad in data {
        let subject = match quad.subject {
            parsed::NamedOrBlankNode::NamedNode(node) => NamedOrBlankNode::from(node),
            parsed::NamedOrBlankNode::BlankNode(node) => fresh(node).into(),
        };
        let object = match quad.object {
            parsed::Term::NamedNode(node) => Term::from(node),
            parsed::Term::BlankNode(node) => fresh(node).into(),
            parsed::Term::Literal(literal) => literal.into(),
        };
        changing.insert(Quad::new(subject, quad.predicate, object, graph(quad.graph_name)))?;
    }
    Ok(())
}

fn ground(quad: parsed::GroundQuad) -> Quad {
    let object = match quad.object {
        parsed::GroundTerm::NamedNode(node) => Term::from(node),
        parsed::GroundTerm::Literal(literal) => literal.into(),
    };
    Quad::new(quad.subject, quad.predicate, object, graph(quad.graph_name))
}

fn graph(name: parsed::GraphName) -> GraphName {
    match name {
        parsed::GraphName::NamedNode(node) => node.into(),
        parsed::GraphName::DefaultGraph => GraphName::DefaultGraph,
    }
}
