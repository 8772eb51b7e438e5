//! Answering what a job asked: the same call, made again.

use std::collections::BTreeMap;

use bulkhead_audit::AdmitError;
use bulkhead_kernel::id::JobId;
use bulkhead_kernel::sql::SqlError;
use bulkhead_kernel::{Caller, CorrelationId, Ports};
use serde_json::Value;

use crate::model::Job;
use crate::round::{InputRequired, Round};
use crate::store;
use crate::submit::ToolCall;

/// How often answers are tried to be kept while others are kept at the same moment.
const MAX_LOOKS: usize = 16;

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
/// [`AdmitError`] when the caller may not, or the database refuses.
pub async fn last_round(
    ports: &Ports,
    caller: &Caller,
    first: JobId,
    correlation: &CorrelationId,
) -> Result<Option<Job>, AdmitError> {
    let Some(mut job) = crate::get(ports, caller, first, correlation).await? else { return Ok(None) };
    for _ in 0..MAX_ROUNDS {
        match store::find_continuation(ports.sql.as_ref(), caller.organization, job.id).await? {
            Some(next) => job = next,
            None => break,
        }
    }
    Ok(Some(job))
}

/// What became of some answers.
#[derive(Clone, Debug)]
pub enum Kept {
    /// With them every question is answered.
    Complete(Box<Job>),
    /// They are kept with the job; others are still waited for.
    Incomplete,
}

/// Keeps answers to some of a job's questions with it, beside those that came before. What is answered already stays as
/// it is, and what is no question of the job is left out.
///
/// # Errors
/// [`SqlError`] when the database refuses.
pub async fn keep_answers(
    ports: &Ports,
    caller: &Caller,
    mut job: Job,
    answers: BTreeMap<String, Value>,
) -> Result<Kept, SqlError> {
    // Somebody else may keep answers at the same moment. Each time one of them is through.
    for _ in 0..MAX_LOOKS {
        let before = job.answers.clone();
        let Some(asked) = job.result.as_ref().and_then(InputRequired::of_result) else { break };
        for (key, answer) in answers.iter().filter(|(key, _)| asked.requests.contains_key(*key)) {
            job.answers.entry(key.clone()).or_insert_with(|| answer.clone());
        }
        if asked.requests.keys().all(|key| job.answers.contains_key(key)) {
            return Ok(Kept::Complete(Box::new(job)));
        }
        if job.answers == before || ports.sql.execute(store::keep_answers(&job, &before)).await? == 1 {
            return Ok(Kept::Incomplete);
        }
        let again = store::find(ports.sql.as_ref(), caller.organization, job.id).await?;
        job = again.ok_or_else(|| SqlError::Other("a job that was there is gone".to_owned()))?;
    }
    Err(SqlError::Unavailable("the job's answers kept changing".to_owned()))
}

/// The call that answers a job's questions, with what was kept of answers before. Answers to other questions are left out.
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
    for (key, answer) in job.answers {
        answers.insert(key, answer);
    }
    let open: Vec<String> = asked.requests.keys().filter(|key| !answers.contains_key(*key)).cloned().collect();
    if !open.is_empty() {
        return Err(AnswerError::Incomplete(open));
    }
    answers.retain(|key, _| asked.requests.contains_key(key));
    Ok(ToolCall {
        connector: job.connector,
        tool: job.tool,
        arguments: job.arguments,
        project: job.project,
        round: Round { capabilities: job.round.capabilities, answers, state: asked.state },
        continues: Some(job.id),
        idempotency_key: None,
        correlation_id,
    })
}
