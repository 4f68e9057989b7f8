//! The triples of a table.

use super::records::{encode, encode_but, property, record};
use super::table_mapping::{Base, Column, TableLink, TableMapping};
use super::table_rows::{Row, Rows};
use super::uri_template::UriTemplate;
use super::values::typed;
use super::warnings::Warnings;
use crate::model::DocumentId;
use crate::vocab::{PREFIXES, RECORD_PREFIX, TABLE_PREFIXES, rdf, rdfs};
use oxigraph::model::{Literal, NamedNode, Term, Triple};
use std::collections::HashMap;

/// The triples to which `mapping` turns the rows of the table `source`. Values that
/// do not fit their datatype stay texts, IRIs that are not valid are left out; both
/// are warnings.
pub(super) fn triples(
    source: &str,
    table: &Rows,
    mapping: &TableMapping,
    warnings: &mut Warnings,
) -> Vec<Triple> {
    if mapping.suppressed {
        return Vec::new();
    }
    let mut mapper = Mapper {
        source,
        mapping,
        by_name: HashMap::new(),
        label: mapping.label_column(),
        triples: Vec::new(),
        warnings,
    };
    for (i, column) in mapping.columns.iter().enumerate() {
        // Names that are titles stand percent-encoded in templates.
        mapper.by_name.insert(encode_but(&column.name, "-._~"), i);
        mapper.by_name.insert(column.name.clone(), i);
    }
    for (i, row) in table.rows.iter().enumerate() {
        mapper.row(i + 1, row);
    }
    mapper.triples
}

struct Mapper<'m> {
    source: &'m str,
    mapping: &'m TableMapping,
    by_name: HashMap<String, usize>,
    label: Option<usize>,
    triples: Vec<Triple>,
    warnings: &'m mut Warnings,
}

/// A row with its values, column by column.
struct Values<'r> {
    number: usize,
    line: u64,
    of_column: &'r [Vec<String>],
}

impl<'m> Mapper<'m> {
    fn row(&mut self, number: usize, row: &Row) {
        let mut cells = row.cells.iter();
        let of_column: Vec<Vec<String>> = self
            .mapping
            .columns
            .iter()
            .map(|column| {
                let cell = if column.is_virtual { None } else { cells.next() };
                values(column, cell.map_or("", String::as_str))
            })
            .collect();
        if row.cells.iter().all(String::is_empty) {
            return;
        }
        let values = Values { number, line: row.line, of_column: &of_column };
        let subject = self.subject(&values);
        if let Some(class) = &self.mapping.class {
            self.add(&subject, rdf::TYPE, super::records::class(class));
        }
        for (i, column) in self.mapping.columns.iter().enumerate() {
            if !column.suppressed {
                self.column(&values, &subject, i, column);
            }
        }
        for link in self.mapping.links.iter().filter(|link| link.columns.len() > 1) {
            if let Some(target) = self.target(link, &values) {
                let predicate = property(&link.columns.join("_"));
                self.triples.push(Triple::new(subject.clone(), predicate, target));
            }
        }
    }

    /// The resource that the row is about.
    fn subject(&mut self, values: &Values<'_>) -> NamedNode {
        let described = self.mapping.about.as_ref().and_then(|about| self.iri(about, values, None));
        let keys = self.mapping.primary_key.iter().map(|name| self.value(name, values));
        described.unwrap_or_else(|| {
            let keys: Option<Vec<String>> = keys.collect();
            let key = keys.filter(|keys| !keys.is_empty());
            record(self.source, &key.map_or_else(|| format!("row-{}", values.number), key_of))
        })
    }

    fn column(&mut self, values: &Values<'_>, row: &NamedNode, i: usize, column: &'m Column) {
        let cells = values.of_column.get(i).map_or(&[][..], Vec::as_slice);
        if cells.is_empty() && !column.is_virtual {
            if column.required {
                self.warnings.add(format!(
                    "row {} (line {}): expected a value in column `{}`, found none",
                    values.number, values.line, column.name
                ));
            }
            return;
        }
        let named = column.about.as_ref().map(|about| self.iri(about, values, None));
        let Some(subject) = named.unwrap_or_else(|| Some(row.clone())) else { return };
        let predicate = match &column.property {
            Some(template) => self.iri(template, values, Some((&column.name, None))),
            None => Some(property(&column.name)),
        };
        let Some(predicate) = predicate else { return };
        let link = self
            .mapping
            .links
            .iter()
            .find(|link| matches!(link.columns.as_slice(), [name] if column.is_called(name)));
        let objects: Vec<Term> = match (&column.value, link) {
            (Some(template), _) if cells.is_empty() => {
                self.iri(template, values, None).map(Term::from).into_iter().collect()
            }
            (Some(template), _) => cells
                .iter()
                .filter_map(|cell| self.iri(template, values, Some((&column.name, Some(cell)))))
                .map(Term::from)
                .collect(),
            (None, Some(link)) => self.target(link, values).map(Term::from).into_iter().collect(),
            (None, None) => {
                cells.iter().map(|cell| self.literal(column, cell, values).into()).collect()
            }
        };
        let is_said = self.mapping.row_title.is_some() || column.property.is_none();
        if self.label == Some(i) && is_said {
            for object in &objects {
                self.add(&subject, rdfs::LABEL, object.clone());
            }
        }
        for object in objects {
            self.triples.push(Triple::new(subject.clone(), predicate.clone(), object));
        }
    }

    fn add(&mut self, subject: &NamedNode, predicate: &str, object: impl Into<Term>) {
        let predicate = NamedNode::new_unchecked(predicate);
        self.triples.push(Triple::new(subject.clone(), predicate, object));
    }

    fn literal(&mut self, column: &Column, value: &str, values: &Values<'_>) -> Literal {
        if let (Base::Text, Some(language)) = (&column.datatype.base, &column.language)
            && let Ok(literal) = Literal::new_language_tagged_literal(value, language)
        {
            return literal;
        }
        match column.datatype.canonical(value) {
            Some(value) => typed(value, column.datatype.iri.as_deref()),
            None => {
                let expected = column.datatype.iri.as_deref().unwrap_or_default();
                let expected = expected.rsplit('#').next().unwrap_or_default();
                self.warnings.add(format!(
                    "row {} (line {}): expected a value of {expected} in column `{}`, found `{value}`; \
                     it is kept as text",
                    values.number, values.line, column.name
                ));
                Literal::new_simple_literal(value)
            }
        }
    }

    /// The row of another table to which a link leads.
    fn target(&mut self, link: &TableLink, values: &Values<'_>) -> Option<NamedNode> {
        let keys: Option<Vec<String>> =
            link.columns.iter().map(|name| self.value(name, values)).collect();
        let keys = keys?;
        match &link.about {
            None => Some(record(&link.source, &key_of(keys))),
            Some(about) => {
                let value = |name: &str| {
                    let i = link.referenced.iter().position(|referenced| referenced == name)?;
                    keys.get(i).cloned()
                };
                let expanded = about.expand(&value)?;
                self.resolved(&expanded, &link.source, values)
            }
        }
    }

    /// The value that a template calls `name`.
    fn value(&self, name: &str, values: &Values<'_>) -> Option<String> {
        match name {
            "_row" => Some(values.number.to_string()),
            "_sourceRow" => Some(values.line.to_string()),
            name => {
                let cells = values.of_column.get(*self.by_name.get(name)?)?;
                (!cells.is_empty()).then(|| cells.join(","))
            }
        }
    }

    /// Expands a template, in the column `own` with one of its values.
    fn iri(
        &mut self,
        template: &UriTemplate,
        values: &Values<'_>,
        own: Option<(&str, Option<&str>)>,
    ) -> Option<NamedNode> {
        let expanded = template.expand(&|name| match own {
            Some((column, _)) if name == "_name" => Some(column.to_owned()),
            Some((column, Some(value))) if name == column => Some(value.to_owned()),
            _ => self.value(name, values),
        })?;
        self.resolved(&expanded, self.source, values)
    }

    fn resolved(&mut self, iri: &str, source: &str, values: &Values<'_>) -> Option<NamedNode> {
        let absolute = absolute(iri, source, self.mapping.base.as_deref());
        match NamedNode::new(&absolute) {
            Ok(node) => Some(node),
            Err(error) => {
                self.warnings.add(format!(
                    "row {} (line {}): <{absolute}> is not a valid IRI and is left out: {error}",
                    values.number, values.line
                ));
                None
            }
        }
    }
}

/// The values of a cell: none for an empty one, several where it has a separator.
fn values(column: &Column, cell: &str) -> Vec<String> {
    let cell = if cell.is_empty() { column.default.as_str() } else { cell };
    let is_value =
        |value: &&str| !value.is_empty() && !column.null.iter().any(|null| null == value);
    match &column.separator {
        Some(separator) => cell
            .split(separator.as_str())
            .map(str::trim)
            .filter(is_value)
            .map(str::to_owned)
            .collect(),
        None => Some(cell).filter(is_value).map(str::to_owned).into_iter().collect(),
    }
}

/// A key of several values.
fn key_of(keys: Vec<String>) -> String {
    match <[String; 1]>::try_from(keys) {
        Ok([key]) => key,
        // Encoded one by one, so that what joins them cannot stand within them.
        Err(keys) => keys.iter().map(|key| encode(key)).collect::<Vec<_>>().join("/"),
    }
}

/// An expanded template as an absolute IRI: names with a known prefix in full, and
/// relative ones below `base` or the records of the knowledge base; what begins with
/// `#` belongs to the table.
fn absolute(iri: &str, source: &str, base: Option<&str>) -> String {
    if let Some((prefix, local)) = iri.split_once(':') {
        let mut known = PREFIXES.iter().chain(TABLE_PREFIXES);
        let is_scheme = !prefix.is_empty()
            && prefix.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
        if let Some((_, namespace)) = known.find(|(known, _)| *known == prefix) {
            return format!("{namespace}{local}");
        }
        if is_scheme {
            return iri.to_owned();
        }
    }
    if iri.starts_with('#') {
        let table = DocumentId::from_source(source);
        let table = base.unwrap_or_else(|| table.as_str());
        return format!("{}{iri}", table.split('#').next().unwrap_or_default());
    }
    let Some(base) = base else { return format!("{RECORD_PREFIX}{iri}") };
    if let Some(path) = iri.strip_prefix('/') {
        let authority = base.find("://").map_or(0, |start| start + 3);
        let end = base.get(authority..).and_then(|rest| rest.find('/'));
        let root = end.and_then(|end| base.get(..authority + end)).unwrap_or(base);
        return format!("{root}/{path}");
    }
    match base.rsplit_once('/') {
        Some((folder, _)) => format!("{folder}/{iri}"),
        None => format!("{base}{iri}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_iris_have_a_beginning() {
        let check = |iri, base, expected| assert_eq!(absolute(iri, "d/t.csv", base), expected);
        check("http://e.test/1", None, "http://e.test/1");
        check("skos:note", None, "http://www.w3.org/2004/02/skos/core#note");
        check("#row-1", None, "urn:veritrail:document:d/t.csv#row-1");
        check("person/1", None, "urn:veritrail:record:person/1");
        check("person/1", Some("http://e.test/a/b"), "http://e.test/a/person/1");
        check("/person/1", Some("http://e.test/a/b"), "http://e.test/person/1");
    }
}
