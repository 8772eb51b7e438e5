//! The databases that Spin offers.

use spin_sdk::key_value::Store;
use spin_sdk::{pg, sqlite};

use crate::Answer;

fn answer(result: Result<String, String>) -> Answer {
    result.map_or_else(|error| (500, error), |text| (200, text))
}

/// `name=value` sets, `name` gets, `!name` deletes, nothing lists.
pub(crate) async fn key_value(what: &str) -> Answer {
    let run = async {
        let store = Store::open_default().await?;
        if let Some((name, value)) = what.split_once('=') {
            store.set(name, value).await?;
            Ok("set".to_owned())
        } else if let Some(name) = what.strip_prefix('!') {
            store.delete(name).await?;
            Ok(format!("exists: {}", store.exists(name).await?))
        } else if what.is_empty() {
            Ok(store.get_keys().await.collect().await?.join(","))
        } else {
            Ok(format!("{:?}", store.get(what).await?.map(|value| String::from_utf8_lossy(&value).into_owned())))
        }
    };
    answer(run.await.map_err(|error: spin_sdk::key_value::Error| format!("{error:?}")))
}

/// One scenario by name, over a table `note (id INTEGER PRIMARY KEY, text TEXT)`.
pub(crate) async fn sqlite(what: &str) -> Answer {
    answer(sqlite_scenario(what).await.map_err(|error| format!("{error:?}")))
}

async fn sqlite_scenario(what: &str) -> Result<String, sqlite::Error> {
    if what == "other-database" {
        return sqlite::Connection::open("other").await.map(|_| "opened".to_owned());
    }
    let db = sqlite::Connection::open_default().await?;
    match what {
        "create" => {
            run(&db, "CREATE TABLE IF NOT EXISTS note (id INTEGER PRIMARY KEY, text TEXT)").await?;
            run(&db, "DELETE FROM note").await
        }
        "fresh" => Ok(format!("{} {}", db.last_insert_rowid().await, db.changes().await)),
        "insert" => {
            run(&db, "INSERT INTO note (text) VALUES ('kept')").await?;
            Ok(format!("{} {}", db.last_insert_rowid().await, db.changes().await))
        }
        "count" => run(&db, "SELECT count(*) FROM note").await,
        "values" => run(&db, "SELECT 1, 2.5, 'text', x'0102', NULL").await,
        "error" => run(&db, "SELECT absent FROM nowhere").await,
        "attach" => run(&db, "ATTACH '/tmp/other.db' AS other").await,
        "begin-then-trap" => {
            run(&db, "BEGIN IMMEDIATE").await?;
            run(&db, "INSERT INTO note (text) VALUES ('half-written')").await?;
            panic!("trapped in a transaction");
        }
        "begin-then-return" => {
            run(&db, "BEGIN IMMEDIATE").await?;
            run(&db, "INSERT INTO note (text) VALUES ('not committed')").await
        }
        "isolated" => {
            run(&db, "BEGIN IMMEDIATE").await?;
            run(&db, "INSERT INTO note (text) VALUES ('inside')").await?;
            let other = sqlite::Connection::open_default().await?;
            let outside = run(&other, "SELECT count(*) FROM note").await?;
            let inside = run(&db, "SELECT count(*) FROM note").await?;
            run(&db, "COMMIT").await?;
            let after = run(&other, "SELECT count(*) FROM note").await?;
            Ok(format!("outside {outside}, inside {inside}, after {after}"))
        }
        "hundred-connections" => {
            let mut held = vec![db];
            while held.len() < 100 {
                held.push(sqlite::Connection::open_default().await?);
            }
            Ok(held.len().to_string())
        }
        "temporary" => run(&db, "CREATE TEMP TABLE leftover (x)").await,
        "temporary-left" => run(&db, "SELECT * FROM temp.leftover").await,
        "foreign-keys-off" => run(&db, "PRAGMA foreign_keys = OFF").await,
        "foreign-keys" => run(&db, "PRAGMA foreign_keys").await,
        "endless" => {
            run(&db, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n").await
        }
        "large" => run(&db, "SELECT zeroblob(64 * 1024 * 1024)").await,
        "many" => {
            let sql = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10000) SELECT i FROM n";
            let rows = db.execute(sql, []).await?.collect().await?;
            Ok(rows.len().to_string())
        }
        _ => Ok(format!("the probe has no scenario {what}")),
    }
}

/// Runs a statement and shows its rows.
async fn run(db: &sqlite::Connection, statement: &str) -> Result<String, sqlite::Error> {
    let rows = db.execute(statement, []).await?.collect().await?;
    let row =
        |row: &sqlite::RowResult| row.values.iter().map(|value| format!("{value:?}")).collect::<Vec<_>>().join(" ");
    Ok(rows.iter().map(row).collect::<Vec<_>>().join("\n"))
}

/// Runs the statements that the query holds, separated by `;`, over one connection. `trap` traps.
pub(crate) async fn postgres(statements: &str) -> Answer {
    let run = async {
        let address = spin_sdk::variables::get("postgres").await.map_err(|error| error.to_string())?;
        let db = pg::Connection::open(address).await.map_err(|error| format!("{error:?}"))?;
        let mut shown = Vec::new();
        for statement in statements.split(';').filter(|statement| !statement.is_empty()) {
            let statement = statement.replace('+', " ");
            match statement.as_str() {
                "trap" => panic!("trapped over PostgreSQL"),
                "parameters" => shown.push(parameters(&db).await?),
                statement => shown.push(rows(db.query(statement, []).await).await?),
            }
        }
        Ok(shown.join(";"))
    };
    answer(run.await)
}

async fn rows(result: Result<pg::QueryResult, pg::Error>) -> Result<String, String> {
    let (_, mut stream, end) = result.map_err(|error| format!("{error:?}"))?.into_inner();
    let mut shown = Vec::new();
    while let Some(row) = stream.next().await {
        shown.push(format!("{row:?}"));
    }
    end.await.map_err(|error| format!("{error:?}"))?;
    Ok(shown.join(","))
}

/// Sends one parameter of each kind and reads it back as what PostgreSQL makes of it.
async fn parameters(db: &pg::Connection) -> Result<String, String> {
    use pg::ParameterValue as P;
    let cases = [
        ("boolean", P::Boolean(true)),
        ("smallint", P::Int16(-16)),
        ("integer", P::Int32(32)),
        ("bigint", P::Int64(64)),
        ("real", P::Floating32(1.5)),
        ("double precision", P::Floating64(2.5)),
        ("text", P::Str("text".into())),
        ("bytea", P::Binary(vec![1, 2])),
        ("date", P::Date((2026, 11, 21))),
        ("time", P::Time((12, 30, 1, 500_000_000))),
        ("timestamp", P::Datetime((2026, 11, 21, 12, 30, 1, 0))),
        ("uuid", P::Uuid("0198c0de-0000-7000-8000-000000000001".into())),
        ("jsonb", P::Jsonb(br#"{"a":1}"#.to_vec())),
        ("numeric", P::Decimal("12.50".into())),
        ("int4range", P::RangeInt32((Some((1, pg::RangeBoundKind::Inclusive)), None))),
        ("numrange", P::RangeDecimal((None, Some(("9.5".into(), pg::RangeBoundKind::Exclusive))))),
        ("integer[]", P::ArrayInt32(vec![Some(1), None])),
        ("text[]", P::ArrayStr(vec![Some("a".into()), None])),
        ("numeric[]", P::ArrayDecimal(vec![Some("1.5".into())])),
        ("interval", P::Interval(pg::Interval { micros: 1, days: 2, months: 3 })),
        ("text", P::DbNull),
    ];
    let mut shown = Vec::new();
    for (kind, parameter) in cases {
        let sql = format!("SELECT $1::{kind} AS same, $1::{kind}::text AS text");
        shown.push(rows(db.query(sql, [parameter]).await).await.map_err(|error| format!("{kind}: {error}"))?);
    }
    Ok(shown.join("\n"))
}
