//! Metadata of CSV on the Web (<https://www.w3.org/TR/tabular-metadata/>).
//!
//! Read from `FILE-metadata.json` or `csv-metadata.json` beside the table. What a
//! file says beyond the part that is used here is a warning. Nothing outside of the
//! file is read. Two things differ from the standard: a relative IRI without `@base`
//! begins with the records of the knowledge base, so that tables can share resources,
//! and prefixes are those that queries know.

use super::error::LoadError;
use super::source::resolve;
use super::table_mapping::{Base, Column, Datatype, TableLink, TableMapping};
use super::table_rows::Dialect;
use super::uri_template::UriTemplate;
use super::warnings::Warnings;
use crate::vocab::CSVW_CONTEXT;
use serde_json::{Map, Value};

type Object = Map<String, Value>;

/// Properties that columns inherit from their schema, table and group.
const INHERITED: [&str; 9] = [
    "aboutUrl",
    "datatype",
    "default",
    "lang",
    "null",
    "propertyUrl",
    "required",
    "separator",
    "valueUrl",
];
const FORMAT: &str = "metadata of a table";

/// A file of metadata beside a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableMetadata {
    /// Source path.
    pub source: String,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// The names under which metadata of a table may stand beside it.
pub(super) fn metadata_names(table: &str) -> [String; 2] {
    [format!("{table}-metadata.json"), "csv-metadata.json".to_owned()]
}

/// Whether a file of this name is metadata and no document of its own.
pub(super) fn is_metadata(name: &str) -> bool {
    let table = name.strip_suffix("-metadata.json").unwrap_or_default();
    table == "csv" || [".csv", ".tsv", ".tab"].iter().any(|ending| table.ends_with(ending))
}

impl TableMetadata {
    /// What the metadata says about the table `source`; none when it is about others.
    pub(super) fn mapping(
        &self,
        source: &str,
        warnings: &mut Warnings,
    ) -> Result<Option<TableMapping>, LoadError> {
        let refused = |reason: String| LoadError::Data {
            source_path: self.source.clone(),
            format: FORMAT,
            reason,
        };
        let root: Object =
            serde_json::from_slice(&self.bytes).map_err(|error| refused(error.to_string()))?;
        let mut reader = Reader { metadata: self, warnings, language: None, base: None };
        reader.context(root.get("@context")).map_err(refused)?;
        let tables: Vec<&Object> = match root.get("tables") {
            Some(Value::Array(tables)) => tables.iter().filter_map(Value::as_object).collect(),
            Some(other) => {
                return Err(refused(format!("expected an array under `tables`, found {other}")));
            }
            None => vec![&root],
        };
        let is_own = self.source.strip_suffix("-metadata.json") == Some(source);
        let table = tables.iter().find(|table| match table.get("url").and_then(Value::as_str) {
            Some(url) => resolve(&self.source, url).as_deref() == Some(source),
            None => is_own,
        });
        let Some(table) = table else {
            if is_own {
                reader.warn(format!("it does not describe `{source}`, whose name it bears"));
            }
            return Ok(None);
        };
        let group = if root.contains_key("tables") { Some(&root) } else { None };
        if let Some(group) = group {
            reader.unused("the group of tables", group, &["@context", "tables", "dialect"], true);
        }
        reader.table(group, table, &tables).map(Some).map_err(refused)
    }
}

struct Reader<'m> {
    metadata: &'m TableMetadata,
    warnings: &'m mut Warnings,
    language: Option<String>,
    base: Option<String>,
}

impl Reader<'_> {
    fn warn(&mut self, warning: impl AsRef<str>) {
        self.warnings.add(format!("{}: {}", self.metadata.source, warning.as_ref()));
    }

    /// Tells which members of an object have no effect.
    fn unused(&mut self, place: &str, object: &Object, used: &[&str], inherits: bool) {
        // Those that only describe, or say what holds anyhow.
        let silent = ["@id", "@type", "notes", "tableDirection", "textDirection", "@context"];
        for key in object.keys() {
            let known = used.contains(&key.as_str())
                || silent.contains(&key.as_str())
                || (inherits && INHERITED.contains(&key.as_str()));
            if !known {
                self.warn(format!("`{key}` of {place} has no effect here"));
            }
        }
    }

    fn context(&mut self, context: Option<&Value>) -> Result<(), String> {
        let (name, options) = match context {
            Some(Value::Array(parts)) => (parts.first(), parts.get(1).and_then(Value::as_object)),
            other => (other, None),
        };
        if name.and_then(Value::as_str) != Some(CSVW_CONTEXT) {
            return Err(format!(
                "expected \"@context\": \"{CSVW_CONTEXT}\", found {}",
                name.map_or_else(|| "none".to_owned(), Value::to_string)
            ));
        }
        let option = |key| options.and_then(|o| o.get(key)).and_then(Value::as_str);
        self.base = option("@base").map(str::to_owned);
        self.language = option("@language").map(str::to_owned);
        Ok(())
    }

    fn table(
        &mut self,
        group: Option<&Object>,
        table: &Object,
        all: &[&Object],
    ) -> Result<TableMapping, String> {
        let used = ["url", "tableSchema", "dialect", "suppressOutput"];
        self.unused("the table", table, &used, true);
        let empty = Object::new();
        let schema = match table.get("tableSchema") {
            None => &empty,
            Some(Value::Object(schema)) => schema,
            Some(other) => {
                return Err(format!("expected an object under `tableSchema`, found {other}"));
            }
        };
        let used = ["columns", "primaryKey", "foreignKeys", "rowTitles"];
        self.unused("the schema", schema, &used, true);
        let above: Vec<&Object> =
            [Some(schema), Some(table), group].into_iter().flatten().collect();
        let columns = match schema.get("columns") {
            None => Vec::new(),
            Some(Value::Array(columns)) => (0..)
                .zip(columns)
                .map(|(i, column)| {
                    let column = column
                        .as_object()
                        .ok_or_else(|| format!("expected an object as column, found {column}"))?;
                    self.column(i, column, &above)
                })
                .collect::<Result<_, String>>()?,
            Some(other) => {
                return Err(format!("expected an array under `columns`, found {other}"));
            }
        };
        let dialect = table.get("dialect").or_else(|| group.and_then(|g| g.get("dialect")));
        let mapping = TableMapping {
            dialect: self.dialect(dialect.and_then(Value::as_object))?,
            columns,
            about: above
                .iter()
                .find_map(|object| object.get("aboutUrl"))
                .and_then(Value::as_str)
                .map(UriTemplate::parse)
                .transpose()?,
            primary_key: names(schema.get("primaryKey")),
            row_title: self.row_title(schema.get("rowTitles")),
            links: self.links(schema.get("foreignKeys"), all)?,
            base: self.base.clone(),
            suppressed: table.get("suppressOutput") == Some(&Value::Bool(true)),
            class: None,
        };
        self.check_names(&mapping)?;
        Ok(mapping)
    }

    fn column(&mut self, i: usize, column: &Object, above: &[&Object]) -> Result<Column, String> {
        let titles = match column.get("titles") {
            Some(Value::Object(languages)) => {
                languages.values().flat_map(|t| names(Some(t))).collect()
            }
            other => names(other),
        };
        let name = column.get("name").and_then(Value::as_str).map(str::to_owned);
        let name =
            name.or_else(|| titles.first().cloned()).unwrap_or_else(|| format!("_col.{}", i + 1));
        let place = format!("column `{name}`");
        let used = ["name", "titles", "suppressOutput", "virtual"];
        self.unused(&place, column, &used, true);
        let find = |key: &str| column.get(key).or_else(|| above.iter().find_map(|o| o.get(key)));
        let text = |key: &str| find(key).and_then(Value::as_str).map(str::to_owned);
        let template = |key: &str| text(key).map(|t| UriTemplate::parse(&t)).transpose();
        let flag = |key: &str| find(key) == Some(&Value::Bool(true));
        let null = find("null").map_or_else(|| vec![String::new()], |null| names(Some(null)));
        Ok(Column {
            about: template("aboutUrl")?,
            property: template("propertyUrl")?,
            value: template("valueUrl")?,
            language: text("lang").or_else(|| self.language.clone()).filter(|lang| lang != "und"),
            separator: text("separator").filter(|separator| !separator.is_empty()),
            default: text("default").unwrap_or_default(),
            required: flag("required"),
            suppressed: column.get("suppressOutput") == Some(&Value::Bool(true)),
            is_virtual: column.get("virtual") == Some(&Value::Bool(true)),
            datatype: self.datatype(&place, find("datatype"))?,
            null,
            name,
            titles,
        })
    }

    fn datatype(&mut self, place: &str, datatype: Option<&Value>) -> Result<Datatype, String> {
        let unknown = |name: &str| {
            format!(
                "{place}: expected a datatype such as `string`, `integer` or `date`, found `{name}`"
            )
        };
        let object = match datatype {
            None => return Ok(Datatype::default()),
            Some(Value::String(name)) => {
                return Datatype::named(name).ok_or_else(|| unknown(name));
            }
            Some(Value::Object(object)) => object,
            Some(other) => return Err(unknown(&other.to_string())),
        };
        self.unused(&format!("the datatype of {place}"), object, &["base", "format"], false);
        let base = object.get("base").and_then(Value::as_str).unwrap_or("string");
        let mut datatype = Datatype::named(base).ok_or_else(|| unknown(base))?;
        match (object.get("format"), &mut datatype.base) {
            (Some(Value::Object(format)), Base::Number { decimal, group, .. }) => {
                let sign = |key| {
                    format.get(key).and_then(Value::as_str).and_then(|sign| sign.chars().next())
                };
                *decimal = sign("decimalChar").unwrap_or('.');
                *group = sign("groupChar");
                let used = ["decimalChar", "groupChar"];
                self.unused(&format!("the number format of {place}"), format, &used, false);
            }
            (Some(Value::String(format)), Base::Number { .. } | Base::Text | Base::Unchecked) => {
                self.warn(format!("the format `{format}` of {place} is not checked"));
            }
            (Some(Value::String(format)), _) => {
                datatype =
                    datatype.with_format(format).map_err(|reason| format!("{place}: {reason}"))?;
            }
            (Some(other), _) => self.warn(format!("the format {other} of {place} has no effect")),
            (None, _) => {}
        }
        Ok(datatype)
    }

    fn dialect(&mut self, dialect: Option<&Object>) -> Result<Dialect, String> {
        let mut read = Dialect::default();
        let Some(dialect) = dialect else { return Ok(read) };
        let used = [
            "delimiter",
            "header",
            "headerRowCount",
            "quoteChar",
            "doubleQuote",
            "skipRows",
            "commentPrefix",
            "trim",
            "encoding",
            "lineTerminators",
            "skipInitialSpace",
        ];
        self.unused("the dialect", dialect, &used, false);
        let byte = |key: &str| match dialect.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => match text.as_bytes() {
                [byte] => Ok(Some(*byte)),
                _ => Err(format!("expected one ASCII character as `{key}`, found `{text}`")),
            },
            Some(other) => Err(format!("expected one ASCII character as `{key}`, found {other}")),
        };
        read.delimiter = byte("delimiter")?;
        read.comment = byte("commentPrefix")?;
        if dialect.contains_key("quoteChar") {
            read.quote = byte("quoteChar")?;
        }
        read.double_quote = dialect.get("doubleQuote") != Some(&Value::Bool(false));
        read.trims = !matches!(dialect.get("trim"), Some(Value::Bool(false)));
        let number = |key: &str| dialect.get(key).and_then(Value::as_u64);
        let n_header_rows = number("headerRowCount");
        if n_header_rows.is_some_and(|n| n > 1) {
            return Err("expected a `headerRowCount` of 0 or 1, found more".to_owned());
        }
        read.has_header =
            n_header_rows != Some(0) && dialect.get("header") != Some(&Value::Bool(false));
        read.n_skipped_lines = usize::try_from(number("skipRows").unwrap_or(0)).unwrap_or(0);
        match dialect.get("encoding").and_then(Value::as_str).map(str::to_lowercase).as_deref() {
            None | Some("utf-8" | "utf8" | "us-ascii" | "ascii") => Ok(read),
            Some(other) => {
                Err(format!("expected the encoding utf-8, found {other}; save the table as UTF-8"))
            }
        }
    }

    fn links(&mut self, keys: Option<&Value>, all: &[&Object]) -> Result<Vec<TableLink>, String> {
        let keys = keys.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let mut links = Vec::new();
        for key in keys {
            let reference = key.get("reference");
            let inside = |name| reference.and_then(|reference| reference.get(name));
            let columns = names(key.get("columnReference"));
            let referenced = names(inside("columnReference"));
            let Some(resource) = inside("resource").and_then(Value::as_str) else {
                self.warn("a foreign key without `reference.resource` has no effect here");
                continue;
            };
            if columns.is_empty() || columns.len() != referenced.len() {
                return Err(format!(
                    "expected a foreign key with as many columns on both sides, found {key}"
                ));
            }
            let other = all.iter().find(|t| t.get("url").and_then(Value::as_str) == Some(resource));
            let about = other.and_then(|table| {
                let schema = table.get("tableSchema").and_then(|schema| schema.get("aboutUrl"));
                schema.or_else(|| table.get("aboutUrl")).and_then(Value::as_str)
            });
            links.push(TableLink {
                columns,
                referenced,
                source: resolve(&self.metadata.source, resource).unwrap_or_default(),
                about: about.map(UriTemplate::parse).transpose()?,
            });
        }
        Ok(links)
    }

    fn row_title(&mut self, titles: Option<&Value>) -> Option<String> {
        let titles = names(titles);
        if titles.len() > 1 {
            self.warn("of several `rowTitles` the first one names the rows");
        }
        titles.into_iter().next()
    }

    /// Refuses keys and templates that name columns that are not there.
    fn check_names(&self, mapping: &TableMapping) -> Result<(), String> {
        if mapping.columns.is_empty() {
            return Ok(());
        }
        let known = |name: &str| {
            name.starts_with('_') || mapping.columns.iter().any(|column| column.is_called(name))
        };
        let mut used: Vec<&str> = mapping.primary_key.iter().map(String::as_str).collect();
        used.extend(mapping.row_title.as_deref());
        used.extend(mapping.links.iter().flat_map(|link| &link.columns).map(String::as_str));
        for column in &mapping.columns {
            let templates = [&column.about, &column.property, &column.value];
            used.extend(templates.into_iter().flatten().flat_map(UriTemplate::names));
        }
        match used.into_iter().find(|name| !known(name)) {
            Some(name) => {
                Err(format!("expected names of columns in keys and templates, found `{name}`"))
            }
            None => Ok(()),
        }
    }
}

/// A text, or the texts of an array.
fn names(value: Option<&Value>) -> Vec<String> {
    match value {
        Some(Value::String(text)) => vec![text.clone()],
        Some(Value::Array(texts)) => {
            texts.iter().filter_map(Value::as_str).map(str::to_owned).collect()
        }
        _ => Vec::new(),
    }
}
