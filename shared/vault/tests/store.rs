//! The vault's use cases over real databases.

use std::sync::Arc;
use std::time::Duration;

use bulkhead_audit::{Actor, AuditEvent, AuditFilter, Outcome};
use bulkhead_kernel::id::SecretId;
use bulkhead_kernel::sql::sql;
use bulkhead_kernel::{CorrelationId, PageRequest, Secret};
use bulkhead_testkit::ManualClock;
use bulkhead_testkit::functions::{Fixture, Tenant};
use bulkhead_vault::{
    Author, DEFAULT_MAX_BYTES, Failed, FieldName, KeyEncryptionKey, KeyRing, KeyUsage, NewSecret, Retired, Scope,
    VaultError, key_usage, list, open, put, register, remove, retire, rewrap,
};

macro_rules! on_both_databases {
    ($($test:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test] async fn $test() {
                let clock = std::sync::Arc::new(bulkhead_testkit::ManualClock::default());
                let fixture = bulkhead_testkit::functions::Fixture::start(clock.clone()).await;
                super::$test(super::Scene::of(fixture, clock)).await;
            })*
        }
        mod postgres {
            $(#[tokio::test] async fn $test() {
                let clock = std::sync::Arc::new(bulkhead_testkit::ManualClock::default());
                let fixture = bulkhead_testkit::functions::Fixture::start_on_postgres(clock.clone()).await;
                super::$test(super::Scene::of(fixture, clock)).await;
            })*
        }
    };
}

on_both_databases!(
    secrets_are_stored_replaced_listed_and_removed,
    every_change_is_audited_without_a_value,
    a_secret_has_a_length,
    tenants_do_not_see_each_other,
    a_row_that_was_moved_is_refused,
    a_row_that_was_changed_is_refused,
    a_row_of_another_format_is_refused,
    an_unknown_key_is_told_by_its_name,
    rewrapping_goes_on_where_it_was_interrupted,
    a_put_is_never_overwritten_by_a_rewrap,
    what_can_not_be_rewrapped_is_told_and_left_alone,
    a_key_in_use_is_not_retired_and_a_retired_one_never_comes_back,
);

struct Scene {
    fixture: Fixture,
    clock: Arc<ManualClock>,
    ring: KeyRing,
}

impl Scene {
    fn of(fixture: Fixture, clock: Arc<ManualClock>) -> Self {
        let ring = KeyRing::new(KeyEncryptionKey::generate(fixture.ports.entropy.as_ref()));
        Self { fixture, clock, ring }
    }

    fn rotated(&self) -> KeyRing {
        self.ring.with_new_primary(self.fixture.ports.entropy.as_ref())
    }

    async fn try_put(&self, ring: &KeyRing, tenant: &Tenant, new: NewSecret) -> Result<(), VaultError> {
        let author = Author::caller(&tenant.caller, &correlation());
        put(&self.fixture.ports, &author, ring.sealing_key(), &new, DEFAULT_MAX_BYTES).await
    }

    async fn put(&self, connector: &str, field: &str, value: &str) {
        self.try_put(&self.ring, &self.fixture.ours, secret(connector, field, value)).await.expect("stores");
    }

    async fn open_with(&self, ring: &KeyRing, connector: &str) -> Result<Vec<(String, String)>, VaultError> {
        let opened = open(&self.fixture.ports, self.fixture.ours.caller.organization, ring, &scope(connector)).await?;
        Ok(opened.iter().map(|one| (one.field.to_string(), one.value.expose().to_owned())).collect())
    }

    async fn open(&self, connector: &str) -> Result<Vec<(String, String)>, VaultError> {
        self.open_with(&self.ring, connector).await
    }

    async fn rewrap(&self, ring: &KeyRing, after: Option<SecretId>, limit: u32) -> bulkhead_vault::RewrapBatch {
        let actor = Actor::operator("uid 0");
        rewrap(&self.fixture.ports, ring, &actor, &correlation(), after, limit).await.expect("rewraps")
    }

    async fn execute(&self, text: &'static str) {
        let changed = self.fixture.ports.sql.execute(sql(text).across_tenants("a test")).await;
        assert!(changed.expect("is valid SQL") > 0, "{text} changed nothing");
    }

    async fn audit(&self, tenant: &Tenant) -> Vec<AuditEvent> {
        let page = PageRequest::default();
        let found = bulkhead_audit::list(&self.fixture.ports, &tenant.caller, &AuditFilter::default(), &page).await;
        found.expect("reads").items
    }
}

fn correlation() -> CorrelationId {
    CorrelationId::parse("scene").expect("sane")
}

fn scope(connector: &str) -> Scope {
    Scope::Connector(connector.parse().expect("a slug"))
}

fn field(name: &str) -> FieldName {
    name.parse().expect("a name")
}

fn secret(connector: &str, name: &str, value: &str) -> NewSecret {
    NewSecret { scope: scope(connector), field: field(name), value: Secret::new(value.to_owned()) }
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn unreadable(connector: &str, name: &str) -> VaultError {
    VaultError::Unreadable { scope: scope(connector), field: field(name) }
}

async fn secrets_are_stored_replaced_listed_and_removed(scene: Scene) {
    let Fixture { ports, ours, .. } = &scene.fixture;
    scene.put("github", "token", "one").await;
    scene.put("github", "client_secret", "two").await;
    scene.put("gitlab", "token", "three").await;
    scene.clock.advance(Duration::from_secs(5));
    scene.put("github", "token", "four").await;
    assert_eq!(scene.open("github").await, Ok(pairs(&[("client_secret", "two"), ("token", "four")])));
    assert_eq!(scene.open("gitlab").await, Ok(pairs(&[("token", "three")])));
    assert_eq!(scene.open("jira").await, Ok(Vec::new()));

    let entries = list(ports, ours.caller.organization).await.expect("lists");
    let names: Vec<_> = entries.iter().map(|entry| format!("{}/{}", entry.scope, entry.field)).collect();
    assert_eq!(names, ["connector:github/client_secret", "connector:github/token", "connector:gitlab/token"]);
    assert!(entries.iter().all(|entry| entry.key == scene.ring.primary()));
    assert_eq!(entries[0].created_at, entries[0].updated_at);
    assert_eq!(entries[1].updated_at.since(entries[1].created_at), Duration::from_secs(5));

    let author = Author::caller(&ours.caller, &correlation());
    assert_eq!(remove(ports, &author, &scope("github"), &field("token")).await, Ok(true));
    assert_eq!(remove(ports, &author, &scope("github"), &field("token")).await, Ok(false));
    assert_eq!(scene.open("github").await, Ok(pairs(&[("client_secret", "two")])));
}

async fn every_change_is_audited_without_a_value(scene: Scene) {
    let Fixture { ports, ours, theirs, .. } = &scene.fixture;
    scene.put("github", "token", "hunter2").await;
    scene.put("github", "token", "hunter3").await;
    let rotated = scene.rotated();
    register(ports, rotated.primary()).await.expect("registers");
    scene.rewrap(&rotated, None, 10).await;
    let author = Author::caller(&ours.caller, &correlation());
    remove(ports, &author, &scope("github"), &field("token")).await.expect("removes");
    remove(ports, &author, &scope("github"), &field("token")).await.expect("finds none");

    let mut audit = scene.audit(ours).await;
    audit.sort_by_key(|event| event.id);
    let actions: Vec<_> = audit.iter().map(|event| event.action.as_str()).collect();
    // A clock that stands still does not order what happens at once.
    let mut sorted = actions.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, ["secret.put", "secret.put", "secret.remove", "secret.rotate"]);
    for event in &audit {
        assert_eq!((event.outcome, event.target.id.as_str()), (Outcome::Succeeded, "connector:github/token"));
        let actor = if event.action == "secret.rotate" { "operator" } else { "user" };
        assert_eq!((event.actor.kind.as_str(), event.correlation_id.as_str()), (actor, "scene"));
        assert!(!format!("{event:?}").contains("hunter"), "{event:?}");
    }
    assert!(scene.audit(theirs).await.is_empty());
}

async fn a_secret_has_a_length(scene: Scene) {
    let Fixture { ports, ours, .. } = &scene.fixture;
    let author = Author::caller(&ours.caller, &correlation());
    let put =
        async |value: &str| put(ports, &author, scene.ring.sealing_key(), &secret("github", "token", value), 10).await;
    assert_eq!(put("").await, Err(VaultError::Empty));
    assert_eq!(put("0123456789a").await, Err(VaultError::TooLarge { limit: 10 }));
    assert_eq!(put("0123456789").await, Ok(()));
    assert_eq!(scene.open("github").await, Ok(pairs(&[("token", "0123456789")])));
}

async fn tenants_do_not_see_each_other(scene: Scene) {
    let Fixture { ports, ours, theirs, .. } = &scene.fixture;
    scene.put("github", "token", "ours").await;
    scene.try_put(&scene.ring, theirs, secret("github", "token", "theirs")).await.expect("stores");
    assert_eq!(scene.open("github").await, Ok(pairs(&[("token", "ours")])));
    assert_eq!(list(ports, theirs.caller.organization).await.expect("lists").len(), 1);
    let author = Author::caller(&theirs.caller, &correlation());
    assert_eq!(remove(ports, &author, &scope("github"), &field("token")).await, Ok(true));
    assert_eq!(scene.open("github").await, Ok(pairs(&[("token", "ours")])));
    assert_eq!(list(ports, ours.caller.organization).await.expect("lists").len(), 1);
}

async fn a_row_that_was_moved_is_refused(scene: Scene) {
    scene.put("github", "token", "secret").await;
    scene.execute("UPDATE vault_secrets SET scope = 'connector:gitlab'").await;
    assert_eq!(scene.open("gitlab").await, Err(unreadable("gitlab", "token")));
    scene.execute("UPDATE vault_secrets SET scope = 'connector:github', field = 'key'").await;
    assert_eq!(scene.open("github").await, Err(unreadable("github", "key")));
    // Unharmed at its own place.
    scene.execute("UPDATE vault_secrets SET field = 'token'").await;
    assert_eq!(scene.open("github").await, Ok(pairs(&[("token", "secret")])));
    // Another organisation's secret, under our name.
    let theirs = &scene.fixture.theirs;
    scene
        .execute("UPDATE vault_secrets SET organization_id = (SELECT id FROM organizations WHERE slug = 'theirs')")
        .await;
    let stolen = open(&scene.fixture.ports, theirs.caller.organization, &scene.ring, &scope("github")).await;
    assert_eq!(stolen.err(), Some(unreadable("github", "token")));
    // Only the value of one, in the row of another.
    scene.put("github", "other", "another secret").await;
    scene
        .execute("UPDATE vault_secrets SET organization_id = (SELECT id FROM organizations WHERE slug = 'ours')")
        .await;
    scene
        .execute(
            "UPDATE vault_secrets SET \
             ciphertext = (SELECT ciphertext FROM vault_secrets WHERE field = 'token'), \
             nonce = (SELECT nonce FROM vault_secrets WHERE field = 'token'), \
             wrapped_key = (SELECT wrapped_key FROM vault_secrets WHERE field = 'token') WHERE field = 'other'",
        )
        .await;
    assert_eq!(scene.open("github").await, Err(unreadable("github", "other")));
}

async fn a_row_that_was_changed_is_refused(scene: Scene) {
    let ports = &scene.fixture.ports;
    for column in ["nonce", "ciphertext", "wrapped_key"] {
        scene.put("github", "token", "secret").await;
        let statement = sql(format!("SELECT {column} AS bytes FROM vault_secrets")).across_tenants("a test");
        let row = ports.sql.query_optional(statement).await;
        let mut bytes: Vec<u8> = row.expect("reads").expect("a row").get("bytes").expect("bytes");
        bytes[3] ^= 1;
        let statement = sql(format!("UPDATE vault_secrets SET {column} = $1")).bind(bytes).across_tenants("a test");
        assert_eq!(ports.sql.execute(statement).await, Ok(1));
        assert_eq!(scene.open("github").await, Err(unreadable("github", "token")), "{column}");
    }
    // A key's name that is none.
    scene.put("github", "token", "secret").await;
    let nonsense = "INSERT INTO vault_keys (id, active, created_at) VALUES ('nonsense', $1, 0)";
    assert_eq!(ports.sql.execute(sql(nonsense).bind(true)).await, Ok(1));
    scene.execute("UPDATE vault_secrets SET key_id = 'nonsense'").await;
    assert_eq!(scene.open("github").await, Err(unreadable("github", "token")));
    // The name of another key that the ring has.
    scene.put("github", "token", "secret").await;
    let rotated = scene.rotated();
    register(ports, rotated.primary()).await.expect("registers");
    let statement = sql("UPDATE vault_secrets SET key_id = $1").bind(rotated.primary()).across_tenants("a test");
    assert_eq!(ports.sql.execute(statement).await, Ok(1));
    assert_eq!(scene.open_with(&rotated, "github").await, Err(unreadable("github", "token")));
}

async fn a_row_of_another_format_is_refused(scene: Scene) {
    scene.put("github", "token", "secret").await;
    scene.execute("UPDATE vault_secrets SET format = 2").await;
    assert_eq!(scene.open("github").await, Err(unreadable("github", "token")));
}

async fn an_unknown_key_is_told_by_its_name(scene: Scene) {
    scene.put("github", "token", "secret").await;
    let rotated = scene.rotated();
    let ring = rotated.without(&rotated.older());
    let key = scene.ring.primary();
    assert_eq!(scene.open_with(&ring, "github").await, Err(VaultError::UnknownKey { key }));
}

async fn rewrapping_goes_on_where_it_was_interrupted(scene: Scene) {
    let Fixture { ports, theirs, .. } = &scene.fixture;
    for number in 0..7 {
        scene.put("github", &format!("token{number}"), &format!("secret {number}")).await;
        scene.clock.advance(Duration::from_millis(1));
    }
    scene.try_put(&scene.ring, theirs, secret("github", "token", "theirs")).await.expect("stores");
    let rotated = scene.rotated();
    register(ports, rotated.primary()).await.expect("registers");

    let first = scene.rewrap(&rotated, None, 3).await;
    assert_eq!((first.rewrapped, first.overtaken, first.failed.len()), (3, 0, 0));
    assert!(first.next.is_some());
    let usage = |key, secrets| KeyUsage { key, active: true, secrets };
    let mut found = key_usage(ports).await.expect("reads");
    found.sort_by_key(|usage| usage.secrets);
    assert_eq!(found, [usage(rotated.primary(), 3), usage(scene.ring.primary(), 5)]);
    // Half way through everything opens.
    assert_eq!(scene.open_with(&rotated, "github").await.expect("opens").len(), 7);

    // Somebody begins again from the start, and goes on.
    let second = scene.rewrap(&rotated, None, 3).await;
    assert_eq!(second.rewrapped, 3);
    let third = scene.rewrap(&rotated, second.next, 3).await;
    assert_eq!((third.rewrapped, third.next), (2, None));
    assert_eq!(scene.rewrap(&rotated, None, 3).await, bulkhead_vault::RewrapBatch::default());

    let alone = rotated.without(&rotated.older());
    let opened = scene.open_with(&alone, "github").await.expect("opens");
    assert!((0..7).all(|number| opened[number].1 == format!("secret {number}")), "{opened:?}");
    assert_eq!(scene.audit(theirs).await.len(), 2);
}

async fn a_put_is_never_overwritten_by_a_rewrap(scene: Scene) {
    let ports = &scene.fixture.ports;
    scene.put("github", "token", "old").await;
    let rotated = scene.rotated();
    register(ports, rotated.primary()).await.expect("registers");
    // Many writers with the old key and the new one, and rewraps, all at once.
    let writers = async {
        for round in 0..40 {
            let ring = if round % 2 == 0 { &scene.ring } else { &rotated };
            let new = secret("github", "token", &format!("value {round}"));
            scene.try_put(ring, &scene.fixture.ours, new).await.expect("stores");
            let opened = scene.open_with(&rotated, "github").await.expect("opens");
            assert_eq!(opened, pairs(&[("token", &format!("value {round}"))]));
        }
    };
    let rewraps = async {
        for _ in 0..80 {
            let batch = scene.rewrap(&rotated, None, 10).await;
            assert!(batch.failed.is_empty(), "{batch:?}");
        }
    };
    tokio::join!(writers, rewraps);
    scene.rewrap(&rotated, None, 10).await;
    let alone = rotated.without(&rotated.older());
    assert_eq!(scene.open_with(&alone, "github").await, Ok(pairs(&[("token", "value 39")])));
}

async fn what_can_not_be_rewrapped_is_told_and_left_alone(scene: Scene) {
    let ports = &scene.fixture.ports;
    scene.put("github", "token", "secret").await;
    scene.put("gitlab", "token", "secret").await;
    scene.execute("UPDATE vault_secrets SET scope = 'connector:moved' WHERE scope = 'connector:gitlab'").await;
    let stranger = KeyRing::new(KeyEncryptionKey::generate(ports.entropy.as_ref()));
    scene.try_put(&stranger, &scene.fixture.theirs, secret("jira", "token", "x")).await.expect("stores");
    let rotated = scene.rotated();
    register(ports, rotated.primary()).await.expect("registers");

    let batch = scene.rewrap(&rotated, None, 10).await;
    assert_eq!((batch.rewrapped, batch.overtaken, batch.next), (1, 0, None));
    let mut failed = batch.failed;
    failed.sort_by(|one, other| one.scope.cmp(&other.scope));
    let expected = [
        Failed {
            organization: scene.fixture.theirs.caller.organization,
            scope: scope("jira"),
            field: field("token"),
            error: VaultError::UnknownKey { key: stranger.primary() },
        },
        Failed {
            organization: scene.fixture.ours.caller.organization,
            scope: scope("moved"),
            field: field("token"),
            error: unreadable("moved", "token"),
        },
    ];
    assert_eq!(failed, expected);
    assert_eq!(retire(ports, scene.ring.primary()).await, Ok(Retired::StillUsed));
}

async fn a_key_in_use_is_not_retired_and_a_retired_one_never_comes_back(scene: Scene) {
    let ports = &scene.fixture.ports;
    let old = scene.ring.primary();
    scene.put("github", "token", "secret").await;
    assert_eq!(retire(ports, old).await, Ok(Retired::StillUsed));
    let rotated = scene.rotated();
    register(ports, rotated.primary()).await.expect("registers");
    scene.rewrap(&rotated, None, 10).await;
    assert_eq!(retire(ports, old).await, Ok(Retired::Done));
    assert_eq!(retire(ports, old).await, Ok(Retired::Done), "doing it again");

    // A process that has not heard of the rotation.
    let late = scene.try_put(&scene.ring, &scene.fixture.ours, secret("github", "token", "late")).await;
    assert_eq!(late, Err(VaultError::RetiredKey { key: old }));
    register(ports, old).await.expect("does nothing");
    let late = scene.try_put(&scene.ring, &scene.fixture.ours, secret("gitlab", "token", "late")).await;
    assert_eq!(late, Err(VaultError::RetiredKey { key: old }));
    assert_eq!(scene.open_with(&rotated, "github").await, Ok(pairs(&[("token", "secret")])));

    // One that no secret ever used is retired as well.
    let unused = KeyRing::new(KeyEncryptionKey::generate(ports.entropy.as_ref()));
    assert_eq!(retire(ports, unused.primary()).await, Ok(Retired::Done));
    let late = scene.try_put(&unused, &scene.fixture.ours, secret("github", "token", "late")).await;
    assert_eq!(late, Err(VaultError::RetiredKey { key: unused.primary() }));
}
