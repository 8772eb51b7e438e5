//! Taking from a limit, by the generic cell rate algorithm: one number a key, no window at whose edge everything comes back
//! at once.

use std::time::Duration;

use bulkhead_kernel::Ports;
use bulkhead_kernel::sql::SqlError;

use super::limit::{CredentialLimits, Limit, Quota};
use super::{key, store};

/// What is left of a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The limit.
    pub limit: Limit,
    /// What it is here.
    pub quota: Quota,
    /// How many may follow at once.
    pub remaining: u32,
    /// After how long everything is back.
    pub reset: Duration,
}

/// Why something may not be tried now.
#[derive(Debug, thiserror::Error)]
pub enum Exceeded {
    /// It has been tried too often.
    #[error("too many requests; try again in {} seconds", .retry_after.as_secs())]
    TooMany {
        /// What is left of the limit: nothing.
        standing: Standing,
        /// When the next one may follow, in whole seconds, at least one.
        retry_after: Duration,
    },
    /// The database refused.
    #[error(transparent)]
    Sql(#[from] SqlError),
}

/// Takes one of a limit for whoever is counted, such as an address. What is refused is not counted: whoever waits as long as
/// they are told gets through, however often somebody has asked meanwhile.
///
/// # Errors
/// [`Exceeded`].
pub async fn take(ports: &Ports, limits: &CredentialLimits, limit: Limit, subject: &str) -> Result<Standing, Exceeded> {
    let (database, now) = (ports.sql.as_ref(), ports.now().as_millis());
    let quota = limits.quota(limit);
    let window = i64::try_from(quota.window.as_millis()).unwrap_or(i64::MAX / 4);
    let interval = (window / i64::from(quota.quota)).max(1);
    let tolerance = window - interval;
    let hash = key(&[limit.name(), subject]);
    let standing = |free_at: i64| {
        let left = (now + window - free_at).max(0) / interval;
        let remaining = u32::try_from(left).unwrap_or(u32::MAX).min(quota.quota);
        Standing { limit, quota, remaining, reset: whole_seconds(free_at - now) }
    };
    store::sweep_sometimes(ports).await?;
    if let Some(free_at) = store::take(database, &hash, now, interval, tolerance).await? {
        return Ok(standing(free_at));
    }
    let free_at = store::free_at(database, &hash).await?.unwrap_or(now);
    let retry_after = whole_seconds(free_at - tolerance - now).max(Duration::from_secs(1));
    Err(Exceeded::TooMany { standing: Standing { remaining: 0, ..standing(free_at) }, retry_after })
}

/// Rounded up: whoever waits so long has waited long enough.
pub(super) fn whole_seconds(millis: i64) -> Duration {
    Duration::from_secs(u64::try_from(millis).unwrap_or(0).div_ceil(1000))
}
