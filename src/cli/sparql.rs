//! `veritrail sparql`

use super::Arguments;
use super::output::ExitCode;
use super::print::is_unread;
use anyhow::Context;
use clap::{Args, ValueEnum};
use std::io::{BufWriter, Read, Write};
use veritrail::graph::{ChangeReceipt, GraphChoice, QueryOptions, ResultFormat};
use veritrail::model::Principal;

/// Example: `veritrail sparql "SELECT ?title { ?d a vt:Document ; dcterms:title ?title }"`
#[derive(Debug, Args)]
pub(super) struct SparqlArguments {
    /// The query, or `-` to read it from standard input.
    query: String,
    /// The text is an update of graphs of users; it is recorded like those over HTTP.
    #[arg(long, conflicts_with = "format")]
    update: bool,
    /// Format of the results; csv for SELECT and ASK, turtle for CONSTRUCT and
    /// DESCRIBE when not given.
    #[arg(long, value_enum)]
    format: Option<SparqlFormat>,
    /// Longest evaluation of a query in milliseconds.
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

fn print_receipt(receipt: &ChangeReceipt) {
    match &receipt.record {
        None => println!("nothing changed"),
        Some(record) => {
            let (inserted, removed) = (receipt.n_inserted, receipt.n_removed);
            println!("added {inserted} triples, removed {removed}, recorded as {record}");
            for graph in &receipt.graphs {
                println!("changed <{graph}>");
            }
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
    if sparql.update {
        let graphs = GraphChoice::default();
        let receipt = knowledge_base.update(query, graphs, &Principal::local())?;
        print_receipt(&receipt);
        return Ok(ExitCode::Success);
    }
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
