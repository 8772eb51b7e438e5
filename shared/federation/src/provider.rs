//! What the operator has set.
//!
//! A JSON array: `[{"slug": "github", "kind": "github", "client_id": "…", "client_secret": "…"}, {"slug": "work", "name": "Work",
//! "kind": "oidc", "issuer": "https://id.example.com", "client_id": "…"}]`. `url` is the address of a GitHub Enterprise Server.
//! `sign_up` gives strangers an account, `email_domains` lets nobody else in, `scopes` are asked for in the place of the usual.

use core::net::IpAddr;

use bulkhead_connections::OauthClient;
use bulkhead_identity::EmailAddress;
use bulkhead_kernel::Secret;
use http::Uri;
use serde::Deserialize;
use url::{Host, Url};

/// The longest slug: it stands in addresses.
const MAX_SLUG: usize = 40;
/// The longest name.
const MAX_NAME: usize = 60;
/// The most providers: each has a button.
const MAX_PROVIDERS: usize = 16;

/// What kind of provider it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProviderKind {
    /// GitHub, or a GitHub Enterprise Server, at this address.
    GitHub {
        /// Without a slash at its end.
        url: String,
    },
    /// An issuer of OpenID Connect.
    Oidc {
        /// Its identifier, exactly as it writes it.
        issuer: String,
    },
}

/// A provider at which one can sign in.
#[derive(Clone, Debug)]
pub struct Provider {
    /// Its name in addresses.
    pub slug: String,
    /// Its name for people.
    pub name: String,
    /// What it is.
    pub kind: ProviderKind,
    /// Whether strangers get an account.
    pub sign_up: bool,
    pub(crate) client: OauthClient,
    pub(crate) scopes: Vec<String>,
    email_domains: Vec<String>,
}

/// All of them.
#[derive(Clone, Debug, Default)]
pub struct Providers(Vec<Provider>);

/// A text is not a set of providers. It is not repeated, because secrets are in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidProviders {
    /// It is not the JSON that it should be.
    #[error(
        "providers are a JSON array such as [{{\"slug\": \"github\", \"kind\": \"github\", \"client_id\": \"…\", \
         \"client_secret\": \"…\"}}]; line {line}, column {column} is not"
    )]
    Json {
        /// Counted from 1.
        line: usize,
        /// Counted from 1.
        column: usize,
    },
    /// One makes no sense.
    #[error("the provider {slug:?}: {reason}")]
    Provider {
        /// Which.
        slug: String,
        /// Why.
        reason: &'static str,
    },
    /// There are too many.
    #[error("there are more than {MAX_PROVIDERS} providers")]
    TooMany,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Github,
    Oidc,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    slug: String,
    name: Option<String>,
    kind: Kind,
    issuer: Option<String>,
    url: Option<String>,
    client_id: String,
    client_secret: Option<String>,
    #[serde(default)]
    sign_up: bool,
    #[serde(default)]
    email_domains: Vec<String>,
    #[serde(default)]
    scopes: Vec<String>,
}

impl Providers {
    /// Reads them. An empty text has none.
    ///
    /// # Errors
    /// [`InvalidProviders`].
    pub fn parse(text: &str) -> Result<Self, InvalidProviders> {
        if text.trim().is_empty() {
            return Ok(Self::default());
        }
        let written: Vec<Written> = serde_json::from_str(text)
            .map_err(|error| InvalidProviders::Json { line: error.line(), column: error.column() })?;
        if written.len() > MAX_PROVIDERS {
            return Err(InvalidProviders::TooMany);
        }
        let mut providers: Vec<Provider> = Vec::new();
        for one in written {
            let slug = one.slug.clone();
            let refuse = |reason| InvalidProviders::Provider { slug: slug.clone(), reason };
            let provider = one.check().map_err(refuse)?;
            if providers.iter().any(|other| other.slug == slug) {
                return Err(refuse("another one has the same slug"));
            }
            providers.push(provider);
        }
        Ok(Self(providers))
    }

    /// The provider of this slug.
    #[must_use]
    pub fn get(&self, slug: &str) -> Option<&Provider> {
        self.0.iter().find(|provider| provider.slug == slug)
    }

    /// Each of them, as the operator has ordered them.
    pub fn iter(&self) -> impl Iterator<Item = &Provider> {
        self.0.iter()
    }

    /// Whose word they are: the issuers of identities by which one signs in here.
    #[must_use]
    pub fn issuers(&self) -> Vec<&str> {
        self.iter().map(Provider::issuer).collect()
    }
}

impl Written {
    fn check(self) -> Result<Provider, &'static str> {
        let sane = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
        if self.slug.is_empty() || self.slug.len() > MAX_SLUG || !self.slug.bytes().all(sane) {
            return Err("slug must be 1 to 40 lower-case letters, digits and hyphens");
        }
        let (kind, usual_name, usual_scopes) = match (self.kind, self.issuer, self.url) {
            (Kind::Oidc, Some(issuer), None) => {
                (ProviderKind::Oidc { issuer }, self.slug.as_str(), &["openid", "profile", "email"][..])
            }
            (Kind::Github, None, url) => {
                let url = url.unwrap_or_else(|| "https://github.com".to_owned()).trim_end_matches('/').to_owned();
                (ProviderKind::GitHub { url }, "GitHub", &["read:user", "user:email"][..])
            }
            (Kind::Oidc, ..) => return Err("an oidc provider has an issuer, and no url"),
            (Kind::Github, ..) => return Err("a github provider has no issuer; its address, if it is another, is url"),
        };
        let name = self.name.unwrap_or_else(|| usual_name.to_owned());
        if name.trim() != name || !(1..=MAX_NAME).contains(&name.chars().count()) || name.contains(char::is_control) {
            return Err("name must be 1 to 60 characters, without spaces at its ends");
        }
        let (ProviderKind::GitHub { url: address } | ProviderKind::Oidc { issuer: address }) = &kind;
        if !is_trustworthy(address) || address.contains('?') {
            return Err(
                "its issuer or url must be an https address (http on a loopback address alone) without user, query \
                        and fragment",
            );
        }
        if self.client_id.is_empty() {
            return Err("client_id is empty");
        }
        let scope =
            |text: &String| !text.is_empty() && text.bytes().all(|b| matches!(b, 0x21 | 0x23..=0x5b | 0x5d..=0x7e));
        if !self.scopes.iter().all(scope) {
            return Err("a scope has visible ASCII characters without quotes and backslashes (RFC 6749)");
        }
        let mut scopes = self.scopes;
        if scopes.is_empty() {
            scopes = usual_scopes.iter().map(|scope| (*scope).to_owned()).collect();
        }
        if matches!(kind, ProviderKind::Oidc { .. }) && !scopes.iter().any(|scope| scope == "openid") {
            scopes.insert(0, "openid".to_owned());
        }
        let domain =
            |text: &String| text.contains('.') && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.".contains(&b));
        if !self.email_domains.iter().all(domain) {
            return Err("email_domains are like example.com");
        }
        Ok(Provider {
            slug: self.slug,
            name,
            kind,
            sign_up: self.sign_up,
            client: OauthClient {
                id: self.client_id,
                secret: self.client_secret.filter(|secret| !secret.is_empty()).map(Secret::new),
            },
            scopes,
            email_domains: self.email_domains.into_iter().map(|domain| domain.to_ascii_lowercase()).collect(),
        })
    }
}

impl Provider {
    /// Who says who somebody is: the issuer's identifier, or the address of a GitHub.
    #[must_use]
    pub fn issuer(&self) -> &str {
        match &self.kind {
            ProviderKind::GitHub { url } => url,
            ProviderKind::Oidc { issuer } => issuer,
        }
    }

    /// Whether whoever has this address, if it is proven, may come in here.
    pub(crate) fn admits(&self, email: Option<&EmailAddress>) -> bool {
        let domain = email.and_then(|email| email.as_str().rsplit_once('@')).map(|(_, domain)| domain);
        self.email_domains.is_empty() || domain.is_some_and(|domain| self.email_domains.iter().any(|d| d == domain))
    }
}

/// Whether what is asked for at this address can't be changed on the way: by https, or because it stays on this machine.
pub(crate) fn is_trustworthy(address: &str) -> bool {
    let Ok(uri) = address.parse::<Uri>() else { return false };
    let Some(authority) = uri.authority().filter(|authority| !authority.as_str().contains('@')) else { return false };
    let host = authority.host().trim_matches(['[', ']']);
    let is_loopback = host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
    let scheme = uri.scheme_str().unwrap_or_default();
    !host.is_empty() && !address.contains('#') && (scheme == "https" || (scheme == "http" && is_loopback))
}

/// Whether an issuer may say that something of its is at this address: by https, where it is itself asked by that, and not on this
/// machine, which an issuer elsewhere must not make us ask something, unless it is here too.
#[must_use]
pub fn may_name(issuer: &str, address: &str) -> bool {
    let by_https = |address: &str| address.starts_with("https://");
    (by_https(address) || !by_https(issuer)) && (is_this_machine(issuer) || !is_this_machine(address))
}

/// Whether what is asked for at this address is asked of this machine, or could be: by a loopback or unspecified address, in
/// whichever way it is written, or by the name `localhost`. What another name resolves to is not known here.
fn is_this_machine(address: &str) -> bool {
    let Ok(url) = Url::parse(address) else { return true };
    let here = |address: IpAddr| address.is_loopback() || address.is_unspecified();
    match url.host() {
        Some(Host::Domain(name)) => {
            // RFC 6761, section 6.3.
            let name = name.strip_suffix('.').unwrap_or(name);
            name == "localhost" || name.ends_with(".localhost")
        }
        Some(Host::Ipv4(address)) => here(address.into()),
        Some(Host::Ipv6(address)) => here(address.to_canonical()),
        None => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn github() -> Value {
        json!({ "slug": "github", "kind": "github", "client_id": "a", "client_secret": "hunter2hunter2" })
    }

    fn with(name: &str, value: Value) -> Value {
        let mut written = github();
        written[name] = value;
        written
    }

    fn parse(all: &[Value]) -> Result<Providers, InvalidProviders> {
        Providers::parse(&Value::Array(all.to_vec()).to_string())
    }

    #[test]
    fn what_is_not_said_is_usual() {
        let oidc = json!({ "slug": "work", "kind": "oidc", "issuer": "https://id.example.com/", "client_id": "b", "scopes": ["email"] });
        let providers = parse(&[github(), oidc]).expect("providers");
        let (github, work) = (providers.get("github").expect("is there"), providers.get("work").expect("is there"));
        assert_eq!((github.name.as_str(), github.issuer(), github.sign_up), ("GitHub", "https://github.com", false));
        assert_eq!(github.scopes, ["read:user", "user:email"]);
        assert_eq!((work.name.as_str(), work.issuer()), ("work", "https://id.example.com/"));
        assert_eq!(
            (&work.scopes[..], work.client.secret.is_none()),
            (&["openid".to_owned(), "email".to_owned()][..], true)
        );
        assert!(providers.get("gitlab").is_none());
        assert!(!format!("{providers:?}").contains("hunter2"));
        assert_eq!(Providers::parse(" \n").expect("none").iter().count(), 0);
    }

    #[test]
    fn what_makes_no_sense_is_refused_and_not_repeated() {
        for (name, value) in [
            ("slug", json!("")),
            ("slug", json!("a/b")),
            ("slug", json!("A")),
            ("slug", json!("a".repeat(41))),
            ("name", json!("")),
            ("name", json!("x".repeat(61))),
            ("kind", json!("saml")),
            ("issuer", json!("https://id.example.com")),
            ("url", json!("http://github.example.com")),
            ("url", json!("https://u@github.example.com")),
            ("url", json!("https://github.example.com/?a")),
            ("url", json!("https://github.example.com/#a")),
            ("url", json!("github.example.com")),
            ("client_id", json!("")),
            ("scopes", json!(["a b"])),
            ("email_domains", json!(["@example.com"])),
            ("email_domains", json!(["example"])),
            ("trusted", json!(true)),
        ] {
            let error = parse(&[with(name, value.clone())]).expect_err(name).to_string();
            assert!(!error.contains("hunter2"), "{error}");
        }
        assert!(parse(&[json!({ "slug": "x", "kind": "oidc", "client_id": "a" })]).is_err());
        assert!(parse(&[github(), github()]).is_err());
        let many = |count: usize| {
            let all: Vec<_> = (0..count).map(|number| with("slug", json!(format!("p{number}")))).collect();
            parse(&all).map(|providers| providers.iter().count())
        };
        assert_eq!((many(16), many(17)), (Ok(16), Err(InvalidProviders::TooMany)));
        assert!(matches!(Providers::parse("hunter2"), Err(InvalidProviders::Json { line: 1, .. })));
        for (name, value) in [("slug", "a".repeat(40)), ("name", "x".repeat(60))] {
            assert!(parse(&[with(name, json!(value))]).is_ok(), "{name}");
        }
        for good in ["https://github.example.com/", "http://127.0.0.1:1", "http://[::1]:1", "http://localhost:1"] {
            assert!(parse(&[with("url", json!(good))]).is_ok(), "{good}");
        }
    }

    #[test]
    fn an_issuer_elsewhere_names_nothing_on_this_machine() {
        assert!(may_name("https://id.example.com", "https://keys.example.com/jwks"));
        for place in [
            "http://keys.example.com/jwks",
            "http://127.0.0.1/jwks",
            "https://127.0.0.1/jwks",
            "https://localhost/jwks",
        ] {
            assert!(!may_name("https://id.example.com", place), "{place}");
        }
        // One that is here itself does.
        assert!(
            may_name("http://127.0.0.1:1", "http://127.0.0.1:1/jwks")
                && may_name("https://localhost", "https://127.0.0.1/jwks")
        );
        assert!(!may_name("https://localhost", "http://localhost/jwks"));
    }

    #[test]
    fn this_machine_is_known_however_it_is_written() {
        for here in [
            "https://localhost/jwks",
            "https://LOCALHOST:8443",
            "https://localhost./",
            "https://a.localhost/",
            "http://127.0.0.1",
            "https://127.9.9.9/",
            "https://127.1/",
            "https://0x7f000001/",
            "https://2130706433/",
            "https://0.0.0.0/",
            "https://[::1]/",
            "https://[::]/",
            "https://[::ffff:127.0.0.1]/",
            "jwks",
            "",
        ] {
            assert!(is_this_machine(here), "{here}");
        }
        for elsewhere in
            ["https://id.example.com", "https://localhost.example.com", "https://10.0.0.1/", "https://[2001:db8::1]/"]
        {
            assert!(!is_this_machine(elsewhere), "{elsewhere}");
        }
    }

    #[test]
    fn where_domains_are_named_nobody_else_comes_in() {
        let address = |text: &str| text.parse::<EmailAddress>().expect("an address");
        let open = parse(&[github()]).expect("providers");
        assert!(open.get("github").expect("is there").admits(None));
        let providers = parse(&[with("email_domains", json!(["Example.com", "b.test"]))]).expect("providers");
        let provider = providers.get("github").expect("is there");
        for (email, admitted) in [
            (Some("ada@example.com"), true),
            (Some("ADA@B.TEST"), true),
            (Some("ada@sub.example.com"), false),
            (Some("ada@example.com.evil.test"), false),
            (Some("example.com@evil.test"), false),
            (None, false),
        ] {
            assert_eq!(provider.admits(email.map(address).as_ref()), admitted, "{email:?}");
        }
    }
}
