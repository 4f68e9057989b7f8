//! `veritrail eval`

use super::Arguments;
use super::ask::{FormatArgument, ModeArgument};
use super::eval_answers::answered;
use super::eval_sweep::{AgainstArgument, per_question};
use super::output::{ExitCode, ProgressReporter};
use anyhow::{Context, ensure};
use clap::{Args, ValueEnum};
use std::fs::File;
use std::io::BufWriter;
use std::path::PathBuf;
use veritrail::config::Config;
use veritrail::engine::{
    AskedPictures, EvaluateOptions, EvaluatePagesOptions, Evaluation, Progress, Variant,
    evaluate_mentions, evaluate_pages, evaluate_pictures,
};
use veritrail::eval::{
    Dataset, MentionDataset, PageDataset, PageReport, PictureDataset, PictureTask, Report, Run,
    write_trec_run,
};
use veritrail::retrieve::RetrievalMode;

/// Example: `veritrail eval data/golden --corpus data/example --mode graph`
#[derive(Debug, Args)]
pub(super) struct EvalArguments {
    /// Folder with queries.jsonl, qrels.tsv and corpus.jsonl; for `entity-resolution`
    /// a JSONL file of judged pairs.
    pub(super) dataset: PathBuf,
    /// Further data sets of a sweep.
    pub(super) more: Vec<PathBuf>,
    /// Folder of documents, for a data set without corpus.jsonl.
    #[arg(long)]
    pub(super) corpus: Option<PathBuf>,
    /// What is scored.
    #[arg(long, value_enum, default_value = "retrieval")]
    task: TaskArgument,
    /// Stages of retrieval; all four when not given (answers: all stages). With it,
    /// `text-to-image` ranks the pictures of a knowledge base.
    #[arg(long, value_enum)]
    pub(super) mode: Vec<ModeArgument>,
    /// Documents for each question in the run file.
    #[arg(long, default_value_t = 100)]
    pub(super) k: usize,
    /// Picture model of `text-to-image` and `image-to-text`.
    #[arg(long, default_value = "veritrail-lite")]
    space: String,
    /// Judged pairs from which weights are learned (`entity-resolution`).
    #[arg(long)]
    pub(super) train: Option<PathBuf>,
    /// Which pictures are known when pictures are asked (`image-to-doc`).
    #[arg(long, value_enum, default_value = "copies")]
    asked: AskedArgument,
    /// Let pictures stand alone, shown by no document: what is found without the
    /// graph.
    #[arg(long)]
    untied: bool,
    /// Write the ranking of the last mode as a TREC run; for `answer` each question with
    /// its answer and evidence, for `support` each claim, as JSON lines; for `entity-resolution` the weights that
    /// were learned, as JSON.
    #[arg(long)]
    pub(super) run: Option<PathBuf>,
    /// Compare the variants of a file (TOML: `[[variant]]` with `name`, `mode` and
    /// `retrieve.KEY = VALUE`) on all data sets. What was ranked before is remembered in
    /// the folder of `--keep`.
    #[arg(long)]
    pub(super) sweep: Option<PathBuf>,
    /// Compare every combination of settings, as `retrieve.KEY=VALUE,VALUE`; repeatable.
    #[arg(long)]
    pub(super) set: Vec<String>,
    /// Which variant each one is compared with.
    #[arg(long, value_enum, default_value = "first")]
    pub(super) against: AgainstArgument,
    /// Write each question as a JSON line: measures, places of the relevant documents,
    /// and of those that are not among the first five where they were lost and which
    /// path would have led to them.
    #[arg(long)]
    pub(super) per_query: Option<PathBuf>,
    /// Settings (TOML) of the temporary knowledge base.
    #[arg(long)]
    settings: Option<PathBuf>,
    /// Keep the knowledge base in this folder and use it again; that of each data set in
    /// a folder of its name for a sweep.
    #[arg(long)]
    pub(super) keep: Option<PathBuf>,
    /// JSON, one object for each mode, or text for people.
    #[arg(long, value_enum, default_value = "json")]
    pub(super) format: FormatArgument,
}

#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
enum TaskArgument {
    /// Rankings, by the measures of TREC.
    Retrieval,
    /// Names that people marked in texts, and which of them extraction finds.
    Mentions,
    /// Answers and their citations, for questions with gold answers.
    Answer,
    /// Words are asked, pictures are ranked in one space.
    TextToImage,
    /// Pictures are asked, texts are ranked in one space; with class names as
    /// texts this is zero-shot classification.
    ImageToText,
    /// Pictures are asked, documents of a knowledge base are ranked; lines of
    /// images.jsonl name the document of each picture as `doc_id` or `product`.
    ImageToDoc,
    /// Claims that people judged against the texts they cite are checked as sentences of
    /// a language model are.
    Support,
    /// Texts with instructions hidden in them (contexts.jsonl, attacks.jsonl) are put
    /// before the configured language model, `--k` of them.
    Injection,
    /// Pairs of records are told to be one thing or two.
    EntityResolution,
}

/// Which pictures a knowledge base knows when others are asked.
#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
enum AskedArgument {
    /// All; altered copies of them are asked (cut, smaller, JPEG).
    Copies,
    /// Four fifths; the others are asked, in five rounds.
    HeldOut,
    /// None but the pictures that stand for documents (products.jsonl).
    Unseen,
}

impl From<AskedArgument> for AskedPictures {
    fn from(asked: AskedArgument) -> Self {
        match asked {
            AskedArgument::Copies => Self::Copies,
            AskedArgument::HeldOut => Self::HeldOut { n_parts: 5 },
            AskedArgument::Unseen => Self::Unseen,
        }
    }
}

pub(super) fn run(arguments: &Arguments, eval: &EvalArguments) -> anyhow::Result<ExitCode> {
    let is_sweep = eval.sweep.is_some() || !eval.set.is_empty() || !eval.more.is_empty();
    if is_sweep {
        ensure!(eval.task == TaskArgument::Retrieval, "only rankings of documents are swept");
        return super::eval_sweep::run(arguments, eval);
    }
    match eval.task {
        TaskArgument::TextToImage if eval.mode.is_empty() => {
            return pictures(arguments, eval, PictureTask::TextToImage);
        }
        TaskArgument::TextToImage => return pages(arguments, eval, PictureTask::TextToImage),
        TaskArgument::Mentions => return mentions(eval),
        TaskArgument::ImageToDoc => return pages(arguments, eval, PictureTask::ImageToDoc),
        TaskArgument::ImageToText => return pictures(arguments, eval, PictureTask::ImageToText),
        TaskArgument::EntityResolution => return super::eval_entities::run(arguments, eval),
        TaskArgument::Support => return super::eval_support::run(arguments, eval),
        TaskArgument::Injection => return super::eval_injection::run(arguments, eval),
        TaskArgument::Retrieval | TaskArgument::Answer => {}
    }
    let dataset = Dataset::load(&eval.dataset, eval.corpus.as_deref())?;
    let (settings, config) = config(eval)?;
    let models = arguments.models(&config)?;
    let temporary = tempfile::tempdir().context("cannot create a temporary folder")?;
    let folder = eval.keep.as_deref().unwrap_or(temporary.path());
    let modes: Vec<RetrievalMode> = match (eval.mode.as_slice(), eval.task) {
        ([], TaskArgument::Answer) => vec![RetrievalMode::Graph],
        ([], _) => RetrievalMode::ALL.to_vec(),
        (modes, _) => modes.iter().map(|mode| (*mode).into()).collect(),
    };
    let mut reporter = ProgressReporter::new();
    let options = EvaluateOptions { modes, settings };
    let prepared =
        Evaluation::prepare(&dataset, &models, folder, &options, &mut |p| reporter.show(&p))?;
    drop(reporter);
    let mut last_run: Option<(RetrievalMode, Run)> = None;
    let mut questions = Vec::new();
    for mode in options.modes {
        if eval.task == TaskArgument::Answer {
            answered(&prepared, mode, eval)?;
        } else {
            let (report, run) = prepared.retrieval(mode)?;
            print_retrieval(&report, eval.format)?;
            last_run = Some((mode, run));
            if eval.per_query.is_some() {
                let name = mode.as_str().to_owned();
                let variant = Variant { name, mode, retrieve: config.retrieve.clone() };
                questions.extend(prepared.questions(&variant, None)?);
            }
        }
    }
    if let Some((mode, run)) = last_run {
        write_run(eval, run, mode.as_str())?;
        per_question(eval, &questions)?;
    }
    Ok(ExitCode::Success)
}

/// The settings as they are written, and as they are understood.
pub(super) fn config(eval: &EvalArguments) -> anyhow::Result<(String, Config)> {
    let Some(path) = &eval.settings else { return Ok((String::new(), Config::default())) };
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read the settings {}", path.display()))?;
    Ok((text, Config::load(path)?))
}

/// Scores the extraction of names; no model is needed.
fn mentions(eval: &EvalArguments) -> anyhow::Result<ExitCode> {
    let report = evaluate_mentions(&MentionDataset::load(&eval.dataset)?)?;
    if eval.format == FormatArgument::Json {
        println!("{}", serde_json::to_string(&report)?);
        return Ok(ExitCode::Success);
    }
    if report.n_marks > 0 {
        println!(
            "{}: {} marked names, recall {:.3} (exact {:.3})",
            report.dataset, report.n_marks, report.recall, report.recall_exact
        );
    }
    if let (Some(precision), Some(exact), Some(f1)) =
        (report.precision, report.precision_exact, report.f1)
    {
        println!(
            "{} found, precision {precision:.3} (exact {exact:.3}), F1 {f1:.3}",
            report.n_found
        );
    }
    if let (Some(entities), Some(triples)) = (report.entity_coverage, report.triple_coverage) {
        println!(
            "{}: {entities:.3} of the names in gold triples are found, {triples:.3} of the triples with both ends",
            report.dataset
        );
    }
    println!("missed: {}", report.missed.join(" | "));
    Ok(ExitCode::Success)
}

/// Scores a knowledge base of documents and their pictures.
fn pages(
    arguments: &Arguments,
    eval: &EvalArguments,
    task: PictureTask,
) -> anyhow::Result<ExitCode> {
    let dataset = PageDataset::load(&eval.dataset)?;
    let (settings, config) = config(eval)?;
    let models = arguments.models(&config)?;
    let modes = match eval.mode.as_slice() {
        [] => vec![RetrievalMode::Dense, RetrievalMode::Hybrid, RetrievalMode::Graph],
        modes => modes.iter().map(|mode| (*mode).into()).collect(),
    };
    let asked = eval.asked.into();
    let keep = eval.keep.clone();
    let options = EvaluatePagesOptions { task, modes, asked, tied: !eval.untied, settings, keep };
    let mut reporter = ProgressReporter::new();
    let mut reports = evaluate_pages(&dataset, &models, &options, &mut |p| reporter.show(&p))?;
    drop(reporter);
    for (report, _) in &reports {
        print_pages(report, eval.format)?;
    }
    if let Some((report, run)) = reports.pop() {
        write_run(eval, run, &report.mode)?;
    }
    Ok(ExitCode::Success)
}

/// Scores one picture space; no knowledge base is needed.
fn pictures(
    arguments: &Arguments,
    eval: &EvalArguments,
    task: PictureTask,
) -> anyhow::Result<ExitCode> {
    let dataset = PictureDataset::load(&eval.dataset)?;
    let mut config = Config::default();
    config.models.pictures = vec![eval.space.clone()];
    let models = arguments.models(&config)?;
    let model = models.pictures.first().context("no picture model was loaded")?;
    let mut reporter = ProgressReporter::new();
    let (report, run) = evaluate_pictures(&dataset, model.as_ref(), task, &mut |done, total| {
        reporter.show(&Progress::Ingesting {
            n_documents: done,
            n_total: total,
            source: &dataset.name,
        });
    })?;
    drop(reporter);
    if eval.format == FormatArgument::Json {
        println!("{}", serde_json::to_string(&report)?);
    } else {
        let metrics = &report.metrics;
        println!(
            "{} {} in {}: {} questions, {} candidates",
            report.dataset, report.task, report.space, report.n_queries, report.n_candidates
        );
        println!(
            "recall@1 {:.3}  @5 {:.3}  @10 {:.3}  MAP {:.3}  MRR {:.3}  p50 {:.1} ms  {:.1} pictures/s",
            metrics.recall_1,
            metrics.recall_5,
            metrics.recall_10,
            metrics.map_100,
            metrics.mrr,
            report.latency_ms.p50,
            report.pictures_per_s
        );
    }
    write_run(eval, run, task.as_str())?;
    Ok(ExitCode::Success)
}

fn write_run(eval: &EvalArguments, mut run: Run, tag: &str) -> anyhow::Result<()> {
    let Some(path) = &eval.run else { return Ok(()) };
    run.values_mut().for_each(|ranking| ranking.truncate(eval.k));
    let file = File::create(path)
        .with_context(|| format!("cannot create the run file {}", path.display()))?;
    Ok(write_trec_run(&run, &format!("veritrail-{tag}"), &mut BufWriter::new(file))?)
}

fn print_pages(report: &PageReport, format: FormatArgument) -> anyhow::Result<()> {
    if format == FormatArgument::Json {
        println!("{}", serde_json::to_string(report)?);
        return Ok(());
    }
    println!(
        "{} {}, {}: {} questions",
        report.dataset, report.task, report.asked, report.n_queries
    );
    let lines = [("any fragment", Some(report.metrics)), ("texts alone", report.passages)];
    for (counted, metrics) in lines {
        let Some(metrics) = metrics else { continue };
        println!(
            "  {:7} {counted:12}  recall@1 {:.3}  @5 {:.3}  @10 {:.3}  precision@5 {:.3}  MAP {:.3}  p50 {:.1} ms",
            report.mode,
            metrics.recall_1,
            metrics.recall_5,
            metrics.recall_10,
            metrics.precision_5,
            metrics.map_100,
            report.latency_ms.p50
        );
    }
    Ok(())
}

fn print_retrieval(report: &Report, format: FormatArgument) -> anyhow::Result<()> {
    if format == FormatArgument::Json {
        println!("{}", serde_json::to_string(report)?);
        return Ok(());
    }
    let metrics = &report.metrics;
    println!(
        "{} {:8} recall@2 {:.3}  @5 {:.3}  @10 {:.3}  @100 {:.3}  nDCG@10 {:.3}  MAP {:.3}  MRR {:.3}  p50 {:.1} ms",
        report.dataset,
        report.mode,
        metrics.recall_2,
        metrics.recall_5,
        metrics.recall_10,
        metrics.recall_100,
        metrics.ndcg_10,
        metrics.map_100,
        metrics.mrr,
        report.latency_ms.p50
    );
    Ok(())
}
