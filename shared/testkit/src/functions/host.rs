//! A host that does what a test tells it to.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use bulkhead_execution::{LeaseTerms, Outcome, Usage, claim};
use bulkhead_http_api::{FetchedDocument, HostClient, HostError, RunReply};
use bulkhead_kernel::id::JobId;
use bulkhead_kernel::{CorrelationId, Ports};
use serde_json::json;

use crate::jobs::finish;

/// What a [`FakeHost`] does when it is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Behaviour {
    /// It runs the job to a success.
    Finish,
    /// It starts the job, which then goes on.
    Start,
    /// It starts the job and says that it ended, though it did not.
    Lie,
    /// It does nothing but this.
    Fail(HostError),
}

/// What a [`FakeHost`] was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// To run a job and wait so long.
    Run(JobId, Duration, String),
    /// To cancel a job.
    Cancel(JobId, String),
    /// For a client's metadata document.
    FetchClientMetadata(String),
}

/// A host that does what a test tells it to, through the real use cases, and remembers what it was asked.
pub struct FakeHost {
    ports: Ports,
    behaviour: Mutex<Behaviour>,
    asked: Mutex<Vec<Asked>>,
    documents: Mutex<BTreeMap<String, FetchedDocument>>,
}

impl FakeHost {
    pub(crate) fn new(ports: Ports) -> Self {
        Self { ports, behaviour: Mutex::new(Behaviour::Finish), asked: Mutex::default(), documents: Mutex::default() }
    }

    /// From now on it does this.
    pub fn behave(&self, behaviour: Behaviour) {
        *self.behaviour.lock().expect("no test panics here") = behaviour;
    }

    /// From now on it finds this document there.
    pub fn publish(&self, url: &str, text: &str) {
        let document = FetchedDocument { text: text.to_owned(), max_age: None };
        self.documents.lock().expect("no test panics here").insert(url.to_owned(), document);
    }

    /// What it was asked so far.
    #[must_use]
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("no test panics here").clone()
    }

    fn note(&self, asked: Asked) -> Behaviour {
        self.asked.lock().expect("no test panics here").push(asked);
        self.behaviour.lock().expect("no test panics here").clone()
    }
}

#[async_trait]
impl HostClient for FakeHost {
    async fn run(&self, job: JobId, wait: Duration, correlation: &CorrelationId) -> Result<RunReply, HostError> {
        let behaviour = self.note(Asked::Run(job, wait, correlation.to_string()));
        if let Behaviour::Fail(error) = behaviour {
            return Err(error);
        }
        let terms = LeaseTerms { owner: "test".to_owned(), duration: Duration::from_secs(60) };
        let started = claim(&self.ports, &terms, job, |_| None).await.expect("the database works");
        match behaviour {
            Behaviour::Finish => {
                let started = started.expect("a queued job");
                let result = Outcome::Succeeded(json!({"structuredContent": {"value": 1}, "content": []}));
                let usage = Some(Usage { cpu_us: 1, wall_us: 2, peak_memory_bytes: 65_536, ..Usage::default() });
                finish(&self.ports, started.job, &started.lease, result, usage, Vec::new()).await.expect("finishes");
                Ok(RunReply::Ended)
            }
            Behaviour::Lie => Ok(RunReply::Ended),
            _ => Ok(RunReply::StillRunning),
        }
    }

    async fn cancel(&self, job: JobId, correlation: &CorrelationId) -> Result<(), HostError> {
        match self.note(Asked::Cancel(job, correlation.to_string())) {
            Behaviour::Fail(error) => Err(error),
            _ => Ok(()),
        }
    }

    async fn fetch_client_metadata(&self, url: &str, _: &CorrelationId) -> Result<FetchedDocument, HostError> {
        if let Behaviour::Fail(error) = self.note(Asked::FetchClientMetadata(url.to_owned())) {
            return Err(error);
        }
        let documents = self.documents.lock().expect("no test panics here");
        documents.get(url).cloned().ok_or(HostError::Refused(422))
    }
}
