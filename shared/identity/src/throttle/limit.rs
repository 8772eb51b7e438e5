//! Which limits there are, and how an operator changes them.

use std::time::Duration;

/// A limit on what somebody may guess at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Sign-ins, by client address.
    SignInAddress,
    /// Sign-ins, by account.
    SignInAccount,
    /// Accounts made, by client address.
    SignUpAddress,
    /// Refresh tokens presented, by client address. They are too long to guess, so no account needs a count of its own.
    RefreshAddress,
    /// Mails asked for, by client address.
    MailAddress,
    /// Mails asked for, by account: whoever has it need not read a hundred.
    MailAccount,
    /// Tokens of mails presented, by client address.
    TokenAddress,
    /// Codes of a second factor, by account.
    SecondFactorAccount,
    /// OAuth clients registered, by client address.
    RegisterAddress,
    /// Requests of OAuth clients with a credential, by client address.
    ClientAddress,
    /// Codes of devices typed in, by user.
    DeviceCodeUser,
    /// Invitations given and mailed again, by whoever gives them.
    InvitationUser,
    /// Invitations mailed, by the address that gets them, whoever gives them.
    InvitationRecipient,
    /// API keys made and rotated, by whoever does it.
    ApiKeyUser,
    /// Accounts connected, also again, by whoever does it.
    ConnectionUser,
    /// Links to connect accounts and answers of providers, by client address.
    ConnectAddress,
}

/// So many in so long. They come back evenly, one every `window / quota`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// How many at once.
    pub quota: u32,
    /// After how long all of them are back.
    pub window: Duration,
}

/// When wrong passwords make an account wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LockoutTerms {
    /// This many wrong ones in a row, and then each further one.
    pub after: u32,
    /// The first wait. Each further one is twice as long.
    pub first: Duration,
    /// The longest wait: nobody is locked out for ever.
    pub longest: Duration,
}

impl Default for LockoutTerms {
    /// Ten, 30 seconds, 15 minutes.
    fn default() -> Self {
        Self { after: 10, first: Duration::from_secs(30), longest: Duration::from_secs(900) }
    }
}

impl Limit {
    /// Every one.
    pub const ALL: [Self; 16] = [
        Self::SignInAddress,
        Self::SignInAccount,
        Self::SignUpAddress,
        Self::RefreshAddress,
        Self::MailAddress,
        Self::MailAccount,
        Self::TokenAddress,
        Self::SecondFactorAccount,
        Self::RegisterAddress,
        Self::ClientAddress,
        Self::DeviceCodeUser,
        Self::InvitationUser,
        Self::InvitationRecipient,
        Self::ApiKeyUser,
        Self::ConnectionUser,
        Self::ConnectAddress,
    ];

    /// Its name, in headers and in the setting.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SignInAddress => "sign-in-address",
            Self::SignInAccount => "sign-in-account",
            Self::SignUpAddress => "sign-up-address",
            Self::RefreshAddress => "refresh-address",
            Self::MailAddress => "mail-address",
            Self::MailAccount => "mail-account",
            Self::TokenAddress => "token-address",
            Self::SecondFactorAccount => "second-factor-account",
            Self::RegisterAddress => "register-address",
            Self::ClientAddress => "client-address",
            Self::DeviceCodeUser => "device-code-user",
            Self::InvitationUser => "invitation-user",
            Self::InvitationRecipient => "invitation-recipient",
            Self::ApiKeyUser => "api-key-user",
            Self::ConnectionUser => "connection-user",
            Self::ConnectAddress => "connect-address",
        }
    }

    /// What holds unless the operator says otherwise.
    #[must_use]
    pub const fn default_quota(self) -> Quota {
        let (quota, seconds) = match self {
            Self::SignInAddress => (30, 60),
            Self::SignInAccount => (10, 60),
            Self::SignUpAddress => (20, 3600),
            Self::RefreshAddress => (300, 60),
            Self::MailAddress => (20, 3600),
            Self::MailAccount => (5, 3600),
            Self::TokenAddress => (30, 60),
            Self::SecondFactorAccount => (5, 300),
            Self::RegisterAddress => (20, 3600),
            Self::ClientAddress => (300, 60),
            Self::DeviceCodeUser => (10, 600),
            Self::InvitationUser => (100, 3600),
            Self::InvitationRecipient => (5, 3600),
            Self::ApiKeyUser => (120, 3600),
            Self::ConnectionUser => (120, 3600),
            Self::ConnectAddress => (120, 60),
        };
        Quota { quota, window: Duration::from_secs(seconds) }
    }
}

/// The limits of an installation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CredentialLimits {
    changed: Vec<(Limit, Quota)>,
    /// When wrong passwords make an account wait.
    pub lockout: LockoutTerms,
}

/// The setting can't be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "credential_limits: {0:?} is no limit; one is like sign-in-address=30/60 (thirty in sixty seconds) or \
     lockout=10/30/900 (after ten wrong passwords wait 30 seconds, then twice as long each time, up to 900), and names are \
     {names}",
    names = Limit::ALL.map(Limit::name).join(", ")
)]
pub struct InvalidLimits(String);

impl CredentialLimits {
    /// The longest window: a week, in seconds.
    const MAX_SECONDS: u64 = 7 * 24 * 60 * 60;
    /// The highest quota.
    const MAX_QUOTA: u64 = 1_000_000;

    /// Reads the setting: limits that differ from the defaults, separated by spaces.
    ///
    /// # Errors
    /// [`InvalidLimits`], which names the first that makes no sense.
    pub fn parse(text: &str) -> Result<Self, InvalidLimits> {
        let mut limits = Self::default();
        for item in text.split_ascii_whitespace() {
            limits.set(item).ok_or_else(|| InvalidLimits(item.to_owned()))?;
        }
        Ok(limits)
    }

    fn set(&mut self, item: &str) -> Option<()> {
        let (name, values) = item.split_once('=')?;
        let values = values.split('/').map(|value| value.parse::<u64>().ok()).collect::<Option<Vec<_>>>()?;
        let seconds = |seconds: u64| (1..=Self::MAX_SECONDS).contains(&seconds).then(|| Duration::from_secs(seconds));
        let count = |count: u64| (1..=Self::MAX_QUOTA).contains(&count).then(|| u32::try_from(count).ok()).flatten();
        match (name, values.as_slice()) {
            ("lockout", &[after, first, longest]) if first <= longest => {
                self.lockout =
                    LockoutTerms { after: count(after)?, first: seconds(first)?, longest: seconds(longest)? };
            }
            (name, &[quota, window]) => {
                let limit = Limit::ALL.into_iter().find(|limit| limit.name() == name)?;
                self.changed.retain(|(changed, _)| *changed != limit);
                self.changed.push((limit, Quota { quota: count(quota)?, window: seconds(window)? }));
            }
            _ => return None,
        }
        Some(())
    }

    /// How many of this limit in how long.
    #[must_use]
    pub fn quota(&self, limit: Limit) -> Quota {
        let changed = self.changed.iter().find(|(changed, _)| *changed == limit);
        changed.map_or_else(|| limit.default_quota(), |(_, quota)| *quota)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_set_keeps_its_default() {
        let limits =
            CredentialLimits::parse("sign-in-address=5/10  lockout=3/1/2 sign-in-address=6/10").expect("limits");
        assert_eq!(limits.quota(Limit::SignInAddress), Quota { quota: 6, window: Duration::from_secs(10) });
        assert_eq!(limits.quota(Limit::RefreshAddress), Limit::RefreshAddress.default_quota());
        assert_eq!((limits.lockout.after, limits.lockout.longest), (3, Duration::from_secs(2)));
        assert_eq!(CredentialLimits::parse(""), Ok(CredentialLimits::default()));
    }

    #[test]
    fn what_is_no_limit_is_named() {
        let most = format!("sign-in-address={}/{}", CredentialLimits::MAX_QUOTA, CredentialLimits::MAX_SECONDS);
        assert!(CredentialLimits::parse(&most).is_ok());
        for item in [
            "sign-in=1/1",
            "sign-in-address",
            "sign-in-address=1",
            "sign-in-address=0/1",
            "sign-in-address=1/0",
            "sign-in-address=1000001/1",
            "sign-in-address=1/604801",
            "sign-in-address=-1/1",
            "lockout=1/1",
            "lockout=5/10/9",
            "lockout=0/1/1",
        ] {
            let error = CredentialLimits::parse(&format!("refresh-address=1/1 {item}")).expect_err(item);
            assert_eq!(error, InvalidLimits(item.to_owned()));
        }
    }
}
