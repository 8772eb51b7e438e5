//! A person with an account, a device, and a clock, on each database.

use std::sync::Arc;
use std::time::Duration;

use bulkhead_function_auth::{describe, router};
use bulkhead_kernel::sql::sql;
use bulkhead_kernel::{Clock, Secret};
use bulkhead_testkit::ManualClock;
use bulkhead_testkit::functions::{Answer, Fixture, Harness, variables};
use http::Method;
use serde_json::{Value, json};

use super::authenticator::Authenticator;

pub(crate) const PASSWORD: &str = "a horse, a battery, a staple";
pub(crate) const ADA: &str = "ada@example.com";
pub(crate) const OURS: &str = "https://bulkhead.example.com";
pub(crate) const ROOMY: &str = "second-factor-account=1000/1 sign-in-account=1000/1 sign-in-address=1000/1";

pub(crate) struct Scene {
    pub(crate) harness: Harness,
    pub(crate) clock: Arc<ManualClock>,
    /// Ada's access token.
    pub(crate) token: String,
}

impl Scene {
    /// One on SQLite, one on PostgreSQL.
    pub(crate) async fn both() -> [Self; 2] {
        let sqlite = Harness::start(router, describe()).await;
        let mut postgres = Harness::start(router, describe()).await;
        let fixture = Fixture::start_on_postgres(Arc::new(ManualClock::default())).await;
        postgres.api.ports = fixture.ports.clone();
        // The fixture's own clock stands still in another year.
        postgres.api.ports.clock = sqlite.api.ports.clock.clone();
        [Self::on(sqlite).await, Self::on(postgres).await]
    }

    async fn on(mut harness: Harness) -> Self {
        let clock = Arc::new(ManualClock::at(harness.api.ports.now()));
        harness.api.ports.clock = clock.clone();
        let mut scene = Self { harness, clock, token: String::new() };
        scene.set(&[("credential_limits", ROOMY)]);
        scene.token = scene.sign_up(ADA, "engines").await;
        scene
    }

    /// Changes variables of the installation.
    pub(crate) fn set(&mut self, changes: &[(&str, &str)]) {
        let before = self.harness.api.variables.clone();
        let mut changed = variables();
        for name in ["identity_key", "signing_keys", "token_keys", "public_url", "credential_limits"] {
            let value = futures::executor::block_on(before.get(name)).expect("a variable");
            changed.insert(name.to_owned(), value);
        }
        for (name, value) in changes {
            changed.insert((*name).to_owned(), Secret::new((*value).to_owned()));
        }
        self.harness.api.variables = Arc::new(changed);
    }

    pub(crate) async fn sign_up(&self, email: &str, slug: &str) -> String {
        let body = json!({
            "email": email, "password": PASSWORD, "name": "Ada",
            "organization": { "slug": slug, "name": "Analytical Engines" },
        });
        token(&self.post("sign-up", body).await.with_status(200))
    }

    pub(crate) async fn post(&self, what: &str, body: Value) -> Answer {
        self.harness.call(Method::POST, &format!("/v1/auth/{what}")).json(&body).send().await
    }

    /// The same with a credential.
    pub(crate) async fn by(&self, token: &str, method: Method, what: &str, body: Option<Value>) -> Answer {
        let call = self.harness.call(method, &format!("/v1/auth/{what}")).key(token);
        match body {
            Some(body) => call.json(&body).send().await,
            None => call.send().await,
        }
    }

    pub(crate) async fn ours(&self, method: Method, what: &str, body: Option<Value>) -> Answer {
        self.by(&self.token, method, what, body).await
    }

    /// What a registration begins with.
    pub(crate) async fn begun(&self) -> Value {
        self.ours(Method::POST, "passkeys/options", Some(json!({ "password": PASSWORD }))).await.with_status(200).json
    }

    pub(crate) async fn register(&self, begun: &Value, credential: &Value) -> Answer {
        let body = json!({ "ceremony": begun["ceremony"], "name": "Key", "credential": credential });
        self.ours(Method::POST, "passkeys", Some(body)).await
    }

    /// A device makes a passkey; its id.
    pub(crate) async fn add(&self, device: &mut Authenticator) -> String {
        let begun = self.begun().await;
        let credential = self.create(device, &begun["publicKey"]);
        let made = self.register(&begun, &credential).await.with_status(201);
        made.json["id"].as_str().expect("an id").to_owned()
    }

    pub(crate) fn create(&self, device: &mut Authenticator, options: &Value) -> Value {
        device.create(OURS, options, self.harness.api.ports.entropy.as_ref()).expect("a passkey")
    }

    /// What a sign-in begins with.
    pub(crate) async fn asked(&self) -> Value {
        let call = self.harness.call(Method::POST, "/v1/auth/sign-in/passkey/options");
        call.send().await.with_status(200).json
    }

    pub(crate) async fn answer(&self, asked: &Value, credential: &Value) -> Answer {
        let body = json!({ "ceremony": asked["ceremony"], "credential": credential });
        self.post("sign-in/passkey", body).await
    }

    pub(crate) async fn sign_in(&self, device: &mut Authenticator) -> Answer {
        let asked = self.asked().await;
        let credential = device.get(OURS, &asked["publicKey"]).expect("an answer");
        self.answer(&asked, &credential).await
    }

    pub(crate) async fn passkeys(&self) -> Vec<Value> {
        let listed = self.ours(Method::GET, "passkeys", None).await.with_status(200);
        listed.json["items"].as_array().expect("items").clone()
    }

    /// How often something was refused for this reason.
    pub(crate) async fn refusals(&self, action: &str, reason: &str) -> usize {
        let statement = sql("SELECT id FROM action_logs WHERE outcome = 'refused' AND action = $1 AND reason = $2")
            .bind(action)
            .bind(reason)
            .across_tenants("a test");
        self.harness.api.ports.sql.query(statement).await.expect("reads").len()
    }

    pub(crate) async fn execute(&self, text: &'static str) {
        self.harness.api.ports.sql.execute(sql(text).across_tenants("a test")).await.expect("executes");
    }

    pub(crate) async fn rows(&self, text: &'static str) -> Vec<String> {
        let rows = self.harness.api.ports.sql.query(sql(text).across_tenants("a test")).await.expect("reads");
        rows.iter().map(|row| format!("{:?}", row.values())).collect()
    }

    pub(crate) fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    /// Enrols an authenticator for codes; its secret.
    pub(crate) async fn enrol_totp(&self) -> String {
        let enrolled = self.ours(Method::POST, "second-factor", Some(json!({ "password": PASSWORD }))).await;
        let secret = enrolled.with_status(200).json["secret"].as_str().expect("a secret").to_owned();
        let code = json!({ "code": self.code(&secret) });
        self.ours(Method::POST, "second-factor/confirm", Some(code)).await.with_status(200);
        self.advance(30);
        secret
    }

    pub(crate) fn code(&self, secret: &str) -> String {
        let secret = totp_rs::Secret::try_from_base32(secret).expect("base 32");
        let seconds = u64::try_from(self.clock.now().as_millis() / 1000).expect("after 1970");
        totp_rs::Builder::new().with_secret(secret).build_noncompliant().generate(seconds).to_string()
    }
}

/// The access token of an answer.
pub(crate) fn token(answer: &Answer) -> String {
    answer.json["access_token"].as_str().expect("a token").to_owned()
}
