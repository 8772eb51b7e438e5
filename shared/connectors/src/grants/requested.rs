//! What a manifest asks for, in a form that can be kept, shown and compared.
//!
//! The form is canonical: one spelling for each host, method and path, sorted, without repetition, and without what is
//! the default. So two manifests that ask for the same have the same JSON and the same digest, however they are written.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::pattern::{HostPattern, PathPattern};
use super::{Grant, GrantError, Origin, granted_method};
use crate::sandbox::credentials::Credential;
use crate::sandbox::limits::Limits;
use crate::sandbox::manifest::{ConnectorManifest, SettingType, setting_of};

/// Everything that a manifest asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RequestedGrants {
    /// Requests that it wants to send.
    pub outbound: BTreeSet<RequestedAccess>,
    /// Credentials that are to be added to them.
    pub credentials: BTreeSet<RequestedCredential>,
    /// Schemes of resources that are to be its alone.
    pub schemes: BTreeSet<String>,
    /// Limits that differ from the defaults, in the units of [`Limits`]: bytes, milliseconds, or a count.
    pub limits: BTreeMap<String, u64>,
}

/// One kind of request.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RequestedAccess {
    /// Where to.
    pub to: Place,
    /// The HTTP method.
    pub method: String,
    /// Exactly this path, or everything below when it ends in `/*`. Below the path of the setting's URL.
    pub path: String,
}

/// Where requests go to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// `host:port`, reached by https. The first label may be `*`.
    Host(String),
    /// What the operator sets, or this address when they set nothing.
    Setting {
        /// The setting.
        name: String,
        /// Its default.
        default: Option<String>,
    },
}

/// A credential.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RequestedCredential {
    /// Its name.
    pub name: String,
    /// Whom it is for.
    pub audience: Place,
    /// Where it stands in a request.
    pub sent_as: String,
}

impl RequestedGrants {
    /// What this manifest asks for.
    ///
    /// # Errors
    /// [`GrantError`] for the first entry that can't be granted.
    pub fn of(manifest: &ConnectorManifest) -> Result<Self, GrantError> {
        let mut requested = Self { schemes: manifest.resources.schemes.iter().cloned().collect(), ..Self::default() };
        for outbound in &manifest.outbound {
            let to = Place::of(&outbound.host, manifest)?;
            let every = ["/*".to_owned()];
            for path in outbound.paths.as_deref().unwrap_or(&every) {
                PathPattern::new("", path)?;
                for method in &outbound.methods {
                    let method = granted_method(method)?.to_string();
                    requested.outbound.insert(RequestedAccess { to: to.clone(), method, path: path.clone() });
                }
            }
        }
        for credential in &manifest.credentials {
            requested.credentials.insert(RequestedCredential {
                name: credential.name.clone(),
                audience: Place::of(&credential.audience, manifest)?,
                sent_as: sent_as(credential),
            });
        }
        let defaults = amounts(Limits::default());
        let wanted = amounts(manifest.limits.over(Limits::default()));
        let changed = wanted.into_iter().zip(defaults).filter(|(wanted, default)| wanted != default);
        requested.limits = changed.map(|((name, amount), _)| (name.to_owned(), amount)).collect();
        Ok(requested)
    }

    /// What it asks for beyond what was approved, a line each; nothing when it is the same or less.
    #[must_use]
    pub fn beyond(&self, approved: &Self) -> Vec<String> {
        let requests = self.outbound.iter().filter(|one| !approved.outbound.iter().any(|known| known.covers(one)));
        let mut lines: Vec<String> = requests.map(ToString::to_string).collect();
        lines.extend(self.credentials.difference(&approved.credentials).map(ToString::to_string));
        lines.extend(self.schemes.difference(&approved.schemes).map(|scheme| format!("resources {scheme}:")));
        for (name, default) in amounts(Limits::default()) {
            let of = |requested: &Self| requested.limits.get(name).copied().unwrap_or(default);
            let (wanted, known) = (of(self), of(approved));
            if wanted > known {
                lines.push(format!("limit {name} of {wanted} instead of {known}"));
            }
        }
        lines
    }

    /// Everything, a line each.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let requests = self.outbound.iter().map(ToString::to_string);
        let credentials = self.credentials.iter().map(ToString::to_string);
        let schemes = self.schemes.iter().map(|scheme| format!("resources {scheme}:"));
        let limits = self.limits.iter().map(|(name, amount)| format!("limit {name} of {amount}"));
        requests.chain(credentials).chain(schemes).chain(limits).collect()
    }

    /// The canonical JSON.
    #[must_use]
    pub fn canonical(&self) -> String {
        serde_json::to_string(self).expect("plain records of strings and numbers always serialize")
    }

    /// SHA-256 of the canonical JSON, `sha256:` and hexadecimal.
    #[must_use]
    pub fn digest(&self) -> String {
        format!("sha256:{}", hex::encode(Sha256::digest(self.canonical())))
    }
}

impl Place {
    fn of(host: &str, manifest: &ConnectorManifest) -> Result<Self, GrantError> {
        let Some(name) = setting_of(host) else {
            let Grant { host, port, .. } = Grant::at_host(host, &[], None)?;
            return Ok(Self::Host(match host {
                HostPattern::Exactly(host) => format!("{host}:{port}"),
                HostPattern::OneLabelBelow(domain) => format!("*.{domain}:{port}"),
            }));
        };
        let setting = manifest.settings.get(name).filter(|setting| setting.kind == SettingType::Url);
        let setting = setting.ok_or_else(|| GrantError::NotAUrlSetting(name.to_owned()))?;
        let default = setting.default.as_deref().map(Origin::of_url).transpose()?;
        let default = default.map(|(origin, path)| format!("{origin}{path}"));
        Ok(Self::Setting { name: name.to_owned(), default })
    }

    /// Whether every host of `other` is one of these. A setting without a default leads nowhere that the same setting
    /// with one does not.
    fn covers(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Host(own), Self::Host(other)) => match (Self::pattern(own), Self::pattern(other)) {
                (Some((own, own_port)), Some((other, port))) => own_port == port && own.covers(&other),
                _ => false,
            },
            (Self::Setting { name: own, default }, Self::Setting { name, default: other }) => {
                own == name && (other.is_none() || default == other)
            }
            _ => false,
        }
    }

    fn pattern(text: &str) -> Option<(HostPattern, u16)> {
        let Grant { host, port, .. } = Grant::at_host(text, &[], None).ok()?;
        Some((host, port))
    }
}

impl RequestedAccess {
    fn covers(&self, other: &Self) -> bool {
        let path = |path: &str| PathPattern::new("", path).ok();
        let paths = path(&self.path).zip(path(&other.path));
        self.method == other.method && self.to.covers(&other.to) && paths.is_some_and(|(own, other)| own.covers(&other))
    }
}

fn sent_as(credential: &Credential) -> String {
    match (&credential.header, &credential.basic, &credential.query) {
        (Some(header), _, _) => {
            let prefix = credential.prefix.as_deref().unwrap_or_default();
            format!("header {}: {prefix}…", header.to_ascii_lowercase())
        }
        (_, Some(basic), _) => format!("password of the user {}", basic.username),
        (_, _, Some(query)) => format!("query parameter {query}"),
        // Loading refuses such a manifest.
        (None, None, None) => "nothing".to_owned(),
    }
}

/// Every limit as a number, of which more is more. A new limit that is not named here does not compile.
fn amounts(limits: Limits) -> Vec<(&'static str, u64)> {
    let Limits {
        memory_bytes,
        table_elements,
        resources,
        hostcall_bytes,
        random_bytes,
        argument_bytes,
        stderr_bytes,
        cpu_time,
        wall_time,
        result_bytes,
        outbound_requests,
        requests_in_flight,
        received_bytes,
        decoded_ratio,
        response_header_bytes,
        sent_bytes,
        connect_timeout,
        first_byte_timeout,
        between_bytes_timeout,
        log_events,
        log_message_bytes,
    } = limits;
    let millis = |time: std::time::Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    vec![
        ("memory_bytes", memory_bytes as u64),
        ("table_elements", table_elements as u64),
        ("resources", resources as u64),
        ("hostcall_bytes", hostcall_bytes as u64),
        ("random_bytes", random_bytes),
        ("argument_bytes", argument_bytes as u64),
        ("stderr_bytes", stderr_bytes as u64),
        ("cpu_ms", millis(cpu_time)),
        ("wall_clock_ms", millis(wall_time)),
        ("result_bytes", result_bytes as u64),
        ("outbound_requests", outbound_requests),
        ("requests_in_flight", requests_in_flight),
        ("received_bytes", received_bytes),
        ("decoded_ratio", decoded_ratio),
        ("response_header_bytes", response_header_bytes),
        ("sent_bytes", sent_bytes),
        ("connect_ms", millis(connect_timeout)),
        ("first_byte_ms", millis(first_byte_timeout)),
        ("between_bytes_ms", millis(between_bytes_timeout)),
        ("log_events", log_events as u64),
        ("log_message_bytes", log_message_bytes as u64),
    ]
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host(host) => write!(f, "https://{}", host.strip_suffix(":443").unwrap_or(host)),
            Self::Setting { name, default: Some(default) } => write!(f, "<setting {name}, or {default}>"),
            Self::Setting { name, default: None } => write!(f, "<setting {name}>"),
        }
    }
}

impl fmt::Display for RequestedAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}{}", self.method, self.to, self.path)
    }
}

impl fmt::Display for RequestedCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "credential {} for {}, as {}", self.name, self.audience, self.sent_as)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    const HEAD: &str = "slug = 'x'\nname = 'X'\nversion = '1'\ndescription = 'X.'\nauth.type = 'none'\n";

    fn requested(body: &str) -> RequestedGrants {
        let manifest = ConnectorManifest::parse(&format!("{HEAD}{body}"), Path::new("connector.toml"));
        RequestedGrants::of(&manifest.expect("a manifest")).expect("can be granted")
    }

    fn outbound(host: &str, methods: &str, paths: &str) -> String {
        format!("[[outbound]]\nhost = '{host}'\nmethods = [{methods}]\npaths = [{paths}]\n")
    }

    #[test]
    fn one_form_for_all_spellings() {
        let apart = [outbound("API.example.com", "'GET'", "'/v1/*'"), outbound("api.example.com", "'POST'", "'/v1/*'")]
            .concat();
        let together = outbound("api.example.com:443", "'POST', 'GET', 'GET'", "'/v1/*'");
        let (apart, together) = (requested(&apart), requested(&together));
        assert_eq!((apart.canonical(), apart.digest()), (together.canonical(), together.digest()));
        assert_ne!(apart.digest(), requested("").digest());
        let read: RequestedGrants = serde_json::from_str(&apart.canonical()).expect("reads");
        assert_eq!(read, apart);
    }

    #[test]
    fn the_same_or_less_is_not_beyond() {
        let url = "[settings.url]\ndescription = 'U.'\ntype = 'url'\ndefault = 'https://a.example.com/api/'\n";
        let setting = outbound("{{ settings.url }}", "'GET'", "'/v1/*'");
        let wide = outbound("*.example.com", "'GET', 'POST'", "'/v1/*', '/status'");
        let approved = requested(&[url, &setting, &wide, "[limits]\nmemory_mib = 96\n"].concat());
        for less in [
            String::new(),
            outbound("a.example.com", "'GET'", "'/v1/*'"),
            outbound("*.example.com", "'POST'", "'/v1/x', '/v1/x/*', '/status'"),
            [&url.replace("default = 'https://a.example.com/api/'\n", ""), setting.as_str()].concat(),
            "[limits]\nmemory_mib = 96\ncpu_ms = 1000\n".to_owned(),
        ] {
            assert_eq!(requested(&less).beyond(&approved), Vec::<String>::new(), "{less}");
        }
    }

    #[test]
    fn more_of_anything_is_beyond() {
        let url = "[settings.url]\ndescription = 'U.'\ntype = 'url'\ndefault = 'https://a.example.com/api'\n";
        let credential =
            "[[credentials]]\nname = 'token'\ndescription = 'T.'\naudience = 'a.example.com'\nheader = 'X'\n";
        let host = outbound("a.example.com", "'GET'", "'/v1/*'");
        let setting = outbound("{{ settings.url }}", "'GET'", "'/v1/*'");
        let own =
            [url, &host, &setting, credential, "[resources]\nschemes = ['x']\n[limits]\ncpu_ms = 1000\n"].concat();
        let approved = requested(&own);
        for (from, to, said) in [
            ("'GET'", "'GET', 'POST'", "POST"),
            ("/v1/*", "/*", "/*"),
            ("/v1/*", "/v2", "/v2"),
            ("host = 'a.example.com'", "host = '*.example.com'", "*.example.com"),
            ("host = 'a.example.com'", "host = 'a.example.com:8443'", ":8443"),
            ("a.example.com/api", "evil.example/api", "evil.example"),
            ("audience = 'a.example.com'", "audience = 'b.example.com'", "credential token for https://b.example.com"),
            ("header = 'X'", "header = 'Y'", "header y"),
            ("name = 'token'", "name = 'key'", "credential key"),
            ("['x']", "['x', 'y']", "resources y:"),
            ("cpu_ms = 1000", "cpu_ms = 1001", "limit cpu_ms of 1001 instead of 1000"),
            ("cpu_ms = 1000", "", "limit cpu_ms of 2000 instead of 1000"),
        ] {
            let changed = own.replace(from, to);
            assert_ne!(changed, own, "{from}");
            let beyond = requested(&changed).beyond(&approved);
            assert!(!beyond.is_empty() && beyond.iter().any(|line| line.contains(said)), "{to}: {beyond:?}");
        }
    }
}
