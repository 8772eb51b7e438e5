//! Codes and tokens, and who gets nothing for them.

use bulkhead_kernel::sql::sql;
use http::Method;
use serde_json::{Value, json};

use super::person::{CALLBACK, FORM, Scene, VERIFIER, form};

const REST: &str = "https://bulkhead.example.com/v1";
const FOR_REST: &[(&str, &str)] = &[("resource", REST), ("scope", "profile")];

#[tokio::test]
async fn a_code_is_good_for_its_client_redirect_and_verifier_alone() {
    let scene = Scene::start().await;
    let (client, other) = (scene.public_client().await, scene.public_client().await);
    let code = scene.code(&client, &[]).await;
    let unknown = format!("bhc_{}", "0".repeat(64));
    for (presents, changes, error) in [
        (&other, vec![], "invalid_grant"),
        (&client, vec![("redirect_uri", "http://127.0.0.1:5000/callback")], "invalid_grant"),
        (&client, vec![("code_verifier", "another-verifier-that-is-long-enough-to-be-one-of-PKCE")], "invalid_grant"),
        (&client, vec![("code", unknown.as_str())], "invalid_grant"),
        (&client, vec![("code", "nonsense")], "invalid_grant"),
        (&client, vec![("code", "")], "invalid_request"),
        (&client, vec![("code_verifier", "")], "invalid_request"),
        (&client, vec![("redirect_uri", "")], "invalid_request"),
        (&client, vec![("grant_type", "")], "invalid_request"),
        (&client, vec![("grant_type", "password")], "unsupported_grant_type"),
        (&client, vec![("resource", "https://elsewhere.example.com/")], "invalid_target"),
        (&client, vec![("resource", REST)], "invalid_target"),
    ] {
        scene.redeem(presents, &code, &changes).await.oauth_error(400, error);
    }
    let twice = form(&[("grant_type", "authorization_code"), ("client_id", &client), ("code", &code), ("code", &code)]);
    let call = scene.harness.call(Method::POST, "/oauth/token").body(FORM, twice);
    call.send().await.oauth_error(400, "invalid_request");
    let call = scene.harness.call(Method::POST, "/oauth/token").json(&json!({ "grant_type": "authorization_code" }));
    call.send().await.refused(415, "unsupported-media-type");
    // None of these has used it up.
    scene.redeem(&client, &code, &[]).await.with_status(200);
}

#[tokio::test]
async fn a_code_is_good_once_and_a_second_use_ends_what_came_of_the_first() {
    let scene = Scene::start().await;
    let client = scene.public_client().await;
    let code = scene.code(&client, FOR_REST).await;
    let tokens = scene.redeem(&client, &code, &[]).await.with_status(200).json;
    assert_eq!(scene.works(&tokens["access_token"]).await, 200);
    scene.redeem(&client, &code, &[]).await.oauth_error(400, "invalid_grant");
    assert_eq!(scene.works(&tokens["access_token"]).await, 401);
    scene.refresh(&client, &tokens, &[]).await.oauth_error(400, "invalid_grant");
}

#[tokio::test]
async fn of_many_who_redeem_a_code_at_once_nobody_keeps_a_token() {
    let scene = Scene::start().await;
    let client = scene.public_client().await;
    let code = scene.code(&client, FOR_REST).await;
    let answers = futures::future::join_all((0..6).map(|_| scene.redeem(&client, &code, &[]))).await;
    let granted: Vec<_> = answers.iter().filter(|answer| answer.status == 200).collect();
    assert_eq!(granted.len(), 1);
    assert_eq!(scene.works(&granted[0].json["access_token"]).await, 401);
}

#[tokio::test]
async fn a_code_expires_and_ends_with_its_users_membership() {
    for change in [
        "UPDATE authorization_codes SET expires_at = 1",
        "DELETE FROM memberships WHERE user_id = (SELECT id FROM users WHERE email = 'ada@example.com')",
        "UPDATE users SET deleted_at = 1 WHERE email = 'ada@example.com'",
        "UPDATE organizations SET deleted_at = 1 WHERE slug = 'engines'",
    ] {
        let scene = Scene::start().await;
        let client = scene.public_client().await;
        let code = scene.code(&client, &[]).await;
        scene.harness.api.ports.sql.execute(sql(change).across_tenants("a test")).await.expect("changes");
        scene.redeem(&client, &code, &[]).await.oauth_error(400, "invalid_grant");
    }
}

#[tokio::test]
async fn only_a_hash_of_a_code_is_kept_and_it_lasts_a_minute() {
    let scene = Scene::start().await;
    let client = scene.public_client().await;
    let code = scene.code(&client, &[]).await;
    let rows = scene
        .harness
        .api
        .ports
        .sql
        .query(sql("SELECT * FROM authorization_codes").across_tenants("a test"))
        .await
        .expect("rows");
    assert!(!format!("{rows:?}").contains(&code[4..]));
    let (created, expires): (i64, i64) =
        (rows[0].get("created_at").expect("one"), rows[0].get("expires_at").expect("one"));
    assert_eq!(expires - created, 60_000);
}

#[tokio::test]
async fn a_refresh_token_is_replaced_and_reuse_ends_the_session() {
    let scene = Scene::start().await;
    let (client, other) = (scene.public_client().await, scene.public_client().await);
    let first = scene.tokens(&client, FOR_REST).await;
    scene.refresh(&other, &first, &[]).await.oauth_error(400, "invalid_grant");
    scene.refresh(&client, &first, &[("scope", "profile tools")]).await.oauth_error(400, "invalid_scope");
    scene.refresh(&client, &first, &[("scope", "nonsense")]).await.oauth_error(400, "invalid_scope");
    let elsewhere = [("resource", "https://bulkhead.example.com/mcp")];
    scene.refresh(&client, &first, &elsewhere).await.oauth_error(400, "invalid_target");
    // None of these has used it up.
    let second =
        scene.refresh(&client, &first, &[("resource", REST), ("scope", "profile")]).await.with_status(200).json;
    assert_eq!(second["scope"], "profile");
    assert_eq!(scene.works(&second["access_token"]).await, 200);
    scene.refresh(&client, &first, &[]).await.oauth_error(400, "invalid_grant");
    assert_eq!(scene.works(&second["access_token"]).await, 401);
    // The user's own way to refresh is not a client's.
    let third = scene.tokens(&client, FOR_REST).await;
    let body = json!({ "refresh_token": third["refresh_token"] });
    let call = scene.harness.call(Method::POST, "/v1/auth/refresh").json(&body);
    call.send().await.refused(401, "invalid-grant");
}

#[tokio::test]
async fn a_token_is_for_one_resource_and_has_what_was_granted() {
    let scene = Scene::start().await;
    let client = scene.public_client().await;
    // For the MCP endpoint, which is what a client gets that does not say.
    assert_eq!(scene.works(&scene.tokens(&client, &[("scope", "profile")]).await["access_token"]).await, 401);
    // For us, but without the scope.
    let tokens = scene.tokens(&client, &[("resource", REST)]).await;
    assert_eq!(tokens["scope"], "tools");
    let call = scene.harness.call(Method::GET, "/v1/auth/sessions").key(tokens["access_token"].as_str().expect("one"));
    let refused = call.send().await.refused(403, "insufficient-scope");
    assert!(refused.header("www-authenticate").contains("scope=\"profile\""));
}

async fn introspect(scene: &Scene, credential: &str, token: &Value) -> Value {
    let token = token.as_str().expect("a token");
    let call = scene.harness.call(Method::POST, "/oauth/introspect").header("authorization", credential);
    call.body(FORM, form(&[("token", token)])).send().await.with_status(200).json
}

#[tokio::test]
async fn a_token_is_given_back_by_its_client_alone() {
    let scene = Scene::start().await;
    let (client, other) = (scene.public_client().await, scene.public_client().await);
    for kind in ["access_token", "refresh_token"] {
        let tokens = scene.tokens(&client, FOR_REST).await;
        let token = tokens[kind].as_str().expect("a token");
        let revoke = |client: &str, token: &str| {
            let fields = form(&[("client_id", client), ("token", token), ("token_type_hint", "whatever")]);
            scene.harness.call(Method::POST, "/oauth/revoke").body(FORM, fields).send()
        };
        for (client, token) in [(&other, token), (&client, "nonsense")] {
            assert_eq!(revoke(client, token).await.status, 200);
        }
        assert_eq!(scene.works(&tokens["access_token"]).await, 200);
        revoke("nobody", token).await.oauth_error(401, "invalid_client");
        revoke(&client, "").await.oauth_error(400, "invalid_request");
        for _ in 0..2 {
            assert_eq!(revoke(&client, token).await.status, 200);
        }
        assert_eq!(scene.works(&tokens["access_token"]).await, 401);
        scene.refresh(&client, &tokens, &[]).await.oauth_error(400, "invalid_grant");
    }
}

#[tokio::test]
async fn a_token_is_explained_to_those_whom_it_concerns() {
    let scene = Scene::start().await;
    let metadata = json!({ "redirect_uris": [CALLBACK] });
    let mut clients = Vec::new();
    for _ in 0..2 {
        let client = scene.register(metadata.clone()).await.with_status(201).json;
        let text = |name: &str| client[name].as_str().expect("text").to_owned();
        clients.push((text("client_id"), text("client_secret")));
    }
    use base64::Engine as _;
    let basic = |(id, secret): &(String, String)| {
        format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(format!("{id}:{secret}")))
    };
    let (own, other) = (basic(&clients[0]), basic(&clients[1]));
    let code = scene.code(&clients[0].0, FOR_REST).await;
    let fields = form(&[
        ("grant_type", "authorization_code"),
        ("code", &code),
        ("redirect_uri", CALLBACK),
        ("code_verifier", VERIFIER),
    ]);
    let call = scene.harness.call(Method::POST, "/oauth/token").header("authorization", &own).body(FORM, fields);
    let tokens = call.send().await.with_status(200).json;
    let bearer = format!("Bearer {}", tokens["access_token"].as_str().expect("a token"));
    let stranger = format!("Bearer {}", scene.harness.theirs.key);
    for (kind, name) in [("access_token", "Bearer"), ("refresh_token", "refresh_token")] {
        for credential in [&own, &bearer] {
            let told = introspect(&scene, credential, &tokens[kind]).await;
            assert_eq!(
                (&told["active"], &told["token_type"], &told["aud"]),
                (&json!(true), &json!(name), &json!(REST))
            );
            assert_eq!((&told["client_id"], &told["scope"]), (&json!(clients[0].0), &json!("profile")));
            assert!(told["exp"].as_i64() > told["iat"].as_i64());
        }
        for credential in [&other, &stranger] {
            assert_eq!(introspect(&scene, credential, &tokens[kind]).await, json!({ "active": false }));
        }
    }
    assert_eq!(introspect(&scene, &own, &json!("nonsense")).await, json!({ "active": false }));
    // Not by a public client, by nobody, nor by a token that does not work.
    let public = scene.public_client().await;
    scene.post("/oauth/introspect", &[("client_id", &public), ("token", "x")]).await.oauth_error(401, "invalid_client");
    scene.post("/oauth/introspect", &[("token", "x")]).await.oauth_error(401, "invalid_client");
    let call =
        scene.harness.call(Method::POST, "/oauth/introspect").key("nonsense").body(FORM, form(&[("token", "x")]));
    call.send().await.refused(401, "unauthenticated");
    // And what was given back is nothing.
    let call = scene.harness.call(Method::POST, "/oauth/revoke").header("authorization", &own);
    let token = tokens["refresh_token"].as_str().expect("a token");
    assert_eq!(call.body(FORM, form(&[("token", token)])).send().await.status, 200);
    assert_eq!(introspect(&scene, &own, &tokens["access_token"]).await, json!({ "active": false }));
}

#[tokio::test]
async fn one_address_asks_only_so_often() {
    use std::sync::Arc;
    let mut scene = Scene::start().await;
    let mut all = bulkhead_testkit::functions::variables();
    all.insert("credential_limits".to_owned(), bulkhead_kernel::Secret::new("client-address=1/60".to_owned()));
    scene.harness.api.variables = Arc::new(all);
    for path in ["/oauth/token", "/oauth/revoke", "/oauth/introspect", "/oauth/device_authorization"] {
        let address = format!("192.0.2.{}:1", path.len());
        let ask = || {
            let call = scene.harness.call(Method::POST, path).header("spin-client-addr", &address);
            call.body(FORM, form(&[("client_id", "nobody"), ("grant_type", "refresh_token"), ("token", "x")])).send()
        };
        ask().await.oauth_error(401, "invalid_client");
        ask().await.refused(429, "too-many-requests");
    }
}
