//! What one caller sees of the graph.
//!
//! Decisions are made when a query reaches a quad, and kept for as long as the view
//! lives: a query that looks at ten quads asks about ten.
//!
//! | graph | who sees it |
//! |---|---|
//! | ontology | everybody |
//! | version of a document, imported RDF | who sees its access label |
//! | entities, co-occurrences, merges, depictions, near-duplicates | what documents that the caller sees support |
//! | answers | whom the record allows: who asked, and those who read all answers; all evidence must be seen |
//! | seals of records | those who see every label and read all answers |
//! | governance | spaces, and what generations are made of; the rest by those who see every label |
//! | of users | by `<graph> vt:accessLabel "label"` in the graph itself; without one, and the unnamed graph, by those who see every label |
//!
//! An entity is seen when a visible document names it by the label of its IRI. Counts
//! over the whole corpus are seen by those who see the whole corpus.

use super::answers::{access_of, decide};
use super::query_config::GraphScope;
use crate::model::{AccessLabel, ClaimStatus, Disclosure, Permission, Principal, Role};
use crate::vocab::{self, dcterms, foaf, oa, prov, rdf, schema, skos, vt};
use oxigraph::model::{
    GraphName, GraphNameRef, NamedNodeRef, NamedOrBlankNode, Quad, QuadRef, Term, Triple,
};
use oxigraph::store::{StorageError, Transaction};
use serde::{Deserialize, Serialize};
use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeSet, HashMap};

/// Who looks at the graph.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Viewer {
    /// The name under which answers of this caller are recorded.
    pub name: String,
    /// Labels that the caller sees; `None` for every label.
    pub labels: Option<BTreeSet<AccessLabel>>,
    /// Whether answers to others are seen.
    pub all_answers: bool,
    /// Whether nothing but the unnamed graph and graphs of users is there.
    pub own_graphs_only: bool,
}

impl Viewer {
    /// Who sees all that there is.
    pub fn everything() -> Self {
        Self { name: String::new(), labels: None, all_answers: true, own_graphs_only: false }
    }

    /// The view of a principal; `graphs` says which graphs there are for requests of
    /// others.
    pub fn of(principal: &Principal, graphs: GraphScope) -> Self {
        Self {
            name: principal.name.clone(),
            labels: principal.labels().cloned(),
            all_answers: principal.role.may(Permission::ReadAllAnswers),
            own_graphs_only: graphs == GraphScope::Users,
        }
    }

    /// Somebody who may read the same answers.
    fn principal(&self) -> Principal {
        let role = if self.all_answers { Role::Auditor } else { Role::Agent };
        Principal::new(&self.name, role, self.labels.clone())
    }

    /// Whether nothing is hidden from this caller.
    pub fn sees_everything(&self) -> bool {
        self.labels.is_none() && self.all_answers && !self.own_graphs_only
    }
}

/// What a graph is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum GraphKind {
    Unnamed,
    Ontology,
    Version,
    Imported,
    Answer,
    Entities,
    CoOccurrences,
    Depictions,
    NearDuplicates,
    Governance,
    Audit,
    /// Of the program, and of no kind that is known here.
    Other,
    OfUsers,
}

impl GraphKind {
    pub(super) fn of(name: &str) -> Self {
        match name {
            vocab::GRAPH_ONTOLOGY => Self::Ontology,
            vocab::GRAPH_ENTITIES => Self::Entities,
            vocab::GRAPH_CO_OCCURRENCES => Self::CoOccurrences,
            vocab::GRAPH_DEPICTIONS => Self::Depictions,
            vocab::GRAPH_NEAR_DUPLICATES => Self::NearDuplicates,
            vocab::GRAPH_GOVERNANCE => Self::Governance,
            vocab::GRAPH_AUDIT => Self::Audit,
            name if name.starts_with(vocab::VERSION_PREFIX) => Self::Version,
            name if name.starts_with(vocab::GRAPH_IMPORTED_PREFIX) => Self::Imported,
            name if name.starts_with(vocab::ANSWER_PREFIX) => Self::Answer,
            name if vocab::is_reserved(name) => Self::Other,
            _ => Self::OfUsers,
        }
    }

    /// Whether users may write to it.
    pub(super) fn is_open(self) -> bool {
        matches!(self, Self::Unnamed | Self::OfUsers)
    }
}

/// Whether users may write to a graph of this name.
pub(super) fn is_open(name: &str) -> bool {
    GraphKind::of(name).is_open()
}

/// The name of a graph; the unnamed one has none.
pub(super) fn name_of(graph: GraphNameRef<'_>) -> Option<&str> {
    match graph {
        GraphNameRef::NamedNode(name) => Some(name.as_str()),
        GraphNameRef::BlankNode(name) => Some(name.as_str()),
        GraphNameRef::DefaultGraph => None,
    }
}

fn node(iri: &str) -> NamedNodeRef<'_> {
    NamedNodeRef::new_unchecked(iri)
}

fn iri_of(term: &Term) -> Option<&str> {
    match term {
        Term::NamedNode(node) => Some(node.as_str()),
        Term::BlankNode(_) | Term::Literal(_) => None,
    }
}

fn subject_of(subject: &NamedOrBlankNode) -> Option<&str> {
    match subject {
        NamedOrBlankNode::NamedNode(node) => Some(node.as_str()),
        NamedOrBlankNode::BlankNode(_) => None,
    }
}

/// Whether an IRI can be that of an entity: one of ours, a record, or a resource of
/// imported RDF.
fn may_be_entity(iri: &str) -> bool {
    iri.starts_with(vocab::ENTITY_PREFIX)
        || iri.starts_with(vocab::RECORD_PREFIX)
        || !iri.starts_with(vocab::RESERVED_PREFIX)
}

/// Properties whose object is an entity.
const NAMING: [&str; 5] =
    [schema::MENTIONS, schema::ABOUT, oa::HAS_BODY, rdf::SUBJECT, rdf::OBJECT];

/// What a caller sees of one state of the graph.
pub(super) struct View<'a, 'b> {
    pub(super) viewer: &'a Viewer,
    pub(super) transaction: &'a Transaction<'b>,
    graphs: RefCell<HashMap<String, bool>>,
    documents: RefCell<HashMap<String, bool>>,
    pub(super) entities: RefCell<HashMap<String, bool>>,
    pub(super) names: RefCell<HashMap<(String, String), bool>>,
    pub(super) pairs: RefCell<HashMap<(String, String), bool>>,
    claims: RefCell<HashMap<String, bool>>,
    all_documents: OnceCell<bool>,
}

impl<'a, 'b> View<'a, 'b> {
    pub(super) fn new(viewer: &'a Viewer, transaction: &'a Transaction<'b>) -> Self {
        Self {
            viewer,
            transaction,
            graphs: RefCell::default(),
            documents: RefCell::default(),
            entities: RefCell::default(),
            names: RefCell::default(),
            pairs: RefCell::default(),
            claims: RefCell::default(),
            all_documents: OnceCell::new(),
        }
    }

    /// Quads that match, whoever may see them.
    pub(super) fn quads(
        &self,
        subject: Option<&str>,
        predicate: Option<&str>,
        object: Option<&str>,
        graph: Option<&str>,
    ) -> impl Iterator<Item = Result<Quad, StorageError>> + use<'a, 'b> {
        self.transaction.quads_for_pattern(
            subject.map(|iri| node(iri).into()),
            predicate.map(node),
            object.map(|iri| node(iri).into()),
            graph.map(|iri| node(iri).into()),
        )
    }

    /// Whether the caller sees a quad.
    pub(super) fn sees(&self, quad: QuadRef<'_>) -> Result<bool, StorageError> {
        if self.viewer.sees_everything() {
            return Ok(true);
        }
        let name = name_of(quad.graph_name);
        if !self.sees_graph(name)? {
            return Ok(false);
        }
        if self.viewer.labels.is_none() {
            return Ok(true);
        }
        let quad = quad.into_owned();
        match name.map_or(GraphKind::Unnamed, GraphKind::of) {
            GraphKind::Version => self.sees_of_version(&quad),
            GraphKind::Entities => self.sees_of_entities(&quad),
            GraphKind::CoOccurrences => self.sees_co_occurrence(&quad),
            GraphKind::Depictions => self.sees_depiction(&quad),
            GraphKind::NearDuplicates => Ok(self.sees_document(subject_of(&quad.subject))?
                && self.sees_document(iri_of(&quad.object))?),
            GraphKind::Governance => self.sees_governance(&quad),
            GraphKind::Unnamed
            | GraphKind::Ontology
            | GraphKind::Imported
            | GraphKind::Answer
            | GraphKind::OfUsers => Ok(true),
            GraphKind::Audit | GraphKind::Other => Ok(false),
        }
    }

    /// Whether the caller sees a graph, or parts of one that is shared.
    pub(super) fn sees_graph(&self, name: Option<&str>) -> Result<bool, StorageError> {
        let Some(name) = name else { return Ok(self.viewer.labels.is_none()) };
        if self.viewer.sees_everything() {
            return Ok(true);
        }
        if let Some(known) = self.graphs.borrow().get(name) {
            return Ok(*known);
        }
        let seen = self.decide_graph(name)?;
        self.graphs.borrow_mut().insert(name.to_owned(), seen);
        Ok(seen)
    }

    fn decide_graph(&self, name: &str) -> Result<bool, StorageError> {
        let kind = GraphKind::of(name);
        if self.viewer.own_graphs_only && !kind.is_open() {
            return Ok(false);
        }
        match kind {
            GraphKind::Answer => self.sees_answer(name),
            GraphKind::Audit => Ok(self.viewer.labels.is_none() && self.viewer.all_answers),
            _ if self.viewer.labels.is_none() => Ok(true),
            GraphKind::Version | GraphKind::OfUsers => self.sees_labels(name),
            GraphKind::Imported => {
                let hash = name.strip_prefix(vocab::GRAPH_IMPORTED_PREFIX).unwrap_or_default();
                self.sees_graph(Some(&format!("{}{hash}", vocab::VERSION_PREFIX)))
            }
            GraphKind::Other | GraphKind::Unnamed => Ok(false),
            GraphKind::Ontology
            | GraphKind::Entities
            | GraphKind::CoOccurrences
            | GraphKind::Depictions
            | GraphKind::NearDuplicates
            | GraphKind::Governance => Ok(true),
        }
    }

    fn sees_label(&self, label: &str) -> bool {
        let labels = self.viewer.labels.as_ref();
        labels.is_none_or(|labels| labels.iter().any(|known| known.0 == label))
    }

    /// Whether a graph says who sees it, and the caller is one of them.
    fn sees_labels(&self, name: &str) -> Result<bool, StorageError> {
        let mut labelled = false;
        for quad in self.quads(Some(name), Some(vt::ACCESS_LABEL), None, Some(name)) {
            labelled = true;
            if !self.sees_label(&super::read::iri(&quad?.object)) {
                return Ok(false);
            }
        }
        Ok(labelled)
    }

    /// The record says who may read it.
    fn sees_answer(&self, answer: &str) -> Result<bool, StorageError> {
        let principal = format!("{answer}/principal");
        let about_asker = self.quads(Some(&principal), None, None, Some(answer));
        let labels = self.quads(Some(answer), Some(vt::ACCESS_LABEL), None, Some(answer));
        let record = about_asker.chain(labels).map(|quad| quad.map(Triple::from));
        let mut record: Vec<Triple> = record.collect::<Result<_, _>>()?;
        let reader = self.viewer.principal();
        let may_read = access_of(answer, &record).is_readable_by(&reader);
        if !may_read || self.viewer.all_answers {
            return Ok(may_read);
        }
        // Whoever asked reads what the policy and people let them.
        let held = self.quads(Some(answer), Some(vt::HELD_BY), None, Some(answer));
        let withheld = self.quads(Some(answer), Some(vt::N_WITHHELD), None, Some(answer));
        let more = held.chain(withheld).map(|quad| quad.map(Triple::from));
        record.extend(more.collect::<Result<Vec<_>, _>>()?);
        let mut access = access_of(answer, &record);
        if access.disclosure == Disclosure::Waiting {
            decide(&mut access, &record, self.last_decision(answer)?);
        }
        Ok(access.is_readable_by(&reader))
    }

    /// What was decided last about an answer that waits for approval.
    fn last_decision(&self, answer: &str) -> Result<Option<ClaimStatus>, StorageError> {
        let governance = Some(vocab::GRAPH_GOVERNANCE);
        let mut last: Option<(String, ClaimStatus)> = None;
        for quad in self.quads(None, Some(vt::DECIDES), Some(answer), governance) {
            let decision = super::read::iri(&Term::from(quad?.subject));
            let one = |property| -> Result<Option<String>, StorageError> {
                let mut quads = self.quads(Some(&decision), Some(property), None, governance);
                Ok(quads.next().transpose()?.map(|quad| super::read::iri(&quad.object)))
            };
            let status = one(vt::STATUS)?.as_deref().and_then(ClaimStatus::from_name);
            let decided = one(prov::ENDED_AT_TIME)?.zip(status);
            if let Some((at, status)) = decided
                && last.as_ref().is_none_or(|(known, _)| *known < at)
            {
                last = Some((at, status));
            }
        }
        Ok(last.map(|(_, status)| status))
    }

    /// Whether the caller sees a document. One that is not there is seen by nobody.
    pub(super) fn sees_document(&self, document: Option<&str>) -> Result<bool, StorageError> {
        let Some(document) = document else { return Ok(false) };
        if let Some(known) = self.documents.borrow().get(document) {
            return Ok(*known);
        }
        let mut seen = false;
        for quad in self.quads(None, Some(dcterms::IS_VERSION_OF), Some(document), None) {
            seen |= self.is_in_visible_version(&quad?)?;
        }
        self.documents.borrow_mut().insert(document.to_owned(), seen);
        Ok(seen)
    }

    /// Whether a quad stands in the graph of a version that the caller sees.
    pub(super) fn is_in_visible_version(&self, quad: &Quad) -> Result<bool, StorageError> {
        self.is_in_visible(quad, GraphKind::Version)
    }

    pub(super) fn is_in_visible(&self, quad: &Quad, kind: GraphKind) -> Result<bool, StorageError> {
        match &quad.graph_name {
            GraphName::NamedNode(graph) if GraphKind::of(graph.as_str()) == kind => {
                self.sees_graph(Some(graph.as_str()))
            }
            _ => Ok(false),
        }
    }

    /// Whether no document is hidden from the caller.
    fn sees_all_documents(&self) -> Result<bool, StorageError> {
        if let Some(known) = self.all_documents.get() {
            return Ok(*known);
        }
        let mut all = true;
        for quad in self.quads(None, Some(vt::ACCESS_LABEL), None, None) {
            let quad = quad?;
            let kind = name_of(quad.graph_name.as_ref()).map(GraphKind::of);
            if kind == Some(GraphKind::Version) && !self.sees_label(&super::read::iri(&quad.object))
            {
                all = false;
                break;
            }
        }
        Ok(*self.all_documents.get_or_init(|| all))
    }

    /// A document links names to entities, whose IRIs can come from another document.
    fn sees_of_version(&self, quad: &Quad) -> Result<bool, StorageError> {
        let predicate = quad.predicate.as_str();
        let object = iri_of(&quad.object);
        let about_entity = match subject_of(&quad.subject) {
            Some(subject) if may_be_entity(subject) => {
                if !self.sees_entity(subject)? {
                    return Ok(false);
                }
                true
            }
            _ => false,
        };
        match object {
            Some(object)
                if NAMING.contains(&predicate)
                    || object.starts_with(vocab::ENTITY_PREFIX)
                    || (about_entity && predicate != rdf::TYPE && may_be_entity(object)) =>
            {
                self.sees_entity(object)
            }
            _ => Ok(true),
        }
    }

    fn sees_of_entities(&self, quad: &Quad) -> Result<bool, StorageError> {
        let Some(subject) = subject_of(&quad.subject) else { return Ok(false) };
        if subject.starts_with(vocab::MERGE_PREFIX) {
            return self.sees_merge(subject.split('/').next().unwrap_or(subject));
        }
        if !may_be_entity(subject) || !self.sees_entity(subject)? {
            return Ok(false);
        }
        match (quad.predicate.as_str(), &quad.object) {
            (skos::PREF_LABEL | skos::ALT_LABEL, Term::Literal(label)) => {
                self.is_named(subject, label.value())
            }
            (skos::EXACT_MATCH | skos::CLOSE_MATCH, Term::NamedNode(other)) => {
                self.sees_entity(other.as_str())
            }
            _ => Ok(true),
        }
    }

    fn sees_merge(&self, merge: &str) -> Result<bool, StorageError> {
        let members = self.quads(Some(merge), Some(vt::MEMBER), None, Some(vocab::GRAPH_ENTITIES));
        let mut n_members = 0;
        for quad in members {
            n_members += 1;
            if !iri_of(&quad?.object).map_or(Ok(false), |entity| self.sees_entity(entity))? {
                return Ok(false);
            }
        }
        Ok(n_members == 2)
    }

    fn sees_co_occurrence(&self, quad: &Quad) -> Result<bool, StorageError> {
        let Some(subject) = subject_of(&quad.subject) else { return Ok(false) };
        if !subject.starts_with(vocab::CO_OCCURRENCE_PREFIX) {
            return iri_of(&quad.object).map_or(Ok(false), |other| self.together(subject, other));
        }
        // How often is counted over the whole corpus.
        if matches!(quad.predicate.as_str(), vt::WEIGHT | vt::N_SENTENCES)
            && !self.sees_all_documents()?
        {
            return Ok(false);
        }
        let graph = Some(vocab::GRAPH_CO_OCCURRENCES);
        let pair = self.quads(Some(subject), Some(vt::CO_OCCURRING), None, graph);
        let pair: Vec<Quad> = pair.collect::<Result<_, _>>()?;
        match pair.as_slice() {
            [a, b] => match (iri_of(&a.object), iri_of(&b.object)) {
                (Some(a), Some(b)) => self.together(a, b),
                _ => Ok(false),
            },
            _ => Ok(false),
        }
    }

    fn sees_depiction(&self, quad: &Quad) -> Result<bool, StorageError> {
        let Some(subject) = subject_of(&quad.subject) else { return Ok(false) };
        if subject.starts_with(vocab::DEPICTION_PREFIX) {
            return self.sees_claim(subject);
        }
        if quad.predicate.as_str() != foaf::DEPICTS {
            return self.sees_all_documents();
        }
        // The short form is seen when a claim behind it is.
        let graph = Some(vocab::GRAPH_DEPICTIONS);
        for claim in self.quads(None, Some(oa::HAS_TARGET), Some(subject), graph) {
            let claim = claim?.subject;
            let Some(claim) = subject_of(&claim) else { continue };
            let body = self.quads(Some(claim), Some(oa::HAS_BODY), iri_of(&quad.object), graph);
            if body.take(1).next().transpose()?.is_some() && self.sees_claim(claim)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn sees_claim(&self, claim: &str) -> Result<bool, StorageError> {
        if let Some(known) = self.claims.borrow().get(claim) {
            return Ok(*known);
        }
        let (mut seen, mut about) = (true, 0);
        for quad in self.quads(Some(claim), None, None, Some(vocab::GRAPH_DEPICTIONS)) {
            let quad = quad?;
            let object = iri_of(&quad.object);
            seen &= match quad.predicate.as_str() {
                oa::HAS_TARGET => {
                    about += 1;
                    self.sees_document(object)?
                }
                oa::HAS_BODY => object.map_or(Ok(false), |entity| self.sees_entity(entity))?,
                prov::WAS_DERIVED_FROM => self.sees_evidence(object.unwrap_or_default())?,
                _ => true,
            };
        }
        let seen = seen && about > 0;
        self.claims.borrow_mut().insert(claim.to_owned(), seen);
        Ok(seen)
    }

    /// Whether a fragment or a document behind a claim is seen.
    fn sees_evidence(&self, evidence: &str) -> Result<bool, StorageError> {
        if evidence.starts_with(vocab::FRAGMENT_PREFIX) {
            let version = crate::model::FragmentId::from_iri(evidence).version();
            return self.sees_graph(Some(version.as_str()));
        }
        if evidence.starts_with(vocab::DOCUMENT_PREFIX) {
            return self.sees_document(Some(evidence));
        }
        self.sees_all_documents()
    }

    fn sees_governance(&self, quad: &Quad) -> Result<bool, StorageError> {
        let subject = subject_of(&quad.subject).unwrap_or_default();
        if subject.starts_with(vocab::SPACE_PREFIX) {
            return Ok(true);
        }
        if !subject.starts_with(vocab::GENERATION_PREFIX) {
            return Ok(false);
        }
        match quad.predicate.as_str() {
            rdf::TYPE | vt::SEARCHES => Ok(true),
            prov::WAS_DERIVED_FROM => {
                iri_of(&quad.object).map_or(Ok(false), |version| self.sees_graph(Some(version)))
            }
            _ => self.sees_all_documents(),
        }
    }
}
