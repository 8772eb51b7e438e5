//! Which requests a connector may send. Nothing is allowed by default.
//!
//! A [`Grant`] comes from the manifest; [`Narrowing`] is what the operator takes away again. `pattern` compares hosts and
//! paths, `target` reads a request's address and `path` its path, `narrow` is the intersection, `requested` what a manifest
//! asks for, to be kept and compared.

mod narrow;
mod path;
mod pattern;
mod requested;
mod target;

use http::{Method, Uri};
pub use narrow::{Narrowing, NarrowingError};
pub use pattern::PathPatternError;
use pattern::{HostPattern, PathPattern};
pub use requested::{Place, RequestedAccess, RequestedCredential, RequestedGrants, setting_of};
use url::{Host, Url};

/// What is granted where no paths are named: at an operator's URL its own and everything below, at a host everything.
const EVERY_PATH: [&str; 2] = ["", "/**"];

/// One place that requests may go to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    tls: bool,
    /// One of each list: of what the manifest asks for, and of each narrowing.
    hosts: Vec<Vec<HostPattern>>,
    port: u16,
    methods: Vec<Method>,
    /// What stands in front of the paths that people write: the path of the operator's URL.
    prefix: String,
    /// One of each list, as with hosts.
    paths: Vec<Vec<PathPattern>>,
    /// Whether the host may resolve to a private, loopback or link-local address: the operator named it.
    private: bool,
}

/// Why something is not a grant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GrantError {
    /// It is not such a URL.
    #[error("{0:?} is not an http or https URL without user, query and fragment, such as https://metrics.example.com")]
    InvalidUrl(String),
    /// It is not a host.
    #[error(
        "{0:?} is neither a host such as api.example.com, optionally with a port and with one star in its first label, nor \
         {{{{ settings.NAME }}}}"
    )]
    InvalidHost(String),
    /// It is not an HTTP method.
    #[error("{0:?} is not an HTTP method")]
    InvalidMethod(String),
    /// No connector may have it: TRACE sends a request back with its credential, CONNECT makes a tunnel.
    #[error("the method {0:?} is never granted: TRACE sends back what it gets, CONNECT opens a tunnel")]
    ForbiddenMethod(String),
    /// It is not a path.
    #[error("{path:?} is not a path that can be granted: {source}")]
    InvalidPath {
        /// What was written.
        path: String,
        /// Why.
        source: PathPatternError,
    },
    /// A manifest's default is reached by https alone.
    #[error("{0:?} is a default of the manifest, and those are reached by https alone")]
    InsecureDefault(String),
    /// A setting that is no URL can't name a host.
    #[error("there is no setting {0:?} of type \"url\"")]
    NotAUrlSetting(String),
}

impl Grant {
    /// Allows what the operator's URL names: its scheme, host and port, and its path or paths below it.
    ///
    /// # Errors
    /// [`GrantError`] when one of the parts is not what it should be.
    pub fn at_url(url: &str, methods: &[String], paths: Option<&[String]>) -> Result<Self, GrantError> {
        let (origin, prefix) = Origin::of_url(url)?;
        Self::new(origin.tls, (HostPattern::Exactly(origin.host), origin.port), methods, paths, prefix, true)
    }

    /// Allows what the default of a manifest's setting names: a public host, by https alone, and its path or paths below
    /// it.
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
        if paths.is_some_and(|paths| paths.iter().any(String::is_empty)) {
            return Err(GrantError::InvalidPath { path: String::new(), source: PathPatternError::NotAbsolute });
        }
        Self::new(true, host_and_port(host)?, methods, paths, String::new(), false)
    }

    fn new(
        tls: bool,
        (host, port): (HostPattern, u16),
        methods: &[String],
        paths: Option<&[String]>,
        prefix: String,
        private: bool,
    ) -> Result<Self, GrantError> {
        let methods = methods.iter().map(|method| granted_method(method)).collect::<Result<_, _>>()?;
        let every = EVERY_PATH.map(str::to_owned);
        let paths = paths.unwrap_or(&every).iter().map(|path| granted_path(&prefix, path)).collect::<Result<_, _>>()?;
        Ok(Self { tls, hosts: vec![vec![host]], port, methods, prefix, paths: vec![paths], private })
    }

    fn covers(&self, method: &Method, url: &Url, origin: &Origin) -> bool {
        let mut paths = self.paths.iter();
        self.reaches(origin)
            && self.methods.contains(method)
            && paths.all(|one_of| one_of.iter().any(|pattern| pattern.matches(url.path())))
    }

    /// Whether any request to there is granted.
    fn reaches(&self, origin: &Origin) -> bool {
        let mut hosts = self.hosts.iter();
        self.tls == origin.tls
            && self.port == origin.port
            && hosts.all(|one_of| one_of.iter().any(|pattern| pattern.matches(&origin.host)))
    }
}

/// `host` or `host:port`, reached by https; the first label of a name may have a star.
fn host_and_port(text: &str) -> Result<(HostPattern, u16), GrantError> {
    let invalid = || GrantError::InvalidHost(text.to_owned());
    let (label, rest) = text.split_once('.').filter(|(label, _)| label.contains('*')).unzip();
    let origin = Origin::of_host(rest.unwrap_or(text)).map_err(|_| invalid())?;
    let pattern = match (label, origin.host) {
        (None, host) => HostPattern::Exactly(host),
        (Some(label), Host::Domain(rest)) => HostPattern::below(label, &rest).ok_or_else(invalid)?,
        (Some(_), _) => return Err(invalid()),
    };
    Ok((pattern, origin.port))
}

fn granted_path(prefix: &str, path: &str) -> Result<PathPattern, GrantError> {
    PathPattern::new(prefix, path).map_err(|source| GrantError::InvalidPath { path: path.to_owned(), source })
}

fn granted_method(text: &str) -> Result<Method, GrantError> {
    match text.parse() {
        Ok(Method::TRACE | Method::CONNECT) => Err(GrantError::ForbiddenMethod(text.to_owned())),
        Ok(method) => Ok(method),
        Err(_) => Err(GrantError::InvalidMethod(text.to_owned())),
    }
}

/// Scheme, host and port (RFC 6454).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Whether it is https.
    pub tls: bool,
    /// The host.
    pub host: Host<String>,
    /// The port.
    pub port: u16,
}

impl Origin {
    /// The origin and the path of a URL without user, query and fragment. The path ends without a slash.
    ///
    /// # Errors
    /// [`GrantError::InvalidUrl`] when it is no such URL.
    pub fn of_url(text: &str) -> Result<(Self, String), GrantError> {
        let invalid = || GrantError::InvalidUrl(text.to_owned());
        let url = Url::parse(text).map_err(|_| invalid())?;
        let plain = url.username().is_empty() && url.password().is_none();
        if !plain || url.query().is_some() || url.fragment().is_some() {
            return Err(invalid());
        }
        let origin = Self::of(&url).ok_or_else(invalid)?;
        Ok((origin, url.path().trim_end_matches('/').to_owned()))
    }

    /// `host` or `host:port`, reached by https.
    ///
    /// # Errors
    /// [`GrantError::InvalidHost`] when it is neither.
    pub fn of_host(text: &str) -> Result<Self, GrantError> {
        let invalid = || GrantError::InvalidHost(text.to_owned());
        // Whatever else a URL may hold besides a host and a port has no place here.
        if text.is_empty() || text.contains(['/', '?', '#', '@', '*', '\\', ' ', '{']) {
            return Err(invalid());
        }
        Url::parse(&format!("https://{text}/")).ok().as_ref().and_then(Self::of).ok_or_else(invalid)
    }

    /// Whether it is reached by https.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.tls
    }

    fn of(url: &Url) -> Option<Self> {
        let tls = match url.scheme() {
            "http" => false,
            "https" => true,
            _ => return None,
        };
        let host = url.host()?.to_owned();
        // The root's dot makes a second spelling of each name: no certificate, audience or grant is written with it.
        if matches!(&host, Host::Domain(name) if name.ends_with('.')) {
            return None;
        }
        Some(Self { tls, host, port: url.port_or_known_default()? })
    }

    /// `host:port`, or the host alone where the port is the scheme's own: what stands in `Host`.
    #[must_use]
    pub fn authority(&self) -> String {
        let default = if self.tls { 443 } else { 80 };
        if self.port == default { self.host.to_string() } else { format!("{}:{}", self.host, self.port) }
    }
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}://{}", if self.tls { "https" } else { "http" }, self.authority())
    }
}

/// Everything a connector may reach.
#[derive(Clone, Debug, Default)]
pub struct Grants(Vec<Grant>);

/// A request that a grant covers: where to connect, and with which freedom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// Where to connect.
    pub origin: Origin,
    /// Whether that may be a private address.
    pub private: bool,
}

impl Grants {
    /// These grants.
    #[must_use]
    pub fn new(grants: Vec<Grant>) -> Self {
        Self(grants)
    }

    /// The destination of a request when a grant covers it.
    #[must_use]
    pub fn allow(&self, method: &Method, uri: &Uri) -> Option<Destination> {
        let url = target::read(uri)?;
        let origin = Origin::of(&url)?;
        let grant = self.0.iter().find(|grant| grant.covers(method, &url, &origin))?;
        Some(Destination { origin, private: grant.private })
    }

    /// Whether any request to there is granted.
    #[must_use]
    pub fn reach(&self, origin: &Origin) -> bool {
        self.0.iter().any(|grant| grant.reaches(origin))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grants() -> Grants {
        let get = ["GET".to_owned()];
        let paths = ["/v1/**".to_owned(), "/status".to_owned()];
        Grants::new(vec![
            Grant::at_host("api.example.com", &get, Some(&paths)).expect("a grant"),
            Grant::at_host("*.logs.example.com:8443", &get, None).expect("a grant"),
            Grant::at_url("http://127.0.0.1:9090/prom/", &get, Some(&paths)).expect("a grant"),
            Grant::at_url("https://hooks.example.com/in", &get, None).expect("a grant"),
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
            "https://hooks.example.com/in",
            "https://hooks.example.com/in/x",
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
            "https://hooks.example.com/inner",
            "https://hooks.example.com/",
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
        for host in [
            "",
            "https://example.com",
            "example.com/x",
            "u@example.com",
            "*",
            "a.*.com",
            "*.1.2.3.4",
            "a b",
            "a**.b.com",
        ] {
            assert!(Grant::at_host(host, &[], None).is_err(), "{host}");
        }
        for path in ["", "v1", "/v1/**/x", "/v1?x"] {
            let error = Grant::at_host("example.com", &[], Some(&[path.to_owned()])).expect_err(path).to_string();
            assert!(error.contains(&format!("{path:?} is not a path")), "{error}");
        }
        assert!(Grant::at_host("example.com", &["GE T".to_owned()], None).is_err());
    }
}
