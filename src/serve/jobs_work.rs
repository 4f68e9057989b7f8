//! Doing jobs, one after the other.

use super::app::App;
use super::jobs::{Job, Jobs};
use crate::engine::{
    DeleteOptions, EngineError, FailedFile, IngestOutcome, JobWork, Receipt, failed_file,
};
use crate::model::DocumentId;
use crate::vocab;
use serde_json::{Value, json};
use std::sync::{Arc, Weak};

/// How often a job is begun: one that ends the program each time must not keep it from
/// serving.
const MAX_STARTS: u32 = 3;
/// Warnings told of at most.
const MAX_WARNINGS: usize = 100;
/// What is said of a failure that is not the fault of whoever asked.
const OUR_FAILURE: &str = "the server failed to do this; its log says why";

/// Does the jobs that wait until the app is gone.
pub(super) async fn work(jobs: Arc<Jobs>, app: Weak<App>) {
    loop {
        let batch = jobs.next().await;
        let Some(app) = app.upgrade() else { return };
        let running = batch.clone();
        let doing = Arc::clone(&app);
        let done = tokio::task::spawn_blocking(move || run(&doing, &running)).await;
        if let Err(error) = done {
            tracing::error!(%error, "a job ended in the middle");
            for job in batch.iter().filter(|job| !job.state().ended()) {
                jobs.end(job, None, Some(OUR_FAILURE.to_owned()));
            }
            app.withdraw();
        }
    }
}

/// What came of a job: its result, and why it failed.
type Outcome = (Option<Value>, Option<String>);

fn run(app: &App, batch: &[Arc<Job>]) {
    let begun: Vec<&Arc<Job>> = batch.iter().filter(|job| begin(app, job)).collect();
    let Some(first) = begun.first() else { return };
    match &first.order.work {
        JobWork::Upload { .. } => uploads(app, &begun),
        JobWork::Delete { documents, erase_quotes, reason } => {
            let options = DeleteOptions {
                principal: first.order.principal.clone(),
                reason: reason.clone(),
                erase_quotes: *erase_quotes,
            };
            let deleted = delete(app, first, documents, &options);
            finish(app, first, deleted);
            app.withdraw();
        }
        JobWork::Publish => {
            let published = app.knowledge_base().publish(&mut |progress| first.show(&progress));
            let published = published.and_then(|published| {
                app.refresh()?;
                let generation = published.generation.name();
                let result = json!({ "generation": generation, "changed": published.changed });
                Ok((Some(result), None))
            });
            finish(app, first, published);
        }
        JobWork::Build { change } => {
            let built = app.knowledge_base().build_aside(change, &mut |p| first.show(&p));
            let built = match built {
                Ok(built) => {
                    let (generation, served) = (built.generation.name(), built.served.name());
                    Ok((Some(json!({ "generation": generation, "served": served })), None))
                }
                // The fault of whoever asked, who is told.
                Err(error @ (EngineError::TextModel { .. } | EngineError::Setting { .. })) => {
                    Ok((None, Some(error.to_string())))
                }
                Err(error) => Err(error),
            };
            finish(app, first, built);
        }
    }
}

/// Notes on disk that a job is begun; false when it was begun too often.
fn begin(app: &App, job: &Arc<Job>) -> bool {
    let mut order = job.order.clone();
    if order.n_starts >= MAX_STARTS {
        let why = format!("the program ended each of the {MAX_STARTS} times that it began this");
        app.jobs().end(job, None, Some(why));
        return false;
    }
    order.n_starts += 1;
    job.begin();
    if let Err(error) = app.jobs().spool.begin(&order) {
        finish(app, job, Err(error));
        return false;
    }
    true
}

fn finish(app: &App, job: &Job, outcome: Result<Outcome, EngineError>) {
    let (result, error) = outcome.unwrap_or_else(|error| (None, Some(told(&error))));
    app.jobs().end(job, result, error);
}

/// What is said of an error; the log has the rest.
fn told(error: &EngineError) -> String {
    let mut causes = Vec::new();
    let mut cause = std::error::Error::source(error);
    while let Some(next) = cause {
        causes.push(next.to_string());
        cause = next.source();
    }
    tracing::error!(%error, ?causes, "a job failed");
    OUR_FAILURE.to_owned()
}

/// Takes in the files of each job, then publishes once.
fn uploads(app: &App, jobs: &[&Arc<Job>]) {
    let knowledge_base = app.knowledge_base();
    let mut taken: Vec<(&Arc<Job>, Taken)> = Vec::new();
    for job in jobs {
        match take_in(app, job) {
            Ok(one) => taken.push((job, one)),
            Err(error) => finish(app, job, Err(error)),
        }
    }
    if taken.is_empty() {
        return;
    }
    let all: Vec<&Arc<Job>> = taken.iter().map(|(job, _)| *job).collect();
    let extracted = knowledge_base.extract(&mut |p| all.iter().for_each(|job| job.show(&p)));
    let unasked = match extracted {
        Ok(outcome) => outcome.unasked,
        Err(error) => {
            told(&error);
            Vec::new()
        }
    };
    let published = knowledge_base.publish(&mut |p| all.iter().for_each(|job| job.show(&p)));
    let published = published.and_then(|published| app.refresh().map(|()| published));
    match published {
        Ok(published) => {
            for (job, mut taken) in taken {
                let unasked = unasked.iter().filter(|left| taken.files.contains(&left.source));
                taken.outcome.warnings.extend(unasked.map(|left| {
                    format!("{}: not read by the language model: {}", left.source, left.reason)
                }));
                let ended = taken.ended(published.generation.name());
                finish(app, job, Ok(ended));
            }
        }
        Err(error) => {
            let why = told(&error);
            for (job, _) in taken {
                finish(app, job, Ok((None, Some(why.clone()))));
            }
        }
    }
}

/// What taking in the files of one upload gave.
struct Taken {
    files: Vec<String>,
    failed: Vec<FailedFile>,
    outcome: IngestOutcome,
    /// Of the deletion of what an earlier file of the same name held.
    receipt: Option<Receipt>,
}

fn take_in(app: &App, job: &Arc<Job>) -> Result<Taken, EngineError> {
    let JobWork::Upload { files, refused, prune } = &job.order.work else {
        return Ok(Taken::none());
    };
    let root = app.jobs().spool.files(&job.order.id);
    let knowledge_base = app.knowledge_base();
    let outcome = knowledge_base.ingest_upload(&root, files, &mut |p| job.show(&p))?;
    let mut failed = refused.clone();
    failed.extend(outcome.failed.iter().map(|error| failed_file(&root, error)));
    let mut receipt = None;
    if *prune && !outcome.vanished.is_empty() {
        let options = DeleteOptions {
            principal: job.order.principal.clone(),
            reason: Some("no longer in the uploaded file".to_owned()),
            erase_quotes: false,
        };
        receipt = Some(knowledge_base.delete(&outcome.vanished, &options, &mut |p| job.show(&p))?);
    }
    Ok(Taken { files: files.clone(), failed, outcome, receipt })
}

impl Taken {
    fn none() -> Self {
        let (files, failed) = (Vec::new(), Vec::new());
        Self { files, failed, outcome: IngestOutcome::default(), receipt: None }
    }

    fn ended(self, generation: &str) -> Outcome {
        let Self { files, failed, mut outcome, receipt } = self;
        let n_warnings = outcome.warnings.len();
        outcome.warnings.truncate(MAX_WARNINGS);
        let files: Vec<Value> = files
            .iter()
            .map(|source| json!({ "source": source, "document_id": name(&DocumentId::from_source(source)) }))
            .collect();
        let vanished: Vec<String> = outcome.vanished.iter().map(name).collect();
        let nothing = outcome.n_committed + outcome.n_unchanged == 0 && !failed.is_empty();
        let result = json!({
            "generation": generation,
            "files": files,
            "n_new": outcome.n_committed.saturating_sub(outcome.n_changed),
            "n_changed": outcome.n_changed.min(outcome.n_committed),
            "n_unchanged": outcome.n_unchanged,
            "n_fragments": outcome.n_fragments,
            "failed": failed,
            "warnings": outcome.warnings,
            "n_warnings": n_warnings,
            "n_findings": outcome.findings.len(),
            "vanished": vanished,
            "receipt": receipt,
        });
        let error = nothing.then(|| "none of the files could be taken in".to_owned());
        (Some(result), error)
    }
}

/// Deletes the documents that are still there under the labels that whoever asked saw.
fn delete(
    app: &App,
    job: &Arc<Job>,
    documents: &[String],
    options: &DeleteOptions,
) -> Result<Outcome, EngineError> {
    let knowledge_base = app.knowledge_base();
    let ids: Vec<DocumentId> = documents.iter().map(DocumentId::from_iri).collect();
    let is_there = |id: &&DocumentId| knowledge_base.find_document(id.as_str()).is_ok();
    let there: Vec<DocumentId> = ids.iter().filter(is_there).cloned().collect();
    if there.is_empty() {
        app.refresh()?;
        // A deletion that a crash cut off after its transaction was finished at the start.
        let gone: Vec<String> = ids.iter().map(name).collect();
        return Ok((Some(json!({ "receipt": null, "already_deleted": gone })), None));
    }
    let snapshot = app.snapshot();
    let changed = there.iter().filter_map(|id| snapshot.document(id));
    if changed.into_iter().any(|document| !job.order.labels.contains(&document.access_label)) {
        return Ok((None, Some("the document changed since; look at it again".to_owned())));
    }
    let receipt = knowledge_base.delete(&there, options, &mut |p| job.show(&p))?;
    app.refresh()?;
    app.forget_before();
    Ok((Some(json!({ "receipt": receipt })), None))
}

/// The part of a document's IRI by which the API names it.
pub(super) fn name(id: &DocumentId) -> String {
    id.as_str().strip_prefix(vocab::DOCUMENT_PREFIX).unwrap_or(id.as_str()).to_owned()
}
