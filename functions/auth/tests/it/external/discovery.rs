//! What an issuer has said is remembered for a while.

use std::time::Duration;

use ed25519_dalek::SigningKey;
use serde_json::json;

use super::scene::Scene;

const METADATA: &str = "/.well-known/openid-configuration";
const ALMOST: Duration = Duration::from_millis(1);

async fn scene() -> Scene {
    let mut scene = Scene::start().await;
    scene.configure(&json!({ "sign_up": true }));
    scene.say_email("s-1", "ada@example.com", true);
    scene
}

#[tokio::test]
async fn metadata_is_good_for_five_minutes() {
    let scene = scene().await;
    scene.go("/sign-in/with/work").await;
    scene.clock.advance(Duration::from_secs(300) - ALMOST);
    scene.go("/sign-in/with/work").await;
    assert_eq!(scene.asked(METADATA), 1);
    scene.clock.advance(ALMOST);
    scene.go("/sign-in/with/work").await;
    assert_eq!(scene.asked(METADATA), 2);
}

#[tokio::test]
async fn keys_are_asked_for_once_in_five_seconds_whatever_key_a_token_names() {
    let scene = scene().await;
    for (kid, later, asked) in
        [("a", Duration::ZERO, 1), ("b", Duration::from_secs(5) - ALMOST, 1), ("c", ALMOST, 2), ("d", ALMOST, 2)]
    {
        scene.clock.advance(later);
        scene.say(|says| says.header = json!({ "kid": kid }));
        assert_eq!(scene.sign_in().await.status, 502, "{kid}");
        assert_eq!(scene.asked("/jwks"), asked, "{kid}");
    }
}

#[tokio::test]
async fn a_key_that_takes_the_place_of_another_works_after_five_seconds() {
    let scene = scene().await;
    assert_eq!(scene.sign_in().await.status, 200);
    scene.say(|says| {
        let next = SigningKey::from_bytes(&[8; 32]);
        (says.key, says.published, says.header) = (next.clone(), (next, "next"), json!({ "kid": "next" }));
    });
    scene.clock.advance(Duration::from_secs(5) - ALMOST);
    assert_eq!(scene.sign_in().await.status, 502);
    scene.clock.advance(ALMOST);
    assert_eq!(scene.sign_in().await.status, 200);
    assert_eq!(scene.asked("/jwks"), 2);
}

#[tokio::test]
async fn a_key_that_is_withdrawn_works_for_five_minutes_at_most() {
    let scene = scene().await;
    assert_eq!(scene.sign_in().await.status, 200);
    scene.say(|says| says.published = (SigningKey::from_bytes(&[8; 32]), "next"));
    scene.clock.advance(Duration::from_secs(300) - ALMOST);
    assert_eq!(scene.sign_in().await.status, 200);
    scene.clock.advance(ALMOST);
    assert_eq!(scene.sign_in().await.status, 502);
}
