//! GitHub, which is no issuer of OpenID Connect: its OAuth, and who it says that somebody is.
//!
//! <https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps>,
//! <https://docs.github.com/en/rest/users/users#get-the-authenticated-user> and
//! <https://docs.github.com/en/rest/users/emails#list-email-addresses-for-the-authenticated-user>

use bulkhead_connectors::oauth::OauthProvider;
use bulkhead_identity::ExternalPerson;
use bulkhead_kernel::Secret;
use bulkhead_kernel::http::HttpClient;
use http::header::{ACCEPT, HeaderName, HeaderValue};
use serde::Deserialize;

use crate::discovery::plain;
use crate::fetch::{FetchError, get};
use crate::oidc::address;
use crate::provider::Provider;

#[derive(Deserialize)]
struct User {
    /// Never given to another; the login may be.
    id: u64,
    login: String,
    name: Option<String>,
}

#[derive(Deserialize)]
struct Email {
    email: String,
    primary: bool,
    verified: bool,
}

/// A GitHub as requests are made to it.
pub(crate) fn oauth(provider: &Provider, url: &str) -> OauthProvider {
    let errors = [("bad_verification_code", "invalid_grant"), ("incorrect_client_credentials", "invalid_client")];
    OauthProvider {
        authorize_url: format!("{url}/login/oauth/authorize"),
        token_url: format!("{url}/login/oauth/access_token"),
        errors: errors.map(|(own, standard)| (own.to_owned(), standard.to_owned())).into(),
        ..plain(provider)
    }
}

/// Where its API is: on a host of its own, or below an Enterprise Server's address.
fn api(url: &str) -> String {
    if url == "https://github.com" { "https://api.github.com".to_owned() } else { format!("{url}/api/v3") }
}

/// Who has given this token.
pub(crate) async fn person(
    provider: &Provider,
    url: &str,
    token: &Secret,
    http: &dyn HttpClient,
) -> Result<ExternalPerson, FetchError> {
    let headers = [
        (ACCEPT, HeaderValue::from_static("application/vnd.github+json")),
        (HeaderName::from_static("x-github-api-version"), HeaderValue::from_static("2022-11-28")),
    ];
    let api = api(url);
    let user: User = get(http, &format!("{api}/user"), Some(token), &headers).await?;
    let emails: Vec<Email> = get(http, &format!("{api}/user/emails"), Some(token), &headers).await?;
    let primary = emails.iter().find(|email| email.primary && email.verified);
    Ok(ExternalPerson {
        provider: provider.slug.clone(),
        issuer: url.to_owned(),
        subject: user.id.to_string(),
        email: primary.and_then(|email| address(&email.email)),
        name: user.name,
        login: Some(user.login),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_enterprise_server_has_its_api_below_its_address() {
        assert_eq!(api("https://github.com"), "https://api.github.com");
        assert_eq!(api("https://github.example.com"), "https://github.example.com/api/v3");
    }
}
