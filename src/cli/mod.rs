//! The command line: one file for each subcommand.

#[macro_use]
mod print;

mod adapt;
mod ask;
mod audit;
mod audit_replay;
mod backup;
mod calibrate;
mod canary;
mod delete;
mod demo;
mod drift;
mod entity;
mod eval;
mod eval_answers;
mod eval_entities;
mod eval_injection;
mod eval_support;
mod eval_sweep;
mod extracted;
mod golden;
mod index;
mod ingest;
mod keys;
mod models;
mod output;
mod picture;
mod pictures;
mod policy;
mod review;
mod serve;
mod sparql;
mod sparql_worker;
mod status;
mod validate;

use clap::{Parser, Subcommand};
use std::path::PathBuf;

pub(crate) use output::ExitCode;

/// Cited, checked and recorded answers from documents, pictures and RDF.
#[derive(Debug, Parser)]
#[command(name = "veritrail", version, about, arg_required_else_help = true)]
pub(crate) struct Arguments {
    /// The knowledge base.
    #[arg(long, global = true, env = "VERITRAIL_KB", default_value = "veritrail-kb")]
    kb: PathBuf,
    /// Folder of models and runtime; default: VERITRAIL_CACHE or ~/.cache/veritrail.
    #[arg(long, global = true)]
    cache: Option<PathBuf>,
    /// ONNX Runtime library to load.
    #[arg(long, global = true)]
    ort_lib: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Build the bundled example in a temporary folder and ask it questions.
    Demo(demo::DemoArguments),
    /// Make an empty knowledge base.
    Init,
    /// Take in a folder of documents and pictures, or a JSONL file, and publish.
    Ingest(ingest::IngestArguments),
    /// Delete documents for good, or prove that nothing is left of one.
    Delete(delete::DeleteArguments),
    /// Ask a question and get a cited answer.
    Ask(ask::AskArguments),
    /// Find fragments without answering.
    Search(ask::SearchArguments),
    /// Query the graph.
    Sparql(sparql::SparqlArguments),
    /// Show what is known of a picture: its camera, colours and near-duplicates.
    Picture(picture::PictureArguments),
    /// List what pictures may show and which entities may be one thing, and decide.
    Review(review::ReviewArguments),
    /// Show an entity, merge two or split them.
    Entity(entity::EntityArguments),
    /// Check and show the rules about questions and answers.
    Policy(policy::PolicyArguments),
    /// List, show, verify, replay, export and erase records of answers.
    Audit(audit::AuditArguments),
    /// Keep questions whose answers are known; every generation is asked them.
    Golden(golden::GoldenArguments),
    /// List generations, compare them, and choose which one answers.
    Index(index::IndexArguments),
    /// Compare what is asked and what came in lately with what was before.
    Drift(drift::DriftArguments),
    /// Copy everything into a folder or archive, to be restored later.
    Backup(backup::BackupArguments),
    /// Make a knowledge base out of a backup, exactly as it was.
    Restore(backup::RestoreArguments),
    /// Verify a knowledge base or a backup: every digest, what is named, the chain of records.
    Check(backup::CheckArguments),
    /// Show what is in the knowledge base and whether it is sound.
    Status(status::StatusArguments),
    /// Check the graph and imported RDF against SHACL shapes.
    Validate(validate::ValidateArguments),
    /// List, install and verify models.
    Models(models::ModelsArguments),
    /// Measure retrieval on a data set.
    Eval(eval::EvalArguments),
    /// Learn a knowledge base's own pictures: a new space on top of a picture model.
    Adapt(adapt::AdaptArguments),
    /// Learn what a cosine means in every picture space, and publish it.
    Calibrate(calibrate::CalibrateArguments),
    /// Make, list and revoke the keys by which a server knows who asks.
    Keys(keys::KeysArguments),
    /// Answer people and programs over HTTP.
    Serve(serve::ServeArguments),
    /// Evaluate queries of others on a copy of the graph.
    #[command(hide = true)]
    SparqlWorker(sparql_worker::WorkerArguments),
}

impl Arguments {
    /// Runs the command and prints its outcome; an error is printed once, to
    /// stderr, with its causes.
    pub(crate) fn run(self) -> ExitCode {
        let outcome = match &self.command {
            Command::Demo(arguments) => demo::run(&self, arguments),
            Command::Init => status::init(&self),
            Command::Ingest(arguments) => ingest::run(&self, arguments),
            Command::Delete(arguments) => delete::run(&self, arguments),
            Command::Ask(arguments) => ask::run(&self, arguments),
            Command::Search(arguments) => ask::search(&self, arguments),
            Command::Sparql(arguments) => sparql::run(&self, arguments),
            Command::Picture(arguments) => picture::run(&self, arguments),
            Command::Review(arguments) => review::run(&self, arguments),
            Command::Entity(arguments) => entity::run(&self, arguments),
            Command::Policy(arguments) => policy::run(&self, arguments),
            Command::Audit(arguments) => audit::run(&self, arguments),
            Command::Golden(arguments) => golden::run(&self, arguments),
            Command::Index(arguments) => index::run(&self, arguments),
            Command::Drift(arguments) => drift::run(&self, arguments),
            Command::Backup(arguments) => backup::backup(&self, arguments),
            Command::Restore(arguments) => backup::restore(&self, arguments),
            Command::Check(arguments) => backup::check(&self, arguments),
            Command::Status(arguments) => status::run(&self, arguments),
            Command::Validate(arguments) => validate::run(&self, arguments),
            Command::Models(arguments) => models::run(&self, arguments),
            Command::Eval(arguments) => eval::run(&self, arguments),
            Command::Adapt(arguments) => adapt::run(&self, arguments),
            Command::Calibrate(arguments) => calibrate::run(&self, arguments),
            Command::Keys(arguments) => keys::run(&self, arguments),
            Command::Serve(arguments) => serve::run(&self, arguments),
            Command::SparqlWorker(arguments) => sparql_worker::run(arguments),
        };
        print::ended(outcome.unwrap_or_else(|error| output::report(&error)))
    }
}
