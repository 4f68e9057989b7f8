//! Hits as numbered evidence.

use super::snapshot::Snapshot;
use crate::model::{Evidence, Hit};

/// Share of words that two fragments may have in common before the second is
/// left out as a repetition.
const MAX_OVERLAP: f32 = 0.9;

/// Numbers the hits as evidence, best first, until the token budget is spent;
/// near repetitions are left out.
pub fn assemble(
    snapshot: &Snapshot,
    hits: &[Hit],
    count_tokens: &dyn Fn(&str) -> usize,
    budget_tokens: usize,
) -> Vec<Evidence> {
    let mut evidence: Vec<Evidence> = Vec::new();
    let mut spent = 0;
    for hit in hits {
        let (Some(fragment), Some(document)) =
            (snapshot.fragment(&hit.fragment), snapshot.document(&hit.document))
        else {
            continue;
        };
        let n_tokens = count_tokens(&fragment.text);
        let repeats =
            evidence.iter().any(|e| overlap(&e.fragment.text, &fragment.text) > MAX_OVERLAP);
        if repeats || (spent + n_tokens > budget_tokens && !evidence.is_empty()) {
            continue;
        }
        spent += n_tokens;
        evidence.push(Evidence {
            number: evidence.len() + 1,
            fragment: fragment.clone(),
            title: document.title.clone(),
            source: document.source.clone(),
            picture_source: fragment.picture().map(|picture| picture.source()),
            score: hit.score,
            routes: hit.routes.clone(),
            region: hit.region,
            path: hit.path.clone(),
        });
    }
    evidence
}

/// Shared words as a share of the shorter text's words.
fn overlap(a: &str, b: &str) -> f32 {
    let words = |text: &str| -> std::collections::HashSet<String> {
        text.split_whitespace().map(str::to_lowercase).collect()
    };
    let (a, b) = (words(a), words(b));
    let shorter = a.len().min(b.len()).max(1);
    a.intersection(&b).count() as f32 / shorter as f32
}
