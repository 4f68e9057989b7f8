//! What the SPARQL endpoint says of itself: SPARQL 1.1 Service Description (W3C, 2013).

use super::error::QueryError;
use super::query_config::DefaultGraph;
use super::result_format::{ResultFormat, chosen, serializer};
use super::triples::Triples;
use crate::vocab::{formats, rdfs, sd};

/// An endpoint.
#[derive(Clone, Debug)]
pub struct ServiceDescription {
    /// Where queries are answered.
    pub endpoint: String,
    /// Where updates are made, for those who may.
    pub update: Option<String>,
    /// What the default graph is when nothing is named.
    pub default_graph: DefaultGraph,
}

const RESULT_FORMATS: [&str; 10] = [
    formats::RESULTS_JSON,
    formats::RESULTS_XML,
    formats::RESULTS_CSV,
    formats::RESULTS_TSV,
    formats::TURTLE,
    formats::TRIG,
    formats::N_TRIPLES,
    formats::N_QUADS,
    formats::RDF_XML,
    formats::JSON_LD,
];

/// The description in the first format that holds triples.
///
/// # Errors
/// When no format does.
pub fn service_description(
    description: &ServiceDescription,
    wished: &[ResultFormat],
) -> Result<(ResultFormat, Vec<u8>), QueryError> {
    let (format, written) = chosen("CONSTRUCT", wished, ResultFormat::graph)?;
    let mut triples = Triples::new();
    let service = format!("{}#service", description.endpoint);
    triples.class(&service, sd::SERVICE);
    triples.link(&service, sd::ENDPOINT, &description.endpoint);
    triples.text(&service, rdfs::LABEL, "Veritrail");
    triples.link(&service, sd::SUPPORTED_LANGUAGE, sd::SPARQL_11_QUERY);
    if let Some(update) = &description.update {
        triples.link(&service, sd::SUPPORTED_LANGUAGE, sd::SPARQL_11_UPDATE);
        let updates = format!("{update}#service");
        triples.class(&updates, sd::SERVICE);
        triples.link(&updates, sd::ENDPOINT, update);
        triples.link(&updates, sd::SUPPORTED_LANGUAGE, sd::SPARQL_11_UPDATE);
    }
    if description.default_graph == DefaultGraph::Union {
        triples.link(&service, sd::FEATURE, sd::UNION_DEFAULT_GRAPH);
    }
    for format in RESULT_FORMATS {
        triples.link(&service, sd::RESULT_FORMAT, format);
    }
    let dataset = format!("{}#dataset", description.endpoint);
    let graph = format!("{}#default-graph", description.endpoint);
    triples.link(&service, sd::DEFAULT_DATASET, &dataset);
    triples.class(&dataset, sd::DATASET);
    triples.link(&dataset, sd::DEFAULT_GRAPH, &graph);
    triples.class(&graph, sd::GRAPH);
    let mut writer = serializer(written).for_writer(Vec::new());
    for triple in triples.into_vec() {
        writer.serialize_triple(triple.as_ref())?;
    }
    Ok((format, writer.finish()?))
}
