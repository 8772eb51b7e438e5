//! `POST /v1/jobs/{id}/answers`

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use bulkhead_execution::{AnswerError, SqlCatalogue, SubmitError, answer, check_answers, submit};
use bulkhead_http_api::{Api, Correlation, JsonBody, Kind, Path, Problem, Query, Wait};
use bulkhead_kernel::sql::SqlError;
use bulkhead_kernel::{Caller, Fault};
use serde::Deserialize;
use serde_json::Value;

use super::get::find;
use super::run;

/// The body.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Answers {
    answers: BTreeMap<String, Value>,
}

/// Answers what a job asks for, and lets the call go on as a new job, which is answered as one that was just made: 200
/// when it ended within `Prefer: wait`, 202 otherwise. Nobody but the user who made the call can answer.
pub(crate) async fn handle(
    State(api): State<Api>,
    caller: Caller,
    Correlation(correlation): Correlation,
    Path(id): Path<String>,
    Query(()): Query<()>,
    wait: Wait,
    JsonBody(Answers { answers }): JsonBody<Answers>,
) -> Result<Response, Problem> {
    let job = find(&api, &caller, &id, &correlation).await?;
    if job.user != caller.user {
        return Err(Problem::unknown_job());
    }
    let status = job.status.as_str();
    let faults = check_answers(&job, &answers);
    let call = match answer(job, answers, correlation.clone()) {
        Err(error @ AnswerError::AsksNothing(_)) => {
            return Err(Problem::new(Kind::JobAsksNothing, error.to_string()).with_member("job_status", status));
        }
        Ok(call) if faults.is_empty() => call,
        Ok(_) | Err(AnswerError::Incomplete(_)) => return Err(invalid(faults)),
    };
    match submit(&api.ports, &caller, &SqlCatalogue(&api.ports), call).await {
        Ok(submission) => Ok(run(&api, &caller, submission.job, wait, &correlation).await),
        // A job's questions are answered once, whoever is quicker.
        Err(SubmitError::Sql(SqlError::UniqueViolation(_))) => {
            let detail = "the job's questions have been answered; the job that continues it goes on with them";
            Err(Problem::new(Kind::JobAnswered, detail))
        }
        Err(error) => Err(error.into()),
    }
}

/// The use case points into the answers; the client sent a body in which they are one member.
fn invalid(faults: Vec<Fault>) -> Problem {
    let detail = format!("the answers do not fit what the job asks for: {} fault(s)", faults.len());
    let in_body = |fault: Fault| Fault { pointer: format!("/answers{}", fault.pointer), ..fault };
    Problem::new(Kind::InvalidBody, detail).with_member("faults", faults.into_iter().map(in_body).collect::<Vec<_>>())
}
