//! A view as a data set that queries run on.

use super::view::{View, name_of};
use oxigraph::model::{
    GraphName, GraphNameRef, NamedOrBlankNode, NamedOrBlankNodeRef, Term, TermRef,
};
use oxigraph::store::StorageError;
use spareval::{InternalQuad, QueryableDataset};
use std::rc::Rc;

/// The quads of one state of the graph that a caller sees.
pub(super) struct ViewDataset<'a, 'b>(Rc<View<'a, 'b>>);

impl<'a, 'b> ViewDataset<'a, 'b> {
    pub(super) fn new(view: View<'a, 'b>) -> Self {
        Self(Rc::new(view))
    }
}

fn as_node(term: &Term) -> Option<NamedOrBlankNodeRef<'_>> {
    match term {
        Term::NamedNode(node) => Some(node.as_ref().into()),
        Term::BlankNode(node) => Some(node.as_ref().into()),
        Term::Literal(_) => None,
    }
}

fn as_graph(term: &Term) -> Option<GraphNameRef<'_>> {
    as_node(term).map(|node| match node {
        NamedOrBlankNodeRef::NamedNode(node) => node.into(),
        NamedOrBlankNodeRef::BlankNode(node) => node.into(),
    })
}

/// One part of a pattern: unbound, bound, or bound to what cannot stand there.
fn bound<'t, T>(
    term: Option<&'t Rc<Term>>,
    convert: impl Fn(&'t Term) -> Option<T>,
) -> Result<Option<T>, ()> {
    term.map(|term| convert(term).ok_or(())).transpose()
}

impl<'a, 'b: 'a> QueryableDataset<'a> for ViewDataset<'a, 'b> {
    type InternalTerm = Rc<Term>;
    type Error = StorageError;

    fn internal_quads_for_pattern(
        &self,
        subject: Option<&Rc<Term>>,
        predicate: Option<&Rc<Term>>,
        object: Option<&Rc<Term>>,
        graph_name: Option<Option<&Rc<Term>>>,
    ) -> impl Iterator<Item = Result<InternalQuad<Rc<Term>>, StorageError>> + use<'a, 'b> {
        // What is asked for comes back as it was written: the store keeps numbers by their
        // value, and would give `1` for `01`.
        let asked = [subject, predicate, object].map(|term| term.map(Rc::clone));
        let pattern = (|| {
            let subject = bound(subject, as_node)?;
            let predicate = bound(predicate, |term| match term {
                Term::NamedNode(node) => Some(node.as_ref()),
                Term::BlankNode(_) | Term::Literal(_) => None,
            })?;
            let graph = match graph_name {
                None => None,
                Some(None) => Some(GraphNameRef::DefaultGraph),
                Some(graph) => bound(graph, as_graph)?,
            };
            let object = object.map(|term| TermRef::from(term.as_ref()));
            Ok::<_, ()>(self.0.transaction.quads_for_pattern(subject, predicate, object, graph))
        })();
        let view = Rc::clone(&self.0);
        pattern.into_iter().flatten().filter_map(move |quad| {
            let quad = match quad {
                Ok(quad) => quad,
                Err(error) => return Some(Err(error)),
            };
            match view.sees(quad.as_ref()) {
                Ok(true) => {}
                Ok(false) => return None,
                Err(error) => return Some(Err(error)),
            }
            let [subject, predicate, object] = asked.clone();
            Some(Ok(InternalQuad {
                subject: subject.unwrap_or_else(|| Rc::new(quad.subject.into())),
                predicate: predicate.unwrap_or_else(|| Rc::new(quad.predicate.into())),
                object: object.unwrap_or_else(|| Rc::new(quad.object)),
                graph_name: match quad.graph_name {
                    GraphName::NamedNode(node) => Some(Rc::new(node.into())),
                    GraphName::BlankNode(node) => Some(Rc::new(node.into())),
                    GraphName::DefaultGraph => None,
                },
            }))
        })
    }

    fn internal_named_graphs(
        &self,
    ) -> impl Iterator<Item = Result<Rc<Term>, StorageError>> + use<'a, 'b> {
        let view = Rc::clone(&self.0);
        self.0.transaction.named_graphs().filter_map(move |graph| {
            let graph = match graph {
                Ok(NamedOrBlankNode::NamedNode(node)) => GraphName::from(node),
                Ok(NamedOrBlankNode::BlankNode(node)) => GraphName::from(node),
                Err(error) => return Some(Err(error)),
            };
            match view.sees_graph(name_of(graph.as_ref())) {
                Ok(true) => {}
                Ok(false) => return None,
                Err(error) => return Some(Err(error)),
            }
            match graph {
                GraphName::NamedNode(node) => Some(Ok(Rc::new(node.into()))),
                GraphName::BlankNode(node) => Some(Ok(Rc::new(node.into()))),
                GraphName::DefaultGraph => None,
            }
        })
    }

    fn contains_internal_graph_name(&self, graph: &Rc<Term>) -> Result<bool, StorageError> {
        let Some(node) = as_node(graph) else { return Ok(false) };
        let name = as_graph(graph).and_then(name_of);
        Ok(self.0.transaction.contains_named_graph(node)? && self.0.sees_graph(name)?)
    }

    fn internalize_term(&self, term: Term) -> Result<Rc<Term>, StorageError> {
        Ok(Rc::new(term))
    }

    fn externalize_term(&self, term: Rc<Term>) -> Result<Term, StorageError> {
        Ok(Rc::unwrap_or_clone(term))
    }
}
