//! Who may do what: every route of every function, with every kind of credential.
//!
//! The table is `entries.rs`. A route without an entry fails here, and so does an entry that nothing serves, or one whose
//! route does not ask for the scope that it says (`scopes.rs`).

mod credentials;
mod entries;
mod scopes;

use std::collections::BTreeSet;

use bulkhead_testkit::functions::{Answer, Call};
use http::Method;
use serde_json::{Value, json};

use credentials::{Person, World};
use entries::{ENTRIES, Elsewhere, Entry, May};

/// The id of nothing.
const NOTHING: &str = "00000000-0000-7000-8000-000000000000";

#[test]
fn every_route_has_an_entry() {
    let served: BTreeSet<_> = bulkhead_openapi::routes().iter().map(|route| (route.method, route.path)).collect();
    let listed: BTreeSet<_> = ENTRIES.iter().map(|entry| (entry.method, entry.path)).collect();
    assert_eq!(listed.len(), ENTRIES.len(), "an entry is there twice");
    let missing: Vec<_> = served.difference(&listed).collect();
    assert!(missing.is_empty(), "say in entries.rs who may use {missing:?}");
    let gone: Vec<_> = listed.difference(&served).collect();
    assert!(gone.is_empty(), "nothing serves {gone:?}");
}

/// The request of an entry, with these things in its path.
fn request<'a>(world: &'a World, entry: &Entry, id: &str) -> Call<'a> {
    let path = entry.path.replace("{slug}", "toolbox").replace("{tool}", "jq").replace("{id}", id);
    let path = path.replace("{user}", NOTHING).replace("{team}", NOTHING).replace("{provider}", "nobody");
    let method: Method = entry.method.to_ascii_uppercase().parse().expect("a method");
    let call = world.harness.call(method, &path);
    match entry.body {
        "" => call,
        body => call.body("application/json", body),
    }
}

/// Whether it is let in, whatever becomes of it then.
fn is_let_in(answer: &Answer) -> bool {
    let kind = answer.json["type"].as_str().unwrap_or_default();
    let refused = ["unauthenticated", "insufficient-role", "insufficient-scope"];
    !refused.iter().any(|refused| kind.ends_with(refused)) && !answer.status.is_server_error()
}

#[tokio::test]
async fn no_credential_or_one_that_does_not_hold_opens_nothing() {
    let world = World::start().await;
    let ours = world.role("member");
    for entry in ENTRIES {
        let id = if entry.made { ours.thing(&world, entry.path).await } else { NOTHING.to_owned() };
        for (kind, credential) in &world.refused {
            let call = request(&world, entry, &id);
            let answer = match credential {
                Some(credential) => call.key(credential).send().await,
                None => call.send().await,
            };
            let shown = format!("{kind}: {} {}: {} {}", entry.method, entry.path, answer.status, answer.text);
            match entry.may {
                May::Anyone => assert!(is_let_in(&answer), "{shown}"),
                // Its body is not what it takes.
                May::Clients => assert!([400, 401, 415].contains(&answer.status.as_u16()), "{shown}"),
                May::Members(_) | May::Admins(_) | May::Owners(_) => {
                    assert_eq!(answer.json["type"], "urn:bulkhead:problem:unauthenticated", "{shown}");
                    assert!(answer.header("www-authenticate").starts_with("Bearer"), "{shown}");
                }
            }
        }
    }
}

#[tokio::test]
async fn each_role_may_what_its_entry_says() {
    let shared = World::start().await;
    let mut wrong = Vec::new();
    for role in ["member", "admin", "owner"] {
        for entry in ENTRIES {
            let own = if entry.ends { Some(World::start().await) } else { None };
            let world = own.as_ref().unwrap_or(&shared);
            let person = world.role(role);
            let id = if entry.made { person.thing(world, entry.path).await } else { NOTHING.to_owned() };
            let answer = request(world, entry, &id).key(&person.token).send().await;
            let expected = match entry.may {
                May::Anyone | May::Clients | May::Members(_) => true,
                May::Admins(_) => role != "member",
                May::Owners(_) => role == "owner",
            };
            let right = match expected {
                // What is there is their own.
                true => is_let_in(&answer) && (answer.status != 404 || !entry.made),
                false => answer.json["type"] == "urn:bulkhead:problem:insufficient-role",
            };
            if !right {
                wrong.push(format!("{role}: {} {}: {}", entry.method, entry.path, answer.text));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn another_tenants_owner_finds_nothing_of_ours() {
    let world = World::start().await;
    let (ours, stranger) = (world.role("member"), &world.stranger);
    let things = [job(&world, ours).await, ours.organization.clone(), ours.user.clone(), ours.session.clone()];
    for entry in ENTRIES.iter().filter(|entry| !entry.ends) {
        let id = if entry.made { ours.thing(&world, entry.path).await } else { NOTHING.to_owned() };
        let answer = request(&world, entry, &id).key(&stranger.token).send().await;
        let shown = format!("{} {}: {}", entry.method, entry.path, answer.text);
        match entry.elsewhere {
            Elsewhere::Their => {
                assert!(is_let_in(&answer), "{shown}");
                assert!(!things.iter().any(|thing| answer.text.contains(thing)), "{shown}");
            }
            Elsewhere::Unknown => {
                // Nothing tells it from one that does not exist.
                let nothing = request(&world, entry, NOTHING).key(&stranger.token).send().await;
                let without_id = |answer: &Answer| {
                    let mut problem = answer.json.clone();
                    // The one is the request's, the other its own path.
                    problem["correlation_id"] = Value::Null;
                    problem["instance"] = Value::Null;
                    problem
                };
                assert_eq!(answer.status, 404, "{shown}");
                assert_eq!(without_id(&answer), without_id(&nothing), "{shown}");
            }
        }
        // And it is as it was, for whose it is.
        if entry.path.starts_with("/v1/jobs/") {
            let read = world.harness.call(Method::GET, &format!("/v1/jobs/{id}")).key(&ours.token).send().await;
            assert_eq!(read.json["status"], "succeeded", "{shown}");
        }
    }
}

/// A job of this person, ended.
async fn job(world: &World, person: &Person) -> String {
    let call = world.harness.call(Method::POST, "/v1/connectors/toolbox/tools/jq/jobs").key(&person.token);
    let body = json!({ "arguments": { "filter": ".", "input": 1 } });
    let answer = call.header("prefer", "wait=5").json(&body).send().await.with_status(200);
    answer.json["id"].as_str().expect("an id").to_owned()
}
