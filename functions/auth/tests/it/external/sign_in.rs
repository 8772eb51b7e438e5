//! Who is signed in.

use std::sync::Arc;

use bulkhead_kernel::Secret;
use bulkhead_testkit::functions::variables;
use http::Method;
use serde_json::json;

use super::scene::{FORM, OURS, PASSWORD, Scene, challenge, form};
use crate::mails;

const ADA: &str = "ada@example.com";

#[tokio::test]
async fn a_stranger_gets_an_account_where_that_is_open_and_is_known_from_then_on() {
    for mut scene in Scene::on_both().await {
        scene.say_email("s-1", ADA, true);
        scene.say(|says| says.claims["name"] = json!("Ada Lovelace"));
        assert_eq!(scene.sign_in().await.status, 403);
        assert_eq!(scene.texts("SELECT email AS text FROM users WHERE email = 'ada@example.com'").await.len(), 0);
        scene.configure(&json!({ "sign_up": true }));
        let page = scene.sign_in().await;
        assert_eq!(scene.whose(&page).await, ADA);
        let made = "SELECT u.name || ' ' || o.slug || ' ' || m.role AS text FROM users u \
                    JOIN memberships m ON m.user_id = u.id JOIN organizations o ON o.id = m.organization_id \
                    WHERE u.email = 'ada@example.com' AND u.email_verified_at IS NOT NULL AND u.password_hash IS NULL";
        assert_eq!(scene.texts(made).await, ["Ada Lovelace ada-lovelace owner"]);
        // It is the issuer's subject that is known: the address and the name may become others.
        scene.configure(&json!({}));
        scene.say_email("s-1", "other@example.com", false);
        let page = scene.sign_in().await;
        assert_eq!(scene.whose(&page).await, ADA);
        assert_eq!(scene.acts("session.create").await, ["succeeded identity:work"; 2]);
        // Another one with the same name has another organisation.
        scene.configure(&json!({ "sign_up": true }));
        scene.say_email("s-2", "eve@example.com", true);
        scene.say(|says| says.claims["name"] = json!("Ada Lovelace"));
        let page = scene.sign_in().await;
        assert_eq!(scene.whose(&page).await, "eve@example.com");
        let slugs = scene.texts("SELECT slug AS text FROM organizations WHERE slug LIKE 'ada-lovelace-%'").await;
        assert_eq!(slugs.len(), 1);
    }
}

#[tokio::test]
async fn what_is_sent_to_the_provider_is_what_it_checks_later() {
    let scene = Scene::start().await;
    scene.say_email("s-1", ADA, true);
    scene.user(ADA, "engines", true).await;
    let sent = scene.go("/sign-in/with/work?next=%2Foauth%2Fdevice%3Fa%3Db").await;
    let query = |name: &str| sent.query[name].as_str();
    assert_eq!((query("client_id"), query("response_type")), ("the-client", "code"));
    assert_eq!((query("scope"), query("code_challenge_method")), ("openid profile email", "S256"));
    assert_eq!(query("redirect_uri"), format!("{OURS}/sign-in/with/work/callback"));
    let back = [("state", query("state")), ("code", "the-code"), ("session_state", "unknown")];
    let page = scene.come_back(Some(&sent.cookie), &back).await.with_status(200);
    assert!(page.text.contains("content=\"0; url=/oauth/device?a=b\""), "{}", page.text);
    let requests = scene.http.sent();
    let exchange = requests.iter().find(|request| request.uri().path() == "/token").expect("an exchange");
    let body: std::collections::HashMap<_, _> = form_urlencoded::parse(exchange.body()).into_owned().collect();
    assert_eq!((body["code"].as_str(), body["grant_type"].as_str()), ("the-code", "authorization_code"));
    assert_eq!(challenge(&body["code_verifier"]), query("code_challenge"));
    assert_eq!(body["redirect_uri"], query("redirect_uri"));
    assert!(exchange.headers()["authorization"].to_str().expect("text").starts_with("Basic "));
    // Nothing that was sent is in the database.
    let stored = "SELECT state_hash || browser_hash || provider || lower(hex(sealed)) AS text FROM sign_in_attempts";
    let stored = scene.texts(stored).await;
    assert_eq!(stored.len(), 1);
    for secret in [query("state"), query("nonce"), &sent.cookie, &body["code_verifier"]] {
        assert!(!stored[0].contains(secret) && !stored[0].contains(&hex::encode(secret)), "{secret}");
    }
    // Never another site.
    for next in ["//evil.example", "https://evil.example", "%2F%5Cevil.example"] {
        let sent = scene.go(&format!("/sign-in/with/work?next={next}")).await;
        let back = [("state", sent.query["state"].as_str()), ("code", "the-code")];
        let page = scene.come_back(Some(&sent.cookie), &back).await.with_status(200);
        assert!(!page.text.contains("evil"), "{next}");
    }
}

#[tokio::test]
async fn an_account_is_found_by_its_address_only_if_both_have_seen_that_it_is_theirs() {
    for scene in Scene::on_both().await {
        // The provider has not.
        scene.user(ADA, "engines", true).await;
        scene.say_email("s-1", ADA, false);
        assert_eq!(scene.sign_in().await.status, 403);
        scene.say(|says| says.claims = json!({ "sub": "s-1", "email": ADA, "email_verified": "false" }));
        assert_eq!(scene.sign_in().await.status, 403);
        scene.say(|says| says.claims = json!({ "sub": "s-1", "email": ADA }));
        assert_eq!(scene.sign_in().await.status, 403);
        // We have not: whoever made the account need not be who comes now, and neither gets at the other.
        scene.execute("UPDATE users SET email_verified_at = NULL WHERE email = 'ada@example.com'").await;
        scene.say_email("s-1", ADA, true);
        let page = scene.sign_in().await.with_status(409);
        assert!(page.text.contains("nobody has proven") && page.headers.get_all("set-cookie").iter().count() == 1);
        assert_eq!(scene.texts("SELECT subject AS text FROM identities").await.len(), 0);
        assert_eq!(scene.acts("identity.link").await, ["refused identity:work"]);
        mails::all(&scene.harness.api).await;
        // Both have, whatever the case.
        scene.execute("UPDATE users SET email_verified_at = 1 WHERE email = 'ada@example.com'").await;
        scene.say_email("s-1", "Ada@Example.com", true);
        let page = scene.sign_in().await;
        assert_eq!(scene.whose(&page).await, ADA);
        assert_eq!(scene.acts("identity.link").await, ["refused identity:work", "succeeded identity:work"]);
        let told = (ADA.to_owned(), "Your account was linked to another provider".to_owned());
        assert_eq!(mails::told(&scene.harness.api).await, [told]);
        assert_eq!(scene.texts("SELECT subject AS text FROM identities").await, ["s-1"]);
        // An address that only looks like it, or becomes it in lower case, is another one.
        scene.execute("DELETE FROM identities").await;
        scene.execute("UPDATE users SET email = 'kim@example.com' WHERE email = 'ada@example.com'").await;
        scene.say_email("s-9", "\u{212a}im@example.com", true);
        assert_eq!(scene.sign_in().await.status, 403);
    }
}

#[tokio::test]
async fn nobody_is_the_owner_of_the_first_start_because_a_provider_says_so() {
    let mut scene = Scene::start().await;
    scene.user(ADA, "engines", true).await;
    for (address, sign_up, status) in
        [("owner@localhost", false, 403), ("owner@localhost", true, 403), (ADA, false, 200)]
    {
        let named = format!("UPDATE users SET email = '{address}' WHERE name <> 'ours' AND name <> 'theirs'");
        scene.execute(&named).await;
        scene.configure(&json!({ "sign_up": sign_up }));
        scene.say_email("s-1", address, true);
        assert_eq!(scene.sign_in().await.status, status, "{address}");
    }
}

#[tokio::test]
async fn even_where_strangers_get_accounts_an_account_that_is_not_proven_stays_as_it_is() {
    let mut scene = Scene::start().await;
    scene.configure(&json!({ "sign_up": true }));
    scene.user(ADA, "engines", false).await;
    scene.say_email("s-1", ADA, true);
    assert_eq!(scene.sign_in().await.status, 409);
    // Without an address there is no account.
    scene.say(|says| says.claims = json!({ "sub": "s-1" }));
    let page = scene.sign_in().await;
    // The userinfo endpoint is asked, which says nothing of s-1.
    assert_eq!(page.status, 502, "{}", page.text);
    scene.say(|says| says.userinfo = json!({ "sub": "s-1", "email": "new@example.com", "email_verified": false }));
    let page = scene.sign_in().await.with_status(403);
    assert!(page.text.contains("no verified e-mail address"), "{}", page.text);
    scene.say(|says| says.userinfo = json!({ "sub": "s-1", "email": "new@example.com", "email_verified": "true" }));
    let page = scene.sign_in().await;
    assert_eq!(scene.whose(&page).await, "new@example.com");
}

#[tokio::test]
async fn where_domains_are_named_nobody_else_comes_in() {
    let mut scene = Scene::start().await;
    scene.configure(&json!({ "sign_up": true, "email_domains": ["example.com"] }));
    for (email, verified, status) in [
        ("ada@evil.test", true, 403),
        ("ada@example.com.evil.test", true, 403),
        (ADA, false, 403),
        (ADA, true, 200),
        // The identity is known now, and still it is only let in with an address of the domain.
        ("ada@evil.test", true, 403),
    ] {
        scene.say_email("s-1", email, verified);
        assert_eq!(scene.sign_in().await.status, status, "{email} {verified}");
    }
}

#[tokio::test]
async fn whoever_has_a_second_factor_is_asked_for_it() {
    for scene in Scene::on_both().await {
        let token = scene.user(ADA, "engines", true).await;
        let factor = |what: &str, body: serde_json::Value| {
            let call = scene.harness.call(Method::POST, &format!("/v1/auth/second-factor{what}"));
            call.key(&token).json(&body).send()
        };
        let enrolled = factor("", json!({ "password": PASSWORD })).await.with_status(200);
        let secret =
            totp_rs::Secret::try_from_base32(enrolled.json["secret"].as_str().expect("a secret")).expect("base 32");
        let seconds = u64::try_from(scene.harness.api.ports.now().as_millis() / 1000).expect("after 1970");
        let code = totp_rs::Builder::new().with_secret(secret).build_noncompliant().generate(seconds).to_string();
        let confirmed = factor("/confirm", json!({ "code": code })).await.with_status(200);
        let recovery = confirmed.json["recovery_codes"][0].as_str().expect("a code").to_owned();
        scene.say_email("s-1", ADA, true);
        let page = scene.sign_in().await.with_status(200);
        assert!(!page.text.contains("__Host-session") && page.headers.get_all("set-cookie").iter().count() == 1);
        let challenge = page.text.split("name=\"challenge\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
        let challenge = challenge.expect("a challenge").to_owned();
        let answer = |code: &str| {
            let call = scene.harness.call(Method::POST, "/sign-in/second-factor").header("origin", OURS);
            call.body(FORM, form(&[("challenge", challenge.as_str()), ("code", code)])).send()
        };
        assert_eq!(answer("nonsense").await.status, 403);
        let signed_in = answer(&recovery).await.with_status(200);
        assert_eq!(signed_in.headers.get_all("set-cookie").iter().count(), 2);
        let told = scene.acts("session.create").await;
        assert!(told.contains(&"succeeded identity:work and code".to_owned()), "{told:?}");
    }
}

#[tokio::test]
async fn the_page_to_sign_in_on_has_a_button_for_each_provider() {
    let mut scene = Scene::start().await;
    let page = scene.get("/sign-in?next=%2Fdevice%3Fa%3D%22b").send().await.with_status(200);
    assert!(page.text.contains("href=\"/sign-in/with/work?next=%2Fdevice%3Fa%3D%22b\""), "{}", page.text);
    assert!(page.text.contains("Sign in with Work"));
    let wrong = scene.harness.call(Method::POST, "/sign-in").header("origin", OURS);
    let wrong = wrong.body(FORM, form(&[("email", ADA), ("password", "wrong")])).send().await.with_status(401);
    assert!(wrong.text.contains("href=\"/sign-in/with/work\""), "{}", wrong.text);
    scene.harness.api.variables = Arc::new(variables());
    assert!(!scene.get("/sign-in").send().await.text.contains("/sign-in/with/"));
    let mut broken = variables();
    broken.insert("sign_in_providers".to_owned(), Secret::new("hunter2".to_owned()));
    scene.harness.api.variables = Arc::new(broken);
    let refused = scene.get("/sign-in").send().await.refused(503, "misconfigured");
    assert!(!refused.text.contains("hunter2"));
}

#[tokio::test]
async fn it_is_tried_so_often() {
    let mut scene = Scene::start().await;
    let mut few = variables();
    few.insert("credential_limits".to_owned(), Secret::new("sign-in-address=2/60".to_owned()));
    scene.harness.api.variables = Arc::new(few);
    for _ in 0..2 {
        let page = scene.get("/sign-in/with/nobody").send().await.with_status(404);
        assert!(page.is_page() && page.header("ratelimit").contains("sign-in-address"));
    }
    for path in ["/sign-in/with/nobody", "/sign-in/with/nobody/callback?state=x"] {
        let page = scene.get(path).send().await.with_status(429);
        assert!(page.is_page() && page.header("retry-after") == "30", "{}", page.text);
    }
}

#[tokio::test]
async fn so_many_accounts_are_made() {
    let mut scene = Scene::start().await;
    scene.limits = "sign-up-address=1/60 sign-in-address=1000/1".to_owned();
    scene.configure(&json!({ "sign_up": true }));
    for (subject, status) in [("s-1", 200), ("s-2", 429), ("s-1", 200)] {
        scene.say_email(subject, &format!("{subject}@example.com"), true);
        assert_eq!(scene.sign_in().await.status, status, "{subject}");
    }
    assert_eq!(scene.texts("SELECT subject AS text FROM identities").await, ["s-1"]);
}
