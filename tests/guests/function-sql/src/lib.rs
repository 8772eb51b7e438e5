//! A Spin component that proves the adapters of ports from the inside.
//!
//! It works on the database that its variable `database_url` names. `GET /conformance` answers what came of every case
//! of the port's suite. The others end in a trap, each at another moment of an atomic batch on the table
//! `trap_probe`, so that a test outside can look at what is left: see [`trap`]. `GET /tenant/…` is about one tenant's rows:
//! see [`tenant`].

mod tenant;
mod trap;

use bulkhead_kernel::sql::SqlError;
use bulkhead_kernel::{Entropy as _, entropy};
use bulkhead_spin_adapters::{SpinEntropy, SpinHttpClient, open, variable};
use bulkhead_testkit::{http_conformance, sql_conformance};
use http::StatusCode;
use serde_json::{Value, json};
use spin_sdk::http::{IntoResponse, Json, Request};
use spin_sdk::http_service;

/// What a route answers.
type Answer = (StatusCode, Json<Value>);

#[http_service]
async fn handle(request: Request) -> impl IntoResponse {
    route(request.uri().path()).await.unwrap_or_else(|error| failed(&error.to_string()))
}

async fn route(path: &str) -> Result<Answer, Box<dyn std::error::Error>> {
    let url = variable("database_url").await?;
    let sql = open(&url)?;
    Ok(match path {
        "/conformance" => {
            let run = format!("g{:x}", u32::from_le_bytes(entropy::bytes(&SpinEntropy)));
            let results = sql_conformance::run(sql.as_ref(), &run).await;
            (StatusCode::OK, Json(json!({ "cases": results })))
        }
        "/trap-probe" => {
            trap::prepare(sql.as_ref()).await?;
            (StatusCode::OK, Json(json!({ "rows": trap::rows(sql.as_ref()).await? })))
        }
        "/trap-in-batch" => trap::in_batch(sql.as_ref(), &url).await?,
        "/trap-between" => trap::between_statements().await?,
        "/trap-after-answer" => trap::after_answer(sql.as_ref()).await?,
        "/http-conformance" => {
            let base = variable("http_base").await?;
            let results = http_conformance::run(&SpinHttpClient, &base).await;
            (StatusCode::OK, Json(json!({ "cases": results })))
        }
        "/random" => {
            let mut bytes = [0; 16];
            SpinEntropy.fill(&mut bytes);
            (StatusCode::OK, Json(json!({ "bytes": bytes })))
        }
        _ if path.starts_with("/tenant/") => tenant::route(path, sql.as_ref(), &url).await?,
        _ => (StatusCode::NOT_FOUND, Json(json!({ "error": "no such route" }))),
    })
}

fn failed(error: &str) -> Answer {
    (StatusCode::INTERNAL_SERVER_ERROR, Json(json!({ "error": error })))
}

/// Stands for an error of the database in a route that must not come this far.
fn survived(result: &Result<Vec<u64>, SqlError>) -> Answer {
    failed(&format!("the batch ended before the trap: {result:?}"))
}
