//! How long each stage of a request may take.

use std::time::Duration;

use super::failure::{OutboundError, Stage};
use crate::sandbox::limits::{LimitExceeded, LimitName};

/// How long something may take, and what it is when it takes longer: the tool's own wish, or a limit.
#[derive(Clone, Debug)]
pub(super) struct Deadline {
    pub(super) after: Duration,
    pub(super) error: OutboundError,
}

impl Deadline {
    pub(super) fn new(asked: Option<Duration>, limit: Duration, name: LimitName, stage: Stage) -> Self {
        match asked {
            Some(asked) if asked < limit => Self { after: asked, error: OutboundError::TooSlow(stage) },
            _ => {
                let millis = u64::try_from(limit.as_millis()).unwrap_or(u64::MAX);
                let error = OutboundError::Limit(LimitExceeded::with(name, millis, millis));
                Self { after: limit, error }
            }
        }
    }

    pub(super) async fn of<T>(
        self,
        future: impl Future<Output = Result<T, OutboundError>>,
    ) -> Result<T, OutboundError> {
        tokio::time::timeout(self.after, future).await.unwrap_or(Err(self.error))
    }
}
