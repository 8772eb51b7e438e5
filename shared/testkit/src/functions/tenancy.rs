//! A database that notices when a statement does not say whose rows it is about.
//!
//! On PostgreSQL such a statement sees nothing. On SQLite it would see everything, and work, until it meets PostgreSQL.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use bulkhead_kernel::sql::{Row, Sql, SqlError, Statement, Step, Tenancy, sql};
use bulkhead_native_adapters::Database;

/// Fails a test that sends a statement with a tenant's table in it that says neither `of` nor `across_tenants`.
pub(crate) struct TenancyChecked {
    inner: Arc<dyn Sql>,
    tables: BTreeSet<String>,
}

impl TenancyChecked {
    /// Over a migrated database.
    pub(crate) async fn over(database: &Database) -> Self {
        let inner = database.sql();
        let tables = match database {
            Database::Sqlite(_) => {
                "SELECT m.name AS name FROM sqlite_master m JOIN pragma_table_info(m.name) c \
                 WHERE m.type = 'table' AND c.name = 'organization_id'"
            }
            Database::Postgres(_) => {
                "SELECT table_name::text AS name FROM information_schema.columns \
                 WHERE table_schema = current_schema() AND column_name = 'organization_id'"
            }
        };
        let rows = inner.query(sql(tables)).await.expect("the database lists its tables");
        let tables = rows.iter().map(|row| row.get("name").expect("a name")).chain(["organizations".to_owned()]);
        Self { inner, tables: tables.collect() }
    }

    fn check(&self, statement: &Statement) {
        let mut words = statement.text().split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let about_tenants = words.find(|word| self.tables.contains(*word));
        assert!(
            about_tenants.is_none() || statement.tenancy() != Tenancy::Installation,
            "{}: a statement on {} says whose rows it is about: add .of(organization), or .across_tenants(why)",
            statement.written_at(),
            about_tenants.unwrap_or_default(),
        );
    }
}

#[async_trait]
impl Sql for TenancyChecked {
    async fn query(&self, statement: Statement) -> Result<Vec<Row>, SqlError> {
        self.check(&statement);
        self.inner.query(statement).await
    }

    async fn execute(&self, statement: Statement) -> Result<u64, SqlError> {
        self.check(&statement);
        self.inner.execute(statement).await
    }

    async fn batch(&self, steps: Vec<Step>) -> Result<Vec<u64>, SqlError> {
        steps.iter().for_each(|step| self.check(&step.statement));
        self.inner.batch(steps).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ManualClock;
    use crate::functions::Fixture;

    async fn run(statement: Statement) {
        let fixture = Fixture::start(Arc::new(ManualClock::default())).await;
        let statement = match statement.tenancy() {
            Tenancy::Of(_) => statement.of(fixture.ours.caller.organization),
            _ => statement,
        };
        fixture.ports.sql.query(statement).await.expect("runs");
    }

    #[tokio::test]
    async fn whoever_says_whose_rows_it_is_about_passes_and_so_does_what_is_about_none() {
        let any: bulkhead_kernel::id::OrganizationId = "00000000-0000-7000-8000-000000000000".parse().expect("an id");
        run(sql("SELECT id FROM api_keys").of(any)).await;
        run(sql("SELECT id FROM api_keys").across_tenants("a test")).await;
        run(sql("SELECT id FROM connectors WHERE slug <> 'api_keys_or_such'")).await;
    }

    #[tokio::test]
    #[should_panic(expected = "a statement on api_keys says whose rows it is about")]
    async fn a_forgotten_word_fails_on_sqlite_too() {
        run(sql("SELECT k.id FROM connectors c JOIN api_keys k ON k.id = c.id")).await;
    }

    #[tokio::test]
    #[should_panic(expected = "a statement on organizations says whose rows it is about")]
    async fn the_tenants_themselves_belong_to_tenants() {
        run(sql("DELETE FROM organizations WHERE id = 'x'")).await;
    }
}
