//! Whose rows a function sees.

use bulkhead_kernel::sql::{Sql, SqlError, Statement, sql};
use http::StatusCode;
use serde_json::json;
use spin_sdk::http::Json;
use spin_sdk::pg::{Connection, DbValue};

use crate::Answer;

/// `/tenant/sees/{whose}` counts the organisations that a statement about `{whose}` sees: an organisation's id, `nobody`
/// or `all`. `/tenant/renames/{whose}` renames what it may, in a batch and by itself. `/tenant/trap/{whose}` counts, then
/// traps. `/tenant/left` tells the role and the tenant of a connection that the host gives out, as it is.
pub(crate) async fn route(path: &str, database: &dyn Sql, url: &str) -> Result<Answer, Box<dyn std::error::Error>> {
    let answer = match path.split('/').skip(2).collect::<Vec<_>>()[..] {
        ["sees", whose] => json!({ "rows": count(database, whose).await? }),
        ["renames", whose] => {
            let rename = || about(sql("UPDATE organizations SET name = 'renamed'"), whose);
            let alone = database.execute(rename()).await?;
            json!({ "alone": alone, "batch": database.batch(vec![rename().into()]).await? })
        }
        ["trap", whose] => {
            count(database, whose).await?;
            std::process::abort()
        }
        ["left"] => {
            let connection = Connection::open(url).await?;
            let asked = "SELECT current_user = session_user, coalesce(current_setting('bulkhead.tenant', true), '')";
            let (_, rows, _) = connection.query(asked, []).await?.into_inner();
            match &rows.collect().await.first().map(Vec::as_slice) {
                Some([DbValue::Boolean(own_role), DbValue::Str(tenant)]) => {
                    json!({ "own_role": own_role, "tenant": tenant })
                }
                other => return Err(format!("{other:?}").into()),
            }
        }
        _ => return Ok((StatusCode::NOT_FOUND, Json(json!({ "error": "no such route" })))),
    };
    Ok((StatusCode::OK, Json(answer)))
}

async fn count(database: &dyn Sql, whose: &str) -> Result<i64, SqlError> {
    let row = database.query_optional(about(sql("SELECT count(*) AS n FROM organizations"), whose)).await?;
    row.map_or(Ok(0), |row| row.get("n"))
}

fn about(statement: Statement, whose: &str) -> Statement {
    match whose.parse() {
        Ok(organization) => statement.of(organization),
        Err(_) if whose == "all" => statement.across_tenants("a test"),
        Err(_) => statement,
    }
}
