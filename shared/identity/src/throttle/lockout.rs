//! Wrong passwords in a row make an account wait.
//!
//! Somebody who does not know the password could make its owner wait too, again and again. So an address from which the owner
//! has signed in before has a count of its own, which strangers do not touch.

use std::time::Duration;

use bulkhead_kernel::Ports;
use bulkhead_kernel::sql::{SqlError, Statement};

use super::limit::LockoutTerms;
use super::take::whole_seconds;
use super::{key, store};
use crate::email::EmailAddress;

/// For how long a successful sign-in makes an address known.
const KNOWN_FOR: Duration = Duration::from_secs(90 * 24 * 60 * 60);
/// After how long without a try wrong passwords are forgotten, beyond the wait.
const FORGET_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// Why a password is not looked at.
#[derive(Debug, thiserror::Error)]
pub enum Locked {
    /// There were too many wrong ones. The right one is refused as well.
    #[error("too many wrong passwords; try again in {} seconds", .0.as_secs())]
    For(Duration),
    /// The database refused.
    #[error(transparent)]
    Sql(#[from] SqlError),
}

/// Somebody who is about to try a password of an account.
#[derive(Clone, Debug)]
pub struct Attempt {
    subject: String,
}

impl Attempt {
    /// Who tries: the account, and the address from which they do. It asks the same of the database whether or not there is
    /// such an account.
    ///
    /// # Errors
    /// [`SqlError`].
    pub async fn of(ports: &Ports, email: &EmailAddress, address: Option<&str>) -> Result<Self, SqlError> {
        let address = address.unwrap_or_default();
        let since = bulkhead_kernel::Timestamp::from_millis(
            ports.now().as_millis() - i64::try_from(KNOWN_FOR.as_millis()).unwrap_or(i64::MAX / 4),
        );
        let known = store::is_known(ports.sql.as_ref(), email, address, since).await?;
        if !known {
            return Ok(Self::of_strangers(email));
        }
        Ok(Self { subject: key(&[email.as_str(), address]) })
    }

    /// Everybody who tries from an address that the account's owner has not signed in from.
    #[must_use]
    pub(crate) fn of_strangers(email: &EmailAddress) -> Self {
        Self { subject: key(&[email.as_str()]) }
    }

    /// Whom the limit by account counts.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// Counts the attempt as a wrong one before it is known whether it is, so that many at once are counted as many.
    ///
    /// # Errors
    /// [`Locked`] while the account has to wait. Then nothing is counted: waiting ends.
    pub async fn begin(&self, ports: &Ports, terms: &LockoutTerms) -> Result<(), Locked> {
        let (database, now) = (ports.sql.as_ref(), ports.now());
        if store::count_failure(database, &self.hash(), terms, FORGET_AFTER, now).await? {
            return Ok(());
        }
        let until = store::locked_until(database, &self.hash()).await?.unwrap_or(now.as_millis());
        Err(Locked::For(whole_seconds(until - now.as_millis()).max(Duration::from_secs(1))))
    }

    /// It was the right one: earlier ones are forgotten.
    #[must_use]
    pub fn succeeded(&self) -> Statement {
        store::forget_failures(&self.hash())
    }

    fn hash(&self) -> String {
        key(&["lockout", &self.subject])
    }
}
