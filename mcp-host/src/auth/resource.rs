//! What is protected, and how clients learn what they need for it: protected-resource metadata (RFC 9728) and the
//! `WWW-Authenticate` header (RFC 6750).

use bulkhead_http_api::{Kind, Problem};
use bulkhead_identity::TokenError;
use bulkhead_kernel::Scope;
use http::HeaderValue;
use http::header::WWW_AUTHENTICATE;
use serde_json::{Value, json};
use url::Url;

use crate::config::OauthConfig;

/// The MCP endpoint as a protected resource.
#[derive(Clone, Debug)]
pub(crate) struct Resource {
    pub(super) audience: String,
    issuer: String,
    metadata_url: String,
    /// Where the metadata is.
    paths: Vec<String>,
    /// What every request needs.
    pub(super) scopes: Vec<String>,
    pub(super) write_scope: Option<String>,
}

impl Resource {
    /// Where clients look for the metadata of a whole host.
    pub(crate) const WELL_KNOWN: &str = "/.well-known/oauth-protected-resource";

    /// With another issuer, clients are sent to that one; without, to our own authorization server.
    pub(crate) fn new(config: Option<&OauthConfig>, public_url: &str) -> Self {
        let public_url = public_url.trim_end_matches('/');
        let mut paths = vec![format!("{}/mcp", Self::WELL_KNOWN)];
        // What stands before /mcp in the public URL may be cut off on the way to this host; the well-known part is put in
        // front of it (RFC 9728, section 3.1), so nothing cuts it off there.
        let before = Url::parse(public_url).ok().map(|url| url.path().trim_end_matches('/').to_owned());
        if let Some(before) = before.filter(|before| !before.is_empty()) {
            paths.push(format!("{}{before}/mcp", Self::WELL_KNOWN));
        }
        Self {
            audience: config.and_then(|config| config.audience.clone()).unwrap_or_else(|| format!("{public_url}/mcp")),
            issuer: config.map_or(public_url, |config| config.issuer.as_str()).to_owned(),
            metadata_url: format!("{public_url}{}/mcp", Self::WELL_KNOWN),
            paths,
            scopes: config.map_or_else(|| vec![Scope::Tools.to_string()], |config| config.scopes.clone()),
            write_scope: config.and_then(|config| config.write_scope.clone()),
        }
    }

    /// The metadata at a path below [`WELL_KNOWN`](Self::WELL_KNOWN), if that is the endpoint's.
    pub(crate) fn metadata_at(&self, path: &str) -> Option<Value> {
        self.paths.iter().any(|own| own == path).then(|| self.metadata())
    }

    /// The metadata.
    pub(crate) fn metadata(&self) -> Value {
        json!({
            "resource": self.audience,
            "authorization_servers": [self.issuer],
            "scopes_supported": self.scopes.iter().chain(&self.write_scope).collect::<Vec<_>>(),
            "bearer_methods_supported": ["header"],
            "resource_name": "Bulkhead",
        })
    }

    /// The refusal of a request without a credential.
    pub(super) fn no_credential(&self, reason: &'static str) -> Problem {
        let problem = Problem::new(Kind::Unauthenticated, self.advice()).caused_by(reason);
        self.challenge(problem, None, &self.scopes.join(" "))
    }

    /// The refusal of an API key that does not work. Why is for the log, as everywhere.
    pub(super) fn invalid_key(&self, reason: &'static str) -> Problem {
        let problem = Problem::new(Kind::Unauthenticated, self.advice()).caused_by(reason);
        self.challenge(problem, Some(("invalid_token", "the API key does not work")), &self.scopes.join(" "))
    }

    /// The refusal of a token of ours that was good once. Why it is not any more is for the log.
    pub(super) fn ended_token(&self, reason: &'static str) -> Problem {
        let problem = Problem::new(Kind::Unauthenticated, self.advice()).caused_by(reason);
        let description = "the token is not, or no longer, good";
        self.challenge(problem, Some(("invalid_token", description)), &self.scopes.join(" "))
    }

    /// The refusal of a credential of ours that is not enough.
    pub(super) fn lacks(&self, scope: &str) -> Problem {
        let detail = format!("this needs an access token or API key with the scope {scope}");
        let problem = Problem::new(Kind::InsufficientScope, detail.as_str()).with_member("scope", scope);
        self.challenge(problem, Some(("insufficient_scope", &detail)), scope)
    }

    /// The refusal of a token.
    pub(super) fn invalid_token(&self, error: TokenError) -> Problem {
        let text = error.to_string();
        let problem = Problem::new(Kind::Unauthenticated, format!("{text}; {}", self.advice()));
        self.challenge(problem, Some(("invalid_token", &text)), &self.scopes.join(" "))
    }

    /// The refusal of a token in the query, where logs and histories keep it.
    pub(super) fn token_in_query(&self) -> Problem {
        let detail = "send the token in the Authorization header; a token that was in a URL should be revoked";
        let problem = Problem::new(Kind::InvalidParameters, detail);
        self.challenge(problem, Some(("invalid_request", detail)), &self.scopes.join(" "))
    }

    /// The refusal of a token that is not enough, with all scopes that it takes: whoever asked for the missing one alone
    /// would lose the others. `further` is what is needed beside those of every request.
    pub(crate) fn insufficient_scope(&self, further: Option<&str>) -> Problem {
        let needed = self.needed(further);
        let detail = format!("this needs an access token with the scopes: {needed}");
        let problem = Problem::new(Kind::InsufficientScope, detail.as_str()).with_member("scope", &needed);
        self.challenge(problem, Some(("insufficient_scope", &detail)), &needed)
    }

    /// All scopes that something takes, separated by spaces.
    pub(super) fn needed(&self, further: Option<&str>) -> String {
        let needed: Vec<_> = self.scopes.iter().map(String::as_str).chain(further).collect();
        needed.join(" ")
    }

    fn advice(&self) -> String {
        format!("send an access token of {} or an API key: Authorization: Bearer …", self.issuer)
    }

    /// Every value is one that may stand in quotes: scopes were checked, URLs have no quotes, the rest is ours.
    fn challenge(&self, problem: Problem, error: Option<(&str, &str)>, scope: &str) -> Problem {
        let mut header = String::from("Bearer ");
        if let Some((error, description)) = error {
            let description = description.replace(['"', '\\'], "'");
            header.push_str(&format!("error=\"{error}\", error_description=\"{description}\", "));
        }
        header.push_str(&format!("scope=\"{scope}\", resource_metadata=\"{}\"", self.metadata_url));
        match HeaderValue::from_str(&header) {
            Ok(value) => problem.with_header(WWW_AUTHENTICATE, value),
            Err(_) => problem.with_header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_is_where_the_path_of_the_public_url_puts_it() {
        let config: OauthConfig = toml::from_str("issuer = \"https://id.example.com\"").expect("settings");
        for (public_url, found, missing) in [
            ("https://a.example.com", vec!["/mcp"], vec!["", "/team/mcp", "/mcp/"]),
            ("https://a.example.com/", vec!["/mcp"], vec!["//mcp"]),
            ("https://a.example.com/team/a/", vec!["/mcp", "/team/a/mcp"], vec!["/team/mcp", "/team/a", "/mcp/team/a"]),
            ("https://a.example.com/{team}", vec!["/mcp", "/%7Bteam%7D/mcp"], vec!["/x/mcp"]),
        ] {
            let resource = Resource::new(Some(&config), public_url);
            let at = |path: &str| resource.metadata_at(&format!("{}{path}", Resource::WELL_KNOWN));
            let expected = format!("{}/mcp", public_url.trim_end_matches('/'));
            for path in found {
                assert_eq!(at(path).expect(path)["resource"], expected, "{public_url} {path}");
            }
            for path in missing {
                assert_eq!(at(path), None, "{public_url} {path}");
            }
        }
    }
}
