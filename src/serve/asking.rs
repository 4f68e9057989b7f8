//! A question on its way through the server.
//!
//! Computing runs on threads that may block, as many as there are places; the language
//! model is awaited on none. Whoever asks may go at any time: what waits is then not
//! begun, and a running language model is no longer listened to. What was said by then
//! is recorded; when nothing was said, nothing is.

use super::app::App;
use super::canary;
use super::error::ApiError;
use crate::config::Authentication;
use crate::engine::{Answered, Answering, AskOptions};
use crate::llm::DeltaStream;
use crate::model::{
    AnswerId, AnswerMode, AnswerRecord, Arm, Query, ResolvedQuestion, Sentence, Stopwatch,
};
use crate::retrieve::Snapshot;
use futures::StreamExt;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use tokio::sync::OwnedSemaphorePermit;
use tokio::task::spawn_blocking;

/// A question with its evidence.
pub(super) struct Prepared {
    answering: Answering,
    deltas: Option<DeltaStream>,
    place: Place,
    question: String,
}

impl Prepared {
    /// Under which name the answer will be recorded.
    pub(super) fn id(&self) -> AnswerId {
        self.answering.id()
    }
}

/// An answer that is in the graph.
pub(super) struct Recorded {
    pub(super) record: AnswerRecord,
    /// The answer as it is shown.
    pub(super) text: String,
    /// Whether sentences were left out because of the longest output that was wished.
    pub(super) cut_short: bool,
    /// Tokens of question and answer, as the text model counts them.
    pub(super) n_tokens: (usize, usize),
    /// Where the time went.
    pub(super) stopwatch: Stopwatch,
}

impl Recorded {
    /// What stands below the answer, as paragraphs; empty when nothing does.
    pub(super) fn below(&self) -> String {
        self.record.below()
    }
}

type Place = Option<OwnedSemaphorePermit>;

async fn place(app: &App) -> Place {
    // It is never closed.
    Arc::clone(&app.places).acquire_owned().await.ok()
}

/// Finds the evidence for a question, in the generation that answers who asks. What the
/// generation on trial cannot do, the other one does.
pub(super) async fn prepare(
    app: &Arc<App>,
    query: Query,
    mut options: AskOptions,
) -> Result<Prepared, ApiError> {
    let (snapshot, served) = app.route(&key_of(app, &query, &options));
    options.canary = served.filter(|_| query.picture.is_none());
    let on_trial = options.canary.clone().filter(|served| served.arm == Arm::Canary);
    let Some(served) = on_trial else {
        return prepare_on(app, snapshot, query, options).await;
    };
    let tried = prepare_on(app, snapshot, query.clone(), options.clone()).await;
    let error = match tried {
        Err(error) if !error.is_refusal() => error,
        done => return done,
    };
    options.canary = None;
    let prepared = prepare_on(app, app.snapshot(), query, options).await?;
    tracing::warn!(?error, "the generation on trial failed; the other one answers");
    let counting = Arc::clone(app);
    spawn_blocking(move || canary::count_failure(&counting, &served)).await?;
    Ok(prepared)
}

/// What keeps an asker on one side of a canary: who they are; where nobody is asked that,
/// for whom the client says that it asks, else how the conversation began.
fn key_of(app: &App, query: &Query, options: &AskOptions) -> String {
    if app.gate.config.authentication != Authentication::None {
        return options.principal.name.clone();
    }
    let began = options.earlier.first().map(|turn| turn.question.clone());
    options.end_user.clone().or(began).unwrap_or_else(|| query.text.clone())
}

async fn prepare_on(
    app: &Arc<App>,
    snapshot: Arc<Snapshot>,
    query: Query,
    options: AskOptions,
) -> Result<Prepared, ApiError> {
    let mut place_held = place(app).await;
    let mut query = query;
    let mut options = options;
    let mut resolved: Option<ResolvedQuestion> = None;
    if !options.earlier.is_empty() {
        let (asked, app_held, read) = ((query, options), Arc::clone(app), Arc::clone(&snapshot));
        let follow_up = spawn_blocking(move || {
            let (query, options) = asked;
            let session = app_held.knowledge_base().session_on(read);
            let resolved = session.stand_alone(&query, &options);
            let by = resolved.as_ref();
            let rewriting = by.and_then(|by| session.rewriting(&query, &options, by));
            (query, options, resolved, rewriting)
        });
        let rewriting;
        (query, options, resolved, rewriting) = follow_up.await?;
        if let Some(rewriting) = rewriting {
            drop(place_held);
            resolved = Some(rewriting.ask().await);
            place_held = place(app).await;
        }
    }
    let app_held = Arc::clone(app);
    let prepared = spawn_blocking(move || {
        let session = app_held.knowledge_base().session_on(snapshot);
        let mut answering = session.prepare(&query, resolved, options)?;
        let deltas = answering.deltas();
        // While a language model writes, others may compute.
        let place = if deltas.is_some() { None } else { place_held };
        Ok(Prepared { answering, deltas, place, question: query.text })
    });
    prepared.await?
}

/// Answers a question and records the answer. `on_sentence` hears the sentences of a
/// language model as soon as they are checked. `None` when `gone` was over before
/// anything was said.
pub(super) async fn answer(
    app: &Arc<App>,
    prepared: Prepared,
    on_sentence: &mut (dyn FnMut(&Sentence) + Send),
    gone: impl Future<Output = ()> + Send,
) -> Result<Option<Recorded>, ApiError> {
    let Prepared { mut answering, deltas, place: place_held, question } = prepared;
    let Some(mut deltas) = deltas else {
        let finish = move |answering: Answering| (Vec::new(), answering.finish().1);
        let (_, recorded) = record(app, answering, question, place_held, finish).await?;
        return Ok(Some(recorded));
    };
    let mut gone = pin!(gone);
    loop {
        let delta = tokio::select! {
            biased;
            () = &mut gone => {
                drop(deltas);
                let Some(answered) = answering.break_off() else { return Ok(None) };
                let app = Arc::clone(app);
                let kept = move || kept(&app, answered, &question);
                return Ok(Some(spawn_blocking(kept).await??));
            }
            delta = deltas.next() => delta,
        };
        match delta {
            Some(Ok(delta)) => {
                answering.push(&delta);
                if answering.has_unchecked() {
                    let check = move || {
                        let sentences = answering.check();
                        (answering, sentences)
                    };
                    let sentences;
                    (answering, sentences) = spawn_blocking(check).await?;
                    sentences.iter().for_each(&mut *on_sentence);
                }
            }
            Some(Err(failure)) => {
                let fail = move |answering: Answering| (Vec::new(), answering.fail(&failure));
                let place = place(app).await;
                let (_, recorded) = record(app, answering, question, place, fail).await?;
                return Ok(Some(recorded));
            }
            None => {
                let place = place(app).await;
                let (last, recorded) =
                    record(app, answering, question, place, Answering::finish).await?;
                last.iter().for_each(on_sentence);
                return Ok(Some(recorded));
            }
        }
    }
}

async fn record(
    app: &Arc<App>,
    answering: Answering,
    question: String,
    place: Place,
    finish: impl FnOnce(Answering) -> (Vec<Sentence>, Answered) + Send + 'static,
) -> Result<(Vec<Sentence>, Recorded), ApiError> {
    let app = Arc::clone(app);
    let work = move || {
        let _place = place;
        let (last, answered) = finish(answering);
        Ok((last, kept(&app, answered, &question)?))
    };
    spawn_blocking(work).await?
}

fn kept(app: &Arc<App>, answered: Answered, question: &str) -> Result<Recorded, ApiError> {
    let cut_short = answered.cut_short();
    let (record, stopwatch) = app.knowledge_base().record_answer(answered)?;
    if !matches!(record.answer.mode, AnswerMode::Waiting { .. }) {
        canary::count_answer(app, &record, &stopwatch);
    }
    let text = shown(&record);
    let count = |text: &str| app.knowledge_base().count_tokens(text);
    let n_tokens = (count(question), count(&text));
    Ok(Recorded { record, text, cut_short, n_tokens, stopwatch })
}

/// What stands before quotes that replace what a language model could not write.
pub(super) const DEGRADED: &str =
    "The language model could not answer; these are quotes of the evidence. ";

/// The answer as it is shown: a degraded one says that it is.
fn shown(record: &AnswerRecord) -> String {
    match &record.answer.mode {
        AnswerMode::Extractive { degraded_because: Some(_) } => {
            format!("{DEGRADED}{}", record.answer.text())
        }
        _ => record.answer.text(),
    }
}
