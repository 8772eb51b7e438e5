//! The same statements on PostgreSQL.

use std::sync::Arc;

use bulkhead_function_auth::{describe, router};
use bulkhead_testkit::ManualClock;
use bulkhead_testkit::functions::{Fixture, Harness};
use serde_json::json;

use super::person::{OURS, Scene, input};

#[tokio::test]
async fn every_grant_works_on_postgres() {
    let fixture = Fixture::start_on_postgres(Arc::new(ManualClock::default())).await;
    let mut harness = Harness::start(router, describe()).await;
    harness.api.ports = fixture.ports.clone();
    let scene = Scene::on(harness).await;
    let document = "https://app.example.com/client.json";
    let text = json!({ "client_id": document, "redirect_uris": ["http://127.0.0.1/callback"] });
    scene.harness.host.publish(document, &text.to_string());
    let clients = [scene.public_client().await, document.to_owned()];
    for client in &clients {
        let rest = format!("{OURS}/v1");
        let changes = [("resource", rest.as_str()), ("scope", "profile")];
        let code = scene.code(client, &changes).await;
        let tokens = scene.redeem(client, &code, &[]).await.with_status(200).json;
        assert_eq!(scene.works(&tokens["access_token"]).await, 200);
        let next = scene.refresh(client, &tokens, &[]).await.with_status(200).json;
        let token = next["refresh_token"].as_str().expect("a token");
        assert_eq!(scene.post("/oauth/revoke", &[("client_id", client), ("token", token)]).await.status, 200);
        assert_eq!(scene.works(&next["access_token"]).await, 401);
        scene.redeem(client, &code, &[]).await.oauth_error(400, "invalid_grant");
    }
    let begun = scene.post("/oauth/device_authorization", &[("client_id", &clients[0])]).await.with_status(200).json;
    let code = begun["user_code"].as_str().expect("a code");
    let csrf = input(&scene.open("/oauth/device", "").await, "csrf");
    let fields = [("csrf", csrf.as_str()), ("user_code", code), ("decision", "allow")];
    scene.submit("/oauth/device", &fields).await.with_status(200);
    let grant = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),
        ("client_id", clients[0].as_str()),
        ("device_code", begun["device_code"].as_str().expect("a code")),
    ];
    scene.post("/oauth/token", &grant).await.with_status(200);
    scene.post("/oauth/token", &grant).await.oauth_error(400, "invalid_grant");
}
