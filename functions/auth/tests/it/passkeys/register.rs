//! Getting a passkey.

use bulkhead_kernel::sql::sql;
use http::Method;
use serde_json::{Value, json};

use super::authenticator::{Authenticator, Failed};
use super::scene::{ADA, OURS, PASSWORD, Scene};
use crate::mails;

const SIGN_IN: &str = "this takes a sign-in; a key or a client can't do it";

#[tokio::test]
async fn a_session_alone_makes_no_other_way_in() {
    for scene in Scene::both().await {
        let begin = async |body: Value| scene.ours(Method::POST, "passkeys/options", Some(body)).await;
        begin(json!({ "password": "not the password" })).await.refused(401, "wrong-credentials");
        begin(json!({ "password": PASSWORD })).await.with_status(200);
        let secret = scene.enrol_totp().await;
        begin(json!({ "password": PASSWORD })).await.refused(403, "wrong-code");
        begin(json!({ "password": PASSWORD, "code": "nonsense" })).await.refused(403, "wrong-code");
        let code = scene.code(&secret);
        begin(json!({ "password": "not the password", "code": code })).await.refused(401, "wrong-credentials");
        begin(json!({ "password": PASSWORD, "code": code })).await.with_status(200);
        begin(json!({ "password": PASSWORD, "code": code })).await.refused(403, "wrong-code");
    }
}

#[tokio::test]
async fn whoever_has_a_proven_address_is_told_of_another_passkey() {
    for scene in Scene::both().await {
        mails::all(&scene.harness.api).await;
        scene.add(&mut Authenticator::default()).await;
        assert_eq!(mails::told(&scene.harness.api).await, []);
        scene.execute("UPDATE users SET email_verified_at = 1 WHERE email = 'ada@example.com'").await;
        scene.begun().await;
        assert_eq!(mails::told(&scene.harness.api).await, []);
        scene.add(&mut Authenticator::default()).await;
        let told = (ADA.to_owned(), "A passkey was added to your account".to_owned());
        assert_eq!(mails::told(&scene.harness.api).await, [told]);
    }
}

#[tokio::test]
async fn neither_a_key_nor_a_client_does_anything_to_passkeys() {
    for scene in Scene::both().await {
        let mut device = Authenticator::default();
        let id = scene.add(&mut device).await;
        let begun = scene.begun().await;
        let made = scene.create(&mut Authenticator::default(), &begun["publicKey"]);
        let key = scene.ours_key().await;
        scene.execute("UPDATE sessions SET client_id = 'a client'").await;
        for credential in [&key, &scene.token] {
            let by = async |method, what: &str, body| scene.by(credential, method, what, body).await;
            let one = format!("passkeys/{id}");
            let register = json!({ "ceremony": begun["ceremony"], "name": "Key", "credential": made });
            for (method, what, body) in [
                (Method::POST, "passkeys/options", Some(json!({ "password": PASSWORD }))),
                (Method::POST, "passkeys", Some(register)),
                (Method::PATCH, one.as_str(), Some(json!({ "name": "Mine" }))),
                (Method::DELETE, one.as_str(), None),
            ] {
                by(method, what, body).await.refused(403, "sign-in-required");
            }
        }
        for (action, times) in [("passkey.register", 4), ("passkey.rename", 2), ("passkey.delete", 2)] {
            assert_eq!(scene.refusals(action, SIGN_IN).await, times, "{action}");
        }
    }
}

#[tokio::test]
async fn what_was_not_made_for_us_is_not_kept() {
    for scene in Scene::both().await {
        let made = async |origin: &str, change: fn(&mut Value), reason: &str, times: usize| {
            let begun = scene.begun().await;
            let mut options = begun["publicKey"].clone();
            change(&mut options);
            let source = scene.harness.api.ports.entropy.as_ref();
            let credential = Authenticator::default().create(origin, &options, source).expect("a passkey");
            let refused = scene.register(&begun, &credential).await.refused(403, "passkey-refused");
            assert_eq!(refused.json["detail"], format!("the passkey is refused: {reason}"));
            assert_eq!(scene.refusals("passkey.register", reason).await, times, "{reason}");
        };
        made("https://evil.bulkhead.example.com", |_| {}, "it was made for another origin", 1).await;
        made("https://bulkhead.example.com:8443", |_| {}, "it was made for another origin", 2).await;
        made(OURS, |options| options["rp"]["id"] = json!("example.com"), "it is for another relying party", 1).await;
        let challenge = |options: &mut Value| options["challenge"] = json!("AAAAAAAAAAAAAAAAAAAAAA");
        made(OURS, challenge, "it answers another challenge", 1).await;
        let discouraged = |options: &mut Value| {
            options["authenticatorSelection"]["userVerification"] = json!("discouraged");
        };
        made(OURS, discouraged, "the authenticator did not verify its user", 1).await;
        let begun = scene.begun().await;
        let mut credential = scene.create(&mut Authenticator::default(), &begun["publicKey"]);
        // A credential that the browser knows not to be discoverable would sign nobody in.
        credential["clientExtensionResults"]["credProps"]["rk"] = json!(false);
        scene.register(&begun, &credential).await.refused(403, "passkey-refused");
        assert!(scene.passkeys().await.is_empty());
    }
}

#[tokio::test]
async fn what_is_no_answer_leaves_the_ceremony_good() {
    for scene in Scene::both().await {
        let begun = scene.begun().await;
        let credential = scene.create(&mut Authenticator::default(), &begun["publicKey"]);
        let long = "a".repeat(101);
        for (name, credential, pointer) in [
            ("", &credential, "/name"),
            (long.as_str(), &credential, "/name"),
            ("Key", &json!({}), "/credential"),
            ("Key", &json!("x"), "/credential"),
        ] {
            let body = json!({ "ceremony": begun["ceremony"], "name": name, "credential": credential });
            let refused = scene.ours(Method::POST, "passkeys", Some(body)).await.refused(422, "invalid-body");
            assert_eq!(refused.faults(), [pointer]);
        }
        scene.register(&begun, &credential).await.with_status(201);
    }
}

#[tokio::test]
async fn an_authenticator_makes_one_for_a_person() {
    for scene in Scene::both().await {
        let mut device = Authenticator::default();
        scene.add(&mut device).await;
        let begun = scene.begun().await;
        let options = &begun["publicKey"];
        assert_eq!(options["user"]["name"], ADA);
        assert_eq!(options["excludeCredentials"].as_array().expect("credentials").len(), 1);
        let source = scene.harness.api.ports.entropy.as_ref();
        assert_eq!(device.clone().create(OURS, options, source), Err(Failed::InvalidState));
        // Nor is one kept twice that does not look.
        let (first, second) = (scene.begun().await, scene.begun().await);
        let mut blind = first["publicKey"].clone();
        blind["excludeCredentials"] = json!([]);
        let made = scene.create(&mut device, &blind);
        scene.register(&first, &made).await.with_status(201);
        let mut again = made.clone();
        let client = json!({
            "type": "webauthn.create", "challenge": second["publicKey"]["challenge"], "origin": OURS, "crossOrigin": false,
        });
        again["response"]["clientDataJSON"] = json!(base64_url(&client.to_string()));
        let refused = scene.register(&second, &again).await.refused(409, "passkey-state");
        assert_eq!(refused.json["detail"], "this passkey is registered already");
        assert_eq!(scene.passkeys().await.len(), 2);
    }
}

fn base64_url(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text)
}

impl Scene {
    /// An API key of Ada's, which may do everything.
    async fn ours_key(&self) -> String {
        let ports = &self.harness.api.ports;
        let token = bulkhead_identity::ApiKeyToken::generate(ports.entropy.as_ref());
        let insert = bulkhead_kernel::sql::sql(
            "INSERT INTO api_keys (id, organization_id, user_id, name, prefix, hash, created_at) \
             SELECT $1, m.organization_id, m.user_id, 'test', $2, $3, m.created_at FROM memberships m \
             JOIN users u ON u.id = m.user_id WHERE u.email = 'ada@example.com'",
        );
        let id: bulkhead_kernel::id::ApiKeyId = ports.new_id();
        let insert = insert.bind(id).bind(token.prefix()).bind(token.hash()).across_tenants("a test");
        ports.sql.execute(insert).await.expect("inserts");
        token.expose().to_owned()
    }
}

#[tokio::test]
async fn a_session_that_ends_meanwhile_leaves_no_passkey() {
    for mut scene in Scene::both().await {
        let begun = scene.begun().await;
        let made = scene.create(&mut Authenticator::default(), &begun["publicKey"]);
        scene.harness.overtake(&["INTO passkeys"], "UPDATE sessions SET revoked_at = 1");
        scene.register(&begun, &made).await.refused(403, "sign-in-required");
        let kept = scene.harness.api.ports.sql.query(sql("SELECT id FROM passkeys")).await.expect("reads");
        assert_eq!(kept.len(), 0);
    }
}
