//! The database under a host.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio_postgres::{Client, NoTls};

use crate::environment::{optional, text};
use crate::{program, run};

/// Which database a host is started on.
#[derive(Debug)]
pub enum Database {
    /// The file in its data directory.
    Sqlite,
    /// A database of the test's own on the PostgreSQL server. It is dropped with this value.
    Postgres {
        /// Its name.
        name: String,
        /// Its URL.
        url: String,
    },
}

impl Database {
    /// The one that this run of the tests is about.
    ///
    /// # Panics
    /// When `BULKHEAD_TEST_DATABASE` names none.
    pub async fn of_this_run() -> Self {
        match optional("BULKHEAD_TEST_DATABASE").as_deref() {
            None | Some("sqlite") => Self::Sqlite,
            Some("postgres") => Self::postgres().await,
            Some(other) => panic!("BULKHEAD_TEST_DATABASE is {other:?}; it may be sqlite or postgres"),
        }
    }

    /// A new and empty one on the PostgreSQL server.
    pub async fn postgres() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let name = format!("scenario_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let server = server();
        execute_on(&server, &format!("CREATE DATABASE {name}")).await;
        let (before, _) = server.rsplit_once('/').expect("the URL names a database");
        Self::Postgres { url: format!("{before}/{name}"), name }
    }

    /// Its URL, when it is not the file that a host makes by itself.
    #[must_use]
    pub fn url(&self) -> Option<&str> {
        match self {
            Self::Sqlite => None,
            Self::Postgres { url, .. } => Some(url),
        }
    }

    /// Runs a statement behind the host's back.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn execute(&self, data_dir: &Path, sql: &str) {
        match self {
            Self::Postgres { url, .. } => execute_on(url, sql).await,
            Self::Sqlite => {
                let script = "import sqlite3, sys\nwith sqlite3.connect(sys.argv[1]) as db: db.execute(sys.argv[2])";
                let mut python = program("BULKHEAD_PYTHON");
                let ended = run(python.args(["-c", script]).arg(data_dir.join("bulkhead.db")).arg(sql)).await;
                assert!(ended.status.success(), "{}", ended.errors);
            }
        }
    }
}

impl Database {
    /// What a query counts.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn count(&self, data_dir: &Path, sql: &str) -> i64 {
        match self {
            Self::Postgres { url, .. } => connect(url).await.query_one(sql, &[]).await.expect("a count").get(0),
            Self::Sqlite => {
                let script =
                    "import sqlite3, sys\nprint(sqlite3.connect(sys.argv[1]).execute(sys.argv[2]).fetchone()[0])";
                let mut python = program("BULKHEAD_PYTHON");
                let ended = run(python.args(["-c", script]).arg(data_dir.join("bulkhead.db")).arg(sql)).await;
                ended.output.trim().parse().unwrap_or_else(|_| panic!("{}", ended.errors))
            }
        }
    }

    /// Everything that is in it, as whoever gets hold of a dump or of the files sees it.
    ///
    /// # Panics
    /// When it can't be read.
    pub async fn dump(&self, data_dir: &Path) -> Vec<u8> {
        let Self::Postgres { url, .. } = self else {
            // With the log, where the last writes are.
            let files = ["bulkhead.db", "bulkhead.db-wal"].map(|name| std::fs::read(data_dir.join(name)));
            return files.into_iter().flatten().flatten().collect();
        };
        let client = connect(url).await;
        let tables = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'";
        let mut dump = String::new();
        for table in client.query(tables, &[]).await.expect("PostgreSQL lists its tables") {
            let table: String = table.get(0);
            let rows = client.query(&format!("SELECT t::text FROM {table} t"), &[]).await.expect("a table can be read");
            rows.iter().for_each(|row| dump.push_str(row.get(0)));
        }
        dump.into_bytes()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let Self::Postgres { name, .. } = self else { return };
        let sql = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
        // A value is dropped outside of any runtime or inside of one; a thread of its own is right for both.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime can be made").block_on(execute_on(&server(), &sql));
        });
        // What is left over goes with the server.
        let _ = dropped.join();
    }
}

fn server() -> String {
    text("BULKHEAD_TEST_POSTGRES_URL")
}

/// A connection to the database of this URL.
///
/// # Panics
/// When there is none to be had.
pub async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("PostgreSQL takes connections");
    tokio::spawn(connection);
    client
}

async fn execute_on(url: &str, sql: &str) {
    let result = connect(url).await.batch_execute(sql).await;
    result.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
}
