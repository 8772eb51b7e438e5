//! What happens between a look at the database and what is then written.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use bulkhead_kernel::sql::{Row, Sql, SqlError, Statement, Step};

/// A database in which somebody else is quicker: just before a batch with one of these words is run, they change something.
pub struct Overtaken {
    /// The database.
    pub sql: Arc<dyn Sql>,
    /// What tells the batches that are overtaken.
    pub writing: &'static [&'static str],
    /// What is done before them.
    pub by: Statement,
    /// How many of them still are.
    pub times: AtomicU32,
}

impl Overtaken {
    fn overtakes(&self, steps: &[Step]) -> bool {
        let written = |step: &Step| self.writing.iter().any(|words| step.statement.text().contains(words));
        let one_less = |times: u32| times.checked_sub(1);
        steps.iter().any(written) && self.times.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less).is_ok()
    }
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
        if self.overtakes(&steps) {
            self.sql.execute(self.by.clone()).await?;
        }
        self.sql.batch(steps).await
    }
}
