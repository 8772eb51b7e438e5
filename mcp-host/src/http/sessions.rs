//! Whose an MCP session is. Clients older than 2026-07-28 have one; its id is no credential, so whoever shows another's
//! learns nothing, not even that it exists.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use bulkhead_http_api::{Kind, Problem};
use bulkhead_kernel::Caller;
use bulkhead_kernel::id::{OrganizationId, UserId};
use http::{HeaderMap, Method};

/// The header of the protocol's versions with sessions.
pub(super) const SESSION: &str = "mcp-session-id";
/// The header that every request of a version without sessions has.
const VERSION: &str = "mcp-protocol-version";
/// The first version without sessions.
const STATELESS: &str = "2026-07-28";

/// The sessions of this process.
#[derive(Clone)]
pub(crate) struct Sessions(Arc<Inner>);

struct Inner {
    owners: Mutex<HashMap<String, Owner>>,
    most: usize,
    /// The transport has closed what was idle for half of it.
    idle: Duration,
}

struct Owner {
    member: Member,
    seen: Instant,
}

/// A user in one organisation: what a session hears of is that one's. Nobody, where requests need no credential.
type Member = Option<(OrganizationId, UserId)>;

impl Sessions {
    pub(crate) fn new(most: usize, idle: Duration) -> Self {
        Self(Arc::new(Inner { owners: Mutex::default(), most, idle: idle * 2 }))
    }

    fn owners(&self) -> MutexGuard<'_, HashMap<String, Owner>> {
        self.0.owners.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the session is this member's. Looking at it keeps it.
    fn is_owner(&self, session: &str, member: Member) -> bool {
        let mut owners = self.owners();
        let owner = owners.get_mut(session).filter(|owner| owner.member == member);
        owner.map(|owner| owner.seen = Instant::now()).is_some()
    }

    fn has_room(&self) -> bool {
        let mut owners = self.owners();
        if owners.len() >= self.0.most {
            owners.retain(|_, owner| owner.seen.elapsed() < self.0.idle);
        }
        owners.len() < self.0.most
    }

    fn begin(&self, session: &str, member: Member) {
        self.owners().insert(session.to_owned(), Owner { member, seen: Instant::now() });
    }

    fn end(&self, session: &str) {
        self.owners().remove(session);
    }
}

/// Lets a request to its session if that is its caller's, and keeps the number of sessions within its limit.
pub(crate) async fn guard(State(sessions): State<Sessions>, request: Request, next: Next) -> Result<Response, Problem> {
    let member = request.extensions().get::<Caller>().map(|caller| (caller.organization, caller.user));
    let session = header(request.headers(), SESSION).map(str::to_owned);
    let ends = request.method() == Method::DELETE;
    match &session {
        Some(session) if !sessions.is_owner(session, member) => {
            return Err(Problem::new(Kind::UnknownSession, "there is no such session; initialize a new one"));
        }
        None if begins(request.method(), request.headers()) && !sessions.has_room() => {
            let detail = "as many sessions are open as there may be; close one, or use a client of MCP 2026-07-28";
            return Err(Problem::new(Kind::Unavailable, detail));
        }
        _ => {}
    }
    let response = next.run(request).await;
    match (session, header(response.headers(), SESSION)) {
        (None, Some(begun)) => sessions.begin(begun, member),
        (Some(session), _) if ends && response.status().is_success() => sessions.end(&session),
        _ => {}
    }
    Ok(response)
}

/// Whether a request without a session can begin one.
fn begins(method: &Method, headers: &HeaderMap) -> bool {
    method == Method::POST && header(headers, VERSION).is_none_or(|version| version < STATELESS)
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(organization: u128, user: u128) -> Member {
        Some((uuid::Uuid::from_u128(organization).into(), uuid::Uuid::from_u128(user).into()))
    }

    #[test]
    fn a_session_is_its_owners_until_it_ends() {
        let sessions = Sessions::new(10, Duration::from_secs(60));
        sessions.begin("a", member(1, 1));
        assert!(sessions.is_owner("a", member(1, 1)));
        assert!(!sessions.is_owner("a", member(1, 2)));
        assert!(!sessions.is_owner("a", member(2, 1)), "with a credential for another organisation");
        assert!(!sessions.is_owner("a", None));
        sessions.end("a");
        assert!(!sessions.is_owner("a", member(1, 1)));
    }

    #[test]
    fn there_are_only_so_many_until_idle_ones_make_room() {
        let sessions = Sessions::new(2, Duration::from_secs(60));
        assert!(sessions.has_room());
        sessions.begin("a", member(1, 1));
        sessions.begin("b", member(1, 1));
        assert!(!sessions.has_room());
        let idle = Sessions::new(1, Duration::ZERO);
        idle.begin("a", member(1, 1));
        assert!(idle.has_room());
    }

    #[test]
    fn a_request_of_a_version_without_sessions_begins_none() {
        let with = |version: Option<&'static str>| {
            version
                .map(|version| (http::HeaderName::from_static(VERSION), http::HeaderValue::from_static(version)))
                .into_iter()
                .collect()
        };
        assert!(begins(&Method::POST, &with(None)));
        assert!(begins(&Method::POST, &with(Some("2025-11-25"))));
        assert!(!begins(&Method::POST, &with(Some("2026-07-28"))));
        assert!(!begins(&Method::GET, &with(None)));
    }
}
