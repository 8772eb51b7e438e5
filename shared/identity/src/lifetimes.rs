//! How long what identity gives out lasts, as an operator sets it.

use std::time::Duration;

use crate::invitations::InvitationTerms;
use crate::keys::KeyTerms;
use crate::sessions::SessionTerms;

/// How long things last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lifetimes {
    /// A session, its access tokens and refresh tokens.
    pub session: SessionTerms,
    /// The same of one that a browser's cookie keeps.
    pub browser: SessionTerms,
    /// An invitation.
    pub invitation: InvitationTerms,
    /// API keys.
    pub keys: KeyTerms,
}

impl Default for Lifetimes {
    fn default() -> Self {
        Self {
            session: SessionTerms::default(),
            browser: SessionTerms::of_browser(),
            invitation: InvitationTerms::default(),
            keys: KeyTerms::default(),
        }
    }
}

/// The setting can't be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidLifetimes {
    /// Something in it is no lifetime.
    #[error(
        "lifetimes: {0:?} is no lifetime; one is like session=90d, with a number of days (d), hours (h), minutes (m) or \
         seconds (s); the names and their bounds are {names}",
        names = BOUNDS.map(|(name, least, most)| format!("{name} ({least} to {most})")).join(", ")
    )]
    Item(String),
    /// Two that are set do not fit each other.
    #[error("lifetimes: {0} lasts no longer than {1}")]
    Longer(&'static str, &'static str),
}

/// Each name with the least and the most that it may be.
const BOUNDS: [(&str, &str, &str); 7] = [
    ("access-token", "1m", "1h"),
    ("refresh-token", "1h", "400d"),
    ("session", "1h", "400d"),
    ("browser-session", "5m", "30d"),
    ("invitation", "1h", "30d"),
    ("api-key", "1d", "3650d"),
    ("api-key-max", "1d", "3650d"),
];

impl Lifetimes {
    /// Reads the setting: lifetimes that differ from the defaults, separated by spaces.
    ///
    /// # Errors
    /// [`InvalidLifetimes`], which names the first that makes no sense.
    pub fn parse(text: &str) -> Result<Self, InvalidLifetimes> {
        let mut lifetimes = Self::default();
        for item in text.split_ascii_whitespace() {
            lifetimes.set(item).ok_or_else(|| InvalidLifetimes::Item(item.to_owned()))?;
        }
        let Self { session, keys, .. } = &lifetimes;
        if session.refresh > session.session {
            return Err(InvalidLifetimes::Longer("refresh-token", "session"));
        }
        if keys.lifetime > keys.longest {
            return Err(InvalidLifetimes::Longer("api-key", "api-key-max"));
        }
        Ok(lifetimes)
    }

    fn set(&mut self, item: &str) -> Option<()> {
        let (name, value) = item.split_once('=')?;
        let value = duration(value)?;
        let (_, least, most) = BOUNDS.into_iter().find(|(known, ..)| *known == name)?;
        if value < duration(least)? || value > duration(most)? {
            return None;
        }
        match name {
            "access-token" => (self.session.access, self.browser.access) = (value, value),
            "refresh-token" => self.session.refresh = value,
            "session" => self.session.session = value,
            // Nothing renews a cookie: its session has no other end.
            "browser-session" => (self.browser.refresh, self.browser.session) = (value, value),
            "invitation" => self.invitation.lifetime = value,
            "api-key" => self.keys.lifetime = value,
            "api-key-max" => self.keys.longest = value,
            _ => return None,
        }
        Some(())
    }
}

/// A number and its unit.
fn duration(text: &str) -> Option<Duration> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 60 * 60,
        "d" => 24 * 60 * 60,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(seconds).map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: u64 = 24 * 60 * 60;

    #[test]
    fn what_is_not_set_keeps_its_default() {
        assert_eq!(Lifetimes::parse(" "), Ok(Lifetimes::default()));
        let lifetimes =
            Lifetimes::parse("session=10d  refresh-token=36h access-token=300s invitation=2d").expect("good");
        let SessionTerms { access, refresh, session } = lifetimes.session;
        assert_eq!([access, refresh, session].map(|it| it.as_secs()), [300, 36 * 60 * 60, 10 * DAY]);
        assert_eq!(lifetimes.browser, SessionTerms { access, ..SessionTerms::of_browser() });
        assert_eq!(lifetimes.invitation.lifetime, Duration::from_secs(2 * DAY));
        assert_eq!(lifetimes.keys, KeyTerms::default());
        let lifetimes = Lifetimes::parse("browser-session=30m api-key=1d api-key-max=2d").expect("good");
        assert_eq!(lifetimes.browser.session, Duration::from_secs(30 * 60));
        assert_eq!([lifetimes.keys.lifetime, lifetimes.keys.longest].map(|it| it.as_secs()), [DAY, 2 * DAY]);
    }

    #[test]
    fn every_one_has_its_bounds() {
        for (name, least, most) in BOUNDS {
            let seconds = |text| duration(text).expect("a lifetime").as_secs();
            let parse = |seconds| Lifetimes::default().set(&format!("{name}={seconds}s"));
            for good in [seconds(least), seconds(most)] {
                assert!(parse(good).is_some(), "{name}={good}s");
            }
            for bad in [seconds(least) - 1, seconds(most) + 1] {
                assert!(parse(bad).is_none(), "{name}={bad}s");
            }
        }
    }

    #[test]
    fn what_is_no_lifetime_is_named() {
        for item in
            ["session", "session=", "session=d", "session=90", "session=-1d", "sessions=1d", "session=1y", "session=1é"]
        {
            let error = Lifetimes::parse(&format!("invitation=1d {item}")).expect_err(item);
            assert_eq!(error, InvalidLifetimes::Item(item.to_owned()));
        }
        assert_eq!(Lifetimes::parse("session=29d"), Err(InvalidLifetimes::Longer("refresh-token", "session")));
        assert_eq!(Lifetimes::parse("api-key-max=89d"), Err(InvalidLifetimes::Longer("api-key", "api-key-max")));
        assert!(Lifetimes::parse("session=30d api-key-max=90d").is_ok());
    }
}
