//! `veritrail ask` and `veritrail search`

use super::Arguments;
use super::output::ExitCode;
use super::pictures;
use anyhow::Context;
use clap::{Args, ValueEnum};
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use veritrail::engine::{AskOptions, KnowledgeBase};
use veritrail::model::{
    Answer, AnswerMode, AnswerRecord, Citation, Evidence, PlacedLine, Query, Sentence, StageTiming,
};
use veritrail::retrieve::RetrievalMode;

/// Example: `veritrail ask "How often is the oil of a Beck 30 changed?" --explain`
#[derive(Debug, Args)]
pub(super) struct AskArguments {
    /// The question; may be left out when a picture is the question.
    #[arg(required_unless_present = "image")]
    question: Option<String>,
    /// A picture (PNG, JPEG, WebP, GIF, BMP, TIFF) that the question is about.
    #[arg(long)]
    image: Option<PathBuf>,
    /// Show routes, scores and graph paths of the evidence.
    #[arg(long)]
    explain: bool,
    /// Stages of retrieval.
    #[arg(long, value_enum, default_value = "graph")]
    mode: ModeArgument,
    /// Text for people or JSON for programs.
    #[arg(long, value_enum, default_value = "text")]
    format: FormatArgument,
}

/// Example: `veritrail search "shaft seal" --k 5`
#[derive(Debug, Args)]
pub(super) struct SearchArguments {
    /// What to look for; may be left out when a picture is given.
    #[arg(required_unless_present = "image")]
    text: Option<String>,
    /// A picture (PNG, JPEG, WebP, GIF, BMP, TIFF) to look for.
    #[arg(long)]
    image: Option<PathBuf>,
    /// Find pictures only.
    #[arg(long)]
    pictures: bool,
    /// Number of hits.
    #[arg(long, default_value_t = 10)]
    k: usize,
    /// Stages of retrieval.
    #[arg(long, value_enum, default_value = "graph")]
    mode: ModeArgument,
    /// Text for people or JSON for programs.
    #[arg(long, value_enum, default_value = "text")]
    format: FormatArgument,
}

/// Hits that an answer is made of.
const HITS_PER_ANSWER: usize = 20;

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum ModeArgument {
    Lexical,
    Dense,
    Hybrid,
    Graph,
}

impl From<ModeArgument> for RetrievalMode {
    fn from(mode: ModeArgument) -> Self {
        match mode {
            ModeArgument::Lexical => Self::Lexical,
            ModeArgument::Dense => Self::Dense,
            ModeArgument::Hybrid => Self::Hybrid,
            ModeArgument::Graph => Self::Graph,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
pub(super) enum FormatArgument {
    Text,
    Json,
}

pub(super) fn run(arguments: &Arguments, ask: &AskArguments) -> anyhow::Result<ExitCode> {
    let knowledge_base = arguments.open()?;
    let session = knowledge_base.session()?;
    let options = AskOptions { mode: ask.mode.into(), ..AskOptions::for_principal(principal()) };
    let query = query(ask.question.as_deref(), ask.image.as_deref(), HITS_PER_ANSWER)?;
    let mut n_shown = 0;
    let mut show = |sentence: &Sentence| {
        if ask.format == FormatArgument::Text {
            n_shown += 1;
            print!("{} ", sentence.marked());
            // A terminal that is gone is noticed when the rest is printed.
            drop(std::io::stdout().flush());
        }
    };
    let record = session.ask(&query, &options, &mut show)?;
    match ask.format {
        FormatArgument::Json => println!("{}", serde_json::to_string_pretty(&record)?),
        FormatArgument::Text => {
            let printed = Printed { n_shown, explain: ask.explain };
            print_answer(&knowledge_base, &record, &printed);
        }
    }
    Ok(match record.answer.mode {
        AnswerMode::Abstained { .. } => ExitCode::Abstained,
        AnswerMode::Waiting { .. } => ExitCode::Waiting,
        _ => ExitCode::Success,
    })
}

pub(super) fn search(arguments: &Arguments, search: &SearchArguments) -> anyhow::Result<ExitCode> {
    let knowledge_base = arguments.open()?;
    let session = knowledge_base.session()?;
    let mut query = query(search.text.as_deref(), search.image.as_deref(), search.k)?;
    query.only_pictures = search.pictures;
    let found = session.search(&query, search.mode.into())?;
    let evidence = session.evidence(&found.hits);
    if search.format == FormatArgument::Json {
        println!("{}", serde_json::to_string_pretty(&evidence)?);
        return Ok(ExitCode::Success);
    }
    for route in &found.picture_routes {
        println!("{route}");
    }
    if evidence.is_empty() {
        let what = if search.pictures { "no picture was found" } else { "nothing was found" };
        println!("{what}: the knowledge base holds none that fits and that you may see");
    }
    for item in &evidence {
        println!("{}", heading(item));
        println!("    {}", excerpt(&item.fragment.text));
        print_lines(&knowledge_base, item, |line| shares_a_word(&line.line.text, &query.text));
        print_routes(item);
    }
    Ok(ExitCode::Success)
}

fn query(text: Option<&str>, image: Option<&Path>, k: usize) -> anyhow::Result<Query> {
    let mut query = Query::text(text.unwrap_or_default(), k);
    if let Some(path) = image {
        let bytes = std::fs::read(path)
            .with_context(|| format!("cannot read the picture {}", path.display()))?;
        query.picture = Some(bytes);
    }
    Ok(query)
}

/// Who asks on a command line: the user of the system.
pub(super) fn principal() -> String {
    std::env::var("USER").unwrap_or_else(|_| "local user".to_owned())
}

/// What of an answer is on the screen already, and what is wanted.
#[derive(Default)]
pub(super) struct Printed {
    /// Sentences shown while the answer was made.
    pub(super) n_shown: usize,
    /// Whether routes, scores and paths are wanted.
    pub(super) explain: bool,
}

/// Prints an answer with its citations.
pub(super) fn print_answer(
    knowledge_base: &KnowledgeBase,
    record: &AnswerRecord,
    printed: &Printed,
) {
    match &record.answer.mode {
        AnswerMode::Generated if printed.n_shown > 0 => println!(),
        AnswerMode::Extractive { degraded_because: Some(reason) } => {
            if printed.n_shown > 0 {
                println!("\n");
            }
            println!("(The language model failed: {reason}. These are quotes of the evidence.)\n");
            print_quoting(&record.answer);
        }
        _ => print_quoting(&record.answer),
    }
    for words in record.disclaimers() {
        println!("\n{words}");
    }
    let mut quotes: BTreeMap<usize, Vec<&Citation>> = BTreeMap::new();
    for sentence in &record.answer.sentences {
        for citation in &sentence.citations {
            quotes.entry(citation.number).or_default().push(citation);
        }
    }
    if !quotes.is_empty() {
        println!();
    }
    let shows_pictures = pictures::can_show();
    for item in &record.evidence {
        if let Some(quotes) = quotes.get(&item.number) {
            println!("{}", heading(item));
            for quote in quotes {
                println!("    \"{}\"", excerpt(&quote.quote));
                print_lines(knowledge_base, item, |line| {
                    line.span.start() < quote.span.end() && quote.span.start() < line.span.end()
                });
            }
            if let Some(source) = item.picture_source.as_deref().filter(|_| shows_pictures)
                && let Ok(Some(bytes)) = knowledge_base.original(source)
            {
                pictures::show(&bytes);
            }
        }
    }
    if printed.explain {
        println!("\nEvidence, best first:");
        for route in &record.picture_routes {
            println!("{route}");
        }
        for item in &record.evidence {
            println!("{}", heading(item));
            print_routes(item);
        }
        let timing = |t: &StageTiming| format!("{} {:.1} ms", t.stage, t.duration_ms);
        let timings: Vec<String> = record.timings.iter().map(timing).collect();
        println!("time: {}", timings.join(", "));
    }
    println!(
        "\nanswer {} · {} · generation {}",
        record.id.name(),
        record.answer.mode.as_str(),
        record.generation.name()
    );
}

fn heading(item: &Evidence) -> String {
    let section = item.fragment.section();
    let section = if section.is_empty() || section == item.title {
        String::new()
    } else {
        format!(" § {}", section.strip_prefix(&format!("{} > ", item.title)).unwrap_or(&section))
    };
    let picture = item
        .picture_source
        .as_deref()
        .filter(|picture| *picture != item.source)
        .map_or_else(String::new, |picture| format!(", picture {picture}"));
    let region = item.region.map_or_else(String::new, |region| format!(", {region}"));
    let page = item.fragment.page.map_or_else(String::new, |page| format!(", p. {page}"));
    format!("[{}] {}{section} ({}{page}{picture}{region})", item.number, item.title, item.source)
}

/// The lines of a picture that are `wanted`, each with its box in the picture file.
/// The fact, when one is stated, and what carries it.
fn print_quoting(answer: &Answer) {
    if let Some(fact) = &answer.short_answer {
        println!("{fact}\n");
    }
    println!("{}", answer.text());
}

fn print_lines(
    knowledge_base: &KnowledgeBase,
    item: &Evidence,
    wanted: impl Fn(&PlacedLine) -> bool,
) {
    if item.fragment.picture() != Some(&item.fragment.document) {
        return;
    }
    // Where the words stand is an addition; without it the words are there.
    let lines = knowledge_base.text_lines(&item.fragment.id).unwrap_or_default();
    for line in lines.iter().filter(|line| wanted(line)) {
        println!("    {}#{} \"{}\"", item.source, line.line.region, excerpt(&line.line.text));
    }
}

fn shares_a_word(line: &str, question: &str) -> bool {
    let words = |text: &str| -> Vec<String> {
        let words = text.split(|character: char| !character.is_alphanumeric());
        words.filter(|word| word.chars().count() > 1).map(str::to_lowercase).collect()
    };
    let asked = words(question);
    words(line).iter().any(|word| asked.contains(word))
}

fn print_routes(item: &Evidence) {
    let routes: Vec<String> = item
        .routes
        .iter()
        .map(|route| format!("{} {:.3} (rank {})", route.route.as_str(), route.score, route.rank))
        .collect();
    println!("    score {:.3}: {}", item.score, routes.join(", "));
    if let Some(path) = &item.path {
        let steps: Vec<&str> = path.steps.iter().map(|step| step.label()).collect();
        println!("    path: {}", steps.join(" -> "));
    }
}

fn excerpt(text: &str) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if words.chars().count() <= 200 {
        return words;
    }
    format!("{}…", words.chars().take(199).collect::<String>())
}
