//! What can be granted, and by whom.

use bulkhead_identity::Membership;
use bulkhead_kernel::Caller;
use serde::{Deserialize, Serialize};

/// How a client gets tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum GrantType {
    /// A user's browser brings a code.
    #[serde(rename = "authorization_code")]
    AuthorizationCode,
    /// The next access token of what was granted.
    #[serde(rename = "refresh_token")]
    RefreshToken,
    /// A user types in a code that a device shows (RFC 8628).
    #[serde(rename = "urn:ietf:params:oauth:grant-type:device_code")]
    DeviceCode,
}

impl GrantType {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::AuthorizationCode, Self::RefreshToken, Self::DeviceCode];

    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AuthorizationCode => "authorization_code",
            Self::RefreshToken => "refresh_token",
            Self::DeviceCode => "urn:ietf:params:oauth:grant-type:device_code",
        }
    }
}

impl std::str::FromStr for GrantType {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|grant| grant.as_str() == text).ok_or(())
    }
}

/// Who grants: a user, in the organisation that they have chosen.
#[derive(Clone, Copy, Debug)]
pub struct Grantor<'a> {
    /// The user and the organisation.
    pub membership: &'a Membership,
    /// Whose browser it is: the same user, wherever their session acts.
    pub caller: &'a Caller,
}
