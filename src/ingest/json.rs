//! JSON: a line of text for each value, and triples for each object.
//!
//! Each item of the outermost array, or of an array of objects in the outermost
//! object, is a section; the other members of that object make up the first one. An
//! object is a resource: the one that its `id` names within the document, else the
//! one at its place. Keys are properties, as the headers of tables are.

use super::damage::{check_depth, refuse_empty};
use super::error::LoadError;
use super::loader::{Loader, clean_heading};
use super::records::{class, encode, label_rank, property, record, stem};
use super::values::ValueKind;
use crate::model::{Loaded, Section, Span};
use crate::vocab::{rdf, rdfs};
use oxigraph::model::{Literal, NamedNode, Term, Triple};
use serde_json::{Map, Value};

/// Largest JSON that is read: in memory it takes a multiple of this.
const MAX_BYTES: usize = 64 << 20;
/// Keys that name an object, the preferred one first.
const ID_KEYS: [&str; 2] = ["@id", "id"];

/// Loads JSON.
pub(super) struct JsonLoader;

impl Loader for JsonLoader {
    fn load(&self, source: &str, bytes: &[u8]) -> Result<Loaded, LoadError> {
        let refused = |reason: String| LoadError::Data {
            source_path: source.to_owned(),
            format: "JSON",
            reason,
        };
        refuse_empty(bytes).map_err(refused)?;
        if bytes.len() > MAX_BYTES {
            return Err(refused(format!(
                "expected at most {MAX_BYTES} bytes, found {}; write it as JSONL or split it",
                bytes.len()
            )));
        }
        check_depth(bytes).map_err(refused)?;
        let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
        let root: Value =
            serde_json::from_slice(bytes).map_err(|error| refused(error.to_string()))?;
        let mut reader = JsonReader { source, ..JsonReader::default() };
        match &root {
            Value::Array(items) => drop(reader.items(items, "", stem(source))),
            Value::Object(members) => reader.outermost(members),
            other => {
                return Err(refused(format!("expected an object or an array, found {other}")));
            }
        }
        let JsonReader { text, sections, triples, .. } = reader;
        Ok(Loaded { text, sections, triples, ..Loaded::default() })
    }
}

#[derive(Default)]
struct JsonReader<'s> {
    source: &'s str,
    text: String,
    n_chars: usize,
    sections: Vec<Section>,
    triples: Vec<Triple>,
}

impl JsonReader<'_> {
    fn outermost(&mut self, members: &Map<String, Value>) {
        let is_list = |value: &Value| {
            value.as_array().is_some_and(|i| !i.is_empty() && i.iter().all(Value::is_object))
        };
        let own: Map<String, Value> = members
            .iter()
            .filter(|(_, value)| !is_list(value))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        let root = (!own.is_empty()).then(|| {
            let root = self.object(&own, "", stem(self.source));
            self.section(&Value::Object(own), "");
            root
        });
        for (key, value) in members.iter().filter(|(_, value)| is_list(value)) {
            let items = value.as_array().map_or(&[][..], Vec::as_slice);
            let nodes = self.items(items, &format!("/{}", pointer(key)), key);
            for (root, node) in root.iter().flat_map(|root| nodes.iter().map(move |n| (root, n))) {
                self.triples.push(Triple::new(root.clone(), property(key), node.clone()));
            }
        }
    }

    /// Takes in the items of a list and returns the resources of those that are objects.
    fn items(&mut self, items: &[Value], place: &str, name: &str) -> Vec<NamedNode> {
        let mut nodes = Vec::new();
        for (i, item) in items.iter().enumerate() {
            self.section(item, if item.is_object() { "" } else { "value" });
            if let Value::Object(members) = item {
                nodes.push(self.object(members, &format!("{place}/{i}"), name));
            }
        }
        nodes
    }

    fn section(&mut self, item: &Value, path: &str) {
        let mut text = String::new();
        lines(item, path, &mut text);
        text.push('\n');
        let end = self.n_chars + text.chars().count();
        let label = item.as_object().and_then(label).map(clean_heading);
        self.sections.push(Section {
            heading_path: label.into_iter().collect(),
            span: Span::new(self.n_chars, end),
        });
        self.n_chars = end;
        self.text.push_str(&text);
    }

    fn node(&self, members: &Map<String, Value>, place: &str) -> NamedNode {
        let named = ID_KEYS.iter().find_map(|key| match members.get(*key) {
            Some(Value::String(id)) if !id.is_empty() => Some(id.clone()),
            Some(Value::Number(id)) => Some(id.to_string()),
            _ => None,
        });
        match named {
            Some(id) if id.contains(':') && NamedNode::new(&id).is_ok() => {
                NamedNode::new_unchecked(id)
            }
            Some(id) => record(self.source, &id),
            None if place.is_empty() => record(self.source, "/"),
            None => record(self.source, place),
        }
    }

    /// Says what an object says, and what the objects within it do.
    fn object(&mut self, members: &Map<String, Value>, place: &str, name: &str) -> NamedNode {
        let node = self.node(members, place);
        let kind = NamedNode::new_unchecked(rdf::TYPE);
        self.triples.push(Triple::new(node.clone(), kind, class(name)));
        if let Some(label) = label(members) {
            let predicate = NamedNode::new_unchecked(rdfs::LABEL);
            let label = Literal::new_simple_literal(label);
            self.triples.push(Triple::new(node.clone(), predicate, label));
        }
        for (key, value) in members {
            self.value(&node, key, value, &format!("{place}/{}", pointer(key)));
        }
        node
    }

    fn value(&mut self, subject: &NamedNode, key: &str, value: &Value, place: &str) {
        let object: Term = match value {
            Value::Null => return,
            Value::Array(items) => {
                for (i, item) in items.iter().enumerate() {
                    self.value(subject, key, item, &format!("{place}/{i}"));
                }
                return;
            }
            Value::Object(members) => self.object(members, place, key).into(),
            Value::Bool(value) => Literal::from(*value).into(),
            Value::Number(number) => {
                let written = number.to_string();
                ValueKind::of(&written).literal(&written).into()
            }
            Value::String(text) => match ValueKind::of(text) {
                kind @ (ValueKind::Date | ValueKind::DateTime) => kind.literal(text).into(),
                _ => Literal::new_simple_literal(text).into(),
            },
        };
        self.triples.push(Triple::new(subject.clone(), property(key), object));
    }
}

/// `path: value`, a line for each value that is no object or array.
fn lines(value: &Value, path: &str, text: &mut String) {
    let scalar = match value {
        Value::Null => return,
        Value::Object(members) => {
            for (key, value) in members {
                let below = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                lines(value, &below, text);
            }
            return;
        }
        Value::Array(items) => {
            for item in items {
                lines(item, path, text);
            }
            return;
        }
        Value::String(text) => text.split_whitespace().collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    };
    if !scalar.is_empty() {
        text.push_str(&format!("{path}: {scalar}\n"));
    }
}

/// The name of an object for people.
fn label(members: &Map<String, Value>) -> Option<&str> {
    let ranked =
        members.iter().filter_map(|(key, value)| Some((label_rank(key)?, value.as_str()?)));
    ranked.filter(|(_, label)| !label.trim().is_empty()).min().map(|(_, label)| label)
}

/// A key as a part of a JSON pointer (RFC 6901).
fn pointer(key: &str) -> String {
    encode(&key.replace('~', "~0").replace('/', "~1"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(text: &str) -> Loaded {
        JsonLoader.load("d/parts.json", text.as_bytes()).unwrap()
    }

    #[test]
    fn items_are_sections_and_objects_are_resources() {
        let loaded = load(
            r#"{"shop": "Nord", "items": [
                {"id": 7, "name": "Pump", "size": {"height": 1.5}, "tags": ["a", "b"]},
                {"title": "Seal", "since": "2024-02-29", "gone": null}]}"#,
        );
        let paths: Vec<String> = loaded.sections.iter().map(|s| s.heading_path.join("/")).collect();
        assert_eq!(paths, ["", "Pump", "Seal"]);
        let seal = loaded.sections[2].span.of(&loaded.text).unwrap();
        let mut lines: Vec<&str> = seal.trim().lines().collect();
        lines.sort_unstable();
        assert_eq!(lines, ["since: 2024-02-29", "title: Seal"]);
        let written: Vec<String> = loaded.triples.iter().map(ToString::to_string).collect();
        let record = "urn:veritrail:record:d/parts.json";
        let property = "urn:veritrail:property:";
        for expected in [
            format!("<{record}#/> <{property}items> <{record}#7>"),
            format!("<{record}#7> <{property}size> <{record}#/items/0/size>"),
            format!(
                "<{record}#/items/0/size> <{property}height> \
                 \"1.5\"^^<http://www.w3.org/2001/XMLSchema#decimal>"
            ),
            format!("<{record}#7> <{property}tags> \"b\""),
            format!("<{record}#/items/1> <http://www.w3.org/2000/01/rdf-schema#label> \"Seal\""),
            format!(
                "<{record}#/items/1> <{property}since> \
                 \"2024-02-29\"^^<http://www.w3.org/2001/XMLSchema#date>"
            ),
        ] {
            assert!(written.contains(&expected), "{expected} is missing in {written:#?}");
        }
    }

    #[test]
    fn what_is_no_json_is_refused_with_its_place() {
        let check = |text: &str, expected: &str| {
            let error = JsonLoader.load("a.json", text.as_bytes()).unwrap_err().to_string();
            assert!(error.contains("a.json is not valid JSON"), "{error}");
            assert!(error.contains(expected), "{error}");
        };
        check("{\n\"a\": }", "line 2 column 6");
        check("7", "expected an object or an array, found 7");
        check(" ", "empty file");
        check(&"[".repeat(100_000), "at most 127 levels");
    }
}
