//! Work that takes longer than a request: queued, done one after the other, and watched.
//!
//! What is acknowledged lies in the spool of the knowledge base before the answer goes
//! out, so that no crash loses it.

use super::error::ApiError;
use crate::engine::{EngineError, Incoming, JobEnd, JobId, JobOrder, JobWork, Progress, Spool};
use crate::model::{DocumentId, Permission, Principal};
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, watch};
use utoipa::ToSchema;

/// Jobs that wait or run; further ones are refused.
const MAX_OPEN: usize = 64;
/// Jobs that ended and are still told about.
const MAX_ENDED: usize = 200;
/// Uploads that are received at the same time.
const MAX_UPLOADS: usize = 4;
/// Uploads that are published together.
const MAX_TOGETHER: usize = 32;
/// After how many seconds one who is refused may try again.
const RETRY_AFTER_S: u32 = 10;

/// How far a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum JobStatus {
    /// Others are before it.
    Queued,
    /// It is being done.
    Running,
    /// It is done.
    Done,
    /// It could not be done.
    Failed,
}

impl JobStatus {
    pub(super) const ALL: [Self; 4] = [Self::Queued, Self::Running, Self::Done, Self::Failed];

    /// Name in answers and metrics.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }
}

/// What a running job is at.
#[derive(Clone, Debug, Default, PartialEq, Serialize, ToSchema)]
pub(super) struct JobProgress {
    /// The stage, in words.
    pub(super) stage: String,
    /// What is done of the stage, where it can be counted.
    pub(super) n_done: Option<usize>,
    /// How much there is.
    pub(super) n_total: Option<usize>,
    /// How much is done in a second.
    pub(super) per_second: Option<f64>,
    /// Seconds until the stage is done, at this rate.
    pub(super) eta_s: Option<f64>,
}

/// What changes about a job.
#[derive(Clone, Debug)]
pub(super) struct JobState {
    pub(super) status: JobStatus,
    pub(super) progress: Option<JobProgress>,
    pub(super) started_at: Option<String>,
    pub(super) ended_at: Option<String>,
    pub(super) result: Option<Value>,
    pub(super) error: Option<String>,
    /// When the stage began.
    stage_begun: Instant,
}

/// One job.
pub(super) struct Job {
    pub(super) order: JobOrder,
    state: watch::Sender<JobState>,
    /// Given back when the job ends.
    place: Mutex<Option<OwnedSemaphorePermit>>,
}

#[derive(Default)]
struct Known {
    jobs: BTreeMap<JobId, Arc<Job>>,
    queue: VecDeque<Arc<Job>>,
}

/// Every job.
pub(super) struct Jobs {
    pub(super) spool: Spool,
    known: Mutex<Known>,
    wake: Notify,
    places: Arc<Semaphore>,
    uploads: Arc<Semaphore>,
}

/// A place in the queue.
pub(super) struct Place(OwnedSemaphorePermit);

impl Jobs {
    /// Takes up what an earlier run left: jobs that were acknowledged and not done are
    /// queued, those that ended are told about.
    pub(super) fn open(spool: Spool) -> Result<Self, EngineError> {
        let mut known = Known::default();
        for found in spool.jobs()? {
            let state = JobState::of(found.end.as_ref());
            let waits = state.status == JobStatus::Queued;
            let (state, place) = (watch::Sender::new(state), Mutex::new(None));
            let job = Arc::new(Job { order: found.order, state, place });
            known.jobs.insert(job.order.id.clone(), Arc::clone(&job));
            if waits {
                known.queue.push_back(job);
            }
        }
        let places = Arc::new(Semaphore::new(MAX_OPEN.saturating_sub(known.queue.len())));
        for job in &known.queue {
            // Places of jobs of an earlier run come on top when these end.
            tracing::info!(job.id = %job.order.id, job.kind = job.order.work.as_str(), "a job goes on");
        }
        let jobs = Self {
            spool,
            known: Mutex::new(known),
            wake: Notify::new(),
            places,
            uploads: Arc::new(Semaphore::new(MAX_UPLOADS)),
        };
        jobs.forget_old();
        Ok(jobs)
    }

    /// A place in the queue.
    ///
    /// # Errors
    /// When it is full.
    pub(super) fn place(&self) -> Result<Place, ApiError> {
        let place = Arc::clone(&self.places).try_acquire_owned();
        let full = |_| ApiError::busy(RETRY_AFTER_S, "the queue of jobs is full; try again later");
        place.map(Place).map_err(full)
    }

    /// A place among those whose files are received.
    ///
    /// # Errors
    /// When there are as many as are received at the same time.
    pub(super) fn upload_place(&self) -> Result<OwnedSemaphorePermit, ApiError> {
        let busy = |_| {
            let message = format!("expected at most {MAX_UPLOADS} uploads at the same time");
            ApiError::busy(RETRY_AFTER_S, &message)
        };
        Arc::clone(&self.uploads).try_acquire_owned().map_err(busy)
    }

    /// Queues a job; when it returns, no crash loses the job. For threads that may block.
    ///
    /// # Errors
    /// When the disk refuses.
    pub(super) fn submit(
        &self,
        place: Place,
        order: JobOrder,
        incoming: Incoming,
    ) -> Result<Arc<Job>, EngineError> {
        self.spool.accept(&order, incoming)?;
        let job = Arc::new(Job {
            order,
            state: watch::Sender::new(JobState::of(None)),
            place: Mutex::new(Some(place.0)),
        });
        let mut known = self.known();
        known.jobs.insert(job.order.id.clone(), Arc::clone(&job));
        known.queue.push_back(Arc::clone(&job));
        drop(known);
        self.wake.notify_one();
        Ok(job)
    }

    /// A job for publishing what was decided: one that waits already, or a new one.
    ///
    /// # Errors
    /// When the queue is full or the disk refuses.
    pub(super) fn publishing(&self, principal: &Principal) -> Result<Arc<Job>, ApiError> {
        let waiting = |job: &&Arc<Job>| {
            job.order.work == JobWork::Publish && job.order.principal == principal.name
        };
        if let Some(job) = self.known().queue.iter().find(waiting) {
            return Ok(Arc::clone(job));
        }
        let order = JobOrder::new(JobWork::Publish, &principal.name, Default::default());
        Ok(self.submit(self.place()?, order, self.spool.incoming()?)?)
    }

    /// The jobs to be done next: one, or uploads that follow each other.
    pub(super) async fn next(&self) -> Vec<Arc<Job>> {
        loop {
            let woken = self.wake.notified();
            let batch = self.take();
            if !batch.is_empty() {
                return batch;
            }
            woken.await;
        }
    }

    fn take(&self) -> Vec<Arc<Job>> {
        let mut known = self.known();
        let mut batch: Vec<Arc<Job>> = known.queue.pop_front().into_iter().collect();
        if batch.first().is_some_and(|job| job.is_upload()) {
            while batch.len() < MAX_TOGETHER
                && let Some(job) = known.queue.pop_front_if(|job| job.is_upload())
            {
                batch.push(job);
            }
        }
        batch
    }

    /// A job that a principal may see.
    pub(super) fn get(&self, name: &str, principal: &Principal) -> Option<Arc<Job>> {
        let id = JobId::from_name(name)?;
        let job = self.known().jobs.get(&id).map(Arc::clone)?;
        job.is_seen_by(principal).then_some(job)
    }

    /// The jobs that a principal may see, the latest first.
    pub(super) fn list(&self, principal: &Principal) -> Vec<Arc<Job>> {
        let known = self.known();
        let jobs = known.jobs.values().rev().filter(|job| job.is_seen_by(principal));
        jobs.map(Arc::clone).collect()
    }

    /// The documents that are to be deleted by jobs that have not ended.
    pub(super) fn documents_to_delete(&self) -> BTreeSet<DocumentId> {
        let known = self.known();
        let open = known.jobs.values().filter(|job| !job.ended());
        let documents = open.flat_map(|job| match &job.order.work {
            JobWork::Delete { documents, .. } => documents.as_slice(),
            _ => &[],
        });
        documents.map(DocumentId::from_iri).collect()
    }

    /// How many jobs there are of each status; of those that ended, the latest only.
    pub(super) fn counts(&self) -> [(JobStatus, usize); 4] {
        let known = self.known();
        let n_of = |status| known.jobs.values().filter(|job| job.state().status == status).count();
        JobStatus::ALL.map(|status| (status, n_of(status)))
    }

    /// Jobs before this one; none when it does not wait.
    pub(super) fn n_before(&self, job: &Job) -> Option<usize> {
        self.known().queue.iter().position(|waiting| waiting.order.id == job.order.id)
    }

    /// Notes what came of a job, on disk first.
    pub(super) fn end(&self, job: &Job, result: Option<Value>, error: Option<String>) {
        let started_at = job.state.borrow().started_at.clone();
        let end = JobEnd { started_at, ended_at: now(), result, error };
        if let Err(error) = self.spool.end(&job.order.id, &end) {
            tracing::error!(job.id = %job.order.id, %error, "the end of a job cannot be kept");
        }
        job.state.send_modify(|state| *state = JobState::of(Some(&end)));
        let place = job.place.lock().unwrap_or_else(PoisonError::into_inner).take();
        if place.is_none() {
            // A job of an earlier run.
            self.places.add_permits(1);
        }
        drop(place);
        self.forget_old();
    }

    fn forget_old(&self) {
        let mut known = self.known();
        let ended: Vec<JobId> =
            known.jobs.values().filter(|job| job.ended()).map(|job| job.order.id.clone()).collect();
        let n_old = ended.len().saturating_sub(MAX_ENDED);
        for id in ended.into_iter().take(n_old) {
            known.jobs.remove(&id);
            if let Err(error) = self.spool.forget(&id) {
                tracing::warn!(job.id = %id, %error, "an old job cannot be removed");
            }
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Job {
    fn is_upload(&self) -> bool {
        matches!(self.order.work, JobWork::Upload { .. })
    }

    fn ended(&self) -> bool {
        matches!(self.state.borrow().status, JobStatus::Done | JobStatus::Failed)
    }

    /// Whether a principal may know of it: their own or, for those who operate, any; but
    /// none that concerns documents which they may not see.
    fn is_seen_by(&self, principal: &Principal) -> bool {
        let own = self.order.principal == principal.name;
        (own || principal.role.may(Permission::Operate))
            && self.order.labels.iter().all(|label| principal.sees(label))
    }

    /// The state as it is now.
    pub(super) fn state(&self) -> JobState {
        self.state.borrow().clone()
    }

    /// Hears of every change.
    pub(super) fn watch(&self) -> watch::Receiver<JobState> {
        self.state.subscribe()
    }

    /// Notes that it runs.
    pub(super) fn begin(&self) {
        self.state.send_modify(|state| {
            state.status = JobStatus::Running;
            state.started_at = Some(now());
            state.stage_begun = Instant::now();
        });
    }

    /// Notes how far it is.
    pub(super) fn show(&self, progress: &Progress<'_>) {
        let (stage, counts) = match progress {
            Progress::Ingesting { n_documents, n_total, .. }
            | Progress::Embedding { n_documents, n_total } => {
                ("taking in documents".to_owned(), Some((*n_documents, *n_total)))
            }
            Progress::Filling { n_documents, n_total } => {
                ("embedding texts".to_owned(), Some((*n_documents, *n_total)))
            }
            Progress::Extracting { n_fragments, n_total, .. } => {
                ("asking the language model".to_owned(), Some((*n_fragments, *n_total)))
            }
            Progress::Publishing(stage) => (format!("publishing: {stage}"), None),
        };
        self.state.send_modify(|state| {
            if state.progress.as_ref().is_none_or(|known| known.stage != stage) {
                state.stage_begun = Instant::now();
            }
            let seconds = state.stage_begun.elapsed().as_secs_f64();
            let per_second = counts
                .filter(|(n_done, _)| *n_done > 0 && seconds > 0.0)
                .map(|(n_done, _)| n_done as f64 / seconds);
            let eta_s = per_second.zip(counts).map(|(per_second, (n_done, n_total))| {
                n_total.saturating_sub(n_done) as f64 / per_second
            });
            state.progress = Some(JobProgress {
                stage,
                n_done: counts.map(|(n_done, _)| n_done),
                n_total: counts.map(|(_, n_total)| n_total),
                per_second,
                eta_s,
            });
        });
    }
}

impl JobState {
    /// The state of a job that ended so, or has not begun.
    fn of(end: Option<&JobEnd>) -> Self {
        let status = match end {
            None => JobStatus::Queued,
            Some(JobEnd { error: None, .. }) => JobStatus::Done,
            Some(_) => JobStatus::Failed,
        };
        Self {
            status,
            progress: None,
            started_at: end.and_then(|end| end.started_at.clone()),
            ended_at: end.map(|end| end.ended_at.clone()),
            result: end.and_then(|end| end.result.clone()),
            error: end.and_then(|end| end.error.clone()),
            stage_begun: Instant::now(),
        }
    }

    /// Whether nothing will change any more.
    pub(super) fn ended(&self) -> bool {
        matches!(self.status, JobStatus::Done | JobStatus::Failed)
    }
}

fn now() -> String {
    OffsetDateTime::now_utc().format(&Rfc3339).unwrap_or_default()
}
