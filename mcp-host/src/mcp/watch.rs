//! Telling a client what a connector says while the client waits.

#![expect(deprecated, reason = "2026-07-28 deprecates logging and still defines it; older clients rely on it")]

use std::future::Future;

use bulkhead_execution::EventLevel;
use rmcp::model::{LoggingLevel, LoggingMessageNotificationParam};
use rmcp::model::{ProgressNotificationParam, ProgressToken};
use rmcp::service::{Peer, RequestContext, RoleServer};
use serde_json::json;
use tokio::sync::mpsc;

use crate::sandbox::{Observer, Signal};

/// What a client wants to hear, and where it hears it.
pub(super) struct Watch {
    peer: Peer<RoleServer>,
    progress: Option<ProgressToken>,
    level: Option<LoggingLevel>,
    connector: String,
}

impl Watch {
    /// What the request asks for; `None` when that is nothing. `level` is the least that is told.
    pub(super) fn of(
        context: &RequestContext<RoleServer>,
        level: Option<LoggingLevel>,
        connector: &str,
    ) -> Option<Self> {
        let progress = context.meta.get_progress_token();
        (progress.is_some() || level.is_some()).then(|| Self {
            peer: context.peer.clone(),
            progress,
            level,
            connector: connector.to_owned(),
        })
    }

    async fn tell(&self, signal: Signal) {
        let told = match signal {
            Signal::Progress { done, total, message } => {
                let Some(token) = self.progress.clone() else { return };
                let mut progress = ProgressNotificationParam::new(token, done as f64);
                progress.total = total.map(|total| total as f64);
                progress.message = message;
                self.peer.notify_progress(progress).await
            }
            Signal::Log(level, message) => self.log(level, message).await,
        };
        if let Err(error) = told {
            tracing::debug!(%error, "a client could not be told how far its call is");
        }
    }

    async fn log(&self, level: EventLevel, message: String) -> Result<(), rmcp::ServiceError> {
        let level = match level {
            EventLevel::Info => LoggingLevel::Info,
            EventLevel::Warn => LoggingLevel::Warning,
            EventLevel::Error => LoggingLevel::Error,
        };
        match self.level {
            Some(least) if severity(level) >= severity(least) => {
                let message = LoggingMessageNotificationParam::new(level, json!(message)).with_logger(&self.connector);
                self.peer.notify_logging_message(message).await
            }
            _ => Ok(()),
        }
    }
}

fn severity(level: LoggingLevel) -> u8 {
    match level {
        LoggingLevel::Debug => 0,
        LoggingLevel::Info => 1,
        LoggingLevel::Notice => 2,
        LoggingLevel::Warning => 3,
        LoggingLevel::Error => 4,
        LoggingLevel::Critical => 5,
        LoggingLevel::Alert => 6,
        LoggingLevel::Emergency => 7,
    }
}

/// Does some work, and tells the client of it meanwhile.
pub(super) async fn watched<T, F: Future<Output = T>>(
    watch: Option<Watch>,
    work: impl FnOnce(Option<Observer>) -> F,
) -> T {
    let Some(watch) = watch else { return work(None).await };
    let (observer, mut signals) = mpsc::unbounded_channel();
    let mut work = std::pin::pin!(work(Some(observer)));
    loop {
        tokio::select! {
            // What was said before the end is told before the end.
            biased;
            Some(signal) = signals.recv() => watch.tell(signal).await,
            done = &mut work => {
                while let Ok(signal) = signals.try_recv() {
                    watch.tell(signal).await;
                }
                return done;
            }
        }
    }
}
