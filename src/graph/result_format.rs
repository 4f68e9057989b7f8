//! The formats in which results are written.

use super::error::QueryError;
use crate::vocab;
use oxigraph::io::{JsonLdProfileSet, RdfFormat, RdfSerializer};
use oxigraph::sparql::QueryResults;
use oxigraph::sparql::results::{QueryResultsFormat, QueryResultsSerializer};
use serde::{Deserialize, Serialize};
use std::io::Write;

/// Formats of results; `SELECT` and `ASK` take the first four, `CONSTRUCT` and
/// `DESCRIBE` the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    /// TriG.
    TriG,
    /// N-Triples.
    NTriples,
    /// N-Quads.
    NQuads,
    /// RDF/XML.
    RdfXml,
    /// JSON-LD.
    JsonLd,
}

impl ResultFormat {
    /// Every format.
    pub const ALL: [Self; 10] = [
        Self::Json,
        Self::Xml,
        Self::Csv,
        Self::Tsv,
        Self::Turtle,
        Self::TriG,
        Self::NTriples,
        Self::NQuads,
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
            Self::TriG => "application/trig",
            Self::NTriples => "application/n-triples",
            Self::NQuads => "application/n-quads",
            Self::RdfXml => "application/rdf+xml",
            Self::JsonLd => "application/ld+json",
        }
    }

    /// Whether it holds triples, and not rows or a truth value.
    pub fn is_rdf(self) -> bool {
        self.graph().is_some()
    }

    pub(super) fn solutions(self) -> Option<QueryResultsFormat> {
        match self {
            Self::Json => Some(QueryResultsFormat::Json),
            Self::Xml => Some(QueryResultsFormat::Xml),
            Self::Csv => Some(QueryResultsFormat::Csv),
            Self::Tsv => Some(QueryResultsFormat::Tsv),
            _ => None,
        }
    }

    pub(super) fn graph(self) -> Option<RdfFormat> {
        match self {
            Self::Turtle => Some(RdfFormat::Turtle),
            Self::TriG => Some(RdfFormat::TriG),
            Self::NTriples => Some(RdfFormat::NTriples),
            Self::NQuads => Some(RdfFormat::NQuads),
            Self::RdfXml => Some(RdfFormat::RdfXml),
            Self::JsonLd => Some(RdfFormat::JsonLd { profile: JsonLdProfileSet::empty() }),
            _ => None,
        }
    }
}

/// A serializer that abbreviates by the known prefixes.
pub(super) fn serializer(format: RdfFormat) -> RdfSerializer {
    let mut serializer = RdfSerializer::from_format(format);
    for (prefix, namespace) in vocab::PREFIXES {
        if let Ok(with) = serializer.clone().with_prefix(*prefix, *namespace) {
            serializer = with;
        }
    }
    serializer
}

/// Takes results; it is told their format before anything is written.
pub(super) trait ResultSink: Write {
    fn begin(&mut self, format: ResultFormat) -> std::io::Result<()>;
}

/// Writes results in the first wished format that can hold them.
pub(super) fn write_results(
    results: QueryResults<'_>,
    formats: &[ResultFormat],
    output: &mut dyn ResultSink,
) -> Result<ResultFormat, QueryError> {
    match results {
        QueryResults::Solutions(solutions) => {
            let (format, written) = chosen("SELECT", formats, ResultFormat::solutions)?;
            output.begin(format)?;
            let mut writer = QueryResultsSerializer::from_format(written)
                .serialize_solutions_to_writer(output, solutions.variables().to_vec())?;
            for solution in solutions {
                writer.serialize(&solution?)?;
            }
            writer.finish()?;
            Ok(format)
        }
        QueryResults::Boolean(value) => {
            let (format, written) = chosen("ASK", formats, ResultFormat::solutions)?;
            output.begin(format)?;
            QueryResultsSerializer::from_format(written)
                .serialize_boolean_to_writer(output, value)?;
            Ok(format)
        }
        QueryResults::Graph(triples) => {
            let (format, written) = chosen("CONSTRUCT", formats, ResultFormat::graph)?;
            output.begin(format)?;
            let mut writer = serializer(written).for_writer(output);
            for triple in triples {
                writer.serialize_triple(&triple?)?;
            }
            writer.finish()?;
            Ok(format)
        }
    }
}

/// The first wished format that can hold this kind of result.
pub(super) fn chosen<F>(
    kind: &str,
    formats: &[ResultFormat],
    written: fn(ResultFormat) -> Option<F>,
) -> Result<(ResultFormat, F), QueryError> {
    let mut fitting = formats.iter().filter_map(|f| Some((*f, written(*f)?)));
    fitting.next().ok_or_else(|| QueryError::Format {
        kind: kind.to_owned(),
        formats: formats.iter().map(|f| f.media_type()).collect::<Vec<_>>().join(", "),
        choices: if kind == "CONSTRUCT" {
            "turtle, trig, ntriples, nquads, rdfxml, jsonld".to_owned()
        } else {
            "json, xml, csv, tsv".to_owned()
        },
    })
}
