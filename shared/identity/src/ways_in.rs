//! How one signs in as a user, and how one acts as them besides.

use bulkhead_kernel::Timestamp;
use bulkhead_kernel::id::{IdentityId, UserId};
use bulkhead_kernel::sql::{Statement, sql};

use crate::identities::Identity;
use crate::passkeys;

/// Holds for a user `$1` who can sign in without the passkey or identity `$2`: by a password, by another passkey, or by the
/// identity `$3`, which is one of [`identity_that_opens`].
pub(crate) const WITHOUT_IT: &str = "(EXISTS (SELECT 1 FROM users u WHERE u.id = $1 AND u.password_hash IS NOT NULL) \
     OR EXISTS (SELECT 1 FROM passkeys k WHERE k.user_id = $1 AND k.id <> $2) \
     OR EXISTS (SELECT 1 FROM identities i WHERE i.user_id = $1 AND i.id = $3 AND i.id <> $2))";

/// Of a user's identities one other than `without` by which they can sign in here, that is of one of `issuers`; empty when there is
/// none.
pub(crate) fn identity_that_opens(all: &[Identity], without: Option<IdentityId>, issuers: &[&str]) -> String {
    let opens = all.iter().find(|one| Some(one.id) != without && issuers.contains(&one.issuer.as_str()));
    opens.map(|one| one.id.to_string()).unwrap_or_default()
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

/// Ends what brings back whoever had the account and gave it to others: invitations that they gave, and keys of service
/// accounts where nobody else is an owner, who could have them by others.
pub(crate) fn end_ways_back(user: UserId, now: Timestamp) -> [Statement; 2] {
    [
        sql("UPDATE invitations SET revoked_at = $2 WHERE invited_by = $1 AND accepted_at IS NULL AND revoked_at IS NULL")
            .bind(user)
            .bind(now)
            .across_tenants("a user's invitations end in every organisation"),
        sql("UPDATE api_keys SET revoked_at = $2 WHERE revoked_at IS NULL \
             AND user_id IN (SELECT s.id FROM users s JOIN memberships m ON m.user_id = s.id \
             JOIN memberships o ON o.organization_id = m.organization_id AND o.user_id = $1 AND o.role = 'owner' \
             WHERE s.kind = 'service' AND NOT EXISTS (SELECT 1 FROM memberships other \
             WHERE other.organization_id = m.organization_id AND other.role = 'owner' AND other.user_id <> $1))")
        .bind(user)
        .bind(now)
        .across_tenants("keys that an owner could have end in every organisation of theirs"),
    ]
}
