//! How one acts as a user, besides their password and the sessions that it opened.

use bulkhead_kernel::Timestamp;
use bulkhead_kernel::id::UserId;
use bulkhead_kernel::sql::{Statement, sql};

use crate::passkeys;

/// Ends them all: second factor, passkeys, identities elsewhere, and keys.
pub(crate) fn end_all(user: UserId, now: Timestamp) -> Vec<Statement> {
    let mut statements = vec![
        sql("DELETE FROM second_factors WHERE user_id = $1").bind(user),
        sql("DELETE FROM recovery_codes WHERE user_id = $1").bind(user),
        sql("DELETE FROM identities WHERE user_id = $1").bind(user),
        sql("DELETE FROM sign_in_attempts WHERE user_id = $1").bind(user),
        sql("UPDATE api_keys SET revoked_at = COALESCE(revoked_at, $2), last_used_from = NULL WHERE user_id = $1")
            .bind(user)
            .bind(now)
            .across_tenants("a user's keys end in every organisation"),
    ];
    statements.extend(passkeys::forget(user));
    statements
}
