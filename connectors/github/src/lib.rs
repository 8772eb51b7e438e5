//! The github connector: works on GitHub over its REST API, version 2022-11-28.
//!
//! [`api`] sends what a tool asks for and reads the answers; [`refusal`] turns GitHub's errors into errors in words
//! that help, [`rate_limit`] knows when it may be asked again. Each tool is a file beside them, what its arguments
//! may be is said by the types of [`argument`]. To add one: a file like [`get_repository`], its name in the list
//! below, and its call in the scenario that checks requests against GitHub's own description.
//!
//! The token is none of our business: the host adds it to requests to `base_url` outside the sandbox, and to no other.

pub mod add_comment;
mod api;
mod argument;
pub mod create_issue;
mod diff;
pub mod dispatch_workflow;
pub mod get_pull_request_diff;
pub mod get_repository;
pub mod get_workflow_run_logs;
mod list;
pub mod list_issues;
pub mod list_pull_requests;
pub mod list_workflow_runs;
mod log;
mod named;
mod rate_limit;
mod refusal;
pub mod rerun_workflow;
mod settings;
mod workflow;

bulkhead_connector_kit::export_connector! {
    tools: [
        get_repository::GetRepository,
        list_pull_requests::ListPullRequests,
        get_pull_request_diff::GetPullRequestDiff,
        list_issues::ListIssues,
        create_issue::CreateIssue,
        add_comment::AddComment,
        list_workflow_runs::ListWorkflowRuns,
        get_workflow_run_logs::GetWorkflowRunLogs,
        rerun_workflow::RerunWorkflow,
        dispatch_workflow::DispatchWorkflow,
    ],
}

#[cfg(test)]
mod testing;
