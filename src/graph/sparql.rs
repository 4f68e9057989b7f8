//! SPARQL queries over the whole knowledge base.

use super::error::QueryError;
use super::service::{VectorSearch, with_hits};
use super::store::Store;
use crate::vocab;
use oxigraph::io::{RdfFormat, RdfSerializer};
use oxigraph::sparql::results::{QueryResultsFormat, QueryResultsSerializer};
use oxigraph::sparql::{CancellationToken, QueryResults, SparqlEvaluator};
use spargebra::{Query, SparqlParser};
use std::io::Write;
use std::sync::mpsc;
use std::time::Duration;

/// How a query is run and answered.
#[derive(Clone, Debug)]
pub struct QueryOptions {
    /// Longest evaluation in milliseconds. Sorting and pure expressions are
    /// checked only between steps, so the end may come some seconds later.
    pub timeout_ms: u64,
    /// Formats in the order of preference; the first that fits the kind of query
    /// is used.
    pub formats: Vec<ResultFormat>,
}

/// Formats of results; `SELECT` and `ASK` take the first four, `CONSTRUCT` and
/// `DESCRIBE` the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResultFormat {
    /// SPARQL 1.1 Query Results JSON.
    Json,
    /// SPARQL Query Results XML.
    Xml,
    /// Comma-separated values.
    Csv,
    /// Tab-separated values.
    Tsv,
    /// Turtle.
    Turtle,
    /// N-Triples.
    NTriples,
    /// RDF/XML.
    RdfXml,
    /// JSON-LD.
    JsonLd,
}

impl ResultFormat {
    /// Every format.
    pub const ALL: [Self; 8] = [
        Self::Json,
        Self::Xml,
        Self::Csv,
        Self::Tsv,
        Self::Turtle,
        Self::NTriples,
        Self::RdfXml,
        Self::JsonLd,
    ];

    /// The registered media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/sparql-results+json",
            Self::Xml => "application/sparql-results+xml",
            Self::Csv => "text/csv",
            Self::Tsv => "text/tab-separated-values",
            Self::Turtle => "text/turtle",
            Self::NTriples => "application/n-triples",
            Self::RdfXml => "application/rdf+xml",
            Self::JsonLd => "application/ld+json",
        }
    }

    fn solutions(self) -> Option<QueryResultsFormat> {
        match self {
            Self::Json => Some(QueryResultsFormat::Json),
            Self::Xml => Some(QueryResultsFormat::Xml),
            Self::Csv => Some(QueryResultsFormat::Csv),
            Self::Tsv => Some(QueryResultsFormat::Tsv),
            _ => None,
        }
    }

    fn graph(self) -> Option<RdfFormat> {
        match self {
            Self::Turtle => Some(RdfFormat::Turtle),
            Self::NTriples => Some(RdfFormat::NTriples),
            Self::RdfXml => Some(RdfFormat::RdfXml),
            Self::JsonLd => {
                Some(RdfFormat::JsonLd { profile: oxigraph::io::JsonLdProfileSet::empty() })
            }
            _ => None,
        }
    }
}

impl Store {
    /// Answers a query over all graphs (the default graph is their union) and
    /// writes the results, in the format that is returned. The prefixes of
    /// [`vocab::PREFIXES`] need no declaration. `search` answers `SERVICE vt:search`
    /// clauses; without it, they are refused as all others are.
    ///
    /// # Errors
    /// When the text is not SPARQL, a search cannot be done, no format fits the kind of query, the time is
    /// up, or writing fails.
    pub fn query(
        &self,
        text: &str,
        options: &QueryOptions,
        search: Option<&VectorSearch<'_>>,
        output: &mut dyn Write,
    ) -> Result<ResultFormat, QueryError> {
        let token = CancellationToken::new();
        let (finished, wait) = mpsc::channel::<()>();
        let timeout = Duration::from_millis(options.timeout_ms);
        std::thread::scope(|scope| {
            let watched = token.clone();
            scope.spawn(move || {
                if wait.recv_timeout(timeout) == Err(mpsc::RecvTimeoutError::Timeout) {
                    watched.cancel();
                }
            });
            let result = self.evaluate(text, options, search, token.clone(), output);
            drop(finished);
            match result {
                Err(QueryError::Evaluation(_)) if token.is_cancelled() => {
                    Err(QueryError::Timeout(options.timeout_ms))
                }
                other => other,
            }
        })
    }

    fn evaluate(
        &self,
        text: &str,
        options: &QueryOptions,
        search: Option<&VectorSearch<'_>>,
        token: CancellationToken,
        output: &mut dyn Write,
    ) -> Result<ResultFormat, QueryError> {
        let mut query = parser().parse_query(text)?;
        if let Some(search) = search {
            query = searched(query, search)?;
        }
        if let Some(service) = service_target(&query) {
            return Err(QueryError::Service(service));
        }
        let evaluator = SparqlEvaluator::new().with_cancellation_token(token);
        let mut prepared = evaluator.for_query(query);
        if prepared.dataset().is_default_dataset() {
            prepared.dataset_mut().set_default_graph_as_union();
        }
        match prepared.on_store(&self.inner).execute()? {
            QueryResults::Solutions(solutions) => {
                let (format, written) = chosen("SELECT", options, ResultFormat::solutions)?;
                let mut writer = QueryResultsSerializer::from_format(written)
                    .serialize_solutions_to_writer(output, solutions.variables().to_vec())?;
                for solution in solutions {
                    writer.serialize(&solution?)?;
                }
                writer.finish()?;
                Ok(format)
            }
            QueryResults::Boolean(value) => {
                let (format, written) = chosen("ASK", options, ResultFormat::solutions)?;
                QueryResultsSerializer::from_format(written)
                    .serialize_boolean_to_writer(output, value)?;
                Ok(format)
            }
            QueryResults::Graph(triples) => {
                let (format, written) = chosen("CONSTRUCT", options, ResultFormat::graph)?;
                let mut serializer = RdfSerializer::from_format(written);
                for (prefix, namespace) in vocab::PREFIXES {
                    if let Ok(with) = serializer.clone().with_prefix(*prefix, *namespace) {
                        serializer = with;
                    }
                }
                let mut writer = serializer.for_writer(output);
                for triple in triples {
                    writer.serialize_triple(&triple?)?;
                }
                writer.finish()?;
                Ok(format)
            }
        }
    }
}

/// The first wished format that can hold this kind of result.
fn chosen<F>(
    kind: &'static str,
    options: &QueryOptions,
    written: fn(ResultFormat) -> Option<F>,
) -> Result<(ResultFormat, F), QueryError> {
    let mut fitting = options.formats.iter().filter_map(|f| Some((*f, written(*f)?)));
    fitting.next().ok_or_else(|| QueryError::Format {
        kind,
        formats: options.formats.iter().map(|f| f.media_type()).collect::<Vec<_>>().join(", "),
        choices: if kind == "CONSTRUCT" {
            "turtle, ntriples, rdfxml, jsonld"
        } else {
            "json, xml, csv, tsv"
        },
    })
}

/// A parser that knows the prefixes.
fn parser() -> SparqlParser {
    let mut parser = SparqlParser::new();
    for (prefix, namespace) in vocab::PREFIXES {
        if let Ok(with) = parser.clone().with_prefix(*prefix, *namespace) {
            parser = with;
        }
    }
    parser
}

/// The query with the hits of its searches.
fn searched(query: Query, search: &VectorSearch<'_>) -> Result<Query, QueryError> {
    Ok(match query {
        Query::Select { dataset, pattern, base_iri } => {
            Query::Select { dataset, pattern: with_hits(pattern, search)?, base_iri }
        }
        Query::Construct { template, dataset, pattern, base_iri } => {
            Query::Construct { template, dataset, pattern: with_hits(pattern, search)?, base_iri }
        }
        Query::Describe { dataset, pattern, base_iri } => {
            Query::Describe { dataset, pattern: with_hits(pattern, search)?, base_iri }
        }
        Query::Ask { dataset, pattern, base_iri } => {
            Query::Ask { dataset, pattern: with_hits(pattern, search)?, base_iri }
        }
    })
}

/// The target of the first SERVICE clause, if the query has one.
fn service_target(query: &Query) -> Option<String> {
    // The algebra prints every service clause as `(service ...)`.
    let algebra = query.to_sse();
    let (_, rest) = algebra.split_once("(service ")?;
    let rest = rest.strip_prefix("silent ").unwrap_or(rest);
    Some(rest.split_whitespace().next()?.trim_matches(['<', '>']).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Triples;

    fn run(query: &str, format: ResultFormat) -> Result<String, QueryError> {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).unwrap();
        let mut triples = Triples::new();
        triples.text("urn:t:a", "http://purl.org/dc/terms/title", "Ä");
        store.insert_graph("urn:t:g", triples.into_vec()).unwrap();
        let mut output = Vec::new();
        let options = QueryOptions { timeout_ms: 10_000, formats: vec![format] };
        assert_eq!(store.query(query, &options, None, &mut output)?, format);
        Ok(String::from_utf8(output).unwrap())
    }

    #[test]
    fn the_default_graph_is_the_union_and_prefixes_are_known() {
        let csv = run("SELECT ?t { ?s dcterms:title ?t }", ResultFormat::Csv).unwrap();
        assert_eq!(csv, "t\r\nÄ\r\n");
        let turtle =
            run("CONSTRUCT { ?s rdfs:label ?t } { ?s dcterms:title ?t }", ResultFormat::Turtle);
        assert!(turtle.unwrap().contains("rdfs:label \"Ä\""));
    }

    #[test]
    fn mistakes_are_the_users() {
        assert!(matches!(run("SELEC", ResultFormat::Json), Err(QueryError::Syntax(_))));
        let format = run("ASK { ?s ?p ?o }", ResultFormat::Turtle);
        assert!(matches!(format, Err(QueryError::Format { .. })));
    }

    #[test]
    fn other_servers_are_never_asked() {
        let refused = run("SELECT * { SERVICE <http://x.test/> { ?a ?b ?c } }", ResultFormat::Json);
        assert!(matches!(refused, Err(QueryError::Service(target)) if target == "http://x.test/"));
    }
}
