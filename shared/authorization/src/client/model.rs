//! What is known of a client.

use bulkhead_kernel::Timestamp;
use serde::{Deserialize, Serialize};

use crate::grant::GrantType;
use crate::redirect::RedirectUri;

/// Where it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientKind {
    /// It has registered itself.
    Registered,
    /// Its id is the URL of its metadata.
    Document,
}

impl ClientKind {
    /// The name in SQL.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Registered => "registered",
            Self::Document => "document",
        }
    }
}

impl std::str::FromStr for ClientKind {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        [Self::Registered, Self::Document].into_iter().find(|kind| kind.as_str() == text).ok_or(())
    }
}

/// How a client proves to be itself at the token endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TokenAuthMethod {
    /// Not at all: it runs where no secret can be kept.
    #[serde(rename = "none")]
    None,
    /// By a secret in the `Authorization` header.
    #[serde(rename = "client_secret_basic")]
    ClientSecretBasic,
    /// By a secret in the form.
    #[serde(rename = "client_secret_post")]
    ClientSecretPost,
}

impl TokenAuthMethod {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::None, Self::ClientSecretBasic, Self::ClientSecretPost];

    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::ClientSecretBasic => "client_secret_basic",
            Self::ClientSecretPost => "client_secret_post",
        }
    }
}

impl std::str::FromStr for TokenAuthMethod {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|method| method.as_str() == text).ok_or(())
    }
}

/// A client.
#[derive(Clone, Debug)]
pub struct Client {
    /// Its id: ours, or the URL of its metadata.
    pub id: String,
    /// Where it comes from.
    pub kind: ClientKind,
    /// What it calls itself.
    pub name: String,
    /// Where browsers may be sent back to.
    pub redirect_uris: Vec<RedirectUri>,
    /// How it may get tokens.
    pub grant_types: Vec<GrantType>,
    /// How it proves to be itself.
    pub auth_method: TokenAuthMethod,
    /// SHA-256 (hex) of its secret.
    pub(crate) secret_hash: Option<String>,
    /// When it was registered, or its document was read.
    pub created_at: Timestamp,
    /// When it is forgotten, or its document is read again.
    pub expires_at: Option<Timestamp>,
}

impl Client {
    /// Whether it may use a grant.
    #[must_use]
    pub fn may_use(&self, grant: GrantType) -> bool {
        self.grant_types.contains(&grant)
    }

    /// The registered redirect URI that allows this one.
    pub(crate) fn allows(&self, asked: &RedirectUri) -> bool {
        self.redirect_uris.iter().any(|registered| registered.allows(asked))
    }
}
