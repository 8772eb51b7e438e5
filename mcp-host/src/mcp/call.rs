//! `tools/call`: one job a round.

use std::time::Duration;

use bulkhead_execution::{InputRequired, Job, Refusal, SubmitError, ToolCall};
use bulkhead_kernel::Caller;
use bulkhead_kernel::id::ProjectId;
use rmcp::ErrorData;
use rmcp::model::{CallToolRequestParams, CallToolResponse, CallToolResult};
use rmcp::service::{RequestContext, RoleServer};
use serde_json::{Value, json};

use super::handler::{Request, Shared, is_stateless};
use super::input::{self, Binding};
use super::session::Session;
use super::tasks::{self, Called};
use super::watch::{Watch, watched};
use super::{project, result};
use crate::auth::ScopeGap;
use crate::worker::CallError;

pub(super) async fn call(
    shared: &Shared,
    session: &Session,
    Request { caller, project, correlation, gap }: Request,
    request: CallToolRequestParams,
    context: RequestContext<RoleServer>,
) -> Result<CallToolResponse, ErrorData> {
    let name = request.name;
    // A slug has no underscore, so the first one ends it.
    let (connector, tool) = name.split_once('_').unwrap_or((&name, ""));
    let mut arguments = Value::Object(request.arguments.unwrap_or_default());
    let capabilities = input::capabilities(&context);
    let (responses, state) = (request.input_responses, request.request_state);
    let mut round =
        shared.sealer.round(&bind((&caller, project), &name, &arguments), capabilities, responses, state)?;
    let stateless = is_stateless(&context);
    let knows_tasks = context.client_capabilities().is_some_and(|declared| declared.supports_tasks());
    let patience = (stateless && knows_tasks).then(|| Duration::from_secs(shared.config.task_after_seconds));
    let level = if stateless { context.meta.log_level() } else { Some(session.level()) };
    for _ in 0..shared.config.max_rounds.max(1) {
        let call = ToolCall {
            connector: connector.to_owned(),
            tool: tool.to_owned(),
            arguments,
            project,
            round,
            continues: None,
            idempotency_key: None,
            correlation_id: correlation.clone(),
        };
        let watch = Watch::of(&context, level, connector);
        let called = match patience {
            None => {
                let work = |observer| shared.worker.call(&caller, call, context.ct.clone(), observer);
                watched(watch, work).await.map(Box::new).map(Called::Ended)
            }
            Some(patience) => {
                let work = |observer| tasks::call(&shared.worker, &caller, call, &context.ct, observer, patience);
                watched(watch, work).await
            }
        };
        let job = match called {
            Ok(Called::Ended(job)) => *job,
            Ok(Called::GoesOn(id)) => return tasks::created(shared, &caller, id, &correlation).await,
            Err(error) => {
                return refused(&gap, &name, error);
            }
        };
        let Some(asked) = job.result.as_ref().and_then(InputRequired::of_result) else {
            return Ok(result::of_job(job).into());
        };
        if stateless {
            let result = shared.sealer.result(&bind((&caller, project), &name, &job.arguments), capabilities, asked)?;
            return Ok(result.with_meta(result::job_meta(&job)).into());
        }
        let Job { arguments: same, .. } = job;
        let state = asked.state;
        let requests = match input::requests(asked.requests, capabilities) {
            Ok(requests) => requests,
            Err(error) => return Ok(result::of_error(&error).into()),
        };
        let answers = input::ask(&context, shared.input_time(), requests).await?;
        (arguments, round) = (same, bulkhead_execution::Round { capabilities, answers, state });
    }
    let message = format!("the tool asked for input {} times and did not end", shared.config.max_rounds);
    Ok(CallToolResult::error(vec![rmcp::model::ContentBlock::text(message)]).into())
}

fn bind<'a>((caller, project): (&'a Caller, Option<ProjectId>), name: &'a str, arguments: &'a Value) -> Binding<'a> {
    Binding { caller, project, request: ("tools/call", name), arguments }
}

/// What a client learns of a call that was refused. If for want of a scope, so does the door.
pub(super) fn refused(gap: &ScopeGap, name: &str, error: CallError) -> Result<CallToolResponse, ErrorData> {
    match error {
        CallError::Submit(SubmitError::Refused(refusal)) => refuse(gap, name, &refusal),
        CallError::Submit(error) => {
            tracing::error!(%error, "a call could not be recorded");
            Err(ErrorData::internal_error("the call could not be recorded, so it was not run; try again", None))
        }
        CallError::EndNotRecorded(job) => {
            Err(ErrorData::internal_error(error.to_string(), Some(json!({ "job": job }))))
        }
        CallError::Draining => Err(ErrorData::internal_error(error.to_string(), None)),
    }
}

/// An unknown tool is a protocol error; wrong arguments are a result, which the model can read and correct.
fn refuse(gap: &ScopeGap, name: &str, refusal: &Refusal) -> Result<CallToolResponse, ErrorData> {
    match refusal {
        Refusal::InvalidArguments(faults) => Ok(result::of_faults(&refusal.to_string(), faults).into()),
        Refusal::UnknownConnector(_) | Refusal::UnknownTool(_) => {
            let name: String = name.chars().take(128).collect();
            Err(ErrorData::invalid_params(format!("there is no tool {name:?}; tools/list lists them"), None))
        }
        Refusal::InsufficientScope(scope) => {
            Err(ErrorData::invalid_request(refusal.to_string(), Some(json!({ "scope": gap.note(scope) }))))
        }
        Refusal::UnknownProject | Refusal::ProjectRole(_) => Err(project::refused(refusal)),
        Refusal::Denied(denied) => Err(tasks::denied(*denied)),
        Refusal::ToolRestricted(..) => {
            Err(ErrorData::invalid_request(refusal.to_string(), Some(json!({ "type": "tool_restricted" }))))
        }
        Refusal::IdempotencyKeyReused | Refusal::InvalidIdempotencyKey => {
            Err(ErrorData::invalid_params(refusal.to_string(), None))
        }
    }
}
