//! Running jobs: those whose caller waits at once, the others as they are found in the queue.
//!
//! `run` is one job from its lease to its end, `queue` finds work and takes up what dead workers left, `read` is what
//! becomes no job, `credentials` what the vault has for a connector, `throttle` who may have fewer calls at once, `changes`
//! what subscribers hear of.

mod changes;
mod credentials;
mod queue;
mod read;
mod run;
mod throttle;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use bulkhead_connectors::KnownRestrictions;
use bulkhead_execution::{Job, LeaseTerms, StartedJob, SubmitError, ToolCall};
use bulkhead_kernel::id::{JobId, OrganizationId, UserId};
use bulkhead_kernel::sql::SqlError;
use bulkhead_kernel::{Caller, Ports};
use tokio::sync::{Notify, Semaphore, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::JobsConfig;
use crate::connections::Connections;
use crate::observability::Metrics;
use crate::sandbox::{Connector, Installed, LiveConnectors, Observer};
use crate::vault::Vault;

pub use changes::{Change, Changes};
pub use read::ReadError;
use throttle::{Stream, Throttle, Turn};

/// Runs jobs. One per process; cheap to clone.
#[derive(Clone)]
pub struct Worker(Arc<Inner>);

struct Inner {
    ports: Ports,
    connectors: LiveConnectors,
    metrics: Metrics,
    vault: Vault,
    connections: Connections,
    changes: Changes,
    restrictions: KnownRestrictions,
    terms: LeaseTerms,
    config: JobsConfig,
    /// What runs here: how to stop it, and how to learn that it ended.
    running: Mutex<HashMap<JobId, Running>>,
    /// Places for jobs whose caller does not wait.
    places: Arc<Semaphore>,
    throttle: Arc<Throttle>,
    /// Rings when a job may be in the queue.
    bell: Notify,
    tasks: TaskTracker,
    draining: CancellationToken,
}

#[derive(Clone)]
struct Running {
    cancel: CancellationToken,
    ended: watch::Receiver<bool>,
}

/// Why a call has no finished job to show.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// It was refused or could not be recorded.
    #[error(transparent)]
    Submit(#[from] SubmitError),
    /// It ran, but how it ended is not recorded: the database went away, or the lease was lost.
    #[error("the job {0} ran, but its end could not be recorded; read it again later")]
    EndNotRecorded(JobId),
    /// The process is shutting down.
    #[error("the host is shutting down; try again in a moment")]
    Draining,
}

/// A job that runs.
#[derive(Debug)]
pub struct Started {
    /// Which.
    pub id: JobId,
    ended: tokio::task::JoinHandle<Option<Job>>,
}

impl Started {
    /// Waits for its end. The run goes on when nobody waits.
    ///
    /// # Errors
    /// [`CallError::EndNotRecorded`].
    pub async fn end(&mut self) -> Result<Job, CallError> {
        (&mut self.ended).await.ok().flatten().ok_or(CallError::EndNotRecorded(self.id))
    }
}

impl Worker {
    /// A worker for these connectors. `name` must never have been another worker's.
    #[must_use]
    pub fn new(
        ports: Ports,
        connectors: LiveConnectors,
        (vault, connections): (Vault, Connections),
        metrics: Metrics,
        config: JobsConfig,
        name: String,
    ) -> Self {
        Self(Arc::new(Inner {
            ports,
            connectors,
            metrics,
            vault,
            connections,
            changes: Changes::default(),
            restrictions: KnownRestrictions::default(),
            terms: LeaseTerms { owner: name, duration: config.lease() },
            places: Arc::new(Semaphore::new(config.workers)),
            throttle: Arc::new(Throttle::new(config.throttled_calls)),
            config,
            running: Mutex::default(),
            bell: Notify::new(),
            tasks: TaskTracker::new(),
            draining: CancellationToken::new(),
        }))
    }

    /// Where changes are told.
    #[must_use]
    pub fn changes(&self) -> &Changes {
        &self.0.changes
    }

    /// The connectors that jobs run in, as they are now. Whoever holds them keeps them when others come.
    #[must_use]
    pub fn installed(&self) -> Arc<Installed> {
        self.0.connectors.current()
    }

    /// Records a call and runs it at once. The run goes on when the caller goes away; `cancel` ends it. The observer is
    /// told what the tool says meanwhile.
    ///
    /// # Errors
    /// [`CallError`]; a tool that fails is no error but a failed job.
    pub async fn call(
        &self,
        caller: &Caller,
        call: ToolCall,
        cancel: CancellationToken,
        observer: Option<Observer>,
    ) -> Result<Job, CallError> {
        self.start(caller, call, cancel, observer).await?.end().await
    }

    /// The same, without waiting for the end.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn start(
        &self,
        caller: &Caller,
        call: ToolCall,
        cancel: CancellationToken,
        observer: Option<Observer>,
    ) -> Result<Started, CallError> {
        if self.0.draining.is_cancelled() {
            return Err(CallError::Draining);
        }
        let inner = &self.0;
        // One look: the version that the arguments were checked for is the one that runs.
        let installed = self.installed();
        let (catalogue, known) = (installed.as_ref(), &inner.restrictions);
        let started = bulkhead_execution::submit_claimed(&inner.ports, caller, catalogue, known, call, &inner.terms)
            .await
            .inspect_err(|error| inner.metrics.refused(error))?;
        let id = started.job.id;
        let connector = installed.get(&started.job.connector).cloned();
        Ok(Started { id, ended: self.spawn(started, connector, cancel, observer, None) })
    }

    /// Runs a queued job now, if nobody else does, and waits up to `wait` for its end; whether it ended. A job for which nobody
    /// waits takes its turn: only so many of those run at once.
    ///
    /// # Errors
    /// [`SqlError`] when the database refuses.
    pub async fn run_queued(&self, id: JobId, wait: Duration) -> Result<bool, SqlError> {
        if wait.is_zero() {
            self.ring();
            return Ok(false);
        }
        if !self.0.draining.is_cancelled() {
            self.claim(id, None).await?;
        }
        let running = self.running(id);
        match running {
            Some(mut running) => {
                let ended = running.ended.wait_for(|ended| *ended);
                Ok(tokio::time::timeout(wait, ended).await.is_ok())
            }
            // It ended, or it runs elsewhere: whoever waits reads it from the database anyway.
            None => Ok(true),
        }
    }

    /// Stops a job that runs here; whether one did.
    pub fn cancel(&self, id: JobId) -> bool {
        let running = self.running(id);
        if let Some(running) = &running {
            running.cancel.cancel();
        }
        running.is_some()
    }

    /// Says that a job may be in the queue.
    pub fn ring(&self) {
        self.0.bell.notify_one();
    }

    /// Takes no more work, and waits for what runs; what has not ended by then is canceled.
    pub async fn drain(&self, patience: Duration) {
        self.0.draining.cancel();
        self.0.tasks.close();
        if tokio::time::timeout(patience, self.0.tasks.wait()).await.is_err() {
            self.cancel_all().await;
        }
        self.0.connections.drain().await;
    }

    async fn cancel_all(&self) {
        let running: Vec<Running> = self.lock().values().cloned().collect();
        tracing::warn!(jobs = running.len(), "canceling the jobs that did not end in time");
        for job in running {
            job.cancel.cancel();
        }
        // A canceled job ends as soon as its end is recorded.
        let _ = tokio::time::timeout(Duration::from_secs(5), self.0.tasks.wait()).await;
    }

    /// Starts the run of a queued job in the connector's present version, if nobody else has.
    async fn claim(&self, id: JobId, place: Option<tokio::sync::OwnedSemaphorePermit>) -> Result<(), SqlError> {
        // One look: the version that is written with the lease is the one that runs.
        let installed = self.installed();
        let digest_of = |slug: &str| installed.get(slug).map(|connector| connector.entry().digest.clone());
        if let Some(started) = bulkhead_execution::claim(&self.0.ports, &self.0.terms, id, digest_of).await? {
            let connector = installed.get(&started.job.connector).cloned();
            drop(self.spawn(started, connector, CancellationToken::new(), None, place));
        }
        Ok(())
    }

    /// Starts the run of a claimed job as a task of its own.
    fn spawn(
        &self,
        started: StartedJob,
        connector: Option<Arc<Connector>>,
        cancel: CancellationToken,
        observer: Option<Observer>,
        place: Option<tokio::sync::OwnedSemaphorePermit>,
    ) -> tokio::task::JoinHandle<Option<Job>> {
        let id = started.job.id;
        let (ended, receiver) = watch::channel(false);
        self.lock().insert(id, Running { cancel: cancel.clone(), ended: receiver });
        let worker = self.clone();
        self.0.tasks.spawn(async move {
            let job = worker.run(started, connector, cancel, observer, place.is_some()).await;
            worker.lock().remove(&id);
            // Nobody may be waiting.
            let _ = ended.send(true);
            if place.is_some() {
                drop(place);
                // The next one need not wait until the queue is looked through.
                worker.ring();
            }
            job
        })
    }

    /// Waits until a call may run, and says for how long it had to.
    async fn turn(&self, organization: OrganizationId, user: UserId, connector: &str) -> (Turn, Option<Duration>) {
        let mut waiting = None;
        let waits = || waiting = Some((Instant::now(), self.0.metrics.throttled(connector)));
        let stream = Stream { organization, user, connector: connector.to_owned() };
        let turn = self.0.throttle.turn(stream, waits).await;
        (turn, waiting.map(|(since, _)| since.elapsed()))
    }

    fn running(&self, id: JobId) -> Option<Running> {
        self.lock().get(&id).cloned()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<JobId, Running>> {
        self.0.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
