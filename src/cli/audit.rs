//! `veritrail audit`

use super::Arguments;
use super::ask::{FormatArgument, principal};
use super::audit_replay;
use super::output::ExitCode;
use anyhow::{Context, bail};
use clap::{Args, Subcommand, ValueEnum};
use std::fs::File;
use std::io::{BufReader, BufWriter};
use std::path::{Path, PathBuf};
use time::OffsetDateTime;
use veritrail::audit::{Checkpoint, Exported, PublicKey, Verification, record_as_trig};
use veritrail::engine::{AnswerFilter, AnswerSummary};
use veritrail::model::AnswerId;

/// Findings printed at most.
const MOST_PRINTED: usize = 20;

/// Prove, months later, what was answered and why.
#[derive(Debug, Args)]
pub(super) struct AuditArguments {
    #[command(subcommand)]
    command: AuditCommand,
}

#[derive(Debug, Subcommand)]
enum AuditCommand {
    /// List answers, the latest first.
    ///
    /// Example: `veritrail audit list --document manuals/x10.md --since 2026-11-01`
    List(ListArguments),
    /// Show all about one answer: question, evidence, checks, models, seal.
    Show {
        /// The answer, as `audit list` names it.
        id: String,
        /// Text, JSON or a page for people; TriG for programs.
        #[arg(long, value_enum, default_value = "text")]
        format: ShowFormat,
    },
    /// Check that every record is as it was sealed, and name the first one that is not.
    ///
    /// Example: `veritrail audit verify --public-key site.pub --checkpoint kept.json`
    Verify(VerifyArguments),
    /// Do the retrieval behind answers again, each on the generation that answered, and
    /// tell what differs.
    ///
    /// Example: `veritrail audit replay --all`
    Replay {
        /// Answers, as `audit list` names them.
        #[arg(required_unless_present = "all")]
        ids: Vec<String>,
        /// Every answer that can be replayed, generation by generation.
        #[arg(long, conflicts_with = "ids")]
        all: bool,
        /// On the generation that answers now: what would they rest on today?
        #[arg(long)]
        on_current: bool,
        /// Text for people or JSON for programs.
        #[arg(long, value_enum, default_value = "text")]
        format: FormatArgument,
    },
    /// Write records, seals, checkpoints, the public key and the documents' digests into
    /// one file, which `audit verify --file` checks without the knowledge base.
    Export {
        /// The file.
        file: PathBuf,
        /// Leave out all words that could be erased; the file can be verified all the same.
        #[arg(long)]
        without_words: bool,
    },
    /// List every answer that used a document, an entity, a model or a generation.
    ///
    /// Example: `veritrail audit impact manuals/x10.md`
    Impact {
        /// Source path, label, model name, generation or IRI.
        of: String,
        /// Answers described at most, the latest first; as JSON the names of the others
        /// follow.
        #[arg(long, default_value_t = 20)]
        limit: usize,
        /// Text for people or JSON for programs.
        #[arg(long, value_enum, default_value = "text")]
        format: FormatArgument,
    },
    /// Erase question, answer and evidence from one record; its seal stays true.
    Erase {
        /// The answer, as `audit list` names it.
        id: String,
        /// Why; it is recorded and never erased.
        #[arg(long)]
        reason: String,
        /// Erase the names of who asked, too.
        #[arg(long)]
        names: bool,
    },
    /// Erase question, answer and evidence from records that are older than
    /// `audit.retention.keep_texts_days`; their seals stay true.
    ///
    /// Example: `veritrail audit retain --dry-run`
    Retain {
        /// Say only which records would lose their words.
        #[arg(long)]
        dry_run: bool,
        /// Of all records that were asked before this time instead: RFC 3339, or the
        /// beginning of it such as 2026-11.
        #[arg(long)]
        before: Option<String>,
        /// Text for people or JSON for programs.
        #[arg(long, value_enum, default_value = "text")]
        format: FormatArgument,
    },
    /// Sign the chain as it is and print the checkpoint, to be kept elsewhere.
    Checkpoint,
    /// Print the public key of the site, to be kept elsewhere.
    Key,
}

#[derive(Debug, Args)]
struct ListArguments {
    /// Asked at this time or later: RFC 3339, or the beginning of it such as 2026-11.
    #[arg(long)]
    since: Option<String>,
    /// Asked before this time.
    #[arg(long)]
    until: Option<String>,
    /// Asked by this principal.
    #[arg(long)]
    principal: Option<String>,
    /// Rest on this document.
    #[arg(long)]
    document: Option<String>,
    /// Rest on evidence that names this entity.
    #[arg(long)]
    entity: Option<String>,
    /// Made with this embedding model or language model.
    #[arg(long)]
    model: Option<String>,
    /// From this generation.
    #[arg(long)]
    generation: Option<String>,
    /// With a sentence that its evidence does not carry.
    #[arg(long)]
    unsupported: bool,
    /// Said to be bad or wrong by somebody.
    #[arg(long)]
    flagged: bool,
    /// Answers at most.
    #[arg(long, default_value_t = 50)]
    limit: usize,
    /// Text for people or JSON for programs.
    #[arg(long, value_enum, default_value = "text")]
    format: FormatArgument,
}

#[derive(Debug, Args)]
struct VerifyArguments {
    /// An exported file, in the place of the knowledge base.
    #[arg(long)]
    file: Option<PathBuf>,
    /// The public key as it was kept elsewhere: 64 hexadecimal digits, or a file of them.
    #[arg(long)]
    public_key: Option<String>,
    /// Files with checkpoints that were kept elsewhere.
    #[arg(long = "checkpoint", value_name = "FILE")]
    checkpoints: Vec<PathBuf>,
    /// Text for people or JSON for programs.
    #[arg(long, value_enum, default_value = "text")]
    format: FormatArgument,
}

#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
enum ShowFormat {
    Text,
    Json,
    Trig,
    Html,
}

pub(super) fn run(arguments: &Arguments, audit: &AuditArguments) -> anyhow::Result<ExitCode> {
    match &audit.command {
        AuditCommand::Verify(verify) => return self::verify(arguments, verify),
        AuditCommand::List(list) => self::list(arguments, list)?,
        AuditCommand::Show { id, format } => show(arguments, id, *format)?,
        AuditCommand::Replay { ids, all, on_current, format } => {
            return audit_replay::run(arguments, ids, *all, *on_current, *format);
        }
        AuditCommand::Export { file, without_words } => export(arguments, file, *without_words)?,
        AuditCommand::Impact { of, limit, format } => impact(arguments, of, *limit, *format)?,
        AuditCommand::Erase { id, reason, names } => {
            let id = answer(id)?;
            let knowledge_base = arguments.open_records()?;
            let n = knowledge_base.erase_answer(&id, *names, &principal(), reason)?;
            knowledge_base.close()?;
            println!("{n} texts erased from the record of {}; the erasure is sealed", id.name());
        }
        AuditCommand::Retain { dry_run, before, format } => {
            retain(arguments, *dry_run, before.as_deref(), *format)?;
        }
        AuditCommand::Checkpoint => match arguments.open_records()?.audit_checkpoint()? {
            Some(checkpoint) => println!("{}", serde_json::to_string(&checkpoint)?),
            None => eprintln!("nothing was recorded since the last checkpoint"),
        },
        AuditCommand::Key => println!("{}", arguments.open_records()?.audit_public_key()?),
    }
    Ok(ExitCode::Success)
}

pub(super) fn answer(name: &str) -> anyhow::Result<AnswerId> {
    let name = name.strip_prefix(veritrail::vocab::ANSWER_PREFIX).unwrap_or(name);
    AnswerId::from_name(name)
        .with_context(|| format!("`{name}` cannot name an answer: expected hexadecimal digits"))
}

fn list(arguments: &Arguments, list: &ListArguments) -> anyhow::Result<()> {
    let found = arguments.open_records()?.list_answers(&AnswerFilter {
        since: list.since.clone(),
        until: list.until.clone(),
        principal: list.principal.clone(),
        document: list.document.clone(),
        entity: list.entity.clone(),
        model: list.model.clone(),
        generation: list.generation.clone(),
        unsupported: list.unsupported,
        flagged: list.flagged,
        limit: list.limit,
    })?;
    match list.format {
        FormatArgument::Json => println!("{}", serde_json::to_string_pretty(&found)?),
        FormatArgument::Text => print_answers(&found),
    }
    Ok(())
}

fn print_answers(answers: &[AnswerSummary]) {
    for answer in answers {
        println!(
            "{}  {}  {}  {}  {}",
            answer.answer_id,
            answer.started_at.get(..19).unwrap_or(&answer.started_at),
            answer.mode,
            answer.principal,
            answer.question.replace('\n', " ")
        );
    }
    if answers.is_empty() {
        println!("no answer fits");
    }
}

fn show(arguments: &Arguments, id: &str, format: ShowFormat) -> anyhow::Result<()> {
    let (id, knowledge_base) = (answer(id)?, arguments.open_records()?);
    let story = knowledge_base.answer_story(&id)?;
    match format {
        ShowFormat::Text => print!("{}", story.to_text()),
        ShowFormat::Json => println!("{}", serde_json::to_string_pretty(&story)?),
        ShowFormat::Html => print!("{}", story.to_html()),
        ShowFormat::Trig => {
            let triples = knowledge_base.answer_record(&id)?;
            print!("{}", record_as_trig(id.as_str(), &triples)?);
        }
    }
    Ok(())
}

fn verify(arguments: &Arguments, verify: &VerifyArguments) -> anyhow::Result<ExitCode> {
    let key = verify.public_key.as_deref().map(public_key).transpose()?;
    let mut witnesses = Vec::new();
    for path in &verify.checkpoints {
        witnesses.extend(checkpoints(path)?);
    }
    let verification = match &verify.file {
        Some(path) => {
            let file =
                File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
            let exported = Exported::read(path, BufReader::new(file))?;
            exported.verify(key.as_ref(), &witnesses)
        }
        None => arguments.open_records()?.verify_audit(key.as_ref(), &witnesses)?,
    };
    match verify.format {
        FormatArgument::Json => println!("{}", serde_json::to_string_pretty(&verification)?),
        FormatArgument::Text => print_verification(&verification, key.is_some()),
    }
    Ok(if verification.is_sound() { ExitCode::Success } else { ExitCode::Partial })
}

/// A key of the command line, or of the file that it names.
fn public_key(text: &str) -> anyhow::Result<PublicKey> {
    if let Some(key) = PublicKey::from_text(text) {
        return Ok(key);
    }
    let read = std::fs::read_to_string(text);
    let read = read.with_context(|| format!("`{text}` is neither a public key nor a file"))?;
    PublicKey::from_text(&read).with_context(|| format!("{text} holds no public key"))
}

/// Checkpoints of a file, one JSON object in each line.
fn checkpoints(path: &Path) -> anyhow::Result<Vec<Checkpoint>> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    let found = lines
        .map(|line| {
            serde_json::from_str(line)
                .with_context(|| format!("{} holds a line that is no checkpoint", path.display()))
        })
        .collect::<anyhow::Result<Vec<_>>>()?;
    if found.is_empty() {
        bail!("{} holds no checkpoint", path.display());
    }
    Ok(found)
}

fn print_verification(verification: &Verification, key_is_given: bool) {
    println!(
        "{} answers sealed, {} of them older than sealing, {} with erased words; {} acts, {} checkpoints, {} files compared",
        verification.n_records,
        verification.n_adopted,
        verification.n_erased,
        verification.n_acts,
        verification.n_checkpoints,
        verification.n_bytes
    );
    if let Some((sequence, digest)) = &verification.last {
        println!("last seal: {sequence}, SHA-256 {digest}");
    }
    verification.notes.iter().for_each(|note| println!("note: {note}"));
    for finding in verification.findings.iter().take(MOST_PRINTED) {
        let place = finding.sequence.map_or_else(String::new, |n| format!("record {n}: "));
        let record = finding.record.as_ref().map(|record| format!(" ({record})"));
        println!("BROKEN  {place}{}{}", finding.problem, record.unwrap_or_default());
    }
    let n = verification.findings.len();
    if n > MOST_PRINTED {
        println!("and {} more findings", n - MOST_PRINTED);
    }
    match n {
        0 if verification.n_records == 0 => {}
        0 if key_is_given => println!("sound"),
        0 => println!("sound, by the key that lies beside the records"),
        n => println!("{n} findings; the first broken record is named first"),
    }
}

fn export(arguments: &Arguments, file: &Path, without_words: bool) -> anyhow::Result<()> {
    let knowledge_base = arguments.open_records()?;
    let unwritten = || format!("cannot write {}", file.display());
    let mut output = BufWriter::new(File::create(file).with_context(unwritten)?);
    let n = knowledge_base.export_audit(without_words, &mut output).with_context(unwritten)?;
    let written = output.into_inner().map_err(std::io::IntoInnerError::into_error);
    written.and_then(|file| file.sync_all()).with_context(unwritten)?;
    println!("{n} records and acts written to {}", file.display());
    println!("public key {}", knowledge_base.audit_public_key()?);
    Ok(())
}

fn retain(
    arguments: &Arguments,
    dry_run: bool,
    before: Option<&str>,
    format: FormatArgument,
) -> anyhow::Result<()> {
    let records = arguments.open_records()?;
    let by_settings = records.texts_kept_since(OffsetDateTime::now_utc());
    let before = before.map(str::to_owned).or(by_settings).context(
        "the settings keep all words\nhint: set `audit.retention.keep_texts_days`, or say `--before TIME`",
    )?;
    let retained = records.retain(&before, dry_run)?;
    records.close()?;
    match format {
        FormatArgument::Json => println!("{}", serde_json::to_string_pretty(&retained)?),
        FormatArgument::Text if dry_run => {
            retained.answers.iter().for_each(|answer| println!("{answer}"));
            println!("{} records from before {before} would lose their words", retained.n_answers);
        }
        FormatArgument::Text => println!(
            "{} texts erased from {} records from before {before}; the erasures are sealed",
            retained.n_texts, retained.n_answers
        ),
    }
    Ok(())
}

fn impact(
    arguments: &Arguments,
    of: &str,
    limit: usize,
    format: FormatArgument,
) -> anyhow::Result<()> {
    let impact = arguments.open_records()?.impact(of, limit)?;
    if format == FormatArgument::Json {
        println!("{}", serde_json::to_string_pretty(&impact)?);
        return Ok(());
    }
    println!("{} answers used {}", impact.n_answers, impact.of.join(", "));
    if impact.n_answers > 0 {
        print_answers(&impact.described);
    }
    Ok(())
}
