//! A ceremony is answered once, in time, where it began.

use http::Method;
use serde_json::json;

use super::authenticator::Authenticator;
use super::scene::{ADA, OURS, PASSWORD, Scene, token};

#[tokio::test]
async fn a_challenge_is_answered_once() {
    for scene in Scene::both().await {
        let mut device = Authenticator::default();
        let begun = scene.begun().await;
        let credential = scene.create(&mut device, &begun["publicKey"]);
        scene.register(&begun, &credential).await.with_status(201);
        scene.register(&begun, &credential).await.refused(400, "invalid-token");
        let asked = scene.asked().await;
        let credential = device.get(OURS, &asked["publicKey"]).expect("an answer");
        let answers = futures::future::join_all((0..4).map(|_| scene.answer(&asked, &credential))).await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
        scene.answer(&asked, &credential).await.refused(400, "invalid-token");
        // A wrong answer is one too.
        let asked = scene.asked().await;
        let wrong = device.get("https://evil.bulkhead.example.com", &asked["publicKey"]).expect("an answer");
        scene.answer(&asked, &wrong).await.refused(403, "passkey-refused");
        let right = device.get(OURS, &asked["publicKey"]).expect("an answer");
        scene.answer(&asked, &right).await.refused(400, "invalid-token");
        assert!(scene.rows("SELECT hash FROM passkey_ceremonies").await.is_empty());
    }
}

#[tokio::test]
async fn it_is_over_after_five_minutes() {
    for scene in Scene::both().await {
        let mut device = Authenticator::default();
        let begun = scene.begun().await;
        assert_eq!((&begun["expires_in"], &begun["publicKey"]["timeout"]), (&json!(300), &json!(300_000)));
        let credential = scene.create(&mut device, &begun["publicKey"]);
        scene.advance(300);
        scene.register(&begun, &credential).await.refused(400, "invalid-token");
        let begun = scene.begun().await;
        // What nobody answered is forgotten when the next one begins.
        assert_eq!(scene.rows("SELECT hash FROM passkey_ceremonies").await.len(), 1);
        let credential = scene.create(&mut device, &begun["publicKey"]);
        scene.advance(299);
        scene.register(&begun, &credential).await.with_status(201);
        let asked = scene.asked().await;
        let credential = device.get(OURS, &asked["publicKey"]).expect("an answer");
        scene.advance(300);
        scene.answer(&asked, &credential).await.refused(400, "invalid-token");
    }
}

#[tokio::test]
async fn it_is_its_sessions_and_of_its_kind() {
    for scene in Scene::both().await {
        let mut device = Authenticator::default();
        let begun = scene.begun().await;
        let credential = scene.create(&mut device, &begun["publicKey"]);
        let body = json!({ "ceremony": begun["ceremony"], "name": "Key", "credential": credential });
        let again = token(&scene.post("sign-in", json!({ "email": ADA, "password": PASSWORD })).await);
        let stranger = scene.sign_up("bob@example.com", "bobs").await;
        for other in [&again, &stranger] {
            let answer = scene.by(other, Method::POST, "passkeys", Some(body.clone())).await;
            answer.refused(400, "invalid-token");
        }
        scene.register(&begun, &credential).await.with_status(201);
        let (begun, asked) = (scene.begun().await, scene.asked().await);
        let assertion = device.get(OURS, &asked["publicKey"]).expect("an answer");
        scene.answer(&begun, &assertion).await.refused(400, "invalid-token");
        let made = scene.create(&mut Authenticator::default(), &begun["publicKey"]);
        scene.register(&asked, &made).await.refused(400, "invalid-token");
        for text in ["", "bhw_", &format!("bhw_{}", "0".repeat(64)), &scene.token] {
            scene.answer(&json!({ "ceremony": text }), &assertion).await.refused(400, "invalid-token");
        }
        // Tokens are not what is stored.
        let stored = scene.rows("SELECT hash, state FROM passkey_ceremonies").await.join("");
        assert!(!stored.contains(begun["ceremony"].as_str().expect("a token")));
        scene.register(&begun, &made).await.with_status(201);
        scene.answer(&asked, &assertion).await.with_status(200);
    }
}
