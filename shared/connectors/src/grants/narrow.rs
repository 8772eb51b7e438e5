//! What the operator takes away from a manifest's grants: the intersection, never more.

use serde::{Deserialize, Serialize};

use super::pattern::HostPattern;
use super::{Grant, GrantError, Grants, granted_method, granted_path, host_and_port};

/// To what the operator narrows a connector's grants. A key that is absent takes nothing away.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Narrowing {
    /// Hosts, as `host` (every port that is granted there), `host:port`, or with a star in the first label.
    pub hosts: Option<Vec<String>>,
    /// HTTP methods.
    pub methods: Option<Vec<String>>,
    /// Paths, as a manifest writes them: below the path of the setting's URL where a host is a setting.
    pub paths: Option<Vec<String>>,
}

/// Why grants can't be narrowed so.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NarrowingError {
    /// An entry is not what it should be.
    #[error(transparent)]
    Invalid(#[from] GrantError),
    /// The manifest does not grant it, so there is nothing to narrow.
    #[error("{key} names {entry:?}, which the manifest does not ask for; what is set here can only take away")]
    NotCovered {
        /// Which list.
        key: &'static str,
        /// Its entry.
        entry: String,
    },
}

/// One entry of [`Narrowing::hosts`].
struct NarrowedHost {
    pattern: HostPattern,
    port: Option<u16>,
}

impl NarrowedHost {
    fn parse(entry: &str) -> Result<Self, GrantError> {
        let (pattern, port) = host_and_port(entry)?;
        // Whether a port was written can't be told from the parsed one: 443 is what stands there without any.
        let explicit = !entry.ends_with(']') && entry.rsplit_once(':').is_some_and(|(_, port)| !port.is_empty());
        Ok(Self { pattern, port: explicit.then_some(port) })
    }

    fn is_covered_by(&self, grant: &Grant) -> bool {
        let mut hosts = grant.hosts.iter();
        self.concerns(grant) && hosts.all(|one_of| one_of.iter().any(|own| own.covers(&self.pattern)))
    }

    fn concerns(&self, grant: &Grant) -> bool {
        self.port.is_none_or(|port| port == grant.port)
    }
}

impl Grants {
    /// What is granted both here and by the operator.
    ///
    /// # Errors
    /// [`NarrowingError`] for the first entry that is none, or that nothing here covers: an operator who writes one
    /// believes that it is granted.
    pub fn narrowed(self, narrowing: &Narrowing) -> Result<Self, NarrowingError> {
        let Self(mut grants) = self;
        let wanted = grants.clone();
        if let Some(entries) = &narrowing.hosts {
            let hosts = each(entries, "hosts", |entry| {
                let host = NarrowedHost::parse(entry)?;
                let covered = wanted.iter().any(|grant| host.is_covered_by(grant));
                Ok(covered.then_some(host))
            })?;
            for grant in &mut grants {
                let concern = hosts.iter().filter(|host| host.concerns(grant));
                let patterns = concern.map(|host| host.pattern.clone()).collect();
                grant.hosts.push(patterns);
            }
        }
        if let Some(entries) = &narrowing.methods {
            let methods = each(entries, "methods", |entry| {
                let method = granted_method(entry)?;
                Ok(wanted.iter().any(|grant| grant.methods.contains(&method)).then_some(method))
            })?;
            grants.iter_mut().for_each(|grant| grant.methods.retain(|method| methods.contains(method)));
        }
        if let Some(entries) = &narrowing.paths {
            each(entries, "paths", |entry| {
                let mut covered = false;
                for grant in &wanted {
                    let path = granted_path(&grant.prefix, entry)?;
                    covered |= grant.paths.iter().all(|one_of| one_of.iter().any(|own| own.covers(&path)));
                }
                Ok(covered.then_some(()))
            })?;
            for grant in &mut grants {
                let paths = entries.iter().map(|entry| granted_path(&grant.prefix, entry));
                let paths = paths.collect::<Result<_, _>>()?;
                grant.paths.push(paths);
            }
        }
        Ok(Self(grants))
    }
}

/// Reads every entry of a list; one that reads as `None` is not covered.
fn each<T>(
    entries: &[String],
    key: &'static str,
    read: impl Fn(&str) -> Result<Option<T>, GrantError>,
) -> Result<Vec<T>, NarrowingError> {
    let one = |entry: &String| read(entry)?.ok_or_else(|| NarrowingError::NotCovered { key, entry: entry.clone() });
    entries.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use http::{Method, Uri};
    use proptest::prelude::*;

    use super::*;

    const HOSTS: [&str; 9] = [
        "a.example.com",
        "b.example.com",
        "example.com",
        "*.example.com",
        "*.b.example.com",
        "a*.example.com",
        "*b.example.com",
        "a.example.com:8443",
        "*.example.com:8443",
    ];
    const METHODS: [&str; 3] = ["GET", "POST", "DELETE"];
    const PATHS: [&str; 7] = ["/", "/**", "/v1", "/v1/**", "/v1/*", "/v1/a/**", "/v*/a"];

    fn some_of(values: &'static [&'static str]) -> impl Strategy<Value = Vec<String>> {
        proptest::sample::subsequence(values, 1..=values.len())
            .prop_map(|values| values.into_iter().map(str::to_owned).collect())
    }

    fn manifest() -> impl Strategy<Value = Grants> {
        let at_host = (proptest::sample::select(&HOSTS[..]), some_of(&METHODS), proptest::option::of(some_of(&PATHS)))
            .prop_map(|(host, methods, paths)| Grant::at_host(host, &methods, paths.as_deref()).expect("a grant"));
        let at_url = (some_of(&METHODS), proptest::option::of(some_of(&PATHS))).prop_map(|(methods, paths)| {
            Grant::at_url("http://c.example.com:9090/up", &methods, paths.as_deref()).expect("a grant")
        });
        proptest::collection::vec(prop_oneof![4 => at_host, 1 => at_url], 1..4).prop_map(Grants::new)
    }

    fn narrowing() -> impl Strategy<Value = Narrowing> {
        let of = proptest::option::of;
        (of(some_of(&HOSTS)), of(some_of(&METHODS)), of(some_of(&PATHS)))
            .prop_map(|(hosts, methods, paths)| Narrowing { hosts, methods, paths })
    }

    const ORIGINS: [&str; 9] = [
        "https://ab.example.com",
        "https://a.example.com",
        "https://a.example.com:8443",
        "https://b.example.com",
        "https://a.b.example.com",
        "https://example.com",
        "https://z.example.com:8443",
        "http://a.example.com",
        "http://c.example.com:9090",
    ];
    const TARGETS: [&str; 11] =
        ["/", "/v1", "/v1/", "/v1/a", "/v1/a/b", "/v1/a%2Fb", "/v2/a", "/up/v1", "/up/v1/a", "/up", "/other"];

    fn request() -> impl Strategy<Value = (Method, Uri)> {
        use proptest::sample::select;
        (select(&METHODS[..]), select(&ORIGINS[..]), select(&TARGETS[..])).prop_map(|(method, origin, path)| {
            (method.parse().expect("a method"), format!("{origin}{path}").parse().expect("a URI"))
        })
    }

    /// The operator's list on its own, as a predicate: what a person reads in it.
    fn named(narrowing: &Narrowing, method: &Method, uri: &Uri) -> bool {
        let host = uri.host().expect("a host");
        let port = uri.port_u16().unwrap_or(if uri.scheme_str() == Some("https") { 443 } else { 80 });
        let starred = |pattern: &str, text: &str| match pattern.split_once('*') {
            Some((start, end)) => {
                text.len() > start.len() + end.len() && text.starts_with(start) && text.ends_with(end)
            }
            None => pattern == text,
        };
        let by_host = |entry: &String| {
            let (name, entry_port) = entry.split_once(':').map_or((entry.as_str(), None), |(n, p)| (n, p.parse().ok()));
            let (own, given) = (name.split_once('.'), host.split_once('.'));
            let named =
                own.zip(given).is_some_and(|((own, below), (label, rest))| starred(own, label) && below == rest);
            named && entry_port.is_none_or(|entry_port: u16| entry_port == port)
        };
        let path = if host == "c.example.com" { uri.path().strip_prefix("/up").unwrap_or("") } else { uri.path() };
        let by_path = |entry: &String| match entry.strip_suffix("**") {
            Some(start) => path.starts_with(start),
            None => {
                let (own, given) = (entry.split('/'), path.split('/'));
                let one =
                    |(own, segment): (&str, &str)| starred(own, segment) && !(own == "*" && segment.contains('%'));
                entry.split('/').count() == path.split('/').count() && own.zip(given).all(one)
            }
        };
        narrowing.hosts.as_ref().is_none_or(|hosts| hosts.iter().any(by_host))
            && narrowing.methods.as_ref().is_none_or(|methods| methods.iter().any(|name| name == method.as_str()))
            && narrowing.paths.as_ref().is_none_or(|paths| paths.iter().any(by_path))
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 4000, max_global_rejects: 400_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_is_effective_is_what_both_grant(
            (grants, narrowing, (method, uri)) in (manifest(), narrowing(), request())
        ) {
            // What is refused at start-up grants nothing to anybody.
            let Ok(effective) = grants.clone().narrowed(&narrowing) else { return Err(TestCaseError::reject("refused")) };
            let both = grants.allow(&method, &uri).is_some() && named(&narrowing, &method, &uri);
            prop_assert_eq!(effective.allow(&method, &uri).is_some(), both);
        }
    }

    fn granted() -> Grants {
        let (get, paths) = (["GET".to_owned()], ["/v1/**".to_owned()]);
        Grants::new(vec![
            Grant::at_host("*.example.com", &get, Some(&paths)).expect("a grant"),
            Grant::at_url("http://127.0.0.1:9090/up", &get, Some(&paths)).expect("a grant"),
        ])
    }

    fn refused(narrowing: Narrowing) -> String {
        granted().narrowed(&narrowing).expect_err("refused").to_string()
    }

    #[test]
    fn what_the_manifest_does_not_ask_for_is_refused_by_name() {
        let list = |entry: &str| Some(vec![entry.to_owned()]);
        for host in
            ["evil.test", "a.b.example.com", "example.com", "a.example.com:8443", "*.a.example.com", "127.0.0.1:80"]
        {
            let error = refused(Narrowing { hosts: list(host), ..Narrowing::default() });
            assert!(error.contains(&format!("hosts names {host:?}")), "{error}");
        }
        let error = refused(Narrowing { methods: list("POST"), ..Narrowing::default() });
        assert!(error.contains("methods names \"POST\""), "{error}");
        for path in ["/**", "/*/a", "/v2", "/v1"] {
            let error = refused(Narrowing { paths: list(path), ..Narrowing::default() });
            assert!(error.contains(&format!("paths names {path:?}")), "{error}");
        }
    }

    #[test]
    fn what_is_no_entry_is_refused() {
        let list = |entry: &str| Some(vec![entry.to_owned()]);
        for host in ["", "https://a.example.com", "*"] {
            assert!(!refused(Narrowing { hosts: list(host), ..Narrowing::default() }).is_empty());
        }
        assert!(refused(Narrowing { methods: list("TRACE"), ..Narrowing::default() }).contains("never granted"));
        assert!(refused(Narrowing { paths: list("v1"), ..Narrowing::default() }).contains("not a path"));
    }

    #[test]
    fn a_host_without_a_port_means_every_port_that_is_granted_there() {
        let narrowing = Narrowing { hosts: Some(vec!["127.0.0.1".to_owned()]), ..Narrowing::default() };
        let effective = granted().narrowed(&narrowing).expect("covered");
        let allowed = |uri: &str| effective.allow(&Method::GET, &uri.parse().expect("a URI")).is_some();
        assert!(allowed("http://127.0.0.1:9090/up/v1/query"));
        assert!(!allowed("https://a.example.com/v1/query"));
    }
}
