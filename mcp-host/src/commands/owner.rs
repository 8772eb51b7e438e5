//! The first owner: in the database, and with a key in `owner.json`, or not at all.
//!
//! Nobody can make the key again, and whoever is ended between the two steps (`kill -9`, a full disk) takes neither back. So
//! the key is on the disk before the database knows it, under another name, and becomes `owner.json` once it is one.

use bulkhead_identity::{AuthenticateError, NewOwner, authenticate_key, has_owner, prepare_owner};
use bulkhead_kernel::Ports;

use crate::data_dir::DataDir;

/// Makes the first owner when there is none, and leaves its key where its owner will find it. `rest` is whether REST is at
/// the public address: `up` serves it there, and beside `serve` a proxy does whose address was configured.
pub(super) async fn welcome_owner(
    ports: &Ports,
    data_dir: &DataDir,
    public_url: &str,
    rest: bool,
) -> anyhow::Result<()> {
    // What a process left that was ended in between.
    settle(ports, data_dir).await?;
    if let Some(prepared) = prepare_owner(ports, NewOwner::default()).await? {
        data_dir.write_new_owner(prepared.owner(), public_url, rest)?;
        prepared.create(ports).await?;
        settle(ports, data_dir).await?;
    }
    Ok(())
}

/// Keeps of what was written the one whose key is in the database, and removes the others.
async fn settle(ports: &Ports, data_dir: &DataDir) -> anyhow::Result<()> {
    let written = data_dir.new_owners()?;
    // Before there is an owner each may still become it: its process may be alive. Afterwards none can that is not.
    if written.is_empty() || !has_owner(ports).await? {
        return Ok(());
    }
    for new in written {
        match authenticate_key(ports, new.key.expose(), None).await {
            Ok(_) => {
                let path = data_dir.keep_owner(new)?;
                tracing::info!(path = %path.display(), "made the first owner; its API key is in this file");
            }
            Err(AuthenticateError::Sql(error)) => return Err(error.into()),
            Err(_) => data_dir.drop_owner(new)?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use tempfile::TempDir;

    use super::*;
    use crate::commands::assemble::open_database;
    use crate::config::Config;

    const URL: &str = "http://127.0.0.1:3000";

    /// A data directory with a database that has nobody.
    async fn nobody() -> (TempDir, DataDir, Ports) {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let data_dir = DataDir::open(folder.path()).expect("opens");
        let config = Config { data_dir: folder.path().to_owned(), ..Config::default() };
        let (_, ports) = open_database(&config).await.expect("opens");
        (folder, data_dir, ports)
    }

    /// The files about owners, and what `owner.json` says.
    fn found(folder: &TempDir) -> (Vec<String>, Value) {
        let entries = std::fs::read_dir(folder.path()).expect("reads").map(|entry| entry.expect("reads").file_name());
        let names = entries.map(|name| name.to_string_lossy().into_owned()).filter(|name| name.starts_with("owner"));
        let text = std::fs::read_to_string(folder.path().join("owner.json")).unwrap_or_else(|_| "null".to_owned());
        (names.collect(), serde_json::from_str(&text).expect("JSON"))
    }

    async fn works(ports: &Ports, owner: &Value) -> bool {
        authenticate_key(ports, owner["api_key"].as_str().expect("a key"), None).await.is_ok()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn an_owner_is_made_once_and_the_addresses_are_those_that_answer() {
        for rest in [true, false] {
            let (folder, data_dir, ports) = nobody().await;
            welcome_owner(&ports, &data_dir, URL, rest).await.expect("made");
            let first = found(&folder);
            assert_eq!(first.0, ["owner.json"]);
            assert!(works(&ports, &first.1).await);
            assert_eq!(first.1["mcp_url"], format!("{URL}/mcp"));
            let api_url = if rest { json!(format!("{URL}/v1")) } else { Value::Null };
            assert_eq!(first.1["api_url"], api_url);
            welcome_owner(&ports, &data_dir, URL, rest).await.expect("there");
            assert_eq!(found(&folder), first);
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_key_survives_a_process_that_is_ended_right_after_the_owner_was_made() {
        let (folder, data_dir, ports) = nobody().await;
        let prepared = prepare_owner(&ports, NewOwner::default()).await.expect("prepared").expect("nobody is there");
        data_dir.write_new_owner(prepared.owner(), URL, true).expect("written");
        let owner = prepared.create(&ports).await.expect("made").expect("nobody is there");
        assert_eq!(found(&folder).1, Value::Null);

        welcome_owner(&ports, &data_dir, URL, true).await.expect("found");
        let (names, kept) = found(&folder);
        assert_eq!(names, ["owner.json"]);
        assert_eq!(kept["api_key"], owner.token.expose());
        assert!(works(&ports, &kept).await);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_key_that_never_became_one_is_removed() {
        let (folder, data_dir, ports) = nobody().await;
        let prepare = async || {
            let prepared =
                prepare_owner(&ports, NewOwner::default()).await.expect("prepared").expect("nobody is there");
            data_dir.write_new_owner(prepared.owner(), URL, true).expect("written");
            prepared
        };
        // One process is ended before its owner is made, and two are at it at the same time.
        drop(prepare().await);
        let (quick, slow) = (prepare().await, prepare().await);
        let owner = quick.create(&ports).await.expect("made").expect("nobody is there");
        assert!(slow.create(&ports).await.expect("too late").is_none());
        welcome_owner(&ports, &data_dir, URL, true).await.expect("settled");
        let (names, kept) = found(&folder);
        assert_eq!((names, &kept["api_key"]), (vec!["owner.json".to_owned()], &json!(owner.token.expose())));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_another_process_writes_is_left_alone_while_it_may_become_the_owner() {
        let (folder, data_dir, ports) = nobody().await;
        let prepared = prepare_owner(&ports, NewOwner::default()).await.expect("prepared").expect("nobody is there");
        data_dir.write_new_owner(prepared.owner(), URL, true).expect("written");
        settle(&ports, &data_dir).await.expect("nothing to do");
        assert_eq!(found(&folder).0.len(), 1);
        prepared.create(&ports).await.expect("made").expect("nobody is there");
        settle(&ports, &data_dir).await.expect("settled");
        assert_eq!(found(&folder).0, ["owner.json"]);
    }
}
