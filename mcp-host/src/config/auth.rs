//! Settings of signing in.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Signing in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct AuthConfig {
    /// Other providers at which one can sign in.
    pub providers: Vec<AuthProvider>,
}

/// What kind of provider it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum AuthProviderKind {
    /// GitHub, or a GitHub Enterprise Server.
    Github,
    /// An issuer of OpenID Connect.
    Oidc,
}

/// A provider at which one can sign in.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct AuthProvider {
    /// Its name in addresses.
    pub slug: String,
    /// Its name for people; `GitHub`, or the slug, when absent.
    pub name: Option<String>,
    /// What it is.
    pub kind: AuthProviderKind,
    /// Its issuer identifier, where it is one of OpenID Connect.
    pub issuer: Option<String>,
    /// Its address, where it is a GitHub Enterprise Server.
    pub url: Option<String>,
    /// What it calls this installation.
    pub client_id: String,
    /// The file with the client's secret and nothing else; a public client has none.
    pub client_secret_file: Option<PathBuf>,
    /// Whether strangers get an account.
    #[serde(default)]
    pub sign_up: bool,
    /// The domains of verified addresses whose owners are let in; everybody when empty.
    #[serde(default)]
    pub email_domains: Vec<String>,
    /// What is asked for; what is usual when empty.
    #[serde(default)]
    pub scopes: Vec<String>,
}
