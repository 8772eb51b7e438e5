//! `POST /v1/connectors/{slug}/tools/{tool}/jobs`

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bulkhead_execution::{Capabilities, Round, SqlCatalogue, ToolCall, submit};
use bulkhead_http_api::{Api, Correlation, IdempotencyKey, JsonBody, Path, Problem, Query, Wait};
use bulkhead_kernel::Caller;
use bulkhead_kernel::id::ProjectId;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::run;

/// The body.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewJob {
    arguments: Map<String, Value>,
    project: Option<ProjectId>,
    #[serde(default)]
    capabilities: Offered,
}

/// What the client can be asked, by `POST /v1/jobs/{id}/answers`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Offered {
    elicitation: bool,
    elicitation_url: bool,
    sampling: bool,
    roots: bool,
}

/// Records a call as a job and asks the host to run it: 200 with the job if it ended within `Prefer: wait`, 202 with
/// its address otherwise. A host that can't be reached finds the job by itself later, so that is a 202 too.
#[expect(clippy::too_many_arguments, reason = "each is one part of the request")]
pub(crate) async fn handle(
    State(api): State<Api>,
    caller: Caller,
    Correlation(correlation): Correlation,
    Path((slug, tool)): Path<(String, String)>,
    Query(()): Query<()>,
    IdempotencyKey(idempotency_key): IdempotencyKey,
    wait: Wait,
    JsonBody(body): JsonBody<NewJob>,
) -> Result<Response, Problem> {
    let Offered { elicitation, elicitation_url, sampling, roots } = body.capabilities;
    let capabilities = Capabilities { elicitation, elicitation_url, sampling, roots };
    let call = ToolCall {
        connector: recordable(&slug),
        tool: recordable(&tool),
        arguments: Value::Object(body.arguments),
        project: body.project,
        round: Round { capabilities, ..Round::default() },
        continues: None,
        idempotency_key,
        correlation_id: correlation.clone(),
    };
    let submission = submit(&api.ports, &caller, &SqlCatalogue(&api.ports), call).await?;
    if submission.job.status.is_final() {
        return Ok(Json(submission.job).into_response());
    }
    Ok(run(&api, &caller, submission.job, wait, &correlation).await)
}

/// A name as the audit trail can keep it, because a refused call is recorded under the name that was asked for. No real
/// name has a control character.
fn recordable(name: &str) -> String {
    name.replace(char::is_control, "\u{fffd}")
}
