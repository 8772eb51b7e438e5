//! What happens between a look at the database and what is then written.

use std::sync::Arc;

use async_trait::async_trait;
use bulkhead_kernel::sql::{Row, Sql, SqlError, Statement, Step, sql};

/// A database in which somebody else is quicker: just before a batch with one of these words is run, they change something.
pub struct Overtaken {
    /// The database.
    pub sql: Arc<dyn Sql>,
    /// What tells the batches that are overtaken.
    pub writing: &'static [&'static str],
    /// What is done before them, by a statement about every tenant's rows.
    pub by: &'static str,
}

#[async_trait]
impl Sql for Overtaken {
    async fn query(&self, statement: Statement) -> Result<Vec<Row>, SqlError> {
        self.sql.query(statement).await
    }

    async fn execute(&self, statement: Statement) -> Result<u64, SqlError> {
        self.sql.execute(statement).await
    }

    async fn batch(&self, steps: Vec<Step>) -> Result<Vec<u64>, SqlError> {
        let text: String = steps.iter().map(|step| step.statement.render(|n| format!("${n}"))).collect();
        if self.writing.iter().any(|words| text.contains(words)) {
            self.sql.execute(sql(self.by).across_tenants("a test")).await?;
        }
        self.sql.batch(steps).await
    }
}
