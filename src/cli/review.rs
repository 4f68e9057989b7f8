//! `veritrail review`

use super::Arguments;
use super::ask::{FormatArgument, principal};
use super::output::{ExitCode, ProgressReporter};
use anyhow::Context;
use clap::{Args, Subcommand, ValueEnum};
use veritrail::engine::KnowledgeBase;
use veritrail::model::{Depiction, DepictionId, DepictionStatus};

/// Example: `veritrail review`, then `veritrail review accept 3f2a...`
#[derive(Debug, Args)]
pub(super) struct ReviewArguments {
    #[command(subcommand)]
    decision: Option<DecisionArgument>,
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
    /// Let claims count, and publish.
    Accept(ClaimsArgument),
    /// Let claims not count, now and when they are made again, and publish.
    Reject(ClaimsArgument),
}

#[derive(Debug, Args)]
struct ClaimsArgument {
    /// Claims as the list names them.
    #[arg(required = true)]
    claims: Vec<String>,
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
    let mut knowledge_base = arguments.open()?;
    match &review.decision {
        None => list(&knowledge_base, review)?,
        Some(DecisionArgument::Accept(claims)) => {
            decide(&mut knowledge_base, &claims.claims, DepictionStatus::Accepted)?;
        }
        Some(DecisionArgument::Reject(claims)) => {
            decide(&mut knowledge_base, &claims.claims, DepictionStatus::Rejected)?;
        }
    }
    Ok(ExitCode::Success)
}

fn decide(
    knowledge_base: &mut KnowledgeBase,
    claims: &[String],
    status: DepictionStatus,
) -> anyhow::Result<()> {
    let claims: Vec<DepictionId> = claims
        .iter()
        .map(|name| {
            DepictionId::from_name(name).with_context(|| {
                format!("`{name}` cannot name a claim: expected hexadecimal digits")
            })
        })
        .collect::<Result<_, _>>()?;
    for claim in &claims {
        knowledge_base.decide(claim, status, &principal())?;
    }
    let mut reporter = ProgressReporter::new();
    let published = knowledge_base.publish(&mut |progress| reporter.show(&progress))?;
    drop(reporter);
    println!("{} {}; generation {}", claims.len(), status.as_str(), published.generation.name());
    Ok(())
}

fn list(knowledge_base: &KnowledgeBase, review: &ReviewArguments) -> anyhow::Result<()> {
    let labels = knowledge_base.labels()?;
    let label = |claim: &Depiction| {
        let iri = claim.entity.as_str();
        labels.get(iri).cloned().unwrap_or_else(|| iri.to_owned())
    };
    let status = review.status.into();
    let mut claims = knowledge_base.depictions()?;
    claims.retain(|claim| {
        let wanted = review.entity.as_ref().is_none_or(|entity| {
            claim.entity.as_str() == entity || label(claim).to_lowercase() == entity.to_lowercase()
        });
        wanted && claim.status == status
    });
    let n_all = claims.len();
    claims.truncate(review.k);
    if review.format == FormatArgument::Json {
        let rows: Vec<serde_json::Value> = claims
            .iter()
            .map(|claim| {
                serde_json::json!({
                    "claim": claim.id.name(), "picture": claim.picture.source(),
                    "entity": claim.entity.as_str(), "label": label(claim),
                    "method": claim.method.as_str(), "probability": claim.probability,
                    "cosine": claim.measured.map(|(_, cosine)| cosine),
                    "evidence": claim.evidence, "status": claim.status.as_str(),
                })
            })
            .collect();
        println!("{}", serde_json::to_string_pretty(&rows)?);
        return Ok(());
    }
    for claim in &claims {
        println!(
            "{}  {:.2}  {:16}  {}  shows  {}",
            claim.id.name(),
            claim.probability,
            claim.method.as_str(),
            claim.picture.source(),
            label(claim)
        );
    }
    println!("{} of {n_all} {} claims", claims.len(), status.as_str());
    Ok(())
}
