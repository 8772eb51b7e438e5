//! An entry of the trail.

use bulkhead_kernel::id::{AuditEventId, JobId, OrganizationId};
use bulkhead_kernel::{Caller, CorrelationId, Ports, Timestamp};
use serde::Serialize;

/// Who acted.
#[derive(Clone, Debug, Serialize)]
pub struct Actor {
    /// `user`, `operator`, or later `service_account`, `system`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The user's id; for an operator, whom the operating system says they are.
    pub id: String,
    /// The credential that was presented.
    pub credential_id: String,
}

impl Actor {
    /// Whoever presented a credential.
    #[must_use]
    pub fn user(caller: &Caller) -> Self {
        Self { kind: "user".to_owned(), id: caller.user.to_string(), credential_id: caller.credential.id() }
    }

    /// Whoever can start the program on the machine, such as `uid 1000`. They present no credential.
    #[must_use]
    pub fn operator(id: impl Into<String>) -> Self {
        Self { kind: "operator".to_owned(), id: id.into(), credential_id: "command line".to_owned() }
    }
}

/// What was acted on.
#[derive(Clone, Debug, Serialize)]
pub struct Target {
    /// `tool`, `job`, …
    #[serde(rename = "type")]
    pub kind: String,
    /// Its id or name.
    pub id: String,
}

impl Target {
    /// A thing of this kind.
    #[must_use]
    pub fn new(kind: &str, id: impl ToString) -> Self {
        Self { kind: kind.to_owned(), id: id.to_string() }
    }
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// It has not ended yet, or the process that was at it is gone and nobody has noticed yet.
    Pending,
    /// It was done.
    Succeeded,
    /// It was tried.
    Failed,
    /// It was called off.
    Canceled,
    /// It was not allowed, or asked for wrongly, and not tried.
    Refused,
}

impl Outcome {
    /// The name in SQL and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Canceled => "canceled",
            Self::Refused => "refused",
        }
    }
}

impl std::str::FromStr for Outcome {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        [Self::Pending, Self::Succeeded, Self::Failed, Self::Canceled, Self::Refused]
            .into_iter()
            .find(|outcome| outcome.as_str() == text)
            .ok_or(())
    }
}

/// An entry.
#[derive(Clone, Debug, Serialize)]
pub struct AuditEvent {
    /// Its id.
    pub id: AuditEventId,
    /// The tenant.
    #[serde(rename = "organization")]
    pub organization: OrganizationId,
    /// Who.
    pub actor: Actor,
    /// What, such as `tool.call`.
    pub action: String,
    /// To what.
    pub target: Target,
    /// How it ended.
    pub outcome: Outcome,
    /// Why, when it did not succeed. Never a secret, never an argument's value.
    pub reason: Option<String>,
    /// The job that it became.
    pub job: Option<JobId>,
    /// The request that it came with.
    pub correlation_id: String,
    /// When it began.
    pub occurred_at: Timestamp,
    /// When it ended.
    pub completed_at: Option<Timestamp>,
}

impl AuditEvent {
    /// An entry that begins now.
    #[must_use]
    pub fn pending(ports: &Ports, caller: &Caller, action: &str, target: Target, correlation: &CorrelationId) -> Self {
        Self::pending_by(ports, caller.organization, Actor::user(caller), action, target, correlation)
    }

    /// An entry of an organisation that begins now, by an actor who need not belong to it.
    #[must_use]
    pub fn pending_by(
        ports: &Ports,
        organization: OrganizationId,
        actor: Actor,
        action: &str,
        target: Target,
        correlation: &CorrelationId,
    ) -> Self {
        Self {
            id: ports.new_id(),
            organization,
            actor,
            action: action.to_owned(),
            target,
            outcome: Outcome::Pending,
            reason: None,
            job: None,
            correlation_id: correlation.to_string(),
            occurred_at: ports.now(),
            completed_at: None,
        }
    }

    /// The same, ended before it began.
    #[must_use]
    pub fn refused(self, reason: impl Into<String>) -> Self {
        Self { reason: Some(reason.into()), ..self.ended(Outcome::Refused) }
    }

    /// The same, ended as it began: for what one atomic write does whole.
    #[must_use]
    pub fn ended(self, outcome: Outcome) -> Self {
        let completed_at = Some(self.occurred_at);
        Self { outcome, completed_at, ..self }
    }
}
