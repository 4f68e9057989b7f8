//! SPARQL queries over what a caller sees of the knowledge base.

use super::dataset::ViewDataset;
use super::error::QueryError;
use super::result_format::{ResultFormat, ResultSink, chosen, serializer, write_results};
use super::service::{VectorSearch, with_hits};
use super::store::Store;
use super::view::{View, Viewer, name_of};
use crate::vocab;
use oxigraph::model::{GraphName, NamedNode, NamedNodeRef};
use oxigraph::sparql::{CancellationToken, QueryDatasetSpecification, SparqlEvaluator};
use oxigraph::store::Store as Oxigraph;
use serde::{Deserialize, Serialize};
use spargebra::algebra::GraphPattern;
use spargebra::{Query, SparqlParser};
use std::io::{self, Write};
use std::sync::mpsc;
use std::time::Duration;

/// How a query is run and answered.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct QueryOptions {
    /// Longest evaluation in milliseconds.
    pub timeout_ms: u64,
    /// Formats in the order of preference; the first that fits the kind of query
    /// is used.
    pub formats: Vec<ResultFormat>,
}

/// The graphs that a query or an update looks at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GraphChoice {
    /// Whether the default graph is the union of all graphs when nothing is named.
    pub union: bool,
    /// Graphs whose merge is the default graph, in the place of those that the text names.
    pub default_graphs: Vec<String>,
    /// Named graphs, in the place of those that the text names.
    pub named_graphs: Vec<String>,
    /// What relative IRIs of the text are relative to.
    pub base: Option<String>,
}

impl GraphChoice {
    /// All graphs, whose union is the default graph.
    pub fn union() -> Self {
        Self { union: true, ..Self::default() }
    }

    /// The data set that the request names; `None` when it names nothing.
    pub(super) fn named(&self) -> Option<QueryDatasetSpecification> {
        if self.default_graphs.is_empty() && self.named_graphs.is_empty() {
            return None;
        }
        let iris = |iris: &[String]| -> Vec<NamedNode> {
            iris.iter().map(NamedNode::new_unchecked).collect()
        };
        let mut dataset = QueryDatasetSpecification::new();
        let default = iris(&self.default_graphs).into_iter().map(GraphName::from);
        dataset.set_default_graph(default.collect());
        let named = iris(&self.named_graphs).into_iter().map(Into::into);
        dataset.set_available_named_graphs(named.collect());
        Some(dataset)
    }
}

/// A query of somebody.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct QueryRequest {
    /// SPARQL.
    pub text: String,
    /// How it is run.
    pub options: QueryOptions,
    /// On which graphs.
    pub graphs: GraphChoice,
    /// Who asks.
    pub viewer: Viewer,
}

/// Writes and forgets the format, which the caller gets in the end.
struct Plain<'a>(&'a mut dyn Write);

impl ResultSink for Plain<'_> {
    fn begin(&mut self, _: ResultFormat) -> io::Result<()> {
        Ok(())
    }
}

impl Write for Plain<'_> {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.0.write(data)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Store {
    /// Answers a query over all graphs (the default graph is their union) and writes the
    /// results, in the format that is returned. The prefixes of [`vocab::PREFIXES`] need
    /// no declaration. `search` answers `SERVICE vt:search` clauses; without it, they are
    /// refused as all others are.
    ///
    /// It is evaluated in this process: sorting and pure expressions are checked for the
    /// time only between steps, and nothing bounds the memory. What others ask goes
    /// through [`Store::query_bounded`].
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
        let request = QueryRequest {
            text: text.to_owned(),
            options: options.clone(),
            graphs: GraphChoice::union(),
            viewer: Viewer::everything(),
        };
        self.query_here(&request, search, output)
    }

    /// Answers the query of somebody in this process.
    ///
    /// # Errors
    /// As [`Store::query`].
    pub fn query_here(
        &self,
        request: &QueryRequest,
        search: Option<&VectorSearch<'_>>,
        output: &mut dyn Write,
    ) -> Result<ResultFormat, QueryError> {
        let (inner, mut output) = (&self.inner, Plain(output));
        within(request.options.timeout_ms, |token| {
            evaluate(inner, request, search, token, &mut output)
        })
    }
}

/// Runs with a token that is cancelled when the time is up.
pub(super) fn within<T>(
    timeout_ms: u64,
    run: impl FnOnce(CancellationToken) -> Result<T, QueryError>,
) -> Result<T, QueryError> {
    let token = CancellationToken::new();
    let (finished, wait) = mpsc::channel::<()>();
    std::thread::scope(|scope| {
        let watched = token.clone();
        scope.spawn(move || {
            let timeout = Duration::from_millis(timeout_ms);
            if wait.recv_timeout(timeout) == Err(mpsc::RecvTimeoutError::Timeout) {
                watched.cancel();
            }
        });
        let result = run(token.clone());
        drop(finished);
        match result {
            Err(QueryError::Evaluation(_)) if token.is_cancelled() => {
                Err(QueryError::Timeout(timeout_ms))
            }
            other => other,
        }
    })
}

pub(super) fn evaluate(
    store: &Oxigraph,
    request: &QueryRequest,
    search: Option<&VectorSearch<'_>>,
    token: CancellationToken,
    output: &mut dyn ResultSink,
) -> Result<ResultFormat, QueryError> {
    let mut query = parser(request.graphs.base.as_deref()).parse_query(&request.text)?;
    if let Some(search) = search {
        query = searched(query, search)?;
    }
    if let Some(service) = service_target(&query) {
        return Err(QueryError::Service(service));
    }
    let mut prepared = SparqlEvaluator::new().with_cancellation_token(token).for_query(query);
    if let Some(named) = request.graphs.named() {
        *prepared.dataset_mut() = named;
    } else if request.graphs.union && prepared.dataset().is_default_dataset() {
        prepared.dataset_mut().set_default_graph_as_union();
    }
    let formats = &request.options.formats;
    // The store's own way is faster, since it does not look at every quad.
    if request.viewer.sees_everything() {
        return write_results(prepared.on_store(store).execute()?, formats, output);
    }
    let transaction = store.start_transaction()?;
    let dataset = ViewDataset::new(View::new(&request.viewer, &transaction));
    let results = prepared.on_queryable_dataset(dataset).execute()?;
    write_results(results, formats, output)
}

/// Writes what the caller sees of one graph.
pub(super) fn write_graph(
    store: &Oxigraph,
    name: Option<&str>,
    formats: &[ResultFormat],
    viewer: &Viewer,
    output: &mut dyn ResultSink,
) -> Result<ResultFormat, QueryError> {
    let transaction = store.start_transaction()?;
    let view = View::new(viewer, &transaction);
    let graph = name.map_or(GraphName::DefaultGraph, |name| NamedNode::new_unchecked(name).into());
    let named = name.map(NamedNodeRef::new_unchecked);
    let exists = named.map_or(Ok(true), |name| transaction.contains_named_graph(name))?;
    if !exists || !view.sees_graph(name_of(graph.as_ref()))? {
        return Err(QueryError::NoGraph(name.unwrap_or(vocab::GRAPH_UNNAMED).to_owned()));
    }
    let (format, written) = chosen("CONSTRUCT", formats, ResultFormat::graph)?;
    output.begin(format)?;
    let mut writer = serializer(written).for_writer(output);
    for quad in transaction.quads_for_pattern(None, None, None, Some(graph.as_ref())) {
        let quad = quad?;
        if view.sees(quad.as_ref())? {
            writer.serialize_triple(oxigraph::model::TripleRef::from(quad.as_ref()))?;
        }
    }
    writer.finish()?;
    Ok(format)
}

/// A parser that knows the prefixes, and what relative IRIs are relative to.
pub(super) fn parser(base: Option<&str>) -> SparqlParser {
    let mut parser = SparqlParser::new();
    if let Some(Ok(with)) = base.map(|base| parser.clone().with_base_iri(base)) {
        parser = with;
    }
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

/// The pattern of an update with the hits of its searches; no other service.
pub(super) fn searched_pattern(
    pattern: GraphPattern,
    search: Option<&VectorSearch<'_>>,
) -> Result<GraphPattern, QueryError> {
    let pattern = match search {
        Some(search) => with_hits(pattern, search)?,
        None => pattern,
    };
    let query = Query::Ask { dataset: None, pattern: pattern.clone(), base_iri: None };
    service_target(&query).map_or(Ok(pattern), |service| Err(QueryError::Service(service)))
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
