//! A person with a browser, and a client that they use.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bulkhead_function_auth::{describe, router};
use bulkhead_testkit::functions::{Answer, Harness};
use http::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

pub(crate) const OURS: &str = "https://bulkhead.example.com";
pub(crate) const CALLBACK: &str = "http://127.0.0.1:4711/callback";
pub(crate) const VERIFIER: &str = "a-verifier-that-is-long-enough-to-be-one-of-PKCE";
pub(crate) const FORM: &str = "application/x-www-form-urlencoded";
pub(crate) const PASSWORD: &str = "a horse, a battery, a staple";

pub(crate) fn form(fields: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

pub(crate) fn challenge() -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER))
}

/// The value of a parameter in a URL.
pub(crate) fn parameter(url: &str, name: &str) -> Option<String> {
    let (_, query) = url.split_once('?')?;
    form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}

/// The value of an input on a page, as a browser reads it.
pub(crate) fn input(page: &Answer, name: &str) -> String {
    let (_, rest) = page.text.split_once(&format!("name=\"{name}\" value=\"")).expect("an input of this name");
    let (value, _) = rest.split_once('"').expect("its end");
    value.replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

pub(crate) struct Scene {
    pub(crate) harness: Harness,
    /// The `Cookie` header of a browser in which Ada is signed in.
    pub(crate) cookie: String,
}

impl Scene {
    pub(crate) async fn start() -> Self {
        Self::on(Harness::start(router, describe()).await).await
    }

    pub(crate) async fn on(harness: Harness) -> Self {
        let body = json!({
            "email": "ada@example.com", "password": PASSWORD, "name": "Ada",
            "organization": { "slug": "engines", "name": "Analytical Engines" },
        });
        assert_eq!(harness.call(Method::POST, "/v1/auth/sign-up").json(&body).send().await.status, 200);
        let fields = form(&[("email", "ada@example.com"), ("password", PASSWORD)]);
        let answer = harness.call(Method::POST, "/sign-in").header("origin", OURS).body(FORM, fields).send().await;
        let cookies = answer.headers.get_all("set-cookie").iter().map(|cookie| cookie.to_str().expect("text"));
        let pairs: Vec<_> = cookies.map(|cookie| cookie.split(';').next().expect("a pair").to_owned()).collect();
        Self { cookie: pairs.join("; "), harness }
    }

    pub(crate) async fn register(&self, metadata: Value) -> Answer {
        self.harness.call(Method::POST, "/oauth/register").json(&metadata).send().await
    }

    /// The id of a public client with the usual callback.
    pub(crate) async fn public_client(&self) -> String {
        let metadata = json!({
            "client_name": "Editor", "redirect_uris": [CALLBACK], "token_endpoint_auth_method": "none",
            "grant_types": ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"],
        });
        let registered = self.register(metadata).await.with_status(201);
        registered.json["client_id"].as_str().expect("an id").to_owned()
    }

    /// The query of a good request, with some parameters changed; an empty value leaves one out.
    pub(crate) fn query(client: &str, changes: &[(&str, &str)]) -> String {
        let challenge = challenge();
        let mut fields = vec![
            ("response_type", "code"),
            ("client_id", client),
            ("redirect_uri", CALLBACK),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
            ("state", "a state"),
        ];
        for (name, value) in changes {
            fields.retain(|(known, _)| known != name);
            if !value.is_empty() {
                fields.push((name, value));
            }
        }
        form(&fields)
    }

    pub(crate) async fn open(&self, path: &str, query: &str) -> Answer {
        let path = format!("{path}?{query}");
        self.harness.call(Method::GET, &path).header("cookie", &self.cookie).send().await
    }

    pub(crate) async fn submit(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let call = self.harness.call(Method::POST, path).header("cookie", &self.cookie).header("origin", OURS);
        call.body(FORM, form(fields)).send().await
    }

    /// Opens the page and decides; gives where the browser is sent.
    pub(crate) async fn decide(&self, query: &str, decision: &str) -> String {
        let page = self.open("/oauth/authorize", query).await.with_status(200);
        let (csrf, request) = (input(&page, "csrf"), input(&page, "request"));
        let fields = [("csrf", csrf.as_str()), ("request", &request), ("decision", decision)];
        self.submit("/oauth/authorize", &fields).await.with_status(303).header("location").to_owned()
    }

    /// A code that Ada has granted.
    pub(crate) async fn code(&self, client: &str, changes: &[(&str, &str)]) -> String {
        let location = self.decide(&Self::query(client, changes), "allow").await;
        parameter(&location, "code").unwrap_or_else(|| panic!("no code: {location}"))
    }

    pub(crate) async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.harness.call(Method::POST, path).body(FORM, form(fields)).send().await
    }

    /// Redeems a code, with some parameters changed; an empty value leaves one out.
    pub(crate) async fn redeem(&self, client: &str, code: &str, changes: &[(&str, &str)]) -> Answer {
        let mut fields = vec![
            ("grant_type", "authorization_code"),
            ("client_id", client),
            ("code", code),
            ("redirect_uri", CALLBACK),
            ("code_verifier", VERIFIER),
        ];
        for (name, value) in changes {
            fields.retain(|(known, _)| known != name);
            if !value.is_empty() {
                fields.push((name, value));
            }
        }
        self.post("/oauth/token", &fields).await
    }

    /// What Ada has granted this client, for these changes of the request.
    pub(crate) async fn tokens(&self, client: &str, changes: &[(&str, &str)]) -> Value {
        let code = self.code(client, changes).await;
        self.redeem(client, &code, &[]).await.with_status(200).json
    }

    pub(crate) async fn refresh(&self, client: &str, tokens: &Value, changes: &[(&str, &str)]) -> Answer {
        let token = tokens["refresh_token"].as_str().expect("a token");
        let mut fields = vec![("grant_type", "refresh_token"), ("client_id", client), ("refresh_token", token)];
        fields.extend(changes);
        self.post("/oauth/token", &fields).await
    }

    /// Whether an access token for the REST interface works.
    pub(crate) async fn works(&self, token: &Value) -> u16 {
        let token = token.as_str().expect("a token");
        self.harness.call(Method::GET, "/v1/auth/sessions").key(token).send().await.status.as_u16()
    }
}
