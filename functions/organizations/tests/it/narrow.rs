//! Credentials that are less than their user, and what they can't leave behind.

use bulkhead_audit::Outcome;
use bulkhead_kernel::sql::sql;
use http::Method;
use serde_json::{Value, json};

use crate::scene::{Person, Scene, text};

/// Asks from an address that the networks of these tests have.
async fn ask(
    scene: &Scene,
    who: &Person,
    method: Method,
    path: &str,
    body: Value,
) -> bulkhead_testkit::functions::Answer {
    scene.harness.call(method, path).key(&who.key).from("10.0.0.1").json(&body).send().await
}

/// What a credential gives somebody: each as a request.
fn gifts(scene: &Scene) -> [(Method, String, Value, &'static str); 4] {
    let member = format!("/v1/organization/members/{}", scene.member.id);
    [
        (
            Method::POST,
            "/v1/service-accounts".to_owned(),
            json!({ "name": "CI", "role": "member" }),
            "service_account.create",
        ),
        (Method::PATCH, member.clone(), json!({ "role": "admin" }), "member.change_role"),
        (Method::PATCH, member, json!({ "role": "owner" }), "member.change_role"),
        (
            Method::POST,
            "/v1/organization/transfer".to_owned(),
            json!({ "user": scene.member.id }),
            "organization.transfer",
        ),
    ]
}

async fn gives_nothing(scene: &Scene, who: &Person) {
    for (method, path, body, action) in gifts(scene) {
        ask(scene, who, method, &path, body).await.refused(403, "sign-in-required");
        assert_eq!(scene.audited(action).await[0], Outcome::Refused, "{action}");
    }
    // It takes, all the same.
    let admin = format!("/v1/organization/members/{}", scene.admin.id);
    ask(scene, who, Method::PATCH, &admin, json!({ "role": "member" })).await.with_status(200);
}

#[tokio::test]
async fn a_key_that_is_less_than_its_user_gives_nobody_a_role() {
    for narrower in ["scopes = 'organization'", "networks = '10.0.0.0/8'"] {
        let scene = Scene::start().await;
        let narrow = sql(format!("UPDATE api_keys SET {narrower} WHERE user_id = $1")).bind(scene.owner.id);
        scene.harness.api.ports.sql.execute(narrow.across_tenants("a test")).await.expect("is narrower");
        gives_nothing(&scene, &scene.owner).await;
    }
}

#[tokio::test]
async fn a_key_that_ends_gives_as_long_as_it_lasts() {
    let scene = Scene::start().await;
    let made = scene.post(&scene.owner, "/v1/api-keys", json!({ "name": "automation" })).await.with_status(201);
    assert!(made.json["api_key"]["expires_at"].is_string());
    let call = scene.harness.call(Method::POST, "/v1/service-accounts").key(&text(&made, "token"));
    call.json(&json!({ "name": "CI", "role": "member" })).send().await.with_status(201);
}

#[tokio::test]
async fn neither_does_what_was_granted_to_a_client_and_whoever_signed_in_does() {
    let scene = Scene::start().await;
    let session = scene.signed_in(&scene.owner, scene.harness.ours.caller.organization).await;
    scene.change("UPDATE sessions SET client_id = 'client'").await;
    gives_nothing(&scene, &session).await;
    scene.change("UPDATE sessions SET client_id = NULL").await;
    for (method, path, body, action) in gifts(&scene) {
        let answer = ask(&scene, &session, method, &path, body).await;
        assert!(answer.status.is_success(), "{action}: {}", answer.json);
    }
}

#[tokio::test]
async fn what_was_granted_to_a_client_leaves_no_key_behind() {
    let scene = Scene::start().await;
    let session = scene.signed_in(&scene.owner, scene.harness.ours.caller.organization).await;
    let own = scene.post(&scene.owner, "/v1/api-keys", json!({ "name": "own" })).await.with_status(201);
    let rotate = format!("/v1/api-keys/{}/rotate", own.json["api_key"]["id"].as_str().expect("an id"));
    let robot = scene.post(&scene.owner, "/v1/service-accounts", json!({ "name": "CI", "role": "admin" })).await;
    let robot = text(&robot.with_status(201), "user");
    let attempts = [
        ("/v1/api-keys".to_owned(), json!({ "name": "mine" })),
        ("/v1/api-keys".to_owned(), json!({ "name": "robot's", "user": robot })),
        (rotate, json!({})),
    ];
    for scopes in ["NULL", "'profile organization'"] {
        let client = sql(format!("UPDATE sessions SET client_id = 'client', scopes = {scopes}"));
        scene.harness.api.ports.sql.execute(client.across_tenants("a test")).await.expect("a client's");
        for (path, body) in &attempts {
            scene.post(&session, path, body.clone()).await.refused(403, "sign-in-required");
        }
    }
    assert_eq!(scene.audited("api_key.create").await[..4], [Outcome::Refused; 4]);
    assert_eq!(scene.audited("api_key.rotate").await, [Outcome::Refused; 2]);
    scene.change("UPDATE sessions SET client_id = NULL, scopes = NULL").await;
    for (path, body) in &attempts {
        scene.post(&session, path, body.clone()).await.with_status(201);
    }
}

#[tokio::test]
async fn nobody_gets_another_persons_key_by_rotating_it() {
    let scene = Scene::start().await;
    let made = async |who: &Person, body: Value| {
        let made = scene.post(who, "/v1/api-keys", body).await.with_status(201);
        (text(&made, "token"), made.json["api_key"]["id"].as_str().expect("an id").to_owned())
    };
    let rotate = async |who: &Person, id: &str| scene.post(who, &format!("/v1/api-keys/{id}/rotate"), json!({})).await;
    for whose in [&scene.owner, &scene.member] {
        let (token, id) = made(whose, json!({ "name": "theirs" })).await;
        rotate(&scene.admin, &id).await.refused(403, "insufficient-role");
        assert_eq!(scene.audited("api_key.rotate").await[0], Outcome::Refused);
        // It was not replaced, and goes on; an admin ends it all the same.
        rotate(whose, &id).await.with_status(201);
        scene.harness.call(Method::GET, "/v1/organization").key(&token).send().await.with_status(200);
        scene.delete(&scene.admin, &format!("/v1/api-keys/{id}")).await.with_status(204);
    }
    // Not even an owner another owner's.
    let second = scene.join(bulkhead_kernel::Role::Owner, "second").await;
    let (_, id) = made(&second, json!({ "name": "theirs" })).await;
    rotate(&scene.owner, &id).await.refused(403, "insufficient-role");
    let (_, id) = made(&scene.admin, json!({ "name": "own" })).await;
    rotate(&scene.admin, &id).await.with_status(201);

    let robot = scene.post(&scene.owner, "/v1/service-accounts", json!({ "name": "CI", "role": "admin" })).await;
    let robot = text(&robot.with_status(201), "user");
    let bounds =
        json!({ "name": "ci", "user": robot, "scopes": ["tools"], "networks": ["10.0.0.0/8"], "expires_in_days": 7 });
    let (_, id) = made(&scene.owner, bounds).await;
    let next = rotate(&scene.admin, &id).await.with_status(201);
    let key = &next.json["api_key"];
    assert_eq!(
        (&key["user"], &key["scopes"], &key["networks"]),
        (&json!(robot), &json!(["tools"]), &json!(["10.0.0.0/8"]))
    );
    assert!(key["expires_at"].is_string());
}
