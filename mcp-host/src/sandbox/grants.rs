//! Which requests a connector may send. Nothing is allowed by default.

use std::net::IpAddr;

use http::Method;
use http::uri::{Authority, Scheme};
use url::{Host, Url};

/// One place that requests may go to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    scheme: String,
    host: Host<String>,
    port: u16,
    methods: Vec<Method>,
    /// Whether the host may resolve to a private, loopback or link-local address: the operator named it.
    private: bool,
}

/// Why something is not a grant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GrantError {
    /// It is not a URL with a host.
    #[error("{0:?} is not a URL such as https://api.example.com")]
    InvalidUrl(String),
    /// Only these two schemes can be checked.
    #[error("{0:?} is neither an http nor an https URL")]
    UnsupportedScheme(String),
    /// Credentials don't belong into an address.
    #[error("an address must not contain a user name or password")]
    Credentials,
    /// It is not an HTTP method.
    #[error("{0:?} is not an HTTP method")]
    InvalidMethod(String),
}

impl Grant {
    /// Allows these methods at the scheme, host and port of a URL. Its path does not count.
    ///
    /// # Errors
    /// [`GrantError`] when it is no http or https URL or one of the methods is none.
    pub fn new(url: &str, methods: &[String], private: bool) -> Result<Self, GrantError> {
        let parsed = Url::parse(url).map_err(|_| GrantError::InvalidUrl(url.to_owned()))?;
        if !parsed.username().is_empty() || parsed.password().is_some() {
            return Err(GrantError::Credentials);
        }
        let unsupported = || GrantError::UnsupportedScheme(url.to_owned());
        if !matches!(parsed.scheme(), "http" | "https") {
            return Err(unsupported());
        }
        let host = parsed.host().ok_or_else(|| GrantError::InvalidUrl(url.to_owned()))?.to_owned();
        let port = parsed.port_or_known_default().ok_or_else(unsupported)?;
        let methods = methods
            .iter()
            .map(|method| method.parse().map_err(|_| GrantError::InvalidMethod(method.clone())))
            .collect::<Result<_, _>>()?;
        Ok(Self { scheme: parsed.scheme().to_owned(), host, port, methods, private })
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

    /// The destination of a request when a grant covers it. The host is read as a URL's is (so that decimal and
    /// octal spellings of an address, letter case and a trailing dot make no difference) and compared as a whole.
    pub(crate) fn allow(&self, method: &Method, scheme: &Scheme, authority: &Authority) -> Option<Destination> {
        // A user name before the host is a known way to make an address look like another one.
        if authority.as_str().contains('@') {
            return None;
        }
        let url = Url::parse(&format!("{scheme}://{authority}/")).ok()?;
        let host = url.host()?.to_owned();
        let port = url.port_or_known_default()?;
        let grant = self.0.iter().find(|grant| {
            grant.scheme == url.scheme() && grant.host == host && grant.port == port && grant.methods.contains(method)
        })?;
        Some(Destination { tls: url.scheme() == "https", host, port, private: grant.private })
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
        let methods = ["GET".to_owned()];
        Grants::new(vec![
            Grant::new("https://api.example.com/v1", &methods, false).expect("a grant"),
            Grant::new("http://127.0.0.1:9090", &methods, true).expect("a grant"),
        ])
    }

    fn allowed(method: &str, scheme: &str, authority: &str) -> bool {
        let Ok(authority) = authority.parse() else { return false };
        grants().allow(&method.parse().expect("a method"), &scheme.parse().expect("a scheme"), &authority).is_some()
    }

    #[test]
    fn exactly_the_granted_scheme_host_port_and_method_pass() {
        assert!(allowed("GET", "https", "api.example.com"));
        assert!(allowed("GET", "https", "API.example.com:443"));
        assert!(allowed("GET", "http", "127.0.0.1:9090"));
        for (method, scheme, authority) in [
            ("POST", "https", "api.example.com"),
            ("GET", "http", "api.example.com"),
            ("GET", "https", "api.example.com:8443"),
            ("GET", "https", "example.com"),
            ("GET", "https", "evil-api.example.com"),
            ("GET", "https", "api.example.com.evil.test"),
            ("GET", "https", "api.example.com@evil.test"),
            ("GET", "https", "evil.test@api.example.com"),
            ("GET", "http", "127.0.0.1:9091"),
            ("GET", "http", "localhost:9090"),
        ] {
            assert!(!allowed(method, scheme, authority), "{method} {scheme}://{authority}");
        }
    }

    #[test]
    fn without_grants_nothing_passes() {
        let authority = "api.example.com".parse().expect("an authority");
        assert!(Grants::default().allow(&Method::GET, &Scheme::HTTPS, &authority).is_none());
    }

    #[test]
    fn what_is_no_http_url_is_no_grant() {
        for url in ["", "api.example.com", "ftp://example.com", "file:///etc/passwd", "https://u:p@example.com"] {
            assert!(Grant::new(url, &["GET".to_owned()], false).is_err(), "{url}");
        }
        assert!(Grant::new("https://example.com", &["GE T".to_owned()], false).is_err());
    }

    #[test]
    fn only_public_addresses_are_public() {
        for public in ["1.1.1.1", "93.184.216.34", "2606:4700:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"] {
            assert!(is_public(public.parse().expect("an address")), "{public}");
        }
        for private in [
            "127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0", "100.64.0.1",
            "192.0.0.1", "198.18.0.1", "224.0.0.1", "255.255.255.255", "240.0.0.1", "::", "::1", "fe80::1", "fc00::1",
            "fd00:ec2::254", "ff02::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1",
            "2002:7f00:1::", "2001:db8::1", "2001::1", "::127.0.0.1",
        ] {
            assert!(!is_public(private.parse().expect("an address")), "{private}");
        }
    }
}
