//! New keys, while others serve, and however often it is interrupted.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, Ordering};

use bulkhead_kernel::Sql;
use bulkhead_kernel::sql::{Row, SqlError, Statement, Step, sql};
use bulkhead_vault::KeyEncryptionKey;

use super::*;

/// The rotation as a process of its own.
#[expect(clippy::disallowed_methods, reason = "xtask tells tests where things are")]
fn rotating_process(world: &World) -> Child {
    let program = std::env::var("BULKHEAD_BIN").expect("BULKHEAD_BIN is not set; `cargo xtask test` sets it");
    let config = world.folder.path().join("bulkhead.toml");
    std::fs::write(&config, "[vault]\nrotation_batch = 7\n").expect("writes");
    Command::new(program)
        .env_clear()
        .env("BULKHEAD_DATABASE_URL", &world.fixture.url)
        .args(["secrets", "rotate-key", "--config"])
        .arg(config)
        .arg("--data-dir")
        .arg(world.folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("starts")
}

/// Lets it run until it says that so many secrets have the new key, or it ends.
fn run_until(process: &mut Child, rewrapped: u32) {
    for line in BufReader::new(process.stderr.take().expect("piped")).lines().map_while(Result::ok) {
        let said = line.split(" of ").next().and_then(|number| number.trim().parse::<u32>().ok());
        if said.is_some_and(|said| said >= rewrapped) {
            return;
        }
    }
}

async fn opens_without_one_failure_while_another_process_rotates(world: World) {
    const SECRETS: u32 = 60;
    let vault = world.open().await;
    world.fill(&vault, SECRETS).await;
    let (stop, reads) = (AtomicBool::new(false), AtomicU32::new(0));
    let reading = async {
        while !stop.load(Ordering::Relaxed) {
            // The one that has been running, and one that has just been started.
            world.check(&vault, SECRETS).await;
            world.check(&world.open().await, 3).await;
            reads.fetch_add(1, Ordering::Relaxed);
        }
    };
    let rotating = async {
        for _ in 0..3 {
            let mut process = rotating_process(&world);
            let ended = tokio::task::spawn_blocking(move || {
                run_until(&mut process, u32::MAX);
                process.wait().expect("ends")
            });
            assert!(ended.await.expect("does not panic").success());
            assert_eq!(world.count_keys(), 1);
        }
        stop.store(true, Ordering::Relaxed);
    };
    tokio::join!(reading, rotating);
    assert!(reads.load(Ordering::Relaxed) > 2, "nothing was read meanwhile");
    world.check(&vault, SECRETS).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn opens_without_one_failure_while_another_process_rotates_on_sqlite() {
    opens_without_one_failure_while_another_process_rotates(World::on_sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn opens_without_one_failure_while_another_process_rotates_on_postgres() {
    opens_without_one_failure_while_another_process_rotates(World::on_postgres().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_rotation_loses_nothing_and_can_be_done_again() {
    const SECRETS: u32 = 100;
    let world = World::on_sqlite().await;
    let vault = world.open().await;
    world.fill(&vault, SECRETS).await;
    for stage in [0, 7, 40, 80] {
        let mut process = rotating_process(&world);
        run_until(&mut process, stage);
        process.kill().expect("is killed");
        process.wait().expect("ends");
        world.check(&vault, SECRETS).await;
        world.check(&world.open().await, SECRETS).await;
    }
    assert!(world.count_keys() > 1, "no rotation was interrupted");
    let rotated = world.rotate().await;
    assert_eq!((rotated.kept.len(), rotated.failed.len(), world.count_keys()), (0, 0, 1));
    world.check(&world.open().await, SECRETS).await;
}

/// A database that fails from the n-th call on, before or after it has done what it was asked.
struct Failing {
    inner: Arc<dyn Sql>,
    left: AtomicI64,
    after: bool,
}

impl Failing {
    async fn call<T>(&self, call: impl Future<Output = Result<T, SqlError>>) -> Result<T, SqlError> {
        let lost = || Err(SqlError::Unavailable("the connection was lost".to_owned()));
        match self.left.fetch_sub(1, Ordering::Relaxed) {
            left if left > 0 => call.await,
            0 if self.after => call.await.and_then(|_| lost()),
            _ => lost(),
        }
    }
}

#[async_trait::async_trait]
impl Sql for Failing {
    async fn query(&self, statement: Statement) -> Result<Vec<Row>, SqlError> {
        self.call(self.inner.query(statement)).await
    }

    async fn execute(&self, statement: Statement) -> Result<u64, SqlError> {
        self.call(self.inner.execute(statement)).await
    }

    async fn batch(&self, steps: Vec<Step>) -> Result<Vec<u64>, SqlError> {
        self.call(self.inner.batch(steps)).await
    }
}

async fn interrupted_at(calls: i64, after: bool) -> bool {
    const SECRETS: u32 = 5;
    let world = World::on_sqlite().await;
    let vault = world.open().await;
    world.fill(&vault, SECRETS).await;
    let failing = Failing { inner: world.ports().sql.clone(), left: AtomicI64::new(calls), after };
    let ports = Ports { sql: Arc::new(failing), ..world.ports().clone() };
    let interrupted = world.rotate_with(&ports, 2).await.is_err();
    // Whoever was running, whoever starts now, and whoever stores something.
    world.check(&vault, SECRETS).await;
    world.check(&world.open().await, SECRETS).await;
    world.put(&vault, "c0", "value 0").await.expect("stores");
    let rotated = world.rotate().await;
    assert_eq!((rotated.kept.len(), rotated.failed.len(), world.count_keys()), (0, 0, 1), "{calls}");
    world.check(&vault, SECRETS).await;
    world.check(&world.open().await, SECRETS).await;
    interrupted
}

#[tokio::test]
async fn it_may_be_interrupted_at_every_step() {
    for after in [false, true] {
        let mut calls = 0;
        while interrupted_at(calls, after).await {
            calls += 1;
        }
        assert!(calls >= 10, "a rotation has more steps than {calls}");
    }
}

#[tokio::test]
async fn secrets_that_are_stored_meanwhile_get_the_new_key() {
    let world = World::on_sqlite().await;
    let vault = world.open().await;
    world.fill(&vault, 20).await;
    let storing = async {
        for round in 0..30 {
            world.put(&vault, "c0", &format!("round {round}")).await.expect("stores");
            assert_eq!(world.token(&vault, "c0").await.expect("opens"), format!("round {round}"));
        }
    };
    let rotating = async {
        for _ in 0..3 {
            world.rotate_with(world.ports(), 3).await.expect("rotates");
        }
    };
    tokio::join!(storing, rotating);
    world.rotate().await;
    assert_eq!(world.token(&world.open().await, "c0").await.expect("opens"), "round 29");
}

#[tokio::test]
async fn two_rotations_at_once_are_one() {
    let world = World::on_sqlite().await;
    world.fill(&world.open().await, 1).await;
    let lock = key_file::lock(&world.key_file(), false).expect("is free");
    let refusal = world.rotate_with(world.ports(), 1).await.expect_err("is refused").to_string();
    assert!(refusal.contains("another process is rotating"), "{refusal}");
    assert_eq!(world.count_keys(), 1);
    drop(lock);
    world.rotate().await;
}

#[tokio::test]
async fn a_secret_that_can_not_be_opened_keeps_its_key() {
    let world = World::on_sqlite().await;
    let vault = world.open().await;
    world.fill(&vault, 3).await;
    let old = vault.ring().primary();
    let damage = sql("UPDATE vault_secrets SET ciphertext = ciphertext, wrapped_key = nonce WHERE scope = $1")
        .across_tenants("a test");
    assert_eq!(world.ports().sql.execute(damage.bind("connector:c1").across_tenants("a test")).await, Ok(1));
    let rotated = world.rotate().await;
    assert_eq!((rotated.rewrapped, rotated.kept.as_slice(), rotated.failed.len()), (2, [old].as_slice(), 1));
    assert_eq!(rotated.failed[0].scope.name(), "c1");
    assert_eq!(world.count_keys(), 2);
    // It is set again, and then the key can go.
    world.put(&vault, "c1", "value 1").await.expect("stores");
    let rotated = world.rotate().await;
    assert!(rotated.kept.is_empty() && rotated.retired.contains(&old), "{rotated:?}");
    assert_eq!(world.count_keys(), 1);
    world.check(&world.open().await, 3).await;
}

#[tokio::test]
async fn keys_from_the_environment_are_rotated_by_the_operator() {
    let world = World::on_sqlite().await;
    let keys: Vec<_> = (0..2).map(|_| KeyEncryptionKey::generate(world.ports().entropy.as_ref())).collect();
    let text = |keys: &[&KeyEncryptionKey]| {
        let lines: Vec<_> = keys.iter().map(|key| key.expose().expose().to_owned()).collect();
        KeySource::Environment { text: Secret::new(lines.join("\n")) }
    };
    let rotate = async |source: &KeySource| rotate(world.ports(), source, &operator(), &correlation(), 9, |_| {}).await;
    let author = Author::caller(&world.fixture.ours.caller, &correlation());
    let new = NewSecret {
        scope: Scope::Connector("c0".parse().expect("a slug")),
        field: "token".parse().expect("a name"),
        value: Secret::new("value 0".to_owned()),
    };
    bulkhead_vault::put(world.ports(), &author, keys[0].sealing_key(), &new, 100).await.expect("stores");

    let refusal = rotate(&text(&[&keys[0]])).await.expect_err("has no new key").to_string();
    assert!(refusal.contains("BULKHEAD_VAULT_KEYS") && refusal.contains("generate-key"), "{refusal}");
    let rotated = rotate(&text(&[&keys[1], &keys[0]])).await.expect("rotates");
    assert_eq!((rotated.rewrapped, rotated.retired.as_slice()), (1, [keys[0].id()].as_slice()));
    // The old one is put in front again.
    let refusal = rotate(&text(&[&keys[0], &keys[1]])).await.expect_err("is retired").to_string();
    assert!(refusal.contains("has been retired"), "{refusal}");
}

#[tokio::test]
async fn the_owner_of_the_file_is_kept() {
    use std::os::unix::fs::MetadataExt as _;
    let world = World::on_sqlite().await;
    world.fill(&world.open().await, 1).await;
    // Only root may give a file away; whoever else runs the tests owns it before and after.
    let is_root = std::fs::metadata(world.key_file()).expect("is there").uid() == 0;
    if is_root {
        std::os::unix::fs::chown(world.key_file(), Some(65534), Some(65534)).expect("root may");
    }
    let before = std::fs::metadata(world.key_file()).expect("is there");
    let keys = std::fs::read_to_string(world.key_file()).expect("reads");
    world.rotate().await;
    let after = std::fs::metadata(world.key_file()).expect("is there");
    assert_eq!((before.uid(), before.gid(), after.mode() & 0o7777), (after.uid(), after.gid(), 0o600));
    assert_ne!(keys, std::fs::read_to_string(world.key_file()).expect("reads"));
}
