//! What is forgotten of sessions in time.

use std::time::Duration;

use bulkhead_kernel::Timestamp;
use bulkhead_kernel::sql::{Statement, sql};

/// For how long a session is kept that has ended: a sign-in makes an address known for as long, and its user may ask where they
/// were signed in.
const KEPT_FOR: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// Removes at most so many refresh tokens that have expired, and sessions that ended long ago. A token that was used and has not
/// expired stays: a second use is noticed by it.
pub(crate) fn sweep(now: Timestamp, most: i64) -> [Statement; 2] {
    let kept = i64::try_from(KEPT_FOR.as_millis()).unwrap_or(i64::MAX);
    [
        sql("DELETE FROM refresh_tokens WHERE hash IN \
             (SELECT hash FROM refresh_tokens WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)")
        .bind(now)
        .bind(most),
        sql("DELETE FROM sessions WHERE id IN (SELECT s.id FROM sessions s \
             WHERE (s.expires_at <= $1 OR s.revoked_at <= $1) \
             AND NOT EXISTS (SELECT 1 FROM refresh_tokens r WHERE r.session_id = s.id) \
             AND NOT EXISTS (SELECT 1 FROM sign_in_attempts a WHERE a.session_id = s.id) LIMIT $2)")
        .bind(now.as_millis().saturating_sub(kept))
        .bind(most)
        .across_tenants("sessions that ended long ago go in every organisation"),
    ]
}
