//! What a shape asks for, out of triples.

use super::constraint::{Bound, Constraint, NodeKinds, Shape};
use super::error::ShapesError;
use super::parse::{Reader, Source, local};
use super::path::Path;
use crate::vocab::sh;
use oxigraph::model::{Literal, NamedNode, Term};
use regex::{Regex, RegexBuilder};
use std::collections::HashSet;

/// Terms of SHACL on a shape that ask for nothing by themselves.
const SILENT: [&str; 21] = [
    sh::PATH,
    sh::TARGET_CLASS,
    sh::TARGET_NODE,
    sh::TARGET_SUBJECTS_OF,
    sh::TARGET_OBJECTS_OF,
    sh::SEVERITY,
    sh::MESSAGE,
    sh::DEACTIVATED,
    sh::NAME,
    sh::DESCRIPTION,
    sh::ORDER,
    sh::GROUP,
    sh::DEFAULT_VALUE,
    sh::FLAGS,
    sh::UNIQUE_LANG,
    sh::CLOSED,
    sh::IGNORED_PROPERTIES,
    sh::QUALIFIED_VALUE_SHAPE,
    sh::QUALIFIED_MIN_COUNT,
    sh::QUALIFIED_MAX_COUNT,
    sh::QUALIFIED_VALUE_SHAPES_DISJOINT,
];

/// Terms that a property shape alone may have.
const OF_VALUES: [&str; 6] = [
    sh::MIN_COUNT,
    sh::MAX_COUNT,
    sh::LESS_THAN,
    sh::LESS_THAN_OR_EQUALS,
    sh::UNIQUE_LANG,
    sh::QUALIFIED_VALUE_SHAPE,
];

/// Terms that a shape may have once.
const ONCE: [&str; 18] = [
    sh::DATATYPE,
    sh::NODE_KIND,
    sh::MIN_COUNT,
    sh::MAX_COUNT,
    sh::MIN_EXCLUSIVE,
    sh::MIN_INCLUSIVE,
    sh::MAX_EXCLUSIVE,
    sh::MAX_INCLUSIVE,
    sh::MIN_LENGTH,
    sh::MAX_LENGTH,
    sh::LANGUAGE_IN,
    sh::IN,
    sh::UNIQUE_LANG,
    sh::CLOSED,
    sh::IGNORED_PROPERTIES,
    sh::QUALIFIED_MIN_COUNT,
    sh::QUALIFIED_MAX_COUNT,
    sh::FLAGS,
];

const NODE_KINDS: [NodeKinds; 6] = [
    NodeKinds { iri: true, blank: false, literal: false, name: "IRI" },
    NodeKinds { iri: false, blank: true, literal: false, name: "BlankNode" },
    NodeKinds { iri: false, blank: false, literal: true, name: "Literal" },
    NodeKinds { iri: true, blank: true, literal: false, name: "BlankNodeOrIRI" },
    NodeKinds { iri: false, blank: true, literal: true, name: "BlankNodeOrLiteral" },
    NodeKinds { iri: true, blank: false, literal: true, name: "IRIOrLiteral" },
];

/// The constraints of a shape.
pub(super) fn constraints(
    reader: &mut Reader<'_>,
    node: &Term,
    path: Option<&Path>,
) -> Result<Vec<Constraint>, ShapesError> {
    let source = reader.source;
    for property in ONCE {
        source.value(node, property)?;
    }
    let is_true = Term::from(Literal::from(true));
    let mut found = Vec::new();
    for (predicate, value) in source.properties(node) {
        let property = predicate.as_str();
        if !property.starts_with(sh::NAMESPACE) {
            continue;
        }
        if path.is_none() && OF_VALUES.contains(&property) {
            let problem = format!("{} needs a shape with sh:path", local(property));
            return Err(source.problem(node, problem));
        }
        if let Some(constraint) = constraint(reader, node, property, value)? {
            found.push(constraint);
        } else if !SILENT.contains(&property) {
            let problem = format!(
                "{} is not a term of the core of SHACL, the part that is understood here",
                local(property)
            );
            return Err(source.problem(node, problem));
        }
    }
    // Here SHACL wants the word and not another way to write the truth.
    if source.flag(node, sh::UNIQUE_LANG)?
        && source.values(node, sh::UNIQUE_LANG).iter().any(|value| **value == is_true)
    {
        found.push(Constraint::UniqueLang);
    }
    if source.flag(node, sh::CLOSED)? {
        found.push(closed(source, node)?);
    }
    for shape in source.values(node, sh::QUALIFIED_VALUE_SHAPE) {
        found.push(qualified(reader, node, shape)?);
    }
    Ok(found)
}

fn constraint(
    reader: &mut Reader<'_>,
    node: &Term,
    property: &str,
    value: &Term,
) -> Result<Option<Constraint>, ShapesError> {
    let source = reader.source;
    let iri = || iri(source, node, property, value);
    let count = || count(source, node, property, value);
    let range = |bound| match value {
        Term::Literal(limit) => Ok(Constraint::Range(bound, limit.clone())),
        other => Err(source.unexpected(node, property, "a number, date or text", other)),
    };
    let mut shapes = || -> Result<Vec<usize>, ShapesError> {
        let members = source.list(node, property, value)?;
        Ok(members.iter().map(|member| reader.number(member)).collect())
    };
    Ok(Some(match property {
        sh::CLASS => Constraint::Class(iri()?),
        sh::DATATYPE => Constraint::Datatype(iri()?),
        sh::NODE_KIND => {
            let name = iri()?;
            let name = name.as_str().strip_prefix(sh::NAMESPACE);
            let kinds = NODE_KINDS.into_iter().find(|kinds| Some(kinds.name) == name);
            Constraint::NodeKind(kinds.ok_or_else(|| {
                source.unexpected(node, property, "sh:IRI, sh:Literal or another kind", value)
            })?)
        }
        sh::MIN_COUNT => Constraint::MinCount(count()?),
        sh::MAX_COUNT => Constraint::MaxCount(count()?),
        sh::MIN_EXCLUSIVE => range(Bound::Above)?,
        sh::MIN_INCLUSIVE => range(Bound::AtLeast)?,
        sh::MAX_EXCLUSIVE => range(Bound::Below)?,
        sh::MAX_INCLUSIVE => range(Bound::AtMost)?,
        sh::MIN_LENGTH => Constraint::MinLength(count()?),
        sh::MAX_LENGTH => Constraint::MaxLength(count()?),
        sh::PATTERN => Constraint::Pattern(pattern(source, node, value)?),
        sh::LANGUAGE_IN => {
            let members = source.list(node, property, value)?;
            let text = |member: &Term| match member {
                Term::Literal(text) => Ok(text.value().to_owned()),
                other => Err(source.unexpected(node, property, "texts", other)),
            };
            Constraint::LanguageIn(members.iter().map(text).collect::<Result<_, _>>()?)
        }
        sh::EQUALS => Constraint::Equals(iri()?),
        sh::DISJOINT => Constraint::Disjoint(iri()?),
        sh::LESS_THAN => Constraint::LessThan(iri()?),
        sh::LESS_THAN_OR_EQUALS => Constraint::LessThanOrEquals(iri()?),
        sh::AND => Constraint::And(shapes()?),
        sh::OR => Constraint::Or(shapes()?),
        sh::XONE => Constraint::Xone(shapes()?),
        sh::NOT => Constraint::Not(reader.number(value)),
        sh::NODE => Constraint::Node(reader.number(value)),
        sh::PROPERTY => {
            if source.values(value, sh::PATH).is_empty() {
                let problem = "sh:property: expected a shape with sh:path, found none".to_owned();
                return Err(source.problem(node, problem));
            }
            Constraint::Property(reader.number(value))
        }
        sh::HAS_VALUE => Constraint::HasValue(value.clone()),
        sh::IN => Constraint::In(source.list(node, property, value)?),
        _ => return Ok(None),
    }))
}

fn iri(
    source: &Source,
    node: &Term,
    property: &str,
    value: &Term,
) -> Result<NamedNode, ShapesError> {
    match value {
        Term::NamedNode(iri) => Ok(iri.clone()),
        other => Err(source.unexpected(node, property, "an IRI", other)),
    }
}

fn count(source: &Source, node: &Term, property: &str, value: &Term) -> Result<usize, ShapesError> {
    match value {
        Term::Literal(number) => number.value().parse().ok(),
        Term::NamedNode(_) | Term::BlankNode(_) => None,
    }
    .ok_or_else(|| source.unexpected(node, property, "a whole number from 0", value))
}

fn pattern(source: &Source, node: &Term, value: &Term) -> Result<Regex, ShapesError> {
    let Term::Literal(text) = value else {
        return Err(source.unexpected(node, sh::PATTERN, "a regular expression", value));
    };
    let flags = match source.value(node, sh::FLAGS)? {
        Some(Term::Literal(flags)) => flags.value(),
        _ => "",
    };
    let pattern =
        if flags.contains('q') { regex::escape(text.value()) } else { text.value().into() };
    let mut builder = RegexBuilder::new(&pattern);
    for flag in flags.chars() {
        match flag {
            'i' => builder.case_insensitive(true),
            's' => builder.dot_matches_new_line(true),
            'm' => builder.multi_line(true),
            'x' => builder.ignore_whitespace(true),
            'q' => &mut builder,
            other => {
                let problem = format!("sh:flags: expected i, s, m, x or q, found {other}");
                return Err(source.problem(node, problem));
            }
        };
    }
    builder.build().map_err(|error| {
        source.problem(node, format!("sh:pattern is not a regular expression: {error}"))
    })
}

fn closed(source: &Source, node: &Term) -> Result<Constraint, ShapesError> {
    let mut allowed = HashSet::new();
    for shape in source.values(node, sh::PROPERTY) {
        for path in source.values(shape, sh::PATH) {
            if let Term::NamedNode(predicate) = path {
                allowed.insert(predicate.clone());
            }
        }
    }
    if let Some(list) = source.value(node, sh::IGNORED_PROPERTIES)? {
        for member in source.list(node, sh::IGNORED_PROPERTIES, list)? {
            allowed.insert(iri(source, node, sh::IGNORED_PROPERTIES, &member)?);
        }
    }
    Ok(Constraint::Closed(allowed))
}

/// Its siblings are the qualified shapes of the other property shapes of the shapes
/// that hold this one (section 4.7.3).
fn qualified(
    reader: &mut Reader<'_>,
    node: &Term,
    shape: &Term,
) -> Result<Constraint, ShapesError> {
    let source = reader.source;
    let bound = |property: &str| match source.value(node, property)? {
        Some(value) => count(source, node, property, value).map(Some),
        None => Ok(None),
    };
    let (min, max) = (bound(sh::QUALIFIED_MIN_COUNT)?, bound(sh::QUALIFIED_MAX_COUNT)?);
    if min.is_none() && max.is_none() {
        let problem = "sh:qualifiedValueShape needs sh:qualifiedMinCount or sh:qualifiedMaxCount";
        return Err(source.problem(node, problem.to_owned()));
    }
    let mut siblings = Vec::new();
    if source.flag(node, sh::QUALIFIED_VALUE_SHAPES_DISJOINT)? {
        for holder in source.holders(node) {
            for property in source.values(holder, sh::PROPERTY) {
                let others = source.values(property, sh::QUALIFIED_VALUE_SHAPE);
                siblings.extend(others.into_iter().filter(|other| *other != shape));
            }
        }
    }
    let siblings = siblings.into_iter().map(|other| reader.number(other)).collect();
    Ok(Constraint::Qualified { shape: reader.number(shape), siblings, min, max })
}

impl Shape {
    /// Numbers of the shapes within this one.
    pub(super) fn nested(&self) -> Vec<usize> {
        let of = |constraint: &Constraint| match constraint {
            Constraint::Not(shape) | Constraint::Node(shape) | Constraint::Property(shape) => {
                vec![*shape]
            }
            Constraint::And(shapes) | Constraint::Or(shapes) | Constraint::Xone(shapes) => {
                shapes.clone()
            }
            Constraint::Qualified { shape, siblings, .. } => {
                std::iter::once(shape).chain(siblings).copied().collect()
            }
            _ => Vec::new(),
        };
        self.constraints.iter().flat_map(of).collect()
    }
}
