//! Checking nodes against shapes (SHACL, section 3.4 and 4).

use super::constraint::{Constraint, Shape, Shapes, Target};
use super::data::DataGraph;
use super::findings::{Finding, shown};
use super::path::short;
use super::values::compare;
use oxigraph::model::{Literal, NamedNodeRef, Term, TermRef};
use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};

impl Shapes {
    /// What the nodes of a graph lack, in the order of the shapes. Nodes that a shape
    /// names one by one (`sh:targetNode`) are checked where they are described.
    pub fn check(&self, data: &DataGraph<'_>) -> Vec<Finding> {
        self.check_targets(data, &|_| true)
    }

    /// What the instances of classes lack (`sh:targetClass`); other targets are left out.
    pub fn check_classes(&self, data: &DataGraph<'_>) -> Vec<Finding> {
        self.check_targets(data, &|target| matches!(target, Target::Class(_)))
    }

    fn check_targets(
        &self,
        data: &DataGraph<'_>,
        counts: &dyn Fn(&Target) -> bool,
    ) -> Vec<Finding> {
        let instances = data.instances();
        let mut findings = Vec::new();
        for shape in self.shapes.iter().filter(|shape| !shape.targets.is_empty()) {
            for focus in focus_nodes(shape, data, &instances, counts) {
                self.check_node(shape, focus, data, &mut findings);
            }
        }
        findings
    }

    /// Nodes that shapes name one by one (`sh:targetNode`).
    pub fn named_nodes(&self) -> impl Iterator<Item = &Term> {
        let targets = self.shapes.iter().flat_map(|shape| &shape.targets);
        targets.filter_map(|target| match target {
            Target::Node(node) => Some(node),
            Target::Class(_) | Target::SubjectsOf(_) | Target::ObjectsOf(_) => None,
        })
    }

    /// What nodes lack that shapes name one by one and no graph describes.
    pub fn check_undescribed(&self, nodes: &[Term], data: &DataGraph<'_>) -> Vec<Finding> {
        let mut findings = Vec::new();
        for shape in &self.shapes {
            for target in &shape.targets {
                if let Target::Node(node) = target
                    && nodes.contains(node)
                {
                    self.check_node(shape, node.as_ref(), data, &mut findings);
                }
            }
        }
        findings
    }

    fn check_node<'a>(
        &'a self,
        shape: &'a Shape,
        focus: TermRef<'a>,
        data: &'a DataGraph<'_>,
        findings: &mut Vec<Finding>,
    ) {
        if shape.deactivated {
            return;
        }
        let values = match &shape.path {
            Some(path) => path.values(focus, data),
            None => vec![focus],
        };
        let node = Node { shapes: self, shape, focus, values, data };
        for constraint in &shape.constraints {
            node.check(constraint, findings);
        }
    }

    /// Whether a node meets the shape with this number.
    pub(super) fn conforms<'a>(
        &'a self,
        shape: usize,
        node: TermRef<'a>,
        data: &'a DataGraph<'_>,
    ) -> bool {
        let mut findings = Vec::new();
        if let Some(shape) = self.shapes.get(shape) {
            self.check_node(shape, node, data, &mut findings);
        }
        findings.is_empty()
    }
}

/// The nodes that a shape is about, each once.
fn focus_nodes<'a>(
    shape: &'a Shape,
    data: &'a DataGraph<'_>,
    instances: &HashMap<TermRef<'a>, Vec<TermRef<'a>>>,
    counts: &dyn Fn(&Target) -> bool,
) -> Vec<TermRef<'a>> {
    let (mut nodes, mut seen) = (Vec::new(), HashSet::new());
    for target in shape.targets.iter().filter(|target| counts(target)) {
        let found: Vec<TermRef<'a>> = match target {
            Target::Class(class) => {
                instances.get(&TermRef::from(class.as_ref())).cloned().unwrap_or_default()
            }
            Target::Node(node) if data.describes(node.as_ref()) => vec![node.as_ref()],
            Target::Node(_) => Vec::new(),
            Target::SubjectsOf(predicate) => {
                let triples = data.with_predicate(predicate.as_ref());
                triples.map(|triple| triple.subject.into()).collect()
            }
            Target::ObjectsOf(predicate) => {
                let triples = data.with_predicate(predicate.as_ref());
                triples.map(|triple| triple.object).collect()
            }
        };
        nodes.extend(found.into_iter().filter(|node| seen.insert(*node)));
    }
    nodes
}

/// A node with its values, under one shape.
pub(super) struct Node<'a, 'g> {
    pub(super) shapes: &'a Shapes,
    shape: &'a Shape,
    pub(super) focus: TermRef<'a>,
    values: Vec<TermRef<'a>>,
    pub(super) data: &'a DataGraph<'g>,
}

impl<'a> Node<'a, '_> {
    fn check(&self, constraint: &'a Constraint, findings: &mut Vec<Finding>) {
        match constraint {
            Constraint::MinCount(least) if self.values.len() < *least => {
                let words = format!("expected at least {least}, found {}", self.values.len());
                self.report(findings, "MinCountConstraintComponent", None, words);
            }
            Constraint::MaxCount(most) if self.values.len() > *most => {
                let words = format!("expected at most {most}, found {}", self.values.len());
                self.report(findings, "MaxCountConstraintComponent", None, words);
            }
            Constraint::MinCount(_) | Constraint::MaxCount(_) => {}
            Constraint::HasValue(wanted) => {
                if !self.values.contains(&wanted.as_ref()) {
                    self.report(
                        findings,
                        "HasValueConstraintComponent",
                        None,
                        format!("expected {}", shown(wanted)),
                    );
                }
            }
            Constraint::UniqueLang => self.unique_lang(findings),
            Constraint::Equals(property) => {
                let others = self.data.objects(self.focus, property.as_ref());
                let missing = others.iter().filter(|other| !self.values.contains(other));
                let extra = self.values.iter().filter(|value| !others.contains(value));
                for value in extra.chain(missing) {
                    let words = format!("expected the values of {}", short(property.as_str()));
                    self.report(findings, "EqualsConstraintComponent", Some(*value), words);
                }
            }
            Constraint::LessThan(property) => {
                self.less(
                    findings,
                    property.as_ref(),
                    "LessThanConstraintComponent",
                    &[Ordering::Less],
                );
            }
            Constraint::LessThanOrEquals(property) => {
                let allowed = [Ordering::Less, Ordering::Equal];
                self.less(
                    findings,
                    property.as_ref(),
                    "LessThanOrEqualsConstraintComponent",
                    &allowed,
                );
            }
            Constraint::Qualified { shape, siblings, min, max } => {
                let meets = |shape: usize, value: &TermRef<'a>| {
                    self.shapes.conforms(shape, *value, self.data)
                };
                let counts = |value: &&TermRef<'a>| {
                    meets(*shape, value) && !siblings.iter().any(|other| meets(*other, value))
                };
                let n = self.values.iter().filter(counts).count();
                if let Some(least) = min.filter(|least| n < *least) {
                    let words = format!("expected at least {least} that meet the shape, found {n}");
                    self.report(findings, "QualifiedMinCountConstraintComponent", None, words);
                }
                if let Some(most) = max.filter(|most| n > *most) {
                    let words = format!("expected at most {most} that meet the shape, found {n}");
                    self.report(findings, "QualifiedMaxCountConstraintComponent", None, words);
                }
            }
            Constraint::Property(shape) => {
                for value in &self.values {
                    if let Some(shape) = self.shapes.shapes.get(*shape) {
                        self.shapes.check_node(shape, *value, self.data, findings);
                    }
                }
            }
            Constraint::Closed(allowed) => self.closed(findings, allowed),
            _ => {
                for value in &self.values {
                    if let Some((component, words)) = self.problem(constraint, *value) {
                        self.report(findings, component, Some(*value), words);
                    }
                }
            }
        }
    }

    fn unique_lang(&self, findings: &mut Vec<Finding>) {
        let mut n_of: HashMap<String, usize> = HashMap::new();
        for value in &self.values {
            if let TermRef::Literal(literal) = value
                && let Some(language) = literal.language()
            {
                *n_of.entry(language.to_lowercase()).or_default() += 1;
            }
        }
        let mut repeated: Vec<_> = n_of.into_iter().filter(|(_, n)| *n > 1).collect();
        repeated.sort();
        for (language, n) in repeated {
            let words = format!("expected one value in the language {language}, found {n}");
            self.report(findings, "UniqueLangConstraintComponent", None, words);
        }
    }

    /// Compares each value with each value of another property.
    fn less(
        &self,
        findings: &mut Vec<Finding>,
        property: NamedNodeRef<'_>,
        component: &'static str,
        allowed: &[Ordering],
    ) {
        let others = self.data.objects(self.focus, property);
        for value in &self.values {
            for other in &others {
                let order = match (value, other) {
                    (TermRef::Literal(a), TermRef::Literal(b)) => compare(*a, *b),
                    _ => None,
                };
                if !order.is_some_and(|order| allowed.contains(&order)) {
                    let mark = if allowed.len() > 1 { "at most" } else { "less than" };
                    let other = shown(&other.into_owned());
                    let words =
                        format!("expected {mark} {other}, its {}", short(property.as_str()));
                    self.report(findings, component, Some(*value), words);
                }
            }
        }
    }

    fn closed(&self, findings: &mut Vec<Finding>, allowed: &HashSet<oxigraph::model::NamedNode>) {
        for node in &self.values {
            for triple in self.data.properties(*node) {
                if !allowed.contains(&triple.predicate.into_owned()) {
                    let words =
                        format!("{} is not expected here", short(triple.predicate.as_str()));
                    self.report(findings, "ClosedConstraintComponent", Some(triple.object), words);
                    if let Some(last) = findings.last_mut() {
                        last.path =
                            Some(super::path::Path::Predicate(triple.predicate.into_owned()));
                    }
                }
            }
        }
    }

    fn report(
        &self,
        findings: &mut Vec<Finding>,
        component: &'static str,
        value: Option<TermRef<'_>>,
        words: String,
    ) {
        let messages = if self.shape.messages.is_empty() {
            vec![Literal::new_simple_literal(words)]
        } else {
            self.shape.messages.clone()
        };
        findings.push(Finding {
            focus: self.focus.into_owned(),
            label: self.data.label(self.focus),
            path: self.shape.path.clone(),
            value: value.map(TermRef::into_owned),
            component,
            shape: self.shape.id.clone(),
            severity: self.shape.severity,
            messages,
        });
    }
}
