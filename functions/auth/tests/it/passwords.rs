//! Which passwords are taken, and how one gets another.

use std::time::Duration;

use std::sync::Arc;

use bulkhead_function_auth::{describe, router};
use bulkhead_identity::{IdentityKey, Letter, MailError, MailTerms, claim_mail, expired_mail, mail_failed, mail_sent};
use bulkhead_kernel::sql::sql;
use bulkhead_testkit::ManualClock;
use bulkhead_testkit::functions::{Answer, Harness};
use http::Method;
use serde_json::{Value, json};

const PASSWORD: &str = "a horse, a battery, a staple";
const OTHER: &str = "tram vole bin, and a lamp";
const ADA: &str = "ada@example.com";
const OURS: &str = "https://bulkhead.example.com";
const TERMS: MailTerms = MailTerms { lease: Duration::from_secs(60), retry: Duration::from_secs(30) };

struct Scene {
    harness: Harness,
    clock: Arc<ManualClock>,
}

impl Scene {
    /// An account whose first mail has been read.
    async fn start() -> (Self, Answer) {
        let mut harness = Harness::start(router, describe()).await;
        let clock = Arc::new(ManualClock::at(harness.api.ports.now()));
        harness.api.ports.clock = clock.clone();
        let scene = Self { harness, clock };
        let made = scene.post("sign-up", account(PASSWORD)).await.with_status(200);
        (scene, made)
    }

    async fn post(&self, what: &str, body: Value) -> Answer {
        self.harness.call(Method::POST, &format!("/v1/auth/{what}")).json(&body).send().await
    }

    async fn sign_in(&self, password: &str) -> Answer {
        self.post("sign-in", json!({ "email": ADA, "password": password })).await
    }

    async fn change(&self, token: &str, current: &str, new: &str) -> Answer {
        let body = json!({ "current_password": current, "new_password": new });
        self.harness.call(Method::PUT, "/v1/auth/password").key(token).json(&body).send().await
    }

    async fn key(&self) -> IdentityKey {
        self.harness.api.identity_key().await.expect("a key")
    }

    /// The next mail, which is sent by that.
    async fn mail(&self) -> Option<Letter> {
        let due = claim_mail(&self.harness.api.ports, &self.key().await, &TERMS).await.expect("an outbox")?;
        mail_sent(&self.harness.api.ports, &due).await.expect("is sent");
        Some(due.letter)
    }

    /// The token of the next mail.
    async fn token(&self) -> String {
        let letter = self.mail().await.expect("a mail");
        assert_eq!(letter.to, ADA);
        letter.text.split("?token=").nth(1).and_then(|rest| rest.lines().next()).expect("a link").to_owned()
    }

    async fn ask_for_reset(&self) -> String {
        assert_eq!(self.post("password-reset", json!({ "email": "ADA@example.com" })).await.status, 202);
        self.token().await
    }

    async fn reset(&self, token: &str, new: &str) -> Answer {
        self.post("password-reset/confirm", json!({ "token": token, "new_password": new })).await
    }

    async fn text(&self, query: &'static str) -> Vec<String> {
        let rows = self.harness.api.ports.sql.query(sql(query).across_tenants("a test")).await.expect("reads");
        rows.iter().map(|row| format!("{:?}", row.values())).collect()
    }
}

fn account(password: &str) -> Value {
    json!({
        "email": ADA, "password": password, "name": "Ada Lovelace",
        "organization": { "slug": "engines", "name": "Analytical Engines" },
    })
}

fn access(answer: &Answer) -> &str {
    answer.json["access_token"].as_str().expect("an access token")
}

#[tokio::test]
async fn an_account_needs_a_password_that_nobody_guesses() {
    let scene = Scene { harness: Harness::start(router, describe()).await, clock: Arc::default() };
    for password in ["password1234", "AdaLovelace1", "short"] {
        let refused = scene.post("sign-up", account(password)).await.refused(422, "invalid-body");
        assert_eq!(refused.faults(), ["/password"]);
        assert!(!refused.text.contains(password));
    }
}

#[tokio::test]
async fn whoever_knows_the_password_changes_it_and_other_sessions_end() {
    let (scene, first) = Scene::start().await;
    let second = scene.sign_in(PASSWORD).await;
    scene.change(access(&first), "not the password", OTHER).await.refused(401, "wrong-credentials");
    let refused = scene.change(access(&first), PASSWORD, "password1234").await.refused(422, "invalid-body");
    assert_eq!(refused.faults(), ["/new_password"]);
    let stale = scene.ask_for_reset_after_verification().await;
    assert_eq!(scene.change(access(&first), PASSWORD, OTHER).await.status, 204);
    scene.sign_in(PASSWORD).await.refused(401, "wrong-credentials");
    assert_eq!(scene.sign_in(OTHER).await.status, 200);
    scene.change(access(&second), OTHER, PASSWORD).await.refused(401, "unauthenticated");
    scene.reset(&stale, PASSWORD).await.refused(400, "invalid-token");
    assert_eq!(scene.change(access(&first), OTHER, PASSWORD).await.status, 204);
    let entries = scene.text("SELECT outcome FROM action_logs WHERE action = 'password.change'").await;
    assert_eq!(entries.len(), 2);
    // Whoever has no password changes none.
    scene.change(&scene.harness.ours.key, PASSWORD, OTHER).await.refused(401, "wrong-credentials");
}

impl Scene {
    async fn ask_for_reset_after_verification(&self) -> String {
        assert!(self.mail().await.is_some_and(|letter| letter.subject == "Confirm your address"));
        self.ask_for_reset().await
    }
}

#[tokio::test]
async fn whoever_gets_the_mail_chooses_another_password_once() {
    let (scene, first) = Scene::start().await;
    let token = scene.ask_for_reset_after_verification().await;
    scene.reset(&token, "password1234").await.refused(422, "invalid-body");
    assert_eq!(scene.reset(&token, OTHER).await.status, 204);
    scene.reset(&token, PASSWORD).await.refused(400, "invalid-token");
    scene.sign_in(PASSWORD).await.refused(401, "wrong-credentials");
    assert_eq!(scene.sign_in(OTHER).await.status, 200);
    scene.change(access(&first), OTHER, PASSWORD).await.refused(401, "unauthenticated");
    assert_eq!(scene.text("SELECT id FROM users WHERE email_verified_at IS NOT NULL").await.len(), 1);
    assert_eq!(scene.text("SELECT id FROM action_logs WHERE action = 'password.reset'").await.len(), 1);
}

/// Ways into Ada's account besides her password.
const WAYS_IN: [&str; 5] = [
    "INSERT INTO second_factors (user_id, sealed, last_step, created_at) SELECT id, CAST('x' AS BLOB), 0, 1 FROM users \
     WHERE email = 'ada@example.com'",
    "INSERT INTO recovery_codes (hash, user_id, created_at) SELECT 'x', id, 1 FROM users WHERE email = 'ada@example.com'",
    "INSERT INTO identities (id, user_id, provider, issuer, subject, created_at) \
     SELECT 'x', id, 'work', 'https://id.example.com', 'x', 1 FROM users WHERE email = 'ada@example.com'",
    "INSERT INTO passkeys (id, user_id, name, credential_id, public_key, state, sign_count, backed_up, transports, created_at) \
     SELECT 'x', id, 'Key', 'x', CAST('x' AS BLOB), CAST('x' AS BLOB), 0, FALSE, 0, 1 FROM users \
     WHERE email = 'ada@example.com'",
    "INSERT INTO api_keys (id, organization_id, user_id, name, prefix, hash, created_at) \
     SELECT 'x', m.organization_id, m.user_id, 'x', 'x', 'x', 1 FROM memberships m JOIN users u ON u.id = m.user_id \
     WHERE u.email = 'ada@example.com'",
];

#[tokio::test]
async fn whoever_took_a_strangers_address_keeps_no_way_in_when_its_owner_comes() {
    for verified in [false, true] {
        let (scene, _) = Scene::start().await;
        let execute = async |text: &'static str| {
            scene.harness.api.ports.sql.execute(sql(text).across_tenants("a test")).await.expect("changes");
        };
        if verified {
            execute("UPDATE users SET email_verified_at = 1 WHERE email = 'ada@example.com'").await;
        }
        for text in WAYS_IN {
            execute(text).await;
        }
        let token = scene.ask_for_reset_after_verification().await;
        assert_eq!(scene.reset(&token, OTHER).await.status, 204);
        let left = scene
            .text(
                "SELECT 'second factor' FROM second_factors UNION ALL SELECT 'code' FROM recovery_codes \
                 UNION ALL SELECT 'identity' FROM identities UNION ALL SELECT 'passkey' FROM passkeys \
                 UNION ALL SELECT 'key' FROM api_keys WHERE id = 'x' AND revoked_at IS NULL",
            )
            .await;
        assert_eq!(left.len(), if verified { WAYS_IN.len() } else { 0 }, "{left:?}");
    }
}

#[tokio::test]
async fn of_many_who_use_a_token_at_once_one_does() {
    let (scene, _) = Scene::start().await;
    let token = scene.ask_for_reset_after_verification().await;
    let answers = futures::future::join_all((0..4).map(|_| scene.reset(&token, OTHER))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 204).count(), 1);
}

#[tokio::test]
async fn a_token_ends_with_time_with_the_next_one_and_with_the_address() {
    let (scene, _) = Scene::start().await;
    let first = scene.ask_for_reset_after_verification().await;
    let second = scene.ask_for_reset().await;
    scene.reset(&first, OTHER).await.refused(400, "invalid-token");
    scene.clock.advance(Duration::from_secs(30 * 60));
    scene.reset(&second, OTHER).await.refused(400, "invalid-token");
    let third = scene.ask_for_reset().await;
    scene
        .harness
        .api
        .ports
        .sql
        .execute(sql("UPDATE users SET email = 'b@example.com' WHERE email = $1").bind(ADA))
        .await
        .expect("changes");
    scene.reset(&third, OTHER).await.refused(400, "invalid-token");
    for token in ["", "bhp_", &format!("bhp_{}", "0".repeat(64)), &third.replace("bhp_", "bhv_")] {
        scene.reset(token, OTHER).await.refused(400, "invalid-token");
    }
}

#[tokio::test]
async fn nobody_learns_who_has_an_account() {
    let (scene, _) = Scene::start().await;
    scene.mail().await.expect("the first mail");
    let known = scene.post("password-reset", json!({ "email": ADA })).await;
    let unknown = scene.post("password-reset", json!({ "email": "nobody@example.com" })).await;
    assert_eq!((known.status, &known.text), (unknown.status, &unknown.text));
    scene.mail().await.expect("one mail");
    assert!(scene.mail().await.is_none());
    scene.post("password-reset", json!({ "email": "nobody" })).await.refused(422, "invalid-body");
    for _ in 0..4 {
        for email in [ADA, "nobody@example.com"] {
            assert_eq!(scene.post("password-reset", json!({ "email": email })).await.status, 202);
        }
    }
    for email in [ADA, "nobody@example.com"] {
        scene.post("password-reset", json!({ "email": email })).await.refused(429, "too-many-requests");
    }
}

#[tokio::test]
async fn the_database_holds_no_token_that_works() {
    let (scene, _) = Scene::start().await;
    let rows = [scene.text("SELECT * FROM mails").await, scene.text("SELECT * FROM one_time_tokens").await]
        .concat()
        .join("\n");
    let token = scene.token().await;
    assert!(rows.contains("Blob") && !rows.contains(&token) && !rows.contains(&token[4..]));
    assert!(!rows.contains("bhv_"));
    // Nothing of a mail that was sent is left.
    assert!(scene.text("SELECT * FROM mails").await.is_empty());
}

#[tokio::test]
async fn an_address_is_proven_by_the_mail_that_it_got() {
    let (scene, first) = Scene::start().await;
    let ask = || scene.harness.call(Method::POST, "/v1/auth/email-verification").key(access(&first)).send();
    let confirm = |token: String| scene.post("email-verification/confirm", json!({ "token": token }));
    let before = scene.token().await;
    assert_eq!(ask().await.status, 202);
    confirm(before).await.refused(400, "invalid-token");
    let token = scene.token().await;
    confirm(token.replace("bhv_", "bhp_")).await.refused(400, "invalid-token");
    assert_eq!(confirm(token.clone()).await.status, 204);
    confirm(token).await.refused(400, "invalid-token");
    assert_eq!(scene.text("SELECT id FROM users WHERE email_verified_at IS NOT NULL").await.len(), 1);
    // It needs no other mail.
    assert_eq!(ask().await.status, 202);
    assert!(scene.mail().await.is_none());
    scene.harness.call(Method::POST, "/v1/auth/email-verification").send().await.refused(401, "unauthenticated");
}

#[tokio::test]
async fn the_links_lead_to_pages_that_use_nothing_up_by_themselves() {
    let (scene, _) = Scene::start().await;
    let form = |path: &str, fields: &[(&str, &str)]| {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        scene
            .harness
            .call(Method::POST, path)
            .header("origin", OURS)
            .body("application/x-www-form-urlencoded", body)
            .send()
    };
    let token = scene.token().await;
    let page = scene.harness.call(Method::GET, &format!("/verify-email?token={token}")).send().await;
    assert!(page.is_page() && page.text.contains(&token));
    assert_eq!(form("/verify-email", &[("token", &token)]).await.status, 200);
    assert_eq!(form("/verify-email", &[("token", &token)]).await.status, 400);
    let token = scene.ask_for_reset().await;
    let page = scene.harness.call(Method::GET, &format!("/reset-password?token={token}")).send().await;
    assert!(page.text.contains(&token) && page.text.contains("new-password"));
    let weak = form("/reset-password", &[("token", &token), ("new_password", "password1234")]).await;
    assert!(weak.status == 422 && weak.text.contains("role=\"alert\"") && !weak.text.contains("password1234"));
    assert_eq!(form("/reset-password", &[("token", &token), ("new_password", OTHER)]).await.status, 200);
    assert_eq!(form("/reset-password", &[("token", &token), ("new_password", OTHER)]).await.status, 400);
    let cross = scene.harness.call(Method::POST, "/reset-password").header("origin", "https://evil.example");
    cross.body("application/x-www-form-urlencoded", "token=a&new_password=b").send().await.refused(403, "cross-site");
    assert_eq!(scene.sign_in(OTHER).await.status, 200);
}

#[tokio::test]
async fn a_mail_is_leased_tried_again_and_thrown_away_in_time() {
    let (scene, _) = Scene::start().await;
    let (ports, key) = (&scene.harness.api.ports, scene.key().await);
    let claim = async || claim_mail(ports, &key, &TERMS).await.expect("an outbox");
    let due = claim().await.expect("a mail");
    assert!(claim().await.is_none(), "somebody has it");
    scene.clock.advance(TERMS.lease);
    let again = claim().await.expect("the lease has ended");
    assert_eq!((again.id, again.attempts), (due.id, 2));
    // Whose lease has ended has no say.
    mail_failed(ports, &due, &TERMS).await.expect("writes");
    assert_eq!(mail_failed(ports, &again, &TERMS).await, Ok(TERMS.retry * 2));
    scene.clock.advance(TERMS.retry * 2 - Duration::from_millis(1));
    assert!(claim().await.is_none());
    scene.clock.advance(Duration::from_millis(1));
    assert_eq!(claim().await.expect("its time has come").attempts, 3);
    scene.clock.advance(Duration::from_secs(24 * 60 * 60));
    assert!(claim().await.is_none());
    assert_eq!(expired_mail(ports).await, Ok(1));
    assert_eq!(expired_mail(ports).await, Ok(0));
}

#[tokio::test]
async fn another_key_opens_no_mail() {
    let (scene, _) = Scene::start().await;
    let other = IdentityKey::generate(scene.harness.api.ports.entropy.as_ref());
    let error = claim_mail(&scene.harness.api.ports, &other, &TERMS).await.expect_err("another key");
    assert!(matches!(error, MailError::Unreadable(..)), "{error}");
}
