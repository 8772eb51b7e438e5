//! Who may refresh a token, and whose a connection is.

use std::sync::Arc;
use std::time::Duration;

use bulkhead_audit::Actor;
use bulkhead_connections::{
    Chosen, Connection, Fresh, GrantedTokens, NewConnection, RefreshFault, State, choose, claim_refresh, create,
    disconnect, due_for_cleanup, expire, postpone_cleanup, read, record_refreshed, release_refresh,
};
use bulkhead_connectors::{AuthType, NewConnector, register};
use bulkhead_identity::remove_member;
use bulkhead_kernel::id::ProjectId;
use bulkhead_kernel::sql::sql;
use bulkhead_kernel::{Caller, CorrelationId, Ports, Role, Secret};
use bulkhead_testkit::functions::{Fixture, colleague, connector, project, set_project_role, set_role};
use bulkhead_testkit::{ManualClock, SeededEntropy};
use bulkhead_vault::{DEFAULT_MAX_BYTES, KeyEncryptionKey, KeyRing, Scope};

const LEASE: Duration = Duration::from_secs(30);

struct Bench {
    fixture: Fixture,
    clock: Arc<ManualClock>,
    ring: KeyRing,
    actor: Actor,
    correlation: CorrelationId,
}

async fn bench() -> Bench {
    let clock = Arc::new(ManualClock::default());
    Bench::over(Fixture::start(clock.clone()).await, clock).await
}

async fn bench_on_postgres() -> Bench {
    let clock = Arc::new(ManualClock::default());
    Bench::over(Fixture::start_on_postgres(clock.clone()).await, clock).await
}

impl Bench {
    async fn over(fixture: Fixture, clock: Arc<ManualClock>) -> Self {
        let connector = NewConnector {
            name: "Mine".to_owned(),
            auth_types: AuthType::ApiKey.into(),
            ..connector("mine", Vec::new())
        };
        register(&fixture.ports, &connector).await.expect("registers");
        let ring = KeyRing::new(KeyEncryptionKey::generate(&SeededEntropy::new(1)));
        let correlation = CorrelationId::parse("test").expect("sane");
        Self { fixture, clock, ring, actor: Actor::operator("host test"), correlation }
    }

    fn ports(&self) -> &Ports {
        &self.fixture.ports
    }

    /// An active connection of ours whose token can be refreshed.
    async fn connection(&self, project: Option<ProjectId>) -> Connection {
        let ours = &self.fixture.ours.caller;
        // Only an admin connects for a project.
        set_role(self.ports(), ours, Some(if project.is_some() { "admin" } else { "member" })).await;
        let caller = Caller { role: if project.is_some() { Role::Admin } else { Role::Member }, ..ours.clone() };
        let connector = bulkhead_connectors::get(self.ports(), "mine").await.expect("reads").expect("is there");
        let api_key = Some(Secret::new("the-first-token".to_owned()));
        let new = NewConnection { label: "work".to_owned(), auth_type: AuthType::ApiKey, project, api_key };
        let key = Some(self.ring.sealing_key());
        let created = create(self.ports(), &caller, &connector, new, key, &self.correlation).await.expect("creates");
        set_role(self.ports(), ours, Some("member")).await;
        let soon = self.ports().now().plus(Duration::from_secs(60));
        let refreshable = sql("UPDATE connections SET expires_at = $1, refreshable = $2 WHERE id = $3")
            .bind(soon)
            .bind(true)
            .bind(created.connection.id)
            .across_tenants("a test");
        self.ports().sql.execute(refreshable).await.expect("changes");
        self.now(&created.connection).await
    }

    async fn now(&self, connection: &Connection) -> Connection {
        read(self.ports(), connection.organization, connection.id).await.expect("reads").expect("is there")
    }

    async fn record(
        &self,
        lease: &bulkhead_connections::RefreshLease,
        token: &str,
    ) -> Result<Connection, RefreshFault> {
        let tokens = GrantedTokens {
            access_token: Secret::new(token.to_owned()),
            refresh_token: None,
            id_token: None,
            expires_in: Some(Duration::from_secs(3600)),
            scopes: None,
            account: None,
        };
        let key = (self.ring.sealing_key(), DEFAULT_MAX_BYTES);
        record_refreshed(self.ports(), lease, &tokens, key, &self.actor, &self.correlation).await
    }

    async fn token(&self, connection: &Connection) -> String {
        let scope = Scope::Connection(connection.id);
        let opened = bulkhead_vault::open(self.ports(), connection.organization, &self.ring, &scope).await;
        opened.expect("opens").swap_remove(0).value.expose().to_owned()
    }
}

#[tokio::test]
async fn one_process_has_the_lease_until_it_gives_it_back_or_it_ends() {
    let bench = bench().await;
    let connection = bench.connection(None).await;
    let first = claim_refresh(bench.ports(), &connection, "one", LEASE).await.expect("claims").expect("is free");
    assert!(claim_refresh(bench.ports(), &connection, "two", LEASE).await.expect("claims").is_none());
    release_refresh(bench.ports(), &first).await.expect("releases");
    let second = claim_refresh(bench.ports(), &connection, "two", LEASE).await.expect("claims").expect("is free");
    // Somebody else's lease is not given back.
    release_refresh(bench.ports(), &first).await.expect("releases");
    bench.clock.advance(LEASE - Duration::from_millis(1));
    assert!(claim_refresh(bench.ports(), &connection, "one", LEASE).await.expect("claims").is_none());
    bench.clock.advance(Duration::from_millis(1));
    let third = claim_refresh(bench.ports(), &connection, "one", LEASE).await.expect("claims").expect("has ended");
    let refreshed = bench.record(&third, "the-second-token").await.expect("records");
    assert_eq!((refreshed.version, bench.token(&connection).await.as_str()), (2, "the-second-token"));
    // Whoever comes late, or knows the old version, changes nothing.
    assert!(matches!(bench.record(&second, "the-third-token").await, Err(RefreshFault::Overtaken)));
    assert!(claim_refresh(bench.ports(), &connection, "two", LEASE).await.expect("claims").is_none());
    assert_eq!(bench.token(&connection).await, "the-second-token");
}

#[tokio::test]
async fn a_token_that_comes_after_the_disconnection_is_not_stored() {
    let bench = bench().await;
    let connection = bench.connection(None).await;
    let lease = claim_refresh(bench.ports(), &connection, "one", LEASE).await.expect("claims").expect("is free");
    let caller = &bench.fixture.ours.caller;
    disconnect(bench.ports(), caller, connection.id, &bench.correlation).await.expect("disconnects");
    assert!(matches!(bench.record(&lease, "late").await, Err(RefreshFault::Overtaken)));
    assert_eq!(bench.now(&connection).await.state, State::Revoked);
    assert!(!expire(bench.ports(), &connection, "late", &bench.actor, &bench.correlation).await.expect("decides"));

    // One process cleans up.
    let due = due_for_cleanup(bench.ports(), 10).await.expect("reads");
    assert_eq!(due.len(), 1);
    assert!(postpone_cleanup(bench.ports(), &due[0], LEASE).await.expect("claims"));
    assert!(!postpone_cleanup(bench.ports(), &due[0], LEASE).await.expect("claims"));
    assert!(due_for_cleanup(bench.ports(), 10).await.expect("reads").is_empty());
}

#[tokio::test]
async fn freshness_is_checked_on_both_sides_of_each_border() {
    let bench = bench().await;
    let connection = bench.connection(None).await;
    let ahead = Duration::from_secs(20);
    let of = || Fresh::of(&connection, bench.ports().now(), ahead);
    assert_eq!(of(), Fresh::Yes);
    bench.clock.advance(Duration::from_millis(39_999));
    assert_eq!(of(), Fresh::Yes);
    bench.clock.advance(Duration::from_millis(1));
    assert_eq!(of(), Fresh::Soon);
    bench.clock.advance(Duration::from_millis(19_999));
    assert_eq!(of(), Fresh::Soon);
    bench.clock.advance(Duration::from_millis(1));
    assert_eq!(of(), Fresh::No);
    assert!(expire(bench.ports(), &connection, "x", &bench.actor, &bench.correlation).await.expect("expires"));
    let expired = bench.now(&connection).await;
    assert_eq!(Fresh::of(&expired, bench.ports().now(), ahead), Fresh::Dead);
}

#[tokio::test]
async fn a_call_uses_its_users_own_or_its_projects_and_nobody_elses() {
    for bench in [bench().await, bench_on_postgres().await] {
        chooses(&bench).await;
    }
}

async fn chooses(bench: &Bench) {
    let (ours, theirs) = (&bench.fixture.ours.caller, &bench.fixture.theirs.caller);
    let project: ProjectId = project(bench.ports(), ours.organization).await;
    let mate = colleague(bench.ports(), ours).await;
    set_project_role(bench.ports(), &mate, project, Some("developer")).await;
    let chosen = async |organization, user, project| {
        let chosen = choose(bench.ports(), organization, user, project, "mine").await.expect("chooses");
        match chosen {
            Chosen::Connection(connection) => format!("uses {}", connection.id),
            Chosen::Expired(connection) => format!("expired {}", connection.id),
            Chosen::NotInProject => "not in the project".to_owned(),
            Chosen::Nothing => "nothing".to_owned(),
        }
    };
    let own = bench.connection(None).await;
    assert_eq!(chosen(ours.organization, ours.user, Some(project)).await, format!("uses {}", own.id));
    // Another user, and another tenant that names our user.
    assert_eq!(chosen(ours.organization, theirs.user, None).await, "nothing");
    assert_eq!(chosen(theirs.organization, ours.user, None).await, "nothing");
    assert_eq!(chosen(ours.organization, theirs.user, Some(project)).await, "not in the project");
    assert_eq!(chosen(theirs.organization, ours.user, Some(project)).await, "not in the project");
    // The project has none.
    assert_eq!(chosen(ours.organization, mate.user, Some(project)).await, "nothing");

    let shared = bench.connection(Some(project)).await;
    assert_eq!(chosen(ours.organization, ours.user, Some(project)).await, format!("uses {}", own.id));
    let uses_shared = format!("uses {}", shared.id);
    assert_eq!(chosen(ours.organization, mate.user, Some(project)).await, uses_shared);
    assert_eq!(chosen(ours.organization, mate.user, None).await, "nothing");
    let nowhere = Some(bench.ports().new_id());
    assert_eq!(chosen(ours.organization, mate.user, nowhere).await, "not in the project");
    assert_eq!(chosen(ours.organization, theirs.user, Some(project)).await, "not in the project");
    // What they may do in the project counts when the call is made, however long ago it was asked for.
    for (role, expected) in
        [(Some("viewer"), "not in the project"), (None, "not in the project"), (Some("maintainer"), &*uses_shared)]
    {
        set_project_role(bench.ports(), &mate, project, role).await;
        assert_eq!(chosen(ours.organization, mate.user, Some(project)).await, expected, "{role:?}");
    }
    set_project_role(bench.ports(), &mate, project, None).await;
    set_role(bench.ports(), &mate, Some("admin")).await;
    assert_eq!(chosen(ours.organization, mate.user, Some(project)).await, uses_shared);
    set_role(bench.ports(), &mate, None).await;
    assert_eq!(chosen(ours.organization, mate.user, Some(project)).await, "not in the project");

    // One's own that is not accepted any more is no reason to act as somebody else.
    assert!(expire(bench.ports(), &own, "invalid_grant", &bench.actor, &bench.correlation).await.expect("expires"));
    assert_eq!(chosen(ours.organization, ours.user, Some(project)).await, format!("expired {}", own.id));
    disconnect(bench.ports(), ours, own.id, &bench.correlation).await.expect("disconnects");
    assert_eq!(chosen(ours.organization, ours.user, Some(project)).await, "not in the project");
    set_project_role(bench.ports(), ours, project, Some("developer")).await;
    assert_eq!(chosen(ours.organization, ours.user, Some(project)).await, uses_shared);
}

#[tokio::test]
async fn what_ends_with_a_membership_comes_after_it() {
    for bench in [bench().await, bench_on_postgres().await] {
        let (ports, ours) = (bench.ports(), &bench.fixture.ours.caller);
        set_role(ports, ours, Some("owner")).await;
        let owner = Caller { role: Role::Owner, ..ours.clone() };
        let mate = colleague(ports, ours).await;
        // What other features do comes after the end of the membership, which waits for whoever holds it: so nothing is
        // connected after they have looked.
        let looks = || {
            let look = sql("UPDATE users SET name = name WHERE id = $1 AND NOT EXISTS \
                            (SELECT 1 FROM memberships m WHERE m.organization_id = $2 AND m.user_id = $1)");
            vec![look.bind(mate.user).bind(mate.organization).of(mate.organization).expecting(1)]
        };
        remove_member(ports, &owner, mate.user, looks, &bench.correlation).await.expect("goes");
    }
}
