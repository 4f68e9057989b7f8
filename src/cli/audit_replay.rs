//! `veritrail audit replay`

use super::Arguments;
use super::ask::FormatArgument;
use super::audit::answer;
use super::output::{CountReporter, ExitCode};
use serde_json::json;
use veritrail::engine::{AnswerFilter, EngineError, KnowledgeBase, Replay};
use veritrail::model::AnswerId;

/// Retrievals that come out differently are printed at most.
const MOST_PRINTED: usize = 20;

pub(super) fn run(
    arguments: &Arguments,
    ids: &[String],
    all: bool,
    on_current: bool,
    format: FormatArgument,
) -> anyhow::Result<ExitCode> {
    let knowledge_base = arguments.open()?;
    let mut replayer =
        if on_current { knowledge_base.replayer_on_current() } else { knowledge_base.replayer() };
    let wanted = if all {
        of_all(&knowledge_base)?
    } else {
        ids.iter().map(|id| answer(id)).collect::<anyhow::Result<_>>()?
    };
    let (mut replays, mut impossible) = (Vec::new(), Vec::new());
    let mut reporter = CountReporter::new("answers", wanted.len());
    for (n_done, id) in wanted.iter().enumerate() {
        reporter.show(n_done);
        match replayer.replay(id) {
            Ok(replay) => replays.push(replay),
            // Of many answers some were asked with pictures, or lost their words.
            Err(EngineError::NoReplay { reason, .. }) if wanted.len() > 1 => {
                impossible.push(json!({ "answer_id": id.name(), "reason": reason }));
            }
            Err(error) => return Err(error.into()),
        }
    }
    drop(reporter);
    let n_identical = replays.iter().filter(|replay| replay.identical).count();
    if format == FormatArgument::Json {
        let outcome = match replays.as_slice() {
            [one] if !all && wanted.len() == 1 => json!(one),
            many => json!({
                "n_identical": n_identical, "n_replayed": many.len(),
                "replays": many, "impossible": impossible,
            }),
        };
        println!("{}", serde_json::to_string_pretty(&outcome)?);
    } else if let ([one], 1) = (replays.as_slice(), wanted.len()) {
        print(one);
    } else {
        let others = replays.iter().filter(|replay| !replay.identical);
        for replay in others.take(MOST_PRINTED) {
            println!("answer {}", replay.answer_id);
            print(replay);
        }
        let n_pinned = replays.iter().filter(|replay| replay.pinned).count();
        println!(
            "{n_identical} of {} identical; {n_pinned} on the generation that answered; {} cannot be replayed",
            replays.len(),
            impossible.len()
        );
    }
    let same = n_identical == replays.len();
    Ok(if same { ExitCode::Success } else { ExitCode::Partial })
}

/// Every answer, those of one generation together, so that each is read once.
fn of_all(knowledge_base: &KnowledgeBase) -> anyhow::Result<Vec<AnswerId>> {
    let mut found = knowledge_base
        .list_answers(&AnswerFilter { limit: usize::MAX, ..AnswerFilter::default() })?;
    found.sort_by(|a, b| a.generation.cmp(&b.generation));
    found.iter().map(|summary| answer(&summary.answer_id)).collect()
}

fn print(replay: &Replay) {
    let now = match replay.pinned {
        true => String::new(),
        false => format!(", replayed on {}", replay.generation_now),
    };
    println!("generation {}{now}", replay.generation_then);
    replay.changed.iter().for_each(|change| println!("changed  {change}"));
    replay.differences.iter().for_each(|difference| println!("differs  {difference}"));
    println!("{}", if replay.identical { "identical" } else { "not identical" });
}
