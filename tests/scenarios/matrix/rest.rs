//! The host's own routes, and those of functions that were there first, against the real program. The table of every route
//! of every function, and the credentials of every kind, are in `openapi/tests/it/matrix`.

use std::collections::BTreeSet;

use bulkhead_system_tests::{Host, Reply};
use serde_json::{Value, json};

use super::{host, job};

/// Who is admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum May {
    /// Whoever asks, without a credential too.
    Anyone,
    /// Every user of an organisation, there.
    Members,
    /// Its admins and owners.
    Admins,
    /// No user: it is the functions' way to the host.
    Functions,
}

/// What another tenant's owner gets of the path with our things in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Elsewhere {
    /// What is theirs, or the installation's: nothing of ours is in the path.
    Their,
    /// 404, as for what does not exist.
    Unknown,
}
use Elsewhere::{Their, Unknown};
use May::{Admins, Anyone, Functions, Members};

const ROUTES: &[(&str, &str, May, Elsewhere)] = &[
    ("get", "/v1/audit/events", Members, Their),
    ("get", "/v1/connectors", Members, Their),
    ("get", "/v1/connectors/{slug}", Members, Their),
    ("get", "/v1/connectors/{slug}/restrictions", Admins, Their),
    ("put", "/v1/connectors/{slug}/restrictions", Admins, Their),
    ("delete", "/v1/connectors/{slug}/restrictions", Admins, Their),
    ("get", "/v1/connectors/{slug}/tools", Members, Their),
    ("post", "/v1/connectors/{slug}/tools/{tool}/jobs", Members, Their),
    ("get", "/v1/jobs", Members, Their),
    ("get", "/v1/jobs/{id}", Members, Unknown),
    ("post", "/v1/jobs/{id}/answers", Members, Unknown),
    ("post", "/v1/jobs/{id}/cancel", Members, Unknown),
    ("get", "/v1/jobs/{id}/events", Members, Unknown),
    ("get", "/health", Anyone, Their),
    ("get", "/health/detailed", Anyone, Their),
    ("get", "/metrics", Anyone, Their),
    ("post", "/internal/v1/fetch-client-metadata", Functions, Unknown),
    ("post", "/internal/v1/jobs/{id}/run", Functions, Unknown),
    ("post", "/internal/v1/jobs/{id}/cancel", Functions, Unknown),
];

/// A body that the route takes.
fn body(method: &str, path: &str) -> Option<Value> {
    match (method, path) {
        ("put", _) => Some(json!({})),
        ("post", "/v1/connectors/{slug}/tools/{tool}/jobs") => {
            Some(json!({ "arguments": { "filter": ".", "input": 1 } }))
        }
        ("post", "/v1/jobs/{id}/answers") => Some(json!({ "answers": {} })),
        _ => None,
    }
}

async fn send(host: &Host, method: &str, path: &str, credential: Option<&str>, job: &str) -> Reply {
    let concrete = path.replace("{slug}", "toolbox").replace("{tool}", "jq").replace("{id}", job);
    let request = host.request(&method.to_ascii_uppercase(), &concrete);
    let request = match credential {
        Some(credential) => request.key(credential),
        None => request,
    };
    match body(method, path) {
        Some(body) => request.json(&body).send().await,
        None => request.send().await,
    }
}

fn admitted(reply: &Reply) -> bool {
    !matches!(reply.status, 401 | 403 | 404 | 405 | 500..)
}

#[test]
fn every_route_of_the_host_has_an_entry() {
    let mut served = BTreeSet::new();
    let host = include_str!("../../../mcp-host/src/http/mod.rs");
    for method in ["get", "post", "put", "delete", "patch"] {
        for route in host.split(&format!(".{method}(\"")).skip(1) {
            let (path, _) = route.split_once('"').expect("a path");
            // What tells a client where to get a credential; the scenarios of `oauth` have it.
            if !path.starts_with("/.well-known/") {
                served.insert((method.to_owned(), path.to_owned()));
            }
        }
    }
    let own = ROUTES.iter().filter(|(_, path, ..)| !path.starts_with("/v1/"));
    let listed: BTreeSet<_> = own.map(|(method, path, ..)| ((*method).to_owned(), (*path).to_owned())).collect();
    let missing: Vec<_> = served.difference(&listed).collect();
    assert!(missing.is_empty(), "say in this file who may use {missing:?}");
    let gone: Vec<_> = listed.difference(&served).collect();
    assert!(gone.is_empty(), "nothing serves {gone:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_credential_or_one_that_does_not_hold_opens_nothing() {
    let (host, credentials) = host().await;
    let job = job(&host, &credentials.roles[0].1).await;
    for &(method, path, may, _) in ROUTES {
        for (kind, credential) in &credentials.refused {
            let reply = send(&host, method, path, credential.as_deref(), &job).await;
            match may {
                Anyone => assert!(admitted(&reply), "{kind}: {method} {path}: {}", reply.text()),
                Functions => _ = reply.problem(401),
                Members | Admins => {
                    assert_eq!(reply.problem(401)["type"], "urn:bulkhead:problem:unauthenticated", "{method} {path}");
                    let challenge = reply.header("www-authenticate");
                    assert!(challenge.starts_with("Bearer"), "{kind}: {method} {path}: {challenge:?}");
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_role_may_what_its_entry_says() {
    let (host, credentials) = host().await;
    for (role, credential) in &credentials.roles {
        let own = job(&host, credential).await;
        for &(method, path, may, _) in ROUTES {
            let reply = send(&host, method, path, Some(credential), &own).await;
            let expected = match may {
                Anyone | Members => true,
                Admins => *role != "member",
                Functions => false,
            };
            assert_eq!(admitted(&reply), expected, "{role}: {method} {path}: {} {}", reply.status, reply.text());
            if may == Admins && !expected {
                assert_eq!(reply.problem(403)["type"], "urn:bulkhead:problem:insufficient-role");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_tenants_owner_finds_nothing_of_ours() {
    let (host, credentials) = host().await;
    let job = job(&host, &credentials.roles[0].1).await;
    let nothing = "00000000-0000-7000-8000-000000000000";
    for &(method, path, may, elsewhere) in ROUTES {
        let reply = send(&host, method, path, Some(&credentials.stranger), &job).await;
        let text = reply.text();
        match elsewhere {
            _ if may == Functions => _ = reply.problem(401),
            Their => {
                assert!(admitted(&reply), "{method} {path}: {text}");
                assert!(!text.contains(&job), "{method} {path} tells of our job: {text}");
            }
            Unknown => {
                // Nothing tells it from one that does not exist.
                let mut problems = [reply, send(&host, method, path, Some(&credentials.stranger), nothing).await]
                    .map(|reply| reply.problem(404));
                for problem in &mut problems {
                    problem["correlation_id"] = Value::Null;
                    problem["instance"] = Value::Null;
                }
                assert_eq!(problems[0], problems[1], "{method} {path}");
            }
        }
    }
    // And nothing of ours has changed.
    let ours = send(&host, "get", "/v1/jobs/{id}", Some(&credentials.roles[0].1), &job).await.expect(200);
    assert_eq!(ours["status"], "succeeded");
}
