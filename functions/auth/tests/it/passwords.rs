//! Which passwords are taken, and how one gets another.

use std::time::Duration;

use std::sync::Arc;

use bulkhead_function_auth::{describe, router};
use bulkhead_identity::{IdentityKey, Letter, MailTerms, claim_mail, mail_sent};
use bulkhead_kernel::sql::sql;
use bulkhead_testkit::ManualClock;
use bulkhead_testkit::functions::{Answer, Harness};
use http::Method;
use serde_json::{Value, json};

use crate::mails;

const PASSWORD: &str = "a horse, a battery, a staple";
const OTHER: &str = "tram vole bin, and a lamp";
const ADA: &str = "ada@example.com";
const OURS: &str = "https://bulkhead.example.com";
pub(crate) const TERMS: MailTerms = MailTerms { lease: Duration::from_secs(60), retry: Duration::from_secs(30) };

pub(crate) struct Scene {
    pub(crate) harness: Harness,
    pub(crate) clock: Arc<ManualClock>,
}

impl Scene {
    /// An account whose first mail has been read.
    pub(crate) async fn start() -> (Self, Answer) {
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

    pub(crate) async fn key(&self) -> IdentityKey {
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
    let confirm = |token: String| {
        let call = scene.harness.call(Method::POST, "/v1/auth/email-verification/confirm").key(access(&first));
        let body = json!({ "token": token });
        async move { call.json(&body).send().await }
    };
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
    scene.token().await;
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
async fn the_mail_alone_proves_nothing_for_who_made_the_account() {
    let (scene, first) = Scene::start().await;
    let token = scene.token().await;
    let eve = json!({
        "email": "eve@example.com", "password": PASSWORD, "name": "Eve", "organization": { "slug": "evil", "name": "Evil" },
    });
    let eve = scene.post("sign-up", eve).await.with_status(200);
    scene.mail().await.expect("her mail");
    let body = json!({ "token": token });
    let confirm = || scene.harness.call(Method::POST, "/v1/auth/email-verification/confirm").json(&body);
    confirm().send().await.refused(401, "unauthenticated");
    let other = confirm().key(access(&eve)).send().await.refused(400, "invalid-token");
    assert!(other.text.contains("another account"), "{}", other.text);
    confirm().key(&scene.harness.ours.key).send().await.refused(403, "sign-in-required");
    let set = async |client: &str| {
        let statement = sql(format!("UPDATE sessions SET client_id = {client}")).across_tenants("a test");
        scene.harness.api.ports.sql.execute(statement).await.expect("changes");
    };
    set("'client'").await;
    confirm().key(access(&first)).send().await.refused(403, "sign-in-required");
    set("NULL").await;
    let refused =
        scene.text("SELECT reason FROM action_logs WHERE action = 'email.verify' AND outcome = 'refused'").await;
    assert_eq!(refused.len(), 3, "{refused:?}");
    assert!(scene.text("SELECT id FROM users WHERE email_verified_at IS NOT NULL").await.is_empty());
    // Nothing of it was used up.
    confirm().key(access(&first)).send().await.with_status(204);
}

#[tokio::test]
async fn an_address_is_proven_on_the_page_of_whoever_is_signed_in() {
    let (scene, _) = Scene::start().await;
    let token = scene.token().await;
    let send = async |path: &str, cookie: Option<&str>, fields: &[(&str, &str)]| {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let call = scene.harness.call(Method::POST, path).header("origin", OURS);
        let call = if let Some(cookie) = cookie { call.header("cookie", cookie) } else { call };
        call.body("application/x-www-form-urlencoded", body).send().await
    };
    let show = async |cookie: Option<&str>| {
        let call = scene.harness.call(Method::GET, &format!("/verify-email?token={token}"));
        let call = if let Some(cookie) = cookie { call.header("cookie", cookie) } else { call };
        call.send().await.with_status(200)
    };
    let browser = async |email: &str| {
        let answer = send("/sign-in", None, &[("email", email), ("password", PASSWORD)]).await.with_status(200);
        let cookies = answer.headers.get_all("set-cookie").iter().map(|cookie| cookie.to_str().expect("text"));
        let pairs: Vec<_> = cookies.map(|cookie| cookie.split(';').next().expect("a pair").to_owned()).collect();
        let csrf = pairs[1].strip_prefix("__Host-csrf=").expect("the second cookie").to_owned();
        (pairs.join("; "), csrf)
    };
    let page = show(None).await;
    assert!(
        page.is_page() && page.text.contains("href=\"/sign-in?next=%2Fverify-email%3Ftoken%3Dbhv_"),
        "{}",
        page.text
    );
    assert!(!page.text.contains("<form") && page.text.contains("somebody else did"), "{}", page.text);
    let fields = |csrf: &str| [("csrf", csrf.to_owned()), ("token", token.clone())];
    let submit = async |cookie: Option<&str>, csrf: &str| {
        let fields = fields(csrf);
        let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        send("/verify-email", cookie, &fields).await
    };
    let redirect = submit(None, "x").await.with_status(303);
    assert!(redirect.header("location").starts_with("/sign-in?next=%2Fverify-email%3Ftoken%3Dbhv_"));
    let eve = json!({
        "email": "eve@example.com", "password": PASSWORD, "name": "Eve", "organization": { "slug": "evil", "name": "Evil" },
    });
    scene.post("sign-up", eve).await.with_status(200);
    let (eves, eves_csrf) = browser("eve@example.com").await;
    let other = submit(Some(&eves), &eves_csrf).await.with_status(400);
    assert!(other.is_page() && other.text.contains("another account"), "{}", other.text);

    let (cookie, csrf) = browser(ADA).await;
    let page = show(Some(&cookie)).await;
    for words in ["Ada Lovelace", ADA, "Analytical Engines", &token, &csrf] {
        assert!(page.text.contains(words), "{words}: {}", page.text);
    }
    submit(Some(&cookie), &eves_csrf).await.refused(403, "cross-site");
    assert!(scene.text("SELECT id FROM users WHERE email_verified_at IS NOT NULL").await.is_empty());
    assert!(submit(Some(&cookie), &csrf).await.with_status(200).text.contains("confirmed"));
    submit(Some(&cookie), &csrf).await.with_status(400);
    assert_eq!(scene.text("SELECT id FROM users WHERE email_verified_at IS NOT NULL").await.len(), 1);
}

#[tokio::test]
async fn whoever_has_a_proven_address_is_told_of_a_new_password() {
    for proven in [true, false] {
        let (scene, first) = Scene::start().await;
        scene.mail().await.expect("the first mail");
        if proven {
            let statement = sql("UPDATE users SET email_verified_at = 1 WHERE email = $1").bind(ADA);
            scene.harness.api.ports.sql.execute(statement).await.expect("changes");
        }
        let told: &[&str] = if proven { &["Your password was changed"] } else { &[] };
        let subjects = async || {
            let letters = mails::told(&scene.harness.api).await;
            assert!(letters.iter().all(|(to, _)| to == ADA), "{letters:?}");
            letters.into_iter().map(|(_, subject)| subject).collect::<Vec<_>>()
        };
        scene.change(access(&first), "not the password", OTHER).await.refused(401, "wrong-credentials");
        assert!(subjects().await.is_empty());
        assert_eq!(scene.change(access(&first), PASSWORD, OTHER).await.status, 204);
        assert_eq!(subjects().await, told);
        let token = scene.ask_for_reset().await;
        scene.reset(&token, "password1234").await.refused(422, "invalid-body");
        assert!(subjects().await.is_empty());
        assert_eq!(scene.reset(&token, PASSWORD).await.status, 204);
        assert_eq!(subjects().await, told);
        // Mail to our own machine reaches nobody.
        let session = scene.sign_in(PASSWORD).await;
        let local = sql("UPDATE users SET email = 'ada@localhost' WHERE email = $1").bind(ADA);
        scene.harness.api.ports.sql.execute(local).await.expect("changes");
        assert_eq!(scene.change(access(&session), PASSWORD, OTHER).await.status, 204);
        assert!(subjects().await.is_empty());
    }
}

/// What Ada's account has beyond itself: an account elsewhere, an invitation, and a service account's key.
const BEYOND: [&str; 7] = [
    "INSERT INTO projects (id, organization_id, slug, name, description, created_at) \
     SELECT 'p', m.organization_id, 'p', 'P', '', 1 \
     FROM memberships m JOIN users u ON u.id = m.user_id WHERE u.email = 'ada@example.com'",
    "INSERT INTO connections (id, organization_id, connector, project_id, label, auth_type, authority, status, refreshable, \
     version, cleanup_attempts, created_by, created_at, updated_at) \
     SELECT 'd', m.organization_id, 'mine', 'p', 'work', 'api_key', '', 'active', 0, 1, 0, m.user_id, 1, 1 \
     FROM memberships m JOIN users u ON u.id = m.user_id WHERE u.email = 'ada@example.com'",
    "INSERT INTO connections (id, organization_id, connector, user_id, label, auth_type, authority, status, refreshable, \
     version, cleanup_attempts, created_by, created_at, updated_at) \
     SELECT 'c', m.organization_id, 'mine', m.user_id, 'work', 'api_key', '', 'active', 0, 1, 0, m.user_id, 1, 1 \
     FROM memberships m JOIN users u ON u.id = m.user_id WHERE u.email = 'ada@example.com'",
    "INSERT INTO invitations (id, organization_id, email, role, token_hash, invited_by, created_at, expires_at) \
     SELECT 'i', m.organization_id, 'eve@example.com', 'owner', 'i', m.user_id, 1, 9000000000000 \
     FROM memberships m JOIN users u ON u.id = m.user_id WHERE u.email = 'ada@example.com'",
    "INSERT INTO users (id, kind, name, created_at, updated_at) VALUES ('s', 'service', 'CI', 1, 1)",
    "INSERT INTO memberships (organization_id, user_id, role, created_at) SELECT organization_id, 's', 'admin', 1 \
     FROM memberships m JOIN users u ON u.id = m.user_id WHERE u.email = 'ada@example.com'",
    "INSERT INTO api_keys (id, organization_id, user_id, name, prefix, hash, created_at) \
     SELECT 'k', organization_id, user_id, 'x', 'k', 'k', 1 FROM memberships WHERE user_id = 's'",
];

#[tokio::test]
async fn what_would_bring_the_stranger_back_ends_too() {
    const OWNER: &str = "INSERT INTO memberships (organization_id, user_id, role, created_at) \
         SELECT m.organization_id, o.id, 'owner', 1 FROM memberships m JOIN users u ON u.id = m.user_id, users o \
         WHERE u.email = 'ada@example.com' AND o.name = 'ours'";
    for (before, left) in [
        ("UPDATE users SET email_verified_at = NULL", &[][..]),
        // Others depend on it, who can look after it.
        (OWNER, &["shared", "key"][..]),
        ("UPDATE users SET email_verified_at = 1", &["connection", "shared", "invitation", "key"]),
    ] {
        let (scene, _) = Scene::start().await;
        for text in BEYOND.iter().copied().chain([before]) {
            scene.harness.api.ports.sql.execute(sql(text).across_tenants("a test")).await.expect("changes");
        }
        let token = scene.ask_for_reset_after_verification().await;
        assert_eq!(scene.reset(&token, OTHER).await.status, 204);
        let rows = "SELECT 'connection' AS what FROM connections WHERE id = 'c' AND status <> 'revoked' \
                    UNION ALL SELECT 'shared' FROM connections WHERE id = 'd' AND status <> 'revoked' \
                    UNION ALL SELECT 'invitation' FROM invitations WHERE id = 'i' AND revoked_at IS NULL \
                    UNION ALL SELECT 'key' FROM api_keys WHERE id = 'k' AND revoked_at IS NULL";
        let rows = scene.harness.api.ports.sql.query(sql(rows).across_tenants("a test")).await.expect("reads");
        let rows: Vec<String> = rows.iter().map(|row| row.get("what").expect("text")).collect();
        assert_eq!(rows, left, "{before}");
        // Nobody else's are touched.
        let theirs = "SELECT id FROM api_keys WHERE name = 'test' AND revoked_at IS NOT NULL";
        assert!(scene.text(theirs).await.is_empty());
    }
}
