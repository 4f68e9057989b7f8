//! What became of each question, and where its evidence was lost.

use super::metrics::Metrics;
use serde::{Deserialize, Serialize};
use std::io::{self, Write};

/// One question, ranked in one way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QuestionReport {
    /// Name of the data set.
    pub dataset: String,
    /// Name of the way of ranking.
    pub variant: String,
    /// Id of the question.
    pub id: String,
    /// Its words.
    pub question: String,
    /// Measures of its ranking.
    #[serde(flatten)]
    pub metrics: Metrics,
    /// Time it took.
    pub latency_ms: f64,
    /// What should have been found, best judged first.
    pub gold: Vec<GoldReport>,
}

/// A relevant document of a question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GoldReport {
    /// The document.
    pub document: String,
    /// Its relevance.
    pub grade: u32,
    /// Its place in the ranking, from 1; `None` when it is not in it.
    pub rank: Option<usize>,
    /// Routes that found its best fragment, with the place there, from 1.
    pub routes: Vec<(String, usize)>,
    /// Where it was lost, when it is not among the first five.
    pub lost: Option<Lost>,
    /// How the graph leads to it from where the walk starts, in labels; empty when it is
    /// not lost, or when no path of four steps does.
    pub path: Vec<String>,
}

/// Where a relevant document was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lost {
    /// No route found it, and no short path leads to it from what was found.
    NotSeeded,
    /// No route found it, although a short path leads to it.
    NotReached,
    /// It was found, and others were ranked before it.
    RankedLow,
}

/// Documents that count as found.
const N_FOUND: usize = 5;

impl GoldReport {
    /// A relevant document with the place and the routes that it was found by; `path` is
    /// asked for when it is lost.
    pub fn new<E>(
        document: String,
        grade: u32,
        found: Option<(usize, Vec<(String, usize)>)>,
        path: impl FnOnce() -> Result<Vec<String>, E>,
    ) -> Result<Self, E> {
        let is_found = found.as_ref().is_some_and(|(rank, _)| *rank <= N_FOUND);
        let path = if is_found { Vec::new() } else { path()? };
        let lost = match &found {
            _ if is_found => None,
            Some(_) => Some(Lost::RankedLow),
            None if path.is_empty() => Some(Lost::NotSeeded),
            None => Some(Lost::NotReached),
        };
        let (rank, routes) = found.map_or((None, Vec::new()), |(rank, by)| (Some(rank), by));
        Ok(Self { document, grade, rank, routes, lost, path })
    }
}

/// Writes questions as JSON lines.
///
/// # Errors
/// When the output cannot be written.
pub fn write_questions(questions: &[QuestionReport], output: &mut dyn Write) -> io::Result<()> {
    for question in questions {
        serde_json::to_writer(&mut *output, question)?;
        output.write_all(b"\n")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_lost_says_where() {
        let lost = |rank: Option<usize>, path: &[&str]| {
            let path = path.iter().map(|label| (*label).to_owned()).collect();
            let found = rank.map(|rank| (rank, Vec::new()));
            let report = GoldReport::new("d".to_owned(), 1, found, || Ok::<_, ()>(path));
            report.unwrap().lost
        };
        assert_eq!(lost(Some(5), &[]), None);
        assert_eq!(lost(Some(6), &["a", "b"]), Some(Lost::RankedLow));
        assert_eq!(lost(None, &["a", "b"]), Some(Lost::NotReached));
        assert_eq!(lost(None, &[]), Some(Lost::NotSeeded));
    }
}
