//! `veritrail review`

use super::Arguments;
use super::ask::{FormatArgument, principal};
use super::output::{ExitCode, ProgressReporter};
use anyhow::Context;
use clap::{Args, Subcommand, ValueEnum};
use std::collections::BTreeSet;
use veritrail::engine::{FeedbackStory, HeldAnswer, KnowledgeBase, MergeStory};
use veritrail::model::{
    AnswerId, ClaimStatus, Depiction, DepictionId, DepictionStatus, FeedbackId, MergeId, Opinion,
};

/// Example: `veritrail review`, then `veritrail review accept 3f2a... --reason "checked"`
#[derive(Debug, Args)]
pub(super) struct ReviewArguments {
    #[command(subcommand)]
    decision: Option<DecisionArgument>,
    /// Claims of which kind are listed.
    #[arg(long = "of", value_enum, default_value = "all")]
    kind: KindArgument,
    /// Claims of which status are listed.
    #[arg(long, value_enum, default_value = "proposed")]
    status: StatusArgument,
    /// Only claims about the entity with this label or IRI.
    #[arg(long)]
    entity: Option<String>,
    /// Claims listed at most, the most probable first.
    #[arg(long, default_value_t = 50)]
    k: usize,
    /// Text for people or JSON for programs.
    #[arg(long, value_enum, default_value = "text")]
    format: FormatArgument,
}

#[derive(Debug, Subcommand)]
enum DecisionArgument {
    /// Let claims count, and publish; release answers.
    Accept(ClaimsArgument),
    /// Let claims not count, now and when they are made again, and publish; withhold
    /// answers, or withdraw them. Feedback changes nothing by itself.
    Reject(ClaimsArgument),
}

#[derive(Debug, Args)]
struct ClaimsArgument {
    /// Claims, answers and feedback as the list names them.
    #[arg(required = true)]
    claims: Vec<String>,
    /// Why; it is recorded.
    #[arg(long)]
    reason: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
enum KindArgument {
    /// Answers that wait, feedback, what pictures show, then which entities are one
    /// thing.
    All,
    /// Answers that wait for approval.
    Answers,
    /// Answers that readers or the check of their sentences doubt.
    Feedback,
    /// What pictures show.
    Pictures,
    /// Which entities are one thing.
    Merges,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum StatusArgument {
    Proposed,
    Accepted,
    Rejected,
}

impl From<StatusArgument> for DepictionStatus {
    fn from(status: StatusArgument) -> Self {
        match status {
            StatusArgument::Proposed => Self::Proposed,
            StatusArgument::Accepted => Self::Accepted,
            StatusArgument::Rejected => Self::Rejected,
        }
    }
}

pub(super) fn run(arguments: &Arguments, review: &ReviewArguments) -> anyhow::Result<ExitCode> {
    let knowledge_base = arguments.open()?;
    let (claims, status) = match &review.decision {
        None => {
            list(&knowledge_base, review)?;
            return Ok(ExitCode::Success);
        }
        Some(DecisionArgument::Accept(claims)) => (claims, DepictionStatus::Accepted),
        Some(DecisionArgument::Reject(claims)) => (claims, DepictionStatus::Rejected),
    };
    decide(&knowledge_base, claims, status, review.format)?;
    Ok(ExitCode::Success)
}

/// A claim of one of the kinds.
enum Claim {
    Answer(AnswerId),
    Feedback(FeedbackId),
    Picture(DepictionId),
    Merge(MergeId),
}

fn decide(
    knowledge_base: &KnowledgeBase,
    ClaimsArgument { claims, reason }: &ClaimsArgument,
    status: ClaimStatus,
    format: FormatArgument,
) -> anyhow::Result<()> {
    let merges: BTreeSet<MergeId> =
        knowledge_base.merges()?.into_iter().map(|story| story.merge.id).collect();
    let held = knowledge_base.held_answers()?;
    let given = knowledge_base.feedback()?;
    let claims: Vec<Claim> = claims
        .iter()
        .map(|name| {
            if let Some(held) = held.iter().find(|held| held.answer.name() == name) {
                return Ok(Claim::Answer(held.answer.clone()));
            }
            if let Some(story) = given.iter().find(|story| story.feedback.id.name() == name) {
                return Ok(Claim::Feedback(story.feedback.id.clone()));
            }
            if let Some(merge) = MergeId::from_name(name).filter(|merge| merges.contains(merge)) {
                return Ok(Claim::Merge(merge));
            }
            let depiction = DepictionId::from_name(name).with_context(|| {
                format!("`{name}` cannot name a claim: expected hexadecimal digits")
            });
            depiction.map(Claim::Picture)
        })
        .collect::<Result<_, _>>()?;
    let reason = reason.as_deref();
    for claim in &claims {
        match claim {
            Claim::Answer(id) => knowledge_base.decide_answer(id, status, &principal(), reason)?,
            Claim::Feedback(id) => {
                knowledge_base.decide_feedback(id, status, &principal(), reason)?
            }
            Claim::Picture(id) => knowledge_base.decide(id, status, &principal(), reason)?,
            Claim::Merge(id) => knowledge_base.decide_merge(id, status, &principal(), reason)?,
        }
    }
    // Answers are released without another generation, and feedback changes none.
    if claims.iter().all(|claim| matches!(claim, Claim::Answer(_) | Claim::Feedback(_))) {
        match format {
            FormatArgument::Json => {
                let outcome =
                    serde_json::json!({ "done": claims.len(), "status": status.as_str() });
                println!("{}", serde_json::to_string_pretty(&outcome)?);
            }
            FormatArgument::Text => println!("{} {}", claims.len(), status.as_str()),
        }
        return Ok(());
    }
    publish(knowledge_base, &format!("{} {}", claims.len(), status.as_str()), format)
}

/// Publishes, and says what was done and which generation is current. Merges that a
/// rejected pair stands against are named.
pub(super) fn publish(
    knowledge_base: &KnowledgeBase,
    done: &str,
    format: FormatArgument,
) -> anyhow::Result<()> {
    let mut reporter = ProgressReporter::new();
    let published = knowledge_base.publish(&mut |progress| reporter.show(&progress))?;
    drop(reporter);
    let conflicts: Vec<String> =
        knowledge_base.merge_conflicts()?.iter().map(ToString::to_string).collect();
    let generation = published.generation.name();
    if format == FormatArgument::Json {
        let outcome = serde_json::json!({
            "done": done, "generation": generation, "changed": published.changed,
            "conflicts": conflicts,
        });
        println!("{}", serde_json::to_string_pretty(&outcome)?);
        return Ok(());
    }
    println!("{done}; generation {generation}");
    for conflict in conflicts {
        println!("conflict: {conflict}");
    }
    Ok(())
}

fn list(knowledge_base: &KnowledgeBase, review: &ReviewArguments) -> anyhow::Result<()> {
    let answers = answers(knowledge_base, review)?;
    let feedback = feedback(knowledge_base, review)?;
    let (pictures, n_pictures) = pictures(knowledge_base, review)?;
    let (merges, n_merges) = merges(knowledge_base, review)?;
    let labels = knowledge_base.labels()?;
    let label = |claim: &Depiction| {
        let iri = claim.entity.as_str();
        labels.get(iri).cloned().unwrap_or_else(|| iri.to_owned())
    };
    if review.format == FormatArgument::Json {
        let pictures = pictures.iter().map(|claim| {
            serde_json::json!({
                "kind": "picture",
                "claim": claim.id.name(), "picture": claim.picture.source(),
                "entity": claim.entity.as_str(), "label": label(claim),
                "method": claim.method.as_str(), "probability": claim.probability,
                "cosine": claim.measured.map(|(_, cosine)| cosine),
                "evidence": claim.evidence, "status": claim.status.as_str(),
            })
        });
        let answers = answers.iter().map(answer_row).chain(feedback.iter().map(feedback_row));
        let rows: Vec<serde_json::Value> =
            answers.chain(pictures).chain(merges.iter().map(merge_row)).collect();
        println!("{}", serde_json::to_string_pretty(&rows)?);
        return Ok(());
    }
    for held in &answers {
        println!("{}  answer  held by {}  {}", held.answer.name(), held.rule, held.question);
        println!("    {}", held.text.replace('\n', "\n    "));
    }
    feedback.iter().for_each(print_feedback);
    for claim in &pictures {
        println!(
            "{}  {:.2}  {:16}  {}  shows  {}",
            claim.id.name(),
            claim.probability,
            claim.method.as_str(),
            claim.picture.source(),
            label(claim)
        );
    }
    merges.iter().for_each(print_merge);
    println!(
        "{} of {} {} claims",
        pictures.len() + merges.len(),
        n_pictures + n_merges,
        DepictionStatus::from(review.status).as_str()
    );
    Ok(())
}

/// The claims about pictures that are asked for, and how many there are in all.
fn pictures(
    knowledge_base: &KnowledgeBase,
    review: &ReviewArguments,
) -> anyhow::Result<(Vec<Depiction>, usize)> {
    if !matches!(review.kind, KindArgument::All | KindArgument::Pictures) {
        return Ok((Vec::new(), 0));
    }
    let labels = knowledge_base.labels()?;
    let status = review.status.into();
    let mut claims = knowledge_base.depictions()?;
    claims.retain(|claim| {
        let iri = claim.entity.as_str();
        let wanted = |entity: &String| {
            let label = labels.get(iri).map_or(iri, String::as_str);
            iri == entity || label.to_lowercase() == entity.to_lowercase()
        };
        claim.status == status && review.entity.as_ref().is_none_or(wanted)
    });
    let n_all = claims.len();
    claims.truncate(review.k);
    Ok((claims, n_all))
}

/// The answers that are asked for.
fn answers(
    knowledge_base: &KnowledgeBase,
    review: &ReviewArguments,
) -> anyhow::Result<Vec<HeldAnswer>> {
    let wanted = matches!(review.kind, KindArgument::All | KindArgument::Answers);
    if !wanted || review.entity.is_some() {
        return Ok(Vec::new());
    }
    let mut held = knowledge_base.held_answers()?;
    let status = ClaimStatus::from(review.status);
    held.retain(|held| held.status() == status);
    Ok(held)
}

/// The feedback that is asked for: what was decided, or what waits and is not good.
fn feedback(
    knowledge_base: &KnowledgeBase,
    review: &ReviewArguments,
) -> anyhow::Result<Vec<FeedbackStory>> {
    let wanted = matches!(review.kind, KindArgument::All | KindArgument::Feedback);
    if !wanted || review.entity.is_some() {
        return Ok(Vec::new());
    }
    let status = ClaimStatus::from(review.status);
    let mut given = knowledge_base.feedback()?;
    given.retain(|story| match &story.decided {
        Some(decision) => decision.status == status,
        None => status == ClaimStatus::Proposed && story.feedback.opinion != Opinion::Good,
    });
    given.truncate(review.k);
    Ok(given)
}

fn feedback_row(story: &FeedbackStory) -> serde_json::Value {
    let given = &story.feedback;
    serde_json::json!({
        "kind": "feedback", "claim": given.id.name(), "answer_id": given.answer.name(),
        "question": story.question, "answer": story.answer_text,
        "verdict": given.opinion.as_str(), "comment": given.comment,
        "principal": given.principal, "given_at": given.given_at, "decided": story.decided,
    })
}

fn print_feedback(story: &FeedbackStory) {
    let given = &story.feedback;
    println!(
        "{}  feedback  {} by {} on answer {}  {}",
        given.id.name(),
        given.opinion.as_str(),
        given.principal,
        given.answer.name(),
        story.question
    );
    for words in given.comment.iter().chain(std::iter::once(&story.answer_text)) {
        println!("    {}", words.replace('\n', "\n    "));
    }
}

fn answer_row(held: &HeldAnswer) -> serde_json::Value {
    serde_json::json!({
        "kind": "answer", "claim": held.answer.name(), "rule": held.rule,
        "question": held.question, "answer": held.text, "principal": held.principal,
        "asked_at": held.asked_at, "status": held.status().as_str(),
        "decisions": held.decisions,
    })
}

/// The merges that are asked for, and how many there are in all.
fn merges(
    knowledge_base: &KnowledgeBase,
    review: &ReviewArguments,
) -> anyhow::Result<(Vec<MergeStory>, usize)> {
    if !matches!(review.kind, KindArgument::All | KindArgument::Merges) {
        return Ok((Vec::new(), 0));
    }
    let status = ClaimStatus::from(review.status);
    let mut merges = knowledge_base.merges()?;
    merges.retain(|MergeStory { merge, labels: (left, right), .. }| {
        let wanted = |entity: &String| {
            [merge.left.as_str(), merge.right.as_str()].contains(&entity.as_str())
                || [left, right].iter().any(|l| l.to_lowercase() == entity.to_lowercase())
        };
        merge.status == status && review.entity.as_ref().is_none_or(wanted)
    });
    let n_all = merges.len();
    merges.truncate(review.k);
    Ok((merges, n_all))
}

fn merge_row(story: &MergeStory) -> serde_json::Value {
    let merge = &story.merge;
    let evidence: serde_json::Map<String, serde_json::Value> =
        merge.evidence.iter().map(|(name, value)| (name.clone(), (*value).into())).collect();
    serde_json::json!({
        "kind": "merge",
        "claim": merge.id.name(), "entities": [merge.left.as_str(), merge.right.as_str()],
        "labels": [story.labels.0, story.labels.1], "method": merge.method,
        "probability": merge.probability, "evidence": evidence,
        "status": merge.status.as_str(), "decided": story.decided,
    })
}

/// One line for a merge: what it is about, and the strongest evidence.
pub(super) fn print_merge(story: &MergeStory) {
    let merge = &story.merge;
    let mut evidence = merge.evidence.clone();
    evidence.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let evidence: Vec<String> =
        evidence.iter().take(4).map(|(name, value)| format!("{name} {value:.2}")).collect();
    println!(
        "{}  {:.2}  {:16}  {}  is  {}  ({} = {})  {}",
        merge.id.name(),
        merge.probability,
        merge.method,
        story.labels.0,
        story.labels.1,
        merge.left,
        merge.right,
        evidence.join(", ")
    );
}
