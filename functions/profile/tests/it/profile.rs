//! `/v1/profile`

use bulkhead_function_profile::{describe, router};
use bulkhead_kernel::sql::sql;
use bulkhead_testkit::functions::{Answer, Harness};
use http::Method;
use serde_json::{Value, json};

use crate::session::session;

const PATH: &str = "/v1/profile";
const EXPORT: &str = "/v1/profile/export";

async fn harness() -> Harness {
    Harness::start(router, describe()).await
}

async fn run(harness: &Harness, text: &'static str) {
    harness.api.ports.sql.execute(sql(text).across_tenants("a test")).await.expect("changes");
}

async fn ask(harness: &Harness, token: &str, method: Method, path: &str) -> Answer {
    harness.call(method, path).key(token).send().await
}

async fn patch(harness: &Harness, body: Value) -> Answer {
    harness.request(Method::PATCH, PATH).json(&body).send().await
}

/// What the database has, as text.
async fn kept(harness: &Harness, text: &'static str) -> String {
    format!("{:?}", harness.api.ports.sql.query(sql(text).across_tenants("a test")).await.expect("reads"))
}

#[tokio::test]
async fn a_profile_is_read_and_changed() {
    let harness = harness().await;
    let before = harness.get(PATH).await.with_status(200);
    assert_eq!((&before.json["email"], &before.json["preferences"]), (&json!("ours@example.com"), &json!({})));
    let all = json!({
        "name": "Ada", "avatar_url": "https://example.com/ada.png", "time_zone": "europe/berlin", "locale": "de-AT",
        "preferences": { "theme": "dark", "columns": [1, 2] },
    });
    let changed = patch(&harness, all).await.with_status(200).json;
    assert_eq!((&changed["name"], &changed["time_zone"]), (&json!("Ada"), &json!("Europe/Berlin")));
    let cleared = patch(&harness, json!({ "avatar_url": null, "locale": null })).await.with_status(200).json;
    assert_eq!((&cleared["avatar_url"], &cleared["locale"]), (&Value::Null, &Value::Null));
    assert_eq!((&cleared["time_zone"], &cleared["preferences"]), (&json!("Europe/Berlin"), &changed["preferences"]));
    let theirs = ask(&harness, &harness.theirs.key, Method::GET, PATH).await.with_status(200);
    assert_eq!(theirs.json["name"], "theirs");
}

#[tokio::test]
async fn what_makes_no_sense_is_told_all_at_once() {
    let harness = harness().await;
    let body = json!({
        "name": "", "avatar_url": "http://example.com/a.png", "time_zone": "Europe/Atlantis", "locale": "de_AT",
        "preferences": { "x": "x".repeat(8185) },
    });
    let refused = patch(&harness, body).await.refused(422, "invalid-body");
    assert_eq!(refused.faults(), ["/avatar_url", "/locale", "/name", "/preferences", "/time_zone"]);
    patch(&harness, json!({ "preferences": { "x": "x".repeat(8185) } })).await.refused(422, "invalid-body");
    patch(&harness, json!({ "preferences": { "x": "x".repeat(8184) } })).await.with_status(200);
    for (body, fault) in [(json!({ "email": "x" }), "/email"), (json!({ "preferences": [] }), "/preferences")] {
        assert_eq!(patch(&harness, body).await.refused(422, "invalid-body").faults(), [fault]);
    }
}

#[tokio::test]
async fn a_profile_takes_its_scope() {
    let harness = harness().await;
    run(&harness, "UPDATE api_keys SET scopes = 'tools audit:read organization'").await;
    for (method, path) in [(Method::GET, PATH), (Method::PATCH, PATH), (Method::DELETE, PATH), (Method::GET, EXPORT)] {
        let refused = harness.request(method, path).json(&json!({})).send().await.refused(403, "insufficient-scope");
        assert_eq!(refused.json["scope"], "profile");
        harness.call(Method::GET, path).send().await.refused(401, "unauthenticated");
    }
}

#[tokio::test]
async fn only_who_signed_in_takes_everything_or_goes() {
    let harness = harness().await;
    for token in [harness.ours.key.clone(), session(&harness, Some("client")).await] {
        ask(&harness, &token, Method::GET, EXPORT).await.refused(403, "sign-in-required");
        ask(&harness, &token, Method::DELETE, PATH).await.refused(403, "sign-in-required");
    }
}

#[tokio::test]
async fn an_export_has_everything_of_the_user_and_no_secret() {
    let harness = harness().await;
    run(&harness, "UPDATE users SET password_hash = 'hashed-password'").await;
    let token = session(&harness, None).await;
    let export = ask(&harness, &token, Method::GET, EXPORT).await.with_status(200);
    let json = &export.json;
    assert_eq!(
        (&json["profile"]["email"], &json["memberships"][0]["slug"]),
        (&json!("ours@example.com"), &json!("ours"))
    );
    assert_eq!((&json["sessions"][0]["user_agent"], &json["api_keys"][0]["name"]), (&json!("Agent"), &json!("test")));
    assert!(json["acts"].as_array().is_some_and(|acts| acts.iter().any(|act| act["action"] == "user.export")));
    let text = json.to_string();
    for hidden in ["hash", "hashed-password", "theirs", &harness.ours.key[12..]] {
        assert!(!text.contains(hidden), "{hidden}");
    }
}

#[tokio::test]
async fn who_goes_is_forgotten_and_nothing_of_theirs_works() {
    let harness = harness().await;
    let token = session(&harness, None).await;
    patch(&harness, json!({ "name": "Ada Lovelace", "time_zone": "Europe/London" })).await.with_status(200);
    ask(&harness, &token, Method::DELETE, PATH).await.with_status(204);
    for credential in [&token, &harness.ours.key] {
        ask(&harness, credential, Method::GET, PATH).await.refused(401, "unauthenticated");
    }
    let users = kept(&harness, "SELECT * FROM users").await;
    assert!(users.contains("Deleted user") && users.contains("theirs@example.com"), "{users}");
    for gone in ["Ada", "ours@example.com", "Europe/London"] {
        assert!(!users.contains(gone), "{gone}");
    }
    let sessions = kept(&harness, "SELECT * FROM sessions").await;
    assert!(!sessions.contains("192.0.2.1") && !sessions.contains("Agent"), "{sessions}");
    // The trail keeps the id; an organisation without anybody is gone.
    let user = harness.ours.caller.user.to_string();
    let erased = kept(&harness, "SELECT actor_id, outcome FROM action_logs WHERE action = 'user.erase'").await;
    assert!(erased.contains(&user) && erased.contains("succeeded"), "{erased}");
    let left = kept(&harness, "SELECT slug FROM organizations WHERE deleted_at IS NULL").await;
    assert!(left.contains("theirs") && !left.contains("ours"), "{left}");
}

#[tokio::test]
async fn the_last_owner_of_others_stays() {
    let harness = harness().await;
    run(&harness, "UPDATE memberships SET role = 'owner'").await;
    let join = "INSERT INTO memberships (organization_id, user_id, role, created_at) SELECT o.id, u.id, 'admin', 1 \
                FROM organizations o, users u WHERE o.slug = 'ours' AND u.name = 'theirs'";
    run(&harness, join).await;
    let token = session(&harness, None).await;
    let refused = ask(&harness, &token, Method::DELETE, PATH).await.refused(409, "last-owner");
    assert!(refused.json["detail"].as_str().is_some_and(|text| text.contains(": ours;")), "{}", refused.json);
    ask(&harness, &token, Method::GET, PATH).await.with_status(200);
    run(&harness, "UPDATE memberships SET role = 'owner'").await;
    ask(&harness, &token, Method::DELETE, PATH).await.with_status(204);
    let left = kept(&harness, "SELECT slug FROM organizations WHERE deleted_at IS NULL").await;
    assert!(left.contains("ours"), "{left}");
}

#[tokio::test]
async fn who_somebody_is_elsewhere_is_exported_and_forgotten() {
    let harness = harness().await;
    let token = session(&harness, None).await;
    run(
        &harness,
        "INSERT INTO identities (id, user_id, provider, issuer, subject, email, created_at) \
         SELECT u.id, u.id, 'work', 'https://id.example.com', 'subject-of-' || u.name, u.email, 1 FROM users u",
    )
    .await;
    let export = ask(&harness, &token, Method::GET, EXPORT).await.with_status(200);
    let identities = export.json["identities"].as_array().expect("identities").clone();
    assert_eq!(identities.len(), 1, "{identities:?}");
    assert_eq!((&identities[0]["subject"], &identities[0]["provider"]), (&json!("subject-of-ours"), &json!("work")));
    ask(&harness, &token, Method::DELETE, PATH).await.with_status(204);
    let left = kept(&harness, "SELECT subject FROM identities").await;
    assert!(!left.contains("subject-of-ours") && left.contains("subject-of-theirs"), "{left}");
}
