//! The database port.
//!
//! A feature writes its SQL once, in the dialect that SQLite and PostgreSQL share: placeholders `$1`, `$2`, …;
//! columns `TEXT`, `BIGINT`, `DOUBLE PRECISION`, `BOOLEAN` and `BYTEA`/`BLOB`; `INSERT … ON CONFLICT`;
//! `RETURNING`. Every adapter passes the suite in `testkit`.
//!
//! A statement says whose rows it is about: [`Statement::of`] an organisation, or [`Statement::across_tenants`]. One that
//! says neither sees what belongs to the installation, and PostgreSQL shows it no row of any tenant.
//!
//! What the adapters of one database share is here too: [`refusal`] reads its errors, [`postgres`] writes its
//! statements.

pub mod postgres;
pub mod refusal;
mod tenancy;

use std::borrow::Cow;
use std::panic::Location;
use std::sync::Arc;

use async_trait::async_trait;

pub use tenancy::Tenancy;

/// A parameter or a column's value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// SQL `NULL`, of whatever type fits.
    Null,
    /// `BOOLEAN`. SQLite keeps it as 0 or 1.
    Bool(bool),
    /// `BIGINT`.
    Integer(i64),
    /// `DOUBLE PRECISION`.
    Real(f64),
    /// `TEXT`, without a NUL character: PostgreSQL has none.
    Text(String),
    /// `BYTEA` or `BLOB`.
    Blob(Vec<u8>),
}

/// What can be read from a column.
pub trait FromValue: Sized {
    /// `None` when the value is of another type.
    fn from_value(value: Value) -> Option<Self>;
}

macro_rules! values {
    ($($type:ty, $variant:ident, $into:expr;)*) => {$(
        impl From<$type> for Value {
            fn from(value: $type) -> Self {
                let into: fn($type) -> _ = $into;
                Self::$variant(into(value))
            }
        }
    )*};
}
values! {
    bool, Bool, |v| v;
    i64, Integer, |v| v;
    i32, Integer, i64::from;
    u32, Integer, i64::from;
    f64, Real, |v| v;
    String, Text, |v| v;
    &str, Text, str::to_owned;
    Vec<u8>, Blob, |v| v;
    crate::Timestamp, Integer, crate::Timestamp::as_millis;
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl FromValue for bool {
    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Bool(value) => Some(value),
            Value::Integer(0) => Some(false),
            Value::Integer(1) => Some(true),
            _ => None,
        }
    }
}

impl FromValue for i64 {
    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Integer(value) => Some(value),
            _ => None,
        }
    }
}

impl FromValue for f64 {
    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Real(value) => Some(value),
            _ => None,
        }
    }
}

impl FromValue for String {
    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Text(value) => Some(value),
            _ => None,
        }
    }
}

impl FromValue for Vec<u8> {
    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Blob(value) => Some(value),
            _ => None,
        }
    }
}

impl FromValue for crate::Timestamp {
    fn from_value(value: Value) -> Option<Self> {
        i64::from_value(value).map(Self::from_millis)
    }
}

impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Null => Some(None),
            value => T::from_value(value).map(Some),
        }
    }
}

/// One SQL statement and its parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    text: Cow<'static, str>,
    parameters: Vec<Value>,
    tenancy: Tenancy,
    written_at: &'static Location<'static>,
}

/// Starts a statement. Text comes from the source, never from a request: values are bound.
#[must_use]
#[track_caller]
pub fn sql(text: impl Into<Cow<'static, str>>) -> Statement {
    let (tenancy, written_at) = (Tenancy::default(), Location::caller());
    Statement { text: text.into(), parameters: Vec::new(), tenancy, written_at }
}

impl Statement {
    /// Binds the next parameter: the first call is `$1`.
    #[must_use]
    pub fn bind(mut self, value: impl Into<Value>) -> Self {
        self.parameters.push(value.into());
        self
    }

    /// Its text, with `$n` placeholders.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Its parameters, `$1` first.
    #[must_use]
    pub fn parameters(&self) -> &[Value] {
        &self.parameters
    }

    /// Where in the source it is written, by which tests know which statements they have seen.
    #[must_use]
    pub fn written_at(&self) -> &'static Location<'static> {
        self.written_at
    }

    /// Takes it apart.
    #[must_use]
    pub fn into_parts(self) -> (Cow<'static, str>, Vec<Value>) {
        (self.text, self.parameters)
    }

    /// Whether it changes rows: its first word says so. A `WITH` does when one of these words is anywhere in it, so
    /// one that only reads may be taken for one that writes, never the other way around.
    #[must_use]
    pub fn writes(&self) -> bool {
        const WORDS: [&str; 4] = ["INSERT", "UPDATE", "DELETE", "REPLACE"];
        let mut words = self.text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|w| !w.is_empty());
        let is_write = |word: &str| WORDS.iter().any(|write| write.eq_ignore_ascii_case(word));
        words.next().is_some_and(|first| is_write(first) || first.eq_ignore_ascii_case("WITH") && words.any(is_write))
    }

    /// The count that the port promises, from the one that a database reports: PostgreSQL also counts the rows that a
    /// `SELECT` gave, and SQLite repeats the count of the last write.
    #[must_use]
    pub fn affected(&self, reported: u64) -> u64 {
        if self.writes() { reported } else { 0 }
    }

    /// Its text with every placeholder `$n` replaced by `placeholder(n)`. What stands in quotes is left alone.
    #[must_use]
    pub fn render(&self, mut placeholder: impl FnMut(usize) -> String) -> String {
        let mut rendered = String::with_capacity(self.text.len() + 16);
        let mut quote = None;
        let mut characters = self.text.chars().peekable();
        while let Some(character) = characters.next() {
            match (quote, character) {
                (Some(open), c) if c == open => quote = None,
                (None, '\'' | '"') => quote = Some(character),
                (None, '$') if characters.peek().is_some_and(char::is_ascii_digit) => {
                    let mut number = 0;
                    while let Some(digit) = characters.peek().and_then(|c| c.to_digit(10)) {
                        number = number * 10 + digit as usize;
                        characters.next();
                    }
                    rendered.push_str(&placeholder(number));
                    continue;
                }
                _ => {}
            }
            rendered.push(character);
        }
        rendered
    }
}

/// One step of an atomic batch.
#[derive(Clone, Debug)]
pub struct Step {
    /// What to run.
    pub statement: Statement,
    /// How many rows it must affect, when that matters. A miss undoes the whole batch.
    pub expected_rows: Option<u64>,
}

impl From<Statement> for Step {
    fn from(statement: Statement) -> Self {
        Self { statement, expected_rows: None }
    }
}

impl Statement {
    /// This statement as a step that must affect exactly `rows` rows.
    #[must_use]
    pub fn expecting(self, rows: u64) -> Step {
        Step { statement: self, expected_rows: Some(rows) }
    }
}

/// One row of a result.
#[derive(Clone, Debug)]
pub struct Row {
    columns: Arc<[String]>,
    values: Vec<Value>,
}

impl Row {
    /// A row of these columns and values, equally many.
    #[must_use]
    pub fn new(columns: Arc<[String]>, values: Vec<Value>) -> Self {
        Self { columns, values }
    }

    /// The value of a column.
    ///
    /// # Errors
    /// [`SqlError::Decode`] when there is no such column or it holds another type.
    pub fn get<T: FromValue>(&self, column: &str) -> Result<T, SqlError> {
        let index = self.columns.iter().position(|name| name == column);
        index
            .and_then(|index| self.values.get(index))
            .and_then(|value| T::from_value(value.clone()))
            .ok_or_else(|| SqlError::Decode { column: column.to_owned() })
    }

    /// The value of a column that holds a JSON document as text.
    ///
    /// # Errors
    /// [`SqlError::Decode`] as for [`get`](Self::get), and when the text is not such a document.
    pub fn json<T: serde::de::DeserializeOwned>(&self, column: &str) -> Result<T, SqlError> {
        let text: String = self.get(column)?;
        serde_json::from_str(&text).map_err(|_| SqlError::Decode { column: column.to_owned() })
    }

    /// Parses the text of a column.
    ///
    /// # Errors
    /// [`SqlError::Decode`] as for [`get`](Self::get), and when the text does not parse.
    pub fn parse<T: std::str::FromStr>(&self, column: &str) -> Result<T, SqlError> {
        let text: String = self.get(column)?;
        text.parse().map_err(|_| SqlError::Decode { column: column.to_owned() })
    }

    /// The columns' names, in order.
    #[must_use]
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The values, in the columns' order.
    #[must_use]
    pub fn values(&self) -> &[Value] {
        &self.values
    }
}

/// Why the database did not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SqlError {
    /// It can't be reached, is locked by another for too long, or closed the connection. Trying again may help.
    #[error("the database is unavailable: {0}")]
    Unavailable(String),
    /// A table or column is missing: the migrations have not run.
    #[error("the database has not been migrated: {0}; run `bulkhead migrate`")]
    NotMigrated(String),
    /// A unique constraint refused a row.
    #[error("a row with the same key exists: {0}")]
    UniqueViolation(String),
    /// A foreign key, check or not-null constraint refused a row.
    #[error("a constraint refused the row: {0}")]
    ConstraintViolation(String),
    /// A step of a batch affected another number of rows than it must have; nothing was changed.
    #[error("step {step} affected {affected} rows where {expected} were expected; nothing was changed")]
    UnexpectedRows {
        /// The step, from 0.
        step: usize,
        /// What it must have affected.
        expected: u64,
        /// What it did affect.
        affected: u64,
    },
    /// A step of a batch is about other tenants' rows than the steps before it; nothing was changed.
    #[error(
        "step {step} is about other rows than the steps before it: a batch is about one organisation, or about all"
    )]
    SeveralTenants {
        /// The step, from 0.
        step: usize,
    },
    /// A column is missing or of another type than the code expects.
    #[error("column {column} can't be read as expected")]
    Decode {
        /// The column.
        column: String,
    },
    /// Anything else, in the database's words.
    #[error("the database refused: {0}")]
    Other(String),
}

impl SqlError {
    /// Whether this is step `step`'s row count, which callers turn into their own error.
    #[must_use]
    pub fn is_unexpected_rows_at(&self, step: usize) -> bool {
        matches!(self, Self::UnexpectedRows { step: at, .. } if *at == step)
    }
}

/// A database.
#[async_trait]
pub trait Sql: Send + Sync {
    /// Runs a statement and gives its rows.
    async fn query(&self, statement: Statement) -> Result<Vec<Row>, SqlError>;

    /// Runs a statement and gives the number of rows it inserted, updated or deleted: 0 for one that only reads.
    async fn execute(&self, statement: Statement) -> Result<u64, SqlError>;

    /// Runs the steps in order, all of them or none, and gives the rows that each affected. Rows that a step
    /// returns are dropped. A step sees what the steps before it did.
    ///
    /// The batch is atomic whatever happens to the process or guest that asked for it, and leaves no transaction
    /// open on a pooled connection. Its steps agree on whose rows they are about, see [`Tenancy::of_batch`].
    async fn batch(&self, steps: Vec<Step>) -> Result<Vec<u64>, SqlError>;

    /// Runs a statement that gives at most one row, and looks it up by a key: an adapter may do so on the caller's thread.
    async fn query_optional(&self, statement: Statement) -> Result<Option<Row>, SqlError> {
        Ok(self.query(statement).await?.into_iter().next())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_replaced_outside_quotes_only() {
        let statement = sql("SELECT '$1', \"$2\", $1, $12 FROM t WHERE a = 'it''s $3' AND b = $2");
        let rendered = statement.render(|n| format!("?{n}"));
        assert_eq!(rendered, "SELECT '$1', \"$2\", ?1, ?12 FROM t WHERE a = 'it''s $3' AND b = ?2");
    }

    #[test]
    fn a_statement_that_only_reads_affects_nothing() {
        let writes = ["INSERT INTO t", " update t", "DELETE FROM t", "WITH a AS (SELECT 1) INSERT INTO t SELECT 1"];
        let reads = ["SELECT 1", "(SELECT 1)", "WITH a AS (SELECT 1) SELECT updated FROM a", "CREATE TABLE t", ""];
        assert!(writes.iter().all(|text| sql(*text).affected(3) == 3));
        assert!(reads.iter().all(|text| sql(*text).affected(3) == 0));
    }

    #[test]
    fn a_row_is_read_by_name_and_type() {
        let columns: Arc<[String]> = ["a".to_owned(), "b".to_owned()].into();
        let row = Row::new(columns, vec![Value::Integer(1), Value::Null]);
        assert_eq!(row.get::<i64>("a"), Ok(1));
        assert_eq!(row.get::<bool>("a"), Ok(true));
        assert_eq!(row.get::<Option<String>>("b"), Ok(None));
        assert!(row.get::<String>("b").is_err());
        assert!(row.get::<i64>("missing").is_err());
    }
}
