//! `veritrail eval --sweep`

use super::Arguments;
use super::ask::FormatArgument;
use super::eval::{EvalArguments, config};
use super::eval_answers::write_lines;
use super::output::{ExitCode, ProgressReporter};
use anyhow::{Context, bail, ensure};
use clap::ValueEnum;
use serde::Deserialize;
use std::path::Path;
use toml::{Table, Value};
use veritrail::config::Config;
use veritrail::engine::{EvaluateOptions, Evaluation, Variant};
use veritrail::eval::{
    Against, Dataset, QuestionReport, SweptSet, sweep_rows, sweep_table, write_questions,
};
use veritrail::retrieve::RetrievalMode;

/// Where a sweep remembers what it ranked, beside the knowledge bases that it keeps.
const REMEMBERED: &str = "sweeps";

/// Which variant each one is compared with.
#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
pub(super) enum AgainstArgument {
    /// The first one.
    First,
    /// The one before it.
    Previous,
}

/// A file of variants.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SweepFile {
    variant: Vec<VariantEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct VariantEntry {
    name: String,
    #[serde(default = "graph")]
    mode: RetrievalMode,
    /// Settings of the section `retrieve`.
    #[serde(default)]
    retrieve: Table,
}

fn graph() -> RetrievalMode {
    RetrievalMode::Graph
}

/// Ranks the questions of several data sets in several ways, and says what differs by
/// more than chance.
pub(super) fn run(arguments: &Arguments, eval: &EvalArguments) -> anyhow::Result<ExitCode> {
    let (settings, config) = config(eval)?;
    let variants = variants(eval, &config)?;
    ensure!(!variants.is_empty(), "there is no variant to rank the questions by");
    let models = arguments.models(&config)?;
    let temporary = tempfile::tempdir().context("cannot create a temporary folder")?;
    let root = eval.keep.as_deref().unwrap_or(temporary.path());
    let remembered = root.join(REMEMBERED);
    let mut sets = Vec::new();
    for folder in std::iter::once(&eval.dataset).chain(&eval.more) {
        let corpus = eval.corpus.as_deref().filter(|_| !folder.join("corpus.jsonl").exists());
        let dataset = Dataset::load(folder, corpus)?;
        let mut reporter = ProgressReporter::new();
        let modes = Vec::new();
        let options = EvaluateOptions { modes, settings: settings.clone() };
        let kept = root.join(&dataset.name);
        let mut show = |progress: veritrail::engine::Progress<'_>| reporter.show(&progress);
        std::fs::create_dir_all(root)
            .with_context(|| format!("cannot create the folder {}", root.display()))?;
        let prepared = Evaluation::prepare(&dataset, &models, &kept, &options, &mut show)?;
        drop(reporter);
        let ranked = variants.iter().map(|variant| {
            let questions = prepared.questions(variant, Some(&remembered))?;
            Ok((variant.name.clone(), questions))
        });
        let ranked = ranked.collect::<anyhow::Result<Vec<_>>>()?;
        let generation = prepared.generation().to_owned();
        sets.push(SweptSet { dataset: dataset.name.clone(), generation, variants: ranked });
    }
    let against = match eval.against {
        AgainstArgument::First => Against::First,
        AgainstArgument::Previous => Against::Previous,
    };
    let rows = sweep_rows(&sets, against);
    if eval.format == FormatArgument::Text {
        print!("{}", sweep_table(&rows));
    } else {
        for row in &rows {
            println!("{}", serde_json::to_string(row)?);
        }
    }
    if let Some(path) = &eval.run {
        write_lines(path, &rows)?;
    }
    let all = sets.into_iter().flat_map(|set| set.variants);
    per_question(eval, &all.flat_map(|(_, questions)| questions).collect::<Vec<_>>())?;
    Ok(ExitCode::Success)
}

/// Writes what became of each question, where that is wished.
pub(super) fn per_question(
    eval: &EvalArguments,
    questions: &[QuestionReport],
) -> anyhow::Result<()> {
    let Some(path) = &eval.per_query else { return Ok(()) };
    let file = std::fs::File::create(path)
        .with_context(|| format!("cannot create the file {}", path.display()))?;
    let mut output = std::io::BufWriter::new(file);
    write_questions(questions, &mut output)?;
    Ok(std::io::Write::flush(&mut output)?)
}

/// The variants of the file, then those of all combinations of `--set`; the modes alone
/// without both.
fn variants(eval: &EvalArguments, config: &Config) -> anyhow::Result<Vec<Variant>> {
    let mut variants = match &eval.sweep {
        Some(file) => from_file(file, config)?,
        None => Vec::new(),
    };
    if variants.is_empty() || !eval.set.is_empty() {
        let modes: Vec<RetrievalMode> = match eval.mode.as_slice() {
            [] if eval.set.is_empty() => RetrievalMode::ALL.to_vec(),
            [] => vec![RetrievalMode::Graph],
            modes => modes.iter().map(|mode| (*mode).into()).collect(),
        };
        for mode in modes {
            variants.extend(combined(&eval.set, mode, config)?);
        }
    }
    Ok(variants)
}

fn from_file(file: &Path, config: &Config) -> anyhow::Result<Vec<Variant>> {
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("cannot read the variants {}", file.display()))?;
    let read: SweepFile =
        toml::from_str(&text).with_context(|| format!("{} holds no variants", file.display()))?;
    let entries = read.variant.into_iter();
    let variant = |entry: VariantEntry| {
        let retrieve = with(config, &entry.retrieve)
            .with_context(|| format!("the variant `{}` cannot be used", entry.name))?;
        Ok(Variant { name: entry.name, mode: entry.mode, retrieve })
    };
    entries.map(variant).collect()
}

/// Every combination of the values of `retrieve.KEY=VALUE,VALUE...`.
fn combined(set: &[String], mode: RetrievalMode, config: &Config) -> anyhow::Result<Vec<Variant>> {
    let mut chosen: Vec<(String, Table)> = vec![(mode.as_str().to_owned(), Table::new())];
    for one in set {
        let Some((key, values)) = one
            .strip_prefix("retrieve.")
            .and_then(|setting| setting.split_once('='))
            .filter(|(_, values)| !values.is_empty())
        else {
            bail!("expected retrieve.KEY=VALUE or retrieve.KEY=VALUE,VALUE, found `{one}`");
        };
        let values = values.split(',').map(str::trim);
        let values: Vec<(&str, Value)> = values.map(|text| (text, value(text))).collect();
        let grown = chosen.iter().flat_map(|(name, table)| {
            values.iter().map(move |(text, value)| {
                let mut table = table.clone();
                table.insert(key.to_owned(), value.clone());
                (format!("{name} {key}={text}"), table)
            })
        });
        chosen = grown.collect();
    }
    let variant = |(name, table): (String, Table)| {
        let retrieve =
            with(config, &table).with_context(|| format!("the variant `{name}` cannot be used"))?;
        Ok(Variant { name, mode, retrieve })
    };
    chosen.into_iter().map(variant).collect()
}

fn value(text: &str) -> Value {
    let read = format!("value = {text}").parse::<Table>().ok();
    let value = read.and_then(|mut table| table.remove("value"));
    value.unwrap_or_else(|| Value::String(text.to_owned()))
}

/// The settings of retrieval with some of them replaced.
fn with(config: &Config, replaced: &Table) -> anyhow::Result<veritrail::retrieve::RetrieveConfig> {
    let mut settings = Table::try_from(&config.retrieve)?;
    for (key, value) in replaced {
        // A whole number stands for a fraction where one is expected.
        let value = match (settings.get(key), value) {
            (Some(Value::Float(_)), Value::Integer(number)) => Value::Float(*number as f64),
            _ => value.clone(),
        };
        settings.insert(key.clone(), value);
    }
    Ok(settings.try_into()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_combination_of_values_is_a_variant() {
        let set = ["retrieve.damping=0.5,0.7".to_owned(), "retrieve.n_seeds=5,10".to_owned()];
        let all = combined(&set, RetrievalMode::Graph, &Config::default()).unwrap();
        let names: Vec<&str> = all.iter().map(|variant| variant.name.as_str()).collect();
        assert_eq!(names.len(), 4);
        assert_eq!(names[1], "graph damping=0.5 n_seeds=10");
        assert_eq!((all[1].retrieve.damping, all[1].retrieve.n_seeds), (0.5, 10));
    }

    #[test]
    fn a_setting_that_is_not_known_is_named() {
        for wrong in ["retrieve.dampng=1", "damping=1", "retrieve.damping="] {
            let set = [wrong.to_owned()];
            let error = combined(&set, RetrievalMode::Graph, &Config::default()).unwrap_err();
            let error = format!("{error:#}");
            assert!(error.contains("dampng") || error.contains(wrong), "{error}");
        }
    }

    #[test]
    fn a_file_names_variants_with_stage_and_settings() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("sweep.toml");
        let text = "[[variant]]\nname = \"words\"\nmode = \"lexical\"\n\
                    [[variant]]\nname = \"no bridges\"\nretrieve.bridge_weight = 0\n";
        std::fs::write(&file, text).unwrap();
        let all = from_file(&file, &Config::default()).unwrap();
        assert_eq!(all.len(), 2);
        assert_eq!((all[0].mode, all[1].mode), (RetrievalMode::Lexical, RetrievalMode::Graph));
        assert_eq!(all[1].retrieve.bridge_weight, 0.0);
    }
}
