//! A case's own table.

use bulkhead_kernel::sql::{FromValue, Row, Sql, SqlError, Statement, sql};

use super::Failure;

/// A table that one case made.
pub(super) struct Table<'a> {
    sql: &'a dyn Sql,
    name: String,
}

impl<'a> Table<'a> {
    pub(super) fn new(sql: &'a dyn Sql, name: String) -> Self {
        Self { sql, name }
    }

    pub(super) async fn create(&self, columns: &str) -> Result<(), SqlError> {
        self.remove().await?;
        self.sql.execute(sql(format!("CREATE TABLE {} ({columns})", self.name))).await.map(drop)
    }

    pub(super) async fn remove(&self) -> Result<(), SqlError> {
        self.sql.execute(sql(format!("DROP TABLE IF EXISTS {}", self.name))).await.map(drop)
    }

    /// The database.
    pub(super) fn sql(&self) -> &'a dyn Sql {
        self.sql
    }

    /// A statement in whose text `{t}` stands for the table.
    pub(super) fn statement(&self, text: &str) -> Statement {
        sql(text.replace("{t}", &self.name))
    }

    /// Runs a statement without parameters.
    pub(super) async fn execute(&self, text: &str) -> Result<u64, SqlError> {
        self.sql.execute(self.statement(text)).await
    }

    /// Runs a query without parameters.
    pub(super) async fn query(&self, text: &str) -> Result<Vec<Row>, SqlError> {
        self.sql.query(self.statement(text)).await
    }

    /// One column of a query without parameters.
    pub(super) async fn column<T: FromValue>(&self, text: &str, column: &str) -> Result<Vec<T>, Failure> {
        let rows = self.query(text).await?;
        rows.iter().map(|row| Ok(row.get(column)?)).collect()
    }

    /// How many rows it has.
    pub(super) async fn count(&self) -> Result<i64, Failure> {
        let counts = self.column("SELECT count(*) AS n FROM {t}", "n").await?;
        counts.first().copied().ok_or_else(|| Failure("a count gave no row".to_owned()))
    }
}
