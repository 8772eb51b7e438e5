//! The host as its own client, for code that is written for functions.

use std::time::Duration;

use async_trait::async_trait;
use bulkhead_http_api::{HostClient, HostError, RunReply};
use bulkhead_kernel::CorrelationId;
use bulkhead_kernel::id::JobId;

use crate::worker::Worker;

pub(super) struct LocalHost(pub(super) Worker);

#[async_trait]
impl HostClient for LocalHost {
    async fn run(&self, job: JobId, wait: Duration, _: &CorrelationId) -> Result<RunReply, HostError> {
        match self.0.run_queued(job, wait).await {
            Ok(true) => Ok(RunReply::Ended),
            Ok(false) => Ok(RunReply::StillRunning),
            Err(error) => Err(HostError::Unreachable(error.to_string())),
        }
    }

    async fn cancel(&self, job: JobId, _: &CorrelationId) -> Result<(), HostError> {
        self.0.cancel(job);
        Ok(())
    }
}
