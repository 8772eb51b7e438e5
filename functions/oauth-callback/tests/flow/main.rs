//! A browser on its way to a provider and back.

mod meanwhile;
mod whose;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use bulkhead_audit::AuditFilter;
use bulkhead_connections::{Connection, NewConnection, State, create, find};
use bulkhead_connectors::oauth::{OauthEntry, SettingValues};
use bulkhead_connectors::{AuthType, NewConnector, register};
use bulkhead_function_oauth_callback::{describe, router};
use bulkhead_kernel::http::HttpError;
use bulkhead_kernel::id::ProjectId;
use bulkhead_kernel::sql::sql;
use bulkhead_kernel::{Caller, CorrelationId, PageRequest, Secret};
use bulkhead_testkit::fake_http::json_response;
use bulkhead_testkit::functions::{Answer, Harness, connector};
use bulkhead_testkit::{FakeHttp, ManualClock, SeededEntropy};
use bulkhead_vault::KeyEncryptionKey;
use http::Method;
use serde_json::json;

const PUBLIC: &str = "https://bulkhead.example.com";
const ISSUER: &str = "https://id.example.com";

/// A function before a connector whose accounts this provider connects.
async fn harness(http: FakeHttp) -> (Harness, Arc<FakeHttp>) {
    let mut harness = Harness::start(router, describe()).await;
    let http = Arc::new(http);
    let key = KeyEncryptionKey::generate(&SeededEntropy::new(1));
    let clients = json!({ "mine": { "client_id": "the-client", "client_secret": "the-secret" } }).to_string();
    harness.api.http = http.clone();
    harness.api.variables = Arc::new(BTreeMap::from([
        ("public_url".to_owned(), Secret::new(PUBLIC.to_owned())),
        ("oauth_clients".to_owned(), Secret::new(clients)),
        ("vault_sealing_key".to_owned(), key.sealing_key().expose()),
        ("credential_limits".to_owned(), Secret::new(String::new())),
        ("client_address_header".to_owned(), Secret::new(String::new())),
    ]));
    let entry = OauthEntry {
        name: Some("The Provider".to_owned()),
        authorize_url: Some(format!("{ISSUER}/authorize")),
        token_url: Some(format!("{ISSUER}/token")),
        revoke_url: Some(format!("{ISSUER}/revoke")),
        issuer: Some(ISSUER.to_owned()),
        iss: Some(true),
        scopes: Some(vec!["read".to_owned(), "write".to_owned()]),
        ..OauthEntry::default()
    };
    let none = BTreeMap::new();
    let slug = "mine".parse().expect("a slug");
    let provider = entry.resolve(&slug, SettingValues { values: &none, given: &none }).expect("a provider");
    let connector = NewConnector {
        name: "Mine".to_owned(),
        auth_types: AuthType::Oauth2.into(),
        oauth: Some(provider),
        ..connector("mine", Vec::new())
    };
    register(&harness.api.ports, &connector).await.expect("registers");
    (harness, http)
}

fn good() -> FakeHttp {
    let answer = json!({
        "access_token": "the-access-token", "refresh_token": "the-refresh-token", "token_type": "Bearer",
        "expires_in": 60, "scope": "read",
    });
    FakeHttp::json(200, &answer)
}

/// A connection that was begun, and the token of its link.
async fn begin(harness: &Harness) -> (Connection, String) {
    begin_as(harness, &harness.ours.caller, None).await
}

/// The same by this user, for this project.
async fn begin_as(harness: &Harness, caller: &Caller, project: Option<ProjectId>) -> (Connection, String) {
    let ports = &harness.api.ports;
    let connector = bulkhead_connectors::get(ports, "mine").await.expect("reads").expect("is there");
    let new = NewConnection { label: "work".to_owned(), auth_type: AuthType::Oauth2, project, api_key: None };
    let created = create(ports, caller, &connector, new, None, &correlation()).await.expect("creates");
    let link = created.link.expect("a link");
    (created.connection, link.token.expose().to_owned())
}

fn correlation() -> CorrelationId {
    CorrelationId::parse("test").expect("sane")
}

async fn state(harness: &Harness, connection: &Connection) -> State {
    let found = find(&harness.api.ports, &harness.ours.caller, connection.id, &correlation()).await;
    found.expect("is there").state
}

/// The reasons of attempts that did not end well.
async fn reasons(harness: &Harness) -> Vec<String> {
    let filter = AuditFilter { action: Some("connection.connect".to_owned()), ..AuditFilter::default() };
    let page = bulkhead_audit::list(&harness.api.ports, &harness.ours.caller, &filter, &PageRequest::default()).await;
    page.expect("reads").items.into_iter().filter_map(|entry| entry.reason).collect()
}

fn cookies(answer: &Answer) -> HashMap<String, String> {
    let all = answer.headers.get_all("set-cookie").iter();
    all.map(|cookie| {
        let text = cookie.to_str().expect("text");
        for word in ["; Path=/;", "; Secure;", "; HttpOnly;", "; SameSite="] {
            assert!(text.contains(word), "{text}");
        }
        let (name, rest) = text.split_once('=').expect("a cookie");
        assert!(name.starts_with("__Host-"), "{name}");
        (name.to_owned(), rest.split(';').next().unwrap_or_default().to_owned())
    })
    .collect()
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let (_, rest) = text.split_once(before).unwrap_or_else(|| panic!("{before} is not in {text}"));
    rest.split_once(after).expect("an end").0
}

/// A browser that was sent to the provider.
struct Sent {
    cookie: String,
    state: String,
}

/// Opens the link and clicks.
async fn click(harness: &Harness, token: &str) -> Answer {
    let page = harness.call(Method::GET, &format!("/oauth/start?token={token}")).send().await.with_status(200);
    let text = page.json.as_str().expect("a page").to_owned();
    let check = between(&text, "name=\"check\" value=\"", "\"").to_owned();
    let form = cookies(&page)["__Host-bulkhead-oauth-form"].clone();
    harness
        .call(Method::POST, "/oauth/start")
        .header("cookie", &format!("__Host-bulkhead-oauth-form={form}"))
        .header("origin", PUBLIC)
        .body("application/x-www-form-urlencoded", format!("token={token}&check={check}"))
        .send()
        .await
}

async fn follow(harness: &Harness, token: &str) -> Sent {
    let page = click(harness, token).await.with_status(200);
    let text = page.json.as_str().expect("a page").to_owned();
    let url = between(&text, "content=\"0; url=", "\"").replace("&amp;", "&");
    assert!(url.starts_with(&format!("{ISSUER}/authorize?")), "{url}");
    let query: HashMap<_, _> =
        url.split_once('?').expect("a query").1.split('&').filter_map(|pair| pair.split_once('=')).collect();
    assert_eq!(query["client_id"], "the-client");
    assert_eq!((query["response_type"], query["code_challenge_method"]), ("code", "S256"));
    assert_eq!(query["scope"], "read+write");
    assert_eq!(query["redirect_uri"], "https%3A%2F%2Fbulkhead.example.com%2Foauth%2Fcallback");
    let cookie = cookies(&page)["__Host-bulkhead-oauth"].clone();
    Sent { cookie, state: query["state"].to_owned() }
}

async fn come_back(harness: &Harness, cookie: Option<&str>, query: &str) -> Answer {
    let mut call = harness.call(Method::GET, &format!("/oauth/callback?{query}"));
    if let Some(cookie) = cookie {
        call = call.header("cookie", &format!("__Host-bulkhead-oauth={cookie}"));
    }
    call.send().await
}

fn answer(sent: &Sent) -> String {
    format!("state={}&code=the-code&iss=https%3A%2F%2Fid.example.com&session_state=unknown", sent.state)
}

#[tokio::test]
async fn an_account_is_connected() {
    let (harness, http) = harness(good()).await;
    let (connection, token) = begin(&harness).await;
    assert_eq!(state(&harness, &connection).await, State::Pending);
    let sent = follow(&harness, &token).await;
    let page = come_back(&harness, Some(&sent.cookie), &answer(&sent)).await.with_status(200);
    assert!(page.json.as_str().is_some_and(|text| text.contains("The Provider is connected")), "{}", page.json);
    let connected =
        find(&harness.api.ports, &harness.ours.caller, connection.id, &correlation()).await.expect("is there");
    assert!(matches!(connected.state, State::Active { expires_at: Some(_), refreshable: true }), "{connected:?}");
    assert_eq!(connected.scopes, ["read"]);

    let requests = http.sent();
    assert_eq!(requests.len(), 1);
    let body = String::from_utf8_lossy(requests[0].body()).into_owned();
    for word in ["grant_type=authorization_code", "code=the-code", "code_verifier="] {
        assert!(body.contains(word), "{body}");
    }
    assert_eq!(requests[0].headers()["authorization"], "Basic dGhlLWNsaWVudDp0aGUtc2VjcmV0");
    let secrets = bulkhead_vault::list(&harness.api.ports, harness.ours.caller.organization).await.expect("reads");
    let names: Vec<_> = secrets.iter().map(|entry| entry.field.as_str()).collect();
    assert_eq!(names, ["credential", "refresh_token"]);
    assert!(reasons(&harness).await.is_empty());
}

#[tokio::test]
async fn the_page_names_who_asks_and_for_what() {
    let (harness, _) = harness(good()).await;
    let (_, token) = begin(&harness).await;
    let page = harness.call(Method::GET, &format!("/oauth/start?token={token}")).send().await.with_status(200);
    let text = page.json.as_str().expect("a page");
    for word in ["ours", "Mine", "The Provider", "work", "with <strong>your</strong> account"] {
        assert!(text.contains(word), "{word} is not in {text}");
    }
    // Looking at it is not going on.
    follow(&harness, &token).await;
}

#[tokio::test]
async fn a_link_works_once_and_for_ten_minutes() {
    let (mut harness, _) = harness(good()).await;
    let clock = Arc::new(ManualClock::at(harness.api.ports.now()));
    harness.api.ports.clock = clock.clone();
    let (_, token) = begin(&harness).await;
    follow(&harness, &token).await;
    let get = async |token: &str| harness.call(Method::GET, &format!("/oauth/start?token={token}")).send().await;
    get(&token).await.with_status(404);
    get("nonsense").await.with_status(404);
    harness.call(Method::GET, "/oauth/start").send().await.with_status(404);
    let (_, token) = begin(&harness).await;
    clock.advance(Duration::from_secs(599));
    get(&token).await.with_status(200);
    clock.advance(Duration::from_secs(1));
    get(&token).await.with_status(404);
}

#[tokio::test]
async fn only_the_pages_own_form_goes_on() {
    let (harness, http) = harness(good()).await;
    let (_, token) = begin(&harness).await;
    let page = harness.call(Method::GET, &format!("/oauth/start?token={token}")).send().await.with_status(200);
    let check = between(page.json.as_str().expect("a page"), "name=\"check\" value=\"", "\"").to_owned();
    let form = cookies(&page)["__Host-bulkhead-oauth-form"].clone();
    let post = |cookie: &str, origin: &str, body: String| {
        let call = harness.call(Method::POST, "/oauth/start").header("cookie", cookie).header("origin", origin);
        call.body("application/x-www-form-urlencoded", body).send()
    };
    let cookie = format!("__Host-bulkhead-oauth-form={form}");
    let whole = format!("token={token}&check={check}");
    for (cookie, origin, body) in [
        ("", PUBLIC, whole.clone()),
        ("__Host-bulkhead-oauth-form=another", PUBLIC, whole.clone()),
        (&format!("bulkhead-oauth-form={form}"), PUBLIC, whole.clone()),
        (&format!("{cookie}; {cookie}"), PUBLIC, whole.clone()),
        (&cookie, "https://evil.example.com", whole.clone()),
        (&cookie, "null", whole.clone()),
        (&cookie, "", whole.clone()),
        (&cookie, PUBLIC, format!("token={token}&check=")),
    ] {
        post(cookie, origin, body).await.with_status(403);
    }
    for body in [
        format!("token={token}"),
        format!("token={token}&check={check}&check={check}"),
        format!("{whole}&padding={}", "x".repeat(3000)),
    ] {
        post(&cookie, PUBLIC, body).await.refused(422, "invalid-body");
    }
    for (site, status) in [("cross-site", 403), ("same-site", 403), ("none", 403)] {
        let call = harness.call(Method::POST, "/oauth/start").header("cookie", &cookie);
        let call = call.header("origin", PUBLIC).header("sec-fetch-site", site);
        let answer = call.body("application/x-www-form-urlencoded", whole.clone()).send().await;
        answer.with_status(status);
    }
    post(&cookie, PUBLIC, whole).await.with_status(200);
    assert!(http.sent().is_empty());
}

#[tokio::test]
async fn a_state_is_the_browsers_own_and_used_once() {
    let (mut harness, http) = harness(good()).await;
    let clock = Arc::new(ManualClock::at(harness.api.ports.now()));
    harness.api.ports.clock = clock.clone();
    let (connection, token) = begin(&harness).await;
    let sent = follow(&harness, &token).await;
    let query = answer(&sent);

    come_back(&harness, Some(&sent.cookie), "code=the-code&state=another").await.with_status(400);
    come_back(&harness, Some(&sent.cookie), "code=the-code").await.with_status(400);
    come_back(&harness, Some(&sent.cookie), &format!("{query}&state={}", sent.state)).await.with_status(400);
    come_back(&harness, None, &query).await.with_status(403);
    come_back(&harness, Some("another"), &query).await.with_status(403);
    assert_eq!(reasons(&harness).await, ["other_browser", "other_browser"]);
    assert_eq!((state(&harness, &connection).await, http.sent().len()), (State::Pending, 0));

    come_back(&harness, Some(&sent.cookie), &query).await.with_status(200);
    come_back(&harness, Some(&sent.cookie), &query).await.with_status(400);
    assert_eq!(http.sent().len(), 1);

    let (connection, token) = begin(&harness).await;
    let sent = follow(&harness, &token).await;
    clock.advance(Duration::from_secs(600));
    come_back(&harness, Some(&sent.cookie), &answer(&sent)).await.with_status(400);
    assert_eq!((state(&harness, &connection).await, http.sent().len()), (State::Pending, 1));
}

#[tokio::test]
async fn an_answer_that_is_no_good_connects_nothing_and_uses_the_attempt_up() {
    for (further, status, reason) in [
        ("code=c&iss=https%3A%2F%2Fevil.example.com", 400, "wrong_issuer"),
        ("code=c", 400, "wrong_issuer"),
        ("error=access_denied&error_description=%3Cb%3E&iss=https%3A%2F%2Fid.example.com", 200, "access_denied"),
        ("error=%3Cscript%3Eoops&iss=https%3A%2F%2Fid.example.com", 502, "scriptoops"),
        ("iss=https%3A%2F%2Fid.example.com", 502, "no_code"),
    ] {
        let (harness, http) = harness(good()).await;
        let (connection, token) = begin(&harness).await;
        let sent = follow(&harness, &token).await;
        let page = come_back(&harness, Some(&sent.cookie), &format!("state={}&{further}", sent.state)).await;
        let page = page.with_status(status);
        assert!(!page.json.as_str().expect("a page").contains("<b>"), "{}", page.json);
        let expected = State::Error { reason: reason.to_owned() };
        assert_eq!((state(&harness, &connection).await, http.sent().len()), (expected, 0), "{further}");
        assert_eq!(reasons(&harness).await, [reason]);
        come_back(&harness, Some(&sent.cookie), &answer(&sent)).await.with_status(400);
    }
}

#[tokio::test]
async fn an_attempt_whose_verifier_can_not_be_opened_is_over() {
    let (harness, http) = harness(good()).await;
    let (connection, token) = begin(&harness).await;
    let sent = follow(&harness, &token).await;
    let change = sql("UPDATE oauth_transactions SET verifier = $1").bind(vec![0_u8; 64]).across_tenants("a test");
    harness.api.ports.sql.execute(change).await.expect("changes");
    let page = come_back(&harness, Some(&sent.cookie), &answer(&sent)).await.with_status(400);
    // Unlike one that is unknown, it is used up, and stands in the audit trail.
    assert!(cookies(&page)["__Host-bulkhead-oauth"].is_empty(), "{:?}", page.headers);
    let expected = State::Error { reason: "not_readable".to_owned() };
    assert_eq!((state(&harness, &connection).await, http.sent().len()), (expected, 0));
    assert_eq!(reasons(&harness).await, ["not_readable"]);
}

#[tokio::test]
async fn a_provider_that_gives_no_tokens() {
    let refusing = |status, body: serde_json::Value| FakeHttp::json(status, &body);
    let cases = [
        (refusing(400, json!({"error": "invalid_grant"})), "invalid_grant"),
        (refusing(401, json!({"error": "invalid_client"})), "invalid_client"),
        (refusing(200, json!({"error": "oops"})), "oops"),
        (refusing(503, json!({})), "provider_unavailable"),
        (refusing(200, json!({"token": 1})), "provider_answer_malformed"),
        (FakeHttp::new(|_| Ok(json_response(200, "no JSON"))), "provider_answer_malformed"),
        (FakeHttp::new(|_| Err(HttpError::Unreachable("refused".to_owned()))), "provider_unavailable"),
    ];
    for (http, reason) in cases {
        let (harness, _) = harness(http).await;
        let (connection, token) = begin(&harness).await;
        let sent = follow(&harness, &token).await;
        come_back(&harness, Some(&sent.cookie), &answer(&sent)).await.with_status(502);
        assert_eq!(state(&harness, &connection).await, State::Error { reason: reason.to_owned() });
        assert_eq!(reasons(&harness).await, [reason]);
    }
}

#[tokio::test]
async fn without_a_client_nobody_is_sent_anywhere() {
    let (mut harness, _) = harness(good()).await;
    let key = KeyEncryptionKey::generate(&SeededEntropy::new(1));
    harness.api.variables = Arc::new(BTreeMap::from([
        ("public_url".to_owned(), Secret::new(PUBLIC.to_owned())),
        ("oauth_clients".to_owned(), Secret::new(String::new())),
        ("vault_sealing_key".to_owned(), key.sealing_key().expose()),
        ("credential_limits".to_owned(), Secret::new(String::new())),
        ("client_address_header".to_owned(), Secret::new(String::new())),
    ]));
    let (_, token) = begin(&harness).await;
    // The link is as good as before, for when there is one.
    for _ in 0..2 {
        let page = click(&harness, &token).await.with_status(503);
        assert!(page.json.as_str().is_some_and(|text| text.contains("<code>mine</code>")), "{}", page.json);
    }
}

#[tokio::test]
async fn an_address_comes_so_often_and_then_waits() {
    let (mut harness, http) = harness(good()).await;
    let mut variables = BTreeMap::new();
    for name in ["public_url", "oauth_clients", "vault_sealing_key", "client_address_header"] {
        variables.insert(name.to_owned(), harness.api.variables.get(name).await.expect("is set"));
    }
    variables.insert("credential_limits".to_owned(), Secret::new("connect-address=1/60".to_owned()));
    harness.api.variables = Arc::new(variables);
    for (n, method, path) in [
        (1, Method::GET, "/oauth/start?token=x"),
        (2, Method::POST, "/oauth/start"),
        (3, Method::GET, "/oauth/callback?state=x"),
    ] {
        let come = || harness.call(method.clone(), path).header("spin-client-addr", &format!("10.0.0.{n}:1")).send();
        assert_eq!(come().await.header("ratelimit-policy"), "\"connect-address\";q=1;w=60");
        let refused = come().await.with_status(429);
        assert!(refused.is_page() && refused.text.contains("too many requests"), "{path}: {}", refused.text);
        assert_eq!(
            (refused.header("retry-after"), refused.header("ratelimit-policy").is_empty()),
            ("60", false),
            "{path}"
        );
    }
    assert!(http.sent().is_empty());
}
