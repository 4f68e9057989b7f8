//! What extraction with a language model did, in words.

use veritrail::engine::ExtractOutcome;

/// The report of an extraction; nothing when none was configured.
pub(super) fn lines(outcome: &ExtractOutcome) -> Vec<String> {
    let mut lines = Vec::new();
    if outcome.n_asked > 0 || outcome.n_known > 0 {
        let about = if outcome.usage.estimated { "about " } else { "" };
        lines.push(format!(
            "{} statements of {} fragments by the language model ({about}{} tokens in, {} out), {} rejected; {} fragments read before",
            outcome.n_accepted,
            outcome.n_asked,
            outcome.usage.n_prompt,
            outcome.usage.n_output,
            outcome.rejected.values().sum::<usize>(),
            outcome.n_known,
        ));
    }
    for (reason, n) in &outcome.rejected {
        lines.push(format!("  {n} rejected: {reason}"));
    }
    if outcome.in_words {
        lines.push(
            "  the server does not constrain its output; JSON was asked for in words".to_owned(),
        );
    }
    if outcome.n_held_back > 0 {
        lines.push(format!(
            "{} documents were not sent to the language model because of their access labels (extract.llm.labels)",
            outcome.n_held_back
        ));
    }
    lines
}
