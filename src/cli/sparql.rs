//! `veritrail sparql`

use super::Arguments;
use super::output::ExitCode;
use super::print::is_unread;
use anyhow::Context;
use clap::{Args, ValueEnum};
use std::io::{BufWriter, Read, Write};
use veritrail::graph::{QueryOptions, ResultFormat};

/// Example: `veritrail sparql "SELECT ?title { ?d a vt:Document ; dcterms:title ?title }"`
#[derive(Debug, Args)]
pub(super) struct SparqlArguments {
    /// The query, or `-` to read it from standard input.
    query: String,
    /// Format of the results; csv for SELECT and ASK, turtle for CONSTRUCT and
    /// DESCRIBE when not given.
    #[arg(long, value_enum)]
    format: Option<SparqlFormat>,
    /// Longest evaluation in milliseconds.
    #[arg(long, default_value_t = 30_000)]
    timeout_ms: u64,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum SparqlFormat {
    Json,
    Xml,
    Csv,
    Tsv,
    Turtle,
    Ntriples,
    Rdfxml,
    Jsonld,
}

impl From<SparqlFormat> for ResultFormat {
    fn from(format: SparqlFormat) -> Self {
        match format {
            SparqlFormat::Json => Self::Json,
            SparqlFormat::Xml => Self::Xml,
            SparqlFormat::Csv => Self::Csv,
            SparqlFormat::Tsv => Self::Tsv,
            SparqlFormat::Turtle => Self::Turtle,
            SparqlFormat::Ntriples => Self::NTriples,
            SparqlFormat::Rdfxml => Self::RdfXml,
            SparqlFormat::Jsonld => Self::JsonLd,
        }
    }
}

pub(super) fn run(arguments: &Arguments, sparql: &SparqlArguments) -> anyhow::Result<ExitCode> {
    let mut query = sparql.query.clone();
    if query == "-" {
        query.clear();
        std::io::stdin().read_to_string(&mut query).context("cannot read the query")?;
    }
    let knowledge_base = arguments.open()?;
    let formats = match sparql.format {
        Some(format) => vec![format.into()],
        None => vec![ResultFormat::Csv, ResultFormat::Turtle],
    };
    let options = QueryOptions { timeout_ms: sparql.timeout_ms, formats };
    let mut output = BufWriter::new(std::io::stdout().lock());
    let written = knowledge_base.sparql(&query, &options, &mut output);
    match written.map_err(anyhow::Error::from).and_then(|_| Ok(output.flush()?)) {
        Err(error) if is_unread(&error) => {
            // What is left in the buffer would be tried once more.
            drop(output.into_parts());
            Ok(ExitCode::Success)
        }
        written => written.map(|()| ExitCode::Success),
    }
}
