//! A database that tries every statement without its tenant before it runs it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bulkhead_kernel::id::OrganizationId;
use bulkhead_kernel::sql::postgres::typed;
use bulkhead_kernel::sql::{Row, Sql, SqlError, Statement, Step, Tenancy, Value};
use sqlx::postgres::{PgArguments, PgConnection, PgPool};
use sqlx::{Arguments as _, AssertSqlSafe};

use super::strip::strip;

/// Where a statement is written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    pub(crate) file: String,
    pub(crate) line: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

/// What was seen of the statements of one place.
#[derive(Clone, Debug, Default)]
pub(crate) struct Finding {
    /// Whether they are about one tenant.
    pub(crate) of_a_tenant: bool,
    /// Whether they insert. What is inserted is the tenant's own, so it is refused for a stranger, or nothing is.
    pub(crate) inserts: bool,
    /// The rows that they would give or change for their own tenant, without it in the predicate.
    pub(crate) own_rows: u64,
    /// The same for a tenant that has none.
    pub(crate) strangers_rows: u64,
    /// What else was wrong.
    pub(crate) faults: Vec<String>,
}

impl Finding {
    pub(crate) fn proves_nothing(&self) -> bool {
        self.of_a_tenant && !self.inserts && self.own_rows == 0
    }
}

/// Between the use cases and the database.
pub(crate) struct Probe {
    inner: Arc<dyn Sql>,
    /// As whoever made the database; the application's role is taken on for every trial.
    trials: PgPool,
    stranger: OrganizationId,
    findings: Mutex<BTreeMap<Place, Finding>>,
}

impl Probe {
    pub(crate) fn new(inner: Arc<dyn Sql>, trials: PgPool, stranger: OrganizationId) -> Self {
        Self { inner, trials, stranger, findings: Mutex::default() }
    }

    pub(crate) fn findings(&self) -> Vec<(Place, Finding)> {
        let findings = self.findings.lock().expect("no test panics here");
        findings.iter().map(|(place, finding)| (place.clone(), finding.clone())).collect()
    }

    /// Tries a statement that runs after these steps of its batch.
    async fn see(&self, before: &[Step], statement: &Statement) {
        let at = statement.written_at();
        let place = Place { file: at.file().to_owned(), line: at.line() };
        let finding = self.tried(before, statement).await;
        let mut findings = self.findings.lock().expect("no test panics here");
        let known = findings.entry(place).or_default();
        known.of_a_tenant |= finding.of_a_tenant;
        known.inserts |= finding.inserts;
        known.own_rows = known.own_rows.max(finding.own_rows);
        known.strangers_rows = known.strangers_rows.max(finding.strangers_rows);
        known.faults.extend(finding.faults);
    }

    async fn tried(&self, before: &[Step], statement: &Statement) -> Finding {
        let Tenancy::Of(organization) = statement.tenancy() else { return Finding::default() };
        let inserts = statement.text().trim_start().starts_with("INSERT");
        let mut finding = Finding { of_a_tenant: true, inserts, ..Finding::default() };
        let Some(without) = strip(statement).or_else(|| inserts.then(|| statement.clone())) else {
            finding.faults.push("its predicate has no tenant".to_owned());
            return finding;
        };
        // What it inserts may be there already.
        finding.own_rows = self.rows(before, &without, organization).await.unwrap_or_default();
        match self.rows(before, &without, self.stranger).await {
            Ok(rows) => finding.strangers_rows = rows,
            Err(refused) if inserts && refused.contains("row-level security") => {}
            // Several rows would have become alike, none of which is the stranger's.
            Err(refused) if !inserts && refused.contains("duplicate key") => finding.strangers_rows = 2,
            Err(refused) => finding.faults.push(refused),
        }
        finding
    }

    /// How many rows it gives or changes, about this tenant, after what runs before it about whose it is. It is undone.
    async fn rows(&self, before: &[Step], statement: &Statement, tenant: OrganizationId) -> Result<u64, String> {
        let mut trial = self.trials.begin().await.map_err(|error| error.to_string())?;
        for Step { statement, .. } in before {
            if run(&mut trial, statement, &statement.tenancy().setting()).await.is_err() {
                // The batch does not get so far.
                return Ok(0);
            }
        }
        let rows = run(&mut trial, statement, &tenant.to_string()).await?;
        trial.rollback().await.map_err(|error| error.to_string())?;
        Ok(rows)
    }
}

/// As the application, about this tenant.
async fn run(trial: &mut PgConnection, statement: &Statement, tenant: &str) -> Result<u64, String> {
    let say = |error: sqlx::Error| error.to_string();
    let (text, parameters) = typed(statement).map_err(|error| error.to_string())?;
    let enter = "SELECT set_config('role', bulkhead_role(), true), set_config('bulkhead.tenant', $1, true)";
    sqlx::query(enter).bind(tenant).execute(&mut *trial).await.map_err(say)?;
    let query = sqlx::query_with(AssertSqlSafe(text), arguments(parameters));
    // It counts what a SELECT gives, too.
    Ok(query.execute(trial).await.map_err(say)?.rows_affected())
}

fn arguments(values: Vec<Value>) -> PgArguments {
    let mut arguments = PgArguments::default();
    for value in values {
        let added = match value {
            Value::Null => arguments.add(None::<String>),
            Value::Bool(value) => arguments.add(value),
            Value::Integer(value) => arguments.add(value),
            Value::Real(value) => arguments.add(value),
            Value::Text(value) => arguments.add(value),
            Value::Blob(value) => arguments.add(value),
        };
        added.expect("PostgreSQL takes these types");
    }
    arguments
}

#[async_trait]
impl Sql for Probe {
    async fn query(&self, statement: Statement) -> Result<Vec<Row>, SqlError> {
        self.see(&[], &statement).await;
        self.inner.query(statement).await
    }

    async fn execute(&self, statement: Statement) -> Result<u64, SqlError> {
        self.see(&[], &statement).await;
        self.inner.execute(statement).await
    }

    async fn batch(&self, steps: Vec<Step>) -> Result<Vec<u64>, SqlError> {
        for (place, step) in steps.iter().enumerate() {
            self.see(&steps[..place], &step.statement).await;
        }
        self.inner.batch(steps).await
    }
}
