//! Mails that tell somebody what was done to their account: whoever did not do it learns of it.

use std::time::Duration;

use bulkhead_kernel::Ports;
use bulkhead_kernel::id::UserId;
use bulkhead_kernel::sql::{SqlError, Step};

use super::Letter;
use super::outbox::post;
use crate::email::EmailAddress;
use crate::sealing::IdentityKey;
use crate::store;

/// For how long it is of use: a mail server may be away for some days.
const OF_USE_FOR: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// What mailing a notice takes.
#[derive(Clone, Copy, Debug)]
pub struct Notices<'a> {
    /// What the outbox is sealed with.
    pub key: &'a IdentityKey,
    /// How clients reach the installation.
    pub public_url: &'a str,
}

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Notice {
    PasswordChanged,
    SecondFactorDisabled,
    PasskeyAdded,
    IdentityLinked,
}

impl Notice {
    const fn subject(self) -> &'static str {
        match self {
            Self::PasswordChanged => "Your password was changed",
            Self::SecondFactorDisabled => "Your second factor was turned off",
            Self::PasskeyAdded => "A passkey was added to your account",
            Self::IdentityLinked => "Your account was linked to another provider",
        }
    }

    const fn text(self) -> &'static str {
        match self {
            Self::PasswordChanged => "has a new password",
            Self::SecondFactorDisabled => "is signed in to without a code from now on",
            Self::PasskeyAdded => "has another passkey, by which one signs in to it",
            Self::IdentityLinked => "is linked to an account at another provider, by which one signs in to it",
        }
    }
}

/// The step that mails it, for the batch that does it; none where the address is not proven, and may be a stranger's, or is one of
/// our machine, as the first owner's is.
pub(crate) async fn tell(
    ports: &Ports,
    notices: &Notices<'_>,
    user: UserId,
    notice: Notice,
) -> Result<Option<Step>, SqlError> {
    let user = store::find_user(ports.sql.as_ref(), user).await?.filter(|user| user.email_verified_at.is_some());
    let to = user.and_then(|user| user.email?.parse::<EmailAddress>().ok()).filter(|to| !to.is_local());
    let Some(to) = to.map(|to| to.as_str().to_owned()) else { return Ok(None) };
    let (what, public_url) = (notice.text(), notices.public_url);
    let text = format!(
        "Your account at {public_url} {what}.\n\n\
         If that was you, there is nothing to do.\n\n\
         If it was not, somebody else is in your account: ask there for a new password by mail, which signs everybody out, look \
         through the ways to sign in to your account and its API keys, and tell an administrator of your organization.\n"
    );
    let letter = Letter { to, subject: notice.subject().to_owned(), text };
    Ok(Some(post(ports, notices.key, &letter, ports.now().plus(OF_USE_FOR)).into()))
}
