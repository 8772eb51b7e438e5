//! `dispatch_workflow`: starts a workflow.

use std::collections::BTreeMap;

use bulkhead_connector_kit::http::Response;
use bulkhead_connector_kit::{Annotations, Tool, ToolError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::{self, Api, in_repository};
use crate::argument::{Owner, Repo, Text};
use crate::refusal::ApiError;
use crate::workflow::Workflow;

/// The most inputs that a workflow has, and the most characters of all of them together.
const MAX_INPUTS: usize = 25;
const MAX_CHARACTERS: usize = 65_535;

/// What to start.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DispatchWorkflowInput {
    /// The user or organisation that owns the repository, for example `octocat`.
    owner: Owner,
    /// The repository's name without its owner, for example `hello-world`.
    repo: Repo,
    /// The workflow: its file's name, for example `deploy.yml`, or its id. It must have the trigger
    /// `workflow_dispatch`.
    workflow: Workflow,
    /// The branch or tag to run it on, for example `main`.
    #[serde(rename = "ref")]
    reference: Text<1, 255>,
    /// Its inputs, by name.
    #[serde(default)]
    #[schemars(extend("maxProperties" = MAX_INPUTS))]
    inputs: BTreeMap<String, Value>,
}

/// The value of an input. GitHub takes them as text.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
enum Value {
    Text(String),
    Boolean(bool),
    Whole(i64),
    Number(f64),
}

impl Value {
    fn text(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Boolean(boolean) => boolean.to_string(),
            Self::Whole(number) => number.to_string(),
            Self::Number(number) => number.to_string(),
        }
    }
}

/// What was started.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DispatchWorkflowOutput {
    /// The run's id. Null when GitHub does not tell it, as an Enterprise Server: `list_workflow_runs` with the event
    /// `workflow_dispatch` finds the run a moment later.
    run_id: Option<u64>,
    /// The web page of the run, or of the workflow's runs.
    url: String,
}

#[derive(Serialize)]
struct Body<'a> {
    #[serde(rename = "ref")]
    reference: &'a str,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    inputs: BTreeMap<&'a str, String>,
    /// An Enterprise Server may not know it, and refuses what it does not know.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    return_run_details: bool,
}

#[derive(Deserialize)]
struct Started {
    workflow_run_id: u64,
    html_url: String,
}

/// The tool.
pub struct DispatchWorkflow;

impl Tool for DispatchWorkflow {
    const NAME: &'static str = "dispatch_workflow";
    const TITLE: &'static str = "Start a workflow";
    const DESCRIPTION: &'static str = "Starts a GitHub Actions workflow that has the trigger workflow_dispatch, on a \
        branch or tag and with inputs. A workflow may do anything, such as deploying, and every call starts another \
        run.";
    const ANNOTATIONS: Annotations = Annotations::DESTROYS;
    type Input = DispatchWorkflowInput;
    type Output = DispatchWorkflowOutput;

    fn call(input: DispatchWorkflowInput) -> Result<DispatchWorkflowOutput, ToolError> {
        if input.inputs.len() > MAX_INPUTS {
            return Err(ToolError::invalid("/inputs", format!("must have {MAX_INPUTS} entries at most")));
        }
        let inputs: BTreeMap<_, _> = input.inputs.iter().map(|(name, value)| (name.as_str(), value.text())).collect();
        if inputs.iter().map(|(name, value)| name.chars().count() + value.chars().count()).sum::<usize>()
            > MAX_CHARACTERS
        {
            return Err(ToolError::invalid(
                "/inputs",
                format!("must have {MAX_CHARACTERS} characters at most, in all"),
            ));
        }
        let api = Api::new()?;
        let body = Body { reference: input.reference.as_str(), inputs, return_run_details: api.settings.is_hosted() };
        let part = input.workflow.part();
        let path = in_repository(&input.owner, &input.repo, &format!("/actions/workflows/{part}/dispatches"));
        let response = api.post(&path, &body).map_err(explain)?;
        let runs = || api.web(&input.owner, &input.repo, &format!("/actions/workflows/{part}"));
        Ok(output(&response)?.unwrap_or_else(|| DispatchWorkflowOutput { run_id: None, url: runs() }))
    }
}

/// The run, when GitHub tells it: it answers 200 then, and 204 otherwise.
fn output(response: &Response) -> Result<Option<DispatchWorkflowOutput>, ApiError> {
    if response.body().is_empty() {
        return Ok(None);
    }
    let Started { workflow_run_id, html_url: url } = api::json(response)?;
    Ok(Some(DispatchWorkflowOutput { run_id: Some(workflow_run_id), url }))
}

/// GitHub names no fields here, but its sentences are clear.
fn explain(error: ApiError) -> ToolError {
    if let ApiError::Refused(refusal) = &error
        && refusal.status == 422
    {
        let message = refusal.message.as_str();
        let place = if message.starts_with("No ref found") {
            Some("/ref")
        } else if message.contains("workflow_dispatch") {
            Some("/workflow")
        } else if message.contains("input") {
            Some("/inputs")
        } else {
            None
        };
        if let Some(place) = place {
            return ToolError::invalid(place, message);
        }
    }
    error.into()
}

#[cfg(test)]
mod tests {
    use bulkhead_connector_kit::ToolError;
    use serde_json::{Value, json};

    use super::{MAX_CHARACTERS, MAX_INPUTS};
    use crate::testing::{GitHub, answer, fault, with};

    const STARTED: &str = r#"{"workflow_run_id":1,"run_url":"https://api.github.com/repos/o/r/actions/runs/1",
        "html_url":"https://github.com/octo-org/octo-repo/actions/runs/1"}"#;

    fn arguments(change: Value) -> Value {
        with(&json!({"owner": "octo-org", "repo": "octo-repo", "workflow": "deploy.yml", "ref": "main"}), change)
    }

    #[test]
    fn a_workflow_is_started_and_its_run_told() {
        let github = GitHub::new([answer(200, STARTED)]);
        let change = json!({"inputs": {"environment": "staging", "dry_run": true, "replicas": 3, "share": 0.5}});
        let expected = json!({"run_id": 1, "url": "https://github.com/octo-org/octo-repo/actions/runs/1"});
        assert_eq!(github.call("dispatch_workflow", arguments(change)), Ok(expected));
        let sent = &github.sent()[0];
        let path = "repos/octo-org/octo-repo/actions/workflows/deploy.yml/dispatches";
        assert_eq!(sent.line, format!("POST https://api.github.com/{path}"));
        let inputs = json!({"environment": "staging", "dry_run": "true", "replicas": "3", "share": "0.5"});
        assert_eq!(sent.body, json!({"ref": "main", "inputs": inputs, "return_run_details": true}));
    }

    #[test]
    fn an_enterprise_server_is_asked_for_nothing_that_it_may_not_know() {
        let github = GitHub::new([answer(204, "")]).setting("base_url", "https://git.example.com/api/v3");
        let url = "https://git.example.com/octo-org/octo-repo/actions/workflows/deploy.yml";
        let found = github.call("dispatch_workflow", arguments(json!({})));
        assert_eq!(found, Ok(json!({"run_id": null, "url": url})));
        assert_eq!(github.sent()[0].body, json!({"ref": "main"}));
    }

    #[test]
    fn what_github_finds_wrong_with_an_argument_is_its_fault() {
        for (message, place) in [
            ("No ref found for: main", "/ref"),
            ("Workflow does not have 'workflow_dispatch' trigger", "/workflow"),
            ("Required input 'environment' not provided", "/inputs"),
            ("Unexpected inputs provided: [\"colour\"]", "/inputs"),
        ] {
            let body = json!({"message": message}).to_string();
            let refused = GitHub::new([answer(422, body)]).call("dispatch_workflow", arguments(json!({})));
            assert_eq!(refused, Err(ToolError::invalid(place, message)));
        }
        let other = GitHub::new([answer(422, r#"{"message":"Something else"}"#)]);
        let refused = other.call("dispatch_workflow", arguments(json!({})));
        assert_eq!(refused, Err(ToolError::upstream(422, "GitHub answered with status 422: Something else")));
    }

    #[test]
    fn arguments_that_make_no_sense_are_refused_before_anything_is_sent() {
        let inputs = |count: usize| (0..count).map(|n| (n.to_string(), json!("x"))).collect::<Value>();
        for (change, place) in [
            (json!({"workflow": ".."}), "/workflow"),
            (json!({"ref": ""}), "/ref"),
            (json!({"inputs": inputs(MAX_INPUTS + 1)}), "/inputs"),
            (json!({"inputs": {"a": "x".repeat(MAX_CHARACTERS)}}), "/inputs"),
            (json!({"inputs": {"a": [1]}}), "/inputs/a"),
        ] {
            assert_eq!(fault("dispatch_workflow", arguments(change)), place);
        }
        for inputs in [inputs(MAX_INPUTS), json!({"a": "x".repeat(MAX_CHARACTERS - 1)})] {
            let github = GitHub::new([answer(200, STARTED)]);
            assert!(github.call("dispatch_workflow", arguments(json!({"inputs": inputs}))).is_ok());
        }
    }
}
