//! Every adapter refuses in the same words.

use bulkhead_kernel::sql::{SqlError, sql};

use super::table::Table;
use super::{Outcome, cases, refused, same};

const COLUMNS: &str = "id BIGINT PRIMARY KEY, name TEXT NOT NULL UNIQUE, age BIGINT CHECK (age >= 0)";
const CHILDREN: &str = "id BIGINT PRIMARY KEY, parent BIGINT NOT NULL";

cases! {
    a_second_row_with_a_key_is_a_unique_violation(COLUMNS),
    null_where_it_must_not_be_is_a_constraint_violation(COLUMNS),
    a_failed_check_is_a_constraint_violation(COLUMNS),
    a_missing_parent_is_a_constraint_violation(CHILDREN),
    a_missing_table_says_that_migrations_are(COLUMNS),
    a_missing_column_says_that_migrations_are(COLUMNS),
    nonsense_is_another_error(COLUMNS),
    a_text_with_nul_is_refused(COLUMNS),
    what_is_not_a_number_is_refused(COLUMNS),
    a_wrong_type_is_a_decoding_error(COLUMNS),
}

async fn a_second_row_with_a_key_is_a_unique_violation(table: &Table<'_>) -> Outcome {
    table.execute("INSERT INTO {t} VALUES (1, 'a', 1)").await?;
    let unique = |error: &SqlError| matches!(error, SqlError::UniqueViolation(_));
    refused("primary key", table.execute("INSERT INTO {t} VALUES (1, 'b', 1)").await, unique)?;
    refused("unique", table.execute("INSERT INTO {t} VALUES (2, 'a', 1)").await, unique)?;
    refused("returning", table.query("INSERT INTO {t} VALUES (1, 'b', 1) RETURNING id").await, unique)?;
    let step = table.statement("INSERT INTO {t} VALUES (2, 'a', 1)").into();
    refused("in a batch", table.sql().batch(vec![step]).await, unique)
}

async fn violates(table: &Table<'_>, text: &str) -> Outcome {
    let constraint = |error: &SqlError| matches!(error, SqlError::ConstraintViolation(_));
    refused("alone", table.execute(text).await, constraint)?;
    refused("in a batch", table.sql().batch(vec![table.statement(text).into()]).await, constraint)
}

async fn null_where_it_must_not_be_is_a_constraint_violation(table: &Table<'_>) -> Outcome {
    violates(table, "INSERT INTO {t} VALUES (1, NULL, 1)").await
}

async fn a_failed_check_is_a_constraint_violation(table: &Table<'_>) -> Outcome {
    violates(table, "INSERT INTO {t} VALUES (1, 'a', -1)").await
}

async fn a_missing_parent_is_a_constraint_violation(table: &Table<'_>) -> Outcome {
    table.execute("DROP TABLE {t}").await?;
    table.execute("CREATE TABLE {t} (id BIGINT PRIMARY KEY, parent BIGINT REFERENCES {t} (id))").await?;
    table.execute("INSERT INTO {t} VALUES (1, NULL)").await?;
    table.execute("INSERT INTO {t} VALUES (2, 1)").await?;
    violates(table, "INSERT INTO {t} VALUES (3, 9)").await?;
    violates(table, "DELETE FROM {t} WHERE id = 1").await
}

fn not_migrated(error: &SqlError) -> bool {
    matches!(error, SqlError::NotMigrated(_))
}

async fn a_missing_table_says_that_migrations_are(table: &Table<'_>) -> Outcome {
    refused("a query", table.query("SELECT * FROM {t}_missing").await, not_migrated)?;
    refused("a change", table.execute("DELETE FROM {t}_missing").await, not_migrated)?;
    let step = table.statement("DELETE FROM {t}_missing").into();
    refused("a batch", table.sql().batch(vec![step]).await, not_migrated)
}

async fn a_missing_column_says_that_migrations_are(table: &Table<'_>) -> Outcome {
    refused("a query", table.query("SELECT missing FROM {t}").await, not_migrated)?;
    refused("an insert", table.execute("INSERT INTO {t} (missing) VALUES (1)").await, not_migrated)?;
    let step = table.statement("UPDATE {t} SET missing = 1").into();
    refused("a batch", table.sql().batch(vec![step]).await, not_migrated)
}

async fn nonsense_is_another_error(table: &Table<'_>) -> Outcome {
    let other = |error: &SqlError| matches!(error, SqlError::Other(_));
    refused("a query", table.query("SELEC 1").await, other)?;
    refused("a change", table.execute("INSERT {t}").await, other)?;
    refused("a batch", table.sql().batch(vec![sql("UPDATE").into()]).await, other)
}

async fn a_text_with_nul_is_refused(table: &Table<'_>) -> Outcome {
    let insert = table.statement("INSERT INTO {t} VALUES (1, $1, 1)").bind("a\0b");
    refused("alone", table.sql().execute(insert.clone()).await, |_| true)?;
    refused("in a batch", table.sql().batch(vec![insert.into()]).await, |_| true)?;
    let select = table.statement("SELECT id FROM {t} WHERE name = $1").bind("a\0b");
    refused("in a query", table.sql().query(select).await, |_| true)?;
    same("count", table.count().await?, 0)
}

async fn what_is_not_a_number_is_refused(table: &Table<'_>) -> Outcome {
    let select = table.statement("SELECT id FROM {t} WHERE age > $1").bind(f64::NAN);
    refused("in a query", table.sql().query(select).await, |_| true)
}

async fn a_wrong_type_is_a_decoding_error(table: &Table<'_>) -> Outcome {
    table.execute("INSERT INTO {t} VALUES (1, 'a', NULL)").await?;
    let rows = table.query("SELECT name, age FROM {t}").await?;
    let decode = |error: &SqlError| matches!(error, SqlError::Decode { .. });
    refused("text as a number", rows[0].get::<i64>("name"), decode)?;
    refused("null as a number", rows[0].get::<i64>("age"), decode)?;
    refused("no such column", rows[0].get::<i64>("missing"), decode)
}
