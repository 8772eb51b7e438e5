//! A terminal, and the person in front of it.

use std::sync::Arc;

use bulkhead_kernel::Secret;
use bulkhead_kernel::sql::sql;
use bulkhead_testkit::functions::{Answer, variables};
use http::Method;
use serde_json::{Value, json};

use super::person::{CALLBACK, FORM, OURS, Scene, form, input};

const GRANT: &str = "urn:ietf:params:oauth:grant-type:device_code";
const REST: &str = "https://bulkhead.example.com/v1";

pub(super) async fn begin(scene: &Scene, client: &str) -> Value {
    let fields = [("client_id", client), ("scope", "profile"), ("resource", REST)];
    scene.post("/oauth/device_authorization", &fields).await.with_status(200).json
}

/// The device asks, after it has waited long enough.
pub(super) async fn poll(scene: &Scene, client: &str, begun: &Value) -> Answer {
    let waited = sql("UPDATE device_authorizations SET next_poll_at = 1").across_tenants("a test");
    scene.harness.api.ports.sql.execute(waited).await.expect("updates");
    poll_at_once(scene, client, begun).await
}

async fn poll_at_once(scene: &Scene, client: &str, begun: &Value) -> Answer {
    let code = begun["device_code"].as_str().expect("a code");
    scene.post("/oauth/token", &[("grant_type", GRANT), ("client_id", client), ("device_code", code)]).await
}

async fn csrf(scene: &Scene) -> String {
    input(&scene.open("/oauth/device", "").await.with_status(200), "csrf")
}

pub(super) async fn decide(scene: &Scene, begun: &Value, decision: &str) -> Answer {
    let code = begun["user_code"].as_str().expect("a code");
    let (csrf, typed) = (csrf(scene).await, code.to_lowercase().replace('-', ""));
    let page = scene.submit("/oauth/device", &[("csrf", &csrf), ("user_code", &typed)]).await.with_status(200);
    assert!(page.text.contains("Editor") && page.text.contains("the device that shows this code"), "{}", page.text);
    let fields = [("csrf", csrf.as_str()), ("user_code", &input(&page, "user_code")), ("decision", decision)];
    scene.submit("/oauth/device", &fields).await
}

#[tokio::test]
async fn a_terminal_gets_tokens_when_its_user_allows_it() {
    let scene = Scene::start().await;
    let client = scene.public_client().await;
    let begun = begin(&scene, &client).await;
    assert_eq!(begun["verification_uri"], format!("{OURS}/oauth/device"));
    assert_eq!((&begun["interval"], &begun["expires_in"]), (&json!(5), &json!(600)));
    poll(&scene, &client, &begun).await.oauth_error(400, "authorization_pending");
    assert!(decide(&scene, &begun, "allow").await.with_status(200).text.contains("Allowed"));
    let tokens = poll(&scene, &client, &begun).await.with_status(200).json;
    assert_eq!(tokens["scope"], "profile");
    assert_eq!(scene.works(&tokens["access_token"]).await, 200);
    // The code is used up; its tokens are as good as others.
    poll(&scene, &client, &begun).await.oauth_error(400, "invalid_grant");
    assert_eq!(scene.refresh(&client, &tokens, &[]).await.status, 200);
}

#[tokio::test]
async fn a_terminal_whose_user_refuses_gets_nothing() {
    let scene = Scene::start().await;
    let client = scene.public_client().await;
    let begun = begin(&scene, &client).await;
    assert!(decide(&scene, &begun, "deny").await.with_status(200).text.contains("Refused"));
    poll(&scene, &client, &begun).await.oauth_error(400, "access_denied");
    // It can't be decided once more.
    let (csrf, code) = (csrf(&scene).await, begun["user_code"].as_str().expect("a code"));
    let fields = [("csrf", csrf.as_str()), ("user_code", code), ("decision", "allow")];
    assert!(scene.submit("/oauth/device", &fields).await.with_status(400).is_page());
}

#[tokio::test]
async fn a_terminal_that_asks_too_often_waits_longer() {
    let scene = Scene::start().await;
    let client = scene.public_client().await;
    let begun = begin(&scene, &client).await;
    poll(&scene, &client, &begun).await.oauth_error(400, "authorization_pending");
    poll_at_once(&scene, &client, &begun).await.oauth_error(400, "slow_down");
    let rows = sql("SELECT interval_seconds FROM device_authorizations").across_tenants("a test");
    let rows = scene.harness.api.ports.sql.query(rows).await.expect("rows");
    assert_eq!(rows[0].get::<i64>("interval_seconds"), Ok(10));
}

#[tokio::test]
async fn a_device_code_is_its_clients_and_expires() {
    let scene = Scene::start().await;
    let (client, other) = (scene.public_client().await, scene.public_client().await);
    let begun = begin(&scene, &client).await;
    poll(&scene, &other, &begun).await.oauth_error(400, "invalid_grant");
    poll(&scene, &client, &json!({ "device_code": "nonsense" })).await.oauth_error(400, "invalid_grant");
    let fields = [("grant_type", GRANT), ("client_id", client.as_str())];
    scene.post("/oauth/token", &fields).await.oauth_error(400, "invalid_request");
    let expire = sql("UPDATE device_authorizations SET expires_at = 1").across_tenants("a test");
    scene.harness.api.ports.sql.execute(expire).await.expect("updates");
    poll(&scene, &client, &begun).await.oauth_error(400, "expired_token");
    let (csrf, code) = (csrf(&scene).await, begun["user_code"].as_str().expect("a code"));
    scene.submit("/oauth/device", &[("csrf", &csrf), ("user_code", code)]).await.with_status(400);
}

#[tokio::test]
async fn only_a_client_that_is_registered_for_it_begins_and_for_what_there_is() {
    let scene = Scene::start().await;
    let metadata = json!({ "redirect_uris": [CALLBACK], "token_endpoint_auth_method": "none" });
    let without = scene.register(metadata).await.with_status(201).json["client_id"].as_str().expect("an id").to_owned();
    let ask = |fields: Vec<(&'static str, String)>| {
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        scene.harness.call(Method::POST, "/oauth/device_authorization").body(FORM, form(&fields)).send()
    };
    ask(vec![("client_id", without)]).await.oauth_error(400, "unauthorized_client");
    ask(vec![("client_id", "nobody".to_owned())]).await.oauth_error(401, "invalid_client");
    let client = scene.public_client().await;
    let wrong = ask(vec![("client_id", client.clone()), ("scope", "everything".to_owned())]).await;
    wrong.oauth_error(400, "invalid_scope");
    let wrong = ask(vec![("client_id", client), ("resource", "https://x.example/".to_owned())]).await;
    wrong.oauth_error(400, "invalid_target");
    // And one that is registered for this alone sends nobody's browser anywhere, so it needs no redirect URI.
    let device = scene.register(json!({ "grant_types": [GRANT], "token_endpoint_auth_method": "none" })).await;
    assert_eq!(device.status, 201, "{}", device.json);
}

#[tokio::test]
async fn codes_are_typed_in_by_users_on_our_page_and_not_too_many() {
    let mut scene = Scene::start().await;
    let client = scene.public_client().await;
    // A link fills the code in, and takes nobody further.
    let page = scene.open("/oauth/device", "user_code=BCDF-GHJK").await.with_status(200);
    assert_eq!(input(&page, "user_code"), "BCDF-GHJK");
    let call = scene.harness.call(Method::GET, "/oauth/device?user_code=BCDF-GHJK");
    let location = call.send().await.with_status(303).header("location").to_owned();
    assert!(location.starts_with("/sign-in?next=%2Foauth%2Fdevice%3Fuser_code"), "{location}");
    scene.submit("/oauth/device", &[("csrf", "x"), ("user_code", "BCDF-GHJK")]).await.refused(403, "cross-site");
    let fields = form(&[("csrf", "x"), ("user_code", "BCDF-GHJK")]);
    let call = scene.harness.call(Method::POST, "/oauth/device").header("origin", OURS).body(FORM, fields);
    assert!(call.send().await.with_status(303).header("location").starts_with("/sign-in"));

    let mut all = variables();
    all.insert("credential_limits".to_owned(), Secret::new("device-code-user=3/600".to_owned()));
    scene.harness.api.variables = Arc::new(all);
    let csrf = csrf(&scene).await;
    for wrong in ["BCDF-GHJK", "nonsense", "é"] {
        let answer = scene.submit("/oauth/device", &[("csrf", &csrf), ("user_code", wrong)]).await.with_status(400);
        assert!(answer.text.contains("no device shows this code"), "{}", answer.text);
    }
    let begun = begin(&scene, &client).await;
    let code = begun["user_code"].as_str().expect("a code");
    let late = scene.submit("/oauth/device", &[("csrf", &csrf), ("user_code", code)]).await;
    late.refused(429, "too-many-requests");
}

#[tokio::test]
async fn only_hashes_of_the_codes_are_kept() {
    let scene = Scene::start().await;
    let client = scene.public_client().await;
    let begun = begin(&scene, &client).await;
    let rows = scene
        .harness
        .api
        .ports
        .sql
        .query(sql("SELECT * FROM device_authorizations").across_tenants("a test"))
        .await
        .expect("rows");
    for name in ["device_code", "user_code"] {
        assert!(!format!("{rows:?}").contains(begun[name].as_str().expect("a code")), "{name}");
    }
}
