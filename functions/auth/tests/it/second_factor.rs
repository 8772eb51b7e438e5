//! A second factor: getting one, signing in with it, and getting rid of it.

use std::sync::Arc;
use std::time::Duration;

use bulkhead_function_auth::{describe, router};
use bulkhead_identity::make_reset_link;
use bulkhead_kernel::sql::sql;
use bulkhead_kernel::{Clock, CorrelationId, Secret};
use bulkhead_testkit::ManualClock;
use bulkhead_testkit::functions::{Answer, Harness, variables};
use http::Method;
use serde_json::{Value, json};

use crate::mails;

const PASSWORD: &str = "a horse, a battery, a staple";
const ADA: &str = "ada@example.com";
const OURS: &str = "https://bulkhead.example.com";
const STEP: Duration = Duration::from_secs(30);

struct Scene {
    harness: Harness,
    clock: Arc<ManualClock>,
    token: String,
}

impl Scene {
    async fn start() -> Self {
        let mut harness = Harness::start(router, describe()).await;
        let clock = Arc::new(ManualClock::at(harness.api.ports.now()));
        harness.api.ports.clock = clock.clone();
        let mut raised = variables();
        let limits = "second-factor-account=1000/1 sign-in-account=1000/1 sign-in-address=1000/1";
        raised.insert("credential_limits".to_owned(), Secret::new(limits.to_owned()));
        harness.api.variables = Arc::new(raised);
        let mut scene = Self { harness, clock, token: String::new() };
        let body = json!({
            "email": ADA, "password": PASSWORD, "name": "Ada",
            "organization": { "slug": "engines", "name": "Analytical Engines" },
        });
        let made = scene.open("sign-up", body).await.with_status(200);
        scene.token = made.json["access_token"].as_str().expect("a token").to_owned();
        scene
    }

    async fn open(&self, what: &str, body: Value) -> Answer {
        self.harness.call(Method::POST, &format!("/v1/auth/{what}")).json(&body).send().await
    }

    async fn ours(&self, what: &str, body: Value) -> Answer {
        let call = self.harness.call(Method::POST, &format!("/v1/auth/second-factor{what}"));
        call.key(&self.token).json(&body).send().await
    }

    async fn sign_in(&self) -> Answer {
        self.open("sign-in", json!({ "email": ADA, "password": PASSWORD })).await
    }

    async fn challenge(&self) -> String {
        let answer = self.sign_in().await.with_status(202);
        assert!(answer.json.get("access_token").is_none());
        answer.json["challenge"].as_str().expect("a challenge").to_owned()
    }

    async fn answer(&self, challenge: &str, code: &str) -> Answer {
        self.open("sign-in/second-factor", json!({ "challenge": challenge, "code": code })).await
    }

    async fn status(&self) -> Value {
        self.harness.call(Method::GET, "/v1/auth/second-factor").key(&self.token).send().await.json
    }

    /// The code of an authenticator, which is another implementation: the crate's own, from the secret's text.
    fn code(&self, secret: &str) -> String {
        let secret = totp_rs::Secret::try_from_base32(secret).expect("base 32");
        let seconds = u64::try_from(self.clock.now().as_millis() / 1000).expect("after 1970");
        totp_rs::Builder::new().with_secret(secret).build_noncompliant().generate(seconds).to_string()
    }

    /// Enrols and confirms: the secret, and the recovery codes.
    async fn enrolled(&self) -> (String, Vec<String>) {
        let enrolled = self.ours("", json!({ "password": PASSWORD })).await.with_status(200);
        let secret = enrolled.json["secret"].as_str().expect("a secret").to_owned();
        let confirmed = self.ours("/confirm", json!({ "code": self.code(&secret) })).await.with_status(200);
        let codes = confirmed.json["recovery_codes"].as_array().expect("codes");
        (secret, codes.iter().map(|code| code.as_str().expect("text").to_owned()).collect())
    }
}

#[tokio::test]
async fn whoever_confirms_an_authenticator_needs_its_codes() {
    let scene = Scene::start().await;
    scene.ours("", json!({ "password": "not the password" })).await.refused(401, "wrong-credentials");
    scene.ours("/confirm", json!({ "code": "000000" })).await.refused(409, "second-factor-state");
    let enrolled = scene.ours("", json!({ "password": PASSWORD })).await.with_status(200);
    let secret = enrolled.json["secret"].as_str().expect("a secret");
    let url = format!("otpauth://totp/Bulkhead:ada%40example.com?secret={secret}&issuer=Bulkhead");
    assert_eq!(enrolled.json["url"], url);
    // It asks for nothing before it is confirmed.
    assert_eq!(scene.sign_in().await.status, 200);
    scene.ours("/confirm", json!({ "code": "nonsense" })).await.refused(403, "wrong-code");
    let (secret, codes) = scene.enrolled().await;
    assert_eq!(codes.len(), 10);
    assert_eq!(scene.status().await, json!({ "enabled": true, "recovery_codes": 10 }));
    scene.ours("", json!({ "password": PASSWORD })).await.refused(409, "second-factor-state");
    scene.ours("/confirm", json!({ "code": scene.code(&secret) })).await.refused(409, "second-factor-state");
    let challenge = scene.challenge().await;
    scene.clock.advance(STEP);
    scene.answer(&challenge, "nonsense").await.refused(403, "wrong-code");
    let answer = scene.answer(&challenge, &scene.code(&secret)).await.with_status(200);
    let token = answer.json["access_token"].as_str().expect("a token");
    let listed = scene.harness.call(Method::GET, "/v1/auth/sessions").key(token).send().await;
    assert_eq!(listed.status, 200);
}

#[tokio::test]
async fn a_code_is_taken_once_and_so_is_a_challenge() {
    let scene = Scene::start().await;
    let (secret, _) = scene.enrolled().await;
    // The one that confirmed is used up.
    let challenge = scene.challenge().await;
    scene.answer(&challenge, &scene.code(&secret)).await.refused(403, "wrong-code");
    scene.clock.advance(STEP);
    let code = scene.code(&secret);
    assert_eq!(scene.answer(&challenge, &code).await.status, 200);
    scene.clock.advance(STEP);
    scene.answer(&challenge, &scene.code(&secret)).await.refused(400, "invalid-token");
    let challenge = scene.challenge().await;
    scene.answer(&challenge, &code).await.refused(403, "wrong-code");
    // Of many at once, one.
    let code = scene.code(&secret);
    let answers = futures::future::join_all((0..4).map(|_| scene.answer(&challenge, &code))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
}

#[tokio::test]
async fn a_challenge_ends_with_time_and_with_the_next_one() {
    let scene = Scene::start().await;
    let (secret, _) = scene.enrolled().await;
    scene.clock.advance(STEP);
    let (first, second) = (scene.challenge().await, scene.challenge().await);
    scene.answer(&first, &scene.code(&secret)).await.refused(400, "invalid-token");
    scene.clock.advance(Duration::from_secs(300));
    scene.answer(&second, &scene.code(&secret)).await.refused(400, "invalid-token");
    for text in ["", "bhc_", &format!("bhc_{}", "0".repeat(64)), &scene.token] {
        scene.answer(text, &scene.code(&secret)).await.refused(400, "invalid-token");
    }
    let third = scene.challenge().await;
    let body = json!({ "challenge": third, "code": scene.code(&secret), "organization": "ours" });
    scene.open("sign-in/second-factor", body).await.refused(403, "no-organization");
}

#[tokio::test]
async fn a_challenge_ends_with_the_password_that_it_came_of() {
    const OTHER: &str = "tram vole bin, and a lamp";
    let scene = Scene::start().await;
    let (secret, _) = scene.enrolled().await;
    scene.clock.advance(STEP);
    let challenge = scene.challenge().await;
    let body = json!({ "current_password": PASSWORD, "new_password": OTHER });
    scene.harness.call(Method::PUT, "/v1/auth/password").key(&scene.token).json(&body).send().await.with_status(204);
    scene.answer(&challenge, &scene.code(&secret)).await.refused(400, "invalid-token");

    let challenged = scene.open("sign-in", json!({ "email": ADA, "password": OTHER })).await.with_status(202);
    let challenge = challenged.json["challenge"].as_str().expect("a challenge");
    let (ports, email) = (&scene.harness.api.ports, ADA.parse().expect("an address"));
    let correlation = CorrelationId::parse("reset").expect("sane");
    let link = make_reset_link(ports, OURS, &email, "uid 0", &correlation).await.expect("makes").expect("a link");
    let (_, token) = link.expose().split_once("?token=").expect("a token");
    let body = json!({ "token": token, "new_password": PASSWORD });
    scene.open("password-reset/confirm", body).await.with_status(204);
    scene.answer(challenge, &scene.code(&secret)).await.refused(400, "invalid-token");
    let challenge = scene.challenge().await;
    scene.answer(&challenge, &scene.code(&secret)).await.with_status(200);
}

#[tokio::test]
async fn a_recovery_code_is_used_once() {
    let scene = Scene::start().await;
    let (_, codes) = scene.enrolled().await;
    let challenge = scene.challenge().await;
    assert_eq!(scene.answer(&challenge, &codes[0].to_uppercase()).await.status, 200);
    assert_eq!(scene.status().await["recovery_codes"], 9);
    let challenge = scene.challenge().await;
    scene.answer(&challenge, &codes[0]).await.refused(403, "wrong-code");
    assert_eq!(scene.answer(&challenge, &codes[1]).await.status, 200);
}

#[tokio::test]
async fn it_takes_password_and_code_to_get_rid_of_it() {
    let scene = Scene::start().await;
    scene.ours("/disable", json!({ "password": PASSWORD, "code": "000000" })).await.refused(409, "second-factor-state");
    let (secret, codes) = scene.enrolled().await;
    scene.clock.advance(STEP);
    let disable = |password: &str, code: &str| scene.ours("/disable", json!({ "password": password, "code": code }));
    disable("not the password", &scene.code(&secret)).await.refused(401, "wrong-credentials");
    disable(PASSWORD, "nonsense").await.refused(403, "wrong-code");
    assert_eq!(scene.sign_in().await.status, 202);
    let proven = sql("UPDATE users SET email_verified_at = 1 WHERE email = $1").bind(ADA);
    scene.harness.api.ports.sql.execute(proven).await.expect("changes");
    let told = mails::told(&scene.harness.api).await;
    assert!(told.iter().all(|(_, subject)| subject == "Confirm your address"), "{told:?}");
    assert_eq!(disable(PASSWORD, &scene.code(&secret)).await.status, 204);
    let letters = mails::all(&scene.harness.api).await;
    assert_eq!((letters.len(), letters[0].to.as_str()), (1, ADA));
    assert_eq!(letters[0].subject, "Your second factor was turned off");
    let account = format!("Your account at {OURS} is signed in to without a code");
    assert!(letters[0].text.starts_with(&account), "{}", letters[0].text);
    assert_eq!(scene.sign_in().await.status, 200);
    assert_eq!(scene.status().await, json!({ "enabled": false, "recovery_codes": 0 }));
    let (_, others) = scene.enrolled().await;
    let challenge = scene.challenge().await;
    scene.answer(&challenge, &codes[0]).await.refused(403, "wrong-code");
    assert_eq!(scene.answer(&challenge, &others[0]).await.status, 200);
}

#[tokio::test]
async fn codes_are_tried_so_often() {
    let mut scene = Scene::start().await;
    scene.enrolled().await;
    let challenge = scene.challenge().await;
    // What was taken before is given back.
    scene.clock.advance(Duration::from_secs(1));
    let mut few = variables();
    few.insert("credential_limits".to_owned(), Secret::new("second-factor-account=2/60".to_owned()));
    few.insert("identity_key".to_owned(), scene.harness.api.variable("identity_key").await.expect("a key"));
    scene.harness.api.variables = Arc::new(few);
    for _ in 0..2 {
        scene.answer(&challenge, "000000x").await.refused(403, "wrong-code");
    }
    let refused = scene.answer(&challenge, "000000x").await.refused(429, "too-many-requests");
    assert_eq!(refused.header("retry-after"), "30");
}

#[tokio::test]
async fn wrong_codes_are_told_and_nothing_secret_is_stored() {
    let scene = Scene::start().await;
    let (secret, codes) = scene.enrolled().await;
    let challenge = scene.challenge().await;
    scene.answer(&challenge, "000000x").await.refused(403, "wrong-code");
    let ports = &scene.harness.api.ports;
    let told = sql("SELECT reason FROM action_logs WHERE outcome = 'refused' AND reason = 'the code is wrong'")
        .across_tenants("a test");
    assert_eq!(ports.sql.query(told).await.expect("reads").len(), 1);
    let mut stored = String::new();
    for table in ["second_factors", "recovery_codes", "one_time_tokens", "action_logs"] {
        let rows =
            ports.sql.query(sql(format!("SELECT * FROM {table}")).across_tenants("a test")).await.expect("reads");
        assert!(!rows.is_empty(), "{table}");
        stored.extend(rows.iter().map(|row| format!("{:?}\n", row.values())));
    }
    for text in [&secret, &codes[0], &codes[0].replace('-', ""), &challenge] {
        assert!(!stored.contains(text.as_str()));
    }
}

#[tokio::test]
async fn the_page_asks_for_a_code_too() {
    let scene = Scene::start().await;
    let (secret, _) = scene.enrolled().await;
    let form = |path: &str, fields: &[(&str, &str)]| {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let call = scene.harness.call(Method::POST, path).header("origin", OURS);
        call.body("application/x-www-form-urlencoded", body).send()
    };
    let first = form("/sign-in", &[("email", ADA), ("password", PASSWORD), ("next", "/device")]).await;
    assert!(first.status == 200 && first.headers.get("set-cookie").is_none(), "{}", first.text);
    let challenge = first.text.split("name=\"challenge\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
    let challenge = challenge.expect("a challenge").to_owned();
    let answer = |code: String| {
        let fields = [("challenge", challenge.as_str()), ("code", &code), ("next", "/device")];
        form("/sign-in/second-factor", &fields)
    };
    let wrong = answer("nonsense".to_owned()).await;
    assert!(wrong.status == 403 && wrong.text.contains("role=\"alert\"") && wrong.text.contains(&challenge));
    scene.clock.advance(STEP);
    let right = answer(scene.code(&secret)).await;
    assert!(right.status == 200 && right.text.contains("url=/device"), "{}", right.text);
    assert_eq!(right.headers.get_all("set-cookie").iter().count(), 2);
    assert_eq!(answer(scene.code(&secret)).await.status, 400);
    let cross = scene.harness.call(Method::POST, "/sign-in/second-factor").header("origin", "https://evil.example");
    cross.body("application/x-www-form-urlencoded", "challenge=a&code=b").send().await.refused(403, "cross-site");
}
