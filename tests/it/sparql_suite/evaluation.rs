//! Tests of queries, updates, formats and syntax.

use super::manifest::{BASE, Data, Test, triples};
use super::target::{Refused, Results, Target, parsed};
use oxigraph::model::dataset::CanonicalizationAlgorithm;
use oxigraph::model::{
    BlankNode, Dataset, GraphName, Literal, NamedNode, Quad, Term, Triple, Variable,
};
use oxigraph::sparql::results::{
    QueryResultsFormat, QueryResultsParser, SliceQueryResultsParserOutput,
};
use oxigraph::sparql::{QuerySolution, SparqlEvaluator};
use oxigraph::store::Store;
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
        return same(
            &result_set(format.media_type(), &bytes, false)?,
            &result_set(&found.0, &found.1, false)?,
        );
    }
    let expected = triples(data, file);
    let is_result_set = expected.iter().any(|triple| triple.predicate.as_str().starts_with(RS));
    if is_result_set {
        let ordered = expected.iter().any(|t| t.predicate.as_str() == format!("{RS}index"));
        let without_type = expected.into_iter().filter(|triple| {
            !triple.predicate.as_str().ends_with("#type")
                && !triple.predicate.as_str().ends_with("resultVariable")
        });
        return same(&in_default(without_type), &result_set(&found.0, &found.1, ordered)?);
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

/// A result as triples of the vocabulary for results.
fn result_set(kind: &str, bytes: &[u8], ordered: bool) -> Result<Vec<Quad>, String> {
    let rs = |name: &str| NamedNode::new(format!("{RS}{name}")).unwrap();
    let mut quads = Vec::new();
    let mut push = |subject: &BlankNode, predicate: &str, object: Term| {
        let graph = GraphName::DefaultGraph;
        quads.push(Quad::new(subject.clone(), rs(predicate), object, graph));
    };
    let result = BlankNode::default();
    let format = QueryResultsFormat::from_media_type(kind).ok_or(format!("{kind} is no result"))?;
    let parser = QueryResultsParser::from_format(format).for_slice(bytes);
    match parser.map_err(|e| e.to_string())? {
        SliceQueryResultsParserOutput::Boolean(value) => {
            push(&result, "boolean", Literal::from(value).into());
        }
        SliceQueryResultsParserOutput::Solutions(rows) => {
            for (index, row) in rows.enumerate() {
                let row = row.map_err(|e| e.to_string())?;
                let solution = BlankNode::default();
                push(&result, "solution", solution.clone().into());
                if ordered {
                    push(&solution, "index", Literal::from(index as i64 + 1).into());
                }
                for (variable, value) in row.iter() {
                    let binding = BlankNode::default();
                    push(&solution, "binding", binding.clone().into());
                    push(&binding, "variable", name(variable).into());
                    push(&binding, "value", value.clone());
                }
            }
        }
    }
    Ok(quads)
}

fn name(variable: &Variable) -> Literal {
    Literal::new_simple_literal(variable.as_str())
}

/// Whether two sets of quads are the same but for blank nodes and the spelling of
/// numbers, which the store does not keep.
pub(super) fn same(expected: &[Quad], found: &[Quad]) -> Result<(), String> {
    let canonical = |quads: &[Quad]| {
        let store = Store::new().unwrap();
        for quad in quads {
            store.insert(quad).unwrap();
        }
        let mut dataset: Dataset = store.iter().map(Result::unwrap).collect();
        dataset.canonicalize(CanonicalizationAlgorithm::Unstable);
        dataset
    };
    let (expected, found) = (canonical(expected), canonical(found));
    if expected == found {
        return Ok(());
    }
    let lines = |dataset: &Dataset| {
        let mut lines: Vec<String> = dataset.iter().map(|quad| quad.to_string()).collect();
        lines.sort();
        lines.truncate(12);
        lines.join("\n    ")
    };
    Err(format!("expected\n    {}\n  found\n    {}", lines(&expected), lines(&found)))
}

fn same_lines(expected: &[u8], found: &[u8]) -> Result<(), String> {
    let lines = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes).into_owned();
        let mut lines: Vec<String> = text.lines().map(|line| line.trim_end().to_owned()).collect();
        if let Some(rows) = lines.get_mut(1..) {
            rows.sort();
        }
        // Labels of blank nodes are any.
        lines.iter().map(|line| blank(line)).collect::<Vec<_>>()
    };
    let (expected, found) = (lines(expected), lines(found));
    if expected == found { Ok(()) } else { Err(format!("expected {expected:?}, found {found:?}")) }
}

fn blank(line: &str) -> String {
    let fields = line.split(',');
    let fields = fields.map(|field| if field.starts_with("_:") { "_:b" } else { field });
    fields.collect::<Vec<_>>().join(",")
}
