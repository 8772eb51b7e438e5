//! Connected accounts, against a real provider that rotates refresh tokens: npm oidc-provider.

mod projects;
mod refused;

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;

use bulkhead_system_tests::{Browser, Database, Host, Reply, Setup, between, eventually, path, run};
use serde_json::{Value, json};

use crate::oauth::provider::Provider;

const SECRET: &str = "bulkhead-client-secret";
const CALLBACK: &str = "/oauth/callback";

/// A connector whose one upstream is the provider, which answers to a token of its own alone.
const MANIFEST: &str = r#"
slug = "mine"
name = "Mine"
version = "0.1.0"
description = "Asks a provider who one is. For tests."

[auth]
type = "oauth2"

[auth.oauth2]
name = "The Provider"
authorize_url = "{{ settings.base_url }}/auth"
token_url = "{{ settings.base_url }}/token"
revoke_url = "{{ settings.base_url }}/token/revocation"
issuer = "{{ settings.base_url }}"
iss = true
scopes = ["openid"]

[settings.base_url]
description = "The provider."
type = "url"
required = true

[[outbound]]
host = "{{ settings.base_url }}"
methods = ["GET"]
paths = ["/me"]

[[credentials]]
name = "token"
description = "An access token of the provider."
audience = "{{ settings.base_url }}"
header = "authorization"
prefix = "Bearer "
required = true
"#;

/// A provider and a host that knows it.
struct World {
    provider: Provider,
    host: Host,
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    listener.local_addr().expect("an address").port()
}

fn config(provider: &Provider, public_url: &str) -> String {
    format!(
        "public_url = {public_url:?}\n\
         [connections]\nclients_file = \"clients.json\"\ncleanup_poll_ms = 50\n\
         [connectors.mine]\nbase_url = {0:?}\n\
         [edge.variables]\noauth_host = {0:?}\n",
        provider.url()
    )
}

fn add_clients(setup: &Setup) {
    let file = setup.folder().join("clients.json");
    let clients = json!({ "mine": { "client_id": "bulkhead", "client_secret": SECRET } });
    fs::write(&file, clients.to_string()).expect("a file can be written");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("the mode can be changed");
}

async fn world(database: Database) -> World {
    let port = free_port();
    let public_url = format!("http://127.0.0.1:{port}");
    let provider = Provider::for_connections(&format!("{public_url}{CALLBACK}")).await;
    let setup = Setup::on(database).await.listen(&format!("127.0.0.1:{port}")).config(&config(&provider, &public_url));
    add_clients(&setup);
    let folder = setup.connectors().join("mine");
    fs::create_dir_all(&folder).expect("a folder can be made");
    let component = path("BULKHEAD_GUESTS_DIR").join("connector-hostile").join("component.wasm");
    fs::copy(component, folder.join("component.wasm")).expect("the guests are built");
    fs::write(folder.join("connector.toml"), MANIFEST).expect("a file can be written");
    let host = setup.arguments(&["--log", "trace"]).start().await;
    World { provider, host }
}

impl World {
    /// Begins a connection: its id and its link.
    async fn begin(&self) -> (String, String) {
        let body = json!({ "connector": "mine", "label": "my account" });
        let begun = self.host.request("POST", "/v1/connections").key(self.host.key()).json(&body).send().await;
        let begun = begun.expect(201);
        let id = begun["connection"]["id"].as_str().expect("an id").to_owned();
        (id, begun["authorize"]["url"].as_str().expect("a link").to_owned())
    }

    /// Follows a link to the provider and agrees there: the address that the provider leads back to.
    async fn agree(&self, browser: &mut Browser, link: &str) -> String {
        let page = browser.open(link, None).await.expect("a page").text();
        let (token, check) =
            (between(&page, "name=\"token\" value=\"", "\""), between(&page, "name=\"check\" value=\"", "\""));
        let start = format!("http://{}/oauth/start", self.host.address());
        let leaving = browser.submit(&start, format!("token={token}&check={check}")).await;
        assert_eq!(leaving.status, 200, "{}", leaving.text());
        let leaving = leaving.text();
        let url = between(&leaving, "content=\"0; url=", "\"").replace("&amp;", "&");
        let back = format!("http://{}{CALLBACK}", self.host.address());
        browser.open(&url, Some(&back)).await.expect_err("the provider leads back")
    }

    /// The whole way.
    async fn connect(&self) -> String {
        let (id, link) = self.begin().await;
        self.follow(&link).await;
        id
    }

    async fn follow(&self, link: &str) {
        let mut browser = Browser::default();
        let back = self.agree(&mut browser, link).await;
        let page = browser.open(&back, None).await.expect("a page");
        assert!(page.status == 200 && page.text().contains("is connected"), "{}", page.text());
    }

    async fn connection(&self, id: &str) -> Value {
        self.host.get(&format!("/v1/connections/{id}")).await
    }

    /// Asks the provider who one is, with the token of whoever calls.
    async fn ask(&self, host: &Host) -> Value {
        host.call("mine_follow_redirect", json!({ "url": format!("{}/me", self.provider.url()) })).await
    }

    /// Requests for tokens that the provider has granted for this.
    fn granted(&self, grant: &str) -> usize {
        self.provider.said().matches(&format!("token granted for {grant}")).count()
    }

    fn refused(&self) -> usize {
        self.provider.said().matches("token refused").count()
    }
}

fn is_ada(result: &Value) -> bool {
    result["structuredContent"]["status"] == 200
        && result["structuredContent"]["body"].as_str().is_some_and(|body| body.contains("ada"))
}

fn error(result: &Value) -> &Value {
    &result["_meta"]["bulkhead/error"]
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_is_connected_used_refreshed_and_revoked() {
    let world = world(Database::of_this_run().await).await;
    let World { host, .. } = &world;
    // Without an account there is nothing to call with.
    let missing = world.ask(host).await;
    assert_eq!(error(&missing)["type"], "credential_missing", "{missing:#}");
    assert!(missing.to_string().contains("POST /v1/connections"), "{missing:#}");

    let id = world.connect().await;
    let connection = world.connection(&id).await;
    assert_eq!((&connection["status"], &connection["scopes"]), (&json!("active"), &json!(["openid"])));
    let answer = world.ask(host).await;
    assert!(is_ada(&answer), "{answer:#}");
    let job = host.job_of(&answer).await["id"].as_str().expect("an id").to_owned();
    let events = host.events(&job).await;
    assert!(
        events.iter().any(|event| event["kind"] == "connection" && event["data"]["connection"] == id),
        "{events:#?}"
    );
    let used = host.audit(&format!("job={job}&action=connection.use")).await;
    assert_eq!((used.len(), &used[0]["target"]["id"]), (1, &json!(id)));

    host.execute("UPDATE connections SET expires_at = 1").await;
    let answer = world.ask(host).await;
    assert!(is_ada(&answer), "{answer:#}");
    assert_eq!((world.granted("refresh_token"), world.refused()), (1, 0));
    assert_eq!(host.audit("action=connection.refresh&outcome=succeeded").await.len(), 1);

    let removed = host.request("DELETE", &format!("/v1/connections/{id}")).key(host.key()).send().await;
    assert_eq!(removed.status, 204);
    eventually("the tokens are revoked", async || {
        let revoked = host.audit("action=connection.revoke&outcome=succeeded").await;
        (revoked.len() == 1).then_some(())
    })
    .await;
    let said = world.provider.said();
    assert!(said.contains("refresh token destroyed") && !said.contains("revocation refused"), "{said}");
    assert_eq!(error(&world.ask(host).await)["type"], "credential_missing");
    // Rows rather than bytes: SQLite's file has what was deleted until its page is used again, sealed as it was.
    let left = format!("SELECT COUNT(*) FROM vault_secrets WHERE scope = 'connection:{id}'");
    assert_eq!(host.setup().database().count(&host.data_dir(), &left).await, 0, "secrets are left");
    for secret in [SECRET, "access_token=", "refresh_token=", "code_verifier="] {
        assert!(!host.log().contains(secret), "{secret} is in the log");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_the_vaults_key_is_rotated_accounts_are_connected_without_a_restart() {
    let world = world(Database::of_this_run().await).await;
    let first = world.connect().await;
    let rotated = run(&mut world.host.setup().other_command(&["secrets", "rotate-key"])).await;
    assert_eq!(rotated.status.code(), Some(0), "{}", rotated.errors);
    let removed = world.host.request("DELETE", &format!("/v1/connections/{first}")).key(world.host.key()).send().await;
    assert_eq!(removed.status, 204);
    let second = world.connect().await;
    assert_eq!(world.connection(&second).await["status"], "active");
    let answer = world.ask(&world.host).await;
    assert!(is_ada(&answer), "{answer:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_calls_on_an_expired_token_make_one_request_for_a_new_one() {
    let world = world(Database::of_this_run().await).await;
    world.connect().await;
    for round in 1..=2 {
        world.host.execute("UPDATE connections SET expires_at = 1").await;
        fifty(&world, &[&world.host]).await;
        assert_eq!((world.granted("refresh_token"), world.refused()), (round, 0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_make_one_request_for_a_new_token() {
    let world = world(Database::postgres().await).await;
    let public_url = format!("http://{}", world.host.address());
    let other = Setup::beside(&world.host).await.config(&config(&world.provider, &public_url));
    add_clients(&other);
    let other = other.start().await;
    world.connect().await;
    world.host.execute("UPDATE connections SET expires_at = 1").await;
    fifty(&world, &[&world.host, &other]).await;
    assert_eq!((world.granted("refresh_token"), world.refused()), (1, 0));
}

/// Fifty calls at once, over these hosts in turn: none fails.
async fn fifty(world: &World, hosts: &[&Host]) {
    let url = format!("{}/me", world.provider.url());
    let calls = (0..50).map(|number| {
        let parameters = json!({ "name": "mine_follow_redirect", "arguments": { "url": url } });
        let request = hosts[number % hosts.len()].stateless("tools/call", parameters);
        tokio::spawn(async move { request.send().await.expect(200) })
    });
    for call in calls.collect::<Vec<_>>() {
        let answer = call.await.expect("no call panics");
        assert!(is_ada(&answer["result"]), "{answer:#}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_that_is_dead_expires_the_connection_and_says_how_to_connect_again() {
    let mut world = world(Database::of_this_run().await).await;
    let id = world.connect().await;
    // The provider forgets everything that it has granted.
    world.provider.restart_for(&format!("http://{}{CALLBACK}", world.host.address())).await;
    let host = &world.host;
    host.execute("UPDATE connections SET expires_at = 1").await;
    let failed = world.ask(host).await;
    let why = error(&failed);
    assert_eq!(why["type"], "connection_expired", "{failed:#}");
    let url = format!("http://{}/v1/connections/{id}/reconnect", host.address());
    assert_eq!(why["details"]["reconnect"], json!({ "method": "POST", "url": url }));
    let connection = host.get(&format!("/v1/connections/{id}")).await;
    assert_eq!((&connection["status"], &connection["status_reason"]), (&json!("expired"), &json!("invalid_grant")));
    assert_eq!(host.audit("action=connection.refresh&outcome=failed").await.len(), 1);

    // What it says is what helps.
    let again = host.request("POST", &format!("/v1/connections/{id}/reconnect")).key(host.key()).send().await;
    world.follow(again.expect(200)["authorize"]["url"].as_str().expect("a link")).await;
    assert!(is_ada(&world.ask(host).await));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_is_away_costs_no_connection() {
    let mut world = world(Database::of_this_run().await).await;
    let id = world.connect().await;
    world.provider.kill();
    world.host.execute("UPDATE connections SET expires_at = 1").await;
    let failed = world.ask(&world.host).await;
    assert_eq!(error(&failed)["type"], "upstream", "{failed:#}");
    assert_eq!(world.connection(&id).await["status"], "active");
    // Nor can anything be connected meanwhile.
    let (_, link) = world.begin().await;
    let page = Browser::default().open(&link, None).await.expect("a page");
    assert_eq!(page.status, 200);
}

/// What came of an answer: the page's status.
async fn status(answer: Result<Reply, String>) -> u16 {
    answer.expect("a page").status
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_are_not_the_providers_to_this_browser_are_refused() {
    let world = world(Database::of_this_run().await).await;
    let (id, link) = world.begin().await;
    let mut browser = Browser::default();
    let back = world.agree(&mut browser, &link).await;
    let (address, query) = back.split_once('?').expect("a query");
    let state = query.split('&').find(|pair| pair.starts_with("state=")).expect("a state").to_owned();

    assert_eq!(status(Browser::default().open(&back, None).await).await, 403);
    let wrong_state = format!("{address}?{}", query.replace(&state, "state=another"));
    assert_eq!(status(browser.open(&wrong_state, None).await).await, 400);
    assert_eq!(world.connection(&id).await["status"], "pending");
    assert_eq!(status(browser.open(&back, None).await).await, 200);
    assert_eq!(status(browser.open(&back, None).await).await, 400, "a state is used once");
    assert_eq!(world.connection(&id).await["status"], "active");
    // The link is used up, too.
    assert_eq!(status(Browser::default().open(&link, None).await).await, 404);

    // Too late.
    let (id, link) = world.begin().await;
    let mut browser = Browser::default();
    let back = world.agree(&mut browser, &link).await;
    world.host.execute("UPDATE oauth_transactions SET expires_at = 1").await;
    assert_eq!(status(browser.open(&back, None).await).await, 400);
    assert_eq!(world.connection(&id).await["status"], "pending");

    // Another issuer, and a code that was used before.
    for (change, status_, reason) in [
        (("iss=", "iss=https%3A%2F%2Fevil.example.com&x="), 400, "wrong_issuer"),
        (("code=", "code=another&x="), 502, "invalid_grant"),
    ] {
        let (id, link) = world.begin().await;
        let mut browser = Browser::default();
        let back = world.agree(&mut browser, &link).await.replace(change.0, change.1);
        assert_eq!(status(browser.open(&back, None).await).await, status_, "{reason}");
        let connection = world.connection(&id).await;
        assert_eq!((&connection["status"], &connection["status_reason"]), (&json!("error"), &json!(reason)));
    }
}
