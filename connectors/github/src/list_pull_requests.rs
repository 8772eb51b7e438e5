//! `list_pull_requests`: a page of a repository's pull requests.

use bulkhead_connector_kit::{Annotations, Tool, ToolError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::{self, Api, has_more, in_repository, present};
use crate::argument::{Owner, PageNumber, PerPage, Repo, Text, Whole};
use crate::list::{Direction, State, body, page, per_page};
use crate::named::{Account, Label, beginning, labels, login, logins};

/// Which pull requests.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListPullRequestsInput {
    /// The user or organisation that owns the repository, for example `octocat`.
    owner: Owner,
    /// The repository's name without its owner, for example `hello-world`.
    repo: Repo,
    /// Only pull requests in this state.
    #[serde(default)]
    state: State,
    /// Only pull requests from this branch: `user:branch` or `organisation:branch`.
    #[serde(default)]
    head: Option<Text<1, 500>>,
    /// Only pull requests into this branch, for example `main`.
    #[serde(default)]
    base: Option<Text<1, 255>>,
    /// In which order. `popularity` counts comments; `long_running` are those that have been open for more than a
    /// month with activity in the last one.
    #[serde(default)]
    sort: Sort,
    /// In which direction. When absent: newest first for `created`, otherwise ascending.
    #[serde(default)]
    direction: Option<Direction>,
    /// Give at most this many characters of each description; 0 for none.
    #[serde(default = "body")]
    body_characters: Whole<0, 65_536>,
    /// Which page, from 1.
    #[serde(default = "page")]
    page: PageNumber,
    /// How many on a page.
    #[serde(default = "per_page")]
    per_page: PerPage,
}

#[derive(Clone, Copy, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Sort {
    #[default]
    Created,
    Updated,
    Popularity,
    LongRunning,
}

impl Sort {
    const fn parameter(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Popularity => "popularity",
            Self::LongRunning => "long-running",
        }
    }
}

/// A page of pull requests.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ListPullRequestsOutput {
    /// The pull requests.
    pull_requests: Vec<PullRequest>,
    /// Which page this is.
    page: u64,
    /// Whether there is a next page.
    has_more: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
struct PullRequest {
    /// Its number.
    number: u64,
    /// Its title.
    title: String,
    /// `open` or `closed`; a merged one is closed.
    state: String,
    /// Whether it is a draft.
    draft: bool,
    /// Who opened it.
    author: Option<String>,
    /// The branch with the changes.
    head: String,
    /// The repository of that branch. Null when it was deleted.
    head_repository: Option<String>,
    /// The commit at that branch's end.
    head_sha: String,
    /// The branch that it is to be merged into.
    base: String,
    /// Its labels.
    labels: Vec<String>,
    /// Who is assigned to it.
    assignees: Vec<String>,
    /// Who was asked for a review and has not given one.
    requested_reviewers: Vec<String>,
    /// When it was opened: RFC 3339.
    created_at: String,
    /// When it was last changed: RFC 3339.
    updated_at: String,
    /// When it was merged: RFC 3339. Null when it is not.
    merged_at: Option<String>,
    /// The beginning of its description.
    body: Option<String>,
    /// Its web page.
    url: String,
}

#[derive(Deserialize)]
struct Found {
    number: u64,
    title: String,
    state: String,
    #[serde(default)]
    draft: bool,
    user: Option<Account>,
    head: Branch,
    base: Branch,
    #[serde(default)]
    labels: Vec<Label>,
    assignees: Option<Vec<Account>>,
    requested_reviewers: Option<Vec<Account>>,
    created_at: String,
    updated_at: String,
    merged_at: Option<String>,
    body: Option<String>,
    html_url: String,
}

#[derive(Deserialize)]
struct Branch {
    #[serde(rename = "ref")]
    name: String,
    sha: String,
    repo: Option<Repository>,
}

#[derive(Deserialize)]
struct Repository {
    full_name: String,
}

/// The tool.
pub struct ListPullRequests;

impl Tool for ListPullRequests {
    const NAME: &'static str = "list_pull_requests";
    const TITLE: &'static str = "List pull requests";
    const DESCRIPTION: &'static str = "Lists pull requests of a GitHub repository with branches, author, labels and \
        requested reviewers, newest first unless asked otherwise. For the changes of one use get_pull_request_diff.";
    const ANNOTATIONS: Annotations = Annotations::READS;
    type Input = ListPullRequestsInput;
    type Output = ListPullRequestsOutput;

    fn call(input: ListPullRequestsInput) -> Result<ListPullRequestsOutput, ToolError> {
        let (page, per_page) = (input.page.to_string(), input.per_page.to_string());
        let query = present(&[
            ("state", Some(input.state.parameter())),
            ("head", input.head.as_ref().map(Text::as_str)),
            ("base", input.base.as_ref().map(Text::as_str)),
            ("sort", Some(input.sort.parameter())),
            ("direction", input.direction.map(Direction::parameter)),
            ("per_page", Some(&per_page)),
            ("page", Some(&page)),
        ]);
        let path = in_repository(&input.owner, &input.repo, "/pulls");
        let fields = [("head", "/head"), ("base", "/base"), ("page", "/page")];
        let response = Api::new()?.get(&path, &query).map_err(|error| error.about(&fields))?;
        let found: Vec<Found> = api::json(&response)?;
        let most = input.body_characters.length();
        Ok(ListPullRequestsOutput {
            pull_requests: found.into_iter().map(|found| PullRequest::of(found, most)).collect(),
            page: input.page.get(),
            has_more: has_more(&response),
        })
    }
}

impl PullRequest {
    fn of(found: Found, body: usize) -> Self {
        Self {
            number: found.number,
            title: found.title,
            state: found.state,
            draft: found.draft,
            author: login(found.user),
            head: found.head.name,
            head_repository: found.head.repo.map(|repository| repository.full_name),
            head_sha: found.head.sha,
            base: found.base.name,
            labels: labels(found.labels),
            assignees: logins(found.assignees),
            requested_reviewers: logins(found.requested_reviewers),
            created_at: found.created_at,
            updated_at: found.updated_at,
            merged_at: found.merged_at,
            body: if body == 0 { None } else { beginning(found.body, body) },
            url: found.html_url,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::testing::{GitHub, answer, fault, with};

    const PULLS: &str = r#"[{"number":1347,"title":"Amazing new feature","state":"open","draft":true,"locked":true,
        "user":{"login":"octocat","id":1},"body":"Please pull these awesome changes in!",
        "labels":[{"id":208045946,"name":"bug","color":"f29513"}],"assignees":[{"login":"hubot"}],
        "requested_reviewers":[{"login":"other_user"}],"created_at":"2011-01-26T19:01:12Z",
        "updated_at":"2011-01-27T19:01:12Z","closed_at":null,"merged_at":null,
        "head":{"label":"octocat:new-topic","ref":"new-topic","sha":"6dcb09b5","repo":{"full_name":"octocat/fork"}},
        "base":{"label":"octocat:main","ref":"main","sha":"6dcb09b6","repo":{"full_name":"octocat/Hello-World"}},
        "html_url":"https://github.com/octocat/Hello-World/pull/1347"},
        {"number":1,"title":"Old","state":"closed","user":null,"body":null,"labels":[],"assignees":null,
        "created_at":"2011-01-01T19:01:12Z","updated_at":"2011-01-02T19:01:12Z","merged_at":"2011-01-02T19:01:12Z",
        "head":{"ref":"gone","sha":"1","repo":null},"base":{"ref":"main","sha":"2","repo":null},
        "html_url":"https://github.com/octocat/Hello-World/pull/1"}]"#;

    fn arguments(change: Value) -> Value {
        with(&json!({"owner": "octocat", "repo": "Hello-World"}), change)
    }

    #[test]
    fn pull_requests_are_told_in_short() {
        let github = GitHub::new([answer(200, PULLS)]);
        let found = github.call("list_pull_requests", arguments(json!({"body_characters": 6}))).expect("is answered");
        let first = json!({
            "number": 1347, "title": "Amazing new feature", "state": "open", "draft": true, "author": "octocat",
            "head": "new-topic", "head_repository": "octocat/fork", "head_sha": "6dcb09b5", "base": "main",
            "labels": ["bug"], "assignees": ["hubot"], "requested_reviewers": ["other_user"],
            "created_at": "2011-01-26T19:01:12Z", "updated_at": "2011-01-27T19:01:12Z", "merged_at": null,
            "body": "Please… [31 more characters]", "url": "https://github.com/octocat/Hello-World/pull/1347",
        });
        assert_eq!(found["pull_requests"][0], first);
        assert_eq!(found["pull_requests"][1]["author"], Value::Null);
        assert_eq!(found["pull_requests"][1]["head_repository"], Value::Null);
        assert_eq!((&found["page"], &found["has_more"]), (&json!(1), &json!(false)));
        assert_eq!(
            github.sent()[0].line,
            "GET https://api.github.com/repos/octocat/Hello-World/pulls state=open sort=created per_page=30 page=1"
        );
    }

    #[test]
    fn arguments_become_parameters_and_links_say_whether_there_is_more() {
        let next = r#"<https://api.github.com/repositories/1/pulls?page=3>; rel="next""#;
        let github = GitHub::new([answer(200, "[]").with_header("link", next)]);
        let change = json!({
            "state": "all", "head": "octocat:a b", "base": "main", "sort": "long_running", "direction": "desc",
            "page": 2, "per_page": 100,
        });
        let found = github.call("list_pull_requests", arguments(change));
        assert_eq!(found, Ok(json!({"pull_requests": [], "page": 2, "has_more": true})));
        let parameters = "state=all head=octocat:a b base=main sort=long-running direction=desc per_page=100 page=2";
        assert!(github.sent()[0].line.ends_with(parameters), "{}", github.sent()[0].line);
    }

    #[test]
    fn arguments_that_make_no_sense_are_refused_before_anything_is_asked() {
        for (change, place) in [
            (json!({"state": "merged"}), "/state"),
            (json!({"head": ""}), "/head"),
            (json!({"base": "x".repeat(256)}), "/base"),
            (json!({"page": 0}), "/page"),
            (json!({"per_page": 101}), "/per_page"),
            (json!({"body_characters": 65_537}), "/body_characters"),
            (json!({"sort": "stars"}), "/sort"),
        ] {
            assert_eq!(fault("list_pull_requests", arguments(change)), place);
        }
    }
}
