//! What a client says of itself, when it registers and in a document (RFC 7591, section 2).

use bulkhead_kernel::Timestamp;
use serde::Deserialize;

use super::model::{Client, ClientKind, TokenAuthMethod};
use crate::error::{Code, OAuthError};
use crate::grant::GrantType;
use crate::policy::Policy;
use crate::redirect::RedirectUri;

/// A client's metadata. Members that we have no use for are ignored, as RFC 7591 asks.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct ClientMetadata {
    /// Of a document: its own URL.
    pub client_id: Option<String>,
    /// What it calls itself.
    pub client_name: Option<String>,
    /// Where browsers are sent back to.
    #[serde(default)]
    pub redirect_uris: Vec<String>,
    /// How it gets tokens.
    pub grant_types: Option<Vec<String>>,
    /// What the authorization endpoint answers it with.
    pub response_types: Option<Vec<String>>,
    /// How it proves to be itself.
    pub token_endpoint_auth_method: Option<String>,
    /// A document must have none: everybody can read it.
    pub client_secret: Option<serde::de::IgnoredAny>,
}

fn invalid(description: impl Into<std::borrow::Cow<'static, str>>) -> OAuthError {
    OAuthError::new(Code::InvalidClientMetadata, description)
}

impl ClientMetadata {
    /// The client that this describes. It has no secret yet.
    pub(crate) fn into_client(
        self,
        id: String,
        kind: ClientKind,
        default_method: TokenAuthMethod,
        policy: &Policy,
        now: Timestamp,
    ) -> Result<Client, OAuthError> {
        let grant_types = match self.grant_types {
            None => vec![GrantType::AuthorizationCode, GrantType::RefreshToken],
            // What it may use elsewhere is nothing to us. `refresh_token` comes with every grant of ours.
            Some(names) => names.iter().filter_map(|name| name.parse().ok()).collect(),
        };
        if grant_types.iter().all(|grant| *grant == GrantType::RefreshToken) {
            return Err(invalid("grant_types names no grant that there is here"));
        }
        let uses_code = grant_types.contains(&GrantType::AuthorizationCode);
        if uses_code && self.response_types.is_some_and(|types| !types.iter().any(|kind| kind == "code")) {
            return Err(invalid("response_types must name code"));
        }
        let auth_method = match self.token_endpoint_auth_method {
            None => default_method,
            Some(name) => name.parse().map_err(|()| {
                invalid("token_endpoint_auth_method must be none, client_secret_basic or client_secret_post")
            })?,
        };
        Ok(Client {
            name: name(self.client_name, policy)?,
            redirect_uris: redirect_uris(&self.redirect_uris, uses_code, policy)?,
            id,
            kind,
            grant_types,
            auth_method,
            secret_hash: None,
            created_at: now,
            expires_at: None,
        })
    }
}

/// The name goes onto a page on which somebody decides: no line breaks, nothing that turns the direction of writing.
fn name(name: Option<String>, policy: &Policy) -> Result<String, OAuthError> {
    let name = name.unwrap_or_default();
    let turns = |c: char| matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if name.chars().count() > policy.name_characters || name.chars().any(|c| c.is_control() || turns(c)) {
        let most = policy.name_characters;
        return Err(invalid(format!("client_name has up to {most} characters, and no control characters")));
    }
    Ok(name.trim().to_owned())
}

fn redirect_uris(texts: &[String], needed: bool, policy: &Policy) -> Result<Vec<RedirectUri>, OAuthError> {
    let refused = |description: String| OAuthError::new(Code::InvalidRedirectUri, description);
    if texts.len() > policy.redirect_uris || needed && texts.is_empty() {
        return Err(refused(format!("redirect_uris names from 1 to {} redirect URIs", policy.redirect_uris)));
    }
    texts
        .iter()
        .map(|text| RedirectUri::parse(text, policy.uri_bytes).map_err(|error| refused(error.to_string())))
        .collect()
}
