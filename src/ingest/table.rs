//! Tables: a line of text for each row, and triples by metadata or by their headers.
//!
//! Line N of the text is row N of the table, the header not counted, so the place of
//! a quote tells its row.

use super::csvw::TableMetadata;
use super::damage::refuse_empty;
use super::error::LoadError;
use super::loader::{Loader, clean_heading};
use super::mapped_rows;
use super::records::{label_rank, stem};
use super::table_mapping::{TableMapping, column_title};
use super::table_rows::{Dialect, Row, Rows, read};
use super::warnings::Warnings;
use crate::model::{Loaded, Section, Span};

/// Loads separated values.
pub(super) struct TableLoader<'m> {
    /// Metadata that stands beside the table.
    pub(super) metadata: Option<&'m TableMetadata>,
}

impl Loader for TableLoader<'_> {
    fn load(&self, source: &str, bytes: &[u8]) -> Result<Loaded, LoadError> {
        let refused = |reason: String| LoadError::Data {
            source_path: source.to_owned(),
            format: "CSV",
            reason,
        };
        refuse_empty(bytes).map_err(refused)?;
        let mut warnings = Warnings::default();
        let described = match self.metadata {
            Some(metadata) => metadata.mapping(source, &mut warnings)?,
            None => None,
        };
        let mut dialect = described.as_ref().map_or_else(Dialect::default, |m| m.dialect.clone());
        if dialect.delimiter.is_none() && has_tabs_by_name(source) {
            dialect.delimiter = Some(b'\t');
        }
        let table = read(bytes, &dialect, &mut warnings).map_err(refused)?;
        let mapping = match described {
            Some(mapping) => mapping.complete(&table, stem(source), &mut warnings),
            None => TableMapping::direct(&table, stem(source)),
        };
        let triples = mapped_rows::triples(source, &table, &mapping, &mut warnings);
        let (text, sections) = rendered(&table, &mapping);
        Ok(Loaded { text, sections, triples, warnings: warnings.into_vec(), ..Loaded::default() })
    }
}

fn has_tabs_by_name(source: &str) -> bool {
    [".tsv", ".tab"].iter().any(|ending| source.to_lowercase().ends_with(ending))
}

/// The text, with a section for each row; rows that have a name stand under it.
fn rendered(table: &Rows, mapping: &TableMapping) -> (String, Vec<Section>) {
    let width = table.rows.iter().map(|row| row.cells.len()).max().unwrap_or(0);
    let titles: Vec<String> = (0..width.max(table.header.len()))
        .map(|i| {
            let described = mapping.columns.get(i).filter(|column| !column.is_virtual);
            let described = described.map(|c| c.titles.first().unwrap_or(&c.name).as_str());
            let header = table.header.get(i).map(String::as_str).or(described);
            column_title(&clean_heading(header.unwrap_or_default()), i)
        })
        .collect();
    let ranked = titles.iter().enumerate().filter_map(|(i, title)| Some((label_rank(title)?, i)));
    let label = mapping.label_column().or_else(|| ranked.min().map(|(_, i)| i));
    let (mut text, mut sections, mut n_chars) = (String::new(), Vec::new(), 0);
    for row in &table.rows {
        let line = line(row, &titles);
        let end = n_chars + line.chars().count();
        let label = label.and_then(|i| row.cells.get(i)).map(|label| clean_heading(label));
        sections.push(Section {
            heading_path: label.filter(|label| !label.is_empty()).into_iter().collect(),
            span: Span::new(n_chars, end),
        });
        n_chars = end;
        text.push_str(&line);
    }
    (text, sections)
}

/// `header: value; header: value` on one line, whatever stands in the cells.
fn line(row: &Row, titles: &[String]) -> String {
    let mut parts = Vec::with_capacity(titles.len());
    for (title, cell) in titles.iter().zip(&row.cells) {
        let words = cell.split_whitespace().collect::<Vec<_>>().join(" ");
        if !words.is_empty() {
            parts.push(format!("{title}: {words}"));
        }
    }
    parts.join("; ") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vocab::CSVW_CONTEXT;

    fn load(table: &str, metadata: Option<&str>) -> Loaded {
        let metadata = metadata.map(|text| TableMetadata {
            source: "d/t.csv-metadata.json".to_owned(),
            bytes: text.replace("CSVW", CSVW_CONTEXT).into_bytes(),
        });
        let loader = TableLoader { metadata: metadata.as_ref() };
        loader.load("d/t.csv", table.as_bytes()).unwrap()
    }

    fn written(loaded: &Loaded) -> Vec<String> {
        let mut lines: Vec<String> = loaded.triples.iter().map(ToString::to_string).collect();
        lines.sort();
        lines
    }

    #[test]
    fn line_n_of_the_text_is_row_n() {
        let loaded = load("id,name,note\n1,Pump,\"two\nlines\"\n2,Seal,\n", None);
        assert_eq!(loaded.text, "id: 1; name: Pump; note: two lines\nid: 2; name: Seal\n");
        assert_eq!(loaded.sections[1].heading_path, ["Seal"]);
        assert_eq!(loaded.sections[1].span.of(&loaded.text), Some("id: 2; name: Seal\n"));
    }

    #[test]
    fn headers_become_properties_and_the_first_column_is_the_key() {
        let loaded = load("id,name,Unit price,sold\nA 1,Pump,12.50,2024-02-29\n", None);
        let row = "<urn:veritrail:record:d/t.csv#A%201>";
        assert_eq!(
            written(&loaded),
            [
                format!(
                    "{row} <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <urn:veritrail:class:t>"
                ),
                format!("{row} <http://www.w3.org/2000/01/rdf-schema#label> \"Pump\""),
                format!(
                    "{row} <urn:veritrail:property:Unit_price> \
                     \"12.50\"^^<http://www.w3.org/2001/XMLSchema#decimal>"
                ),
                format!("{row} <urn:veritrail:property:id> \"A 1\""),
                format!("{row} <urn:veritrail:property:name> \"Pump\""),
                format!(
                    "{row} <urn:veritrail:property:sold> \
                     \"2024-02-29\"^^<http://www.w3.org/2001/XMLSchema#date>"
                ),
            ]
        );
        let repeated = load("kind\na\na\n", None);
        assert!(written(&repeated)[0].contains("d/t.csv#row-1>"), "{:?}", written(&repeated));
    }

    #[test]
    fn metadata_names_subjects_properties_and_values() {
        let metadata = r##"{
            "@context": ["CSVW", {"@language": "en", "@base": "http://e.test/"}],
            "url": "t.csv",
            "dialect": {"delimiter": ";"},
            "tableSchema": {
                "aboutUrl": "person/{id}",
                "columns": [
                    {"name": "id", "suppressOutput": true},
                    {"name": "name", "titles": ["Name"], "propertyUrl": "rdfs:label"},
                    {"name": "born", "datatype": {"base": "date", "format": "d.M.yyyy"},
                     "propertyUrl": "http://e.test/born"},
                    {"name": "tags", "separator": "|", "propertyUrl": "schema:keywords", "lang": "und"},
                    {"name": "boss", "propertyUrl": "http://e.test/{_name}", "valueUrl": "person/{boss}", "null": "-"},
                    {"virtual": true, "propertyUrl": "rdf:type", "valueUrl": "schema:Person"}
                ]
            }}"##;
        let table = "id;Name;born;tags;boss\n7;Ada;10.12.1815;a|b;-\n8;Bob;soon;;7\n";
        let loaded = load(table, Some(metadata));
        let expected = [
            "<http://e.test/person/7> <http://e.test/born> \"1815-12-10\"^^<http://www.w3.org/2001/XMLSchema#date>",
            "<http://e.test/person/7> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <https://schema.org/Person>",
            "<http://e.test/person/7> <http://www.w3.org/2000/01/rdf-schema#label> \"Ada\"@en",
            "<http://e.test/person/7> <https://schema.org/keywords> \"a\"",
            "<http://e.test/person/7> <https://schema.org/keywords> \"b\"",
            "<http://e.test/person/8> <http://e.test/born> \"soon\"",
            "<http://e.test/person/8> <http://e.test/boss> <http://e.test/person/7>",
            "<http://e.test/person/8> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <https://schema.org/Person>",
            "<http://e.test/person/8> <http://www.w3.org/2000/01/rdf-schema#label> \"Bob\"@en",
        ];
        assert_eq!(written(&loaded), expected);
        assert_eq!(
            loaded.warnings,
            [
                "row 2 (line 3): expected a value of date in column `born`, found `soon`; it is kept as text"
            ]
        );
    }

    #[test]
    fn foreign_keys_lead_to_the_rows_of_other_tables() {
        let check = |about: &str, expected: &str| {
            let metadata = format!(
                r#"{{"@context": "CSVW", "tables": [
                    {{"url": "t.csv", "tableSchema": {{
                        "columns": [{{"name": "id"}}, {{"name": "part"}}],
                        "primaryKey": "id",
                        "foreignKeys": [{{"columnReference": "part",
                            "reference": {{"resource": "parts.csv", "columnReference": "no"}}}}]}}}},
                    {{"url": "parts.csv", "tableSchema": {{{about} "primaryKey": "no"}}}}]}}"#
            );
            let loaded = load("id,part\n1,P/9\n", Some(&metadata));
            let row = "<urn:veritrail:record:d/t.csv#1> <urn:veritrail:property:part>";
            assert!(written(&loaded).contains(&format!("{row} {expected}")), "{loaded:?}");
        };
        check("", "<urn:veritrail:record:d/parts.csv#P/9>");
        check(r#""aboutUrl": "http://e.test/{no}","#, "<http://e.test/P%2F9>");
    }

    #[test]
    fn titles_serve_as_names_of_columns_and_rows() {
        let metadata = r#"{"@context": "CSVW", "url": "t.csv", "tableSchema": {
            "columns": [{"titles": "Part no"}, {"titles": "Said", "propertyUrl": "skos:note"}],
            "primaryKey": "Part no", "rowTitles": "Said", "aboutUrl": "part/{Part%20no}"}}"#;
        let loaded = load("Part no,Said\n7,Pump\n", Some(metadata));
        let row = "<urn:veritrail:record:part/7>";
        let lines = written(&loaded);
        for expected in [
            format!("{row} <http://www.w3.org/2000/01/rdf-schema#label> \"Pump\""),
            format!("{row} <http://www.w3.org/2004/02/skos/core#note> \"Pump\""),
            format!("{row} <urn:veritrail:property:Part_no> \"7\""),
        ] {
            assert!(lines.contains(&expected), "{lines:#?}");
        }
        assert_eq!(loaded.sections[0].heading_path, ["Pump"]);
    }

    #[test]
    fn what_metadata_says_in_vain_is_told() {
        let metadata = r#"{"@context": "CSVW", "url": "t.csv", "transformations": [],
            "tableSchema": {"columns": [{"name": "a", "ordered": true}, {"name": "b"}]}}"#;
        let loaded = load("a,c\n1,2\n", Some(metadata));
        let all = loaded.warnings.join("\n");
        for part in
            ["`transformations` of the table", "`ordered` of column `a`", "found the header `c`"]
        {
            assert!(all.contains(part), "{all}");
        }
    }

    #[test]
    fn damaged_metadata_is_refused_by_its_name() {
        let check = |metadata: &str, expected: &str| {
            let metadata =
                TableMetadata { source: "t.csv-metadata.json".into(), bytes: metadata.into() };
            let loader = TableLoader { metadata: Some(&metadata) };
            let error = loader.load("t.csv", b"a\n1\n").unwrap_err().to_string();
            assert!(error.contains("t.csv-metadata.json is not valid"), "{error}");
            assert!(error.contains(expected), "{error}");
        };
        check("{", "line 1");
        check("{}", "expected \"@context\"");
        let with = |rest: &str| format!("{{\"@context\": \"{CSVW_CONTEXT}\", {rest}}}");
        check(
            &with(r#""tableSchema": {"columns": [{"name": "a", "datatype": "nope"}]}"#),
            "`nope`",
        );
        check(&with(r#""tableSchema": {"columns": [{"name": "a", "valueUrl": "{b}"}]}"#), "`b`");
    }
}
