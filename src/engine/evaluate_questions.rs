//! Every question of a data set, ranked in one way, with what became of its evidence.

use super::ask::Session;
use super::error::{EngineError, io_error};
use super::evaluate::{Evaluation, FRAGMENTS_PER_QUERY, ranking_of};
use crate::eval::{EvalQuery, GoldReport, QuestionReport, measure_one, write_questions};
use crate::model::{Digest, DocumentId, Hit, Query, Stopwatch};
use crate::retrieve::{RetrievalMode, RetrieveConfig, search};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::{Instant, UNIX_EPOCH};

/// A way of ranking.
#[derive(Clone, Debug)]
pub struct Variant {
    /// Its name in tables.
    pub name: String,
    /// Stages.
    pub mode: RetrievalMode,
    /// Settings.
    pub retrieve: RetrieveConfig,
}

impl Evaluation<'_> {
    /// Ranks every question in one way. With a folder of remembered questions what was
    /// ranked before is read from there: the same program, generation, questions,
    /// judgements, stages and settings.
    ///
    /// # Errors
    /// When retrieval fails, or what is remembered cannot be written.
    pub fn questions(
        &self,
        variant: &Variant,
        remembered: Option<&Path>,
    ) -> Result<Vec<QuestionReport>, EngineError> {
        let file = remembered.map(|folder| folder.join(self.key(variant)));
        if let Some(known) = file.as_deref().and_then(|file| self.read(file)) {
            let renamed = |question| QuestionReport { variant: variant.name.clone(), ..question };
            return Ok(known.into_iter().map(renamed).collect());
        }
        let session = self.knowledge_base.session()?;
        let asked = self.dataset.queries.iter();
        let questions: Vec<QuestionReport> = asked
            .filter_map(|query| self.question(&session, query, variant).transpose())
            .collect::<Result<_, EngineError>>()?;
        if let Some(file) = file {
            write(&file, &questions).map_err(io_error("write", &file))?;
        }
        Ok(questions)
    }

    fn question(
        &self,
        session: &Session<'_>,
        query: &EvalQuery,
        variant: &Variant,
    ) -> Result<Option<QuestionReport>, EngineError> {
        let asked = Query::text(&query.text, FRAGMENTS_PER_QUERY);
        let embedders =
            self.knowledge_base.questions.embedders(self.knowledge_base.home.questions.as_ref());
        let find = |mode| {
            let (snapshot, config) = (&session.snapshot, &variant.retrieve);
            search(snapshot, &embedders, &asked, mode, config, &mut Stopwatch::off())
        };
        let start = Instant::now();
        let hits = find(variant.mode)?.hits;
        let latency_ms = start.elapsed().as_secs_f64() * 1e3;
        let ranking = ranking_of(&hits, query);
        let Some(judged) = self.dataset.qrels.get(&query.id) else { return Ok(None) };
        let Some(metrics) = measure_one(&ranking, judged) else { return Ok(None) };
        let mut relevant: Vec<(&String, u32)> =
            judged.iter().map(|(id, grade)| (id, *grade)).filter(|(_, grade)| *grade > 0).collect();
        relevant.sort_by_key(|(_, grade)| std::cmp::Reverse(*grade));
        let mut best: HashMap<String, &Hit> = HashMap::new();
        for hit in &hits {
            best.entry(hit.document.source()).or_insert(hit);
        }
        // A walk starts where words and vectors lead.
        let mut seeds = None;
        let mut gold = Vec::new();
        for (id, grade) in relevant {
            let rank = ranking.iter().position(|ranked| ranked.id == *id);
            let routes = best.get(id).map(|hit| {
                let routes = hit.routes.iter();
                routes.map(|by| (by.route.as_str().to_owned(), by.rank)).collect()
            });
            let found = rank.map(|rank| (rank + 1, routes.unwrap_or_default()));
            let path = || -> Result<Vec<String>, EngineError> {
                if seeds.is_none() {
                    let found = find(RetrievalMode::Hybrid)?.hits;
                    seeds = Some(found.into_iter().map(|hit| hit.fragment).collect());
                }
                let seeds: &Vec<_> = seeds.get_or_insert_default();
                let document = DocumentId::from_source(id);
                let (text, config) = (&query.text, &variant.retrieve);
                let path = session.snapshot.way_to(&document, text, seeds, config)?;
                let steps = path.into_iter().flat_map(|path| path.steps);
                Ok(steps.map(|step| step.label().to_owned()).collect())
            };
            gold.push(GoldReport::new(id.clone(), grade, found, path)?);
        }
        Ok(Some(QuestionReport {
            dataset: self.dataset.name.clone(),
            variant: variant.name.clone(),
            id: query.id.clone(),
            question: query.text.clone(),
            metrics,
            latency_ms,
            gold,
        }))
    }

    /// Names what a ranking depends on.
    fn key(&self, variant: &Variant) -> PathBuf {
        let settings = format!("{:?}", variant.retrieve);
        let questions = format!("{:?}{:?}", self.dataset.queries, self.dataset.qrels);
        let parts = [program(), variant.mode.as_str().to_owned(), settings, questions];
        let digest = Digest::of_parts(parts.iter().map(String::as_bytes)).short();
        let name = &self.dataset.name;
        PathBuf::from(format!("{name}-{}-{digest}.jsonl", self.generation))
    }

    /// What was remembered; `None` when it is not there or not whole.
    fn read(&self, file: &Path) -> Option<Vec<QuestionReport>> {
        let text = std::fs::read_to_string(file).ok()?;
        let questions: Result<Vec<QuestionReport>, _> =
            text.lines().map(serde_json::from_str).collect();
        questions.ok().filter(|questions| !questions.is_empty())
    }
}

/// Length and time of the running program, so that another build ranks anew.
fn program() -> String {
    let file = std::env::current_exe().and_then(std::fs::metadata);
    let stamp = file.and_then(|file| Ok((file.len(), file.modified()?)));
    let stamp = stamp.ok().and_then(|(length, time)| {
        Some((length, time.duration_since(UNIX_EPOCH).ok()?.as_nanos()))
    });
    format!("{stamp:?}")
}

/// Writes aside and renames, so that what is there is whole.
fn write(file: &Path, questions: &[QuestionReport]) -> std::io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let mut aside = tempfile::NamedTempFile::new_in(folder)?;
    write_questions(questions, &mut aside)?;
    aside.persist(file).map(drop).map_err(|error| error.error)
}
