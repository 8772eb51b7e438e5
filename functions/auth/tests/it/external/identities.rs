//! Linking an identity, and taking it off again.

use std::time::Duration;

use bulkhead_kernel::sql::sql;
use bulkhead_testkit::functions::Answer;
use http::Method;
use serde_json::{Value, json};

use super::scene::{PASSWORD, Scene};
use crate::mails;

const ADA: &str = "ada@example.com";

async fn begin(scene: &Scene, token: &str, body: Value) -> Answer {
    scene.harness.call(Method::POST, "/v1/auth/identities").key(token).json(&body).send().await
}

/// Goes to the issuer and back, for whoever has the token.
async fn link(scene: &Scene, token: &str, body: Value) -> Answer {
    let begun = begin(scene, token, body).await.with_status(200);
    let sent = scene.sent(begun.json["url"].as_str().expect("an address"), &begun);
    scene.come_back(Some(&sent.cookie), &[("state", &sent.query["state"]), ("code", "the-code")]).await
}

fn with_password() -> Value {
    json!({ "provider": "work", "password": PASSWORD })
}

async fn list(scene: &Scene, token: &str) -> Vec<Value> {
    let page = scene.get("/v1/auth/identities").key(token).send().await.with_status(200);
    page.json["items"].as_array().expect("items").clone()
}

async fn unlink(scene: &Scene, token: &str, id: &Value) -> Answer {
    let path = format!("/v1/auth/identities/{}", id.as_str().expect("an id"));
    scene.harness.call(Method::DELETE, &path).key(token).send().await
}

#[tokio::test]
async fn an_identity_is_linked_listed_signed_in_with_and_taken_off() {
    for scene in Scene::on_both().await {
        let token = scene.user(ADA, "engines", true).await;
        mails::all(&scene.harness.api).await;
        // Its address need not be the account's, nor proven.
        scene.say_email("s-1", "private@example.net", false);
        let page = link(&scene, &token, json!({ "provider": "work", "password": PASSWORD, "next": "/profile" })).await;
        assert!(page.status == 200 && page.text.contains("url=/profile"), "{}", page.text);
        assert!(!page.text.contains("bhb_") && page.headers.get_all("set-cookie").iter().count() == 1);
        let own = list(&scene, &token).await;
        assert_eq!((own.len(), &own[0]["subject"], &own[0]["provider"]), (1, &json!("s-1"), &json!("work")));
        assert_eq!((&own[0]["issuer"], &own[0]["last_used_at"]), (&json!(scene.issuer), &Value::Null));
        let told = (ADA.to_owned(), "Your account was linked to another provider".to_owned());
        assert_eq!(mails::told(&scene.harness.api).await, [told]);
        // Twice is as good as once.
        assert_eq!(link(&scene, &token, with_password()).await.status, 200);
        assert_eq!(list(&scene, &token).await.len(), 1);
        let page = scene.sign_in().await;
        assert_eq!(scene.whose(&page).await, ADA);
        assert_eq!(mails::told(&scene.harness.api).await, []);
        assert!(list(&scene, &token).await[0]["last_used_at"].is_string());
        let session = scene.acts("identity.link").await;
        assert!(session.len() == 1 && session[0].starts_with("succeeded "), "{session:?}");

        assert_eq!(unlink(&scene, &token, &own[0]["id"]).await.status, 204);
        unlink(&scene, &token, &own[0]["id"]).await.refused(404, "unknown-identity");
        assert_eq!(list(&scene, &token).await.len(), 0);
        assert_eq!(scene.acts("identity.unlink").await.len(), 1);
        assert_eq!(scene.sign_in().await.status, 403);
    }
}

#[tokio::test]
async fn nobody_elses_identity_is_linked_nor_touched() {
    for scene in Scene::on_both().await {
        let (ada, eve) = (scene.user(ADA, "engines", true).await, scene.user("eve@example.com", "eves", true).await);
        scene.say_email("s-1", ADA, true);
        assert_eq!(link(&scene, &ada, with_password()).await.status, 200);
        let page = link(&scene, &eve, with_password()).await.with_status(409);
        assert!(page.text.contains("linked to another user"), "{}", page.text);
        assert_eq!(list(&scene, &eve).await.len(), 0);
        let told = scene.acts("identity.link").await;
        assert_eq!(told.iter().filter(|entry| entry.starts_with("refused ")).count(), 1, "{told:?}");
        let of_ada = list(&scene, &ada).await[0]["id"].clone();
        unlink(&scene, &eve, &of_ada).await.refused(404, "unknown-identity");
        assert_eq!(list(&scene, &ada).await.len(), 1);
    }
}

#[tokio::test]
async fn linking_takes_the_password_and_an_address_that_is_proven() {
    let scene = Scene::start().await;
    let token = scene.user(ADA, "engines", false).await;
    begin(&scene, &token, with_password()).await.refused(403, "address-not-verified");
    scene.execute("UPDATE users SET email_verified_at = 1 WHERE email = 'ada@example.com'").await;
    begin(&scene, &token, json!({ "provider": "work" })).await.refused(401, "wrong-credentials");
    begin(&scene, &token, json!({ "provider": "work", "password": "wrong" })).await.refused(401, "wrong-credentials");
    begin(&scene, &token, json!({ "provider": "nobody", "password": PASSWORD })).await.refused(404, "unknown-provider");
    begin(&scene, &token, json!({ "password": PASSWORD })).await.refused(422, "invalid-body");
    let key = scene.harness.ours.key.clone();
    begin(&scene, &key, with_password()).await.refused(403, "sign-in-required");
    // What was begun in a session ends with it.
    scene.say_email("s-1", ADA, true);
    let begun = begin(&scene, &token, with_password()).await.with_status(200);
    let sent = scene.sent(begun.json["url"].as_str().expect("an address"), &begun);
    scene.execute("UPDATE sessions SET revoked_at = 1").await;
    let answer = [("state", sent.query["state"].as_str()), ("code", "the-code")];
    assert_eq!(scene.come_back(Some(&sent.cookie), &answer).await.status, 403);
    assert_eq!(scene.texts("SELECT subject AS text FROM identities").await.len(), 0);
    let refused = scene.acts("identity.link").await;
    assert_eq!(refused.iter().filter(|entry| entry.starts_with("refused ")).count(), 2, "{refused:?}");
}

#[tokio::test]
async fn whoever_has_no_password_has_signed_in_a_short_while_ago_and_keeps_a_way_to() {
    for mut scene in Scene::on_both().await {
        scene.configure(&json!({ "sign_up": true }));
        scene.say_email("s-1", ADA, true);
        let page = scene.sign_in().await;
        assert_eq!(scene.whose(&page).await, ADA);
        let cookies: Vec<_> = page.headers.get_all("set-cookie").iter().map(|c| c.to_str().expect("text")).collect();
        let value = |name: &str| {
            let cookie = cookies.iter().find(|cookie| cookie.starts_with(&format!("{name}="))).expect("the cookie");
            cookie.split(['=', ';']).nth(1).expect("a value").to_owned()
        };
        let (session, csrf) = (value("__Host-session"), value("__Host-csrf"));
        let call = |method: Method, path: &str| {
            let call = scene.harness.call(method, path).header("cookie", &format!("__Host-session={session}"));
            call.header("origin", super::scene::OURS).header("x-csrf-token", &csrf)
        };
        let items = async || {
            let page = call(Method::GET, "/v1/auth/identities").send().await.with_status(200);
            page.json["items"].as_array().expect("items").clone()
        };
        let remove = async |id: &Value| {
            let path = format!("/v1/auth/identities/{}", id.as_str().expect("an id"));
            call(Method::DELETE, &path).send().await
        };
        let first = items().await[0]["id"].clone();
        remove(&first).await.refused(409, "last-sign-in-method");
        let body = json!({ "provider": "work" });
        let begun = call(Method::POST, "/v1/auth/identities").json(&body).send().await.with_status(200);
        let sent = scene.sent(begun.json["url"].as_str().expect("an address"), &begun);
        scene.say(|says| says.claims["sub"] = json!("s-2"));
        let answer = [("state", sent.query["state"].as_str()), ("code", "the-code")];
        assert_eq!(scene.come_back(Some(&sent.cookie), &answer).await.status, 200);
        scene.clock.advance(Duration::from_secs(600));
        let again = call(Method::POST, "/v1/auth/identities").json(&body).send().await;
        again.refused(403, "sign-in-required");
        assert_eq!(items().await.len(), 2);
        assert_eq!(remove(&first).await.status, 204);
        let second = items().await[0]["id"].clone();
        remove(&second).await.refused(409, "last-sign-in-method");
        // One of a provider that is not there any more is no way to sign in.
        scene.execute(
            "INSERT INTO identities (id, user_id, provider, issuer, subject, created_at) \
             SELECT '00000000-0000-7000-8000-000000000000', user_id, 'gone', 'https://gone.example.com', 's', 1 FROM identities",
        )
        .await;
        remove(&second).await.refused(409, "last-sign-in-method");
        // Beside a passkey it is one way of two, and so is the passkey; what is left of them stays.
        const PASSKEY: &str = "00000000-0000-7000-8000-000000000001";
        let passkey = sql(
            "INSERT INTO passkeys (id, user_id, name, credential_id, public_key, state, sign_count, backed_up, \
             transports, created_at) SELECT $1, user_id, 'Phone', 'c', $2, $2, 0, $3, 0, 1 FROM identities WHERE issuer <> $4",
        );
        let passkey = passkey.bind(PASSKEY).bind(vec![0_u8]).bind(false).bind("https://gone.example.com");
        scene.harness.api.ports.sql.execute(passkey.clone()).await.expect("has a passkey");
        let delete = async || call(Method::DELETE, &format!("/v1/auth/passkeys/{PASSKEY}")).send().await;
        assert_eq!(delete().await.status, 204);
        scene.harness.api.ports.sql.execute(passkey).await.expect("has a passkey");
        assert_eq!(remove(&second).await.status, 204);
        delete().await.refused(409, "last-sign-in-method");
        assert_eq!(scene.acts("identity.unlink").await.iter().filter(|act| act.starts_with("refused")).count(), 3);
    }
}

#[tokio::test]
async fn a_key_takes_no_identity_off() {
    let scene = Scene::start().await;
    let path = "/v1/auth/identities/00000000-0000-7000-8000-000000000000";
    scene.harness.request(Method::DELETE, path).send().await.refused(403, "sign-in-required");
    assert_eq!(list(&scene, &scene.harness.ours.key).await.len(), 0);
}

#[tokio::test]
async fn a_session_that_ends_on_the_way_back_links_nothing() {
    for mut scene in Scene::on_both().await {
        let token = scene.user(ADA, "engines", true).await;
        scene.say_email("s-1", ADA, true);
        scene.harness.overtake(&["INTO identities"], "UPDATE sessions SET revoked_at = 1");
        let page = link(&scene, &token, with_password()).await;
        assert_eq!(page.status, 403, "{}", page.text);
        let kept = scene.harness.api.ports.sql.query(sql("SELECT id FROM identities")).await.expect("reads");
        assert_eq!(kept.len(), 0);
    }
}
