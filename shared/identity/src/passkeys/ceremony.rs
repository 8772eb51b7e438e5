//! Ceremonies that have begun: what an answer is held against, kept here and used once.

use std::time::Duration;

use bulkhead_kernel::id::{SessionId, UserId};
use bulkhead_kernel::sql::{Sql, SqlError, Statement, Step, sql};
use bulkhead_kernel::{Entropy, Secret, Timestamp};
use serde_json::Value;

use crate::opaque::{OpaqueToken, Purpose};

/// How long somebody may take to find their authenticator. The options tell the browser the same.
pub(super) const CEREMONY_FOR: Duration = Duration::from_secs(5 * 60);

/// A ceremony that has begun.
#[derive(Debug)]
pub struct Ceremony {
    /// What is presented with the answer.
    pub token: Secret,
    /// What the browser is given: `PublicKeyCredentialCreationOptionsJSON` or `PublicKeyCredentialRequestOptionsJSON`.
    pub options: Value,
    /// For how long.
    pub expires_in: Duration,
}

/// Whose ceremony it is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    /// Registering a passkey, in this session of this user.
    Register(UserId, SessionId),
    /// Signing in, as whoever it will turn out to be.
    SignIn,
}

impl Kind {
    const fn name(self) -> &'static str {
        match self {
            Self::Register(..) => "register",
            Self::SignIn => "sign-in",
        }
    }

    const fn session(self) -> Option<SessionId> {
        match self {
            Self::Register(_, session) => Some(session),
            Self::SignIn => None,
        }
    }

    const fn user(self) -> Option<UserId> {
        match self {
            Self::Register(user, _) => Some(user),
            Self::SignIn => None,
        }
    }
}

/// The ceremony, and what keeps it. Ceremonies that nobody answered go with it.
pub(super) fn begin(
    kind: Kind,
    state: Vec<u8>,
    options: Value,
    source: &dyn Entropy,
    now: Timestamp,
) -> (Ceremony, [Step; 2]) {
    let token = OpaqueToken::generate(Purpose::Passkey, source);
    let insert =
        sql("INSERT INTO passkey_ceremonies (hash, kind, user_id, session_id, state, created_at, expires_at) \
                      VALUES ($1, $2, $3, $4, $5, $6, $7)")
        .bind(token.hash())
        .bind(kind.name())
        .bind(kind.user())
        .bind(kind.session())
        .bind(state)
        .bind(now)
        .bind(now.plus(CEREMONY_FOR));
    let ceremony = Ceremony { token: Secret::new(token.expose().to_owned()), options, expires_in: CEREMONY_FOR };
    (ceremony, [sweep(now).into(), insert.into()])
}

fn sweep(now: Timestamp) -> Statement {
    sql("DELETE FROM passkey_ceremonies WHERE expires_at <= $1").bind(now)
}

/// What the answer is held against. It is gone then, whatever becomes of the answer: of many at once, one gets it.
pub(super) async fn take(
    database: &dyn Sql,
    kind: Kind,
    presented: &Secret,
    now: Timestamp,
) -> Result<Option<Vec<u8>>, SqlError> {
    let Ok(token) = OpaqueToken::parse(Purpose::Passkey, presented.expose()) else { return Ok(None) };
    let session = kind.session().map_or_else(String::new, |session| session.to_string());
    let statement = sql("DELETE FROM passkey_ceremonies WHERE hash = $1 AND kind = $2 \
                         AND COALESCE(session_id, '') = $3 AND expires_at > $4 RETURNING state")
    .bind(token.hash())
    .bind(kind.name())
    .bind(session)
    .bind(now);
    database.query_optional(statement).await?.map(|row| row.get("state")).transpose()
}
