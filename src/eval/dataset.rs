//! Data sets: `queries.jsonl` and `qrels.tsv` beside a corpus.

use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Judgements: question, document, relevance (0 is not relevant).
pub type Qrels = BTreeMap<String, Judged>;

/// Judgements of one question: document, relevance.
pub type Judged = BTreeMap<String, u32>;

/// Questions and judgements of a data set.
#[derive(Clone, Debug)]
pub struct Dataset {
    /// Name of the folder.
    pub name: String,
    /// Where the documents are: `corpus.jsonl`, or a folder.
    pub corpus: PathBuf,
    /// Questions that have a relevant document.
    pub queries: Vec<EvalQuery>,
    /// Questions that the documents do not answer: those without a relevant document
    /// whose list of answers is empty or says that the information is insufficient.
    pub unanswerable: Vec<EvalQuery>,
    /// Judgements.
    pub qrels: Qrels,
}

/// A question of a data set.
#[derive(Clone, Debug)]
pub struct EvalQuery {
    /// Its id.
    pub id: String,
    /// Its words.
    pub text: String,
    /// Gold answers, when the data set has them.
    pub answers: Vec<String>,
    /// Documents that must not count because the question was taken from them.
    pub excluded: BTreeSet<String>,
}

/// A data set that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum DatasetError {
    /// A file is missing or unreadable.
    #[error(
        "cannot read {path}\nhint: a data set is a folder with corpus.jsonl, queries.jsonl and qrels.tsv"
    )]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// A line is malformed.
    #[error("{path} line {line}: expected {expected}, found `{found}`")]
    Line {
        /// The file.
        path: PathBuf,
        /// Line number, from 1.
        line: usize,
        /// What should stand there.
        expected: &'static str,
        /// What stands there.
        found: String,
    },
    /// A judgement names a picture that is not in the list.
    #[error("question `{query}` is judged by the picture `{picture}`, which {list} does not list")]
    Picture {
        /// The list of pictures.
        list: PathBuf,
        /// The question.
        query: String,
        /// The picture.
        picture: String,
    },
    /// No picture says to which document it belongs.
    #[error(
        "{0}: no picture belongs to a document\nhint: lines of images.jsonl name theirs as `doc_id` or `product`, an id of corpus.jsonl"
    )]
    NoPages(PathBuf),
    /// Nothing says what is named.
    #[error(
        "{0}: expected mentions.tsv, a dev.jsonl with `tokens` and `tags`, or `evidences` in queries.jsonl; found none"
    )]
    NoMentions(PathBuf),
    /// A file of pairs holds none.
    #[error("{0}: expected pairs of records, one JSON object a line, found none")]
    NoPairs(PathBuf),
    /// No question has a judgement.
    #[error("{0}: no question of queries.jsonl has a relevant document in qrels.tsv")]
    Empty(PathBuf),
}

/// What data sets write in place of an answer that the documents do not give.
const INSUFFICIENT: &str = "insufficient information";

#[derive(Deserialize)]
struct QueryLine {
    id: serde_json::Value,
    text: String,
    source_doc: Option<String>,
    answers: Option<Vec<String>>,
}

impl Dataset {
    /// Reads a data set. `corpus` names a folder of documents when the data set
    /// has no `corpus.jsonl` of its own.
    ///
    /// # Errors
    /// When a file is missing or a line malformed; the message names both.
    pub fn load(folder: &Path, corpus: Option<&Path>) -> Result<Self, DatasetError> {
        let corpus = corpus.map_or_else(|| folder.join("corpus.jsonl"), Path::to_owned);
        if let Err(source) = fs::metadata(&corpus) {
            return Err(DatasetError::Io { path: corpus, source });
        }
        let qrels = read_qrels(&folder.join("qrels.tsv"))?;
        let all = read_queries(&folder.join("queries.jsonl"))?;
        let is_judged = |query: &EvalQuery| {
            qrels.get(&query.id).is_some_and(|judged| judged.values().any(|grade| *grade > 0))
        };
        let (mut queries, mut unanswerable) = (Vec::new(), Vec::new());
        for (query, has_no_answer) in all {
            if is_judged(&query) {
                queries.push(query);
            } else if has_no_answer {
                unanswerable.push(query);
            }
        }
        if queries.is_empty() {
            return Err(DatasetError::Empty(folder.to_owned()));
        }
        let name =
            folder.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
        Ok(Self { name, corpus, queries, unanswerable, qrels })
    }
}

fn read(path: &Path) -> Result<String, DatasetError> {
    fs::read_to_string(path).map_err(|source| DatasetError::Io { path: path.to_owned(), source })
}

/// Questions, each with whether its list of answers is there and empty.
fn read_queries(path: &Path) -> Result<Vec<(EvalQuery, bool)>, DatasetError> {
    let text = read(path)?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(i, line)| {
            let query: QueryLine =
                serde_json::from_str(line).map_err(|error| DatasetError::Line {
                    path: path.to_owned(),
                    line: i + 1,
                    expected: "a JSON object with `id` and `text`",
                    found: error.to_string(),
                })?;
            let id = match query.id {
                serde_json::Value::String(id) => id,
                other => other.to_string(),
            };
            let says_nothing = |answer: &String| answer.eq_ignore_ascii_case(INSUFFICIENT);
            let has_no_answer =
                query.answers.as_ref().is_some_and(|answers| answers.iter().all(says_nothing));
            let mut answers = query.answers.unwrap_or_default();
            answers.retain(|answer| !says_nothing(answer));
            let excluded = query.source_doc.into_iter().collect();
            Ok((EvalQuery { id, text: query.text, answers, excluded }, has_no_answer))
        })
        .collect()
}

pub(super) fn read_qrels(path: &Path) -> Result<Qrels, DatasetError> {
    let mut qrels = Qrels::new();
    for (i, line) in read(path)?.lines().enumerate().skip(1) {
        if line.trim().is_empty() {
            continue;
        }
        let mut fields = line.split('\t');
        let parsed = (|| {
            let (query, document) = (fields.next()?, fields.next()?);
            Some((query, document, fields.next()?.trim().parse::<i64>().ok()?))
        })();
        let (query, document, grade) = parsed.ok_or_else(|| DatasetError::Line {
            path: path.to_owned(),
            line: i + 1,
            expected: "query_id, doc_id and relevance separated by tabs",
            found: line.to_owned(),
        })?;
        let grade = u32::try_from(grade).unwrap_or(0);
        qrels.entry(query.to_owned()).or_default().insert(document.to_owned(), grade);
    }
    Ok(qrels)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(queries: &str, qrels: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("corpus.jsonl"), "").unwrap();
        fs::write(folder.path().join("queries.jsonl"), queries).unwrap();
        fs::write(folder.path().join("qrels.tsv"), qrels).unwrap();
        folder
    }

    #[test]
    fn questions_without_judgements_are_left_out() {
        let folder = folder(
            "{\"id\":1,\"text\":\"a\",\"source_doc\":\"d\"}\n{\"id\":\"q2\",\"text\":\"b\"}\n\
             {\"id\":\"q3\",\"text\":\"c\",\"answers\":[]}\n\
             {\"id\":\"q4\",\"text\":\"d\",\"answers\":[\"Insufficient information\"]}\n",
            "query_id\tdoc_id\trelevance\n1\td1\t2\nq2\td1\t0\n",
        );
        let dataset = Dataset::load(folder.path(), None).unwrap();
        assert_eq!((dataset.queries.len(), dataset.unanswerable.len()), (1, 2));
        assert!(dataset.unanswerable.iter().all(|query| query.answers.is_empty()));
        assert!(dataset.queries[0].excluded.contains("d"));
    }

    #[test]
    fn a_malformed_line_is_named() {
        let folder = folder("{\"id\":1,\"text\":\"a\"}\n", "h\n1 d1 2\n");
        let error = Dataset::load(folder.path(), None).unwrap_err().to_string();
        assert!(error.contains("qrels.tsv line 2"), "{error}");
    }
}
