//! Every route that changes something: how often it may be tried, and what keeps other sites from using it.

use std::collections::BTreeMap;
use std::sync::Arc;

use bulkhead_function_auth::{describe, router, routes};
use bulkhead_http_api::CREDENTIAL_LIMITS;
use bulkhead_identity::Limit;
use bulkhead_kernel::Secret;
use bulkhead_kernel::sql::sql;
use bulkhead_testkit::functions::{Answer, Harness, variables};
use http::Method;

const PASSWORD: &str = "a horse, a battery, a staple";
const OURS: &str = "https://bulkhead.example.com";
const FORM: &str = "application/x-www-form-urlencoded";

/// By what whoever uses the route is known.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Known {
    /// By what the body says. A cookie means nothing.
    ByBody,
    /// By what the form of a page says that anybody may open.
    ByForm,
    /// By the cookie and the form of a page.
    ByPage,
    /// As every caller: by an access token, or by a cookie and the header that goes with it.
    AsCaller,
}
use Known::{AsCaller, ByBody, ByForm, ByPage};

/// A route, with a body that gets past the door and is refused behind it.
struct Case {
    method: &'static str,
    path: &'static str,
    known: Known,
    /// JSON, or a form's fields.
    body: &'static str,
    /// The limit; none where nothing is tried and nothing given.
    limit: &'static str,
}

const fn case(path: &'static str, known: Known, body: &'static str, limit: &'static str) -> Case {
    Case { method: "post", path, known, body, limit }
}

const CASES: &[Case] = &[
    case(
        "/v1/auth/sign-up",
        ByBody,
        r#"{"email":"b@example.com","password":"short","name":"B","organization":{"slug":"b","name":"B"}}"#,
        "sign-up-address",
    ),
    case("/v1/auth/sign-up/invited", ByBody, r#"{"token":"x","name":"B","password":"short"}"#, "token-address"),
    case("/v1/auth/switch", AsCaller, r#"{"organization":"nowhere"}"#, "refresh-address"),
    case("/v1/auth/sign-in", ByBody, r#"{"email":"b@example.com","password":"x"}"#, "sign-in-address"),
    case("/v1/auth/sign-in/second-factor", ByBody, r#"{"challenge":"x","code":"1"}"#, "sign-in-address"),
    case("/v1/auth/second-factor", AsCaller, r#"{"password":"x"}"#, "sign-in-address"),
    case("/v1/auth/second-factor/confirm", AsCaller, r#"{"code":"000000"}"#, "sign-in-address"),
    case("/v1/auth/second-factor/disable", AsCaller, r#"{"password":"x","code":"1"}"#, "sign-in-address"),
    case("/v1/auth/sign-in/passkey/options", ByBody, "", "sign-in-address"),
    case("/v1/auth/sign-in/passkey", ByBody, r#"{"ceremony":"x","credential":{}}"#, "sign-in-address"),
    case("/v1/auth/passkeys/options", AsCaller, r#"{"password":"x"}"#, "sign-in-address"),
    case("/v1/auth/passkeys", AsCaller, r#"{"ceremony":"x","name":"Key","credential":{}}"#, "sign-in-address"),
    case("/v1/auth/identities", AsCaller, r#"{"provider":"x","password":"x"}"#, "sign-in-address"),
    case("/v1/auth/refresh", ByBody, r#"{"refresh_token":"x"}"#, "refresh-address"),
    Case {
        method: "put",
        ..case("/v1/auth/password", AsCaller, r#"{"current_password":"x","new_password":"y"}"#, "sign-in-address")
    },
    case("/v1/auth/password-reset", ByBody, r#"{"email":"b@example.com"}"#, "mail-address"),
    case("/v1/auth/password-reset/confirm", ByBody, r#"{"token":"x","new_password":"y"}"#, "token-address"),
    case("/v1/auth/email-verification", AsCaller, "", "mail-account"),
    case("/v1/auth/email-verification/confirm", AsCaller, r#"{"token":"x"}"#, "token-address"),
    case("/v1/organization/invitations", AsCaller, r#"{"email":"x","role":"member"}"#, "invitation-user"),
    case("/v1/organization/invitations/{id}/resend", AsCaller, "{}", "invitation-user"),
    case("/v1/invitations/accept", AsCaller, r#"{"token":"x"}"#, "token-address"),
    case("/invitations", ByPage, "token=x", "token-address"),
    case("/invitations/sign-up", ByForm, "token=x&name=B&password=y", "token-address"),
    case("/sign-in", ByForm, "email=b%40example.com&password=x", "sign-in-address"),
    case("/sign-in/second-factor", ByForm, "challenge=x&code=1", "sign-in-address"),
    case("/sign-in/passkey/options", ByForm, "", "sign-in-address"),
    case("/sign-in/passkey", ByForm, "credential=x", "sign-in-address"),
    case("/reset-password", ByForm, "token=x&new_password=y", "token-address"),
    case("/verify-email", ByPage, "token=x", "token-address"),
    case("/oauth/token", ByBody, "grant_type=refresh_token&client_id=x&refresh_token=x", "client-address"),
    case("/oauth/revoke", ByBody, "client_id=x&token=x", "client-address"),
    case("/oauth/introspect", ByBody, "client_id=x&token=x", "client-address"),
    case("/oauth/device_authorization", ByBody, "client_id=x", "client-address"),
    case("/oauth/register", ByBody, r#"{"redirect_uris":["http://evil.example"]}"#, "register-address"),
    case("/oauth/device", ByPage, "user_code=x", "device-code-user"),
    // The user of a browser's session answers a question about themselves, or ends what is theirs: nothing is guessed.
    case("/oauth/authorize", ByPage, "request=&decision=deny", ""),
    case("/sign-out", ByPage, "", ""),
    Case { method: "delete", ..case("/v1/auth/sessions/{id}", AsCaller, "", "") },
    Case { method: "delete", ..case("/v1/auth/passkeys/{id}", AsCaller, "", "") },
    Case { method: "patch", ..case("/v1/auth/passkeys/{id}", AsCaller, r#"{"name":"Key"}"#, "") },
    Case { method: "delete", ..case("/v1/auth/identities/{id}", AsCaller, "", "") },
    Case { method: "delete", ..case("/v1/organization/invitations/{id}", AsCaller, "", "") },
];

#[test]
fn every_route_that_changes_something_is_a_case() {
    let listed = routes().list().into_iter().filter(|route| route.method != "get");
    let mut listed: Vec<_> = listed.map(|route| (route.path, route.method)).collect();
    let mut cases: Vec<_> = CASES.iter().map(|case| (case.path, case.method)).collect();
    listed.sort_unstable();
    cases.sort_unstable();
    assert_eq!(cases, listed);
    for case in CASES {
        assert!(case.limit.is_empty() || Limit::ALL.iter().any(|limit| limit.name() == case.limit), "{}", case.path);
    }
}

/// Somebody who signed in twice: a program, and a browser.
struct Scene {
    harness: Harness,
    variables: BTreeMap<String, Secret>,
    token: String,
    cookie: String,
    csrf: String,
}

impl Scene {
    async fn start() -> Self {
        let (mut harness, variables) = (Harness::start(router, describe()).await, variables());
        harness.api.variables = Arc::new(variables.clone());
        let body = serde_json::json!({
            "email": "ada@example.com", "password": PASSWORD, "name": "Ada",
            "organization": { "slug": "engines", "name": "Analytical Engines" },
        });
        let made = harness.call(Method::POST, "/v1/auth/sign-up").json(&body).send().await.with_status(200);
        let fields = form(&[("email", "ada@example.com"), ("password", PASSWORD)]);
        let call = harness.call(Method::POST, "/sign-in").header("origin", OURS).body(FORM, fields);
        let answer = call.send().await.with_status(200);
        let cookies = answer.headers.get_all("set-cookie").iter().map(|cookie| cookie.to_str().expect("text"));
        let pairs: Vec<_> = cookies.map(|cookie| cookie.split(';').next().expect("a pair").to_owned()).collect();
        let csrf = pairs[1].strip_prefix("__Host-csrf=").expect("the second cookie").to_owned();
        let token = made.json["access_token"].as_str().expect("a token").to_owned();
        Self { harness, variables, token, cookie: pairs.join("; "), csrf }
    }

    /// Lets everything be tried once.
    fn limited(mut self) -> Self {
        let limits: Vec<_> = Limit::ALL.iter().map(|limit| format!("{}=1/3600", limit.name())).collect();
        // The keys stay what they are: tokens were signed with them.
        self.variables.insert(CREDENTIAL_LIMITS.to_owned(), Secret::new(limits.join(" ")));
        self.harness.api.variables = Arc::new(self.variables.clone());
        self
    }

    /// Sends a case's request as it should be, but for these headers and the form's token.
    async fn send(&self, case: &Case, headers: &[(&str, &str)], csrf: &str) -> Answer {
        let path = case.path.replace("{id}", "00000000-0000-7000-8000-000000000000");
        let method = Method::from_bytes(case.method.to_ascii_uppercase().as_bytes()).expect("a method");
        let call =
            headers.iter().fold(self.harness.call(method, &path), |call, (name, value)| call.header(name, value));
        let form = match case.known {
            ByPage => format!("csrf={csrf}&{}", case.body).trim_end_matches('&').to_owned(),
            _ => case.body.to_owned(),
        };
        match case.body.chars().next() {
            None if case.known == AsCaller => call.send().await,
            Some('{') => call.body("application/json", form).send().await,
            _ => call.body(FORM, form).send().await,
        }
    }

    async fn send_well(&self, case: &Case) -> Answer {
        let bearer = format!("Bearer {}", self.token);
        match case.known {
            ByBody => self.send(case, &[], "").await,
            ByForm => self.send(case, &[("origin", OURS)], "").await,
            ByPage => self.send(case, &[("origin", OURS), ("cookie", &self.cookie)], &self.csrf).await,
            AsCaller => self.send(case, &[("authorization", &bearer)], "").await,
        }
    }
}

fn form(fields: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

#[tokio::test]
async fn every_route_where_something_is_tried_or_given_has_a_limit_and_tells_it() {
    let scene = Scene::start().await.limited();
    for case in CASES.iter().filter(|case| !case.limit.is_empty()) {
        let forget = sql("DELETE FROM throttles").across_tenants("a test");
        scene.harness.api.ports.sql.execute(forget).await.expect("forgets");
        let (place, policy) = (case.path, format!("\"{}\";q=1;w=3600", case.limit));
        let first = scene.send_well(case).await;
        assert_ne!(first.status, 429, "{place}: {}", first.text);
        assert_eq!(first.header("ratelimit-policy"), policy, "{place} {}: {}", first.status, first.text);
        assert_eq!(first.header("ratelimit"), format!("\"{}\";r=0;t=3600", case.limit), "{place}");
        let second = scene.send_well(case).await;
        assert_eq!(second.status, 429, "{place}: {}", second.text);
        assert_eq!(second.header("ratelimit-policy"), policy, "{place}");
        let wait: u64 = second.header("retry-after").parse().expect("seconds");
        assert!((3500..=3600).contains(&wait), "{place}: {wait}");
    }
}

#[tokio::test]
async fn no_route_that_takes_a_cookie_is_used_from_another_site() {
    let scene = Scene::start().await;
    let cookie = ("cookie", scene.cookie.as_str());
    let mut tried = 0;
    for case in CASES.iter().filter(|case| case.known != ByBody) {
        for (headers, csrf) in [
            // Another site has the form's token, as it never should.
            (&[cookie, ("origin", "https://evil.example"), ("x-csrf-token", &scene.csrf)][..], scene.csrf.as_str()),
            (&[cookie, ("sec-fetch-site", "same-site"), ("x-csrf-token", &scene.csrf)], &scene.csrf),
            // Nobody says where it comes from.
            (&[cookie, ("x-csrf-token", &scene.csrf)], &scene.csrf),
        ] {
            scene.send(case, headers, csrf).await.refused(403, "cross-site");
            tried += 1;
        }
        // A page of ours that lacks the session's token.
        if matches!(case.known, ByPage | AsCaller) {
            scene.send(case, &[cookie, ("origin", OURS)], "0").await.refused(403, "cross-site");
            tried += 1;
        }
    }
    assert!(tried > 60, "{tried}");
}

#[tokio::test]
async fn what_is_known_by_its_body_takes_no_cookie() {
    let scene = Scene::start().await;
    for case in CASES.iter().filter(|case| case.known == ByBody) {
        let without = scene.send(case, &[], "").await;
        let with = scene.send(case, &[("cookie", &scene.cookie), ("origin", "https://evil.example")], "").await;
        assert_eq!((with.status, with.header("set-cookie")), (without.status, ""), "{}: {}", case.path, with.text);
    }
}
