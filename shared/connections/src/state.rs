//! The states of a connection. A transition consumes the state before it, so that none is left out or taken twice.

use bulkhead_kernel::Timestamp;
use serde::Serialize;

/// The state's name, for queries and answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Begun, and nobody has agreed yet.
    Pending,
    /// It can be used.
    Active,
    /// The provider does not accept it any more: it has to be connected again.
    Expired,
    /// It was disconnected, for good.
    Revoked,
    /// Connecting it failed.
    Error,
}

impl Status {
    /// The name in SQL and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Active => "active",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::Error => "error",
        }
    }
}

impl std::str::FromStr for Status {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        [Self::Pending, Self::Active, Self::Expired, Self::Revoked, Self::Error]
            .into_iter()
            .find(|status| status.as_str() == text)
            .ok_or(())
    }
}

/// A connection's state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum State {
    /// Begun, and nobody has agreed yet.
    Pending,
    /// It can be used.
    Active {
        /// When its token expires; never when absent.
        expires_at: Option<Timestamp>,
        /// Whether a new token can be had without its user.
        refreshable: bool,
    },
    /// It has to be connected again.
    Expired {
        /// Why: a code, such as `invalid_grant`.
        reason: String,
    },
    /// It was disconnected, for good.
    Revoked,
    /// Connecting it failed.
    Error {
        /// Why: a code, such as `access_denied`.
        reason: String,
    },
}

/// A state does not lead to the one that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a connection that is {from} can't become {to}", from = .from.as_str(), to = .to.as_str())]
pub struct InvalidTransition {
    /// The state that it is in.
    pub from: Status,
    /// The state that was asked for.
    pub to: Status,
}

impl State {
    /// Its name.
    #[must_use]
    pub fn status(&self) -> Status {
        match self {
            Self::Pending => Status::Pending,
            Self::Active { .. } => Status::Active,
            Self::Expired { .. } => Status::Expired,
            Self::Revoked => Status::Revoked,
            Self::Error { .. } => Status::Error,
        }
    }

    /// Why it is in it, where that is to be told.
    #[must_use]
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Expired { reason } | Self::Error { reason } => Some(reason),
            Self::Pending | Self::Active { .. } | Self::Revoked => None,
        }
    }

    /// The provider has given tokens, for the first time or again.
    ///
    /// # Errors
    /// [`InvalidTransition`] when it was disconnected.
    pub fn connected(self, expires_at: Option<Timestamp>, refreshable: bool) -> Result<Self, InvalidTransition> {
        match self {
            Self::Revoked => Err(InvalidTransition { from: Status::Revoked, to: Status::Active }),
            Self::Pending | Self::Active { .. } | Self::Expired { .. } | Self::Error { .. } => {
                Ok(Self::Active { expires_at, refreshable })
            }
        }
    }

    /// The provider has given a new token for an old one.
    ///
    /// # Errors
    /// [`InvalidTransition`] unless it is active and can be refreshed.
    pub fn refreshed(self, expires_at: Option<Timestamp>) -> Result<Self, InvalidTransition> {
        match self {
            Self::Active { refreshable: true, .. } => Ok(Self::Active { expires_at, refreshable: true }),
            other => Err(InvalidTransition { from: other.status(), to: Status::Active }),
        }
    }

    /// The provider does not accept it any more.
    ///
    /// # Errors
    /// [`InvalidTransition`] unless it is active.
    pub fn expired(self, reason: &str) -> Result<Self, InvalidTransition> {
        match self {
            Self::Active { .. } => Ok(Self::Expired { reason: reason.to_owned() }),
            other => Err(InvalidTransition { from: other.status(), to: Status::Expired }),
        }
    }

    /// Connecting it failed. One that works already, or did once, stays as it is.
    #[must_use]
    pub fn failed(self, reason: &str) -> Self {
        match self {
            Self::Pending | Self::Error { .. } => Self::Error { reason: reason.to_owned() },
            other => other,
        }
    }

    /// It is disconnected.
    ///
    /// # Errors
    /// [`InvalidTransition`] when it is already.
    pub fn disconnected(self) -> Result<Self, InvalidTransition> {
        match self {
            Self::Revoked => Err(InvalidTransition { from: Status::Revoked, to: Status::Revoked }),
            Self::Pending | Self::Active { .. } | Self::Expired { .. } | Self::Error { .. } => Ok(Self::Revoked),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> [State; 6] {
        [
            State::Pending,
            State::Active { expires_at: None, refreshable: true },
            State::Active { expires_at: None, refreshable: false },
            State::Expired { reason: "invalid_grant".to_owned() },
            State::Revoked,
            State::Error { reason: "access_denied".to_owned() },
        ]
    }

    fn from(allowed: impl Fn(State) -> bool) -> Vec<Status> {
        all().into_iter().filter(|state| allowed(state.clone())).map(|state| state.status()).collect()
    }

    #[test]
    fn each_transition_starts_where_it_may_and_nowhere_else() {
        use Status::{Active, Error, Expired, Pending, Revoked};
        let connected = from(|state| state.connected(None, true).is_ok());
        assert_eq!(connected, [Pending, Active, Active, Expired, Error]);
        assert_eq!(from(|state| state.refreshed(None).is_ok()), [Active]);
        assert_eq!(from(|state| state.expired("x").is_ok()), [Active, Active]);
        assert_eq!(from(|state| state.clone().failed("x") != state), [Pending, Error]);
        assert_eq!(from(|state| state.disconnected().is_ok()), [Pending, Active, Active, Expired, Error]);
        assert_eq!(from(|state| state == State::Revoked), [Revoked]);
    }

    #[test]
    fn a_transition_keeps_what_it_is_told() {
        let at = Some(Timestamp::from_millis(5));
        let active = State::Pending.connected(at, false).expect("connects");
        assert_eq!(active, State::Active { expires_at: at, refreshable: false });
        assert_eq!(active.clone().refreshed(None), Err(InvalidTransition { from: Status::Active, to: Status::Active }));
        assert_eq!(active.expired("invalid_grant").expect("expires").reason(), Some("invalid_grant"));
    }
}
