//! Which requests a connector may send. Nothing is allowed by default.

use std::net::IpAddr;

use http::{Method, Uri};
use url::{Host, Url};

/// One place that requests may go to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    tls: bool,
    host: HostPattern,
    port: u16,
    methods: Vec<Method>,
    paths: Option<Vec<PathPattern>>,
    /// Whether the host may resolve to a private, loopback or link-local address: the operator named it.
    private: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum HostPattern {
    Exactly(Host<String>),
    /// One label, then this.
    OneLabelBelow(String),
}

impl HostPattern {
    fn matches(&self, host: &Host<String>) -> bool {
        match (self, host) {
            (Self::Exactly(pattern), host) => pattern == host,
            (Self::OneLabelBelow(domain), Host::Domain(host)) => {
                host.split_once('.').is_some_and(|(label, rest)| !label.is_empty() && rest == domain)
            }
            (Self::OneLabelBelow(_), _) => false,
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum PathPattern {
    Exactly(String),
    /// Everything that starts with this, which ends in a slash.
    Below(String),
}

impl PathPattern {
    fn new(prefix: &str, path: &str) -> Result<Self, GrantError> {
        if !path.starts_with('/') {
            return Err(GrantError::InvalidPath(path.to_owned()));
        }
        let whole = format!("{prefix}{path}");
        Ok(match whole.strip_suffix('*') {
            Some(start) if start.ends_with('/') => Self::Below(start.to_owned()),
            _ if whole.contains('*') => return Err(GrantError::InvalidPath(path.to_owned())),
            _ => Self::Exactly(whole),
        })
    }

    fn matches(&self, path: &str) -> bool {
        match self {
            Self::Exactly(pattern) => path == pattern,
            Self::Below(start) => path.starts_with(start.as_str()),
        }
    }
}

/// Why something is not a grant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GrantError {
    /// It is not such a URL.
    #[error("{0:?} is not an http or https URL without user, query and fragment, such as https://metrics.example.com")]
    InvalidUrl(String),
    /// It is not a host.
    #[error("{0:?} is neither a host such as api.example.com, optionally with a port, nor {{{{ settings.NAME }}}}")]
    InvalidHost(String),
    /// It is not an HTTP method.
    #[error("{0:?} is not an HTTP method")]
    InvalidMethod(String),
    /// It is not a path.
    #[error("{0:?} is not a path: it starts with a slash, and a star stands only after the last slash")]
    InvalidPath(String),
    /// A manifest's default is reached by https alone.
    #[error("{0:?} is a default of the manifest, and those are reached by https alone")]
    InsecureDefault(String),
    /// A setting that is no URL can't name a host.
    #[error("there is no setting {0:?} of type \"url\"")]
    NotAUrlSetting(String),
}

impl Grant {
    /// Allows what the operator's URL names: its scheme, host and port, and paths below its own.
    ///
    /// # Errors
    /// [`GrantError`] when one of the parts is not what it should be.
    pub fn at_url(url: &str, methods: &[String], paths: Option<&[String]>) -> Result<Self, GrantError> {
        let invalid = || GrantError::InvalidUrl(url.to_owned());
        let parsed = Url::parse(url).map_err(|_| invalid())?;
        let plain = parsed.username().is_empty() && parsed.password().is_none();
        if !plain || parsed.query().is_some() || parsed.fragment().is_some() {
            return Err(invalid());
        }
        let tls = match parsed.scheme() {
            "http" => false,
            "https" => true,
            _ => return Err(invalid()),
        };
        let host = parsed.host().ok_or_else(invalid)?.to_owned();
        let port = parsed.port_or_known_default().ok_or_else(invalid)?;
        let prefix = parsed.path().trim_end_matches('/');
        Self::new(tls, HostPattern::Exactly(host), port, methods, paths, prefix, true)
    }

    /// Allows what the default of a manifest's setting names: a public host, by https alone, and paths below its own.
    ///
    /// # Errors
    /// [`GrantError`] when one of the parts is not what it should be.
    pub fn at_default_url(url: &str, methods: &[String], paths: Option<&[String]>) -> Result<Self, GrantError> {
        let grant = Self::at_url(url, methods, paths)?;
        if !grant.tls {
            return Err(GrantError::InsecureDefault(url.to_owned()));
        }
        Ok(Self { private: false, ..grant })
    }

    /// Allows what a manifest names: a public host, by https alone.
    ///
    /// # Errors
    /// [`GrantError`] when one of the parts is not what it should be.
    pub fn at_host(host: &str, methods: &[String], paths: Option<&[String]>) -> Result<Self, GrantError> {
        let invalid = || GrantError::InvalidHost(host.to_owned());
        let (wildcard, name) = host.strip_prefix("*.").map_or((false, host), |rest| (true, rest));
        // Whatever else a URL may hold besides a host and a port has no place here.
        if name.is_empty() || name.contains(['/', '?', '#', '@', '*', '\\', ' ', '{']) {
            return Err(invalid());
        }
        let url = Url::parse(&format!("https://{name}/")).map_err(|_| invalid())?;
        let parsed = url.host().ok_or_else(invalid)?.to_owned();
        let pattern = match (wildcard, parsed) {
            (false, host) => HostPattern::Exactly(host),
            (true, Host::Domain(domain)) => HostPattern::OneLabelBelow(domain),
            (true, _) => return Err(invalid()),
        };
        Self::new(true, pattern, url.port().unwrap_or(443), methods, paths, "", false)
    }

    fn new(
        tls: bool,
        host: HostPattern,
        port: u16,
        methods: &[String],
        paths: Option<&[String]>,
        prefix: &str,
        private: bool,
    ) -> Result<Self, GrantError> {
        let methods = methods
            .iter()
            .map(|method| method.parse().map_err(|_| GrantError::InvalidMethod(method.clone())))
            .collect::<Result<_, _>>()?;
        let paths = match paths {
            Some(paths) => Some(paths.iter().map(|path| PathPattern::new(prefix, path)).collect::<Result<_, _>>()?),
            None => None,
        };
        Ok(Self { tls, host, port, methods, paths, private })
    }

    fn covers(&self, method: &Method, url: &Url, host: &Host<String>, port: u16) -> bool {
        let paths = self.paths.as_ref();
        self.tls == (url.scheme() == "https")
            && self.port == port
            && self.host.matches(host)
            && self.methods.contains(method)
            && paths.is_none_or(|paths| paths.iter().any(|pattern| pattern.matches(url.path())))
    }
}

/// Everything a connector may reach.
#[derive(Clone, Debug, Default)]
pub struct Grants(Vec<Grant>);

/// A request that a grant covers: where to connect, and with which freedom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Destination {
    pub(crate) tls: bool,
    pub(crate) host: Host<String>,
    pub(crate) port: u16,
    pub(crate) private: bool,
}

impl Destination {
    /// `host:port`, or the host alone where the port is the scheme's own: what stands in `Host`.
    pub(crate) fn authority(&self) -> String {
        let default = if self.tls { 443 } else { 80 };
        if self.port == default { self.host.to_string() } else { format!("{}:{}", self.host, self.port) }
    }
}

impl Grants {
    /// These grants.
    #[must_use]
    pub fn new(grants: Vec<Grant>) -> Self {
        Self(grants)
    }

    /// The destination of a request when a grant covers it. The request's address is read as a URL, so that decimal
    /// and octal spellings of an address, letter case and default ports make no difference; what changes by being
    /// read, as a path with `..` does, is not what it seems and is refused.
    pub(crate) fn allow(&self, method: &Method, uri: &Uri) -> Option<Destination> {
        let authority = uri.authority()?;
        // A user name before the host is a known way to make an address look like another one.
        if authority.as_str().contains('@') {
            return None;
        }
        let url = Url::parse(&uri.to_string()).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
        if url.path() != uri.path() {
            return None;
        }
        let host = url.host()?.to_owned();
        let port = url.port_or_known_default()?;
        let grant = self.0.iter().find(|grant| grant.covers(method, &url, &host, port))?;
        Some(Destination { tls: grant.tls, host, port, private: grant.private })
    }
}

/// Whether an address belongs to the public internet. What is not certain counts as private.
pub(crate) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            !(v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_broadcast()
                || v4.is_documentation()
                || v4.is_multicast()
                || a == 0
                || a >= 240
                || (a == 100 && (64..128).contains(&b))
                || (a == 192 && b == 0 && c == 0)
                || (a == 198 && (b == 18 || b == 19)))
        }
        IpAddr::V6(v6) => {
            let segments = v6.segments();
            // Addresses that carry an IPv4 address are as public as that one: mapped, NAT64 (RFC 6052), 6to4.
            let embedded = match segments {
                [0, 0, 0, 0, 0, 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] => Some((high, low)),
                [0x2002, high, low, ..] => Some((high, low)),
                _ => None,
            };
            if let Some((high, low)) = embedded {
                let [a, b] = high.to_be_bytes();
                let [c, d] = low.to_be_bytes();
                return is_public(IpAddr::from([a, b, c, d]));
            }
            // Only 2000::/3 is global unicast; documentation (2001:db8::/32) and Teredo (2001::/32) are not.
            (segments[0] & 0xe000) == 0x2000 && !(segments[0] == 0x2001 && matches!(segments[1], 0 | 0xdb8))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grants() -> Grants {
        let get = ["GET".to_owned()];
        let paths = ["/v1/*".to_owned(), "/status".to_owned()];
        Grants::new(vec![
            Grant::at_host("api.example.com", &get, Some(&paths)).expect("a grant"),
            Grant::at_host("*.logs.example.com:8443", &get, None).expect("a grant"),
            Grant::at_url("http://127.0.0.1:9090/prom/", &get, Some(&paths)).expect("a grant"),
        ])
    }

    fn allowed(method: &str, uri: &str) -> bool {
        let Ok(uri) = uri.parse() else { return false };
        grants().allow(&method.parse().expect("a method"), &uri).is_some()
    }

    #[test]
    fn exactly_what_was_granted_passes() {
        for uri in [
            "https://api.example.com/v1/things?x=1",
            "https://API.example.com:443/v1/",
            "https://api.example.com/status",
            "https://eu.logs.example.com:8443/anything",
            "http://127.0.0.1:9090/prom/v1/query",
            "http://2130706433:9090/prom/status",
        ] {
            assert!(allowed("GET", uri), "{uri}");
        }
        assert!(!allowed("POST", "https://api.example.com/status"));
        for uri in [
            "http://api.example.com/status",
            "https://api.example.com:8443/status",
            "https://example.com/status",
            "https://evil-api.example.com/status",
            "https://api.example.com.evil.test/status",
            "https://api.example.com@evil.test/status",
            "https://evil.test@api.example.com/status",
            "https://api.example.com/v2",
            "https://api.example.com/v1",
            "https://api.example.com/v1/../v2",
            "https://api.example.com/v1/%2e%2e/v2",
            "https://api.example.com/status/",
            "https://logs.example.com:8443/",
            "https://a.b.logs.example.com:8443/",
            "http://127.0.0.1:9090/v1/query",
            "http://127.0.0.1:9091/prom/status",
            "http://localhost:9090/prom/status",
        ] {
            assert!(!allowed("GET", uri), "{uri}");
        }
    }

    #[test]
    fn without_grants_nothing_passes() {
        let uri = "https://api.example.com/".parse().expect("a URI");
        assert!(Grants::default().allow(&Method::GET, &uri).is_none());
    }

    #[test]
    fn what_can_not_be_granted_is_refused() {
        for url in ["", "api.example.com", "ftp://example.com", "file:///x", "https://u:p@example.com", "http://a/?b"] {
            assert!(Grant::at_url(url, &[], None).is_err(), "{url}");
        }
        for host in ["", "https://example.com", "example.com/x", "u@example.com", "*", "a.*.com", "*.1.2.3.4", "a b"] {
            assert!(Grant::at_host(host, &[], None).is_err(), "{host}");
        }
        for path in ["", "v1", "/v1*", "/*/v1"] {
            assert!(Grant::at_host("example.com", &[], Some(&[path.to_owned()])).is_err(), "{path}");
        }
        assert!(Grant::at_host("example.com", &["GE T".to_owned()], None).is_err());
    }

    #[test]
    fn only_public_addresses_are_public() {
        for public in ["1.1.1.1", "93.184.216.34", "2606:4700:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"] {
            assert!(is_public(public.parse().expect("an address")), "{public}");
        }
        for private in [
            "127.0.0.1",
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "0.0.0.0",
            "100.64.0.1",
            "192.0.0.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "240.0.0.1",
            "::",
            "::1",
            "fe80::1",
            "fc00::1",
            "fd00:ec2::254",
            "ff02::1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "2001:db8::1",
            "2001::1",
            "::127.0.0.1",
        ] {
            assert!(!is_public(private.parse().expect("an address")), "{private}");
        }
    }
}
