//! The database adapters of functions, on the embedded edge runtime: the guest `function-sql` runs the port's suite from
//! the inside, and dies in the middle of batches.

use bulkhead_system_tests::{Database, Host, Reply, Setup, connect, eventually, path};
use serde_json::{Value, json};

/// `bulkhead up` with that guest in place of the real functions.
async fn host(database: Database) -> Host {
    host_with(database, "").await
}

/// The same with this configuration.
async fn host_with(database: Database, config: &str) -> Host {
    let source = path("BULKHEAD_GUESTS_DIR").join("function-sql.wasm");
    let manifest = format!(
        r#"
spin_manifest_version = 2
[application]
name = "sql"
[variables]
database_url = {{ default = "", secret = true }}
database_host = {{ default = "postgres://127.0.0.1:5432" }}
[[trigger.http]]
route = "/..."
component = "sql"
[component.sql]
source = "{}"
sqlite_databases = ["default"]
allowed_outbound_hosts = ["{{{{ database_host }}}}"]
[component.sql.variables]
database_url = "{{{{ database_url }}}}"
"#,
        source.display()
    );
    let host = Setup::on(database).await.config(config).manifest(&manifest).start().await;
    if let Some(url) = host.setup().database().url() {
        // The port's suite makes tables, which the application's role may not.
        let grant = "DO $$ BEGIN EXECUTE format('GRANT CREATE ON SCHEMA public TO %I', bulkhead_role()); END $$";
        connect(url).await.batch_execute(grant).await.expect("is granted");
    }
    host
}

async fn ask(host: &Host, path: &str) -> Reply {
    host.request("GET", path).send().await
}

async fn rows(host: &Host) -> i64 {
    ask(host, "/trap-probe").await.expect(200)["rows"].as_i64().expect("a number")
}

async fn conforms(database: Database) {
    let host = host(database).await;
    let answer = ask(&host, "/conformance").await.expect(200);
    let cases = answer["cases"].as_array().expect("cases").clone();
    let failed: Vec<_> = cases.iter().filter(|case| case["failure"] != Value::Null).collect();
    assert!(failed.is_empty(), "{failed:#?}");
    assert!(cases.len() > 40, "the suite has {} cases", cases.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn spin_sqlite_does_what_the_port_promises() {
    conforms(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn spin_postgresql_does_what_the_port_promises() {
    conforms(Database::postgres().await).await;
}

/// Dies at a moment of a batch that adds two rows: both are there, or neither is.
async fn dies(host: &Host, path: &str) {
    let before = rows(host).await;
    let reply = host.request("GET", path).header("x-correlation-id", "the-end").send().await;
    let problem = reply.problem(500);
    assert!(!problem.to_string().contains("wasm"), "what went wrong inside is in the answer: {problem}");
    // The database may be at it for a while after the guest's death; the count is final once it stays the same.
    let after = eventually("the batch is over", async || {
        let first = rows(host).await;
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        (rows(host).await == first).then_some(first)
    })
    .await;
    assert!([before, before + 2].contains(&after), "{path}: {before} rows became {after}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trap_in_a_batch_leaves_all_or_nothing_in_sqlite() {
    let host = host(Database::Sqlite).await;
    dies(&host, "/trap-in-batch").await;
    dies(&host, "/trap-in-batch").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trap_between_statements_of_a_transaction_leaves_nothing_in_sqlite() {
    let host = host(Database::Sqlite).await;
    dies(&host, "/trap-between").await;
    assert_eq!(rows(&host).await, 0);
    dies(&host, "/trap-between").await;
    assert_eq!(rows(&host).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trap_after_a_batch_leaves_it_in_sqlite() {
    let host = host(Database::Sqlite).await;
    dies(&host, "/trap-after-answer").await;
    assert_eq!(rows(&host).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trap_in_a_batch_leaves_no_open_transaction_in_postgresql() {
    let database = Database::postgres().await;
    let client = connect(database.url().expect("it has a URL")).await;
    let host = host(database).await;
    dies(&host, "/trap-in-batch").await;
    dies(&host, "/trap-in-batch").await;
    let open = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND \
                (state LIKE 'idle in transaction%' OR (state = 'active' AND pid <> pg_backend_pid()))";
    eventually("no transaction is open", async || {
        let row = client.query_one(open, &[]).await.expect("PostgreSQL answers");
        (row.get::<_, i64>(0) == 0).then_some(())
    })
    .await;
    // Nothing is locked either: the table can be dropped.
    client.batch_execute("SET lock_timeout = '5s'; DROP TABLE trap_probe").await.expect("no lock is left");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trap_after_a_batch_leaves_it_in_postgresql() {
    let host = host(Database::postgres().await).await;
    dies(&host, "/trap-after-answer").await;
    assert_eq!(rows(&host).await, 2);
}

const OURS: &str = "00000000-0000-7000-8000-000000000001";
const THEIRS: &str = "00000000-0000-7000-8000-000000000002";

/// A host whose functions share one connection, with two organisations beside the one that it made.
async fn host_of_three() -> Host {
    let host = host_with(Database::postgres().await, "[edge]\npostgres_connections = 1\n").await;
    let client = connect(host.setup().database().url().expect("it has a URL")).await;
    for organization in [OURS, THEIRS] {
        let insert = format!("INSERT INTO organizations VALUES ('{organization}', '{organization}', 'name', 0)");
        client.batch_execute(&insert).await.expect("inserts");
    }
    host
}

async fn sees(host: &Host, whose: &str) -> i64 {
    ask(host, &format!("/tenant/sees/{whose}")).await.expect(200)["rows"].as_i64().expect("a number")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_function_sees_the_rows_that_its_statement_is_about_whoever_had_the_connection() {
    let host = host_of_three().await;
    for _ in 0..2 {
        assert_eq!(sees(&host, OURS).await, 1);
        assert_eq!(sees(&host, "nobody").await, 0);
        assert_eq!(sees(&host, "all").await, 3);
        assert_eq!(sees(&host, THEIRS).await, 1);
        assert_eq!(sees(&host, "00000000-0000-7000-8000-000000000003").await, 0);
    }
    for (whose, rows) in [(OURS, 1), ("nobody", 0), ("all", 3), (THEIRS, 1), ("nobody", 0)] {
        let answer = ask(&host, &format!("/tenant/renames/{whose}")).await.expect(200);
        assert_eq!(answer, json!({ "alone": rows, "batch": [rows] }), "{whose}");
        // What changes something leaves nothing on its connection.
        assert_eq!(ask(&host, "/tenant/left").await.expect(200), json!({ "own_role": true, "tenant": "" }));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trap_leaves_its_tenant_to_nobody() {
    let host = host_of_three().await;
    for whose in [OURS, "all"] {
        let trap = async || assert_eq!(ask(&host, &format!("/tenant/trap/{whose}")).await.status, 500);
        trap().await;
        assert_eq!(sees(&host, "nobody").await, 0);
        trap().await;
        assert_eq!(sees(&host, THEIRS).await, 1);
        // The pool resets what it gives out, as Spin's does; the adapter does not rely on that.
        trap().await;
        assert_eq!(ask(&host, "/tenant/left").await.expect(200), json!({ "own_role": true, "tenant": "" }));
    }
}
