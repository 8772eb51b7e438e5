//! Refreshing, against a provider that rotates refresh tokens and ends a grant of which one is used twice.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bulkhead_audit::Actor;
use bulkhead_connections::{
    Connection, NewConnection, OauthClients, State, create, disconnect, fields, forget_steps, read,
};
use bulkhead_connectors::oauth::{OauthEntry, OauthProvider, SettingValues};
use bulkhead_connectors::{AuthType, NewConnector, register};
use bulkhead_execution::JobErrorKind;
use bulkhead_kernel::http::{HttpClient, HttpError, HttpLimits};
use bulkhead_kernel::sql::sql;
use bulkhead_kernel::{Clock as _, CorrelationId, Ports, Secret};
use bulkhead_testkit::fake_http::json_response;
use bulkhead_testkit::functions::{Fixture, connector};
use bulkhead_testkit::{FakeHttp, ManualClock};
use bulkhead_vault::{Author, NewSecret, Scope};
use bytes::Bytes;
use http::{Request, Response};
use serde_json::json;
use tokio::sync::Notify;

use super::Connections;
use super::refused::Refused;
use crate::config::{ConnectionsConfig, VaultConfig};
use crate::vault::Vault;

struct World {
    fixture: Fixture,
    clock: Arc<ManualClock>,
    vault: Vault,
    provider: OauthProvider,
    connection: Connection,
    correlation: CorrelationId,
    _folder: tempfile::TempDir,
}

/// A connection whose token ends in a minute, and the refresh token `refresh-0`.
async fn world(fixture: Fixture, clock: Arc<ManualClock>) -> World {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let ports = fixture.ports.clone();
    let vault = Vault::open(&ports, &VaultConfig::default(), folder.path()).await.expect("opens");
    let none = BTreeMap::new();
    let entry = OauthEntry {
        authorize_url: Some("https://id.example.com/authorize".to_owned()),
        token_url: Some("https://id.example.com/token".to_owned()),
        revoke_url: Some("https://id.example.com/revoke".to_owned()),
        ..OauthEntry::default()
    };
    let slug = "mine".parse().expect("a slug");
    let provider = entry.resolve(&slug, SettingValues { values: &none, given: &none }).expect("a provider");
    let connector = NewConnector {
        name: "Mine".to_owned(),
        auth_types: AuthType::Oauth2.into(),
        oauth: Some(provider.clone()),
        ..connector("mine", Vec::new())
    };
    register(&ports, &connector).await.expect("registers");
    let connector = bulkhead_connectors::get(&ports, "mine").await.expect("reads").expect("is there");
    let correlation = CorrelationId::parse("test").expect("sane");
    let caller = &fixture.ours.caller;
    let new = NewConnection { label: "work".to_owned(), auth_type: AuthType::Oauth2, project: None, api_key: None };
    let made = create(&ports, caller, &connector, new, None, &correlation).await.expect("creates").connection;
    let active = sql("UPDATE connections SET status = 'active', refreshable = $1, expires_at = $2 WHERE id = $3")
        .bind(true)
        .bind(ports.now().plus(Duration::from_secs(60)))
        .bind(made.id)
        .across_tenants("a test");
    ports.sql.execute(active).await.expect("changes");
    let organization = caller.organization;
    let author = Author { organization, actor: Actor::operator("test"), correlation: correlation.clone() };
    for (name, value) in [(fields::CREDENTIAL, "access-0"), (fields::REFRESH_TOKEN, "refresh-0")] {
        let (scope, field) = (Scope::Connection(made.id), name.parse().expect("a name"));
        vault.put(&author, &NewSecret { scope, field, value: Secret::new(value.to_owned()) }).await.expect("stores");
    }
    let connection = read(&ports, organization, made.id).await.expect("reads").expect("is there");
    World { fixture, clock, vault, provider, connection, correlation, _folder: folder }
}

async fn on_sqlite() -> World {
    let clock = Arc::new(ManualClock::default());
    world(Fixture::start(clock.clone()).await, clock).await
}

impl World {
    fn ports(&self) -> &Ports {
        &self.fixture.ports
    }

    /// One process's way to this provider.
    fn process(&self, name: &str, http: &Arc<FakeHttp>) -> Connections {
        self.process_over(name, http.clone())
    }

    fn process_over(&self, name: &str, http: Arc<dyn HttpClient>) -> Connections {
        self.process_with(name, http, ConnectionsConfig { refresh_ahead_seconds: 20, ..ConnectionsConfig::default() })
    }

    fn process_with(&self, name: &str, http: Arc<dyn HttpClient>, config: ConnectionsConfig) -> Connections {
        let clients = OauthClients::parse(r#"{"mine": {"client_id": "c", "client_secret": "s"}}"#).expect("clients");
        let place = (name.to_owned(), "https://bulkhead.example.com".to_owned());
        Connections::new(self.ports().clone(), self.vault.clone(), http, clients, config, place)
    }

    async fn now(&self) -> Connection {
        let connection = &self.connection;
        read(self.ports(), connection.organization, connection.id).await.expect("reads").expect("is there")
    }

    async fn tokens(&self) -> Vec<String> {
        let scope = Scope::Connection(self.connection.id);
        let opened = self.vault.open_scope(self.connection.organization, &scope).await.expect("opens");
        opened.into_iter().map(|(_, value)| value.expose().to_owned()).collect()
    }

    /// What a call gets: the connection to act with, or why not.
    async fn fresh(&self, process: &Connections) -> Result<Connection, JobErrorKind> {
        let connection = self.now().await;
        process.fresh(connection, &self.provider, &self.correlation).await.map_err(|error| error.kind)
    }
}

/// A provider that gives `access-N` and `refresh-N` for `refresh-(N-1)`, once.
fn rotating() -> Arc<FakeHttp> {
    let current = Mutex::new(0_u32);
    Arc::new(FakeHttp::new(move |request| {
        let body = String::from_utf8_lossy(request.body()).into_owned();
        let mut current = current.lock().expect("no test panics here");
        if !body.contains(&format!("refresh_token=refresh-{current}")) {
            return Ok(json_response(400, r#"{"error": "invalid_grant"}"#));
        }
        *current += 1;
        let tokens = json!({
            "access_token": format!("access-{current}"), "refresh_token": format!("refresh-{current}"),
            "token_type": "Bearer", "expires_in": 60,
        });
        Ok(json_response(200, tokens.to_string()))
    }))
}

async fn fifty_make_one(world: World) {
    let (world, http) = (Arc::new(world), rotating());
    for round in 1..=2 {
        world.clock.advance(Duration::from_secs(60));
        let processes = [world.process("one", &http), world.process("two", &http)];
        let calls: Vec<_> = (0..50)
            .map(|number| {
                let (world, process) = (world.clone(), processes[number % 2].clone());
                tokio::spawn(async move { world.fresh(&process).await })
            })
            .collect();
        for call in calls {
            let fresh = call.await.expect("no call panics").expect("no call fails");
            assert_eq!(fresh.version, round + 1);
        }
        assert_eq!(http.sent().len(), usize::try_from(round).expect("is small"));
        assert_eq!(world.tokens().await, [format!("access-{round}"), format!("refresh-{round}")]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_calls_in_two_processes_make_one_request_on_sqlite() {
    fifty_make_one(on_sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_calls_in_two_processes_make_one_request_on_postgres() {
    let clock = Arc::new(ManualClock::default());
    fifty_make_one(world(Fixture::start_on_postgres(clock.clone()).await, clock).await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_refreshed_ahead_of_its_end_and_no_earlier() {
    let (world, http) = (on_sqlite().await, rotating());
    let process = world.process("one", &http);
    world.clock.advance(Duration::from_millis(39_999));
    assert_eq!(world.fresh(&process).await.expect("is fresh").version, 1);
    assert!(http.sent().is_empty());
    world.clock.advance(Duration::from_millis(1));
    assert_eq!(world.fresh(&process).await.expect("is fresh").version, 2);
    assert_eq!(http.sent().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_is_away_costs_nothing_but_calls_after_the_tokens_end() {
    let world = on_sqlite().await;
    let away = Arc::new(FakeHttp::new(|_| Err(HttpError::Unreachable("refused".to_owned()))));
    let process = world.process("one", &away);
    world.clock.advance(Duration::from_secs(50));
    assert_eq!(world.fresh(&process).await.expect("is good still").version, 1);
    world.clock.advance(Duration::from_secs(10));
    assert_eq!(world.fresh(&process).await.err(), Some(JobErrorKind::Upstream));
    assert!(matches!(world.now().await.state, State::Active { .. }));
    // The lease was given back: whoever comes next need not wait for its end.
    assert_eq!(world.fresh(&world.process("two", &rotating())).await.expect("is fresh").version, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_that_is_dead_expires_the_connection() {
    let world = on_sqlite().await;
    let refusing = Arc::new(FakeHttp::json(400, &json!({ "error": "invalid_grant" })));
    let process = world.process("one", &refusing);
    world.clock.advance(Duration::from_secs(60));
    let error = process.fresh(world.now().await, &world.provider, &world.correlation).await.expect_err("is dead");
    assert_eq!(error.kind, JobErrorKind::ConnectionExpired);
    let url = format!("https://bulkhead.example.com/v1/connections/{}/reconnect", world.connection.id);
    assert_eq!(error.details.expect("details")["reconnect"], json!({ "method": "POST", "url": url }));
    assert_eq!(world.now().await.state, State::Expired { reason: "invalid_grant".to_owned() });
}

impl World {
    /// What becomes of the account when the service refuses this version of it.
    async fn renew(&self, process: &Connections, used: &Connection) -> Refused {
        process.renew(used, &self.provider, &self.correlation).await.expect("is looked at")
    }
}

/// A provider that answers when it is let.
struct Held {
    provider: Arc<FakeHttp>,
    asked: Notify,
    answer: Notify,
}

#[async_trait]
impl HttpClient for Held {
    async fn send(&self, request: Request<Bytes>, limits: HttpLimits) -> Result<Response<Bytes>, HttpError> {
        self.asked.notify_one();
        self.answer.notified().await;
        self.provider.send(request, limits).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_canceled_while_it_refreshes_costs_no_tokens() {
    let world = on_sqlite().await;
    let held = Arc::new(Held { provider: rotating(), asked: Notify::new(), answer: Notify::new() });
    let process = world.process_over("one", held.clone());
    world.clock.advance(Duration::from_secs(60));
    let (connection, provider, correlation) = (world.now().await, world.provider.clone(), world.correlation.clone());
    let calling = process.clone();
    let call = tokio::spawn(async move { calling.fresh(connection, &provider, &correlation).await });
    held.asked.notified().await;
    call.abort();
    assert!(call.await.is_err_and(|error| error.is_cancelled()));
    held.answer.notify_one();
    // As at the end of the process.
    process.drain().await;
    assert_eq!(world.tokens().await, ["access-1", "refresh-1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_waits_for_anothers_refresh_for_so_long() {
    let world = on_sqlite().await;
    let held = Arc::new(Held { provider: rotating(), asked: Notify::new(), answer: Notify::new() });
    let config =
        ConnectionsConfig { refresh_wait_seconds: 0, refresh_ahead_seconds: 20, ..ConnectionsConfig::default() };
    let process = world.process_with("one", held.clone(), config);
    world.clock.advance(Duration::from_secs(60));
    let used = world.now().await;
    let (calling, connection) = (process.clone(), used.clone());
    let (provider, correlation) = (world.provider.clone(), world.correlation.clone());
    let call = tokio::spawn(async move { calling.fresh(connection, &provider, &correlation).await });
    held.asked.notified().await;
    let error = process.fresh(used.clone(), &world.provider, &world.correlation).await.expect_err("waits no longer");
    assert_eq!(error.kind, JobErrorKind::Upstream);
    assert!(error.message.contains("another call is refreshing it"), "{}", error.message);
    assert_eq!(world.renew(&process, &used).await, Refused::BeingRenewed);
    held.answer.notify_one();
    assert_eq!(call.await.expect("does not panic").expect("is fresh").version, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_refused_is_refreshed_once_however_many_calls_it_had() {
    let clock = Arc::new(ManualClock::default());
    let postgres = world(Fixture::start_on_postgres(clock.clone()).await, clock).await;
    for world in [on_sqlite().await, postgres] {
        let (world, http) = (Arc::new(world), rotating());
        let later =
            sql("UPDATE connections SET expires_at = $1").bind(world.ports().now().plus(Duration::from_secs(3600)));
        world.ports().sql.execute(later.across_tenants("a test")).await.expect("changes");
        let used = world.now().await;
        // What was refused while it was new is left alone.
        world.clock.advance(Duration::from_millis(59_999));
        assert_eq!(world.renew(&world.process("one", &http), &used).await, Refused::Unchanged);
        assert!(http.sent().is_empty());
        world.clock.advance(Duration::from_millis(1));
        let processes = [world.process("one", &http), world.process("two", &http)];
        let calls: Vec<_> = (0..20)
            .map(|number| {
                let (world, process, used) = (world.clone(), processes[number % 2].clone(), used.clone());
                tokio::spawn(async move { world.renew(&process, &used).await })
            })
            .collect();
        for call in calls {
            let became = call.await.expect("no call panics");
            assert!(matches!(became, Refused::Renewed | Refused::BeingRenewed), "{became:?}");
        }
        assert_eq!(http.sent().len(), 1);
        assert_eq!(world.tokens().await, ["access-1", "refresh-1"]);
        // The new token is refused as well: that is not for want of a refresh.
        assert_eq!(world.renew(&processes[0], &world.now().await).await, Refused::Unchanged);
        assert_eq!(http.sent().len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_token_of_a_dead_grant_expires_the_connection() {
    let world = on_sqlite().await;
    let refusing = Arc::new(FakeHttp::json(400, &json!({ "error": "invalid_grant" })));
    let process = world.process("one", &refusing);
    let used = world.now().await;
    world.clock.advance(Duration::from_secs(60));
    let Refused::Expired(error) = world.renew(&process, &used).await else { panic!("it goes on") };
    assert_eq!(error.kind, JobErrorKind::ConnectionExpired);
    let url = format!("https://bulkhead.example.com/v1/connections/{}/reconnect", used.id);
    assert_eq!(error.details.expect("details")["reconnect"], json!({ "method": "POST", "url": url }));
    assert_eq!(world.now().await.state, State::Expired { reason: "invalid_grant".to_owned() });
    // Whoever was refused at the same time learns the same.
    assert!(matches!(world.renew(&process, &used).await, Refused::Expired(_)));
    assert_eq!(refusing.sent().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_token_is_kept_while_its_provider_is_away_or_can_not_refresh() {
    let world = on_sqlite().await;
    let away = Arc::new(FakeHttp::json(503, &json!({})));
    let used = world.now().await;
    world.clock.advance(Duration::from_secs(60));
    assert_eq!(world.renew(&world.process("one", &away), &used).await, Refused::Unchanged);
    let http = rotating();
    let lasting = Connection { state: State::Active { expires_at: None, refreshable: false }, ..used.clone() };
    assert_eq!(world.renew(&world.process("one", &http), &lasting).await, Refused::Unchanged);
    let other = Connection { authority: "somebody-else".to_owned(), ..used };
    assert_eq!(world.renew(&world.process("one", &http), &other).await, Refused::Unchanged);
    assert!(http.sent().is_empty());
    assert!(matches!(world.now().await.state, State::Active { .. }));
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_go_to_nobody_but_who_gave_them() {
    let (world, http) = (on_sqlite().await, rotating());
    let process = world.process("one", &http);
    let other = OauthProvider { authority: "somebody-else".to_owned(), ..world.provider.clone() };
    let error = process.fresh(world.now().await, &other, &world.correlation).await.expect_err("is refused");
    assert_eq!((error.kind, http.sent().len()), (JobErrorKind::ConnectionExpired, 0));
    assert_eq!(world.now().await.state, State::Expired { reason: "provider_changed".to_owned() });
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_disconnected_is_revoked_and_forgotten() {
    let (world, http) = (on_sqlite().await, Arc::new(FakeHttp::json(200, &json!({}))));
    let process = world.process("one", &http);
    process.clean_up().await.expect("cleans up");
    assert_eq!(world.tokens().await.len(), 2);
    let caller = &world.fixture.ours.caller;
    disconnect(world.ports(), caller, world.connection.id, &world.correlation).await.expect("disconnects");
    // While the provider is away the tokens are kept, to be revoked later.
    let away = Arc::new(FakeHttp::json(503, &json!({})));
    world.process("two", &away).clean_up().await.expect("cleans up");
    assert_eq!((world.tokens().await.len(), away.sent().len()), (2, 1));
    process.clean_up().await.expect("cleans up");
    assert!(http.sent().is_empty(), "it is not due again yet");
    world.clock.advance(Duration::from_secs(30));
    process.clean_up().await.expect("cleans up");
    assert!(world.tokens().await.is_empty());
    let bodies: Vec<_> = http.sent().iter().map(|sent| String::from_utf8_lossy(sent.body()).into_owned()).collect();
    assert!(
        bodies.len() == 2 && bodies[0].contains("token=refresh-0") && bodies[1].contains("token=access-0"),
        "{bodies:?}"
    );
    assert!(world.clock.now() > world.connection.created_at);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_erased_user_had_connected_is_revoked_and_forgotten() {
    let (world, http) = (on_sqlite().await, Arc::new(FakeHttp::json(200, &json!({}))));
    let (ports, user) = (world.ports(), world.fixture.ours.caller.user);
    ports.sql.batch(forget_steps(user, &[], ports.now())).await.expect("disconnects");
    world.process("one", &http).clean_up().await.expect("cleans up");
    assert!(world.tokens().await.is_empty());
    assert_eq!(http.sent().len(), 2, "both are given back to the provider");
}
