//! What a profile is.

use bulkhead_kernel::Timestamp;
use bulkhead_kernel::id::UserId;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::model::UserKind;

/// A user, as they see themselves.
#[derive(Clone, Debug, Serialize)]
pub struct Profile {
    /// The user's id.
    pub id: UserId,
    /// A person or a service account.
    pub kind: UserKind,
    /// Where mail reaches a person.
    pub email: Option<String>,
    /// When the address was proven to be theirs.
    pub email_verified_at: Option<Timestamp>,
    /// Their name.
    pub name: String,
    /// A picture.
    pub avatar_url: Option<String>,
    /// A name of the IANA time zone database.
    pub time_zone: Option<String>,
    /// A language tag (RFC 5646).
    pub locale: Option<String>,
    /// What programs remember for them.
    pub preferences: Map<String, Value>,
    /// When the user was made.
    pub created_at: Timestamp,
}
