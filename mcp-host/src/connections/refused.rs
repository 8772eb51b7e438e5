//! When a service refuses an account (401) whose token should still be good: it was revoked there, or the service forgets
//! early.
//!
//! The request is not repeated within the call, because its body may have gone out as a stream. One refresh tells the two
//! apart: a new token is there for the next call, and a grant that is dead makes the connection expire. Calls that are
//! refused at once refresh once, by the same lease as ever. A token that is refused when it is new is refused for another
//! reason, which no refresh will change.

use std::time::Duration;

use bulkhead_connections::{Connection, State, read};
use bulkhead_connectors::oauth::OauthProvider;
use bulkhead_execution::{EventLevel, JobError, JobErrorKind, NewEvent, Outcome};
use bulkhead_kernel::CorrelationId;
use serde_json::{Value, json};

use super::refresh::Tried;
use super::{Connections, away};
use crate::sandbox::{Connector, RunReport};

/// What became of an account that a service refused.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Refused {
    /// It has another token than the one that was refused.
    Renewed,
    /// Another call is at getting it one.
    BeingRenewed,
    /// It has to be connected again.
    Expired(JobError),
    /// It is as it was: there is no other token to be had for it, or not now.
    Unchanged,
}

impl Connections {
    /// Sees to an account with which the service answered 401, and has the report say what its user can do.
    pub(crate) async fn refused(
        &self,
        used: &Connection,
        connector: &Connector,
        correlation: &CorrelationId,
        report: &mut RunReport,
    ) {
        let provider = connector.account().and_then(|account| account.provider.as_ref());
        let became = match provider {
            Some(provider) => self.renew(used, provider, correlation).await.unwrap_or_else(|error| {
                tracing::warn!(connection = %used.id, %error.message, "an account that was refused could not be looked at");
                Refused::Unchanged
            }),
            None => Refused::Unchanged,
        };
        self.tell(used, became, report);
    }

    /// Gets another token for one that was refused, unless it is so new that this is not why.
    pub(super) async fn renew(
        &self,
        used: &Connection,
        provider: &OauthProvider,
        correlation: &CorrelationId,
    ) -> Result<Refused, JobError> {
        let age = Duration::from_secs(self.0.config.refused_refresh_seconds);
        let State::Active { refreshable: true, .. } = used.state else { return Ok(Refused::Unchanged) };
        if used.authority != provider.authority || used.updated_at.plus(age) > self.0.ports.now() {
            return Ok(Refused::Unchanged);
        }
        let lock = self.lock_of(used.id);
        let wait = Duration::from_secs(self.0.config.refresh_wait_seconds);
        let Ok(_turn) = tokio::time::timeout(wait, lock.lock()).await else { return Ok(Refused::BeingRenewed) };
        // Whoever had the turn before, or another process, may have done it.
        let now = self.reread(used).await?;
        match &now.state {
            State::Active { .. } if now.version == used.version => {}
            State::Active { .. } => return Ok(Refused::Renewed),
            _ => return Ok(Refused::Expired(self.expired(used))),
        }
        match self.refresh(&now, provider, correlation).await? {
            Tried::Busy => Ok(Refused::BeingRenewed),
            Tried::NotNow(_) => Ok(Refused::Unchanged),
            Tried::Changed => match self.reread(used).await?.state {
                State::Active { .. } => Ok(Refused::Renewed),
                _ => Ok(Refused::Expired(self.expired(used))),
            },
        }
    }

    async fn reread(&self, used: &Connection) -> Result<Connection, JobError> {
        let found = read(&self.0.ports, used.organization, used.id).await;
        let found = found.map_err(|error| away(used.connector.as_str(), &error))?;
        found.ok_or_else(|| self.expired(used))
    }

    /// A call that failed says why and what helps; one that did not is left alone, but for an event.
    fn tell(&self, used: &Connection, became: Refused, report: &mut RunReport) {
        let label = &used.label;
        let (words, details) = match &became {
            Refused::Expired(error) => (error.message.clone(), error.details.clone().unwrap_or_default()),
            Refused::Renewed => {
                let words = format!(
                    "the service did not accept the token of the connected account {label:?} any more; it has a new one, so \
                     the same call can be made again"
                );
                (words, json!({ "connection": used.id }))
            }
            Refused::BeingRenewed => {
                let words = format!(
                    "the service did not accept the token of the connected account {label:?} any more; another call is getting \
                     it a new one, so try again in a moment"
                );
                (words, json!({ "connection": used.id }))
            }
            Refused::Unchanged => {
                let words = format!(
                    "the service did not accept the connected account {label:?}; if it was revoked there, {}",
                    self.remedy(used)
                );
                (words, json!({ "connection": used.id, "reconnect": self.reconnect(used) }))
            }
        };
        let event = NewEvent::info("connection", words.clone(), self.0.ports.now()).at_level(EventLevel::Warn);
        report.events.push(event.with_data(details.clone()));
        let Outcome::Failed(error) = &mut report.outcome else { return };
        // Why the host ended it says more.
        if !matches!(error.kind, JobErrorKind::Upstream | JobErrorKind::ToolFailed | JobErrorKind::NotFound) {
            return;
        }
        match became {
            Refused::Expired(expired) => *error = expired,
            Refused::Renewed | Refused::BeingRenewed | Refused::Unchanged => {
                error.message = format!("{}; {words}", error.message);
                let known = error.details.get_or_insert_with(|| json!({}));
                if let (Value::Object(known), Value::Object(more)) = (known, details) {
                    known.extend(more);
                }
            }
        }
    }
}
