//! What extraction finds of the names that people marked.

use super::error::EngineError;
use crate::eval::{MentionDataset, MentionReport};
use crate::extract::{Gazetteer, names_in};
use crate::ingest::{SourceItem, SourceText, load};
use crate::model::{EntityId, normalise_label};
use crate::resolve::EntityTable;
use rayon::prelude::*;
use std::collections::{BTreeSet, HashMap};
use std::ops::Range;

/// Missed marks that a report names.
const MISSES_NAMED: usize = 20;

/// Extracts names as publishing does, with the titles, headings and terms of the data set
/// as labels, and compares them with what was marked. No model is needed.
///
/// # Errors
/// When a document of the data set cannot be loaded, or has too many labels.
pub fn evaluate_mentions(dataset: &MentionDataset) -> Result<MentionReport, EngineError> {
    let mut table = EntityTable::default();
    let mut terms: HashMap<&str, EntityId> = HashMap::new();
    for (id, name, others) in &dataset.terms {
        terms.extend(table.add_term(name, others).map(|entity| (id.as_str(), entity)));
    }
    for (number, (id, title, text)) in dataset.documents.iter().enumerate() {
        let record = SourceText { title: title.clone(), text: text.clone(), ..Default::default() };
        let item = SourceItem { source: id.clone(), record: Some(record), ..SourceItem::default() };
        let (_, loaded) = load(&item).map_err(EngineError::Load)?;
        if !dataset.terms.iter().any(|(_, name, _)| Some(name) == loaded.title.as_ref()) {
            loaded.title.as_ref().map(|title| table.add_topic(title));
        }
        for section in &loaded.sections {
            for heading in &section.heading_path {
                table.add_heading(heading, number);
            }
        }
    }
    let gazetteer = Gazetteer::build(&table.listed())?;
    let mut report = MentionReport { dataset: dataset.name.clone(), ..Default::default() };
    let (mut n_recalled, mut n_exact, mut n_right, mut n_right_exact) = (0, 0, 0, 0);
    for marked in &dataset.texts {
        let found = found_in(&marked.text, &gazetteer);
        for (range, term) in &marked.marks {
            let wanted = term.as_ref().map(|term| terms.get(term.as_str()));
            let means =
                |entity: &EntityId| wanted.is_none_or(|wanted| wanted.is_some_and(|w| w == entity));
            let recalled = found.iter().any(|(own, entity)| overlap(own, range) && means(entity));
            n_recalled += usize::from(recalled);
            n_exact += usize::from(found.iter().any(|(own, _)| own == range));
            if !recalled && report.missed.len() < MISSES_NAMED {
                let words: String =
                    marked.text.chars().skip(range.start).take(range.len()).collect();
                report.missed.push(words);
            }
        }
        let spans: BTreeSet<(usize, usize)> = found.iter().map(|(r, _)| (r.start, r.end)).collect();
        report.n_found += spans.len();
        for (start, end) in spans {
            let own = start..end;
            n_right += usize::from(marked.marks.iter().any(|(range, _)| overlap(&own, range)));
            n_right_exact += usize::from(marked.marks.iter().any(|(range, _)| own == *range));
        }
        report.n_marks += marked.marks.len();
    }
    let share = |n: usize, of: usize| n as f64 / of.max(1) as f64;
    report.recall = share(n_recalled, report.n_marks);
    report.recall_exact = share(n_exact, report.n_marks);
    if dataset.complete {
        let precision = share(n_right, report.n_found);
        report.precision = Some(precision);
        report.precision_exact = Some(share(n_right_exact, report.n_found));
        let sum = precision + report.recall;
        report.f1 = Some(if sum > 0.0 { 2.0 * precision * report.recall / sum } else { 0.0 });
    }
    if !dataset.triples.is_empty() {
        coverage(dataset, &gazetteer, &mut report);
    }
    Ok(report)
}

/// Names with their code points.
fn found_in(text: &str, gazetteer: &Gazetteer) -> Vec<(Range<usize>, EntityId)> {
    let offset = |byte: usize| text.get(..byte).map_or(0, |before| before.chars().count());
    let names = names_in(text, gazetteer, false).into_iter();
    names.map(|n| (offset(n.range.start)..offset(n.range.end), n.entity)).collect()
}

fn overlap(a: &Range<usize>, b: &Range<usize>) -> bool {
    a.start < b.end && b.start < a.end
}

/// Which subjects and objects of gold triples are entities of the corpus: named under
/// their own label somewhere in a text.
fn coverage(dataset: &MentionDataset, gazetteer: &Gazetteer, report: &mut MentionReport) {
    let found: BTreeSet<String> = dataset
        .documents
        .par_iter()
        .flat_map_iter(|(_, title, text)| {
            let names = names_in(text, gazetteer, false).into_iter();
            let names = names.map(|name| text.get(name.range).unwrap_or_default());
            let titles = title.iter().map(String::as_str);
            names.chain(titles).map(normalise_label).collect::<Vec<_>>()
        })
        .collect();
    let is_found = |name: &str| {
        let whole = normalise_label(name);
        let plain = name.rsplit_once(" (").map(|(head, _)| normalise_label(head));
        found.contains(&whole) || plain.is_some_and(|plain| found.contains(&plain))
    };
    let names: BTreeSet<&str> =
        dataset.triples.iter().flat_map(|(a, b)| [a.as_str(), b.as_str()]).collect();
    let n_names = names.iter().filter(|name| is_found(name)).count();
    let n_both = dataset.triples.iter().filter(|(a, b)| is_found(a) && is_found(b)).count();
    report.entity_coverage = Some(n_names as f64 / names.len().max(1) as f64);
    report.triple_coverage = Some(n_both as f64 / dataset.triples.len().max(1) as f64);
    let missed = names.into_iter().filter(|name| !is_found(name));
    report.missed.extend(missed.take(MISSES_NAMED).map(str::to_owned));
}
