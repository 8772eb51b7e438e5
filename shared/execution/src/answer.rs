//! Answering what a job asked: the same call, made again.

use std::collections::BTreeMap;

use bulkhead_kernel::id::JobId;
use bulkhead_kernel::sql::SqlError;
use bulkhead_kernel::{Caller, CorrelationId, Ports};
use serde_json::Value;

use crate::model::Job;
use crate::round::{InputRequired, Round};
use crate::store;
use crate::submit::ToolCall;

/// More rounds than this are not followed.
const MAX_ROUNDS: usize = 100;

/// Why a job can't be answered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// It asks nothing: it has not ended, has its result, or failed.
    #[error("the job asks for nothing; it is {0}")]
    AsksNothing(&'static str),
    /// Some of its questions are left open.
    #[error("these questions have no answer: {}", .0.join(", "))]
    Incomplete(Vec<String>),
}

/// The last job of a call, through all the rounds that began with this one. `None` when there is none of this id.
///
/// # Errors
/// [`SqlError`] when the database refuses.
pub async fn last_round(ports: &Ports, caller: &Caller, first: JobId) -> Result<Option<Job>, SqlError> {
    let Some(mut job) = store::find(ports.sql.as_ref(), caller.organization, first).await? else { return Ok(None) };
    for _ in 0..MAX_ROUNDS {
        match store::find_continuation(ports.sql.as_ref(), caller.organization, job.id).await? {
            Some(next) => job = next,
            None => break,
        }
    }
    Ok(Some(job))
}

/// The call that answers a job's questions. Answers to other questions are left out.
///
/// # Errors
/// [`AnswerError`].
pub fn answer(
    job: Job,
    mut answers: BTreeMap<String, Value>,
    correlation_id: CorrelationId,
) -> Result<ToolCall, AnswerError> {
    let Some(asked) = job.result.as_ref().and_then(InputRequired::of_result) else {
        return Err(AnswerError::AsksNothing(job.status.as_str()));
    };
    let open: Vec<String> = asked.requests.keys().filter(|key| !answers.contains_key(*key)).cloned().collect();
    if !open.is_empty() {
        return Err(AnswerError::Incomplete(open));
    }
    answers.retain(|key, _| asked.requests.contains_key(key));
    Ok(ToolCall {
        connector: job.connector,
        tool: job.tool,
        arguments: job.arguments,
        round: Round { capabilities: job.round.capabilities, answers, state: asked.state },
        continues: Some(job.id),
        idempotency_key: None,
        correlation_id,
    })
}
