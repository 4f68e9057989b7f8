//! Paths out of triples.

use super::error::ShapesError;
use super::parse::Source;
use super::path::Path;
use crate::vocab::{rdf, sh};
use oxigraph::model::Term;

/// Paths within paths, at most.
const DEEPEST: usize = 32;

/// The path that `value` stands for; `shape` is for errors.
pub(super) fn path(
    source: &Source,
    shape: &Term,
    value: &Term,
    depth: usize,
) -> Result<Path, ShapesError> {
    if let Term::NamedNode(predicate) = value {
        return Ok(Path::Predicate(predicate.clone()));
    }
    let wrong = || source.unexpected(shape, sh::PATH, "a property path", value);
    if depth == DEEPEST || matches!(value, Term::Literal(_)) {
        return Err(wrong());
    }
    let several = |list: &Term| {
        let members = source.list(shape, sh::PATH, list)?;
        if members.len() < 2 {
            return Err(wrong());
        }
        let paths = members.iter().map(|member| path(source, shape, member, depth + 1));
        paths.collect::<Result<Vec<_>, _>>()
    };
    if !source.values(value, rdf::FIRST).is_empty() {
        return Ok(Path::Sequence(several(value)?));
    }
    let [(predicate, inner)] = source.properties(value) else { return Err(wrong()) };
    if predicate.as_str() == sh::ALTERNATIVE_PATH {
        return Ok(Path::Alternative(several(inner)?));
    }
    let wrap: fn(Box<Path>) -> Path = match predicate.as_str() {
        sh::INVERSE_PATH => Path::Inverse,
        sh::ZERO_OR_MORE_PATH => Path::ZeroOrMore,
        sh::ONE_OR_MORE_PATH => Path::OneOrMore,
        sh::ZERO_OR_ONE_PATH => Path::ZeroOrOne,
        _ => return Err(wrong()),
    };
    Ok(wrap(Box::new(path(source, shape, inner, depth + 1)?)))
}
