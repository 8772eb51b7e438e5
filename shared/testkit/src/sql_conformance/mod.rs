//! What every adapter of the [`Sql`] port does alike.
//!
//! Each case makes tables of its own, in the dialect that the databases share, and drops them. A case ends at the
//! first thing that is not as it must be, and its [`CaseResult`] says what was.

mod batches;
mod refusals;
mod statements;
mod table;
mod values;

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use bulkhead_kernel::sql::{Sql, SqlError};
use serde::{Deserialize, Serialize};

use table::Table;

/// What came of one case.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CaseResult {
    /// What the case shows, as a sentence.
    pub name: String,
    /// What was not as it must be; absent when all was.
    pub failure: Option<String>,
}

/// What was not as it must be.
#[derive(Debug)]
struct Failure(String);

impl From<SqlError> for Failure {
    fn from(error: SqlError) -> Self {
        Self(format!("unexpected error: {error}"))
    }
}

type Outcome = Result<(), Failure>;
type Running<'a> = Pin<Box<dyn Future<Output = Outcome> + Send + 'a>>;

/// A case: what it shows, the columns of its table, and what it does with it.
struct Case {
    name: &'static str,
    columns: &'static str,
    run: for<'a> fn(&'a Table<'a>) -> Running<'a>,
}

/// The cases of a file: each function's name is the case's, and after it come the columns of its table.
macro_rules! cases {
    ($($case:ident($columns:expr)),* $(,)?) => {
        pub(super) const CASES: &[super::Case] = &[$(super::Case {
            name: stringify!($case),
            columns: $columns,
            run: |table| Box::pin($case(table)),
        }),*];
    };
}
use cases;

/// Checks that two things are equal.
fn same<T: PartialEq + fmt::Debug>(what: &str, found: T, expected: T) -> Outcome {
    if found == expected { Ok(()) } else { Err(Failure(format!("{what}: found {found:?}, expected {expected:?}"))) }
}

/// Checks that a call was refused, and how.
fn refused<T: fmt::Debug>(
    what: &str,
    result: Result<T, SqlError>,
    expected: impl FnOnce(&SqlError) -> bool,
) -> Outcome {
    match result {
        Err(error) if expected(&error) => Ok(()),
        other => Err(Failure(format!("{what}: found {other:?}"))),
    }
}

/// Runs every case. `run` tells the tables of one run from those of another on the same database: lower-case letters,
/// digits and underscores.
pub async fn run(sql: &dyn Sql, run: &str) -> Vec<CaseResult> {
    let cases = [values::CASES, statements::CASES, batches::CASES, refusals::CASES];
    let mut results = Vec::new();
    for (index, case) in cases.into_iter().flatten().enumerate() {
        let table = Table::new(sql, format!("conformance_{run}_{index}"));
        let outcome = match table.create(case.columns).await {
            Ok(()) => (case.run)(&table).await,
            Err(error) => Err(error.into()),
        };
        let dropped = table.remove().await;
        let outcome = outcome.and(dropped.map_err(Failure::from));
        results.push(CaseResult { name: case.name.replace('_', " "), failure: outcome.err().map(|Failure(why)| why) });
    }
    results
}
