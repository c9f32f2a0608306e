//! Backtests that a server runs on request, one at a time.
//!
//! One thread runs them. It pauses as long as it works, so that pushes and queries have at least half of its
//! core and all others. Waiting backtests and results are kept in memory, in limited number; a restart drops
//! them.

use std::collections::VecDeque;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::Mutex;
use plimsoll_storage::Store;
use schemars::JsonSchema;
use serde::{Serialize, Serializer};
use tokio::sync::watch;

use super::job::{JobRequest, ResultBody};
use super::limits::{JOBS_KEPT_MAX, JOBS_WAITING_MAX};

/// The state of a backtest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum JobState {
    /// It waits for an earlier backtest.
    #[default]
    Queued,
    Running,
    Done,
    Failed,
    Cancelled,
}

impl JobState {
    const fn is_over(self) -> bool {
        matches!(self, Self::Done | Self::Failed | Self::Cancelled)
    }
}

/// A backtest.
#[derive(Debug, Clone, Default, Serialize, JsonSchema)]
pub(crate) struct JobBody {
    id: String,
    state: JobState,
    /// The evaluated share of the history, 0 to 1.
    progress: f64,
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    /// What it found.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "inner")]
    #[schemars(with = "Option<ResultBody>")]
    result: Option<Arc<ResultBody>>,
}

fn inner<S: Serializer>(result: &Option<Arc<ResultBody>>, to: S) -> Result<S::Ok, S::Error> {
    result.as_deref().serialize(to)
}

/// Waiting, running and finished backtests, shared by all requests.
#[derive(Debug, Clone)]
pub(crate) struct Jobs {
    inner: Arc<Mutex<Inner>>,
    /// Counts changes, so that requests can wait for one.
    changes: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Inner {
    last_id: u64,
    /// Oldest first.
    jobs: VecDeque<Job>,
    worker: Option<JoinHandle<()>>,
    is_stopped: bool,
}

#[derive(Debug)]
struct Job {
    body: JobBody,
    /// `None` once it has started.
    request: Option<JobRequest>,
    is_cancelled: bool,
}

impl Default for Jobs {
    fn default() -> Self {
        Self { inner: Arc::default(), changes: watch::Sender::new(0) }
    }
}

impl Jobs {
    /// Queues a backtest; `None` if too many wait.
    pub(crate) fn start(&self, store: &Arc<Store>, request: JobRequest) -> Option<JobBody> {
        let mut inner = self.inner.lock();
        let waiting = inner.jobs.iter().filter(|job| job.body.state == JobState::Queued).count();
        if waiting >= JOBS_WAITING_MAX || inner.is_stopped {
            return None;
        }
        inner.last_id += 1;
        let body = JobBody { id: inner.last_id.to_string(), ..JobBody::default() };
        let job = Job { body: body.clone(), request: Some(request), is_cancelled: false };
        inner.jobs.push_back(job);
        inner.drop_old();
        let is_idle = inner.worker.as_ref().is_none_or(JoinHandle::is_finished);
        if is_idle {
            let (jobs, store) = (self.clone(), Arc::clone(store));
            let worker = std::thread::Builder::new().name("backtest".to_owned());
            match worker.spawn(move || jobs.work(&store)) {
                Ok(worker) => inner.worker = Some(worker),
                Err(error) => {
                    tracing::error!(%error, "cannot start a thread for a backtest");
                    inner.jobs.pop_back();
                    return None;
                }
            }
        }
        Some(body)
    }

    /// Every known backtest, newest first, without results.
    pub(crate) fn list(&self) -> Vec<JobBody> {
        let inner = self.inner.lock();
        let bodies = inner.jobs.iter().rev();
        bodies.map(|job| JobBody { result: None, ..job.body.clone() }).collect()
    }

    /// One backtest.
    pub(crate) fn get(&self, id: &str) -> Option<JobBody> {
        let inner = self.inner.lock();
        inner.jobs.iter().find(|job| job.body.id == id).map(|job| job.body.clone())
    }

    /// One backtest, once it has ended or `patience` has passed.
    pub(crate) async fn wait_for(&self, id: &str, patience: Duration) -> Option<JobBody> {
        let mut changes = self.changes.subscribe();
        let ended = async {
            while self.get(id).is_some_and(|job| !job.state.is_over()) {
                if changes.changed().await.is_err() {
                    return;
                }
            }
        };
        // After the timeout the answer is the current progress.
        let _ = tokio::time::timeout(patience, ended).await;
        self.get(id)
    }

    /// Cancels a waiting or running backtest; drops a finished one.
    pub(crate) fn cancel(&self, id: &str) -> Option<JobBody> {
        let mut inner = self.inner.lock();
        let position = inner.jobs.iter().position(|job| job.body.id == id)?;
        let job = inner.jobs.get_mut(position)?;
        let is_over = job.body.state.is_over();
        job.cancel();
        let body = JobBody { result: None, ..job.body.clone() };
        if is_over {
            inner.jobs.remove(position);
        }
        drop(inner);
        self.changed();
        Some(body)
    }

    /// Cancels all backtests, and waits until none uses the store.
    pub(crate) fn stop(&self) {
        let worker = {
            let mut inner = self.inner.lock();
            inner.is_stopped = true;
            inner.jobs.iter_mut().for_each(Job::cancel);
            inner.worker.take()
        };
        if worker.is_some_and(|worker| worker.join().is_err()) {
            tracing::error!("a backtest panicked");
        }
    }

    fn changed(&self) {
        self.changes.send_modify(|count| *count += 1);
    }

    /// Runs waiting backtests until there are none.
    fn work(&self, store: &Arc<Store>) {
        while let Some((id, request)) = self.next() {
            let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                request.run(store, &|progress| self.note_progress(&id, progress))
            }));
            let outcome = outcome.unwrap_or_else(|_| Err("the backtest panicked".to_owned()));
            self.finish(&id, outcome);
        }
    }

    fn next(&self) -> Option<(String, JobRequest)> {
        let mut inner = self.inner.lock();
        let waiting = |job: &&mut Job| job.body.state == JobState::Queued;
        let Some(job) = inner.jobs.iter_mut().find(waiting) else {
            // The next request starts another worker.
            inner.worker = None;
            return None;
        };
        job.body.state = JobState::Running;
        Some((job.body.id.clone(), job.request.take()?))
    }

    /// Records the progress; returns whether to continue.
    fn note_progress(&self, id: &str, progress: f64) -> bool {
        let mut inner = self.inner.lock();
        let job = inner.jobs.iter_mut().find(|job| job.body.id == id);
        job.is_some_and(|job| {
            job.body.progress = progress.min(1.0);
            !job.is_cancelled
        })
    }

    fn finish(&self, id: &str, outcome: Result<ResultBody, String>) {
        let mut inner = self.inner.lock();
        if let Some(job) = inner.jobs.iter_mut().find(|job| job.body.id == id) {
            let body = &mut job.body;
            match outcome {
                _ if job.is_cancelled => body.state = JobState::Cancelled,
                Ok(result) => {
                    (body.state, body.progress) = (JobState::Done, 1.0);
                    body.result = Some(Arc::new(result));
                }
                Err(error) => (body.state, body.error) = (JobState::Failed, Some(error)),
            }
        }
        drop(inner);
        self.changed();
    }
}

impl Inner {
    fn drop_old(&mut self) {
        while self.jobs.len() > JOBS_KEPT_MAX {
            let Some(oldest) = self.jobs.iter().position(|job| job.body.state.is_over()) else {
                return;
            };
            self.jobs.remove(oldest);
        }
    }
}

impl Job {
    fn cancel(&mut self) {
        self.is_cancelled = true;
        if self.body.state == JobState::Queued {
            self.body.state = JobState::Cancelled;
            self.request = None;
        }
    }
}
