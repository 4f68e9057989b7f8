//! What is tested: the HTTP interface, or a store of Oxigraph in this process.

use super::manifest::{BASE, Data, triples};
use oxigraph::io::{RdfFormat, RdfParser, RdfSerializer};
use oxigraph::model::{GraphName, NamedNode, Quad, Triple};
use oxigraph::sparql::results::{QueryResultsFormat, QueryResultsSerializer};
use oxigraph::sparql::{QueryResults, SparqlEvaluator};
use oxigraph::store::Store;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

/// A refusal.
#[derive(Debug)]
pub(super) enum Refused {
    /// It is not SPARQL.
    Syntax(String),
    /// Anything else.
    Other(String),
}

pub(super) enum Target {
    Http {
        client: reqwest::Client,
        base: String,
        /// Whether something may be in it.
        written: AtomicBool,
    },
    Store(Box<Store>),
}

/// Results with their media type.
pub(super) type Results = (String, Vec<u8>);

impl Target {
    pub(super) fn http(base: String) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self::Http { client: reqwest::Client::new(), base, written: AtomicBool::new(false) }
    }

    pub(super) fn store() -> Self {
        Self::Store(Box::new(Store::new().unwrap()))
    }

    /// Makes it hold exactly this.
    pub(super) async fn load(&self, folder: &Path, data: &Data) -> Result<(), String> {
        let graphs = data.default.iter().map(|file| (None, file));
        let named = data.named.iter().map(|(name, file)| (Some(name.as_str()), file));
        if let Self::Http { written, .. } = self
            && written.load(Ordering::Relaxed)
        {
            self.update("DROP ALL").await.map_err(|e| format!("{e:?}"))?;
            written.store(false, Ordering::Relaxed);
        }
        for (name, file) in graphs.chain(named) {
            let triples = triples(folder, file);
            match self {
                Self::Store(store) => {
                    let graph = name.map_or(GraphName::DefaultGraph, |name| {
                        NamedNode::new(name).unwrap().into()
                    });
                    for triple in triples {
                        store.insert(&triple.in_graph(graph.clone())).unwrap();
                    }
                }
                Self::Http { client, base, written } => {
                    written.store(true, Ordering::Relaxed);
                    let url = match name {
                        None => format!("{base}/store?default"),
                        Some(name) => {
                            let name: String =
                                form_urlencoded::byte_serialize(name.as_bytes()).collect();
                            format!("{base}/store?graph={name}")
                        }
                    };
                    let request = client.post(url).header("content-type", "application/n-triples");
                    let response = request.body(n_triples(&triples)).send().await.unwrap();
                    if !response.status().is_success() {
                        return Err(format!("loading {file}: {}", response.text().await.unwrap()));
                    }
                }
            }
        }
        Ok(())
    }

    pub(super) async fn query(&self, text: &str, accept: &str) -> Result<Results, Refused> {
        match self {
            Self::Http { .. } => self.post("query", "application/sparql-query", text, accept).await,
            Self::Store(store) => {
                let prepared = SparqlEvaluator::new().parse_query(text);
                let prepared = prepared.map_err(|e| Refused::Syntax(e.to_string()))?;
                let other = |e: String| Refused::Other(e);
                let found = prepared.on_store(store).execute().map_err(|e| other(e.to_string()))?;
                written(found, accept).map_err(other)
            }
        }
    }

    /// Whether a text is SPARQL, whatever else is wrong with it.
    pub(super) async fn parses(&self, text: &str, is_update: bool) -> Result<bool, String> {
        let refused = match (self, is_update) {
            (Self::Store(_), false) => {
                return Ok(SparqlEvaluator::new().parse_query(text).is_ok());
            }
            (Self::Store(_), true) => {
                return Ok(SparqlEvaluator::new().parse_update(text).is_ok());
            }
            (Self::Http { .. }, false) => self.query(text, "*/*").await.err(),
            (Self::Http { .. }, true) => self.update(text).await.err(),
        };
        Ok(!matches!(refused, Some(Refused::Syntax(_))))
    }

    pub(super) async fn update(&self, text: &str) -> Result<(), Refused> {
        match self {
            Self::Http { written, .. } => {
                written.store(true, Ordering::Relaxed);
                self.post("update", "application/sparql-update", text, "*/*").await.map(|_| ())
            }
            Self::Store(store) => {
                let prepared = SparqlEvaluator::new().parse_update(text);
                let prepared = prepared.map_err(|e| Refused::Syntax(e.to_string()))?;
                let made = prepared.on_store(store).execute();
                made.map_err(|e| Refused::Other(e.to_string()))
            }
        }
    }

    pub(super) async fn ask(&self, query: &str) -> Result<bool, Refused> {
        let (_, bytes) = self.query(query, "application/sparql-results+json").await?;
        let json: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        Ok(json["boolean"].as_bool().unwrap())
    }

    async fn post(
        &self,
        path: &str,
        kind: &str,
        text: &str,
        accept: &str,
    ) -> Result<Results, Refused> {
        let Self::Http { client, base, .. } = self else { panic!("a store has no paths") };
        let request = client.post(format!("{base}/{path}")).header("content-type", kind);
        let request = request.header("accept", accept).body(text.to_owned());
        let response = request.send().await.unwrap();
        let status = response.status();
        let kind = response.headers()["content-type"].to_str().unwrap().to_owned();
        let bytes = response.bytes().await.unwrap().to_vec();
        if status.is_success() {
            return Ok((kind, bytes));
        }
        let body = String::from_utf8_lossy(&bytes).into_owned();
        Err(match status.as_u16() {
            400 if body.contains("not valid SPARQL") => Refused::Syntax(body),
            _ => Refused::Other(format!("{status} {body}")),
        })
    }

    /// All quads.
    pub(super) async fn quads(&self) -> Vec<Quad> {
        let quads = "SELECT ?g ?s ?p ?o { { ?s ?p ?o } UNION { GRAPH ?g { ?s ?p ?o } } }";
        match self {
            Self::Store(store) => store.iter().map(Result::unwrap).collect(),
            Self::Http { .. } => {
                let found = self.query(quads, "application/sparql-results+json").await.unwrap();
                super::evaluation::solutions(&found)
                    .unwrap()
                    .iter()
                    .map(|solution| {
                        let of = |name: &str| solution.get(name).cloned();
                        let subject = match of("s").unwrap() {
                            oxigraph::model::Term::NamedNode(node) => node.into(),
                            oxigraph::model::Term::BlankNode(node) => {
                                oxigraph::model::NamedOrBlankNode::from(node)
                            }
                            other => panic!("{other} is a subject"),
                        };
                        let oxigraph::model::Term::NamedNode(predicate) = of("p").unwrap() else {
                            panic!("expected a predicate")
                        };
                        let graph = match of("g") {
                            Some(oxigraph::model::Term::NamedNode(node)) => node.into(),
                            _ => GraphName::DefaultGraph,
                        };
                        Quad::new(subject, predicate, of("o").unwrap(), graph)
                    })
                    .collect()
            }
        }
    }
}

fn n_triples(triples: &[Triple]) -> Vec<u8> {
    let mut writer = RdfSerializer::from_format(RdfFormat::NTriples).for_writer(Vec::new());
    for triple in triples {
        writer.serialize_triple(triple.as_ref()).unwrap();
    }
    writer.finish().unwrap()
}

fn written(results: QueryResults<'_>, accept: &str) -> Result<Results, String> {
    let format = QueryResultsFormat::from_media_type(accept).unwrap_or(QueryResultsFormat::Json);
    let (kind, bytes) = match results {
        QueryResults::Solutions(solutions) => {
            let mut writer = QueryResultsSerializer::from_format(format)
                .serialize_solutions_to_writer(Vec::new(), solutions.variables().to_vec())
                .map_err(|e| e.to_string())?;
            for solution in solutions {
                writer
                    .serialize(&solution.map_err(|e| e.to_string())?)
                    .map_err(|e| e.to_string())?;
            }
            (format.media_type(), writer.finish().map_err(|e| e.to_string())?)
        }
        QueryResults::Boolean(value) => {
            let written = QueryResultsSerializer::from_format(format)
                .serialize_boolean_to_writer(Vec::new(), value)
                .map_err(|e| e.to_string())?;
            (format.media_type(), written)
        }
        QueryResults::Graph(found) => {
            let found: Result<Vec<Triple>, _> = found.collect();
            let bytes = n_triples(&found.map_err(|e| e.to_string())?);
            (RdfFormat::NTriples.media_type(), bytes)
        }
    };
    Ok((kind.to_owned(), bytes))
}

/// Triples of a response.
pub(super) fn parsed(kind: &str, bytes: &[u8]) -> Result<Vec<Triple>, String> {
    let format = RdfFormat::from_media_type(kind).ok_or(format!("{kind} is no RDF"))?;
    let parser = RdfParser::from_format(format).with_base_iri(BASE).unwrap();
    let quads = parser.rename_blank_nodes().for_slice(bytes);
    quads.map(|quad| quad.map(Triple::from).map_err(|e| e.to_string())).collect()
}
