//! `get_repository`: what a repository is.

use bulkhead_connector_kit::{Annotations, Tool, ToolError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::{self, Api, in_repository};
use crate::argument::{Owner, Repo};

/// Which repository.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetRepositoryInput {
    /// The user or organisation that owns the repository, for example `octocat`.
    owner: Owner,
    /// The repository's name without its owner, for example `hello-world`.
    repo: Repo,
}

/// The repository.
#[derive(Debug, Serialize, JsonSchema)]
pub struct GetRepositoryOutput {
    /// Owner and name, as they are now: a renamed repository is found under its old name too.
    full_name: String,
    /// What it is for.
    description: Option<String>,
    /// `public`, `private` or `internal`.
    visibility: Option<String>,
    /// The branch that pull requests and new workflow runs are based on.
    default_branch: String,
    /// Its main programming language.
    language: Option<String>,
    /// Its topics.
    topics: Vec<String>,
    /// Its licence: an SPDX identifier.
    license: Option<String>,
    /// Whether it is read-only for everyone.
    archived: bool,
    /// Whether it is a fork.
    fork: bool,
    /// What it is a fork of.
    forked_from: Option<String>,
    /// Whether issues can be opened.
    has_issues: bool,
    /// How many issues and pull requests are open, together.
    open_issues_and_pull_requests: u64,
    /// How many users starred it.
    stars: u64,
    /// How many forks it has.
    forks: u64,
    /// What the connector's token may do: `pull`, `triage`, `push`, `maintain`, `admin`. Empty without a token.
    permissions: Vec<String>,
    /// Its homepage.
    homepage: Option<String>,
    /// When it was made: RFC 3339.
    created_at: Option<String>,
    /// When something was last pushed: RFC 3339.
    pushed_at: Option<String>,
    /// Its web page.
    url: String,
    /// Where to clone it from over HTTPS.
    clone_url: Option<String>,
}

#[derive(Deserialize)]
struct Found {
    full_name: String,
    description: Option<String>,
    visibility: Option<String>,
    default_branch: String,
    language: Option<String>,
    #[serde(default)]
    topics: Vec<String>,
    license: Option<License>,
    #[serde(default)]
    archived: bool,
    #[serde(default)]
    fork: bool,
    parent: Option<Parent>,
    #[serde(default)]
    has_issues: bool,
    #[serde(default)]
    open_issues_count: u64,
    #[serde(default)]
    stargazers_count: u64,
    #[serde(default)]
    forks_count: u64,
    permissions: Option<Permissions>,
    homepage: Option<String>,
    created_at: Option<String>,
    pushed_at: Option<String>,
    html_url: String,
    clone_url: Option<String>,
}

#[derive(Deserialize)]
struct License {
    spdx_id: Option<String>,
    name: String,
}

#[derive(Deserialize)]
struct Parent {
    full_name: String,
}

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct Permissions {
    pull: bool,
    triage: bool,
    push: bool,
    maintain: bool,
    admin: bool,
}

/// The tool.
pub struct GetRepository;

impl Tool for GetRepository {
    const NAME: &'static str = "get_repository";
    const TITLE: &'static str = "Get a repository";
    const DESCRIPTION: &'static str = "Tells what a GitHub repository is: its default branch, visibility, language and \
        licence, how many issues are open, and what the connector's token may do there. Use it first to learn the \
        default branch or whether something can be changed.";
    const ANNOTATIONS: Annotations = Annotations::READS;
    type Input = GetRepositoryInput;
    type Output = GetRepositoryOutput;

    fn call(input: GetRepositoryInput) -> Result<GetRepositoryOutput, ToolError> {
        let response = Api::new()?.get(&in_repository(&input.owner, &input.repo, ""), &[])?;
        Ok(api::json::<Found>(&response)?.into())
    }
}

impl From<Found> for GetRepositoryOutput {
    fn from(found: Found) -> Self {
        let license = found.license.map(|license| match license.spdx_id {
            // GitHub found a licence that SPDX has no name for.
            Some(id) if id != "NOASSERTION" => id,
            _ => license.name,
        });
        Self {
            full_name: found.full_name,
            description: found.description,
            visibility: found.visibility,
            default_branch: found.default_branch,
            language: found.language,
            topics: found.topics,
            license,
            archived: found.archived,
            fork: found.fork,
            forked_from: found.parent.map(|parent| parent.full_name),
            has_issues: found.has_issues,
            open_issues_and_pull_requests: found.open_issues_count,
            stars: found.stargazers_count,
            forks: found.forks_count,
            permissions: found.permissions.unwrap_or_default().names(),
            homepage: found.homepage.filter(|homepage| !homepage.is_empty()),
            created_at: found.created_at,
            pushed_at: found.pushed_at,
            url: found.html_url,
            clone_url: found.clone_url,
        }
    }
}

impl Permissions {
    fn names(&self) -> Vec<String> {
        let all = [
            ("pull", self.pull),
            ("triage", self.triage),
            ("push", self.push),
            ("maintain", self.maintain),
            ("admin", self.admin),
        ];
        all.into_iter().filter(|(_, granted)| *granted).map(|(name, _)| name.to_owned()).collect()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use serde_json::json;

    use crate::testing::{GitHub, answer, fault};

    pub(crate) const REPOSITORY: &str = r#"{"id":1296269,"node_id":"MDEwOlJlcG9zaXRvcnkxMjk2MjY5","name":"Hello-World",
        "full_name":"octocat/Hello-World","owner":{"login":"octocat","id":1},"private":true,"visibility":"private",
        "html_url":"https://github.com/octocat/Hello-World","description":"This your first repo!","fork":true,
        "clone_url":"https://github.com/octocat/Hello-World.git","homepage":"","language":null,"forks_count":9,
        "stargazers_count":80,"open_issues_count":3,"topics":["octocat","api"],"has_issues":true,"archived":false,
        "default_branch":"main","pushed_at":"2026-01-26T19:06:43Z","created_at":"2011-01-26T19:01:12Z",
        "permissions":{"admin":false,"push":true,"pull":true},"parent":{"full_name":"mona/Hello-World","id":2},
        "license":{"key":"other","name":"Other","spdx_id":"NOASSERTION","url":null}}"#;

    #[test]
    fn a_repository_is_told_in_short() {
        let github = GitHub::new([answer(200, REPOSITORY)]);
        let found = github.call("get_repository", json!({"owner": "octocat", "repo": "Hello-World"}));
        let expected = json!({
            "full_name": "octocat/Hello-World", "description": "This your first repo!", "visibility": "private",
            "default_branch": "main", "language": null, "topics": ["octocat", "api"], "license": "Other",
            "archived": false, "fork": true, "forked_from": "mona/Hello-World", "has_issues": true,
            "open_issues_and_pull_requests": 3, "stars": 80, "forks": 9, "permissions": ["pull", "push"],
            "homepage": null, "created_at": "2011-01-26T19:01:12Z", "pushed_at": "2026-01-26T19:06:43Z",
            "url": "https://github.com/octocat/Hello-World",
            "clone_url": "https://github.com/octocat/Hello-World.git",
        });
        assert_eq!(found, Ok(expected));
        assert_eq!(github.sent()[0].line, "GET https://api.github.com/repos/octocat/Hello-World");
    }

    #[test]
    fn a_name_that_is_none_is_refused_before_anything_is_asked() {
        let place = |owner: &str, repo: &str| fault("get_repository", json!({"owner": owner, "repo": repo}));
        assert_eq!(place("octo/cat", "x"), "/owner");
        assert_eq!(place("octocat", ".."), "/repo");
        assert_eq!(fault("get_repository", json!({"owner": "a", "repo": "b", "branch": "c"})), "/branch");
    }
}
