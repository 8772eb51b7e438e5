//! Where keys come from, and what is refused.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

use bulkhead_vault::KeyEncryptionKey;

use super::*;

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("the mode can be changed");
}

fn new_key(world: &World) -> String {
    KeyEncryptionKey::generate(world.ports().entropy.as_ref()).expose().expose().to_owned()
}

fn write_private(path: &Path, text: &str) {
    fs::write(path, text).expect("writes");
    set_mode(path, 0o600);
}

#[tokio::test]
async fn the_first_start_makes_a_key_that_later_ones_use() {
    let world = World::on_sqlite().await;
    world.fill(&world.open().await, 1).await;
    let mode = fs::metadata(world.key_file()).expect("the file is made").mode();
    assert_eq!(mode & 0o7777, 0o600);
    assert_eq!(world.count_keys(), 1);
    world.check(&world.open().await, 1).await;
    assert!(!format!("{:?}", world.open().await).contains("bhvk_"));
}

#[tokio::test]
async fn processes_that_start_together_make_one_key() {
    let world = World::on_sqlite().await;
    let opened = futures::future::join_all((0..8).map(|_| world.try_open())).await;
    let first = opened[0].as_ref().expect("opens").ring().primary();
    assert!(opened.iter().all(|vault| vault.as_ref().is_ok_and(|vault| vault.ring().primary() == first)));
    assert_eq!(world.count_keys(), 1);
}

#[tokio::test]
async fn a_file_that_others_can_read_is_refused() {
    let world = World::on_sqlite().await;
    world.fill(&world.open().await, 1).await;
    for mode in [0o640, 0o604, 0o660, 0o610, 0o601] {
        set_mode(&world.key_file(), mode);
        let refusal = world.refusal().await;
        assert!(refusal.contains(&format!("mode {mode:04o}")) && refusal.contains("chmod 600"), "{refusal}");
        assert!(!refusal.contains("bhvk_"), "{refusal}");
    }
    for mode in [0o600, 0o400] {
        set_mode(&world.key_file(), mode);
        world.check(&world.open().await, 1).await;
    }
}

#[tokio::test]
async fn a_file_that_can_not_be_read_is_refused() {
    let world = World::on_sqlite().await;
    fs::create_dir(world.key_file()).expect("a folder");
    set_mode(&world.key_file(), 0o700);
    let refusal = world.refusal().await;
    assert!(refusal.contains("vault.keys can't be read") && refusal.contains("user that runs bulkhead"), "{refusal}");
}

#[tokio::test]
async fn a_file_of_something_else_is_refused_without_repeating_it() {
    let world = World::on_sqlite().await;
    let key = new_key(&world);
    let mistyped = key.replace(&key[100..101], if &key[100..101] == "0" { "1" } else { "0" });
    for (text, words) in [("hunter2", "line 1"), ("", "no key in it"), (&mistyped, "line 1"), ("\u{0}", "line 1")] {
        write_private(&world.key_file(), text);
        let refusal = world.refusal().await;
        assert!(refusal.contains("vault.keys") && refusal.contains(words), "{refusal}");
        assert!(!refusal.contains("hunter2") && !refusal.contains("bhvk_"), "{refusal}");
    }
    write_private(&world.key_file(), &format!("# by hand\n{key}\n"));
    world.fill(&world.open().await, 1).await;
}

#[tokio::test]
async fn a_configured_file_is_not_made_but_used() {
    let mut world = World::on_sqlite().await;
    world.config.key_file = Some(world.folder.path().join("mounted"));
    let refusal = world.refusal().await;
    assert!(refusal.contains("mounted is missing") && refusal.contains("generate-key"), "{refusal}");
    assert!(!world.key_file().exists());
    write_private(&world.key_file(), &new_key(&world));
    world.fill(&world.open().await, 1).await;
    world.check(&world.open().await, 1).await;
    assert!(!world.folder.path().join("vault.keys").exists());
}

#[tokio::test]
async fn a_lost_file_is_not_replaced_by_a_new_key() {
    let world = World::on_sqlite().await;
    let vault = world.open().await;
    world.fill(&vault, 1).await;
    let key = vault.ring().primary().to_string();
    let kept = world.folder.path().join("backup");
    fs::rename(world.key_file(), &kept).expect("moves");
    let refusal = world.refusal().await;
    assert!(refusal.contains(&key) && refusal.contains("backup"), "{refusal}");
    assert!(!world.key_file().exists());

    // Another machine's key in its place.
    write_private(&world.key_file(), &new_key(&world));
    assert!(world.refusal().await.contains(&key));
    // A process that has been running since before gives no half of an answer, and stores nothing that is lost then.
    let stored = world.put(&vault, "c0", "another").await.expect_err("is refused").to_string();
    assert!(stored.contains(&key), "{stored}");
    assert!(world.token(&vault, "c0").await.is_err());

    fs::rename(kept, world.key_file()).expect("moves");
    assert_eq!(world.token(&vault, "c0").await.expect("opens"), "value 0");
    world.check(&world.open().await, 1).await;
}

#[tokio::test]
async fn a_file_is_read_again_only_when_it_has_changed() {
    let world = World::on_sqlite().await;
    let vault = world.open().await;
    let stranger = KeyEncryptionKey::generate(world.ports().entropy.as_ref());
    let author = Author::caller(&world.fixture.ours.caller, &correlation());
    let new = NewSecret {
        scope: Scope::Connector("c0".parse().expect("a slug")),
        field: "token".parse().expect("a name"),
        value: Secret::new("value 0".to_owned()),
    };
    bulkhead_vault::put(world.ports(), &author, stranger.sealing_key(), &new, 100).await.expect("stores");
    let before = vault.ring();
    let refusal = world.token(&vault, "c0").await.expect_err("is refused").to_string();
    assert!(refusal.contains(&stranger.id().to_string()), "{refusal}");
    assert!(Arc::ptr_eq(&before, &vault.ring()), "the unchanged file was read again");

    let text = fs::read_to_string(world.key_file()).expect("reads");
    write_private(&world.key_file(), &format!("{text}{}\n", stranger.expose().expose()));
    assert_eq!(world.token(&vault, "c0").await.expect("opens"), "value 0");
    assert!(!Arc::ptr_eq(&before, &vault.ring()));
}

#[tokio::test]
async fn keys_from_the_environment_need_no_file() {
    let world = World::on_sqlite().await;
    let text = format!("{} {}", new_key(&world), new_key(&world));
    let source = KeySource::Environment { text: Secret::new(text) };
    let (ring, stamp) = source.read().expect("reads");
    assert_eq!((ring.older().len(), stamp, source.stamp()), (1, None, None));
    let source = KeySource::Environment { text: Secret::new("hunter2".to_owned()) };
    let refusal = source.read().expect_err("is refused").to_string();
    assert!(refusal.contains("BULKHEAD_VAULT_KEYS") && !refusal.contains("hunter2"), "{refusal}");
    assert!(!format!("{source:?}").contains("hunter2"));
}

#[tokio::test]
async fn a_secret_has_a_limit() {
    let mut world = World::on_sqlite().await;
    world.config.max_secret_bytes = 5;
    let vault = world.open().await;
    assert!(world.put(&vault, "c0", "12345").await.is_ok());
    let refusal = world.put(&vault, "c0", "123456").await.expect_err("is refused").to_string();
    assert!(refusal.contains("5 bytes") && refusal.contains("max_secret_bytes"), "{refusal}");
    assert_eq!(world.token(&vault, "c0").await.expect("opens"), "12345");
}
