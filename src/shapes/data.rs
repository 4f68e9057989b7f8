//! The triples that are checked, ready to be looked up.

use crate::vocab::{dcterms, rdf, rdfs, schema, skos};
use oxigraph::model::{NamedNodeRef, Term, TermRef, Triple, TripleRef};
use std::collections::{HashMap, HashSet};

/// Properties whose value names a node for people, the preferred ones first.
const LABELS: [&str; 4] = [skos::PREF_LABEL, rdfs::LABEL, schema::NAME, dcterms::TITLE];

/// Which class stands below which (`rdfs:subClassOf`).
#[derive(Clone, Debug, Default)]
pub struct Subclasses {
    above: HashMap<Term, Vec<Term>>,
}

impl Subclasses {
    /// Those that the triples state.
    pub fn new<'a>(triples: impl Iterator<Item = &'a Triple>) -> Self {
        let mut subclasses = Self::default();
        subclasses.extend(triples);
        subclasses
    }

    /// Adds those that more triples state.
    pub fn extend<'a>(&mut self, triples: impl Iterator<Item = &'a Triple>) {
        for triple in triples.filter(|t| t.predicate.as_str() == rdfs::SUB_CLASS_OF) {
            let above = self.above.entry(triple.subject.clone().into()).or_default();
            above.push(triple.object.clone());
        }
    }

    /// A class and all above it; circles are legal.
    fn with_above<'a>(&'a self, class: TermRef<'a>) -> HashSet<TermRef<'a>> {
        let (mut found, mut open) = (HashSet::new(), vec![class]);
        while let Some(class) = open.pop() {
            if found.insert(class) {
                let above = self.above.get(&class.into_owned()).into_iter().flatten();
                open.extend(above.map(Term::as_ref));
            }
        }
        found
    }
}

/// One graph, and what is known beside it.
pub struct DataGraph<'g> {
    by_subject: HashMap<TermRef<'g>, Vec<TripleRef<'g>>>,
    by_object: HashMap<TermRef<'g>, Vec<TripleRef<'g>>>,
    by_predicate: HashMap<NamedNodeRef<'g>, Vec<TripleRef<'g>>>,
    /// Subjects of the graph itself, in the order of their triples.
    own: Vec<TermRef<'g>>,
    own_set: HashSet<TermRef<'g>>,
    subclasses: &'g Subclasses,
}

impl<'g> DataGraph<'g> {
    /// Nodes of `graph` are checked; paths and classes are followed in `context` too.
    pub fn new(graph: &'g [Triple], context: &'g [Triple], subclasses: &'g Subclasses) -> Self {
        let mut data = Self {
            by_subject: HashMap::new(),
            by_object: HashMap::new(),
            by_predicate: HashMap::new(),
            own: Vec::new(),
            own_set: HashSet::new(),
            subclasses,
        };
        for (triples, is_own) in [(graph, true), (context, false)] {
            for triple in triples.iter().map(Triple::as_ref) {
                let subject = TermRef::from(triple.subject);
                data.by_subject.entry(subject).or_default().push(triple);
                data.by_object.entry(triple.object).or_default().push(triple);
                if is_own {
                    data.by_predicate.entry(triple.predicate).or_default().push(triple);
                    if data.own_set.insert(subject) {
                        data.own.push(subject);
                    }
                }
            }
        }
        data
    }

    pub(super) fn objects<'a>(
        &'a self,
        subject: TermRef<'a>,
        predicate: NamedNodeRef<'_>,
    ) -> Vec<TermRef<'a>> {
        let of = self.properties(subject).filter(|triple| triple.predicate == predicate);
        of.map(|triple| triple.object).collect()
    }

    pub(super) fn subjects<'a>(
        &'a self,
        predicate: NamedNodeRef<'_>,
        object: TermRef<'a>,
    ) -> Vec<TermRef<'a>> {
        let to = self.by_object.get(&object).into_iter().flatten();
        to.filter(|t| t.predicate == predicate).map(|t| t.subject.into()).collect()
    }

    /// Every triple about a node.
    pub(super) fn properties<'a>(
        &'a self,
        subject: TermRef<'a>,
    ) -> impl Iterator<Item = TripleRef<'a>> {
        self.by_subject.get(&subject).into_iter().flatten().copied()
    }

    /// Triples of the graph itself with a predicate.
    pub(super) fn with_predicate<'a>(
        &'a self,
        predicate: NamedNodeRef<'a>,
    ) -> impl Iterator<Item = TripleRef<'a>> {
        self.by_predicate.get(&predicate).into_iter().flatten().copied()
    }

    /// Whether the graph itself says anything about a node.
    pub(super) fn describes(&self, node: TermRef<'_>) -> bool {
        self.own_set.contains(&node)
    }

    /// Whether a node is an instance of a class or of one below it.
    pub(super) fn is_instance(&self, node: TermRef<'_>, class: NamedNodeRef<'_>) -> bool {
        let class = TermRef::from(class);
        let types = self.objects(node, NamedNodeRef::new_unchecked(rdf::TYPE));
        types
            .iter()
            .any(|found| *found == class || self.subclasses.with_above(*found).contains(&class))
    }

    /// Nodes of the graph itself by class, under every class above theirs as well.
    pub(super) fn instances(&self) -> HashMap<TermRef<'_>, Vec<TermRef<'_>>> {
        let mut instances: HashMap<TermRef<'_>, Vec<TermRef<'_>>> = HashMap::new();
        let mut above: HashMap<TermRef<'_>, HashSet<TermRef<'_>>> = HashMap::new();
        for node in &self.own {
            let mut classes = HashSet::new();
            for class in self.objects(*node, NamedNodeRef::new_unchecked(rdf::TYPE)) {
                let all = above.entry(class).or_insert_with(|| self.subclasses.with_above(class));
                classes.extend(all.iter().copied());
            }
            for class in classes {
                instances.entry(class).or_default().push(*node);
            }
        }
        instances
    }

    /// The name of a node for people, when it has one.
    pub(super) fn label(&self, node: TermRef<'_>) -> Option<String> {
        LABELS.into_iter().find_map(|predicate| {
            let predicate = NamedNodeRef::new_unchecked(predicate);
            self.objects(node, predicate).into_iter().find_map(|value| match value {
                TermRef::Literal(label) => Some(label.value().to_owned()),
                TermRef::NamedNode(_) | TermRef::BlankNode(_) => None,
            })
        })
    }
}
