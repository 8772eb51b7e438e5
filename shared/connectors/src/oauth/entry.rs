//! What a manifest or a provider's file says, and how both make a provider.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use url::{Host, Url};

use super::provider::{BodyFormat, ClientAuthentication, OauthProvider, Revocation};
use crate::grants::setting_of;
use crate::model::Slug;

/// Why no provider comes of an entry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OauthEntryError {
    /// No provider has this name.
    #[error("there is no provider {0:?}")]
    UnknownProvider(String),
    /// It does not say where.
    #[error("it needs {0}, or a provider that has it")]
    Missing(&'static str),
    /// An address is not one that secrets may be sent to.
    #[error(
        "{key} = {url:?} must be an https address of a named host, without user and fragment; one of an operator's setting may be on this machine"
    )]
    Address {
        /// The key.
        key: &'static str,
        /// The address.
        url: String,
    },
    /// An address begins with a setting that has no value.
    #[error("{key} begins with the setting {setting:?}, which has no value")]
    NoSetting {
        /// The key.
        key: &'static str,
        /// The setting.
        setting: String,
    },
    /// Something that the flow itself decides is set as a further parameter.
    #[error("{0:?} is not a parameter that can be added")]
    Parameter(String),
}

/// `[auth.oauth2]` of a manifest, or a provider's file. Every key is optional; what a manifest says wins.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
#[expect(missing_docs, reason = "each key is described at the member of OauthProvider that it becomes")]
pub struct OauthEntry {
    /// The provider whose entry is completed; in manifests alone.
    pub provider: Option<String>,
    pub name: Option<String>,
    pub authorize_url: Option<String>,
    pub token_url: Option<String>,
    pub revoke_url: Option<String>,
    pub revocation: Option<Revocation>,
    pub issuer: Option<String>,
    pub iss: Option<bool>,
    pub scopes: Option<Vec<String>>,
    pub scope_separator: Option<String>,
    pub scope_parameter: Option<String>,
    pub client_authentication: Option<ClientAuthentication>,
    pub body: Option<BodyFormat>,
    pub pkce: Option<bool>,
    pub authorize_parameters: BTreeMap<String, String>,
    pub token_parameters: BTreeMap<String, String>,
    pub refresh_parameters: BTreeMap<String, String>,
    pub headers: BTreeMap<String, String>,
    pub token_in: Option<String>,
    pub account: Option<String>,
    pub error_in: Option<String>,
    pub errors: BTreeMap<String, String>,
    pub expires_in: Option<u64>,
    pub refresh: Option<bool>,
}

/// The settings that addresses may begin with: their values, and which of them the operator gave.
#[derive(Clone, Copy, Debug)]
pub struct SettingValues<'a> {
    /// By name.
    pub values: &'a BTreeMap<String, String>,
    /// Those that stand in the operator's configuration rather than in a manifest.
    pub given: &'a BTreeMap<String, String>,
}

/// Parameters that the flow itself sets.
const RESERVED: [&str; 12] = [
    "client_id",
    "client_secret",
    "code",
    "code_challenge",
    "code_challenge_method",
    "code_verifier",
    "grant_type",
    "redirect_uri",
    "refresh_token",
    "response_type",
    "scope",
    "state",
];

impl OauthEntry {
    /// Whether it says itself where tokens come from and go to.
    #[must_use]
    pub fn has_addresses(&self) -> bool {
        [&self.authorize_url, &self.token_url, &self.revoke_url, &self.issuer].into_iter().any(Option::is_some)
    }

    /// What an operator approves, a line each: whom tokens are asked of, and for what.
    #[must_use]
    pub fn requested(&self) -> Vec<String> {
        let who = match (&self.provider, self.has_addresses()) {
            (Some(provider), false) => format!("accounts of {provider}"),
            _ => {
                let addresses = [&self.authorize_url, &self.token_url, &self.revoke_url];
                let addresses: Vec<_> = addresses.into_iter().flatten().map(String::as_str).collect();
                format!("accounts by {}", addresses.join(" "))
            }
        };
        let scopes = self.scopes.iter().flatten().map(|scope| format!("accounts with scope {scope}"));
        std::iter::once(who).chain(scopes).collect()
    }

    /// The same, completed by another entry.
    #[must_use]
    pub fn over(self, base: Self) -> Self {
        let joined = |mut base: BTreeMap<String, String>, own: BTreeMap<String, String>| {
            base.extend(own);
            base
        };
        Self {
            provider: self.provider,
            name: self.name.or(base.name),
            authorize_url: self.authorize_url.or(base.authorize_url),
            token_url: self.token_url.or(base.token_url),
            revoke_url: self.revoke_url.or(base.revoke_url),
            revocation: self.revocation.or(base.revocation),
            issuer: self.issuer.or(base.issuer),
            iss: self.iss.or(base.iss),
            scopes: self.scopes.or(base.scopes),
            scope_separator: self.scope_separator.or(base.scope_separator),
            scope_parameter: self.scope_parameter.or(base.scope_parameter),
            client_authentication: self.client_authentication.or(base.client_authentication),
            body: self.body.or(base.body),
            pkce: self.pkce.or(base.pkce),
            authorize_parameters: joined(base.authorize_parameters, self.authorize_parameters),
            token_parameters: joined(base.token_parameters, self.token_parameters),
            refresh_parameters: joined(base.refresh_parameters, self.refresh_parameters),
            headers: joined(base.headers, self.headers),
            token_in: self.token_in.or(base.token_in),
            account: self.account.or(base.account),
            error_in: self.error_in.or(base.error_in),
            errors: joined(base.errors, self.errors),
            expires_in: self.expires_in.or(base.expires_in),
            refresh: self.refresh.or(base.refresh),
        }
    }

    /// The provider that this connector's entry means.
    ///
    /// # Errors
    /// [`OauthEntryError`].
    pub fn resolve(self, slug: &Slug, settings: SettingValues<'_>) -> Result<OauthProvider, OauthEntryError> {
        // What a manifest adds to a provider's addresses are addresses of its own.
        let named = self.provider.clone().filter(|_| !self.has_addresses());
        let whole = match &self.provider {
            None => self,
            Some(name) => {
                let base = super::provider(name).ok_or_else(|| OauthEntryError::UnknownProvider(name.clone()))?;
                self.over(base)
            }
        };
        whole.complete(slug, named, settings)
    }

    fn complete(
        self,
        slug: &Slug,
        named: Option<String>,
        settings: SettingValues<'_>,
    ) -> Result<OauthProvider, OauthEntryError> {
        let read = |key, url: Option<&String>| url.map(|url| address(key, url, settings)).transpose();
        let authorize_url = read("authorize_url", self.authorize_url.as_ref())?;
        let authorize_url = authorize_url.ok_or(OauthEntryError::Missing("authorize_url"))?;
        let token_url = read("token_url", self.token_url.as_ref())?;
        let token_url = token_url.ok_or(OauthEntryError::Missing("token_url"))?;
        let revoke_url = read("revoke_url", self.revoke_url.as_ref())?;
        let issuer = self.issuer.as_ref().map(|issuer| with_setting("issuer", issuer, settings)).transpose()?;
        let issuer = issuer.map(|(issuer, _)| issuer);
        let parameters = [&self.authorize_parameters, &self.token_parameters, &self.refresh_parameters];
        let reserved = |name: &&String| RESERVED.contains(&name.as_str());
        if let Some(name) = parameters.into_iter().flat_map(BTreeMap::keys).find(reserved) {
            return Err(OauthEntryError::Parameter(name.clone()));
        }
        let authority = match &named {
            Some(name) => name.clone(),
            None => {
                let parts = [Some(&authorize_url), Some(&token_url), revoke_url.as_ref(), issuer.as_ref()];
                let parts: Vec<_> = parts.into_iter().map(|part| part.map_or("", String::as_str)).collect();
                format!("{slug}:{}", &hex::encode(Sha256::digest(parts.join("\n")))[..32])
            }
        };
        Ok(OauthProvider {
            name: self.name.unwrap_or_else(|| slug.to_string()),
            client: named.unwrap_or_else(|| slug.to_string()),
            authority,
            authorize_url,
            token_url,
            revoke_url,
            revocation: self.revocation.unwrap_or_default(),
            iss: self.iss.unwrap_or(false) && issuer.is_some(),
            issuer,
            scopes: self.scopes.unwrap_or_default(),
            scope_separator: self.scope_separator.unwrap_or_else(|| " ".to_owned()),
            scope_parameter: self.scope_parameter.unwrap_or_else(|| "scope".to_owned()),
            client_authentication: self.client_authentication.unwrap_or_default(),
            body: self.body.unwrap_or_default(),
            pkce: self.pkce.unwrap_or(true),
            authorize_parameters: self.authorize_parameters,
            token_parameters: self.token_parameters,
            refresh_parameters: self.refresh_parameters,
            headers: self.headers,
            token_in: self.token_in,
            account: self.account,
            error_in: self.error_in,
            errors: self.errors,
            expires_in: self.expires_in,
            refresh: self.refresh.unwrap_or(true),
        })
    }
}

/// A text that may begin with `{{ settings.NAME }}`, with the setting's value there; and whether the operator gave it.
fn with_setting(key: &'static str, text: &str, settings: SettingValues<'_>) -> Result<(String, bool), OauthEntryError> {
    let Some(end) = text.find("}}").filter(|_| text.starts_with("{{")) else { return Ok((text.to_owned(), false)) };
    let (placeholder, rest) = text.split_at(end + 2);
    let name = setting_of(placeholder).unwrap_or_default();
    let value = settings.values.get(name);
    let value = value.ok_or_else(|| OauthEntryError::NoSetting { key, setting: name.to_owned() })?;
    Ok((format!("{}{rest}", value.trim_end_matches('/')), settings.given.contains_key(name)))
}

/// An address that secrets may be sent to. `{client_id}` in it is left for later.
fn address(key: &'static str, text: &str, settings: SettingValues<'_>) -> Result<String, OauthEntryError> {
    let (text, given) = with_setting(key, text, settings)?;
    let refuse = || OauthEntryError::Address { key, url: text.clone() };
    let url: Url = text.parse().map_err(|_| refuse())?;
    let local = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => return Err(refuse()),
    };
    let named = matches!(url.host(), Some(Host::Domain(name)) if name.contains('.'));
    let plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    let safe = match url.scheme() {
        "https" => named || given,
        "http" => local && given,
        _ => false,
    };
    if plain && safe { Ok(text) } else { Err(refuse()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(toml: &str, given: &[(&str, &str)]) -> Result<OauthProvider, OauthEntryError> {
        let entry: OauthEntry = toml::from_str(toml).expect("an entry");
        let values: BTreeMap<String, String> =
            given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        entry.resolve(&"mine".parse().expect("a slug"), SettingValues { values: &values, given: &values })
    }

    #[test]
    fn a_manifest_names_a_provider_and_says_what_is_different() {
        let plain = resolve("provider = 'github'", &[]).expect("a provider");
        assert_eq!((plain.client.as_str(), plain.authority.as_str()), ("github", "github"));
        let scoped = resolve("provider = 'github'\nscopes = ['repo']", &[]).expect("a provider");
        assert_eq!((scoped.client.as_str(), scoped.scopes), ("github", vec!["repo".to_owned()]));
        assert_eq!(resolve("provider = 'nobody'", &[]), Err(OauthEntryError::UnknownProvider("nobody".to_owned())));
    }

    #[test]
    fn a_manifest_with_addresses_gets_no_providers_client() {
        let moved = resolve("provider = 'github'\ntoken_url = 'https://evil.example.com/token'", &[]);
        let moved = moved.expect("a provider");
        assert_eq!(moved.client, "mine");
        let other = resolve("provider = 'github'\ntoken_url = 'https://other.example.com/token'", &[]);
        assert_ne!(moved.authority, other.expect("a provider").authority);
    }

    #[test]
    fn an_address_is_public_or_the_operators() {
        let whole = |url: &str| format!("authorize_url = 'https://id.example.com/a'\ntoken_url = '{url}'");
        for url in ["https://id.example.com/t", "{{ settings.url }}/t"] {
            assert!(resolve(&whole(url), &[("url", "http://127.0.0.1:9/")]).is_ok(), "{url}");
        }
        for url in [
            "http://id.example.com/t",
            "http://127.0.0.1:9/t",
            "https://127.0.0.1/t",
            "https://localhost/t",
            "https://a:b@id.example.com/",
            "/t",
            "ftp://id.example.com",
        ] {
            assert!(matches!(resolve(&whole(url), &[]), Err(OauthEntryError::Address { .. })), "{url}");
        }
        let public = resolve(&whole("{{ settings.url }}/t"), &[("url", "http://id.example.com")]);
        assert!(matches!(public, Err(OauthEntryError::Address { .. })));
        let setting = "url".to_owned();
        assert_eq!(
            resolve(&whole("{{ settings.url }}/t"), &[]),
            Err(OauthEntryError::NoSetting { key: "token_url", setting })
        );
    }

    #[test]
    fn what_the_flow_decides_can_not_be_set() {
        for table in ["authorize_parameters", "token_parameters", "refresh_parameters"] {
            let text = format!("provider = 'github'\n[{table}]\nredirect_uri = 'https://evil.example.com'");
            assert_eq!(resolve(&text, &[]), Err(OauthEntryError::Parameter("redirect_uri".to_owned())));
        }
    }

    #[test]
    fn an_operator_approves_whom_tokens_are_asked_of_and_for_what() {
        let entry = |text: &str| toml::from_str::<OauthEntry>(text).expect("an entry").requested();
        assert_eq!(entry("provider = 'github'"), ["accounts of github"]);
        assert_eq!(entry("provider = 'github'\nscopes = ['a', 'b']").len(), 3);
        let own = entry("provider = 'github'\ntoken_url = 'https://a.example.com'");
        assert_eq!(own, ["accounts by https://a.example.com"]);
    }
}
