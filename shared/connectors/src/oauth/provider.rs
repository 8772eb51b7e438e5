//! A provider as requests are made to it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// How a client proves itself at the token endpoint (RFC 6749, section 2.3.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientAuthentication {
    /// By HTTP's basic authentication.
    #[default]
    Basic,
    /// By parameters in the body.
    Post,
    /// Not at all: a public client, which has PKCE.
    None,
}

/// What the body of a request to the provider is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum BodyFormat {
    /// A form, as RFC 6749 demands.
    #[default]
    Form,
    /// A JSON object of the same members.
    Json,
}

/// How a token is revoked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Revocation {
    /// As RFC 7009 has it.
    #[default]
    Standard,
    /// A `POST` that the token itself authorizes.
    Bearer,
    /// A `DELETE` with basic authentication, and the token as the member `access_token` of a JSON object.
    DeleteJson,
}

/// A provider, whole. Nothing in it is secret.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct OauthProvider {
    /// Its name for people.
    pub name: String,
    /// Under which name the operator has registered a client: the provider's, or the connector's where its manifest says
    /// itself where tokens come from. So no manifest can send one provider's client elsewhere.
    pub client: String,
    /// Who gets the tokens that it gave: changes when the addresses do.
    pub authority: String,
    /// The authorization endpoint.
    pub authorize_url: String,
    /// The token endpoint.
    pub token_url: String,
    /// Where tokens are revoked; nowhere when absent. `{client_id}` stands for the client's id.
    #[serde(default)]
    pub revoke_url: Option<String>,
    /// How they are.
    #[serde(default)]
    pub revocation: Revocation,
    /// Its issuer identifier (RFC 9207), to which an answer's `iss` has to be equal.
    #[serde(default)]
    pub issuer: Option<String>,
    /// Whether each answer has an `iss`.
    #[serde(default)]
    pub iss: bool,
    /// What is asked for.
    pub scopes: Vec<String>,
    /// What stands between scopes in the request.
    pub scope_separator: String,
    /// The parameter that has them.
    pub scope_parameter: String,
    /// How the client proves itself.
    pub client_authentication: ClientAuthentication,
    /// What the bodies of requests to it are.
    pub body: BodyFormat,
    /// Whether it knows PKCE (RFC 7636).
    pub pkce: bool,
    /// Further parameters of the authorization request.
    pub authorize_parameters: BTreeMap<String, String>,
    /// Further parameters when a code is exchanged.
    pub token_parameters: BTreeMap<String, String>,
    /// Further parameters when a token is refreshed.
    pub refresh_parameters: BTreeMap<String, String>,
    /// Further headers of requests to it.
    pub headers: BTreeMap<String, String>,
    /// Where in an answer the object with the tokens is: a JSON pointer. The answer itself when absent, or when nothing
    /// is there.
    #[serde(default)]
    pub token_in: Option<String>,
    /// Where in an answer the account's name is.
    #[serde(default)]
    pub account: Option<String>,
    /// Where in an answer an error's code is, when it is not `error`.
    #[serde(default)]
    pub error_in: Option<String>,
    /// What its own codes of errors mean in those of RFC 6749.
    pub errors: BTreeMap<String, String>,
    /// How long a token lives when the answer does not say: seconds. For ever when absent.
    #[serde(default)]
    pub expires_in: Option<u64>,
    /// Whether tokens can be refreshed.
    pub refresh: bool,
}
