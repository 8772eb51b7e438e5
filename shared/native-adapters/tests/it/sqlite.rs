//! The SQLite adapter's writer: what shares a commit, and what happens when others hold the file.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use bulkhead_kernel::sql::{Sql, SqlError, Step, Value, sql};
use bulkhead_native_adapters::{Database, NativeSqlite, Options, SqliteOptions, connect};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, Executor as _, SqliteConnection};
use tempfile::TempDir;

struct File {
    _directory: TempDir,
    path: PathBuf,
}

impl File {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path().join("bulkhead.db");
        Self { _directory: directory, path }
    }

    async fn open(&self, options: SqliteOptions) -> NativeSqlite {
        let database = NativeSqlite::connect(&self.path, &options).await.expect("opens");
        let create = "CREATE TABLE IF NOT EXISTS t (id BIGINT PRIMARY KEY, n BIGINT CHECK (n >= 0))";
        database.execute(sql(create)).await.expect("creates");
        database
    }

    /// Another process, as far as SQLite can tell.
    async fn other(&self) -> SqliteConnection {
        SqliteConnectOptions::new().filename(&self.path).connect().await.expect("connects")
    }
}

fn insert(id: i64, n: i64) -> Step {
    sql("INSERT INTO t (id, n) VALUES ($1, $2)").bind(id).bind(n).into()
}

async fn count(database: &NativeSqlite) -> i64 {
    let row = database.query_optional(sql("SELECT count(*) AS c FROM t")).await.expect("counts");
    row.expect("a row").get("c").expect("a number")
}

/// How many commits the write-ahead log holds: a frame that ends one tells the size of the database.
fn commits(path: &Path) -> usize {
    let log = std::fs::read(path.with_extension("db-wal")).expect("a log");
    let number = |at: usize| u32::from_be_bytes(log[at..at + 4].try_into().expect("four bytes"));
    let (page, salt) = (number(8) as usize, &log[16..24]);
    let frames = (32..log.len()).step_by(24 + page).filter(|at| at + 24 + page <= log.len());
    frames.filter(|at| &log[at + 8..at + 16] == salt && number(at + 4) != 0).count()
}

/// Queues writes while another process holds the lock, and gives how many commits they then took.
async fn commits_for(callers: i64, group_limit: usize) -> usize {
    let file = File::new();
    // A log that was moved to the file begins anew, and what it held before can't be counted.
    let checkpoint_after = Duration::from_secs(3600);
    let database = file.open(SqliteOptions { group_limit, checkpoint_after, ..SqliteOptions::default() }).await;
    let before = commits(&file.path);
    let mut other = file.other().await;
    other.execute("BEGIN IMMEDIATE").await.expect("locks");
    let writes: Vec<_> = (0..callers)
        .map(|id| {
            let database = database.clone();
            tokio::spawn(async move { database.batch(vec![insert(id, id)]).await })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(count(&database).await, 0, "readers do not wait, and nothing was written");
    other.execute("ROLLBACK").await.expect("unlocks");
    for write in writes {
        assert_eq!(write.await.expect("ends"), Ok(vec![1]));
    }
    assert_eq!(count(&database).await, callers);
    commits(&file.path) - before
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_that_wait_share_a_commit_up_to_the_limit() {
    assert_eq!(commits_for(16, 64).await, 1);
    assert_eq!(commits_for(16, 16).await, 1);
    assert_eq!(commits_for(16, 15).await, 2);
    assert_eq!(commits_for(16, 4).await, 4);
    assert_eq!(commits_for(5, 1).await, 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_moved_to_the_file_beside_the_writer() {
    let holds = |path: &Path| {
        let file = std::fs::read(path).expect("a file");
        file.windows(8).any(|bytes| bytes == b"moved it")
    };
    for (checkpoint_after, moved) in [(Duration::from_millis(1), true), (Duration::from_secs(3600), false)] {
        let file = File::new();
        let database = file.open(SqliteOptions { checkpoint_after, ..SqliteOptions::default() }).await;
        database.execute(sql("CREATE TABLE words (word TEXT)")).await.expect("creates");
        database.execute(sql("INSERT INTO words VALUES ('moved it')")).await.expect("inserts");
        let deadline = Instant::now() + Duration::from_secs(if moved { 20 } else { 1 });
        while !holds(&file.path) && Instant::now() < deadline {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(holds(&file.path), moved);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_keeps_the_log_from_growing_without_end() {
    let written = async |checkpoint_pages: u32| {
        let file = File::new();
        let checkpoint_after = Duration::from_secs(3600);
        let options = SqliteOptions { checkpoint_pages, checkpoint_after, ..SqliteOptions::default() };
        let database = file.open(options).await;
        for id in 0..200 {
            database.batch(vec![insert(id, 1)]).await.expect("inserts");
        }
        std::fs::metadata(file.path.with_extension("db-wal")).expect("a log").len()
    };
    let (short, long) = (written(1).await, written(8192).await);
    assert!(short * 5 < long, "{short} and {long} bytes");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_in_a_shared_commit_undoes_only_its_own() {
    let file = File::new();
    let database = file.open(SqliteOptions::default()).await;
    let mut other = file.other().await;
    other.execute("BEGIN IMMEDIATE").await.expect("locks");
    let writes: Vec<_> = (0..30_i64)
        .map(|id| {
            let database = database.clone();
            let last = match id % 3 {
                0 => insert(100 + id, 1),
                1 => insert(100 + id, -1),
                _ => sql("UPDATE t SET n = 9 WHERE id = -1").expecting(1),
            };
            tokio::spawn(async move { database.batch(vec![insert(id, 1), last]).await })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(100)).await;
    other.execute("ROLLBACK").await.expect("unlocks");
    for (id, write) in writes.into_iter().enumerate() {
        let result = write.await.expect("ends");
        match id % 3 {
            0 => assert_eq!(result, Ok(vec![1, 1])),
            1 => assert!(matches!(result, Err(SqlError::ConstraintViolation(_))), "{result:?}"),
            _ => assert_eq!(result, Err(SqlError::UnexpectedRows { step: 1, expected: 1, affected: 0 })),
        }
    }
    assert_eq!(count(&database).await, 20);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lock_that_is_held_too_long_is_unavailable_and_then_forgotten() {
    let file = File::new();
    let options = SqliteOptions { busy_timeout: Duration::from_millis(300), ..SqliteOptions::default() };
    let database = file.open(options).await;
    let mut other = file.other().await;
    other.execute("BEGIN IMMEDIATE").await.expect("locks");
    let started = Instant::now();
    let writes = (0..20).map(|id| database.batch(vec![insert(id, 1)]));
    for result in futures::future::join_all(writes).await {
        assert!(matches!(result, Err(SqlError::Unavailable(_))), "{result:?}");
    }
    let waited = started.elapsed();
    assert!(waited >= Duration::from_millis(300), "{waited:?}");
    assert!(waited < Duration::from_secs(3), "callers wait together, not one after another: {waited:?}");
    other.execute("ROLLBACK").await.expect("unlocks");
    assert_eq!(database.batch(vec![insert(1, 1)]).await, Ok(vec![1]));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_waits_for_a_lock_as_long_as_a_later_caller() {
    let file = File::new();
    let options = SqliteOptions { busy_timeout: Duration::from_secs(2), ..SqliteOptions::default() };
    let database = file.open(options).await;
    let mut other = file.other().await;
    other.execute("BEGIN IMMEDIATE").await.expect("locks");
    // The second and the third wait in the queue while the writer waits for the lock on behalf of the first.
    let call = async |id: i64, after: u64| {
        tokio::time::sleep(Duration::from_millis(after)).await;
        let started = Instant::now();
        (database.batch(vec![insert(id, 1)]).await, started.elapsed())
    };
    let ((first, _), (second, waited), (third, _)) = tokio::join!(call(1, 0), call(2, 100), call(3, 1900));
    for result in [first, second, third] {
        assert!(matches!(result, Err(SqlError::Unavailable(_))), "{result:?}");
    }
    assert!(waited < Duration::from_secs(3), "{waited:?}");
    other.execute("ROLLBACK").await.expect("unlocks");
}

#[tokio::test(flavor = "multi_thread")]
async fn so_many_queries_read_at_once_and_more_wait() {
    const LONG: &str =
        "WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 10000000) SELECT max(n) FROM c";
    for (read_connections, refused) in [(1, true), (2, false)] {
        let file = File::new();
        let busy_timeout = Duration::from_millis(200);
        let database = file.open(SqliteOptions { busy_timeout, read_connections, ..SqliteOptions::default() }).await;
        let mut long = database.query(sql(LONG));
        assert!(futures::poll!(&mut long).is_pending(), "it reads, for about a second");
        let short = database.query(sql("SELECT 1 AS one")).await.map(|rows| rows.len());
        let expected = match refused {
            true => Err(SqlError::Unavailable("too many queries are waiting".to_owned())),
            false => Ok(1),
        };
        assert_eq!(short, expected);
        for _ in 0..2 {
            let look_up = database.query_optional(sql("SELECT 1 AS one UNION ALL SELECT 2")).await;
            assert_eq!(look_up.map(|row| row.map_or(0, |row| row.values().len())), expected);
        }
        assert_eq!(long.await.map(|rows| rows.len()), Ok(1));
        assert_eq!(database.query(sql("SELECT 1 AS one")).await.map(|rows| rows.len()), Ok(1));
        let nothing = database.query_optional(sql("SELECT 1 AS one WHERE 1 = 2")).await;
        assert_eq!(nothing.map(|row| row.is_none()), Ok(true));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn parameters_go_by_their_numbers_and_none_is_missing() {
    let file = File::new();
    let database = file.open(SqliteOptions::default()).await;
    let both = sql("SELECT $2 AS second, $1 AS first, $2 AS again").bind(1_i64).bind("two");
    let row = database.query_optional(both).await.expect("reads").expect("a row");
    assert_eq!(row.values(), [Value::from("two"), Value::from(1_i64), Value::from("two")]);
    for text in ["SELECT $1, $2", "SELECT $1, ?"] {
        let missing = database.query(sql(text).bind(1_i64)).await.map(|rows| rows.len());
        assert!(matches!(&missing, Err(SqlError::Other(why)) if why.contains("has no value")), "{missing:?}");
    }
    let missing = database.batch(vec![insert(1, 1), sql("INSERT INTO t (id, n) VALUES ($1, $2)").bind(2_i64).into()]);
    assert_eq!(missing.await, Err(SqlError::Other("parameter $2 has no value".to_owned())));
    assert_eq!(count(&database).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_that_is_none_is_not_read() {
    let file = File::new();
    let database = file.open(SqliteOptions::default()).await;
    let read = database.query(sql("SELECT CAST(x'ff' AS TEXT) AS word")).await.map(|rows| rows.len());
    assert_eq!(read, Err(SqlError::Decode { column: "word".to_owned() }));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_is_unavailable() {
    let file = File::new();
    for (queue_limit, refused) in [(2, true), (64, false)] {
        let options =
            SqliteOptions { busy_timeout: Duration::from_millis(200), queue_limit, ..SqliteOptions::default() };
        let database = file.open(options).await;
        let mut other = file.other().await;
        other.execute("BEGIN IMMEDIATE").await.expect("locks");
        let writes = (0..20).map(|id| database.batch(vec![insert(id, 1)]));
        let results = futures::future::join_all(writes).await;
        let full = |error: &SqlError| error.to_string().contains("too many writes");
        assert!(results.iter().all(Result::is_err));
        assert_eq!(results.iter().any(|result| result.as_ref().is_err_and(full)), refused);
        other.execute("ROLLBACK").await.expect("unlocks");
        other.close().await.expect("closes");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_processes_write_the_same_file() {
    let file = File::new();
    let one = file.open(SqliteOptions::default()).await;
    let other = file.open(SqliteOptions::default()).await;
    one.batch(vec![insert(0, 0)]).await.expect("inserts");
    let writes = (1..=200_i64).map(|id| {
        let database = if id % 2 == 0 { one.clone() } else { other.clone() };
        let increment = sql("UPDATE t SET n = n + 1 WHERE id = 0").expecting(1);
        tokio::spawn(async move { database.batch(vec![insert(id, 0), increment]).await })
    });
    for write in futures::future::join_all(writes).await {
        assert_eq!(write.expect("ends"), Ok(vec![1, 1]));
    }
    let row = one.query_optional(sql("SELECT n FROM t WHERE id = 0")).await.expect("reads").expect("a row");
    assert_eq!(row.get::<i64>("n"), Ok(200));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_caller_that_stops_waiting_leaves_all_or_nothing() {
    let file = File::new();
    let database = file.open(SqliteOptions::default()).await;
    for round in 0..50_i64 {
        let write = database.batch((0..20).map(|id| insert(round * 20 + id, 0)).collect());
        let patience = Duration::from_micros(u64::try_from(round).expect("small") * 20);
        let _result = tokio::time::timeout(patience, write).await;
    }
    database.execute(sql("INSERT INTO t (id, n) VALUES (-1, 0)")).await.expect("the writer works on");
    assert_eq!((count(&database).await - 1) % 20, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn closing_finishes_what_is_queued_and_refuses_what_comes_later() {
    let file = File::new();
    let database = file.open(SqliteOptions::default()).await;
    let writes: Vec<_> = (0..50)
        .map(|id| {
            let database = database.clone();
            tokio::spawn(async move { database.batch(vec![insert(id, 0)]).await })
        })
        .collect();
    let mut written = 0;
    Database::Sqlite(database.clone()).close().await;
    for write in writes {
        match write.await.expect("ends") {
            Ok(_) => written += 1,
            Err(error) => assert_eq!(error, SqlError::Unavailable("the database was closed".to_owned())),
        }
    }
    let late = database.batch(vec![insert(1000, 0)]).await;
    assert!(matches!(late, Err(SqlError::Unavailable(_))), "{late:?}");
    let late = database.query(sql("SELECT 1")).await;
    assert!(matches!(late, Err(SqlError::Unavailable(_))), "{late:?}");
    assert_eq!(count(&file.open(SqliteOptions::default()).await).await, written);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_is_one_statement() {
    let file = File::new();
    let database = file.open(SqliteOptions::default()).await;
    for text in ["", "-- nothing", "INSERT INTO t VALUES (1, 1); DELETE FROM t", "COMMIT"] {
        let result = database.batch(vec![insert(7, 7), sql(text).into()]).await;
        assert!(matches!(result, Err(SqlError::Other(_) | SqlError::Unavailable(_))), "{text}: {result:?}");
    }
    database.batch(vec![insert(8, 8)]).await.expect("the writer works on");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_file_is_set_up_as_asked() {
    let file = File::new();
    for (flush_every_commit, synchronous) in [(false, 1_i64), (true, 2)] {
        let database = file.open(SqliteOptions { flush_every_commit, ..SqliteOptions::default() }).await;
        let expected = [
            ("synchronous", synchronous),
            ("foreign_keys", 1),
            ("busy_timeout", 5000),
            // Eight times what is long already: by then the thread beside the writer was too slow.
            ("wal_autocheckpoint", 8 * i64::from(SqliteOptions::default().checkpoint_pages)),
        ];
        for (pragma, expected) in expected {
            let rows = database.query(sql(format!("PRAGMA {pragma}"))).await.expect("reads");
            assert_eq!(rows[0].values(), [Value::Integer(expected)], "{pragma}");
        }
        let row = database.query_optional(sql("PRAGMA journal_mode")).await.expect("reads").expect("a row");
        assert_eq!(row.get::<String>("journal_mode").as_deref(), Ok("wal"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn several_processes_may_migrate_at_once() {
    let file = File::new();
    let url = format!("sqlite://{}", file.path.display());
    let migrations = (0..8).map(|_| {
        let url = url.clone();
        tokio::spawn(async move {
            let database = connect(&url, &Options::default()).await.expect("connects");
            database.migrate().await.map_err(|error| error.to_string())
        })
    });
    for migration in futures::future::join_all(migrations).await {
        assert_eq!(migration.expect("ends"), Ok(()));
    }
    let database = connect(&url, &Options::default()).await.expect("connects");
    database.migrate().await.expect("a second time does nothing");
    database.ping().await.expect("answers");
    let jobs = database.sql().query(sql("SELECT id FROM pipeline_jobs")).await;
    assert_eq!(jobs.map(|rows| rows.len()), Ok(0));
}
