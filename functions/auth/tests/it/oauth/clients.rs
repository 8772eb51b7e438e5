//! Clients: those that register, and those with a metadata document.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bulkhead_http_api::HostError;
use bulkhead_kernel::Secret;
use bulkhead_kernel::sql::sql;
use bulkhead_testkit::functions::{Answer, Asked, Behaviour, variables};
use http::Method;
use serde_json::{Value, json};

use super::person::{CALLBACK, FORM, OURS, Scene, VERIFIER, form};

const DOCUMENT: &str = "https://app.example.com/client.json";

fn metadata(changes: Value) -> Value {
    let mut metadata =
        json!({ "client_name": "Editor", "redirect_uris": [CALLBACK], "token_endpoint_auth_method": "none" });
    metadata.as_object_mut().expect("an object").extend(changes.as_object().expect("an object").clone());
    metadata
}

#[tokio::test]
async fn a_client_registers_and_one_with_a_secret_is_told_it_once() {
    let scene = Scene::start().await;
    let public = scene.register(metadata(json!({ "software_id": "ignored" }))).await.with_status(201).json;
    assert_eq!((&public["token_endpoint_auth_method"], public.get("client_secret")), (&json!("none"), None));
    assert_eq!(public["grant_types"], json!(["authorization_code", "refresh_token"]));
    // As RFC 7591 has it, a client that does not say gets a secret.
    let confidential = scene.register(json!({ "redirect_uris": [CALLBACK] })).await.with_status(201).json;
    assert_eq!(confidential["token_endpoint_auth_method"], "client_secret_basic");
    assert!(confidential["client_secret"].as_str().is_some_and(|secret| secret.starts_with("bhs_")));
    assert_eq!(confidential["client_secret_expires_at"], 0);
}

#[tokio::test]
async fn what_can_not_be_registered_is_refused() {
    let scene = Scene::start().await;
    let many: Vec<_> = (0..11).map(|n| format!("https://app.example.com/{n}")).collect();
    let (long, longer) = ("x".repeat(100), "x".repeat(101));
    for (changes, error) in [
        (json!({ "redirect_uris": [] }), "invalid_redirect_uri"),
        (json!({ "redirect_uris": ["http://app.example.com/callback"] }), "invalid_redirect_uri"),
        (json!({ "redirect_uris": ["javascript:alert(1)"] }), "invalid_redirect_uri"),
        (json!({ "redirect_uris": [CALLBACK, "https://app.example.com/#a"] }), "invalid_redirect_uri"),
        (json!({ "redirect_uris": [format!("https://app.example.com/{}", "x".repeat(2048))] }), "invalid_redirect_uri"),
        (json!({ "redirect_uris": many }), "invalid_redirect_uri"),
        (json!({ "client_name": longer }), "invalid_client_metadata"),
        (json!({ "client_name": "a\nb" }), "invalid_client_metadata"),
        (json!({ "client_name": "a\u{202e}b" }), "invalid_client_metadata"),
        (json!({ "grant_types": ["password"] }), "invalid_client_metadata"),
        (json!({ "grant_types": ["refresh_token"] }), "invalid_client_metadata"),
        (json!({ "grant_types": ["client_credentials"] }), "invalid_client_metadata"),
        (json!({ "response_types": ["token"] }), "invalid_client_metadata"),
        (json!({ "token_endpoint_auth_method": "private_key_jwt" }), "invalid_client_metadata"),
    ] {
        scene.register(metadata(changes)).await.oauth_error(400, error);
    }
    scene.register(metadata(json!({ "client_name": long }))).await.with_status(201);
    scene.register(metadata(json!({ "redirect_uris": &many[..10] }))).await.with_status(201);
    scene.register(json!({ "redirect_uris": "https://app.example.com" })).await.refused(422, "invalid-body");
}

#[tokio::test]
async fn one_address_registers_only_so_many_and_none_where_it_is_closed() {
    let mut scene = Scene::start().await;
    let with = |name: &str, value: &str| {
        let mut all = variables();
        all.insert(name.to_owned(), Secret::new(value.to_owned()));
        Arc::new(all)
    };
    scene.harness.api.variables = with("credential_limits", "register-address=2/3600");
    let from = |address: &'static str| {
        let call = scene.harness.call(Method::POST, "/oauth/register").header("spin-client-addr", address);
        call.json(&metadata(json!({}))).send()
    };
    for _ in 0..2 {
        assert_eq!(from("192.0.2.1:4711").await.status, 201);
    }
    let refused = from("192.0.2.1:4712").await.refused(429, "too-many-requests");
    assert!(!refused.header("retry-after").is_empty());
    assert_eq!(from("192.0.2.2:4711").await.status, 201);

    scene.harness.api.variables = with("client_registration", "closed");
    scene.register(metadata(json!({}))).await.oauth_error(400, "access_denied");
    let told = scene.harness.call(Method::GET, "/.well-known/oauth-authorization-server").send().await;
    assert_eq!(told.json.get("registration_endpoint"), None);
    scene.harness.api.variables = with("client_registration", "perhaps");
    scene.register(metadata(json!({}))).await.refused(503, "misconfigured");
}

#[tokio::test]
async fn a_client_that_nobody_uses_is_forgotten_and_one_that_is_used_stays() {
    let scene = Scene::start().await;
    let (unused, used) = (scene.public_client().await, scene.public_client().await);
    let tokens = scene.tokens(&used, &[]).await;
    let later = "UPDATE oauth_clients SET expires_at = 1 WHERE expires_at IS NOT NULL";
    scene.harness.api.ports.sql.execute(sql(later).across_tenants("a test")).await.expect("updates");
    scene.open("/oauth/authorize", &Scene::query(&unused, &[])).await.with_status(400);
    assert_eq!(scene.open("/oauth/authorize", &Scene::query(&used, &[])).await.status, 200);
    assert_eq!(scene.refresh(&used, &tokens, &[]).await.status, 200);
    // The next one that registers clears up.
    scene.public_client().await;
    let left = scene
        .harness
        .api
        .ports
        .sql
        .query(sql("SELECT id FROM oauth_clients").across_tenants("a test"))
        .await
        .expect("rows");
    assert_eq!(left.len(), 2);
}

async fn present(scene: &Scene, authorization: Option<&str>, fields: &[(&str, &str)]) -> Answer {
    let call = scene.harness.call(Method::POST, "/oauth/token");
    let call = match authorization {
        Some(value) => call.header("authorization", value),
        None => call,
    };
    call.body(FORM, form(fields)).send().await
}

#[tokio::test]
async fn a_client_with_a_secret_proves_to_be_itself_as_it_is_registered() {
    let scene = Scene::start().await;
    for method in ["client_secret_basic", "client_secret_post"] {
        let changes = json!({ "token_endpoint_auth_method": method });
        let client = scene.register(metadata(changes)).await.with_status(201).json;
        let (id, secret) =
            (client["client_id"].as_str().expect("an id"), client["client_secret"].as_str().expect("one"));
        let code = scene.code(id, &[]).await;
        let grant = [
            ("grant_type", "authorization_code"),
            ("code", code.as_str()),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
        ];
        let basic = |secret: &str| format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")));
        let post = |secret| [&grant[..], &[("client_id", id), ("client_secret", secret)]].concat();
        let wrong = format!("bhs_{}", "0".repeat(64));
        let none = [&grant[..], &[("client_id", id)]].concat();
        // A wrong secret, none, and the right one in the wrong way.
        let (other_basic, other_post) =
            if method == "client_secret_basic" { (None, Some(post(secret))) } else { (Some(basic(secret)), None) };
        let refused = present(&scene, None, &none).await.oauth_error(401, "invalid_client");
        assert_eq!(refused.header("www-authenticate"), "Basic realm=\"bulkhead\"");
        present(&scene, Some(&basic(&wrong)), &grant).await.oauth_error(401, "invalid_client");
        present(&scene, Some(&basic("")), &grant).await.oauth_error(401, "invalid_client");
        present(&scene, None, &post(&wrong)).await.oauth_error(401, "invalid_client");
        present(&scene, Some("Basic nonsense"), &grant).await.oauth_error(401, "invalid_client");
        if let Some(header) = other_basic {
            present(&scene, Some(&header), &grant).await.oauth_error(401, "invalid_client");
        }
        if let Some(fields) = other_post {
            present(&scene, None, &fields).await.oauth_error(401, "invalid_client");
        }
        present(&scene, Some(&basic(secret)), &post(secret)).await.oauth_error(400, "invalid_request");
        let granted = match method {
            "client_secret_basic" => present(&scene, Some(&basic(secret)), &grant).await,
            _ => present(&scene, None, &post(secret)).await,
        };
        assert_eq!(granted.status, 200, "{}", granted.json);
    }
    // A public client has no secret to show.
    let id = scene.public_client().await;
    let secret = format!("bhs_{}", "0".repeat(64));
    let fields = [("grant_type", "refresh_token"), ("client_id", id.as_str()), ("client_secret", &secret)];
    present(&scene, None, &fields).await.oauth_error(401, "invalid_client");
    present(&scene, None, &[("grant_type", "refresh_token")]).await.oauth_error(401, "invalid_client");
}

#[tokio::test]
async fn a_client_is_known_by_its_metadata_document_which_is_kept_for_a_while() {
    let scene = Scene::start().await;
    let text = metadata(json!({ "client_id": DOCUMENT })).to_string();
    scene.harness.host.publish(DOCUMENT, &text);
    let page = scene.open("/oauth/authorize", &Scene::query(DOCUMENT, &[])).await.with_status(200);
    assert!(page.text.contains(DOCUMENT), "{}", page.text);
    let tokens = scene.tokens(DOCUMENT, &[]).await;
    assert_eq!(scene.refresh(DOCUMENT, &tokens, &[]).await.status, 200);
    let fetches =
        || scene.harness.host.asked().iter().filter(|asked| matches!(asked, Asked::FetchClientMetadata(_))).count();
    assert_eq!(fetches(), 1);
    // Its time is over, and it says something else by then.
    let expire =
        || scene.harness.api.ports.sql.execute(sql("UPDATE oauth_clients SET expires_at = 1").across_tenants("a test"));
    expire().await.expect("updates");
    scene.harness.host.publish(DOCUMENT, &text.replace("Editor", "Writer"));
    let page = scene.open("/oauth/authorize", &Scene::query(DOCUMENT, &[])).await.with_status(200);
    assert!(page.text.contains("Writer") && fetches() == 2, "{}", page.text);
    // What it is not any more, it may not do.
    expire().await.expect("updates");
    scene.harness.host.publish(DOCUMENT, &text.replace("/callback", "/elsewhere"));
    scene.open("/oauth/authorize", &Scene::query(DOCUMENT, &[])).await.with_status(400);
}

#[tokio::test]
async fn a_document_that_is_none_makes_no_client() {
    let scene = Scene::start().await;
    let good = metadata(json!({ "client_id": DOCUMENT }));
    for text in [
        String::new(),
        "{}".to_owned(),
        good.to_string().replace("client.json", "other.json"),
        metadata(json!({ "client_id": DOCUMENT, "client_secret": "x" })).to_string(),
        metadata(json!({ "client_id": DOCUMENT, "token_endpoint_auth_method": "client_secret_post" })).to_string(),
    ] {
        scene.harness.host.publish(DOCUMENT, &text);
        let answer = scene.open("/oauth/authorize", &Scene::query(DOCUMENT, &[])).await.with_status(400);
        assert!(answer.is_page() && answer.text.contains("invalid_client"), "{}", answer.text);
    }
    // What the host refuses to fetch, and what nobody may ask it for.
    let asked = scene.harness.host.asked().len();
    for id in ["https://elsewhere.example.com/client.json"] {
        scene.open("/oauth/authorize", &Scene::query(id, &[])).await.with_status(400);
    }
    assert_eq!(scene.harness.host.asked().len(), asked + 1);
    for id in
        ["http://app.example.com/client.json", "https://app.example.com", "https://app.example.com/a/../b", "ftp://x/y"]
    {
        scene.open("/oauth/authorize", &Scene::query(id, &[])).await.with_status(400);
        scene.redeem(id, "bhc_", &[]).await.oauth_error(401, "invalid_client");
    }
    assert_eq!(scene.harness.host.asked().len(), asked + 1);
    // The host is away: that is nobody's fault, and passes.
    scene.harness.host.behave(Behaviour::Fail(HostError::Unreachable("away".to_owned())));
    let answer = scene.open("/oauth/authorize", &Scene::query(DOCUMENT, &[])).await.with_status(503);
    assert!(answer.is_page());
    let answer = scene.redeem(DOCUMENT, "bhc_", &[]).await.oauth_error(503, "temporarily_unavailable");
    assert!(!answer.header("retry-after").is_empty());
    assert!(!answer.json.to_string().contains("away") && OURS.starts_with("https"));
}
