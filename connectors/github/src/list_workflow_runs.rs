//! `list_workflow_runs`: a page of the runs of a repository's workflows.

use bulkhead_connector_kit::{Annotations, Tool, ToolError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::{self, Api, has_more, in_repository, present};
use crate::argument::{Owner, PageNumber, PerPage, Repo, Text};
use crate::list::{page, per_page};
use crate::named::{Account, login};
use crate::workflow::Workflow;

/// Which runs.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListWorkflowRunsInput {
    /// The user or organisation that owns the repository, for example `octocat`.
    owner: Owner,
    /// The repository's name without its owner, for example `hello-world`.
    repo: Repo,
    /// Only runs of this workflow: its file's name, for example `ci.yml`, or its id.
    #[serde(default)]
    workflow: Option<Workflow>,
    /// Only runs on this branch.
    #[serde(default)]
    branch: Option<Text<1, 255>>,
    /// Only runs of this commit: its whole SHA.
    #[serde(default)]
    sha: Option<Text<7, 64>>,
    /// Only runs that this event started, for example `push`, `pull_request`, `schedule` or `workflow_dispatch`.
    #[serde(default)]
    event: Option<Text<1, 100>>,
    /// Only runs that this user started.
    #[serde(default)]
    actor: Option<Text<1, 100>>,
    /// Only runs with this status or conclusion.
    #[serde(default)]
    status: Option<Status>,
    /// Only runs that began then: a date or a range, for example `>=2026-01-31` or `2026-01-01..2026-01-31`.
    #[serde(default)]
    created: Option<Text<1, 100>>,
    /// Which page, from 1.
    #[serde(default = "page")]
    page: PageNumber,
    /// How many on a page.
    #[serde(default = "per_page")]
    per_page: PerPage,
}

/// A status, or the conclusion of a run that is completed.
#[derive(Clone, Copy, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Status {
    Completed,
    ActionRequired,
    Cancelled,
    Failure,
    Neutral,
    Skipped,
    Stale,
    Success,
    TimedOut,
    InProgress,
    Queued,
    Requested,
    Waiting,
    Pending,
}

impl Status {
    const fn parameter(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::ActionRequired => "action_required",
            Self::Cancelled => "cancelled",
            Self::Failure => "failure",
            Self::Neutral => "neutral",
            Self::Skipped => "skipped",
            Self::Stale => "stale",
            Self::Success => "success",
            Self::TimedOut => "timed_out",
            Self::InProgress => "in_progress",
            Self::Queued => "queued",
            Self::Requested => "requested",
            Self::Waiting => "waiting",
            Self::Pending => "pending",
        }
    }
}

/// A page of runs.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ListWorkflowRunsOutput {
    /// The runs, newest first.
    runs: Vec<Run>,
    /// How many runs there are on all pages. With filters GitHub counts, and lists, no more than 1,000.
    total: u64,
    /// Which page this is.
    page: u64,
    /// Whether there is a next page.
    has_more: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Run {
    /// Its id: what the other tools ask for.
    id: u64,
    /// Its workflow's name.
    workflow: Option<String>,
    /// Its workflow's file.
    workflow_path: Option<String>,
    /// What it is about: often the title of the commit or the pull request.
    title: Option<String>,
    /// Its number among the runs of its workflow.
    number: u64,
    /// Which attempt the rest is about: more than 1 when it was run again.
    attempt: u64,
    /// What started it.
    event: String,
    /// For example `queued`, `in_progress`, `waiting` or `completed`.
    status: Option<String>,
    /// For example `success`, `failure`, `cancelled` or `timed_out`. Null until it is completed.
    conclusion: Option<String>,
    /// The branch.
    branch: Option<String>,
    /// The commit.
    sha: String,
    /// Who started it.
    actor: Option<String>,
    /// When it was made: RFC 3339.
    created_at: String,
    /// When this attempt began: RFC 3339.
    started_at: Option<String>,
    /// When it was last changed: RFC 3339.
    updated_at: String,
    /// Its web page.
    url: String,
}

#[derive(Deserialize)]
struct Data {
    total_count: u64,
    workflow_runs: Vec<Found>,
}

#[derive(Deserialize)]
struct Found {
    id: u64,
    name: Option<String>,
    path: Option<String>,
    display_title: Option<String>,
    run_number: u64,
    run_attempt: Option<u64>,
    event: String,
    status: Option<String>,
    conclusion: Option<String>,
    head_branch: Option<String>,
    head_sha: String,
    triggering_actor: Option<Account>,
    actor: Option<Account>,
    created_at: String,
    run_started_at: Option<String>,
    updated_at: String,
    html_url: String,
}

/// The tool.
pub struct ListWorkflowRuns;

impl Tool for ListWorkflowRuns {
    const NAME: &'static str = "list_workflow_runs";
    const TITLE: &'static str = "List workflow runs";
    const DESCRIPTION: &'static str = "Lists runs of GitHub Actions workflows of a repository, newest first, with \
        branch, commit, status and conclusion. Use it to learn whether a build or a deployment passed; for what a run \
        printed use get_workflow_run_logs with its id.";
    const ANNOTATIONS: Annotations = Annotations::READS;
    type Input = ListWorkflowRunsInput;
    type Output = ListWorkflowRunsOutput;

    fn call(input: ListWorkflowRunsInput) -> Result<ListWorkflowRunsOutput, ToolError> {
        let (page, per_page) = (input.page.to_string(), input.per_page.to_string());
        let query = present(&[
            ("branch", input.branch.as_ref().map(Text::as_str)),
            ("head_sha", input.sha.as_ref().map(Text::as_str)),
            ("event", input.event.as_ref().map(Text::as_str)),
            ("actor", input.actor.as_ref().map(Text::as_str)),
            ("status", input.status.map(Status::parameter)),
            ("created", input.created.as_ref().map(Text::as_str)),
            ("per_page", Some(&per_page)),
            ("page", Some(&page)),
        ]);
        let rest = match &input.workflow {
            Some(workflow) => format!("/actions/workflows/{}/runs", workflow.part()),
            None => "/actions/runs".to_owned(),
        };
        let path = in_repository(&input.owner, &input.repo, &rest);
        let response = Api::new()?.get(&path, &query).map_err(|error| error.about(&[("created", "/created")]))?;
        let data: Data = api::json(&response)?;
        Ok(ListWorkflowRunsOutput {
            runs: data.workflow_runs.into_iter().map(Run::from).collect(),
            total: data.total_count,
            page: input.page.get(),
            has_more: has_more(&response),
        })
    }
}

impl From<Found> for Run {
    fn from(found: Found) -> Self {
        Self {
            id: found.id,
            workflow: found.name,
            workflow_path: found.path,
            title: found.display_title,
            number: found.run_number,
            attempt: found.run_attempt.unwrap_or(1),
            event: found.event,
            status: found.status,
            conclusion: found.conclusion,
            branch: found.head_branch,
            sha: found.head_sha,
            actor: login(found.triggering_actor.or(found.actor)),
            created_at: found.created_at,
            started_at: found.run_started_at,
            updated_at: found.updated_at,
            url: found.html_url,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::testing::{GitHub, answer, fault, with};

    const RUNS: &str = r#"{"total_count":1,"workflow_runs":[{"id":30433642,"name":"Build","head_branch":"main",
        "head_sha":"acb5820ced9479c074f688cc328bf03f341a511d","path":".github/workflows/build.yml@main",
        "display_title":"Update README.md","run_number":562,"run_attempt":2,"event":"push","status":"completed",
        "conclusion":"failure","workflow_id":159038,"actor":{"login":"octocat"},"triggering_actor":{"login":"mona"},
        "created_at":"2020-01-22T19:33:08Z","updated_at":"2020-01-22T19:43:08Z",
        "run_started_at":"2020-01-22T19:40:08Z","html_url":"https://github.com/octo-org/octo-repo/actions/runs/30433642",
        "repository":{"id":1296269},"pull_requests":[]}]}"#;

    fn arguments(change: Value) -> Value {
        with(&json!({"owner": "octo-org", "repo": "octo-repo"}), change)
    }

    #[test]
    fn runs_are_told_in_short() {
        let github = GitHub::new([answer(200, RUNS)]);
        let expected = json!({"runs": [{
            "id": 30433642, "workflow": "Build", "workflow_path": ".github/workflows/build.yml@main",
            "title": "Update README.md", "number": 562, "attempt": 2, "event": "push", "status": "completed",
            "conclusion": "failure", "branch": "main", "sha": "acb5820ced9479c074f688cc328bf03f341a511d",
            "actor": "mona", "created_at": "2020-01-22T19:33:08Z", "started_at": "2020-01-22T19:40:08Z",
            "updated_at": "2020-01-22T19:43:08Z", "url": "https://github.com/octo-org/octo-repo/actions/runs/30433642",
        }], "total": 1, "page": 1, "has_more": false});
        assert_eq!(github.call("list_workflow_runs", arguments(json!({}))), Ok(expected));
        let line = "GET https://api.github.com/repos/octo-org/octo-repo/actions/runs per_page=30 page=1";
        assert_eq!(github.sent()[0].line, line);
    }

    #[test]
    fn arguments_become_parameters() {
        let github = GitHub::new([answer(200, r#"{"total_count":0,"workflow_runs":[]}"#)]);
        let change = json!({
            "workflow": ".github/workflows/my build.yml", "branch": "main", "sha": "acb5820", "event": "push",
            "actor": "mona", "status": "timed_out", "created": ">=2026-01-31", "page": 2, "per_page": 5,
        });
        github.call("list_workflow_runs", arguments(change)).expect("is answered");
        let line = "GET https://api.github.com/repos/octo-org/octo-repo/actions/workflows/my%20build.yml/runs \
                    branch=main head_sha=acb5820 event=push actor=mona status=timed_out created=>=2026-01-31 \
                    per_page=5 page=2";
        assert_eq!(github.sent()[0].line, line);
    }

    #[test]
    fn arguments_that_make_no_sense_are_refused_before_anything_is_asked() {
        for (change, place) in [
            (json!({"workflow": "../x"}), "/workflow"),
            (json!({"sha": "abc"}), "/sha"),
            (json!({"status": "broken"}), "/status"),
            (json!({"branch": ""}), "/branch"),
            (json!({"created": ""}), "/created"),
            (json!({"page": 100_001}), "/page"),
        ] {
            assert_eq!(fault("list_workflow_runs", arguments(change)), place);
        }
    }
}
