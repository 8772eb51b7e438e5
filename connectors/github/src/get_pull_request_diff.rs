//! `get_pull_request_diff`: what a pull request changes.

use bulkhead_connector_kit::{Annotations, Tool, ToolError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api::{self, Api, has_more, in_repository};
use crate::argument::{Id, Owner, Repo, Text, Whole};
use crate::diff::{FileSummary, Fitted, LeftOut, Section, fit, sections};
use crate::refusal::ApiError;

const DIFF: &str = "application/vnd.github.diff";
/// The most paths that can be asked for.
const MAX_PATHS: usize = 100;
/// How many pages of 100 files are read when GitHub makes no diff of all.
const MAX_PAGES: usize = 10;

/// Which pull request, and how much of it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetPullRequestDiffInput {
    /// The user or organisation that owns the repository, for example `octocat`.
    owner: Owner,
    /// The repository's name without its owner, for example `hello-world`.
    repo: Repo,
    /// The pull request's number.
    number: Id,
    /// Only these files and, with a slash at the end, what is in these folders: for example `src/main.rs` or `docs/`.
    #[serde(default)]
    #[schemars(length(max = MAX_PATHS))]
    paths: Vec<Text<1, 1_024>>,
    /// Give at most this many bytes of the diff, in whole files.
    #[serde(default = "default_bytes")]
    max_bytes: Whole<1_000, 200_000>,
}

const fn default_bytes() -> Whole<1_000, 200_000> {
    Whole::new(60_000)
}

/// The diff.
#[derive(Debug, Serialize, JsonSchema)]
pub struct GetPullRequestDiffOutput {
    /// The pull request's number.
    number: u64,
    /// The diff in git's unified format: whole files, in GitHub's order.
    diff: String,
    /// The files in it.
    files: Vec<FileSummary>,
    /// The files that did not fit, or of which GitHub gives no diff. Ask for them with `paths`.
    left_out: Vec<LeftOut>,
    /// How many lines are missing at the end: present when one file alone was too large.
    #[serde(default, skip_serializing_if = "is_zero")]
    cut_lines: u64,
    /// Present and true when there are more files than GitHub lists.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    more_files: bool,
    /// The changes' web page.
    url: String,
}

#[cfg_attr(
    not(target_family = "wasm"),
    expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")
)]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

#[derive(Deserialize)]
struct File {
    filename: String,
    previous_filename: Option<String>,
    status: String,
    #[serde(default)]
    additions: u64,
    #[serde(default)]
    deletions: u64,
    patch: Option<String>,
}

/// The tool.
pub struct GetPullRequestDiff;

impl Tool for GetPullRequestDiff {
    const NAME: &'static str = "get_pull_request_diff";
    const TITLE: &'static str = "Get a pull request's diff";
    const DESCRIPTION: &'static str = "Gives what a GitHub pull request changes as a unified diff. Of a large one as \
        many whole files as fit, and the names of the others, which can then be asked for with paths.";
    const ANNOTATIONS: Annotations = Annotations::READS;
    type Input = GetPullRequestDiffInput;
    type Output = GetPullRequestDiffOutput;

    fn call(input: GetPullRequestDiffInput) -> Result<GetPullRequestDiffOutput, ToolError> {
        if input.paths.len() > MAX_PATHS {
            return Err(ToolError::invalid("/paths", format!("must have {MAX_PATHS} items at most")));
        }
        let api = Api::new()?;
        let path = in_repository(&input.owner, &input.repo, &format!("/pulls/{}", input.number));
        let (mut found, more_files) = match api.get_as(DIFF, &path, &[]) {
            Ok(response) => (sections(&response.text()), false),
            // The whole is too large for GitHub to make; file by file it does.
            Err(ApiError::Refused(refusal)) if refusal.status == 406 => files(&api, &format!("{path}/files"))?,
            Err(error) => return Err(error.into()),
        };
        if !input.paths.is_empty() {
            choose(&mut found, &input.paths)?;
        }
        let Fitted { text: diff, files, left_out, cut_lines } = fit(found, input.max_bytes.length());
        let url = api.web(&input.owner, &input.repo, &format!("/pull/{}/files", input.number));
        Ok(GetPullRequestDiffOutput { number: input.number.get(), diff, files, left_out, cut_lines, more_files, url })
    }

    fn text(output: &GetPullRequestDiffOutput) -> Option<String> {
        let mut text = output.diff.clone();
        if output.cut_lines > 0 {
            text.push_str(&format!("\n[{} more lines of this file]\n", output.cut_lines));
        }
        if !output.left_out.is_empty() {
            text.push_str(&format!("\n[{} files left out]\n", output.left_out.len()));
            output.left_out.iter().for_each(|file| text.push_str(&file.line()));
        }
        if output.more_files {
            text.push_str("[and more files than GitHub lists]\n");
        }
        if text.is_empty() { Some("[no changes]".to_owned()) } else { Some(text) }
    }
}

/// The files' own diffs, and whether there are more files than were read.
fn files(api: &Api, path: &str) -> Result<(Vec<Section>, bool), ApiError> {
    let mut found = Vec::new();
    for page in 1..=MAX_PAGES {
        let response = api.get(path, &[("per_page", "100"), ("page", &page.to_string())])?;
        found.extend(api::json::<Vec<File>>(&response)?.into_iter().map(File::section));
        if !has_more(&response) {
            return Ok((found, false));
        }
    }
    Ok((found, true))
}

impl File {
    /// Its diff under the lines that git would write above it.
    fn section(self) -> Section {
        let before = self.previous_filename.as_ref().unwrap_or(&self.filename);
        let after = &self.filename;
        let old = if self.status == "added" { "/dev/null".to_owned() } else { format!("a/{before}") };
        let new = if self.status == "removed" { "/dev/null".to_owned() } else { format!("b/{after}") };
        let text = self.patch.map(|patch| {
            let patch = patch.trim_end_matches('\n');
            format!("diff --git a/{before} b/{after}\n--- {old}\n+++ {new}\n{patch}\n")
        });
        Section { additions: self.additions, deletions: self.deletions, text, path: self.filename }
    }
}

/// Keeps the sections of these paths. A path that names nothing is a mistake.
fn choose(sections: &mut Vec<Section>, paths: &[Text<1, 1_024>]) -> Result<(), ToolError> {
    let names = |wanted: &str, path: &str| path == wanted || (wanted.ends_with('/') && path.starts_with(wanted));
    for (index, wanted) in paths.iter().enumerate() {
        if !sections.iter().any(|section| names(wanted.as_str(), &section.path)) {
            const SHOWN: usize = 20;
            let changed: Vec<_> = sections.iter().take(SHOWN).map(|section| section.path.as_str()).collect();
            let more = if sections.len() > SHOWN { ", …" } else { "" };
            let message = format!("names no changed file; changed are {}{more}", changed.join(", "));
            return Err(ToolError::invalid(format!("/paths/{index}"), message));
        }
    }
    sections.retain(|section| paths.iter().any(|wanted| names(wanted.as_str(), &section.path)));
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::MAX_PATHS;
    use crate::testing::{GitHub, answer, fault, with};

    const A: &str = "diff --git a/src/a.rs b/src/a.rs\nindex 1..2 100644\n--- a/src/a.rs\n+++ b/src/a.rs\n\
                     @@ -1 +1 @@\n-one\n+two\n";
    const B: &str = "diff --git a/docs/b.md b/docs/b.md\nnew file mode 100644\nindex 0..2\n--- /dev/null\n\
                     +++ b/docs/b.md\n@@ -0,0 +1 @@\n+new\n";
    const TOO_LARGE: &str = r#"{"message":"Sorry, the diff exceeded the maximum number of lines (20000)",
        "errors":[{"resource":"PullRequest","field":"diff","code":"too_large"}]}"#;

    fn arguments(change: Value) -> Value {
        with(&json!({"owner": "octocat", "repo": "Hello-World", "number": 7}), change)
    }

    #[test]
    fn a_diff_is_handed_back_whole_where_it_fits() {
        let github = GitHub::new([answer(200, format!("{A}{B}"))]);
        let (found, text) = github.reply("get_pull_request_diff", arguments(json!({}))).expect("is answered");
        let expected = json!({
            "number": 7, "diff": format!("{A}{B}"), "left_out": [],
            "files": [
                {"path": "src/a.rs", "additions": 1, "deletions": 1},
                {"path": "docs/b.md", "additions": 1, "deletions": 0},
            ],
            "url": "https://github.com/octocat/Hello-World/pull/7/files",
        });
        assert_eq!((found, text), (expected, Some(format!("{A}{B}"))));
        let sent = &github.sent()[0];
        assert_eq!(sent.line, "GET https://api.github.com/repos/octocat/Hello-World/pulls/7");
        assert_eq!(sent.headers["accept"], "application/vnd.github.diff");
    }

    #[test]
    fn files_that_do_not_fit_are_named() {
        let large = format!("{A}{}", "+x\n".repeat(1_000));
        let github = GitHub::new([answer(200, format!("{large}{B}"))]);
        let (found, text) =
            github.reply("get_pull_request_diff", arguments(json!({"max_bytes": 1_000}))).expect("is answered");
        assert_eq!(found["diff"], B);
        let left = json!([{"path": "src/a.rs", "additions": 1_001, "deletions": 1, "bytes": large.len()}]);
        assert_eq!(found["left_out"], left);
        assert!(text.expect("has a text").contains("[1 files left out]\nsrc/a.rs: +1001 -1"));

        let github = GitHub::new([answer(200, large)]);
        let (found, text) =
            github.reply("get_pull_request_diff", arguments(json!({"max_bytes": 1_000}))).expect("is answered");
        let kept = found["diff"].as_str().expect("a diff");
        assert!(kept.len() <= 1_000 && kept.starts_with(A) && kept.ends_with("+x\n"), "{kept}");
        assert!(found["cut_lines"].as_u64().is_some_and(|cut| cut > 600), "{found}");
        assert!(text.expect("has a text").contains("more lines of this file"));
    }

    #[test]
    fn files_are_chosen_by_path_and_folder() {
        for (paths, expected) in [
            (json!(["src/a.rs"]), A.to_owned()),
            (json!(["docs/"]), B.to_owned()),
            (json!(["docs/", "src/a.rs"]), format!("{A}{B}")),
        ] {
            let github = GitHub::new([answer(200, format!("{A}{B}"))]);
            let found = github.call("get_pull_request_diff", arguments(json!({"paths": paths}))).expect("is answered");
            assert_eq!(found["diff"], expected);
        }
        let github = GitHub::new([answer(200, format!("{A}{B}"))]);
        let refused = github.call("get_pull_request_diff", arguments(json!({"paths": ["docs/", "src"]})));
        let refused = refused.expect_err("is refused").to_string();
        assert_eq!(refused, "/paths/1: names no changed file; changed are src/a.rs, docs/b.md");
    }

    #[test]
    fn what_github_makes_no_diff_of_is_read_file_by_file() {
        let first = json!([
            {"filename": "src/a.rs", "status": "modified", "additions": 1, "deletions": 1, "patch": "@@ -1 +1 @@\n-one\n+two"},
            {"filename": "new.rs", "previous_filename": "old.rs", "status": "renamed", "patch": "@@ -1 +1 @@\n-x\n+y"},
        ]);
        let second = json!([
            {"filename": "huge.lock", "status": "modified", "additions": 9_000, "deletions": 8_000},
            {"filename": "added.rs", "status": "added", "additions": 1, "deletions": 0, "patch": "@@ -0,0 +1 @@\n+z"},
        ]);
        let github = GitHub::new([
            answer(406, TOO_LARGE),
            answer(200, first.to_string()).with_header("link", "<https://api.github.com/x?page=2>; rel=\"next\""),
            answer(200, second.to_string()),
        ]);
        let found = github.call("get_pull_request_diff", arguments(json!({}))).expect("is answered");
        let expected = "diff --git a/src/a.rs b/src/a.rs\n--- a/src/a.rs\n+++ b/src/a.rs\n@@ -1 +1 @@\n-one\n+two\n\
                        diff --git a/old.rs b/new.rs\n--- a/old.rs\n+++ b/new.rs\n@@ -1 +1 @@\n-x\n+y\n\
                        diff --git a/added.rs b/added.rs\n--- /dev/null\n+++ b/added.rs\n@@ -0,0 +1 @@\n+z\n";
        assert_eq!(found["diff"], expected);
        let left = json!([{"path": "huge.lock", "additions": 9_000, "deletions": 8_000, "bytes": null}]);
        assert_eq!(found["left_out"], left);
        let lines: Vec<_> = github.sent().into_iter().map(|sent| sent.line).collect();
        assert!(lines[2].ends_with("/pulls/7/files per_page=100 page=2"), "{lines:?}");
    }

    #[test]
    fn a_pull_request_without_changes_has_an_empty_diff() {
        let github = GitHub::new([answer(200, "")]);
        let (found, text) = github.reply("get_pull_request_diff", arguments(json!({}))).expect("is answered");
        assert_eq!((&found["diff"], &found["files"]), (&json!(""), &json!([])));
        assert_eq!(text.as_deref(), Some("[no changes]"));
    }

    #[test]
    fn arguments_that_make_no_sense_are_refused_before_anything_is_asked() {
        for (change, place) in [
            (json!({"number": 0}), "/number"),
            (json!({"paths": [""]}), "/paths/0"),
            (json!({"paths": vec!["a"; MAX_PATHS + 1]}), "/paths"),
            (json!({"max_bytes": 999}), "/max_bytes"),
            (json!({"max_bytes": 200_001}), "/max_bytes"),
        ] {
            assert_eq!(fault("get_pull_request_diff", arguments(change)), place);
        }
    }
}
