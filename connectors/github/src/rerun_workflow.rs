//! `rerun_workflow`: runs a workflow run, its failed jobs or one of its jobs again.

use bulkhead_connector_kit::{Annotations, Tool, ToolError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::{Api, in_repository};
use crate::argument::{Id, Owner, Repo};

/// What to run again.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RerunWorkflowInput {
    /// The user or organisation that owns the repository, for example `octocat`.
    owner: Owner,
    /// The repository's name without its owner, for example `hello-world`.
    repo: Repo,
    /// The run's id, as `list_workflow_runs` gives it.
    run_id: Id,
    /// Run only the jobs that failed, and those that depend on them.
    #[serde(default)]
    failed_only: bool,
    /// Run only this job of the run, and those that depend on it: its id, as `get_workflow_run_logs` gives it.
    #[serde(default)]
    job_id: Option<Id>,
    /// Let the runner print what helps to find out what is wrong with it.
    #[serde(default)]
    debug_logging: bool,
}

/// What is run again.
#[derive(Debug, Serialize, JsonSchema)]
pub struct RerunWorkflowOutput {
    /// The run: it keeps its id, and has one attempt more.
    run_id: u64,
    /// What of it runs again.
    runs_again: Part,
    /// The run's web page.
    url: String,
}

#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Part {
    /// All of its jobs.
    AllJobs,
    /// The jobs that failed, and those that depend on them.
    FailedJobs,
    /// One job, and those that depend on it.
    OneJob,
}

#[derive(Serialize)]
struct Body {
    enable_debug_logging: bool,
}

/// The tool.
pub struct RerunWorkflow;

impl Tool for RerunWorkflow {
    const NAME: &'static str = "rerun_workflow";
    const TITLE: &'static str = "Run a workflow run again";
    const DESCRIPTION: &'static str = "Runs a completed GitHub Actions workflow run again, all of it or only the jobs \
        that failed. A workflow may do anything, such as deploying: what it did is done again. The new attempt's \
        results take the place of the last one's.";
    const ANNOTATIONS: Annotations = Annotations::DESTROYS;
    type Input = RerunWorkflowInput;
    type Output = RerunWorkflowOutput;

    fn call(input: RerunWorkflowInput) -> Result<RerunWorkflowOutput, ToolError> {
        let (rest, runs_again) = match (input.job_id, input.failed_only) {
            (Some(_), true) => return Err(ToolError::invalid("/failed_only", "makes no sense with a job_id")),
            (Some(job), false) => (format!("/actions/jobs/{job}/rerun"), Part::OneJob),
            (None, true) => (format!("/actions/runs/{}/rerun-failed-jobs", input.run_id), Part::FailedJobs),
            (None, false) => (format!("/actions/runs/{}/rerun", input.run_id), Part::AllJobs),
        };
        let api = Api::new()?;
        let body = Body { enable_debug_logging: input.debug_logging };
        api.post(&in_repository(&input.owner, &input.repo, &rest), &body)?;
        let url = api.web(&input.owner, &input.repo, &format!("/actions/runs/{}", input.run_id));
        Ok(RerunWorkflowOutput { run_id: input.run_id.get(), runs_again, url })
    }
}

#[cfg(test)]
mod tests {
    use bulkhead_connector_kit::ToolError;
    use serde_json::{Value, json};

    use crate::testing::{GitHub, answer, fault, with};

    fn arguments(change: Value) -> Value {
        with(&json!({"owner": "octo-org", "repo": "octo-repo", "run_id": 30433642}), change)
    }

    #[test]
    fn a_run_its_failed_jobs_or_one_job_is_run_again() {
        for (change, rest, part) in [
            (json!({}), "runs/30433642/rerun", "all_jobs"),
            (json!({"failed_only": true}), "runs/30433642/rerun-failed-jobs", "failed_jobs"),
            (json!({"job_id": 5}), "jobs/5/rerun", "one_job"),
        ] {
            let github = GitHub::new([answer(201, "{}")]);
            let url = "https://github.com/octo-org/octo-repo/actions/runs/30433642";
            let expected = json!({"run_id": 30433642, "runs_again": part, "url": url});
            assert_eq!(github.call("rerun_workflow", arguments(change)), Ok(expected));
            let sent = &github.sent()[0];
            assert_eq!(sent.line, format!("POST https://api.github.com/repos/octo-org/octo-repo/actions/{rest}"));
            assert_eq!(sent.body, json!({"enable_debug_logging": false}));
        }
        let github = GitHub::new([answer(201, "{}")]);
        github.call("rerun_workflow", arguments(json!({"debug_logging": true}))).expect("is answered");
        assert_eq!(github.sent()[0].body, json!({"enable_debug_logging": true}));
    }

    #[test]
    fn a_run_that_still_runs_is_refused_in_githubs_words() {
        let body = r#"{"message":"This workflow is already running","documentation_url":"","status":"403"}"#;
        let refused = GitHub::new([answer(403, body)]).call("rerun_workflow", arguments(json!({})));
        let expected = "GitHub answered with status 403: This workflow is already running";
        assert_eq!(refused, Err(ToolError::upstream(403, expected)));
    }

    #[test]
    fn arguments_that_make_no_sense_are_refused_before_anything_is_sent() {
        for (change, place) in [
            (json!({"run_id": 0}), "/run_id"),
            (json!({"job_id": -1}), "/job_id"),
            (json!({"job_id": 5, "failed_only": true}), "/failed_only"),
        ] {
            assert_eq!(fault("rerun_workflow", arguments(change)), place);
        }
    }
}
