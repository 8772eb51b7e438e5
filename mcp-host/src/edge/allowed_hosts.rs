//! `allowed_outbound_hosts`: which hosts a component may reach, by Spin's rules.
//!
//! An entry is `<scheme>://<host>[:<port>]` with `*` for any of the three, `*.example.org` for subdomains, a network
//! in CIDR notation, and a half-open port range as in `8000..9000`. Nothing is allowed by default. A scheme that no
//! interface here speaks, such as `redis`, is refused: the entry would promise what nothing can use.

use std::net::IpAddr;
use std::ops::Range;

use ip_network::IpNetwork;
use url::Host;

use super::template::Template;
use super::variables::ApplicationVariables;

/// The hosts one component may reach.
#[derive(Clone, Debug, Default)]
pub(crate) struct AllowedHosts(Vec<Entry>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    /// `None` allows any.
    scheme: Option<String>,
    host: HostRule,
    /// `None` allows any.
    ports: Option<Range<u32>>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum HostRule {
    Any,
    /// With its leading dot.
    Subdomains(String),
    Exactly(Host),
    Network(IpNetwork),
}

impl AllowedHosts {
    /// Parses a component's entries. The error says which entry is wrong and why.
    pub(crate) fn parse(entries: &[String], variables: &ApplicationVariables) -> Result<Self, String> {
        let mut parsed = Vec::new();
        for entry in entries {
            let template = Template::parse(entry)?;
            let text = variables.render(&template).map_err(|reason| format!("`{entry}`: {reason}"))?;
            // An empty variable makes a host optional. A literal entry that is empty is a mistake.
            if !template.is_literal() && matches!(text.as_str(), "" | "http://" | "https://") {
                continue;
            }
            parsed.push(Entry::parse(text.trim()).map_err(|reason| format!("`{entry}` {reason}"))?);
        }
        Ok(Self(parsed))
    }

    /// Whether a connection to this host is allowed. A missing port is the scheme's own.
    pub(crate) fn allows(&self, scheme: &str, host: &str, port: Option<u16>) -> bool {
        let Ok(host) = Host::parse(host) else { return false };
        let port = port.or_else(|| default_port(scheme));
        self.0.iter().any(|entry| entry.allows(scheme, &host, port))
    }
}

impl Entry {
    fn parse(text: &str) -> Result<Self, String> {
        let (scheme, rest) = text
            .split_once("://")
            .ok_or("has no scheme: write <scheme>://<host>[:<port>], as in https://example.org")?;
        if scheme != "*" && (scheme.is_empty() || !scheme.chars().all(char::is_alphabetic)) {
            return Err(format!("has the scheme `{scheme}`: only letters, or *"));
        }
        if scheme != "*" && default_port(scheme).is_none() {
            return Err(format!(
                "has the scheme `{scheme}`, for which the embedded runtime does not offer an interface: only http, https \
                 and postgres"
            ));
        }
        // A colon may belong to an IPv6 address, so what can be read as a host as a whole is one.
        let (host, port) = match rest.rsplit_once(':') {
            Some((host, port)) if HostRule::parse(rest).is_err() => (host, port.strip_suffix('/').unwrap_or(port)),
            _ => (rest, ""),
        };
        let ports = match port {
            "*" => None,
            "" => {
                let port = default_port(scheme).ok_or("has no port, and * has no usual one")?;
                Some(u32::from(port)..u32::from(port) + 1)
            }
            port => Some(parse_ports(port)?),
        };
        let host = HostRule::parse(host)?;
        Ok(Self { scheme: (scheme != "*").then(|| scheme.to_owned()), host, ports })
    }

    fn allows(&self, scheme: &str, host: &Host, port: Option<u16>) -> bool {
        self.scheme.as_deref().is_none_or(|allowed| allowed == scheme)
            && self.host.allows(host)
            && match (&self.ports, port) {
                (None, _) => true,
                (Some(allowed), Some(port)) => allowed.contains(&u32::from(port)),
                (Some(_), None) => false,
            }
    }
}

impl HostRule {
    fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text == "*" {
            return Ok(Self::Any);
        }
        if let Ok(network) = IpNetwork::from_str_truncate(text) {
            return Ok(Self::Network(network));
        }
        let text = text.strip_suffix('/').unwrap_or(text);
        if text == "self" || text == "self.alt" || text.ends_with(".spin.internal") {
            return Err("calls the application itself, which the embedded runtime does not offer".into());
        }
        if text.contains('/') {
            return Err("has a path: hosts are allowed as a whole".into());
        }
        let (domain, subdomains) = text.strip_prefix("*.").map_or((text, false), |domain| (domain, true));
        if domain.contains('*') {
            return Err("has a * that is not the first label of the host".into());
        }
        let host = Host::parse(domain).map_err(|error| format!("has the host `{text}`: {error}"))?;
        match host {
            Host::Domain(domain) if subdomains => Ok(Self::Subdomains(format!(".{domain}"))),
            _ if subdomains => Err("has a * before an address".into()),
            host => Ok(Self::Exactly(host)),
        }
    }

    fn allows(&self, host: &Host) -> bool {
        match (self, host) {
            (Self::Any, _) => true,
            (Self::Subdomains(suffix), Host::Domain(domain)) => domain.ends_with(suffix.as_str()),
            (Self::Exactly(allowed), host) => allowed == host,
            (Self::Network(network), Host::Ipv4(address)) => network.contains(IpAddr::V4(*address)),
            (Self::Network(network), Host::Ipv6(address)) => network.contains(IpAddr::V6(*address)),
            (Self::Subdomains(_) | Self::Network(_), _) => false,
        }
    }
}

fn parse_ports(text: &str) -> Result<Range<u32>, String> {
    let port =
        |text: &str| text.parse::<u16>().map(u32::from).map_err(|_| format!("has the port `{text}`, which is not one"));
    match text.split_once("..") {
        Some((first, end)) => Ok(port(first)?..port(end)?),
        None => port(text).map(|port| port..port + 1),
    }
}

/// Of the schemes that some interface offers.
fn default_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" => Some(80),
        "https" => Some(443),
        "postgres" => Some(5432),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(entry: &str, scheme: &str, host: &str, port: Option<u16>) -> bool {
        AllowedHosts::parse(&[entry.to_owned()], &ApplicationVariables::default())
            .unwrap_or_else(|reason| panic!("{reason}"))
            .allows(scheme, host, port)
    }

    #[test]
    fn scheme_host_and_port_must_all_match() {
        assert!(allows("https://example.org", "https", "example.org", None));
        assert!(allows("https://example.org", "https", "EXAMPLE.org", Some(443)));
        assert!(!allows("https://example.org", "http", "example.org", Some(443)));
        assert!(!allows("https://example.org", "https", "example.org", Some(8443)));
        assert!(!allows("https://example.org", "https", "example.org.evil.test", None));
        assert!(allows("https://example.org/", "https", "example.org", None));
        assert!(allows("http://localhost:8000..8002", "http", "localhost", Some(8001)));
        assert!(!allows("http://localhost:8000..8002", "http", "localhost", Some(8002)));
        assert!(allows("*://*:*", "gopher", "anything", Some(1)));
    }

    #[test]
    fn subdomains_networks_and_ipv6_follow_spin() {
        assert!(allows("http://*.example.org", "http", "a.b.example.org", None));
        assert!(!allows("http://*.example.org", "http", "example.org", None));
        assert!(!allows("http://*.example.org", "http", "notexample.org", None));
        assert!(allows("http://10.0.0.0/8", "http", "10.1.2.3", None));
        assert!(!allows("http://10.0.0.0/8", "http", "11.1.2.3", None));
        assert!(!allows("http://10.0.0.0/8", "http", "ten.example", None));
        assert!(allows("http://[::1]:8080", "http", "[::1]", Some(8080)));
        assert!(allows("http://[::1]", "http", "[::1]", None));
        assert!(allows("http://2001:db8::/32", "http", "[2001:db8::1]", None));
        assert!(allows("postgres://db", "postgres", "db", Some(5432)));
    }

    #[test]
    fn what_is_no_host_is_refused() {
        let bad = [
            "",
            "*",
            "example.org",
            "example.org:80",
            "http://example.org/path",
            "http://example.org:80/path",
            "http://example.org:port",
            "http://example.org:99999",
            "http://a.*.org",
            "http://*.127.0.0.1",
            "gopher://example.org",
            "gopher://example.org:70",
            "redis://example.org:6379",
            "mysql://example.org",
            "mqtt://*:*",
            "*://example.org",
            "ht-tp://example.org",
            "http://exa mple.org",
            "http://self",
            "http://x.spin.internal",
        ];
        for entry in bad {
            assert!(AllowedHosts::parse(&[entry.to_owned()], &ApplicationVariables::default()).is_err(), "{entry}");
        }
    }

    #[test]
    fn nothing_is_allowed_by_default() {
        assert!(!AllowedHosts::default().allows("http", "example.org", None));
    }
}
