//! Tests of queries, updates, formats and syntax.

use super::manifest::{BASE, Data, Test, triples};
use super::target::{Refused, Results, Target, parsed};
use oxigraph::model::{GraphName, Literal, NamedNode, Quad, Term, Triple};
use oxigraph::sparql::results::{
    QueryResultsFormat, QueryResultsParser, QueryResultsSyntaxError, SliceQueryResultsParserOutput,
};
use oxigraph::sparql::{QuerySolution, SparqlEvaluator};
use oxigraph::store::Store;
use std::collections::HashMap;
use std::path::Path;

const RS: &str = "http://www.w3.org/2001/sw/DataAccess/tests/result-set#";

/// What is wrong; nothing when the test passes.
pub(super) async fn problem(target: &mut Target, data: &Path, test: &Test) -> Option<String> {
    match test.kind.as_str() {
        "PositiveSyntaxTest" | "PositiveSyntaxTest11" => {
            parses(target, data, test, false, true).await
        }
        "NegativeSyntaxTest" | "NegativeSyntaxTest11" => {
            parses(target, data, test, false, false).await
        }
        "PositiveUpdateSyntaxTest11" => parses(target, data, test, true, true).await,
        "NegativeUpdateSyntaxTest11" => parses(target, data, test, true, false).await,
        "QueryEvaluationTest" | "CSVResultFormatTest" => evaluated(target, data, test).await.err(),
        "UpdateEvaluationTest" => updated(target, data, test).await.err(),
        other => Some(format!("{other} is no kind of test that is known")),
    }
}

/// The text of a test, with its own name as base.
fn text(data: &Path, test: &Test) -> String {
    let file = test.text.as_ref().expect("a file");
    let bytes = std::fs::read(data.join(file)).unwrap();
    format!("BASE <{BASE}{file}>\n{}", String::from_utf8_lossy(&bytes))
}

async fn parses(
    target: &mut Target,
    data: &Path,
    test: &Test,
    is_update: bool,
    expected: bool,
) -> Option<String> {
    let found = target.parses(&text(data, test), is_update).await;
    match found {
        Ok(found) if found == expected => None,
        Ok(true) => Some("it was expected to be refused".to_owned()),
        Ok(false) => Some("it was refused as wrong syntax".to_owned()),
        Err(error) => Some(error),
    }
}

async fn updated(target: &mut Target, data: &Path, test: &Test) -> Result<(), String> {
    target.load(data, &test.before).await?;
    target.update(&text(data, test)).await.map_err(|e| format!("{e:?}"))?;
    let expected = Target::store();
    expected.load(data, &test.after).await?;
    same(&expected.quads().await, &target.quads().await)
}

async fn evaluated(target: &mut Target, data: &Path, test: &Test) -> Result<(), String> {
    let query = text(data, test);
    let mut before = test.before.clone();
    if before.default.is_empty() && before.named.is_empty() {
        before = named_by(&query);
    }
    target.load(data, &before).await?;
    let file = test.result.as_ref().expect("a result");
    let bytes = std::fs::read(data.join(file)).unwrap();
    let ending = file.rsplit('.').next().unwrap();
    let format = QueryResultsFormat::from_extension(ending);
    let accept = format
        .map_or("application/sparql-results+xml, text/turtle;q=0.5", |format| format.media_type());
    let found = match target.query(&query, accept).await {
        Ok(found) => found,
        Err(Refused::Syntax(error) | Refused::Other(error)) => return Err(error),
    };
    if let Some(QueryResultsFormat::Csv) = format {
        return same_lines(&bytes, &found.1);
    }
    if let Some(format) = format {
        return same_rows(
            &rows(format.media_type(), &bytes, false)?,
            &rows(&found.0, &found.1, false)?,
        );
    }
    let expected = triples(data, file);
    let is_result_set = expected.iter().any(|triple| triple.predicate.as_str().starts_with(RS));
    if is_result_set {
        let ordered = expected.iter().any(|t| t.predicate.as_str() == format!("{RS}index"));
        return same_rows(&stated_rows(&expected), &rows(&found.0, &found.1, ordered)?);
    }
    same(&in_default(expected.into_iter()), &in_default(parsed(&found.0, &found.1)?.into_iter()))
}

/// The graphs that a query names by FROM.
fn named_by(query: &str) -> Data {
    let mut data = Data::default();
    let Ok(prepared) = SparqlEvaluator::new().parse_query(query) else { return data };
    let dataset = prepared.dataset();
    let default = dataset.default_graph_graphs().into_iter().flatten().map(ToString::to_string);
    let named = dataset.available_named_graphs().into_iter().flatten().map(ToString::to_string);
    for name in default.chain(named) {
        let name = name.trim_matches(['<', '>']).to_owned();
        if let Some(file) = name.strip_prefix(BASE)
            && !data.named.iter().any(|(known, _)| *known == name)
        {
            data.named.push((name.clone(), file.to_owned()));
        }
    }
    data
}

fn in_default(triples: impl Iterator<Item = Triple>) -> Vec<Quad> {
    triples.map(|triple| triple.in_graph(GraphName::DefaultGraph)).collect()
}

/// The rows of a result.
pub(super) fn solutions((kind, bytes): &Results) -> Result<Vec<QuerySolution>, String> {
    let format = QueryResultsFormat::from_media_type(kind).ok_or(format!("{kind} has no rows"))?;
    let parser = QueryResultsParser::from_format(format).for_slice(bytes);
    match parser.map_err(|e| e.to_string())? {
        SliceQueryResultsParserOutput::Solutions(rows) => {
            rows.collect::<Result<_, _>>().map_err(|e| e.to_string())
        }
        SliceQueryResultsParserOutput::Boolean(_) => Err("expected rows".to_owned()),
    }
}

/// A row: terms by the name of their place.
type Row = Vec<(String, Term)>;

/// The rows of a result; the truth value of one without rows.
fn rows(kind: &str, bytes: &[u8], ordered: bool) -> Result<Vec<Row>, String> {
    let format = QueryResultsFormat::from_media_type(kind).ok_or(format!("{kind} is no result"))?;
    let parser = QueryResultsParser::from_format(format).for_slice(bytes);
    match parser.map_err(|e| e.to_string())? {
        SliceQueryResultsParserOutput::Boolean(value) => {
            Ok(vec![vec![("boolean".to_owned(), Literal::from(value).into())]])
        }
        SliceQueryResultsParserOutput::Solutions(solutions) => {
            let row = |(index, solution): (usize, Result<QuerySolution, _>)| {
                let solution = solution.map_err(|e: QueryResultsSyntaxError| e.to_string())?;
                let values = solution.iter();
                let mut row: Row =
                    values.map(|(name, value)| (name.as_str().to_owned(), value.clone())).collect();
                if ordered {
                    row.push(("index".to_owned(), Literal::from(index as i64 + 1).into()));
                }
                Ok(row)
            };
            solutions.enumerate().map(row).collect()
        }
    }
}

/// The rows that triples of the vocabulary for results state.
fn stated_rows(triples: &[Triple]) -> Vec<Row> {
    let of = |subject: &Term, name: &str| -> Vec<Term> {
        let property = format!("{RS}{name}");
        let found = triples.iter().filter(|t| {
            t.predicate.as_str() == property && Term::from(t.subject.clone()) == *subject
        });
        found.map(|t| t.object.clone()).collect()
    };
    let mut rows = Vec::new();
    for triple in triples {
        if triple.predicate.as_str() == format!("{RS}boolean") {
            rows.push(vec![("boolean".to_owned(), triple.object.clone())]);
        }
        if triple.predicate.as_str() != format!("{RS}solution") {
            continue;
        }
        let mut row: Row = Vec::new();
        for binding in of(&triple.object, "binding") {
            let name = of(&binding, "variable").first().map(super::manifest::text).unwrap();
            row.push((name, of(&binding, "value").remove(0)));
        }
        row.extend(of(&triple.object, "index").into_iter().map(|n| ("index".to_owned(), n)));
        rows.push(row);
    }
    rows
}

/// Whether two sets of quads are the same but for blank nodes and the spelling of
/// numbers.
pub(super) fn same(expected: &[Quad], found: &[Quad]) -> Result<(), String> {
    let rows = |quads: &[Quad]| -> Vec<Row> {
        let row = |quad: &Quad| {
            let place = |name: &str, term: Term| (name.to_owned(), term);
            let mut row = vec![
                place("s", quad.subject.clone().into()),
                place("p", quad.predicate.clone().into()),
                place("o", quad.object.clone()),
            ];
            if let GraphName::NamedNode(graph) = &quad.graph_name {
                row.push(place("g", graph.clone().into()));
            }
            row
        };
        let mut rows: Vec<Row> = quads.iter().map(row).collect();
        rows.dedup();
        rows
    };
    same_rows(&rows(expected), &rows(found))
}

/// Whether two lists of rows are the same but for their order, blank nodes and the
/// spelling of numbers, which the store does not keep. Blank nodes are told apart by what
/// stands beside them, some steps far.
fn same_rows(expected: &[Row], found: &[Row]) -> Result<(), String> {
    let (expected, found) = (coloured(expected), coloured(found));
    if expected == found {
        return Ok(());
    }
    let shown = |lines: &[String]| {
        let mut lines = lines.to_vec();
        lines.truncate(8);
        lines.join("\n    ")
    };
    Err(format!("expected\n    {}\n  found\n    {}", shown(&expected), shown(&found)))
}

/// Rows as sorted lines, in which blank nodes are written as digests of their
/// surroundings.
fn coloured(rows: &[Row]) -> Vec<String> {
    // The store writes numbers in its own way: through it, both sides are written so.
    let store = Store::new().unwrap();
    let node = NamedNode::new("urn:t").unwrap();
    let spelled = |term: &Term| -> Term {
        let Term::Literal(_) = term else { return term.clone() };
        store.clear().unwrap();
        let quad = Quad::new(node.clone(), node.clone(), term.clone(), GraphName::DefaultGraph);
        store.insert(&quad).unwrap();
        store.iter().next().unwrap().unwrap().object
    };
    let rows: Vec<Row> = rows
        .iter()
        .map(|row| {
            let mut row: Row =
                row.iter().map(|(name, term)| (name.clone(), spelled(term))).collect();
            row.sort_by(|a, b| a.0.cmp(&b.0));
            row
        })
        .collect();
    let mut colours: HashMap<String, String> = HashMap::new();
    let line = |row: &Row, colours: &HashMap<String, String>, itself: Option<&str>| -> String {
        let terms = row.iter().map(|(name, term)| {
            let term = match term {
                Term::BlankNode(node) if Some(node.as_str()) == itself => "itself".to_owned(),
                Term::BlankNode(node) => {
                    format!("_:{}", colours.get(node.as_str()).map_or("", String::as_str))
                }
                other => other.to_string(),
            };
            format!("{name}={term}")
        });
        terms.collect::<Vec<_>>().join(" ")
    };
    for _ in 0..6 {
        let mut around: HashMap<String, Vec<String>> = HashMap::new();
        for row in &rows {
            for (_, term) in row {
                if let Term::BlankNode(node) = term {
                    let found = line(row, &colours, Some(node.as_str()));
                    around.entry(node.as_str().to_owned()).or_default().push(found);
                }
            }
        }
        colours = around
            .into_iter()
            .map(|(node, mut lines)| {
                lines.sort();
                let digest = veritrail::model::Digest::of(lines.join("\n").as_bytes());
                (node, digest.short().to_string())
            })
            .collect();
    }
    let mut lines: Vec<String> = rows.iter().map(|row| line(row, &colours, None)).collect();
    lines.sort();
    lines
}

/// Whether two CSV results are the same but for the order of rows and of columns, and
/// the labels of blank nodes.
fn same_lines(expected: &[u8], found: &[u8]) -> Result<(), String> {
    let rows = |bytes: &[u8]| -> Vec<String> {
        let text = String::from_utf8_lossy(bytes).into_owned();
        let mut lines = text.lines().map(|line| line.trim_end().split(',').collect::<Vec<_>>());
        let head = lines.next().unwrap_or_default();
        let mut rows: Vec<String> = lines
            .map(|fields| {
                let named = head.iter().zip(fields);
                let named = named.map(|(name, field)| {
                    let field = if field.starts_with("_:") { "_:b" } else { field };
                    format!("{name}={field}")
                });
                let mut named: Vec<String> = named.collect();
                named.sort();
                named.join(" ")
            })
            .collect();
        rows.sort();
        rows
    };
    let (expected, found) = (rows(expected), rows(found));
    if expected == found { Ok(()) } else { Err(format!("expected {expected:?}, found {found:?}")) }
}
