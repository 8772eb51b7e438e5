//! What a session is.

use std::time::Duration;

use bulkhead_kernel::id::{OrganizationId, SessionId, UserId};
use bulkhead_kernel::{Scopes, Secret, Timestamp};
use serde::Serialize;

/// A session, as its user sees it.
#[derive(Clone, Debug, Serialize)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// Whose it is.
    #[serde(skip)]
    pub user: UserId,
    /// In which organisation it acts.
    #[serde(rename = "organization")]
    pub organization: OrganizationId,
    /// The OAuth client to which the user granted it; absent for a sign-in.
    pub client_id: Option<String>,
    /// Whom its access tokens are for.
    pub audience: String,
    /// What they may do.
    #[serde(serialize_with = "scopes")]
    pub scopes: Scopes,
    /// Where it came from.
    #[serde(flatten)]
    pub origin: SessionOrigin,
    /// When it began.
    pub created_at: Timestamp,
    /// When it was last used for a new access token.
    pub last_used_at: Timestamp,
    /// When it ends, however much it is used.
    pub expires_at: Timestamp,
}

fn scopes<S: serde::Serializer>(scopes: &Scopes, serializer: S) -> Result<S::Ok, S::Error> {
    scopes.as_text().serialize(serializer)
}

/// Where a session came from, so that its user recognises it.
#[derive(Clone, Debug, Default, Serialize)]
pub struct SessionOrigin {
    /// What the client called itself, shortened.
    pub user_agent: Option<String>,
    /// Its address.
    pub address: Option<String>,
}

/// How long things last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionTerms {
    /// An access token.
    pub access: Duration,
    /// A refresh token that is not used.
    pub refresh: Duration,
    /// A session, however much it is used.
    pub session: Duration,
}

impl SessionTerms {
    /// A browser's session: twelve hours, since nothing renews it.
    #[must_use]
    pub fn of_browser() -> Self {
        let session = Duration::from_secs(12 * 60 * 60);
        Self { refresh: session, session, ..Self::default() }
    }
}

impl Default for SessionTerms {
    /// Ten minutes, 30 days, 90 days.
    fn default() -> Self {
        const DAY: u64 = 24 * 60 * 60;
        Self {
            access: Duration::from_secs(600),
            refresh: Duration::from_secs(30 * DAY),
            session: Duration::from_secs(90 * DAY),
        }
    }
}

/// What a session's client gets.
#[derive(Clone, Debug)]
pub struct Tokens {
    /// The session.
    pub session: SessionId,
    /// The organisation that it acts in.
    pub organization: OrganizationId,
    /// The access token.
    pub access: Secret,
    /// For how long.
    pub expires_in: Duration,
    /// What the next access token is had for.
    pub refresh: Secret,
    /// What they may do.
    pub scopes: Scopes,
}
