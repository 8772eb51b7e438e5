//! `add_comment`: a comment on an issue or a pull request.

use bulkhead_connector_kit::{Annotations, Tool, ToolError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::{self, Api, in_repository};
use crate::argument::{Id, Owner, Repo, Text};
use crate::named::{Account, login};

/// What to say, and where.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AddCommentInput {
    /// The user or organisation that owns the repository, for example `octocat`.
    owner: Owner,
    /// The repository's name without its owner, for example `hello-world`.
    repo: Repo,
    /// The number of the issue or the pull request.
    number: Id,
    /// The comment, in GitHub's Markdown.
    body: Text<1, 65_536>,
}

/// The comment.
#[derive(Debug, Serialize, JsonSchema)]
pub struct AddCommentOutput {
    /// Its id.
    id: u64,
    /// Who wrote it: whose token the connector has.
    author: Option<String>,
    /// When: RFC 3339.
    created_at: String,
    /// Its place on the web page.
    url: String,
}

#[derive(Serialize)]
struct Body<'a> {
    body: &'a str,
}

#[derive(Deserialize)]
struct Created {
    id: u64,
    user: Option<Account>,
    created_at: String,
    html_url: String,
}

/// The tool.
pub struct AddComment;

impl Tool for AddComment {
    const NAME: &'static str = "add_comment";
    const TITLE: &'static str = "Add a comment";
    const DESCRIPTION: &'static str = "Comments on an issue or a pull request of a GitHub repository. Every call adds \
        another comment, and people are notified of it.";
    const ANNOTATIONS: Annotations = Annotations::ADDS;
    type Input = AddCommentInput;
    type Output = AddCommentOutput;

    fn call(input: AddCommentInput) -> Result<AddCommentOutput, ToolError> {
        if input.body.as_str().trim().is_empty() {
            return Err(ToolError::invalid("/body", "is empty"));
        }
        let path = in_repository(&input.owner, &input.repo, &format!("/issues/{}/comments", input.number));
        let body = Body { body: input.body.as_str() };
        let response = Api::new()?.post(&path, &body).map_err(|error| error.about(&[("body", "/body")]))?;
        let Created { id, user, created_at, html_url: url } = api::json(&response)?;
        Ok(AddCommentOutput { id, author: login(user), created_at, url })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::{GitHub, answer, fault};

    const CREATED: &str = r#"{"id":1,"node_id":"MDEyOklzc3VlQ29tbWVudDE=","body":"Me too","user":{"login":"octocat"},
        "html_url":"https://github.com/octocat/Hello-World/issues/1347#issuecomment-1",
        "created_at":"2011-04-14T16:00:49Z","updated_at":"2011-04-14T16:00:49Z"}"#;

    #[test]
    fn a_comment_is_added() {
        let github = GitHub::new([answer(201, CREATED)]);
        let arguments = json!({"owner": "octocat", "repo": "Hello-World", "number": 1347, "body": "Me too"});
        let expected = json!({
            "id": 1, "author": "octocat", "created_at": "2011-04-14T16:00:49Z",
            "url": "https://github.com/octocat/Hello-World/issues/1347#issuecomment-1",
        });
        assert_eq!(github.call("add_comment", arguments), Ok(expected));
        let sent = &github.sent()[0];
        assert_eq!(sent.line, "POST https://api.github.com/repos/octocat/Hello-World/issues/1347/comments");
        assert_eq!(sent.body, json!({"body": "Me too"}));
    }

    #[test]
    fn arguments_that_make_no_sense_are_refused_before_anything_is_sent() {
        for (number, body, place) in [
            (0, "Me too".to_owned(), "/number"),
            (1, String::new(), "/body"),
            (1, " \n".to_owned(), "/body"),
            (1, "x".repeat(65_537), "/body"),
        ] {
            let arguments = json!({"owner": "o", "repo": "r", "number": number, "body": body});
            assert_eq!(fault("add_comment", arguments), place);
        }
    }
}
