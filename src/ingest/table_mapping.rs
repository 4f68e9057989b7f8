//! How the columns of a table become properties in the graph.

use super::records::{encode_but, label_rank, words};
use super::table_rows::{Dialect, Rows};
use super::uri_template::UriTemplate;
use super::values::{ValueKind, is_date, is_date_time, is_time};
use super::warnings::Warnings;
use crate::vocab::xsd;
use std::collections::HashSet;
use time::Date;
use time::format_description::{self, OwnedFormatItem};

/// What is known of a table before its rows are read.
#[derive(Debug, Default)]
pub(super) struct TableMapping {
    pub(super) dialect: Dialect,
    pub(super) columns: Vec<Column>,
    /// The resource that a row is about; a record of the knowledge base where there
    /// is none.
    pub(super) about: Option<UriTemplate>,
    /// Names of the columns that identify a row.
    pub(super) primary_key: Vec<String>,
    /// Name of the column whose values are the labels of rows.
    pub(super) row_title: Option<String>,
    /// Links to rows of other tables.
    pub(super) links: Vec<TableLink>,
    /// Where relative IRIs of templates begin; none for the records of the
    /// knowledge base.
    pub(super) base: Option<String>,
    /// Whether nothing of the table becomes triples.
    pub(super) suppressed: bool,
    /// Name of the class of rows; none when the columns say what rows are.
    pub(super) class: Option<String>,
}

/// A column, there or computed.
#[derive(Debug, Default)]
pub(super) struct Column {
    /// The name by which templates call it.
    pub(super) name: String,
    /// Headers that it may have.
    pub(super) titles: Vec<String>,
    /// The resource that the values are about; the row where there is none.
    pub(super) about: Option<UriTemplate>,
    /// The property; one of the knowledge base's own where there is none.
    pub(super) property: Option<UriTemplate>,
    /// The resource for which a value stands.
    pub(super) value: Option<UriTemplate>,
    pub(super) datatype: Datatype,
    pub(super) language: Option<String>,
    /// What separates the values of one cell.
    pub(super) separator: Option<String>,
    /// Value of an empty cell.
    pub(super) default: String,
    /// Values that mean none.
    pub(super) null: Vec<String>,
    pub(super) required: bool,
    pub(super) suppressed: bool,
    /// Whether no cell of the file belongs to it.
    pub(super) is_virtual: bool,
}

/// A link from columns of this table to a row of another one.
#[derive(Debug)]
pub(super) struct TableLink {
    /// Columns of this table, in the order of those that they refer to.
    pub(super) columns: Vec<String>,
    /// Columns of the other table.
    pub(super) referenced: Vec<String>,
    /// Source path of the other table.
    pub(super) source: String,
    /// How the other table names its rows, when it says so.
    pub(super) about: Option<UriTemplate>,
}

/// What the values of a column are.
#[derive(Debug, Default)]
pub(super) struct Datatype {
    /// IRI of the datatype; none for text.
    pub(super) iri: Option<String>,
    pub(super) base: Base,
}

/// How values are read.
#[derive(Debug, Default)]
pub(super) enum Base {
    #[default]
    Text,
    /// Any value that the datatype's own rules allow; they are not checked.
    Unchecked,
    Number {
        kind: ValueKind,
        decimal: char,
        group: Option<char>,
    },
    /// The values for yes and no.
    Boolean {
        yes: String,
        no: String,
    },
    Date(Option<OwnedFormatItem>),
    Time,
    DateTime,
}

impl Datatype {
    /// The datatype of a kind of value.
    pub(super) fn of_kind(kind: ValueKind) -> Self {
        let base = match kind {
            ValueKind::Text => Base::Text,
            ValueKind::Integer | ValueKind::Decimal | ValueKind::Double => {
                Base::Number { kind, decimal: '.', group: None }
            }
            ValueKind::Boolean => Base::Boolean { yes: String::new(), no: String::new() },
            ValueKind::Date => Base::Date(None),
            ValueKind::DateTime => Base::DateTime,
        };
        Self { iri: kind.datatype().map(str::to_owned), base }
    }

    /// The datatype that CSV on the Web calls `name`.
    pub(super) fn named(name: &str) -> Option<Self> {
        let local = match name {
            "any" | "anyAtomicType" | "string" | "normalizedString" | "token" | "language"
            | "json" | "html" | "xml" => return Some(Self::default()),
            "number" => "double",
            "datetime" => "dateTime",
            "binary" => "base64Binary",
            other => other,
        };
        let number = |kind| Base::Number { kind, decimal: '.', group: None };
        let base = match local {
            "integer" | "long" | "int" | "short" | "byte" | "nonNegativeInteger"
            | "positiveInteger" | "unsignedLong" | "unsignedInt" | "unsignedShort"
            | "unsignedByte" | "nonPositiveInteger" | "negativeInteger" => {
                number(ValueKind::Integer)
            }
            "decimal" => number(ValueKind::Decimal),
            "double" | "float" => number(ValueKind::Double),
            "boolean" => Base::Boolean { yes: String::new(), no: String::new() },
            "date" => Base::Date(None),
            "time" => Base::Time,
            "dateTime" | "dateTimeStamp" => Base::DateTime,
            "anyURI" | "duration" | "dayTimeDuration" | "yearMonthDuration" | "gDay" | "gMonth"
            | "gMonthDay" | "gYear" | "gYearMonth" | "base64Binary" | "hexBinary" | "QName" => {
                Base::Unchecked
            }
            _ => return None,
        };
        Some(Self { iri: Some(format!("{}{local}", xsd::NAMESPACE)), base })
    }

    /// Takes the pattern by which values are written; the error says why not.
    pub(super) fn with_format(mut self, format: &str) -> Result<Self, String> {
        match &mut self.base {
            Base::Boolean { yes, no } => {
                let (y, n) = format.split_once('|').ok_or_else(|| {
                    format!("the format `{format}` of a boolean; expected as `Y|N`")
                })?;
                (*yes, *no) = (y.to_owned(), n.to_owned());
            }
            Base::Date(pattern) => *pattern = Some(date_pattern(format)?),
            _ => return Err(format!("the format `{format}`")),
        }
        Ok(self)
    }

    /// The value in the form of XML Schema; none when it is none of this datatype.
    pub(super) fn canonical(&self, value: &str) -> Option<String> {
        let as_it_is = |fits: bool| fits.then(|| value.to_owned());
        match &self.base {
            Base::Text | Base::Unchecked => Some(value.to_owned()),
            Base::Number { kind, decimal, group } => {
                let digits = value.chars().filter(|c| Some(*c) != *group);
                let plain: String = digits.map(|c| if c == *decimal { '.' } else { c }).collect();
                let fits = match kind {
                    ValueKind::Integer => {
                        let digits = plain.strip_prefix(['+', '-']).unwrap_or(&plain);
                        !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
                    }
                    ValueKind::Decimal => {
                        plain.parse::<f64>().is_ok()
                            && plain.bytes().all(|b| b.is_ascii_digit() || b"+-.".contains(&b))
                    }
                    _ => plain.parse::<f64>().is_ok(),
                };
                fits.then_some(plain)
            }
            Base::Boolean { yes, no } if !yes.is_empty() || !no.is_empty() => match value {
                value if value == yes => Some("true".to_owned()),
                value if value == no => Some("false".to_owned()),
                _ => None,
            },
            Base::Boolean { .. } => match value.to_lowercase().as_str() {
                "true" | "1" => Some("true".to_owned()),
                "false" | "0" => Some("false".to_owned()),
                _ => None,
            },
            Base::Date(None) => as_it_is(is_date(value)),
            Base::Date(Some(pattern)) => {
                Date::parse(value, pattern).ok().map(|date| date.to_string())
            }
            Base::Time => as_it_is(is_time(value)),
            Base::DateTime => as_it_is(is_date_time(value)),
        }
    }
}

/// A pattern for days such as `dd.MM.yyyy` or `M/d/yy`.
fn date_pattern(format: &str) -> Result<OwnedFormatItem, String> {
    let mut description = String::new();
    let mut rest = format;
    while let Some(first) = rest.chars().next() {
        let n = rest.chars().take_while(|c| *c == first).count();
        description.push_str(match (first, n) {
            ('y', 4) => "[year]",
            ('M', 2) => "[month]",
            ('M', 1) => "[month padding:none]",
            ('M', 3) => "[month repr:short]",
            ('d', 2) => "[day]",
            ('d', 1) => "[day padding:none]",
            ('-', 1) => "-",
            ('/', 1) => "/",
            ('.', 1) => ".",
            (' ', 1) => " ",
            _ => {
                return Err(format!(
                    "the format `{format}` of a date; expected `d` or `dd`, `M`, `MM` or `MMM`, \
                     and `yyyy`, with `-`, `/`, `.` or a space between them"
                ));
            }
        });
        rest = rest.get(first.len_utf8() * n..).unwrap_or_default();
    }
    let parsed = format_description::parse_owned::<2>(&description)
        .map_err(|error| format!("the format `{format}` of a date: {error}"))?;
    let day = Date::MIN.midnight().date();
    match day.format(&parsed) {
        Ok(text) if Date::parse(&text, &parsed).is_ok() => Ok(parsed),
        _ => Err(format!("the format `{format}` of a date; expected a day, a month and a year")),
    }
}

impl TableMapping {
    /// The mapping of a table without metadata: each header is a property of the
    /// knowledge base, the kind of a column is the one that all its values have, and
    /// the first column is the key where its values differ.
    pub(super) fn direct(table: &Rows, name: &str) -> Self {
        let cell = |row: usize, column: usize| {
            table.rows.get(row).and_then(|row| row.cells.get(column)).map_or("", String::as_str)
        };
        let mut taken = HashSet::new();
        let columns: Vec<Column> = table
            .header
            .iter()
            .enumerate()
            .map(|(i, header)| {
                let values = (0..table.rows.len()).map(|row| cell(row, i));
                let kind = ValueKind::of_all(values.filter(|value| !value.is_empty()));
                let plain = words(&column_title(header, i));
                let mut name = plain.clone();
                let mut n = 1;
                while !taken.insert(name.clone()) {
                    n += 1;
                    name = format!("{plain}_{n}");
                }
                Column {
                    name,
                    titles: vec![header.clone()],
                    datatype: Datatype::of_kind(kind),
                    null: vec![String::new()],
                    ..Column::default()
                }
            })
            .collect();
        let mut keys = HashSet::new();
        let is_key = (0..table.rows.len()).all(|row| {
            let key = cell(row, 0);
            !key.is_empty() && keys.insert(key)
        });
        let primary_key = columns.first().filter(|_| is_key).map(|column| column.name.clone());
        Self {
            columns,
            primary_key: primary_key.into_iter().collect(),
            class: Some(name.to_owned()),
            ..Self::default()
        }
    }

    /// Compares the columns with those of the file, and takes those of the file where
    /// the metadata has none.
    pub(super) fn complete(mut self, table: &Rows, name: &str, warnings: &mut Warnings) -> Self {
        if self.columns.iter().all(|column| column.is_virtual) {
            let direct = Self::direct(table, name);
            let computed = std::mem::replace(&mut self.columns, direct.columns);
            self.columns.extend(computed);
            self.class = direct.class;
            if self.primary_key.is_empty() {
                self.primary_key = direct.primary_key;
            }
            return self;
        }
        let n_columns = self.columns.iter().filter(|column| !column.is_virtual).count();
        if !table.header.is_empty() && table.header.len() != n_columns {
            let n_found = table.header.len();
            warnings.add(format!(
                "expected the {n_columns} columns of its metadata, found {n_found} in its header"
            ));
        }
        for (column, header) in self.columns.iter().zip(&table.header) {
            let fits = column.name == *header || column.titles.contains(header);
            if !fits && !column.is_virtual {
                warnings.add(format!(
                    "expected the column `{}`, found the header `{header}`",
                    column.name
                ));
            }
        }
        self
    }

    /// The column whose values are names for people: the one that the metadata says,
    /// else one of text that is called so.
    pub(super) fn label_column(&self) -> Option<usize> {
        if let Some(title) = &self.row_title {
            return self.columns.iter().position(|column| column.is_called(title));
        }
        let ranked = self.columns.iter().enumerate().filter_map(|(i, column)| {
            let names = column.titles.iter().chain(std::iter::once(&column.name));
            let is_text = matches!(column.datatype.base, Base::Text) && !column.is_virtual;
            let rank = names.filter_map(|name| label_rank(name)).min()?;
            (is_text && column.value.is_none()).then_some((rank, i))
        });
        ranked.min().map(|(_, i)| i)
    }
}

impl Column {
    /// Whether a key or template that says `name` means this column; names that are
    /// titles stand there percent-encoded.
    pub(super) fn is_called(&self, name: &str) -> bool {
        self.name == name || encode_but(&self.name, "-._~") == name
    }
}

/// The header of a column, counted from 0, in words for people.
pub(super) fn column_title(header: &str, i: usize) -> String {
    if header.is_empty() { format!("column {}", i + 1) } else { header.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_take_the_form_of_their_datatype() {
        let check = |datatype: &Datatype, value, expected: Option<&str>| {
            assert_eq!(datatype.canonical(value).as_deref(), expected, "{value}");
        };
        let named = |name| Datatype::named(name).unwrap();
        check(&named("integer"), "007", Some("007"));
        check(&named("integer"), "1.5", None);
        check(&named("decimal"), "1e5", None);
        check(&named("boolean"), "0", Some("false"));
        check(&named("boolean").with_format("Y|N").unwrap(), "Y", Some("true"));
        check(&named("date").with_format("dd/MM/yyyy").unwrap(), "29/02/2024", Some("2024-02-29"));
        check(&named("date").with_format("d.M.yyyy").unwrap(), "1.2.2024", Some("2024-02-01"));
        check(&named("date"), "29/02/2024", None);
        let number = Base::Number { kind: ValueKind::Decimal, decimal: ',', group: Some('.') };
        check(&Datatype { iri: None, base: number }, "1.234,5", Some("1234.5"));
        assert!(named("date").with_format("yy-MM").is_err());
        assert!(Datatype::named("nonsense").is_none());
    }
}
