//! Which component answers a path: Spin's own matching, by the library that Spin uses.
//!
//! An exact route wins over a named segment, that over a wildcard, and of two wildcards the longer prefix, unless any route has
//! a dot: the library's order is none then, so wildcards must not overlap. A slash at the end of a path or a route makes no
//! difference.

use super::manifest::Trigger;

/// Paths that Spin answers itself. No function ever sees a request for one.
pub(crate) const WELL_KNOWN_PREFIX: &str = "/.well-known/spin/";

/// One route of the manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// The route as written in the manifest, as in `/v1/jobs/...`.
    pub route: String,
    /// The id of the component that answers it.
    pub component: String,
}

/// Every route of the application.
pub(crate) struct Routes(routefinder::Router<Route>);

/// A route that matches a path, and what the path has in its open places.
#[derive(Debug)]
pub(crate) struct RouteMatch<'a> {
    pub(crate) route: &'a Route,
    /// What follows the prefix of a wildcard route, with its slash; empty for other routes.
    pub(crate) path_info: String,
    /// The values of the named segments.
    pub(crate) named: Vec<(String, String)>,
}

impl Routes {
    /// Builds the table. The error is a sentence that names the route.
    pub(crate) fn new(triggers: &[Trigger]) -> Result<Self, String> {
        let mut router = routefinder::Router::new();
        let mut seen = Vec::new();
        for Trigger { component, route } in triggers {
            if !route.starts_with('/') {
                return Err(format!("the route `{route}` of `{component}` does not start with a slash"));
            }
            if route.starts_with(WELL_KNOWN_PREFIX) {
                return Err(format!(
                    "the route `{route}` of `{component}` is below {WELL_KNOWN_PREFIX}, which Spin answers itself"
                ));
            }
            let plain = route.strip_suffix('/').unwrap_or(route);
            let spec = plain.strip_suffix("/...").map_or_else(|| plain.to_owned(), |prefix| format!("{prefix}/*"));
            if seen.contains(&spec) {
                return Err(format!("the route `{route}` is given twice"));
            }
            let handler = Route { route: route.clone(), component: component.clone() };
            router
                .add(spec.as_str(), handler)
                .map_err(|reason| format!("the route `{route}` of `{component}`: {reason}"))?;
            seen.push(spec);
        }
        Ok(Self(router))
    }

    /// The best match for a path.
    pub(crate) fn find(&self, path: &str) -> Option<RouteMatch<'_>> {
        let found = self.0.best_match(path)?;
        let captures = found.captures();
        let path_info = captures.wildcard().map(|rest| match (rest.is_empty(), path.ends_with('/')) {
            (true, false) => String::new(),
            (true, true) => "/".to_owned(),
            (false, false) => format!("/{rest}"),
            (false, true) => format!("/{rest}/"),
        });
        let named = captures.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Some(RouteMatch { route: found.handler(), path_info: path_info.unwrap_or_default(), named })
    }

    /// Every route, most specific first.
    pub(crate) fn all(&self) -> Vec<Route> {
        self.0.iter().map(|(_, route)| route.clone()).collect()
    }
}

impl RouteMatch<'_> {
    /// The route without its wildcard, as Spin gives it in `spin-component-route`.
    pub(crate) fn prefix(&self) -> &str {
        self.route.route.strip_suffix("/...").unwrap_or(&self.route.route)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routes(list: &[(&str, &str)]) -> Result<Routes, String> {
        let trigger = |(route, component): &(&str, &str)| Trigger {
            route: (*route).to_owned(),
            component: (*component).to_owned(),
        };
        Routes::new(&list.iter().map(trigger).collect::<Vec<_>>())
    }

    fn answered_by(routes: &Routes, path: &str) -> String {
        routes.find(path).map_or_else(|| "nobody".to_owned(), |found| found.route.component.clone())
    }

    #[test]
    fn the_most_specific_route_answers() {
        let routes = routes(&[
            ("/...", "all"),
            ("/v1/...", "v1"),
            ("/v1/jobs", "jobs"),
            ("/v1/jobs/...", "job"),
            ("/v1/:name", "one"),
        ])
        .expect("builds");
        for (path, component) in [
            ("/", "all"),
            ("/other/x", "all"),
            ("/v1", "v1"),
            ("/v1/a/b", "v1"),
            ("/v1/jobs", "jobs"),
            ("/v1/jobs/", "jobs"),
            ("/v1/jobs/7", "job"),
            ("/v1/flags", "one"),
        ] {
            assert_eq!(answered_by(&routes, path), component, "{path}");
        }
    }

    #[test]
    fn a_path_without_a_route_is_answered_by_nobody() {
        let routes = routes(&[("/v1/jobs", "jobs")]).expect("builds");
        for path in ["/", "/v1", "/v1/jobs/7", "/v1/jobsx", "/V1/jobs"] {
            assert_eq!(answered_by(&routes, path), "nobody", "{path}");
        }
    }

    #[test]
    fn the_rest_of_the_path_keeps_its_slashes() {
        let routes = routes(&[("/foo/...", "foo"), ("/user/:id/...", "user")]).expect("builds");
        let path_info = |path| routes.find(path).expect("matches").path_info;
        assert_eq!(path_info("/foo"), "");
        assert_eq!(path_info("/foo/"), "/");
        assert_eq!(path_info("/foo/bar/"), "/bar/");
        let user = routes.find("/user/42/x").expect("matches");
        assert_eq!(user.named, [("id".to_owned(), "42".to_owned())]);
        assert_eq!((user.prefix(), user.path_info.as_str()), ("/user/:id", "/x"));
    }

    #[test]
    fn a_route_that_can_never_be_reached_is_refused() {
        for bad in [&[("/a", "x"), ("/a/", "y")][..], &[("/.well-known/spin/x", "x")], &[("a", "x")]] {
            assert!(routes(bad).is_err(), "{bad:?}");
        }
    }
}
