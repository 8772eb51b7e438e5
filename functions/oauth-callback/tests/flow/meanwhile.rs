//! What happens while the provider is asked.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bulkhead_audit::Actor;
use bulkhead_connections::{
    Connection, GrantedTokens, State, claim_refresh, disconnect, find, read, reconnect, record_refreshed,
};
use bulkhead_kernel::http::{HttpClient, HttpError, HttpLimits};
use bulkhead_kernel::sql::sql;
use bulkhead_kernel::{Caller, Ports, Role, Secret};
use bulkhead_testkit::functions::{Harness, colleague, set_role};
use bulkhead_testkit::{FakeHttp, SeededEntropy};
use bulkhead_vault::{DEFAULT_MAX_BYTES, KeyEncryptionKey, KeyRing, Scope};
use bytes::Bytes;
use http::{Request, Response};

use super::{Sent, answer, begin, begin_as, come_back, correlation, follow, good, harness, reasons, state};

/// What happens meanwhile.
enum Meanwhile {
    /// This user leaves the organisation.
    Leaves(Caller),
    /// Somebody disconnects it.
    Disconnects(Caller, Connection),
    /// The host refreshes the tokens that it has.
    Refreshes(Connection),
    /// The vault's key is retired.
    Rotates,
}

/// A provider that takes so long that this happens before it gives tokens.
struct Slow {
    ports: Ports,
    meanwhile: Meanwhile,
    provider: Arc<FakeHttp>,
}

#[async_trait]
impl HttpClient for Slow {
    async fn send(&self, request: Request<Bytes>, limits: HttpLimits) -> Result<Response<Bytes>, HttpError> {
        if request.uri().path() == "/token" {
            match &self.meanwhile {
                Meanwhile::Leaves(user) => set_role(&self.ports, user, None).await,
                Meanwhile::Disconnects(user, connection) => {
                    disconnect(&self.ports, user, connection.id, &correlation()).await.expect("disconnects");
                }
                Meanwhile::Refreshes(connection) => refresh(&self.ports, connection).await,
                Meanwhile::Rotates => {
                    bulkhead_vault::retire(&self.ports, key().sealing_key().id()).await.expect("retires");
                }
            }
        }
        self.provider.send(request, limits).await
    }
}

/// The key whose one half the function has.
fn key() -> KeyRing {
    KeyRing::new(KeyEncryptionKey::generate(&SeededEntropy::new(1)))
}

async fn refresh(ports: &Ports, connection: &Connection) {
    let now = read(ports, connection.organization, connection.id).await.expect("reads").expect("is there");
    let lease = claim_refresh(ports, &now, "host", Duration::from_secs(30)).await.expect("claims").expect("is free");
    let tokens = GrantedTokens {
        access_token: Secret::new("refreshed".to_owned()),
        refresh_token: None,
        id_token: None,
        expires_in: Some(Duration::from_secs(3600)),
        scopes: None,
        account: None,
    };
    let (ring, host) = (key(), Actor::operator("host"));
    let sealing = (ring.sealing_key(), DEFAULT_MAX_BYTES);
    record_refreshed(ports, &lease, &tokens, sealing, &host, &correlation()).await.expect("is recorded");
}

async fn tokens(harness: &Harness, connection: &Connection) -> Vec<String> {
    let scope = Scope::Connection(connection.id);
    let opened = bulkhead_vault::open(&harness.api.ports, connection.organization, &key(), &scope).await;
    opened.expect("opens").into_iter().map(|secret| secret.value.expose().to_owned()).collect()
}

fn asked(provider: &FakeHttp) -> Vec<String> {
    provider.sent().iter().map(|request| request.uri().path().to_owned()).collect()
}

/// A connection that works, and a browser that was sent to the provider to connect it again.
async fn connected(harness: &Harness) -> (Connection, Sent) {
    let (connection, token) = begin(harness).await;
    let sent = follow(harness, &token).await;
    come_back(harness, Some(&sent.cookie), &answer(&sent)).await.with_status(200);
    let (ports, ours) = (&harness.api.ports, &harness.ours.caller);
    let (connection, link) = reconnect(ports, ours, connection.id, &correlation()).await.expect("a link");
    let sent = follow(harness, link.token.expose()).await;
    (connection, sent)
}

fn slow(harness: &mut Harness, meanwhile: Meanwhile, provider: &Arc<FakeHttp>) {
    let (ports, provider) = (harness.api.ports.clone(), provider.clone());
    harness.api.http = Arc::new(Slow { ports, meanwhile, provider });
}

#[tokio::test]
async fn tokens_that_come_after_their_user_has_left_are_not_stored() {
    let (mut harness, provider) = harness(good()).await;
    let user = colleague(&harness.api.ports, &harness.ours.caller).await;
    let (connection, token) = begin_as(&harness, &user, None).await;
    let sent = follow(&harness, &token).await;
    slow(&mut harness, Meanwhile::Leaves(user.clone()), &provider);
    come_back(&harness, Some(&sent.cookie), &answer(&sent)).await.with_status(403);
    assert_eq!(reasons(&harness).await, ["not_allowed"]);
    let (ports, organization) = (&harness.api.ports, user.organization);
    assert!(bulkhead_vault::list(ports, organization).await.expect("reads").is_empty());
    let admin = Caller { role: Role::Admin, ..harness.ours.caller.clone() };
    assert_eq!(find(ports, &admin, connection.id, &correlation()).await.expect("is there").state, State::Pending);
    // The provider is told, one request for each token.
    assert_eq!(asked(&provider), ["/token", "/revoke", "/revoke"]);
}

#[tokio::test]
async fn tokens_that_come_after_a_refresh_take_the_place_of_the_refreshed_ones() {
    let (mut harness, provider) = harness(good()).await;
    let (connection, sent) = connected(&harness).await;
    slow(&mut harness, Meanwhile::Refreshes(connection.clone()), &provider);
    come_back(&harness, Some(&sent.cookie), &answer(&sent)).await.with_status(200);
    assert_eq!(tokens(&harness, &connection).await, ["the-access-token", "the-refresh-token"]);
    assert!(matches!(state(&harness, &connection).await, State::Active { .. }));
    assert_eq!((asked(&provider), reasons(&harness).await), (vec!["/token".to_owned(); 2], Vec::new()));
}

#[tokio::test]
async fn tokens_that_come_after_the_disconnection_are_revoked() {
    let (mut harness, provider) = harness(good()).await;
    let (connection, sent) = connected(&harness).await;
    let before = tokens(&harness, &connection).await;
    let meanwhile = Meanwhile::Disconnects(harness.ours.caller.clone(), connection.clone());
    slow(&mut harness, meanwhile, &provider);
    come_back(&harness, Some(&sent.cookie), &answer(&sent)).await.with_status(409);
    assert_eq!(
        (state(&harness, &connection).await, reasons(&harness).await),
        (State::Revoked, vec!["gone".to_owned()])
    );
    assert_eq!(asked(&provider), ["/token", "/token", "/revoke", "/revoke"]);
    assert_eq!(tokens(&harness, &connection).await, before, "the host revokes and removes those");
}

#[tokio::test]
async fn tokens_that_the_vault_refuses_are_revoked_and_that_is_told() {
    let (mut harness, provider) = harness(good()).await;
    let (connection, token) = begin(&harness).await;
    let sent = follow(&harness, &token).await;
    slow(&mut harness, Meanwhile::Rotates, &provider);
    come_back(&harness, Some(&sent.cookie), &answer(&sent)).await.with_status(503);
    let expected = State::Error { reason: "not_stored".to_owned() };
    assert_eq!(
        (state(&harness, &connection).await, reasons(&harness).await),
        (expected, vec!["not_stored".to_owned()])
    );
    assert!(tokens(&harness, &connection).await.is_empty());
    assert_eq!(asked(&provider), ["/token", "/revoke", "/revoke"]);
}

#[tokio::test]
async fn a_connection_that_keeps_changing_is_given_up_at_the_fifth_time() {
    for (times, status) in [(4, 200), (5, 503)] {
        let (mut harness, provider) = harness(good()).await;
        let (connection, sent) = connected(&harness).await;
        let change = sql("UPDATE connections SET version = version + 1").across_tenants("a test");
        harness.overtake_by(&["UPDATE connections SET account"], change, times);
        come_back(&harness, Some(&sent.cookie), &answer(&sent)).await.with_status(status);
        assert!(matches!(state(&harness, &connection).await, State::Active { .. }));
        assert_eq!(asked(&provider), ["/token"; 2]);
    }
}
