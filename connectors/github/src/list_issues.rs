//! `list_issues`: a page of a repository's issues.

use bulkhead_connector_kit::{Annotations, Tool, ToolError};
use schemars::JsonSchema;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use crate::api::{self, Api, has_more, in_repository, present};
use crate::argument::{Owner, PageNumber, PerPage, Repo, Text, Time, Whole};
use crate::list::{Direction, State, body, page, per_page};
use crate::named::{Account, Label, beginning, labels, login, logins};

/// The most labels that can be asked for.
const MAX_LABELS: usize = 50;

/// Which issues.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListIssuesInput {
    /// The user or organisation that owns the repository, for example `octocat`.
    owner: Owner,
    /// The repository's name without its owner, for example `hello-world`.
    repo: Repo,
    /// Only issues in this state.
    #[serde(default)]
    state: State,
    /// Only issues with all of these labels.
    #[serde(default)]
    #[schemars(length(max = MAX_LABELS))]
    labels: Vec<Text<1, 100>>,
    /// Only issues that this user is assigned to; `none` for those without one, `*` for those with any.
    #[serde(default)]
    assignee: Option<Text<1, 100>>,
    /// Only issues that this user opened.
    #[serde(default)]
    creator: Option<Text<1, 100>>,
    /// Only issues that mention this user.
    #[serde(default)]
    mentioned: Option<Text<1, 100>>,
    /// Only issues of the milestone with this number; `none` for those without one, `*` for those with any.
    #[serde(default)]
    milestone: Option<Text<1, 20>>,
    /// Only issues that were changed at this time or later: RFC 3339, for example `2026-01-31T08:00:00Z`.
    #[serde(default)]
    since: Option<Time>,
    /// In which order.
    #[serde(default)]
    sort: Sort,
    /// In which direction. Descending when absent.
    #[serde(default)]
    direction: Option<Direction>,
    /// GitHub lists pull requests among the issues: whether to give them too. Without them a page may have fewer items
    /// than `per_page`, even none, while `has_more` is true.
    #[serde(default)]
    include_pull_requests: bool,
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
    Comments,
}

impl Sort {
    const fn parameter(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Comments => "comments",
        }
    }
}

/// A page of issues.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ListIssuesOutput {
    /// The issues.
    issues: Vec<Issue>,
    /// Which page this is.
    page: u64,
    /// Whether there is a next page.
    has_more: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Issue {
    /// Its number.
    number: u64,
    /// Its title.
    title: String,
    /// `open` or `closed`.
    state: String,
    /// Why it is in this state, for example `completed`, `not_planned` or `reopened`.
    state_reason: Option<String>,
    /// Present and true when it is a pull request.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pull_request: bool,
    /// Who opened it.
    author: Option<String>,
    /// Its labels.
    labels: Vec<String>,
    /// Who is assigned to it.
    assignees: Vec<String>,
    /// Its milestone's title.
    milestone: Option<String>,
    /// How many comments it has.
    comments: u64,
    /// When it was opened: RFC 3339.
    created_at: String,
    /// When it was last changed: RFC 3339.
    updated_at: String,
    /// When it was closed: RFC 3339.
    closed_at: Option<String>,
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
    state_reason: Option<String>,
    pull_request: Option<IgnoredAny>,
    user: Option<Account>,
    #[serde(default)]
    labels: Vec<Label>,
    assignees: Option<Vec<Account>>,
    milestone: Option<Milestone>,
    #[serde(default)]
    comments: u64,
    created_at: String,
    updated_at: String,
    closed_at: Option<String>,
    body: Option<String>,
    html_url: String,
}

#[derive(Deserialize)]
struct Milestone {
    title: String,
}

/// The tool.
pub struct ListIssues;

impl Tool for ListIssues {
    const NAME: &'static str = "list_issues";
    const TITLE: &'static str = "List issues";
    const DESCRIPTION: &'static str = "Lists issues of a GitHub repository with author, labels, assignees and the \
        beginning of each description, newest first unless asked otherwise.";
    const ANNOTATIONS: Annotations = Annotations::READS;
    type Input = ListIssuesInput;
    type Output = ListIssuesOutput;

    fn call(input: ListIssuesInput) -> Result<ListIssuesOutput, ToolError> {
        if input.labels.len() > MAX_LABELS {
            return Err(ToolError::invalid("/labels", format!("must have {MAX_LABELS} items at most")));
        }
        if let Some(index) = input.labels.iter().position(|label| label.as_str().contains(',')) {
            return Err(ToolError::invalid(format!("/labels/{index}"), "must not have a comma"));
        }
        let (page, per_page) = (input.page.to_string(), input.per_page.to_string());
        let labels = input.labels.iter().map(Text::as_str).collect::<Vec<_>>().join(",");
        let query = present(&[
            ("state", Some(input.state.parameter())),
            ("labels", Some(labels.as_str()).filter(|labels| !labels.is_empty())),
            ("assignee", input.assignee.as_ref().map(Text::as_str)),
            ("creator", input.creator.as_ref().map(Text::as_str)),
            ("mentioned", input.mentioned.as_ref().map(Text::as_str)),
            ("milestone", input.milestone.as_ref().map(Text::as_str)),
            ("since", input.since.as_ref().map(|time| time.0.as_str())),
            ("sort", Some(input.sort.parameter())),
            ("direction", input.direction.map(Direction::parameter)),
            ("per_page", Some(&per_page)),
            ("page", Some(&page)),
        ]);
        let path = in_repository(&input.owner, &input.repo, "/issues");
        let fields = ["assignee", "creator", "mentioned", "milestone", "since", "page"];
        let fields = fields.map(|field| (field, format!("/{field}")));
        let fields: Vec<_> = fields.iter().map(|(field, pointer)| (*field, pointer.as_str())).collect();
        let response = Api::new()?.get(&path, &query).map_err(|error| error.about(&fields))?;
        let found: Vec<Found> = api::json(&response)?;
        let most = input.body_characters.length();
        let wanted = found.into_iter().filter(|found| input.include_pull_requests || found.pull_request.is_none());
        Ok(ListIssuesOutput {
            issues: wanted.map(|found| Issue::of(found, most)).collect(),
            page: input.page.get(),
            has_more: has_more(&response),
        })
    }
}

impl Issue {
    fn of(found: Found, body: usize) -> Self {
        Self {
            number: found.number,
            title: found.title,
            state: found.state,
            state_reason: found.state_reason,
            pull_request: found.pull_request.is_some(),
            author: login(found.user),
            labels: labels(found.labels),
            assignees: logins(found.assignees),
            milestone: found.milestone.map(|milestone| milestone.title),
            comments: found.comments,
            created_at: found.created_at,
            updated_at: found.updated_at,
            closed_at: found.closed_at,
            body: if body == 0 { None } else { beginning(found.body, body) },
            url: found.html_url,
        }
    }
}

#[cfg(test)]
mod tests {
    use bulkhead_connector_kit::ToolError;
    use serde_json::{Value, json};

    use super::MAX_LABELS;
    use crate::testing::{GitHub, answer, fault, with};

    const ISSUES: &str = r#"[{"id":1,"number":1347,"title":"Found a bug","state":"open","state_reason":null,
        "user":{"login":"octocat"},"labels":[{"name":"bug"},"plain",{"name":null}],"assignees":[{"login":"hubot"}],
        "milestone":{"number":1,"title":"v1.0"},"comments":2,"created_at":"2011-04-22T13:33:48Z",
        "updated_at":"2011-04-23T13:33:48Z","closed_at":null,"body":"I'm having a problem with this.",
        "html_url":"https://github.com/octocat/Hello-World/issues/1347"},
        {"number":1348,"title":"A change","state":"open","user":{"login":"octocat"},"labels":[],"assignees":[],
        "pull_request":{"url":"https://api.github.com/repos/octocat/Hello-World/pulls/1348"},"comments":0,
        "created_at":"2011-04-22T13:33:48Z","updated_at":"2011-04-22T13:33:48Z","body":null,
        "html_url":"https://github.com/octocat/Hello-World/pull/1348"}]"#;

    fn arguments(change: Value) -> Value {
        with(&json!({"owner": "octocat", "repo": "Hello-World"}), change)
    }

    #[test]
    fn issues_are_told_in_short_without_pull_requests() {
        let github = GitHub::new([answer(200, ISSUES)]);
        let expected = json!({"issues": [{
            "number": 1347, "title": "Found a bug", "state": "open", "state_reason": null, "author": "octocat",
            "labels": ["bug", "plain"], "assignees": ["hubot"], "milestone": "v1.0", "comments": 2,
            "created_at": "2011-04-22T13:33:48Z", "updated_at": "2011-04-23T13:33:48Z", "closed_at": null,
            "body": "I'm having a problem with this.", "url": "https://github.com/octocat/Hello-World/issues/1347",
        }], "page": 1, "has_more": false});
        assert_eq!(github.call("list_issues", arguments(json!({}))), Ok(expected));
        let with_pulls = json!({"include_pull_requests": true, "body_characters": 0});
        let found = GitHub::new([answer(200, ISSUES)]).call("list_issues", arguments(with_pulls));
        let found = found.expect("is answered");
        assert_eq!((&found["issues"][1]["pull_request"], &found["issues"][0]["body"]), (&json!(true), &Value::Null));
    }

    #[test]
    fn arguments_become_parameters() {
        let github = GitHub::new([answer(200, "[]")]);
        let change = json!({
            "state": "closed", "labels": ["bug", "good first issue"], "assignee": "*", "creator": "mona",
            "mentioned": "hubot", "milestone": "none", "since": "2026-01-31T08:00:00Z", "sort": "comments",
            "direction": "asc", "page": 3, "per_page": 1,
        });
        github.call("list_issues", arguments(change)).expect("is answered");
        let parameters = "state=closed labels=bug,good first issue assignee=* creator=mona mentioned=hubot \
                          milestone=none since=2026-01-31T08:00:00Z sort=comments direction=asc per_page=1 page=3";
        assert!(github.sent()[0].line.ends_with(parameters), "{}", github.sent()[0].line);
    }

    #[test]
    fn what_github_finds_wrong_with_an_argument_is_its_fault() {
        let body = r#"{"message":"Validation Failed","errors":[{"value":"x","resource":"Issue","field":"assignee",
            "code":"invalid"}]}"#;
        let refused = GitHub::new([answer(422, body)]).call("list_issues", arguments(json!({"assignee": "x"})));
        assert_eq!(refused, Err(ToolError::invalid("/assignee", "is not valid")));
    }

    #[test]
    fn arguments_that_make_no_sense_are_refused_before_anything_is_asked() {
        for (change, place) in [
            (json!({"since": "yesterday"}), "/since"),
            (json!({"labels": ["a,b"]}), "/labels/0"),
            (json!({"labels": ["a", ""]}), "/labels/1"),
            (json!({"labels": vec!["a"; MAX_LABELS + 1]}), "/labels"),
            (json!({"creator": "x".repeat(101)}), "/creator"),
            (json!({"milestone": ""}), "/milestone"),
            (json!({"per_page": 0}), "/per_page"),
        ] {
            assert_eq!(fault("list_issues", arguments(change)), place);
        }
        let most = GitHub::new([answer(200, "[]")]);
        assert!(most.call("list_issues", arguments(json!({"labels": vec!["a"; MAX_LABELS]}))).is_ok());
    }
}
