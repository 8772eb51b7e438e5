//! A function, an issuer, and a browser between them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bulkhead_function_auth::{describe, router};
use bulkhead_kernel::sql::sql;
use bulkhead_kernel::{Clock as _, Secret};
use bulkhead_testkit::fake_http::json_response;
use bulkhead_testkit::functions::{Answer, Call, Fixture, Harness, variables};
use bulkhead_testkit::{FakeHttp, ManualClock};
use ed25519_dalek::{Signer as _, SigningKey};
use http::Method;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

pub(crate) const OURS: &str = "https://bulkhead.example.com";
pub(crate) const PASSWORD: &str = "a horse, a battery, a staple";
pub(crate) const FORM: &str = "application/x-www-form-urlencoded";

/// No two scenes have the same issuer: the function remembers what one has said.
static ISSUERS: AtomicUsize = AtomicUsize::new(0);

/// What an issuer says.
#[derive(Clone)]
pub(crate) struct Says {
    /// Over the usual claims of its ID token.
    pub(crate) claims: Value,
    /// Over the usual header of its ID token.
    pub(crate) header: Value,
    /// Over the usual answer of its token endpoint.
    pub(crate) tokens: Value,
    /// Over its metadata.
    pub(crate) metadata: Value,
    pub(crate) userinfo: Value,
    pub(crate) key: SigningKey,
    /// The key that it says it signs with, and its id.
    pub(crate) published: (SigningKey, &'static str),
    /// The status of every answer.
    pub(crate) status: u16,
}

pub(crate) struct Scene {
    pub(crate) harness: Harness,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) issuer: String,
    pub(crate) says: Arc<Mutex<Says>>,
    pub(crate) http: Arc<FakeHttp>,
    pub(crate) limits: String,
}

/// A browser that was sent to the issuer.
pub(crate) struct Sent {
    pub(crate) cookie: String,
    pub(crate) query: HashMap<String, String>,
}

fn merge(mut value: Value, over: &Value) -> Value {
    for (name, changed) in over.as_object().into_iter().flatten() {
        value[name] = changed.clone();
    }
    value
}

pub(crate) fn form(fields: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

fn b64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub(crate) fn sign(key: &SigningKey, header: &Value, claims: &Value) -> String {
    let message = format!("{}.{}", b64(header.to_string()), b64(claims.to_string()));
    format!("{message}.{}", b64(key.sign(message.as_bytes()).to_bytes()))
}

impl Scene {
    /// Over SQLite, and over PostgreSQL.
    pub(crate) async fn on_both() -> [Self; 2] {
        [Self::start().await, Self::start_on_postgres().await]
    }

    pub(crate) async fn start() -> Self {
        let harness = Harness::start(router, describe()).await;
        let clock = Arc::new(ManualClock::at(harness.api.ports.now()));
        Self::over(harness, clock).await
    }

    async fn start_on_postgres() -> Self {
        let mut harness = Harness::start(router, describe()).await;
        let clock = Arc::new(ManualClock::at(harness.api.ports.now()));
        harness.api.ports = Fixture::start_on_postgres(clock.clone()).await.ports;
        Self::over(harness, clock).await
    }

    async fn over(mut harness: Harness, clock: Arc<ManualClock>) -> Self {
        harness.api.ports.clock = clock.clone();
        let issuer = format!("https://id{}.example.com", ISSUERS.fetch_add(1, Ordering::Relaxed));
        let says = Says {
            claims: json!({}),
            header: json!({}),
            tokens: json!({}),
            metadata: json!({}),
            userinfo: json!({}),
            key: SigningKey::from_bytes(&[7; 32]),
            published: (SigningKey::from_bytes(&[7; 32]), "k"),
            status: 200,
        };
        let says = Arc::new(Mutex::new(says));
        let http = Arc::new(FakeHttp::new({
            let (says, issuer, clock) = (says.clone(), issuer.clone(), clock.clone());
            move |request| {
                let says = says.lock().expect("no test panics here").clone();
                Ok(json_response(says.status, answer(&says, &issuer, &clock, request.uri().path()).to_string()))
            }
        }));
        harness.api.http = http.clone();
        let limits = "sign-in-address=1000/1 sign-in-account=1000/1 second-factor-account=1000/1".to_owned();
        let mut scene = Self { harness, clock, issuer, says, http, limits };
        scene.configure(&json!({}));
        scene
    }

    /// Sets the provider `work`, with these members besides the usual ones.
    pub(crate) fn configure(&mut self, over: &Value) {
        let usual = json!({
            "slug": "work", "name": "Work", "kind": "oidc", "issuer": self.issuer, "client_id": "the-client",
            "client_secret": "the-client-secret",
        });
        self.configure_all(&json!([merge(usual, over)]));
    }

    pub(crate) fn configure_all(&mut self, providers: &Value) {
        let mut set = variables();
        set.insert("sign_in_providers".to_owned(), Secret::new(providers.to_string()));
        set.insert("credential_limits".to_owned(), Secret::new(self.limits.clone()));
        // The same keys as before, so that what was begun can be ended.
        static KEYS: std::sync::OnceLock<[(&str, Secret); 3]> = std::sync::OnceLock::new();
        let keys =
            KEYS.get_or_init(|| ["identity_key", "signing_keys", "token_keys"].map(|name| (name, set[name].clone())));
        set.extend(keys.iter().map(|(name, key)| ((*name).to_owned(), key.clone())));
        self.harness.api.variables = Arc::new(set);
    }

    /// Changes what the issuer says.
    pub(crate) fn say(&self, change: impl FnOnce(&mut Says)) {
        change(&mut self.says.lock().expect("no test panics here"));
    }

    /// The issuer says that this address is theirs.
    pub(crate) fn say_email(&self, subject: &str, email: &str, verified: bool) {
        self.say(|says| says.claims = json!({ "sub": subject, "email": email, "email_verified": verified }));
    }

    /// Somebody with a password, and their access token. Whether their address is proven is set behind the function's back.
    pub(crate) async fn user(&self, email: &str, slug: &str, proven: bool) -> String {
        let body = json!({
            "email": email, "password": PASSWORD, "name": "Ada", "organization": { "slug": slug, "name": slug },
        });
        let made = self.harness.call(Method::POST, "/v1/auth/sign-up").json(&body).send().await.with_status(200);
        if proven {
            self.execute(&format!("UPDATE users SET email_verified_at = 1 WHERE email = '{email}'")).await;
        }
        made.json["access_token"].as_str().expect("a token").to_owned()
    }

    pub(crate) async fn execute(&self, text: &str) {
        let statement = sql(text.to_owned()).across_tenants("a test");
        self.harness.api.ports.sql.execute(statement).await.expect("executes");
    }

    pub(crate) async fn texts(&self, query: &str) -> Vec<String> {
        let rows =
            self.harness.api.ports.sql.query(sql(query.to_owned()).across_tenants("a test")).await.expect("reads");
        rows.iter().map(|row| row.get::<String>("text").expect("a text")).collect()
    }

    /// The outcomes of an action, with the credential, sorted.
    pub(crate) async fn acts(&self, action: &str) -> Vec<String> {
        self.texts(&format!(
            "SELECT outcome || ' ' || credential_id AS text FROM action_logs WHERE action = '{action}' ORDER BY 1"
        ))
        .await
    }

    pub(crate) fn get(&self, path: &str) -> Call<'_> {
        self.harness.call(Method::GET, path)
    }

    /// Sends a browser to the issuer.
    pub(crate) async fn go(&self, path: &str) -> Sent {
        let answer = self.get(path).send().await.with_status(303);
        self.sent(answer.header("location"), &answer)
    }

    /// What a browser was given.
    pub(crate) fn sent(&self, location: &str, answer: &Answer) -> Sent {
        let cookie = answer.header("set-cookie");
        let value = cookie.strip_prefix("__Host-sign-in=").expect("the cookie").split(';').next().expect("a value");
        assert!(cookie.ends_with("; Path=/; Max-Age=600; Secure; HttpOnly; SameSite=Lax"), "{cookie}");
        let (address, query) = location.split_once('?').expect("a query");
        assert_eq!(address, format!("{}/authorize", self.issuer));
        let query: HashMap<String, String> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        if let Some(nonce) = query.get("nonce") {
            self.say(|says| says.claims["nonce"] = json!(nonce));
        }
        Sent { cookie: value.to_owned(), query }
    }

    /// The browser comes back with this answer.
    pub(crate) async fn come_back(&self, cookie: Option<&str>, query: &[(&str, &str)]) -> Answer {
        let call = self.get(&format!("/sign-in/with/work/callback?{}", form(query)));
        match cookie {
            Some(cookie) => call.header("cookie", &format!("__Host-sign-in={cookie}")).send().await,
            None => call.send().await,
        }
    }

    /// The whole way, after what the issuer is made to say.
    pub(crate) async fn sign_in(&self) -> Answer {
        let sent = self.go("/sign-in/with/work").await;
        self.come_back(Some(&sent.cookie), &[("state", &sent.query["state"]), ("code", "the-code")]).await
    }

    /// How often this path of the issuer's was asked for.
    pub(crate) fn asked(&self, path: &str) -> usize {
        self.http.sent().iter().filter(|request| request.uri().path() == path).count()
    }

    /// Whose session a page has opened: the user's address.
    pub(crate) async fn whose(&self, page: &Answer) -> String {
        assert_eq!(page.status, 200, "{}", page.text);
        let cookies: Vec<_> = page.headers.get_all("set-cookie").iter().map(|c| c.to_str().expect("text")).collect();
        assert!(cookies.iter().any(|cookie| cookie.starts_with("__Host-sign-in=; ")), "{cookies:?}");
        let session = cookies.iter().find(|cookie| cookie.starts_with("__Host-session=bhb_"));
        let session = session.unwrap_or_else(|| panic!("{}", page.text)).split(';').next().expect("a pair");
        let own = self.get("/v1/auth/sessions").header("cookie", session).send().await.with_status(200);
        let newest = own.json["items"][0]["id"].as_str().expect("an id").to_owned();
        let query =
            format!("SELECT u.email AS text FROM users u JOIN sessions s ON s.user_id = u.id WHERE s.id = '{newest}'");
        self.texts(&query).await.remove(0)
    }
}

fn answer(says: &Says, issuer: &str, clock: &ManualClock, path: &str) -> Value {
    match path {
        "/.well-known/openid-configuration" => merge(
            json!({
                "issuer": issuer, "authorization_endpoint": format!("{issuer}/authorize"),
                "token_endpoint": format!("{issuer}/token"), "jwks_uri": format!("{issuer}/jwks"),
                "userinfo_endpoint": format!("{issuer}/userinfo"),
            }),
            &says.metadata,
        ),
        "/jwks" => {
            let (key, id) = &says.published;
            let x = b64(key.verifying_key().as_bytes());
            json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "kid": id, "use": "sig", "x": x }] })
        }
        "/token" => {
            let now = clock.now().as_millis() / 1000;
            let usual = json!({ "iss": issuer, "aud": "the-client", "sub": "s-1", "iat": now, "exp": now + 60 });
            let token = sign(
                &says.key,
                &merge(json!({ "alg": "EdDSA", "kid": "k" }), &says.header),
                &merge(usual, &says.claims),
            );
            let usual = json!({ "access_token": "the-access-token", "token_type": "Bearer", "id_token": token });
            merge(usual, &says.tokens)
        }
        "/userinfo" => says.userinfo.clone(),
        other => panic!("nobody asks for {other}"),
    }
}

/// PKCE's challenge of a verifier (RFC 7636, section 4.2).
pub(crate) fn challenge(verifier: &str) -> String {
    b64(Sha256::digest(verifier))
}
