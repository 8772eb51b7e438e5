//! How one signs in as a user, and how one acts as them besides.

use bulkhead_kernel::Timestamp;
use bulkhead_kernel::id::{IdentityId, UserId};
use bulkhead_kernel::sql::{Sql, SqlError, Statement, sql};

use crate::{identities, passkeys};

/// Holds for a user `$1` who can sign in without the passkey or identity `$2`: by a password, by another passkey, or by the
/// identity `$3`, which is one of [`identity_that_opens`].
pub(crate) const WITHOUT_IT: &str = "(EXISTS (SELECT 1 FROM users u WHERE u.id = $1 AND u.password_hash IS NOT NULL) \
     OR EXISTS (SELECT 1 FROM passkeys k WHERE k.user_id = $1 AND k.id <> $2) \
     OR EXISTS (SELECT 1 FROM identities i WHERE i.user_id = $1 AND i.id = $3 AND i.id <> $2))";

/// An identity other than `without` by which a user can sign in here, that is of one of `issuers`; empty when there is none.
pub(crate) async fn identity_that_opens(
    database: &dyn Sql,
    user: UserId,
    without: Option<IdentityId>,
    issuers: &[&str],
) -> Result<String, SqlError> {
    let all = identities::list(database, user).await?;
    let opens = all.iter().find(|one| Some(one.id) != without && issuers.contains(&one.issuer.as_str()));
    Ok(opens.map(|one| one.id.to_string()).unwrap_or_default())
}

/// Ends all but the password and the sessions that it opened: second factor, passkeys, identities elsewhere, and keys.
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
