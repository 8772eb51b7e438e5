//! Answers that are not the provider's, to this browser, now.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bulkhead_testkit::functions::Answer;
use ed25519_dalek::SigningKey;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha512};

use super::scene::{Scene, Sent};

fn nobody(page: &Answer, status: u16) {
    assert_eq!(page.status, status, "{}", page.text);
    assert!(page.is_page(), "{}", page.text);
    let set = |cookie: &http::HeaderValue| cookie.to_str().is_ok_and(|text| text.starts_with("__Host-session=b"));
    assert!(!page.headers.get_all("set-cookie").iter().any(set));
}

async fn scene() -> Scene {
    let mut scene = Scene::start().await;
    scene.configure(&json!({ "sign_up": true }));
    scene.say_email("s-1", "ada@example.com", true);
    scene
}

/// What an ID token that is signed by Ed25519 says of its access token (OpenID Connect Core 1.0, section 3.1.3.6).
fn half_hash(token: &str) -> String {
    URL_SAFE_NO_PAD.encode(&Sha512::digest(token)[..32])
}

async fn back(scene: &Scene, sent: &Sent) -> Answer {
    scene.come_back(Some(&sent.cookie), &[("state", &sent.query["state"]), ("code", "the-code")]).await
}

#[tokio::test]
async fn a_state_is_good_once_for_ten_minutes_and_in_its_browser() {
    for mut scene in Scene::on_both().await {
        scene.configure(&json!({ "sign_up": true }));
        scene.say_email("s-1", "ada@example.com", true);
        let (first, second) = (scene.go("/sign-in/with/work").await, scene.go("/sign-in/with/work").await);
        let answer = [("state", first.query["state"].as_str()), ("code", "the-code")];
        for cookie in [None, Some(second.cookie.as_str()), Some("bhy_0"), Some("")] {
            let page = scene.come_back(cookie, &answer).await;
            nobody(&page, 403);
            // The attempt goes on for whoever made it.
            assert!(page.headers.get("set-cookie").is_none());
        }
        for state in ["", "nonsense", second.cookie.as_str()] {
            nobody(&scene.come_back(Some(&first.cookie), &[("state", state), ("code", "the-code")]).await, 400);
        }
        let twice = [answer[0], answer[0], answer[1]];
        nobody(&scene.come_back(Some(&first.cookie), &twice).await, 400);
        nobody(&scene.come_back(Some(&first.cookie), &answer[1..]).await, 400);
        scene.say(|says| says.claims["nonce"] = json!(first.query["nonce"]));
        assert_eq!(back(&scene, &first).await.status, 200);
        nobody(&back(&scene, &first).await, 400);
        let third = scene.go("/sign-in/with/work").await;
        scene.clock.advance(Duration::from_millis(599_999));
        scene.say(|says| says.claims["nonce"] = json!(third.query["nonce"]));
        assert_eq!(back(&scene, &third).await.status, 200);
        let fourth = scene.go("/sign-in/with/work").await;
        scene.clock.advance(Duration::from_secs(600));
        nobody(&back(&scene, &fourth).await, 400);
        // The next one forgets it.
        scene.clock.advance(Duration::from_secs(1));
        scene.go("/sign-in/with/work").await;
        assert_eq!(scene.texts("SELECT provider AS text FROM sign_in_attempts").await.len(), 1);
    }
}

#[tokio::test]
async fn an_answer_for_one_provider_is_none_for_another() {
    let mut scene = scene().await;
    let provider = |slug: &str| json!({ "slug": slug, "kind": "oidc", "issuer": scene.issuer, "client_id": "the-client", "sign_up": true });
    let both = json!([provider("work"), provider("other")]);
    scene.configure_all(&both);
    let sent = scene.go("/sign-in/with/other").await;
    nobody(&back(&scene, &sent).await, 400);
    nobody(&scene.get("/sign-in/with/nobody").send().await, 404);
    nobody(&scene.get("/sign-in/with/nobody/callback?state=x&code=y").send().await, 404);
}

#[tokio::test]
async fn whoever_answers_is_the_issuer_that_was_asked() {
    let scene = scene().await;
    let answer = async |issuer: Option<&str>| {
        let sent = scene.go("/sign-in/with/work").await;
        let mut query = vec![("state", sent.query["state"].as_str()), ("code", "the-code")];
        query.extend(issuer.map(|issuer| ("iss", issuer)));
        scene.come_back(Some(&sent.cookie), &query).await
    };
    nobody(&answer(Some("https://evil.example.com")).await, 400);
    assert_eq!(answer(None).await.status, 200);
    assert_eq!(answer(Some(&scene.issuer)).await.status, 200);
    // Where each answer has one, one without is none. What the issuer has said is remembered for five minutes.
    scene.say(|says| says.metadata = json!({ "authorization_response_iss_parameter_supported": true }));
    scene.clock.advance(Duration::from_secs(300));
    nobody(&answer(None).await, 400);
    assert_eq!(answer(Some(&scene.issuer)).await.status, 200);
}

#[tokio::test]
async fn an_answer_without_a_code_signs_nobody_in() {
    let scene = scene().await;
    for (answer, status, word) in [
        (&[("error", "access_denied"), ("error_description", "<b>hunter2</b>")][..], 403, "did not agree"),
        (&[("error", "server_error\"><b>")], 502, "<code>server_errorb</code>"),
        (&[], 502, "makes no sense"),
    ] {
        let sent = scene.go("/sign-in/with/work").await;
        let mut query = vec![("state", sent.query["state"].as_str())];
        query.extend(answer);
        let page = scene.come_back(Some(&sent.cookie), &query).await;
        nobody(&page, status);
        assert!(page.text.contains(word) && !page.text.contains("hunter2"), "{}", page.text);
        // It is used up.
        nobody(&back(&scene, &sent).await, 400);
    }
    assert!(scene.http.sent().iter().all(|request| request.uri().path() != "/token"));
}

#[tokio::test]
async fn an_id_token_proves_who_it_is_to_us_now_and_in_answer_to_this() {
    let scene = scene().await;
    let now = scene.harness.api.ports.now().as_millis() / 1000;
    for (name, value) in [
        ("iss", json!("https://evil.example.com")),
        ("aud", json!("another-client")),
        ("aud", json!(["another-client"])),
        ("aud", json!(["the-client", "another-client"])),
        ("azp", json!("another-client")),
        ("exp", Value::Null),
        ("exp", json!(now - 31)),
        ("iat", Value::Null),
        ("iat", json!(now + 31)),
        ("nbf", json!(now + 31)),
        ("nonce", json!("another")),
        ("nonce", Value::Null),
        ("sub", json!("")),
        ("sub", json!("x".repeat(256))),
        ("sub", json!("a\nb")),
        ("at_hash", json!("")),
        ("at_hash", json!(half_hash("another-access-token"))),
    ] {
        let sent = scene.go("/sign-in/with/work").await;
        scene.say(|says| {
            says.claims = json!({ "email": "ada@example.com", "email_verified": true, "nonce": sent.query["nonce"] });
            says.claims[name] = value.clone();
        });
        let page = back(&scene, &sent).await;
        assert_eq!(page.status, 502, "{name} {value}: {}", page.text);
        nobody(&page, 502);
    }
    for (name, value) in [
        ("aud", json!(["the-client"])),
        ("azp", json!("the-client")),
        ("exp", json!(now - 29)),
        ("sub", json!("x".repeat(255))),
        ("at_hash", json!(half_hash("the-access-token"))),
    ] {
        let sent = scene.go("/sign-in/with/work").await;
        scene.say(|says| {
            let email = format!("{name}@example.com");
            let iat = now - 60;
            says.claims = json!({ "sub": name, "iat": iat, "email": email, "email_verified": true, "nonce": sent.query["nonce"] });
            says.claims[name] = value.clone();
        });
        assert_eq!(back(&scene, &sent).await.status, 200, "{name} {value}");
    }
}

#[tokio::test]
async fn an_id_token_is_signed_by_a_key_of_the_issuer() {
    let scene = scene().await;
    let refused = async |what: &str| {
        let sent = scene.go("/sign-in/with/work").await;
        let page = back(&scene, &sent).await;
        assert_eq!(page.status, 502, "{what}: {}", page.text);
    };
    scene.say(|says| says.key = SigningKey::from_bytes(&[8; 32]));
    refused("another key").await;
    scene.say(|says| says.key = SigningKey::from_bytes(&[7; 32]));
    for (name, value) in [
        ("alg", json!("none")),
        ("alg", json!("HS256")),
        ("alg", json!("RS256")),
        ("kid", json!("another")),
        ("kid", Value::Null),
        ("typ", json!("at+jwt")),
        ("crit", json!(["b64"])),
    ] {
        scene.say(|says| says.header = json!({ name: value }));
        refused(&format!("{name} {value}")).await;
    }
    scene.say(|says| says.header = json!({ "typ": "JWT" }));
    let sent = scene.go("/sign-in/with/work").await;
    assert_eq!(back(&scene, &sent).await.status, 200);
    for (what, tokens) in [
        ("none", json!({ "id_token": Value::Null })),
        ("no JWT", json!({ "id_token": "x" })),
        ("no signature", json!({ "id_token": "eyJhbGciOiJub25lIiwia2lkIjoiayJ9.e30." })),
        ("too long", json!({ "id_token": "x".repeat((16 << 10) + 1) })),
        ("no access token", json!({ "access_token": Value::Null })),
    ] {
        scene.say(|says| says.tokens = tokens);
        refused(what).await;
    }
    scene.say(|says| says.tokens = json!({ "error": "invalid_grant" }));
    refused("a refusal").await;
}

#[tokio::test]
async fn metadata_is_the_issuers_and_names_places_that_nobody_changes_on_the_way() {
    for (name, value) in [
        ("issuer", json!("https://evil.example.com")),
        ("jwks_uri", json!("http://id.example.com/jwks")),
        ("jwks_uri", json!("http://127.0.0.1/jwks")),
        ("token_endpoint", json!("http://id.example.com/token")),
        ("authorization_endpoint", json!("javascript:alert(1)")),
        ("userinfo_endpoint", json!("http://localhost/")),
        // An issuer elsewhere names nothing on this machine.
        ("jwks_uri", json!("https://127.0.0.1/jwks")),
        ("token_endpoint", json!("https://localhost/token")),
        ("userinfo_endpoint", json!("https://[::1]/")),
        ("token_endpoint", Value::Null),
    ] {
        let scene = scene().await;
        scene.say(|says| says.metadata[name] = value.clone());
        let page = scene.get("/sign-in/with/work").send().await;
        assert_eq!(page.status, 502, "{name} {value}: {}", page.text);
        assert!(page.is_page());
    }
    let scene = scene().await;
    scene.say(|says| says.status = 500);
    assert_eq!(scene.get("/sign-in/with/work").send().await.status, 502);
}

#[tokio::test]
async fn who_it_is_is_not_taken_from_what_is_about_somebody_else() {
    let scene = scene().await;
    let claims = json!({ "sub": "s-1" });
    for (userinfo, status) in [
        (json!({ "sub": "s-2", "email": "ada@example.com", "email_verified": true }), 502),
        (json!({ "email": "ada@example.com", "email_verified": true }), 502),
        (json!([]), 502),
        (json!({ "sub": "s-1", "email": "ada@example.com", "email_verified": true }), 200),
    ] {
        scene.say(|says| (says.claims, says.userinfo) = (claims.clone(), userinfo.clone()));
        assert_eq!(scene.sign_in().await.status, status, "{userinfo}");
    }
    let asked = scene.http.sent();
    let userinfo = asked.iter().find(|request| request.uri().path() == "/userinfo").expect("it is asked");
    assert_eq!(userinfo.headers()["authorization"], "Bearer the-access-token");
}
