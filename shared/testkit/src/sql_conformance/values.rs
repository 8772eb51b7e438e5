//! Values come back as they went in.

use bulkhead_kernel::sql::{FromValue, Value};

use super::table::Table;
use super::{Failure, Outcome, cases, same};

const COLUMNS: &str =
    "id BIGINT PRIMARY KEY, flag BOOLEAN, whole BIGINT, number DOUBLE PRECISION, words TEXT, bytes BYTEA";

cases! {
    a_row_of_every_type_comes_back(COLUMNS),
    null_fits_every_column(COLUMNS),
    whole_numbers_keep_their_extremes(COLUMNS),
    numbers_keep_their_last_digit(COLUMNS),
    text_keeps_every_character(COLUMNS),
    blobs_may_be_empty_or_large(COLUMNS),
    booleans_compare(COLUMNS),
    values_in_a_batch_come_back_too(COLUMNS),
    null_fits_every_column_in_a_batch(COLUMNS),
    null_fits_where_no_column_tells_its_type(COLUMNS),
    a_parameter_needs_no_column_to_have_a_type(COLUMNS),
}

async fn a_row_of_every_type_comes_back(table: &Table<'_>) -> Outcome {
    let insert = table
        .statement("INSERT INTO {t} (id, flag, whole, number, words, bytes) VALUES ($1, $2, $3, $4, $5, $6)")
        .bind(1)
        .bind(true)
        .bind(-7)
        .bind(1.5)
        .bind("words")
        .bind(vec![0_u8, 1, 255]);
    same("rows inserted", table.sql().execute(insert).await?, 1)?;
    let rows = table.query("SELECT * FROM {t}").await?;
    let Some(row) = rows.first() else { return Err(Failure("the row is missing".to_owned())) };
    let columns = ["id", "flag", "whole", "number", "words", "bytes"].map(str::to_owned);
    same("columns", row.columns(), &columns[..])?;
    same("flag", row.get("flag")?, true)?;
    same("whole", row.get("whole")?, -7_i64)?;
    same("number", row.get("number")?, 1.5_f64)?;
    same("words", row.get("words")?, "words".to_owned())?;
    same("bytes", row.get("bytes")?, vec![0_u8, 1, 255])
}

async fn null_fits_every_column(table: &Table<'_>) -> Outcome {
    let mut insert = table.statement("INSERT INTO {t} VALUES ($1, $2, $3, $4, $5, $6)").bind(1);
    for _ in 0..5 {
        insert = insert.bind(Value::Null);
    }
    table.sql().execute(insert).await?;
    all_null(table).await
}

async fn all_null(table: &Table<'_>) -> Outcome {
    let rows = table.query("SELECT flag, whole, number, words, bytes FROM {t}").await?;
    let values: Vec<_> = rows.iter().flat_map(|row| row.values().to_vec()).collect();
    same("values", values, vec![Value::Null; 5])
}

/// Stores the values in a column one by one, by a single statement and by a batch, and reads them back.
async fn round_trip<T>(table: &Table<'_>, column: &str, values: Vec<T>) -> Outcome
where
    T: FromValue + Into<Value> + Clone + PartialEq + std::fmt::Debug,
{
    let text = format!("INSERT INTO {{t}} (id, {column}) VALUES ($1, $2)");
    let mut steps = Vec::new();
    let half = i64::try_from(values.len()).unwrap_or(i64::MAX);
    for (index, value) in (0..).zip(&values) {
        let insert = table.statement(&text).bind(index).bind(value.clone());
        table.sql().execute(insert).await?;
        steps.push(table.statement(&text).bind(half + index).bind(value.clone()).into());
    }
    table.sql().batch(steps).await?;
    let found = table.column::<T>(&format!("SELECT {column} FROM {{t}} ORDER BY id"), column).await?;
    same(column, found, [values.clone(), values.clone()].concat())?;
    // A value must also be found by itself, or a predicate on it would miss.
    for value in values {
        let count = table.statement(&format!("SELECT id FROM {{t}} WHERE {column} = $1")).bind(value.clone());
        let rows = table.sql().query(count).await?;
        if rows.len() < 2 {
            return Err(Failure(format!("{column} = {value:?} finds {} rows", rows.len())));
        }
    }
    Ok(())
}

async fn whole_numbers_keep_their_extremes(table: &Table<'_>) -> Outcome {
    let beyond_a_double = (1_i64 << 53) + 1;
    round_trip(table, "whole", vec![i64::MIN, i64::MAX, 0, -1, beyond_a_double, i64::MAX - 1]).await
}

async fn numbers_keep_their_last_digit(table: &Table<'_>) -> Outcome {
    let values = vec![
        0.1,
        1.0 / 3.0,
        0.0,
        -2.5,
        3.0,
        1e15,
        9_007_199_254_740_993.0,
        f64::MAX,
        f64::MIN,
        f64::MIN_POSITIVE,
        5e-324,
        f64::INFINITY,
        f64::NEG_INFINITY,
    ];
    round_trip(table, "number", values).await
}

async fn text_keeps_every_character(table: &Table<'_>) -> Outcome {
    let texts = [
        "",
        " ",
        "it's \"quoted\" `twice`",
        "back\\slash \\n \\u0041 \\\\",
        "line\nfeed\r\ttab",
        "\u{1}\u{7f}\u{80}\u{feff}",
        "gr\u{fc}\u{df}e \u{4f60}\u{597d} \u{1f6a2} e\u{301}",
        "$1 $2 ?1 :a @b %s {} {t} -- ; DROP TABLE x; /* */",
        "{\"json\": [1, null]}",
        "\u{10ffff}",
    ];
    let mut values: Vec<String> = texts.map(str::to_owned).into();
    values.push("long \u{e9} ".repeat(20_000));
    round_trip(table, "words", values).await
}

async fn blobs_may_be_empty_or_large(table: &Table<'_>) -> Outcome {
    let every_byte: Vec<u8> = (0..=255).collect();
    let large = every_byte.repeat(1024);
    round_trip(table, "bytes", vec![Vec::new(), vec![0], every_byte, large]).await
}

async fn booleans_compare(table: &Table<'_>) -> Outcome {
    round_trip(table, "flag", vec![true, false]).await
}

async fn values_in_a_batch_come_back_too(table: &Table<'_>) -> Outcome {
    let insert = table
        .statement("INSERT INTO {t} (bytes, words, number, whole, flag, id) VALUES ($6, $5, $4, $3, $2, $1)")
        .bind(9)
        .bind(false)
        .bind(i64::MIN)
        .bind(-0.125)
        .bind("a\\b'c\"d")
        .bind(vec![92_u8, 0, 39]);
    table.sql().batch(vec![insert.expecting(1)]).await?;
    let rows = table.query("SELECT id, flag, whole, number, words, bytes FROM {t}").await?;
    let Some(row) = rows.first() else { return Err(Failure("the row is missing".to_owned())) };
    same("id", row.get("id")?, 9_i64)?;
    same("flag", row.get("flag")?, false)?;
    same("whole", row.get("whole")?, i64::MIN)?;
    same("number", row.get("number")?, -0.125_f64)?;
    same("words", row.get("words")?, "a\\b'c\"d".to_owned())?;
    same("bytes", row.get("bytes")?, vec![92_u8, 0, 39])
}

async fn null_fits_every_column_in_a_batch(table: &Table<'_>) -> Outcome {
    let mut insert = table.statement("INSERT INTO {t} VALUES ($1, $2, $3, $4, $5, $6)").bind(1);
    for _ in 0..5 {
        insert = insert.bind(Value::Null);
    }
    table.sql().batch(vec![insert.into()]).await?;
    all_null(table).await
}

async fn null_fits_where_no_column_tells_its_type(table: &Table<'_>) -> Outcome {
    table.execute("INSERT INTO {t} (id, words) VALUES (1, 'a')").await?;
    let text = "SELECT words FROM {t} WHERE ($1 IS NULL OR words = $1) AND coalesce($2, whole) IS NULL";
    let open = table.statement(text).bind(Value::Null).bind(Value::Null);
    same("rows without a filter", table.sql().query(open).await?.len(), 1)?;
    let filtered = table.statement(text).bind("b").bind(Value::Null);
    same("rows with a filter", table.sql().query(filtered).await?.len(), 0)
}

async fn a_parameter_needs_no_column_to_have_a_type(table: &Table<'_>) -> Outcome {
    let select = table
        .statement("SELECT $1 AS whole, $2 AS words, $3 AS number, $4 AS bytes")
        .bind(5)
        .bind("a")
        .bind(0.5)
        .bind(vec![1_u8]);
    let row = table.sql().query_optional(select).await?;
    let Some(row) = row else { return Err(Failure("the row is missing".to_owned())) };
    same("whole", row.get("whole")?, 5_i64)?;
    same("words", row.get("words")?, "a".to_owned())?;
    same("number", row.get("number")?, 0.5_f64)?;
    same("bytes", row.get("bytes")?, vec![1_u8])
}
