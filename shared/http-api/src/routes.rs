//! A function's routes.

use std::collections::{BTreeMap, BTreeSet};

use axum::Router;
use axum::handler::Handler;
use axum::middleware::{from_fn_with_state, map_response};
use axum::response::IntoResponse;
use axum::routing::{MethodFilter, MethodRouter, on};
use http::header::ALLOW;
use http::{HeaderValue, StatusCode};

use crate::answer::answer;
use crate::{Api, Kind, Problem, cross_origin};

/// A method of a path, as an OpenAPI document names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Route {
    /// The path, such as `/v1/jobs/{id}`.
    pub path: &'static str,
    /// `get`, `post`, `put`, `patch` or `delete`.
    pub method: &'static str,
}

/// A function's routes. It knows their list, which an axum router does not tell, so that the API's description can be
/// held against it; and it answers `HEAD` like `GET`, `OPTIONS` with the path's methods, and what it does not have with
/// a problem.
#[derive(Default)]
pub struct Routes {
    paths: BTreeMap<&'static str, (MethodRouter<Api>, Vec<&'static str>)>,
    for_other_sites: BTreeSet<&'static str>,
}

impl Routes {
    /// No routes yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a path's `GET`, and with it its `HEAD`.
    #[must_use]
    pub fn get<T: 'static>(self, path: &'static str, handler: impl Handler<T, Api>) -> Self {
        self.add(path, "get", MethodFilter::GET, handler)
    }

    /// Adds a path's `POST`.
    #[must_use]
    pub fn post<T: 'static>(self, path: &'static str, handler: impl Handler<T, Api>) -> Self {
        self.add(path, "post", MethodFilter::POST, handler)
    }

    /// Adds a path's `PUT`.
    #[must_use]
    pub fn put<T: 'static>(self, path: &'static str, handler: impl Handler<T, Api>) -> Self {
        self.add(path, "put", MethodFilter::PUT, handler)
    }

    /// Adds a path's `PATCH`.
    #[must_use]
    pub fn patch<T: 'static>(self, path: &'static str, handler: impl Handler<T, Api>) -> Self {
        self.add(path, "patch", MethodFilter::PATCH, handler)
    }

    /// Adds a path's `DELETE`.
    #[must_use]
    pub fn delete<T: 'static>(self, path: &'static str, handler: impl Handler<T, Api>) -> Self {
        self.add(path, "delete", MethodFilter::DELETE, handler)
    }

    fn add<T: 'static>(
        mut self,
        path: &'static str,
        name: &'static str,
        filter: MethodFilter,
        handler: impl Handler<T, Api>,
    ) -> Self {
        let (router, methods) = self.paths.remove(path).unwrap_or_default();
        let mut methods: Vec<_> = methods;
        methods.push(name);
        self.paths.insert(path, (router.on(filter, handler), methods));
        self
    }

    /// Lets pages of any other site use these paths, and read their answers. Only for what looks at no cookie: a browser's
    /// session must be of use to our own pages alone.
    #[must_use]
    pub fn for_other_sites(mut self, paths: &[&'static str]) -> Self {
        self.for_other_sites.extend(paths);
        self
    }

    /// Every route, sorted.
    #[must_use]
    pub fn list(&self) -> Vec<Route> {
        let of_path = |(path, (_, methods)): (&&'static str, &(_, Vec<&'static str>))| {
            methods.iter().map(|method| Route { path, method }).collect::<Vec<_>>()
        };
        let mut routes: Vec<_> = self.paths.iter().flat_map(of_path).collect();
        routes.sort();
        routes
    }

    /// The router that serves them.
    pub fn into_router(self, api: Api) -> Router {
        let mut router = Router::new();
        for (path, (methods, names)) in self.paths {
            let (allow, shown) = (allow(&names), self.for_other_sites.contains(path));
            let options = move || {
                let mut response = (StatusCode::NO_CONTENT, [(ALLOW, allow.clone())]).into_response();
                if shown {
                    cross_origin::allow(response.headers_mut(), &allow);
                }
                std::future::ready(response)
            };
            let methods = methods.merge(on(MethodFilter::OPTIONS, options));
            let methods = if shown { methods.layer(map_response(cross_origin::show)) } else { methods };
            router = router.route(path, methods);
        }
        router
            .fallback(|| std::future::ready(Problem::new(Kind::UnknownPath, "nothing has this path")))
            .method_not_allowed_fallback(|| {
                std::future::ready(Problem::new(Kind::MethodNotAllowed, "the Allow header names this path's methods"))
            })
            .layer(from_fn_with_state(api.clone(), answer))
            .with_state(api)
    }
}

fn allow(methods: &[&str]) -> HeaderValue {
    let mut names: Vec<_> = methods.iter().map(|method| method.to_ascii_uppercase()).collect();
    if methods.contains(&"get") {
        names.push("HEAD".to_owned());
    }
    names.push("OPTIONS".to_owned());
    HeaderValue::from_str(&names.join(", ")).unwrap_or(HeaderValue::from_static(""))
}
