//! SQL of device authorizations. Without a tenant until a user has decided: it is how the tenant is found.

use std::collections::BTreeSet;
use std::time::Duration;

use bulkhead_identity::{Membership, OpaqueToken};
use bulkhead_kernel::id::{OrganizationId, UserId};
use bulkhead_kernel::sql::{Row, Sql, SqlError, Statement, sql};
use bulkhead_kernel::{Scope, Scopes, Timestamp};

use super::decide::{Decision, PendingDevice};
use super::user_code;

/// Where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    Pending,
    Approved,
    Denied,
    Used,
}

impl std::str::FromStr for Status {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "pending" => Ok(Self::Pending),
            "approved" => Ok(Self::Approved),
            "denied" => Ok(Self::Denied),
            "used" => Ok(Self::Used),
            _ => Err(()),
        }
    }
}

/// One that begins.
pub(super) struct New<'a> {
    pub(super) code: &'a OpaqueToken,
    pub(super) user_code: &'a str,
    pub(super) client: &'a str,
    pub(super) audience: &'a str,
    pub(super) scopes: BTreeSet<Scope>,
    pub(super) interval: Duration,
    pub(super) now: Timestamp,
    pub(super) expires_at: Timestamp,
}

/// One, as its device finds it.
pub(super) struct Found {
    pub(super) client_id: String,
    pub(super) audience: String,
    pub(super) scopes: Scopes,
    pub(super) status: Status,
    pub(super) grantor: Option<(UserId, OrganizationId)>,
    pub(super) expires_at: Timestamp,
}

pub(super) fn insert(new: New<'_>) -> Statement {
    let interval = i64::try_from(new.interval.as_secs()).unwrap_or(i64::MAX);
    sql("INSERT INTO device_authorizations (hash, user_code_hash, client_id, audience, scopes, status, interval_seconds, \
         next_poll_at, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, 'pending', $6, $7, $7, $8)")
    .bind(new.code.hash())
    .bind(user_code::hash(new.user_code))
    .bind(new.client)
    .bind(new.audience)
    .bind(Scopes::Only(new.scopes).as_text())
    .bind(interval)
    .bind(new.now)
    .bind(new.expires_at)
    .across_tenants("a device begins before it has a tenant")
}

pub(super) async fn find_pending(
    database: &dyn Sql,
    user_code_hash: &str,
    now: Timestamp,
) -> Result<Option<PendingDevice>, SqlError> {
    let statement = sql("SELECT client_id, audience, scopes FROM device_authorizations \
                         WHERE user_code_hash = $1 AND status = 'pending' AND expires_at > $2")
    .bind(user_code_hash)
    .bind(now)
    .across_tenants("a device that begins has no tenant yet");
    let read = |row: &Row| {
        let scopes: String = row.get("scopes")?;
        Ok(PendingDevice {
            client: row.get("client_id")?,
            audience: row.get("audience")?,
            scopes: scopes.split(' ').filter_map(|scope| scope.parse().ok()).collect(),
            user_code_hash: user_code_hash.to_owned(),
        })
    };
    database.query_optional(statement).await?.as_ref().map(read).transpose()
}

/// One row, unless it was decided before or has expired.
pub(super) fn decide(user_code_hash: &str, grantor: &Membership, decision: Decision, now: Timestamp) -> Statement {
    let status = match decision {
        Decision::Approve => "approved",
        Decision::Deny => "denied",
    };
    sql("UPDATE device_authorizations SET status = $2, user_id = $3, organization_id = $4 \
         WHERE user_code_hash = $1 AND status = 'pending' AND expires_at > $5")
    .bind(user_code_hash)
    .bind(status)
    .bind(grantor.user)
    .bind(grantor.organization)
    .bind(now)
    .across_tenants("a decision gives a device its tenant")
}

pub(super) async fn find(database: &dyn Sql, code: &OpaqueToken) -> Result<Option<Found>, SqlError> {
    let statement = sql("SELECT client_id, audience, scopes, status, user_id, organization_id, expires_at \
                         FROM device_authorizations WHERE hash = $1")
    .bind(code.hash())
    .across_tenants("a device's code leads to its tenant");
    let read = |row: &Row| {
        let scopes: String = row.get("scopes")?;
        let user: Option<UserId> = row.get("user_id")?;
        let organization: Option<OrganizationId> = row.get("organization_id")?;
        Ok(Found {
            client_id: row.get("client_id")?,
            audience: row.get("audience")?,
            scopes: Scopes::from_text(Some(&scopes)),
            status: row.parse("status")?,
            grantor: user.zip(organization),
            expires_at: row.get("expires_at")?,
        })
    };
    database.query_optional(statement).await?.as_ref().map(read).transpose()
}

/// One row, unless the device asks sooner than it may.
pub(super) fn poll(code: &OpaqueToken, now: Timestamp) -> Statement {
    sql("UPDATE device_authorizations SET next_poll_at = $2 + interval_seconds * 1000 \
         WHERE hash = $1 AND next_poll_at <= $2")
    .bind(code.hash())
    .bind(now)
    .across_tenants("a device asks before it has a tenant")
}

/// From now on it waits so much longer.
pub(super) fn slow_down(code: &OpaqueToken, now: Timestamp, longer: Duration) -> Statement {
    let longer = i64::try_from(longer.as_secs()).unwrap_or(i64::MAX);
    sql("UPDATE device_authorizations SET interval_seconds = interval_seconds + $3, \
         next_poll_at = $2 + (interval_seconds + $3) * 1000 WHERE hash = $1")
    .bind(code.hash())
    .bind(now)
    .bind(longer)
    .across_tenants("a device asks too often before it has a tenant")
}

/// One row, unless it has been used.
pub(super) fn use_code(code: &OpaqueToken, organization: OrganizationId) -> Statement {
    sql("UPDATE device_authorizations SET status = 'used' \
         WHERE organization_id = $2 AND hash = $1 AND status = 'approved'")
    .bind(code.hash())
    .bind(organization)
    .of(organization)
}

pub(super) fn forget_expired(now: Timestamp) -> Statement {
    // A device learns for a while that its code has expired.
    const HOUR: i64 = 60 * 60 * 1000;
    sql("DELETE FROM device_authorizations WHERE expires_at < $1")
        .bind(now.as_millis().saturating_sub(HOUR))
        .across_tenants("a device that nobody connected has no tenant")
}

/// Those on which a user has decided.
pub(crate) fn forget_user(user: UserId) -> Statement {
    sql("DELETE FROM device_authorizations WHERE user_id = $1")
        .bind(user)
        .across_tenants("a user is forgotten in every organisation: devices")
}

/// Those that a user has approved and that have not fetched their tokens.
pub(crate) fn withdraw(user: UserId) -> Statement {
    sql("DELETE FROM device_authorizations WHERE user_id = $1 AND status = 'approved'")
        .bind(user)
        .across_tenants("a user's sign-in ends in every organisation: devices")
}
