//! How a statement of the shared dialect is put to PostgreSQL.
//!
//! PostgreSQL must know a parameter's type before it sees the value, and guesses when it is not told. Here every
//! placeholder says its type, and a `NULL` is written out, so that it fits whatever column it meets.

use serde_json::json;

#[cfg(doc)]
use super::Tenancy;
use super::refusal::check_parameters;
use super::{SqlError, Statement, Step, Value};

/// Runs an atomic batch: its parameters are what [`batch_argument`] gives and the [setting](Tenancy::setting) of whose
/// rows it is about, its one column [`BATCH_COLUMN`] is for [`batch_counts`]. A single statement can't be left half-way,
/// so it leaves no transaction open whatever becomes of whoever sent it. It runs as the application's role and sets
/// the tenant for itself alone, so it needs neither [`ENTER`] nor [`SET_TENANT`] before it.
pub const BATCH: &str = "SELECT bulkhead_batch($1::text, $2::text) AS counts";

/// Gives a connection the application's role, which no policy lets off, and the tenant whose [setting](Tenancy::setting)
/// is its parameter. Whoever connected must be a member of the role.
pub const ENTER: &str = "SELECT set_config('role', bulkhead_role(), false) AS role, \
                         set_config('bulkhead.tenant', $1::text, false) AS tenant";

/// The tenant alone, for a connection that has the role.
pub const SET_TENANT: &str = "SELECT set_config('bulkhead.tenant', $1::text, false) AS tenant";

/// The column of [`BATCH`].
pub const BATCH_COLUMN: &str = "counts";

/// A statement's text with typed placeholders, and the parameters that are left to bind, in the new order.
///
/// # Errors
/// As [`check_parameters`].
pub fn typed(statement: &Statement) -> Result<(String, Vec<Value>), SqlError> {
    check_parameters(statement)?;
    let parameters = statement.parameters();
    let mut bound = Vec::with_capacity(parameters.len());
    let mut numbers = vec![0; parameters.len()];
    for (value, number) in parameters.iter().zip(&mut numbers) {
        if *value != Value::Null {
            bound.push(value.clone());
            *number = bound.len();
        }
    }
    let text = statement.render(|n| match parameters.get(n.wrapping_sub(1)) {
        Some(value) => match type_name(value) {
            Some(name) => format!("${}::{name}", numbers[n - 1]),
            None => "NULL".to_owned(),
        },
        None => format!("${n}"),
    });
    Ok((text, bound))
}

/// The steps of a batch as the JSON text that the SQL function `bulkhead_batch` takes.
///
/// # Errors
/// As [`check_parameters`].
pub fn batch_argument(steps: &[Step]) -> Result<String, SqlError> {
    let mut array = Vec::with_capacity(steps.len());
    for Step { statement, expected_rows } in steps {
        check_parameters(statement)?;
        let parameters: Vec<_> = statement.parameters().iter().map(to_json).collect();
        let text = statement.render(|n| match statement.parameters().get(n.wrapping_sub(1)) {
            Some(value) => accessor(n - 1, value),
            None => format!("${n}"),
        });
        let mut step = json!({ "sql": text, "parameters": parameters });
        if let Some(rows) = expected_rows {
            step["rows"] = json!(rows);
        }
        array.push(step);
    }
    Ok(serde_json::Value::Array(array).to_string())
}

/// The rows that each step affected, from the function's answer.
///
/// # Errors
/// [`SqlError::Decode`] when it is another answer.
pub fn batch_counts(steps: &[Step], answer: &str) -> Result<Vec<u64>, SqlError> {
    let mut counts: Vec<u64> = serde_json::from_str(answer).unwrap_or_default();
    if counts.len() != steps.len() {
        return Err(SqlError::Decode { column: BATCH_COLUMN.to_owned() });
    }
    for (count, step) in counts.iter_mut().zip(steps) {
        *count = step.statement.affected(*count);
    }
    Ok(counts)
}

fn type_name(value: &Value) -> Option<&'static str> {
    match value {
        Value::Null => None,
        Value::Bool(_) => Some("boolean"),
        Value::Integer(_) => Some("bigint"),
        Value::Real(_) => Some("double precision"),
        Value::Text(_) => Some("text"),
        Value::Blob(_) => Some("bytea"),
    }
}

/// The expression that reads a parameter out of the array `$1`.
fn accessor(index: usize, value: &Value) -> String {
    match (value, type_name(value)) {
        (Value::Blob(_), _) => format!("decode($1->>{index}, 'hex')"),
        (_, Some(name)) => format!("($1->>{index})::{name}"),
        (_, None) => "NULL".to_owned(),
    }
}

/// A parameter in JSON. A number with a fraction travels as text: JSON has no infinity, and `jsonb` no negative zero.
fn to_json(value: &Value) -> serde_json::Value {
    match value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(value) => json!(value),
        Value::Integer(value) => json!(value),
        Value::Real(value) if value.is_infinite() => json!(if *value > 0.0 { "Infinity" } else { "-Infinity" }),
        Value::Real(value) => json!(format!("{value:e}")),
        Value::Text(value) => json!(value),
        Value::Blob(value) => json!(hex::encode(value)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::sql;

    #[test]
    fn placeholders_say_their_type_and_null_is_written_out() {
        let statement = sql("INSERT INTO t VALUES ($2, $1, $3, $2)").bind(1).bind("a").bind(None::<String>);
        let (text, bound) = typed(&statement).expect("types");
        assert_eq!(text, "INSERT INTO t VALUES ($2::text, $1::bigint, NULL, $2::text)");
        assert_eq!(bound, [Value::Integer(1), Value::Text("a".to_owned())]);

        let (text, bound) = typed(&sql("VALUES ($1, $2)").bind(None::<i64>).bind(true)).expect("types");
        assert_eq!((text.as_str(), bound), ("VALUES (NULL, $1::boolean)", vec![Value::Bool(true)]));
    }

    #[test]
    fn a_batch_is_one_json_text() {
        let steps = [
            sql("DELETE FROM t").into(),
            sql("UPDATE t SET a = $2, b = $3, c = $4 WHERE d = $1 AND e = '$1'")
                .bind("\u{e9}\\\"")
                .bind(i64::MIN)
                .bind(vec![0_u8, 255])
                .bind(None::<f64>)
                .expecting(1),
        ];
        let argument: serde_json::Value =
            serde_json::from_str(&batch_argument(&steps).expect("renders")).expect("is JSON");
        let expected = json!([
            { "sql": "DELETE FROM t", "parameters": [] },
            {
                "sql": "UPDATE t SET a = ($1->>1)::bigint, b = decode($1->>2, 'hex'), c = NULL \
                        WHERE d = ($1->>0)::text AND e = '$1'",
                "parameters": ["\u{e9}\\\"", i64::MIN, "00ff", null],
                "rows": 1,
            },
        ]);
        assert_eq!(argument, expected);
    }

    #[test]
    fn every_number_survives_as_text() {
        for number in [0.1, -0.0, f64::MAX, f64::MIN_POSITIVE, 5e-324, 1.0 / 3.0] {
            let text = to_json(&Value::Real(number));
            let back: f64 = text.as_str().expect("is text").parse().expect("is a number");
            assert_eq!(back.to_bits(), number.to_bits());
        }
    }

    #[test]
    fn an_answer_of_another_length_is_refused() {
        let steps = [sql("DELETE FROM t").into(), sql("SELECT 1").into()];
        assert_eq!(batch_counts(&steps, "[3, 1]"), Ok(vec![3, 0]));
        assert!(batch_counts(&steps, "[3]").is_err());
        assert!(batch_counts(&steps, "nonsense").is_err());
    }
}
