//! `prompts/get`, `resources/read` and `completion/complete`.

use std::sync::Arc;

use bulkhead_execution::{InputRequired, JobError, JobErrorKind, Round};
use rmcp::ErrorData;
use rmcp::model::{
    CompleteRequestParams, CompleteResult, GetPromptRequestParams, GetPromptResponse, GetPromptResult,
    InputRequiredResult, InputResponses, JsonObject, ReadResourceRequestParams, ReadResourceResponse,
    ReadResourceResult, Reference,
};
use rmcp::service::{RequestContext, RoleServer};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::handler::{Request, Shared, is_stateless};
use super::input::{self, Binding};
use super::project;
use crate::sandbox::{Connector, Invocation, Operation, Subject};
use crate::worker::ReadError;

/// What reading came to.
enum Read<T> {
    Done(T),
    NeedsInput(InputRequiredResult),
}

pub(super) async fn prompt(
    shared: &Shared,
    who: Request,
    request: GetPromptRequestParams,
    context: RequestContext<RoleServer>,
) -> Result<GetPromptResponse, ErrorData> {
    let name = request.name;
    let installed = shared.worker.installed();
    let found = name.split_once('_').and_then(|(slug, prompt)| {
        let connector = installed.get(slug)?;
        Some((connector, connector.prompts().iter().find(|known| known.name == prompt)?))
    });
    let (connector, prompt) = found.ok_or_else(|| {
        let name: String = name.chars().take(128).collect();
        ErrorData::invalid_params(format!("there is no prompt {name:?}; prompts/list lists them"), None)
    })?;
    let given = request.arguments.unwrap_or_default();
    let arguments = texts(&given, &prompt.arguments)?;
    let operation = Operation::Prompt { name: prompt.name.clone(), arguments };
    let reading = Reading {
        shared,
        who: &who,
        connector,
        operation,
        bound: (("prompts/get", &name), &Value::Object(given)),
        brought: (request.input_responses, request.request_state),
    };
    match reading.read::<GetPromptResult>(context).await? {
        Read::Done(result) => Ok(result.into()),
        Read::NeedsInput(result) => Ok(result.into()),
    }
}

/// A prompt's arguments, if they are those that it has.
fn texts(given: &JsonObject, known: &[(String, bool)]) -> Result<Vec<(String, String)>, ErrorData> {
    let mut faults = Vec::new();
    let mut fault =
        |name: &str, message: &str| faults.push(json!({ "pointer": format!("/{name}"), "message": message }));
    let mut arguments = Vec::new();
    for (name, value) in given {
        match value.as_str() {
            _ if !known.iter().any(|(argument, _)| argument == name) => {
                fault(name, "is not an argument of this prompt")
            }
            Some(text) => arguments.push((name.clone(), text.to_owned())),
            None => fault(name, "is not a string"),
        }
    }
    for (name, required) in known {
        if *required && !given.contains_key(name) {
            fault(name, "is required");
        }
    }
    if faults.is_empty() {
        return Ok(arguments);
    }
    let message = format!("the prompt's arguments have {} fault(s)", faults.len());
    Err(ErrorData::invalid_params(message, Some(json!({ "faults": faults }))))
}

pub(super) async fn resource(
    shared: &Shared,
    who: Request,
    request: ReadResourceRequestParams,
    context: RequestContext<RoleServer>,
) -> Result<ReadResourceResponse, ErrorData> {
    let uri = request.uri;
    let installed = shared.worker.installed();
    let connector = installed.owner_of(&uri).ok_or_else(|| no_resource(&uri))?;
    let reading = Reading {
        shared,
        who: &who,
        connector,
        operation: Operation::Resource { uri: uri.clone() },
        bound: (("resources/read", &uri), &Value::Null),
        brought: (request.input_responses, request.request_state),
    };
    match reading.read::<ReadResourceResult>(context).await? {
        Read::Done(result) => Ok(result.into()),
        Read::NeedsInput(result) => Ok(result.into()),
    }
}

/// There is no such resource.
pub(super) fn no_resource(uri: &str) -> ErrorData {
    let uri: String = uri.chars().take(1024).collect();
    ErrorData::resource_not_found("there is no such resource; resources/list lists some", Some(json!({ "uri": uri })))
}

pub(super) async fn complete(
    shared: &Shared,
    who: Request,
    request: CompleteRequestParams,
    context: RequestContext<RoleServer>,
) -> Result<CompleteResult, ErrorData> {
    let installed = shared.worker.installed();
    let found = match &request.r#ref {
        Reference::Prompt(prompt) => prompt.name.split_once('_').and_then(|(slug, name)| {
            let connector = installed.get(slug)?;
            connector.prompts().iter().any(|known| known.name == name).then_some(())?;
            Some((connector, Subject::Prompt(name.to_owned())))
        }),
        Reference::Resource(template) => installed.owner_of(&template.uri).and_then(|connector| {
            let listed = |known: &Value| known.get("uriTemplate").and_then(Value::as_str) == Some(&template.uri);
            connector.listing().templates.iter().any(listed).then_some(())?;
            Some((connector, Subject::Template(template.uri.clone())))
        }),
        _ => None,
    };
    let unknown =
        || ErrorData::invalid_params("ref names neither a prompt nor a resource template that is listed", None);
    let (connector, subject) = found.ok_or_else(unknown)?;
    let others = request.context.and_then(|context| context.arguments).unwrap_or_default();
    let operation = Operation::Completion {
        subject,
        argument: request.argument.name,
        value: request.argument.value,
        others: others.into_iter().collect(),
    };
    let read =
        shared.worker.read(who.who(), &who.correlation, connector.clone(), Invocation::new(operation), context.ct);
    result(read.await.map_err(|error| failed(error, None))?)
}

/// One reading, through all its rounds where the client waits for them.
struct Reading<'a> {
    shared: &'a Shared,
    who: &'a Request,
    connector: &'a Arc<Connector>,
    operation: Operation,
    /// The request and its arguments, which a state is bound to.
    bound: ((&'static str, &'a str), &'a Value),
    brought: (Option<InputResponses>, Option<String>),
}

impl Reading<'_> {
    async fn read<T: DeserializeOwned>(self, context: RequestContext<RoleServer>) -> Result<Read<T>, ErrorData> {
        let Self { shared, who, connector, operation, bound: (request, arguments), brought } = self;
        let binding = Binding { caller: &who.caller, project: who.project, request, arguments };
        let capabilities = input::capabilities(&context);
        let mut round = shared.sealer.round(&binding, capabilities, brought.0, brought.1)?;
        for _ in 0..shared.config.max_rounds.max(1) {
            let invocation = Invocation { round, ..Invocation::new(operation.clone()) };
            let cancel = context.ct.clone();
            let read = shared.worker.read(who.who(), &who.correlation, connector.clone(), invocation, cancel).await;
            let value = read.map_err(|error| failed(error, Some(request.1)))?;
            let Some(asked) = InputRequired::of_result(&value) else { return Ok(Read::Done(result(value)?)) };
            if is_stateless(&context) {
                return Ok(Read::NeedsInput(shared.sealer.result(&binding, capabilities, asked)?));
            }
            let state = asked.state;
            let requests = input::requests(asked.requests, capabilities)?;
            let answers = input::ask(&context, shared.input_time(), requests).await?;
            round = Round { capabilities, answers, state };
        }
        let message = format!("the connector asked for input {} times and did not end", shared.config.max_rounds);
        Err(ErrorData::internal_error(message, None))
    }
}

/// The sandbox wrote it in MCP's words, so it reads.
fn result<T: DeserializeOwned>(mut value: Value) -> Result<T, ErrorData> {
    // rmcp takes it out again for older clients.
    value["resultType"] = "complete".into();
    serde_json::from_value(value).map_err(|error| {
        tracing::error!(%error, "what a connector answered is not MCP's");
        ErrorData::internal_error("the connector's answer is not MCP's", None)
    })
}

fn failed(error: ReadError, uri: Option<&str>) -> ErrorData {
    match error {
        ReadError::Failed(JobError { kind: JobErrorKind::NotFound, message, .. }) => match uri {
            Some(uri) if uri.contains(':') => no_resource(uri),
            _ => ErrorData::invalid_params(message, None),
        },
        ReadError::Failed(error) if error.kind == JobErrorKind::InvalidArguments => {
            ErrorData::invalid_params(error.message, error.details)
        }
        ReadError::Failed(error) => {
            let text = format!("{}: {}", error.kind.as_str(), error.message);
            ErrorData::internal_error(text, Some(json!({ "type": error.kind, "details": error.details })))
        }
        ReadError::Refused(refusal) => project::refused(&refusal),
        ReadError::Sql(error) => {
            tracing::error!(%error, "a reading could not be recorded");
            ErrorData::internal_error("the request could not be recorded, so it was not done; try again", None)
        }
        error @ ReadError::Draining => ErrorData::internal_error(error.to_string(), None),
    }
}
