//! `create_issue`: opens an issue.

use bulkhead_connector_kit::{Annotations, Tool, ToolError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::{self, Api, in_repository};
use crate::argument::{Id, Owner, Repo, Text};
use crate::named::{Account, Label, labels, logins};

/// The most labels and assignees that GitHub takes.
const MAX_LABELS: usize = 100;
const MAX_ASSIGNEES: usize = 10;

/// What the issue says.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateIssueInput {
    /// The user or organisation that owns the repository, for example `octocat`.
    owner: Owner,
    /// The repository's name without its owner, for example `hello-world`.
    repo: Repo,
    /// The title.
    title: Text<1, 256>,
    /// The description, in GitHub's Markdown.
    #[serde(default)]
    body: Option<Text<0, 65_536>>,
    /// Labels, by name.
    #[serde(default)]
    #[schemars(length(max = MAX_LABELS))]
    labels: Vec<Text<1, 100>>,
    /// Users to assign, by login.
    #[serde(default)]
    #[schemars(length(max = MAX_ASSIGNEES))]
    assignees: Vec<Text<1, 100>>,
    /// The number of the milestone that it belongs to.
    #[serde(default)]
    milestone: Option<Id>,
}

/// The issue.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CreateIssueOutput {
    /// Its number.
    number: u64,
    /// Its title.
    title: String,
    /// `open`.
    state: String,
    /// Its labels.
    labels: Vec<String>,
    /// Who is assigned to it.
    assignees: Vec<String>,
    /// What was asked for and GitHub left out without a word, as it does with labels, assignees and milestones when
    /// the connector's token may not push to the repository.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    left_out: Vec<String>,
    /// Its web page.
    url: String,
}

#[derive(Serialize)]
struct Body<'a> {
    title: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    labels: Vec<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    assignees: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    milestone: Option<Id>,
}

#[derive(Deserialize)]
struct Created {
    number: u64,
    title: String,
    state: String,
    #[serde(default)]
    labels: Vec<Label>,
    assignees: Option<Vec<Account>>,
    milestone: Option<Milestone>,
    html_url: String,
}

#[derive(Deserialize)]
struct Milestone {
    number: u64,
}

/// The tool.
pub struct CreateIssue;

impl Tool for CreateIssue {
    const NAME: &'static str = "create_issue";
    const TITLE: &'static str = "Create an issue";
    const DESCRIPTION: &'static str = "Opens an issue in a GitHub repository. Every call opens another one: look with \
        list_issues first whether there is one already.";
    const ANNOTATIONS: Annotations = Annotations::ADDS;
    type Input = CreateIssueInput;
    type Output = CreateIssueOutput;

    fn call(input: CreateIssueInput) -> Result<CreateIssueOutput, ToolError> {
        if input.title.as_str().trim().is_empty() {
            return Err(ToolError::invalid("/title", "is empty"));
        }
        for (place, count, most) in
            [("/labels", input.labels.len(), MAX_LABELS), ("/assignees", input.assignees.len(), MAX_ASSIGNEES)]
        {
            if count > most {
                return Err(ToolError::invalid(place, format!("must have {most} items at most")));
            }
        }
        let body = Body {
            title: input.title.as_str(),
            body: input.body.as_ref().map(Text::as_str),
            labels: input.labels.iter().map(Text::as_str).collect(),
            assignees: input.assignees.iter().map(Text::as_str).collect(),
            milestone: input.milestone,
        };
        let path = in_repository(&input.owner, &input.repo, "/issues");
        let fields = ["title", "body", "labels", "assignees", "milestone"];
        let fields = fields.map(|field| (field, format!("/{field}")));
        let fields: Vec<_> = fields.iter().map(|(field, pointer)| (*field, pointer.as_str())).collect();
        let response = Api::new()?.post(&path, &body).map_err(|error| error.about(&fields))?;
        let created: Created = api::json(&response)?;
        let (labels, assignees) = (labels(created.labels), logins(created.assignees));
        let mut left_out = missing("label", &body.labels, &labels);
        left_out.extend(missing("assignee", &body.assignees, &assignees));
        if let Some(milestone) = body.milestone
            && created.milestone.is_none_or(|created| created.number != milestone.get())
        {
            left_out.push(format!("milestone {milestone}"));
        }
        let Created { number, title, state, html_url: url, .. } = created;
        Ok(CreateIssueOutput { number, title, state, labels, assignees, left_out, url })
    }
}

/// What was asked for and is not there. GitHub takes no notice of letter case.
fn missing(kind: &str, asked: &[&str], there: &[String]) -> Vec<String> {
    let is_there = |name: &&&str| there.iter().any(|there| there.to_lowercase() == name.to_lowercase());
    asked.iter().filter(|name| !is_there(name)).map(|name| format!("{kind} {name}")).collect()
}

#[cfg(test)]
mod tests {
    use bulkhead_connector_kit::ToolError;
    use serde_json::{Value, json};

    use super::{MAX_ASSIGNEES, MAX_LABELS};
    use crate::testing::{GitHub, answer, fault, with};

    const CREATED: &str = r#"{"id":1,"number":1347,"title":"Found a bug","state":"open","user":{"login":"octocat"},
        "labels":[{"name":"Bug"}],"assignees":[],"milestone":null,"comments":0,
        "html_url":"https://github.com/octocat/Hello-World/issues/1347"}"#;

    fn arguments(change: Value) -> Value {
        with(&json!({"owner": "octocat", "repo": "Hello-World", "title": "Found a bug"}), change)
    }

    #[test]
    fn an_issue_is_opened_as_it_was_asked_for() {
        let github = GitHub::new([answer(201, CREATED)]);
        let change = json!({"body": "It is broken.", "labels": ["bug"]});
        let expected = json!({
            "number": 1347, "title": "Found a bug", "state": "open", "labels": ["Bug"], "assignees": [],
            "url": "https://github.com/octocat/Hello-World/issues/1347",
        });
        assert_eq!(github.call("create_issue", arguments(change)), Ok(expected));
        let sent = &github.sent()[0];
        assert_eq!(sent.line, "POST https://api.github.com/repos/octocat/Hello-World/issues");
        assert_eq!(sent.body, json!({"title": "Found a bug", "body": "It is broken.", "labels": ["bug"]}));
    }

    #[test]
    fn what_github_leaves_out_is_told() {
        let github = GitHub::new([answer(201, CREATED)]);
        let change = json!({"labels": ["bug", "urgent"], "assignees": ["mona"], "milestone": 3});
        let found = github.call("create_issue", arguments(change)).expect("is answered");
        assert_eq!(found["left_out"], json!(["label urgent", "assignee mona", "milestone 3"]));
        assert_eq!(github.sent()[0].body["milestone"], 3);
    }

    #[test]
    fn what_github_finds_wrong_with_an_argument_is_its_fault() {
        let body = r#"{"message":"Validation Failed","errors":[{"value":9,"resource":"Issue","field":"milestone",
            "code":"invalid"}],"documentation_url":"https://docs.github.com/rest/issues/issues#create-an-issue"}"#;
        let refused = GitHub::new([answer(422, body)]).call("create_issue", arguments(json!({"milestone": 9})));
        assert_eq!(refused, Err(ToolError::invalid("/milestone", "is not valid")));
        let gone = r#"{"message":"Issues are disabled for this repo"}"#;
        let refused = GitHub::new([answer(410, gone)]).call("create_issue", arguments(json!({})));
        let expected = "GitHub answered with status 410: Issues are disabled for this repo";
        assert_eq!(refused, Err(ToolError::upstream(410, expected)));
    }

    #[test]
    fn arguments_that_make_no_sense_are_refused_before_anything_is_sent() {
        for (change, place) in [
            (json!({"title": ""}), "/title"),
            (json!({"title": " "}), "/title"),
            (json!({"title": "x".repeat(257)}), "/title"),
            (json!({"body": "x".repeat(65_537)}), "/body"),
            (json!({"labels": vec!["a"; MAX_LABELS + 1]}), "/labels"),
            (json!({"assignees": vec!["a"; MAX_ASSIGNEES + 1]}), "/assignees"),
            (json!({"milestone": 0}), "/milestone"),
            (json!({"priority": 1}), "/priority"),
        ] {
            assert_eq!(fault("create_issue", arguments(change)), place);
        }
        let most = json!({
            "title": "x".repeat(256), "body": "x".repeat(65_536), "labels": vec!["bug"; MAX_LABELS],
            "assignees": vec!["a"; MAX_ASSIGNEES],
        });
        assert!(GitHub::new([answer(201, CREATED)]).call("create_issue", arguments(most)).is_ok());
    }
}
