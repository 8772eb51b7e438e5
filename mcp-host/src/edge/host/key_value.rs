//! `spin:key-value`: the store `default`.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension as _};
use tokio::sync::{mpsc, oneshot};
use wasmtime::component::{Accessor, FutureReader, Resource, StreamReader};

use super::stream::FromChannel;
use crate::edge::bindings::spin::key_value::key_value::{Error, Host, HostStore, HostStoreWithStore};
use crate::edge::config::EdgeLimits;
use crate::edge::guest::{GuestData, GuestState};

/// Where key-value pairs are kept. Errors are sentences for the function.
#[async_trait]
pub(crate) trait KeyValueStorage: Send + Sync {
    async fn get(&self, key: String) -> Result<Option<Vec<u8>>, String>;
    async fn set(&self, key: String, value: Vec<u8>) -> Result<(), String>;
    async fn delete(&self, key: String) -> Result<(), String>;
    async fn exists(&self, key: String) -> Result<bool, String>;
    async fn keys(&self) -> Result<Vec<String>, String>;
}

/// A function's handle to a store.
#[expect(unreachable_pub, reason = "the generated bindings re-export it")]
pub struct OpenStore(Arc<dyn KeyValueStorage>);

impl Host for GuestState {}

impl HostStore for GuestState {
    async fn drop(&mut self, store: Resource<OpenStore>) -> wasmtime::Result<()> {
        self.table.delete(store)?;
        Ok(())
    }
}

impl<T: Send> HostStoreWithStore<T> for GuestData {
    async fn open(accessor: &Accessor<T, Self>, label: String) -> wasmtime::Result<Result<Resource<OpenStore>, Error>> {
        accessor.with(|mut access| {
            let state = access.get();
            // On Spin too, a store that the manifest does not list is denied whether it exists or not.
            let Some(storage) = state.component.key_value.clone().filter(|_| label == "default") else {
                return Ok(Err(Error::AccessDenied));
            };
            Ok(state.table.push(OpenStore(storage)).map_err(|_| Error::StoreTableFull))
        })
    }

    async fn get(
        accessor: &Accessor<T, Self>,
        store: Resource<OpenStore>,
        key: String,
    ) -> wasmtime::Result<Result<Option<Vec<u8>>, Error>> {
        Ok(storage(accessor, &store)?.get(key).await.map_err(Error::Other))
    }

    async fn set(
        accessor: &Accessor<T, Self>,
        store: Resource<OpenStore>,
        key: String,
        value: Vec<u8>,
    ) -> wasmtime::Result<Result<(), Error>> {
        Ok(storage(accessor, &store)?.set(key, value).await.map_err(Error::Other))
    }

    async fn delete(
        accessor: &Accessor<T, Self>,
        store: Resource<OpenStore>,
        key: String,
    ) -> wasmtime::Result<Result<(), Error>> {
        Ok(storage(accessor, &store)?.delete(key).await.map_err(Error::Other))
    }

    async fn exists(
        accessor: &Accessor<T, Self>,
        store: Resource<OpenStore>,
        key: String,
    ) -> wasmtime::Result<Result<bool, Error>> {
        Ok(storage(accessor, &store)?.exists(key).await.map_err(Error::Other))
    }

    async fn get_keys(
        accessor: &Accessor<T, Self>,
        store: Resource<OpenStore>,
    ) -> wasmtime::Result<(StreamReader<String>, FutureReader<Result<(), Error>>)> {
        let (keys, result) = match storage(accessor, &store)?.keys().await {
            Ok(keys) => (keys, Ok(())),
            Err(error) => (Vec::new(), Err(Error::Other(error))),
        };
        let (sender, receiver) = mpsc::channel(keys.len().max(1));
        for key in keys {
            // The channel has room for all of them.
            sender.try_send(key).ok();
        }
        let (end_sender, end) = oneshot::channel();
        end_sender.send(result).ok();
        accessor.with(|mut access| {
            let keys = StreamReader::new(&mut access, FromChannel(receiver))?;
            Ok((keys, FutureReader::new(&mut access, end)?))
        })
    }
}

fn storage<T>(
    accessor: &Accessor<T, GuestData>,
    store: &Resource<OpenStore>,
) -> wasmtime::Result<Arc<dyn KeyValueStorage>> {
    Ok(accessor.with(|mut access| access.get().table.get(store).map(|open| open.0.clone()))?)
}

/// Key-value pairs in a SQLite file, in the table that Spin uses for its default store.
pub(crate) struct SqliteStorage(Arc<SqliteFile>);

struct SqliteFile {
    path: PathBuf,
    result_bytes: usize,
    /// Opened when it is first used: most applications have no key-value store.
    connection: Mutex<Option<Connection>>,
}

impl SqliteStorage {
    /// A store in this file.
    pub(crate) fn new(path: PathBuf, limits: &EdgeLimits) -> Self {
        Self(Arc::new(SqliteFile { path, result_bytes: limits.host_result_bytes, connection: Mutex::default() }))
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection, usize) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, String> {
        let file = self.0.clone();
        let done = tokio::task::spawn_blocking(move || {
            let mut slot = file.connection.lock().unwrap_or_else(PoisonError::into_inner);
            let connection = match slot.take() {
                Some(connection) => connection,
                None => open(&file.path)?,
            };
            let result = work(&connection, file.result_bytes);
            *slot = Some(connection);
            result
        });
        done.await.map_err(|error| error.to_string())?.map_err(|error| error.to_string())
    }
}

fn open(path: &std::path::Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.execute_batch(
        "PRAGMA journal_mode = WAL;
         CREATE TABLE IF NOT EXISTS spin_key_value (
             store TEXT NOT NULL, key TEXT NOT NULL, value BLOB NOT NULL, PRIMARY KEY (store, key)
         )",
    )?;
    Ok(connection)
}

#[async_trait]
impl KeyValueStorage for SqliteStorage {
    async fn get(&self, key: String) -> Result<Option<Vec<u8>>, String> {
        self.run(move |connection, limit| {
            let mut select =
                connection.prepare_cached("SELECT value FROM spin_key_value WHERE store = 'default' AND key = ?1")?;
            let value = select.query_row([key], |row| row.get::<_, Vec<u8>>(0)).optional()?;
            let too_large = value.as_ref().is_some_and(|value| value.len() > limit);
            Ok(if too_large { Err(format!("the value is larger than {limit} bytes")) } else { Ok(value) })
        })
        .await?
    }

    async fn set(&self, key: String, value: Vec<u8>) -> Result<(), String> {
        self.run(move |connection, _| {
            let sql = "INSERT INTO spin_key_value (store, key, value) VALUES ('default', ?1, ?2)
                       ON CONFLICT (store, key) DO UPDATE SET value = excluded.value";
            connection.prepare_cached(sql)?.execute((key, value)).map(drop)
        })
        .await
    }

    async fn delete(&self, key: String) -> Result<(), String> {
        let sql = "DELETE FROM spin_key_value WHERE store = 'default' AND key = ?1";
        self.run(move |connection, _| connection.prepare_cached(sql)?.execute([key]).map(drop)).await
    }

    async fn exists(&self, key: String) -> Result<bool, String> {
        let sql = "SELECT 1 FROM spin_key_value WHERE store = 'default' AND key = ?1";
        self.run(move |connection, _| connection.prepare_cached(sql)?.exists([key])).await
    }

    async fn keys(&self) -> Result<Vec<String>, String> {
        self.run(|connection, limit| {
            let mut select =
                connection.prepare_cached("SELECT key FROM spin_key_value WHERE store = 'default' ORDER BY key")?;
            let mut rows = select.query([])?;
            let (mut keys, mut bytes) = (Vec::new(), 0);
            while let Some(row) = rows.next()? {
                let key: String = row.get(0)?;
                bytes += size_of::<String>() + key.len();
                if bytes > limit {
                    return Ok(Err(format!("the keys take more than {limit} bytes")));
                }
                keys.push(key);
            }
            Ok(Ok(keys))
        })
        .await?
    }
}
