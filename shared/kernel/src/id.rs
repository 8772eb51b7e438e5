//! Ids: UUID version 7 (RFC 9562), so that they sort by creation, each kind its own type.

use crate::entropy;
use crate::{Entropy, Timestamp};
use uuid::Uuid;

/// A version 7 UUID from the given time and randomness.
#[must_use]
pub fn new_uuid(now: Timestamp, source: &dyn Entropy) -> Uuid {
    let millis = u64::try_from(now.as_millis()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &entropy::bytes::<10>(source)).into_uuid()
}

/// Why a text is not an id.
#[derive(Debug, thiserror::Error)]
#[error("an id is a UUID such as 0192d3a4-7b1c-7f00-8000-000000000000")]
pub struct InvalidId;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl From<Uuid> for $name {
            fn from(uuid: Uuid) -> Self {
                Self(uuid)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Uuid::try_parse(text).map(Self).map_err(|_| InvalidId)
            }
        }

        impl From<$name> for crate::sql::Value {
            fn from(id: $name) -> Self {
                Self::Text(id.to_string())
            }
        }

        impl crate::sql::FromValue for $name {
            fn from_value(value: crate::sql::Value) -> Option<Self> {
                String::from_value(value)?.parse().ok()
            }
        }
    };
}

id!(
    /// An organisation: the tenant.
    OrganizationId
);
id!(
    /// A user: a person, or a service account.
    UserId
);
id!(
    /// An API key.
    ApiKeyId
);
id!(
    /// A session: a sign-in, or what a user granted to an OAuth client.
    SessionId
);
id!(
    /// Who a user is at another provider.
    IdentityId
);
id!(
    /// A mail that waits to be sent.
    MailId
);
id!(
    /// A passkey of a user.
    PasskeyId
);
id!(
    /// An invitation to an organisation.
    InvitationId
);
id!(
    /// A team of an organisation.
    TeamId
);
id!(
    /// A project of an organisation.
    ProjectId
);
id!(
    /// A connector in the catalogue.
    ConnectorId
);
id!(
    /// A job: one recorded tool call.
    JobId
);
id!(
    /// An entry of the audit trail.
    AuditEventId
);
id!(
    /// A secret in the vault.
    SecretId
);
id!(
    /// A connected account.
    ConnectionId
);
id!(
    /// An attempt to connect an account by OAuth 2.
    OauthTransactionId
);

#[cfg(test)]
mod tests {
    use super::*;

    struct Zeroes;
    impl Entropy for Zeroes {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill(0);
        }
    }

    #[test]
    fn ids_sort_by_creation() {
        let early = new_uuid(Timestamp::from_millis(1), &Zeroes);
        let late = new_uuid(Timestamp::from_millis(2), &Zeroes);
        assert!(early < late);
        assert_eq!(early.get_version_num(), 7);
    }

    #[test]
    fn an_id_is_a_uuid_or_nothing() {
        assert!("0192d3a4-7b1c-7f00-8000-000000000000".parse::<JobId>().is_ok());
        assert!("'; drop table".parse::<JobId>().is_err());
    }
}
