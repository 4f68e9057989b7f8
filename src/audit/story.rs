//! The story of one answer, for people.

use super::canonical::canonical;
use super::error::SealError;
use super::recorded::{RecordedAnswer, RecordedEvidence, RecordedRule, RecordedSentence};
use super::seal::Seal;
use crate::model::{ApprovalDecision, ClaimStatus};
use crate::vocab;
use oxigraph::io::{RdfFormat, RdfSerializer};
use oxigraph::model::{NamedNode, Triple};
use serde::Serialize;

/// An answer with all that is known about it.
#[derive(Clone, Debug, Serialize)]
pub struct AnswerStory {
    /// What was recorded.
    #[serde(flatten)]
    pub record: RecordedAnswer,
    /// Names of the models behind the spaces that were searched.
    pub models: Vec<String>,
    /// Its seal; `None` when it has none.
    pub seal: Option<Seal>,
    /// Whether the record is what was sealed.
    pub is_as_sealed: Option<bool>,
    /// When, by whom and why words were erased.
    pub erasures: Vec<String>,
    /// What was decided about an answer that waits for approval.
    pub approvals: Vec<ApprovalDecision>,
    /// What people think of it.
    pub feedback: Vec<String>,
}

/// A heading and the lines below it.
struct Part {
    heading: &'static str,
    lines: Vec<String>,
}

impl AnswerStory {
    fn parts(&self) -> Vec<Part> {
        let record = &self.record;
        let mut asked = vec![record.question.clone()];
        if let Some(resolved) = &record.resolved_question {
            let by = record.resolved_by.as_deref().unwrap_or("rules");
            asked.push(format!("understood as: {resolved} (by {by})"));
        }
        if let Some(picture) = &record.question_picture_sha256 {
            asked.push(format!("with a picture of SHA-256 {picture}"));
        }
        let on_behalf = record.end_user.as_ref().map(|user| format!(" for {user}"));
        asked.push(format!(
            "by {}{}, from {} to {}",
            record.principal,
            on_behalf.unwrap_or_default(),
            record.started_at,
            record.ended_at
        ));
        let mut answered = vec![record.text.clone(), format!("mode: {}", record.mode)];
        answered.extend(record.reason.iter().map(|reason| format!("because: {reason}")));
        answered.extend(record.disclaimers.iter().map(|words| format!("below it: {words}")));
        let parts = [
            Part { heading: "Question", lines: asked },
            Part { heading: "Answer", lines: answered },
            Part { heading: "Policy", lines: self.policy_lines() },
            Part {
                heading: "Sentences and their check",
                lines: record.sentences.iter().flat_map(sentence_lines).collect(),
            },
            Part {
                heading: "Evidence",
                lines: record.evidence.iter().flat_map(evidence_lines).collect(),
            },
            Part { heading: "Made with", lines: self.made_with() },
            Part { heading: "Seal", lines: self.seal_lines() },
            Part { heading: "Erased", lines: self.erasures.clone() },
            Part { heading: "Feedback", lines: self.feedback.clone() },
        ];
        parts.into_iter().filter(|part| !part.lines.is_empty()).collect()
    }

    fn made_with(&self) -> Vec<String> {
        let record = &self.record;
        let generation = record.generation.strip_prefix(vocab::GENERATION_PREFIX);
        let mut lines = vec![
            format!("program: {}", record.software),
            format!("generation: {}", generation.unwrap_or(&record.generation)),
        ];
        lines.extend(record.canary_arm.iter().map(|arm| format!("side of a canary: {arm}")));
        if let Some(mode) = &record.retrieval_mode {
            let n = record.n_hits_wanted.unwrap_or_default();
            lines.push(format!("retrieval: {mode}, {n} hits wanted"));
        }
        lines.extend(record.parameters.iter().map(|iri| format!("settings: {iri}")));
        lines.extend(self.models.iter().map(|model| format!("embedding model: {model}")));
        lines.extend(record.picture_routes.iter().map(|rule| format!("rule: {rule}")));
        match &record.llm {
            None => lines.push("language model: none".to_owned()),
            Some(llm) => {
                lines.push(format!(
                    "language model: {} at {}, temperature {}",
                    llm.model, llm.base_url, llm.temperature
                ));
                lines.push(format!(
                    "prompt: template {}, SHA-256 {}",
                    llm.prompt_template, llm.prompt_sha256
                ));
                lines.push(format!("its output: {}", llm.output));
            }
        }
        let time = |(stage, ms): (&String, &f64)| format!("{stage} {ms:.1} ms");
        let times: Vec<String> = record.timings_ms.iter().map(time).collect();
        lines.push(format!("time: {}", times.join(", ")));
        lines
    }

    fn policy_lines(&self) -> Vec<String> {
        let record = &self.record;
        let mut lines: Vec<String> = Vec::new();
        let digest = record.policy.as_ref().map(|iri| iri.strip_prefix(vocab::POLICY_PREFIX));
        lines.extend(digest.flatten().map(|digest| format!("SHA-256 {digest}")));
        let rule = |rule: &RecordedRule| format!("{}: {} ({})", rule.rule, rule.effect, rule.n);
        lines.extend(record.rules.iter().map(rule));
        if record.held_by.is_some() && self.approvals.is_empty() {
            lines.push("it waits for approval".to_owned());
        }
        lines.extend(self.approvals.iter().map(|decision| {
            let done = match decision.status {
                ClaimStatus::Accepted => "released",
                ClaimStatus::Rejected => "not released",
                ClaimStatus::Proposed => "put back",
            };
            let reason = decision.reason.as_ref().map(|reason| format!(": {reason}"));
            let (who, when) = (&decision.principal, &decision.decided_at);
            format!("{done} by {who} at {when}{}", reason.unwrap_or_default())
        }));
        lines
    }

    fn seal_lines(&self) -> Vec<String> {
        let Some(seal) = &self.seal else { return vec!["none: it was never sealed".to_owned()] };
        let verdict = match self.is_as_sealed {
            Some(true) => "the record is as it was sealed",
            Some(false) => "THE RECORD IS NOT WHAT WAS SEALED",
            None => "the record could not be compared with it",
        };
        let mut lines = vec![
            format!("place {} in the chain; {verdict}", seal.sequence),
            format!("SHA-256 {}", seal.sha256),
        ];
        if seal.adopted {
            lines.push("it is older than the sealing of records".to_owned());
        }
        lines
    }

    /// As text.
    pub fn to_text(&self) -> String {
        let name = self.record.answer.strip_prefix(vocab::ANSWER_PREFIX);
        let mut text = format!("Answer {}\n", name.unwrap_or(&self.record.answer));
        for part in self.parts() {
            text.push_str(&format!("\n{}\n", part.heading));
            for line in part.lines {
                text.push_str(&format!("  {}\n", line.replace('\n', "\n  ")));
            }
        }
        text
    }

    /// As a page that needs nothing else.
    pub fn to_html(&self) -> String {
        let name = escaped(&self.record.answer);
        let mut html = format!(
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{name}</title>\
             <style>body{{font:16px/1.5 sans-serif;max-width:50em;margin:2em auto;padding:0 1em}}\
             p{{white-space:pre-wrap;margin:.2em 0;overflow-wrap:anywhere}}h2{{margin:1.2em 0 .3em}}</style>\
             </head><body><h1>{name}</h1>\n"
        );
        for part in self.parts() {
            html.push_str(&format!("<h2>{}</h2>\n", part.heading));
            for line in part.lines {
                html.push_str(&format!("<p>{}</p>\n", escaped(&line)));
            }
        }
        html.push_str("</body></html>\n");
        html
    }
}

/// The record as TriG.
///
/// # Errors
/// When it has a blank node.
pub fn record_as_trig(answer: &str, triples: &[Triple]) -> Result<String, SealError> {
    // Sorted, so that one record has one text.
    canonical(answer, triples)?;
    let mut sorted = triples.to_vec();
    sorted.sort_by_cached_key(ToString::to_string);
    let mut serializer = RdfSerializer::from_format(RdfFormat::TriG);
    for (prefix, namespace) in vocab::PREFIXES {
        serializer = match serializer.clone().with_prefix(*prefix, *namespace) {
            Ok(with) => with,
            Err(_) => serializer,
        };
    }
    let graph = NamedNode::new_unchecked(answer);
    let mut writer = serializer.for_writer(Vec::new());
    let unwritten = |_: std::io::Error| SealError::Incomplete(answer.to_owned());
    for triple in &sorted {
        let quad = triple.as_ref().in_graph(graph.as_ref());
        writer.serialize_quad(quad).map_err(unwritten)?;
    }
    let bytes = writer.finish().map_err(unwritten)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn sentence_lines(sentence: &RecordedSentence) -> Vec<String> {
    let kept = if sentence.kept { "" } else { " (left out)" };
    let reason = sentence.reason.as_ref().map(|reason| format!(": {reason}"));
    let mut lines = vec![format!(
        "{} - {}{}{kept}",
        sentence.text,
        sentence.verdict,
        reason.unwrap_or_default()
    )];
    for citation in &sentence.citations {
        lines.push(format!(
            "    [{}] \"{}\" (characters {} to {})",
            citation.number, citation.quote, citation.start, citation.end
        ));
    }
    lines
}

fn evidence_lines(evidence: &RecordedEvidence) -> Vec<String> {
    let mut routes = String::new();
    for route in &evidence.routes {
        routes.push_str(&format!(" {} rank {} ({:.3})", route.route, route.rank, route.score));
    }
    let mut lines = vec![
        format!("[{}] {} - score {:.3};{routes}", evidence.number, evidence.source, evidence.score),
        format!("    {} of {}", evidence.fragment, evidence.version),
    ];
    if !evidence.path.is_empty() {
        lines.push(format!("    path: {}", evidence.path.join(" -> ")));
    }
    lines.push(format!("    {}", evidence.text.replace('\n', "\n    ")));
    lines
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
