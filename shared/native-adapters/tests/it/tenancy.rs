//! PostgreSQL shows a statement the rows that it is about, whoever had the connection before.

use std::sync::Arc;
use std::time::Duration;

use bulkhead_kernel::id::OrganizationId;
use bulkhead_kernel::sql::{Sql, SqlError, Statement, sql};
use bulkhead_native_adapters::{Database, IsolationError, Options, PostgresOptions, connect};
use bulkhead_testkit::functions::postgres::{administer, create_database};
use futures::future::join_all;

use crate::proxy::Proxy;

const COUNT: &str = "SELECT count(*) AS n FROM organizations";

/// A migrated database with two organisations.
struct Scene {
    url: String,
    database: Database,
    ours: OrganizationId,
    theirs: OrganizationId,
}

impl Scene {
    async fn start(postgres: PostgresOptions) -> Self {
        let url = create_database().await;
        let (ours, theirs) = (organization(1), organization(2));
        let database = open(&url, postgres).await;
        for organization in [ours, theirs] {
            let insert = sql("INSERT INTO organizations (id, slug, name, created_at) VALUES ($1, $1, $1, 0)");
            database.sql().execute(insert.bind(organization).of(organization)).await.expect("inserts");
        }
        Self { url, database, ours, theirs }
    }

    /// The role of this database's application.
    async fn role(&self) -> String {
        let row = self.database.sql().query_optional(sql("SELECT bulkhead_role() AS role")).await;
        row.expect("reads").expect("a row").get("role").expect("a name")
    }
}

async fn open(url: &str, postgres: PostgresOptions) -> Database {
    let options = Options { postgres, ..Options::default() };
    let database = connect(url, &options).await.expect("connects");
    database.migrate().await.expect("migrates");
    database
}

fn organization(number: u128) -> OrganizationId {
    format!("00000000-0000-7000-8000-{number:012}").parse().expect("an id")
}

fn one_connection() -> PostgresOptions {
    PostgresOptions { max_connections: 1, ..PostgresOptions::default() }
}

async fn count(database: &dyn Sql, statement: Statement) -> i64 {
    database.query_optional(statement).await.expect("reads").expect("a row").get("n").expect("a number")
}

fn all(text: &'static str) -> Statement {
    sql(text).across_tenants("a test")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_sees_the_rows_that_it_says_it_is_about() {
    let scene = Scene::start(one_connection()).await;
    let port = scene.database.sql();
    // On one connection, so that each comes after another.
    for _ in 0..2 {
        assert_eq!(count(port.as_ref(), sql(COUNT).of(scene.ours)).await, 1);
        assert_eq!(count(port.as_ref(), sql(COUNT)).await, 0, "a statement that said nothing");
        assert_eq!(count(port.as_ref(), all(COUNT)).await, 2);
        assert_eq!(count(port.as_ref(), sql(COUNT).of(organization(3))).await, 0);
        let id = port.query_optional(sql("SELECT id FROM organizations").of(scene.theirs)).await.expect("reads");
        assert_eq!(id.expect("a row").get::<OrganizationId>("id"), Ok(scene.theirs));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_statement_changes_the_rows_that_it_says_it_is_about() {
    let scene = Scene::start(one_connection()).await;
    let port = scene.database.sql();
    let rename = || sql("UPDATE organizations SET name = 'renamed'");
    assert_eq!(port.execute(rename()).await, Ok(0));
    assert_eq!(port.execute(rename().of(scene.ours)).await, Ok(1));
    let steps = vec![rename().of(scene.theirs).expecting(1), sql("SELECT 1").into()];
    assert_eq!(port.batch(steps).await, Ok(vec![1, 0]));
    assert_eq!(port.batch(vec![rename().into()]).await, Ok(vec![0]), "a batch that said nothing");
    assert_eq!(port.batch(vec![rename().across_tenants("a test").into()]).await, Ok(vec![2]));
    // A row can't be made for another tenant, or be given to one.
    let insert = sql("INSERT INTO organizations (id, slug, name, created_at) VALUES ('4', '4', '4', 0)");
    for statement in [insert.of(scene.ours), sql("UPDATE organizations SET id = '4'").of(scene.ours)] {
        let refused = port.execute(statement).await.expect_err("is refused");
        assert!(refused.to_string().contains("row-level security"), "{refused}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_batch_is_about_does_not_outlive_it() {
    let scene = Scene::start(one_connection()).await;
    let port = scene.database.sql();
    let setting = || sql("SELECT coalesce(current_setting('bulkhead.tenant', true), '') AS tenant");
    let tenant = async |statement| -> String {
        port.query_optional(statement).await.expect("reads").expect("a row").get("tenant").expect("a text")
    };
    assert_eq!(tenant(setting()).await, "");
    port.batch(vec![sql("SELECT 1").of(scene.ours).into()]).await.expect("runs");
    let failing = vec![sql("SELECT 1").of(scene.ours).into(), sql("SELECT 1/0").into()];
    port.batch(failing).await.expect_err("divides by zero");
    // The adapter believes that nothing is set, and so sets nothing: this is what is left.
    assert_eq!(tenant(setting()).await, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_about_several_tenants_is_refused() {
    let scene = Scene::start(PostgresOptions::default()).await;
    let steps = vec![sql("SELECT 1").of(scene.ours).into(), sql("SELECT 1").of(scene.theirs).into()];
    assert_eq!(scene.database.sql().batch(steps).await, Err(SqlError::SeveralTenants { step: 1 }));
}

#[tokio::test(flavor = "multi_thread")]
async fn many_callers_at_once_see_their_own() {
    let options = PostgresOptions { max_connections: 3, ..PostgresOptions::default() };
    let scene = Scene::start(options).await;
    let port = scene.database.sql();
    let ask = |number: usize| {
        let (port, scene) = (Arc::clone(&port), &scene);
        async move {
            let (statement, expected) = match number % 4 {
                0 => (sql(COUNT), 0),
                1 => (all(COUNT), 2),
                2 => (sql("SELECT count(*) AS n FROM organizations WHERE id LIKE '%1'").of(scene.ours), 1),
                _ => (sql("SELECT count(*) AS n FROM organizations WHERE id LIKE '%1'").of(scene.theirs), 0),
            };
            let asked = tokio::time::timeout(Duration::from_micros(number as u64 * 37 % 5000), async {
                count(port.as_ref(), statement.clone()).await
            });
            // Some stop waiting in the middle, of whatever is going on then.
            if let Ok(seen) = asked.await {
                assert_eq!(seen, expected);
            }
            assert_eq!(count(port.as_ref(), statement).await, expected);
        }
    };
    join_all((0..400).map(ask)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_applications_role_is_an_ordinary_one() {
    let scene = Scene::start(PostgresOptions::default()).await;
    let isolation = scene.database.check_isolation().await.expect("tenants are kept apart").expect("it is PostgreSQL");
    assert!(isolation.role == scene.role().await && isolation.login_could_bypass, "{isolation:?}");
    let role = "SELECT current_user::text AS role, r.rolsuper OR r.rolbypassrls OR r.rolcreaterole OR r.rolcanlogin \
                OR EXISTS (SELECT 1 FROM pg_tables t WHERE t.tableowner = current_user) AS special \
                FROM pg_roles r WHERE r.rolname = current_user";
    let row = scene.database.sql().query_optional(sql(role)).await.expect("reads").expect("a row");
    assert_eq!(row.get::<String>("role"), Ok(scene.role().await));
    assert_eq!(row.get::<bool>("special"), Ok(false));
    for forbidden in [
        "ALTER TABLE organizations DISABLE ROW LEVEL SECURITY",
        "DROP POLICY tenant ON organizations",
        "CREATE TABLE mine (id TEXT)",
        "UPDATE _sqlx_migrations SET success = true",
        "TRUNCATE organizations",
    ] {
        scene.database.sql().execute(sql(forbidden)).await.expect_err(forbidden);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_role_that_no_policy_holds_for_is_refused() {
    let scene = Scene::start(PostgresOptions::default()).await;
    let role = scene.role().await;
    for (done, undone, reason) in [
        ("ALTER ROLE {r} BYPASSRLS", "ALTER ROLE {r} NOBYPASSRLS", "BYPASSRLS"),
        ("ALTER ROLE {r} SUPERUSER", "ALTER ROLE {r} NOSUPERUSER", "superuser"),
        ("ALTER TABLE api_keys OWNER TO {r}", "ALTER TABLE api_keys OWNER TO postgres", "owns"),
    ] {
        administer(&scene.url, &done.replace("{r}", &role)).await;
        let refused = scene.database.check_isolation().await.expect_err(reason);
        assert!(matches!(refused, IsolationError::Role { .. }) && refused.to_string().contains(reason), "{refused}");
        administer(&scene.url, &undone.replace("{r}", &role)).await;
        scene.database.check_isolation().await.expect("as before");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_table_with_a_tenants_rows_has_the_policy_and_a_new_one_gets_it() {
    let scene = Scene::start(PostgresOptions::default()).await;
    scene.database.check_isolation().await.expect("tenants are kept apart");
    for unprotected in [
        "CREATE TABLE things (organization_id TEXT)",
        "ALTER TABLE api_keys DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE api_keys NO FORCE ROW LEVEL SECURITY",
        "DROP POLICY tenant ON pipeline_jobs",
    ] {
        administer(&scene.url, unprotected).await;
        let refused = scene.database.check_isolation().await.expect_err(unprotected);
        assert!(matches!(&refused, IsolationError::Tables(tables) if tables.len() == 1), "{unprotected}: {refused}");
        scene.database.migrate().await.expect("migrates");
        scene.database.check_isolation().await.expect("tenants are kept apart");
    }
    // Another policy would let more be seen, and is nothing that a migration mends.
    administer(&scene.url, "CREATE POLICY more ON api_keys USING (true)").await;
    scene.database.check_isolation().await.expect_err("a policy too many");
    // A new table can be used, for one's own rows.
    let insert = |organization: OrganizationId| sql("INSERT INTO things VALUES ($1)").bind(organization);
    let port = scene.database.sql();
    assert_eq!(port.execute(insert(scene.ours).of(scene.ours)).await, Ok(1));
    port.execute(insert(scene.ours).of(scene.theirs)).await.expect_err("not theirs");
}

/// The tables without a policy, and why they need none.
const INSTALLATION: &[(&str, &str)] = &[
    ("_sqlx_migrations", "what was migrated"),
    ("connector_approvals", "what the operator approved"),
    ("connector_tools", "the catalogue"),
    ("connectors", "the catalogue"),
    ("identities", "a person's, whichever tenants they belong to"),
    ("lockouts", "counted before it is known who it is; by hash"),
    ("mails", "the outbox, to a person's address"),
    ("oauth_clients", "applications, which users of any tenant may use"),
    ("one_time_tokens", "found by the hash of the token; a person's"),
    ("passkey_ceremonies", "found by the hash of the token; a person's, or nobody's yet"),
    ("passkeys", "a person's, whichever tenants they belong to"),
    ("recovery_codes", "a person's, whichever tenants they belong to"),
    ("refresh_tokens", "found by the hash of the token; its session has the tenant"),
    ("second_factors", "a person's, whichever tenants they belong to"),
    ("sign_in_attempts", "found by the hash of the state; a person's, or nobody's yet"),
    ("throttles", "counted before it is known who it is; by hash"),
    ("users", "people belong to several tenants; their memberships have the tenant"),
    ("vault_keys", "the names of the installation's keys"),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_table_is_a_tenants_or_is_known_to_be_the_installations() {
    let scene = Scene::start(PostgresOptions::default()).await;
    let unprotected = "SELECT c.relname::text AS name FROM pg_class c WHERE c.relkind IN ('r', 'p') \
                       AND c.relnamespace = 'public'::regnamespace AND NOT c.relrowsecurity ORDER BY c.relname";
    let rows = scene.database.sql().query(sql(unprotected)).await.expect("reads");
    let names: Vec<String> = rows.iter().map(|row| row.get("name").expect("a name")).collect();
    let known: Vec<_> = INSTALLATION.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, known, "give it a column organization_id, or say here why it has none");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_that_owns_nothing_serves_what_the_owner_migrated() {
    let url = create_database().await;
    let (server, name) = url.rsplit_once('/').expect("a name");
    let address = server.rsplit_once('@').expect("a user").1;
    let login = format!("app_{name}");
    administer(&url, &format!("CREATE ROLE {login} LOGIN PASSWORD 'app'")).await;
    let app =
        connect(&format!("postgres://{login}:app@{address}/{name}"), &Options::default()).await.expect("connects");
    let refused = app.migrate().await.expect_err("nothing is migrated").to_string();
    assert!(refused.contains("bulkhead migrate"), "{refused}");

    let owner = open(&url, PostgresOptions::default()).await;
    let refused = app.migrate().await.expect_err("it is no member of the role").to_string();
    assert!(refused.contains("bulkhead migrate"), "{refused}");
    administer(&url, &format!("DO $$ BEGIN EXECUTE format('GRANT %I TO {login}', bulkhead_role()); END $$")).await;
    app.migrate().await.expect("there is nothing to do");
    let isolation = app.check_isolation().await.expect("tenants are kept apart").expect("it is PostgreSQL");
    assert!(isolation.login == login && !isolation.login_could_bypass, "{isolation:?}");
    assert_eq!(count(app.sql().as_ref(), all(COUNT)).await, 0);
    let steps = vec![sql("DELETE FROM organizations").across_tenants("a test").expecting(0)];
    assert_eq!(app.sql().batch(steps).await, Ok(vec![0]));
    owner.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_the_right_to_make_roles_is_told_what_to_type() {
    let url = create_database().await;
    let (server, name) = url.rsplit_once('/').expect("a name");
    let address = server.rsplit_once('@').expect("a user").1;
    let owner = format!("owner_{name}");
    administer(&url, &format!("CREATE ROLE {owner} LOGIN PASSWORD 'owner'")).await;
    administer(&url, &format!("ALTER DATABASE {name} OWNER TO {owner}")).await;
    let database = connect(&format!("postgres://{owner}:owner@{address}/{name}"), &Options::default()).await;
    let database = database.expect("connects");
    let refused = database.migrate().await.expect_err("may not make roles").to_string();
    let (_, typed) = refused.split_once("run ").expect("says what to run");
    let (typed, _) = typed.split_once(" and then").expect("says what comes then");
    administer(&url, typed).await;
    database.migrate().await.expect("migrates now");
    // The policies hold for the owner too.
    database.check_isolation().await.expect("tenants are kept apart");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_installation_of_one_tenant_pays_nothing() {
    let scene = Scene::start(PostgresOptions::default()).await;
    let proxy = Proxy::start(&scene.url).await;
    let options = PostgresOptions { test_after: Duration::from_secs(600), ..PostgresOptions::default() };
    let port = open(&proxy.url, options).await.sql();
    let round = async || {
        // As a request does: whose key is it, what is there, something of the catalogue, and a change.
        count(port.as_ref(), all(COUNT)).await;
        count(port.as_ref(), sql(COUNT).of(scene.ours)).await;
        count(port.as_ref(), sql("SELECT count(*) AS n FROM connectors")).await;
        port.execute(sql("UPDATE organizations SET name = 'a'").of(scene.ours)).await.expect("updates");
        port.batch(vec![sql("DELETE FROM api_keys").of(scene.ours).into()]).await.expect("deletes");
    };
    // Until every statement is prepared on every connection that it may get.
    for _ in 0..20 {
        round().await;
    }
    let before = proxy.round_trips();
    for _ in 0..100 {
        round().await;
    }
    assert_eq!(proxy.round_trips() - before, 500, "a statement is one round trip");

    // The count can tell: another tenant's statement on a full house has to be set first.
    let full =
        PostgresOptions { max_connections: 1, test_after: Duration::from_secs(600), ..PostgresOptions::default() };
    let port = open(&proxy.url, full).await.sql();
    for organization in [scene.ours, scene.theirs, scene.ours, scene.theirs] {
        count(port.as_ref(), sql(COUNT).of(organization)).await;
    }
    let before = proxy.round_trips();
    count(port.as_ref(), sql(COUNT).of(scene.ours)).await;
    count(port.as_ref(), sql(COUNT).of(scene.ours)).await;
    assert_eq!(proxy.round_trips() - before, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_broke_is_replaced_before_it_is_used() {
    let options = PostgresOptions { test_after: Duration::ZERO, ..PostgresOptions::default() };
    let scene = Scene::start(options).await;
    let port = scene.database.sql();
    for _ in 0..3 {
        assert_eq!(count(port.as_ref(), sql(COUNT).of(scene.ours)).await, 1);
        administer(
            &scene.url,
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
             WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )
        .await;
    }
    assert_eq!(count(port.as_ref(), sql(COUNT).of(scene.ours)).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_nobody_uses_are_closed() {
    let options = PostgresOptions { idle_timeout: Duration::from_millis(100), ..PostgresOptions::default() };
    let scene = Scene::start(options).await;
    count(scene.database.sql().as_ref(), sql(COUNT)).await;
    let none = "DO $$ BEGIN \
                FOR attempt IN 1..200 LOOP \
                PERFORM pg_stat_clear_snapshot(), pg_sleep(0.05); \
                IF (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                AND application_name = 'bulkhead') = 0 THEN RETURN; END IF; \
                END LOOP; RAISE EXCEPTION 'they are still open'; END $$";
    administer(&scene.url, none).await;
    assert_eq!(count(scene.database.sql().as_ref(), sql(COUNT).of(scene.ours)).await, 1);
}
