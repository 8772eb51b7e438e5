//! The connector `github`: its requests against GitHub's own description, and what a description can't show against a
//! server that does it.

pub(crate) mod description;
mod granted;
pub(crate) mod server;

use std::io::{Cursor, Write};
use std::time::Duration;

use bulkhead_system_tests::{Host, Setup, run, run_with_input};
use description::{Answers, Described, REQUESTS, TOO_LARGE, WITHOUT};
use serde_json::{Value, json};
use server::{Seen, Server, answer};
use zip::CompressionMethod;
use zip::write::{SimpleFileOptions, ZipWriter};

/// A call of each tool, with every argument that becomes a part of a request.
fn calls() -> Vec<(&'static str, Value)> {
    let mut calls = vec![
        ("get_repository", json!({})),
        ("list_pull_requests", json!({})),
        (
            "list_pull_requests",
            json!({
                "state": "all", "head": "octocat:new topic", "base": "main", "sort": "long_running", "direction": "asc",
                "page": 2, "per_page": 100,
            }),
        ),
        ("get_pull_request_diff", json!({ "number": 1347 })),
        ("get_pull_request_diff", json!({ "number": WITHOUT })),
        ("list_issues", json!({})),
        (
            "list_issues",
            json!({
                "state": "closed", "labels": ["bug", "good first issue"], "assignee": "*", "creator": "octocat",
                "mentioned": "hubot", "milestone": "1", "since": "2026-01-31T08:00:00Z", "sort": "comments",
                "direction": "asc", "include_pull_requests": true, "page": 2, "per_page": 100,
            }),
        ),
        ("create_issue", json!({ "title": "Found a bug" })),
        (
            "create_issue",
            json!({
                "title": "Found a bug", "body": "It is broken.", "labels": ["bug"], "assignees": ["octocat"], "milestone": 1,
            }),
        ),
        ("add_comment", json!({ "number": 1347, "body": "Me too" })),
        ("list_workflow_runs", json!({})),
        (
            "list_workflow_runs",
            json!({
                "workflow": "my build.yml", "branch": "main", "sha": "009b8a3a9ccbb128af87f9b1c0f4c62e8a304f6d",
                // GitHub takes ranges too, but its description knows them in prose alone.
            "event": "push", "actor": "octocat", "status": "timed_out", "created": "2026-01-31T08:00:00Z", "page": 2,
                "per_page": 100,
            }),
        ),
        ("get_workflow_run_logs", json!({ "run_id": 30_433_642 })),
        ("get_workflow_run_logs", json!({ "run_id": 30_433_642, "attempt": 1 })),
        ("get_workflow_run_logs", json!({ "run_id": WITHOUT })),
        ("rerun_workflow", json!({ "run_id": 30_433_642 })),
        ("rerun_workflow", json!({ "run_id": 30_433_642, "failed_only": true, "debug_logging": true })),
        ("rerun_workflow", json!({ "run_id": 30_433_642, "job_id": 399_444_496 })),
        // An id would do for GitHub, but in its description a number is two things at once.
        ("dispatch_workflow", json!({ "workflow": "deploy.yml", "ref": "main" })),
        (
            "dispatch_workflow",
            json!({ "workflow": "my deploy.yml", "ref": "v1", "inputs": { "dry_run": true, "to": "staging" } }),
        ),
    ];
    for (_, arguments) in &mut calls {
        arguments["owner"] = json!("octocat");
        arguments["repo"] = json!("Hello-World");
    }
    calls
}

/// The configuration that points the connector there.
fn config(api: &str, storage: &str) -> String {
    format!("[connectors.github]\nbase_url = 'http://{api}'\nlog_storage_url = 'http://{storage}'\n")
}

async fn host(api: &Server, storage: &Server) -> Host {
    Setup::up().await.config(&config(&api.address, &storage.address)).start().await
}

fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    packed(files, SimpleFileOptions::default())
}

fn packed(files: &[(&str, &[u8])], options: SimpleFileOptions) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        writer.start_file(*name, options).expect("starts");
        writer.write_all(content).expect("writes");
    }
    writer.finish().expect("finishes").into_inner()
}

/// A storage of logs: an archive for runs but one, a text for jobs.
async fn storage() -> Server {
    let logs = archive(&[
        ("0_build.txt", b"2026-01-31T08:00:00.1234567Z all\n"),
        ("build/1_Set up job.txt", b"\xef\xbb\xbf2026-01-31T08:00:00.1234567Z ready\n"),
        ("build/2_Test.txt", b"2026-01-31T08:00:01.1234567Z one\n2026-01-31T08:00:02.1234567Z \x1b[31mfailed\x1b[0m\n"),
    ]);
    Server::start(move |seen: Seen| {
        std::future::ready(match seen.path.as_str() {
            path if path.contains("/jobs/") => answer(200, &[], "alone\n"),
            path if path.contains(&format!("/runs/{WITHOUT}/")) => answer(404, &[], ""),
            _ => answer(200, &[], logs.clone()),
        })
    })
    .await
}

fn text(result: &Value) -> &str {
    result["content"][0]["text"].as_str().unwrap_or_default()
}

fn repository() -> Value {
    json!({ "owner": "octocat", "repo": "Hello-World" })
}

fn with(change: &Value) -> Value {
    let mut arguments = repository();
    change.as_object().into_iter().flatten().for_each(|(name, value)| arguments[name] = value.clone());
    arguments
}

/// Calls every tool before Prism and gives the results.
async fn call_all(answers: Answers) -> Vec<(&'static str, Value)> {
    let storage = storage().await;
    let described = Described::start(answers, &storage.address).await;
    let host = host(&described.api, &storage).await;
    let tools = host.items("/v1/connectors/github/tools").await;
    let (mut results, mut sent) = (Vec::new(), Vec::new());
    for (tool, arguments) in calls() {
        let result = host.call(&format!("github_{tool}"), arguments.clone()).await;
        let checked = described.take();
        assert!(!checked.is_empty(), "{tool} sent nothing: {result:#}");
        for one in &checked {
            let shown = format!("{tool} {arguments}: {} {}", one.seen.method, one.seen.path);
            assert_eq!(one.faults, Vec::<Value>::new(), "{shown}");
            assert!(one.status < 400, "{shown}: {}", one.status);
            assert_eq!(described.unknown_names(&one.seen), Vec::<String>::new(), "{shown}");
            assert_eq!(one.seen.header("x-github-api-version"), "2022-11-28", "{shown}");
            assert!(one.seen.header("user-agent").starts_with("bulkhead-github/"), "{shown}");
            sent.push(described.request(&one.seen).unwrap_or_else(|| panic!("{shown} is none of REQUESTS")));
        }
        assert_eq!(result["isError"], false, "{tool} {arguments}: {result:#}");
        results.push((tool, result["structuredContent"].clone()));
    }
    for tool in &tools {
        assert!(results.iter().any(|(called, _)| tool["name"] == *called), "nobody calls {}", tool["name"]);
    }
    // What is made up may have no job with a log.
    if answers == Answers::Examples {
        let unsent: Vec<_> = REQUESTS.iter().filter(|request| !sent.contains(request)).collect();
        assert!(unsent.is_empty(), "no call sends {unsent:?}");
    }
    results
}

#[tokio::test(flavor = "multi_thread")]
async fn every_request_is_one_that_github_describes_and_its_examples_are_understood() {
    let results = call_all(Answers::Examples).await;
    let result =
        |tool: &str| results.iter().find(|(called, _)| *called == tool).map(|(_, result)| result).expect("called");
    assert_eq!(result("get_repository")["default_branch"], "master");
    assert_eq!(result("list_pull_requests")["pull_requests"][0]["number"], 1347);
    assert_eq!(result("get_pull_request_diff")["files"][0]["path"], "README");
    assert_eq!(result("create_issue")["url"], "https://github.com/octocat/Hello-World/issues/1347");
    assert_eq!(result("list_workflow_runs")["runs"][0]["id"], 30_433_642);
    let steps = &result("get_workflow_run_logs")["jobs"][0]["steps"];
    assert_eq!(steps[1]["log"], "one\nfailed\n", "{steps:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_github_describes_as_an_answer_is_understood() {
    call_all(Answers::Made).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_github_makes_no_diff_of_is_read_file_by_file() {
    let storage = storage().await;
    let files = json!([{ "filename": "a", "status": "modified", "additions": 1, "deletions": 1, "patch": "@@ -1 +1 @@\n-x\n+y" }]);
    let at = |api: &str, path: &str| format!("http://{api}{path}");
    // Under the repository's address, and under the one to which that of a renamed repository redirects.
    for renamed in [false, true] {
        let files = files.to_string();
        let answers = move |seen: Seen| {
            let path = seen.path.split('?').next().unwrap_or_default();
            if let Some(rest) = path.strip_prefix("/repos/octocat/Hello-World").filter(|_| renamed) {
                let location = at(seen.header("host"), &seen.path.replace(path, &format!("/repositories/1{rest}")));
                return std::future::ready(answer(301, &[("location", &location)], ""));
            }
            let is_list = path.ends_with("/files");
            std::future::ready(if is_list { answer(200, &[], files.clone()) } else { answer(406, &[], TOO_LARGE) })
        };
        let api = Server::start(answers).await;
        let result =
            host(&api, &storage).await.call("github_get_pull_request_diff", with(&json!({ "number": 7 }))).await;
        let diff = "diff --git a/a b/a\n--- a/a\n+++ b/a\n@@ -1 +1 @@\n-x\n+y\n";
        assert_eq!(result["structuredContent"]["diff"], diff, "{result:#}");
        let last = api.seen().pop().expect("it was asked").path;
        let place = if renamed { "/repositories/1" } else { "/repos/octocat/Hello-World" };
        assert!(last.starts_with(&format!("{place}/pulls/7/files?")), "{last}");
    }
}

const REPOSITORY: &str =
    r#"{"full_name":"octocat/Hello-World","default_branch":"main","html_url":"https://github.com/o/r"}"#;
const JOBS: &str = r#"{"total_count":1,"jobs":[{"id":7,"name":"build","run_attempt":1,"status":"completed",
    "conclusion":"failure","steps":[{"number":1,"name":"Set up job","conclusion":"success"},
    {"number":2,"name":"Test","conclusion":"failure"}]}]}"#;

#[tokio::test(flavor = "multi_thread")]
async fn logs_are_read_at_another_host_that_learns_nothing_of_the_api() {
    let storage = storage().await;
    let signed = format!("http://{}/logs?sig=s3cr3t", storage.address);
    let api = Server::in_turn([answer(200, &[], JOBS), answer(302, &[("location", &signed)], "")]).await;
    let host = host(&api, &storage).await;
    let result = host.call("github_get_workflow_run_logs", with(&json!({ "run_id": 9, "failed_only": true }))).await;
    let steps =
        json!([{ "number": 2, "name": "Test", "conclusion": "failure", "log": "one\nfailed\n", "omitted_lines": 0 }]);
    assert_eq!(result["structuredContent"]["jobs"][0]["steps"], steps, "{result:#}");
    assert!(text(&result).contains("--- 2. Test: failure\none\nfailed\n"), "{}", text(&result));

    let seen = storage.seen();
    assert_eq!((seen.len(), seen[0].path.as_str()), (1, "/logs?sig=s3cr3t"));
    let mut names: Vec<_> = seen[0].headers.keys().map(http::HeaderName::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["accept-encoding", "host", "user-agent"]);
    assert_eq!(seen[0].header("host"), storage.address);
    // The signature is a secret: nothing that is recorded has it.
    let job = host.job_of(&result).await;
    let events = host.events(job["id"].as_str().expect("an id")).await;
    assert_eq!(events.iter().filter(|event| event["kind"] == "outbound").count(), 3, "{events:#?}");
    assert!(!format!("{job}{events:?}{}", host.log()).contains("s3cr3t"));
}

#[tokio::test(flavor = "multi_thread")]
async fn logs_at_a_host_that_was_not_granted_are_not_fetched() {
    let (storage, other) = (storage().await, storage().await);
    let elsewhere = format!("http://{}/logs?sig=s3cr3t", other.address);
    let api = Server::in_turn([answer(200, &[], JOBS), answer(302, &[("location", &elsewhere)], "")]).await;
    let host = host(&api, &storage).await;
    let result = host.call("github_get_workflow_run_logs", with(&json!({ "run_id": 9 }))).await;
    assert_eq!(result["isError"], true);
    assert!(text(&result).contains(&other.address) && text(&result).contains("log_storage_url"), "{}", text(&result));
    assert!(!text(&result).contains("s3cr3t"));
    assert!(other.seen().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_inflates_too_far_is_told_and_costs_little_memory() {
    let large = vec![b'x'; 65 * 1024 * 1024];
    let logs = archive(&[("build/1_Set up job.txt", &large), ("build/2_Test.txt", b"failed\n")]);
    let storage = Server::in_turn([answer(200, &[], logs)]).await;
    let signed = format!("http://{}/logs", storage.address);
    let api = Server::in_turn([answer(200, &[], JOBS), answer(302, &[("location", &signed)], "")]).await;
    let host = host(&api, &storage).await;
    let result = host.call("github_get_workflow_run_logs", with(&json!({ "run_id": 9 }))).await;
    let steps = &result["structuredContent"]["jobs"][0]["steps"];
    assert_eq!(steps[0]["note"], "the log is larger than 67108864 bytes", "{result:#}");
    assert_eq!((&steps[0]["log"], &steps[1]["log"]), (&json!(""), &json!("failed\n")));
    let job = host.job_of(&result).await;
    let peak = job["usage"]["peak_memory_bytes"].as_u64().expect("memory is measured");
    assert!(peak < 16 * 1024 * 1024, "{peak}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_that_is_too_large_is_left_and_its_jobs_are_read_one_by_one() {
    const LARGEST: usize = 24 * 1024 * 1024;
    let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    let of_size = |bytes: usize| {
        let frame = packed(&[("build/2_Test.txt", b"")], stored).len();
        let mut content = vec![b'x'; bytes - frame];
        content.splice(bytes - frame - 8.., *b"\nfailed\n");
        packed(&[("build/2_Test.txt", &content)], stored)
    };
    for (size, is_read) in [(LARGEST, true), (LARGEST + 1, false)] {
        let logs = of_size(size);
        assert_eq!(logs.len(), size);
        let storage = Server::in_turn([answer(200, &[], logs), answer(200, &[], "alone\n")]).await;
        let signed = format!("http://{}/logs", storage.address);
        let redirect = || answer(302, &[("location", &signed)], "");
        let api = Server::in_turn([answer(200, &[], JOBS), redirect(), redirect()]).await;
        let host = host(&api, &storage).await;
        let result = host.call("github_get_workflow_run_logs", with(&json!({ "run_id": 9, "tail_lines": 1 }))).await;
        let job = &result["structuredContent"]["jobs"][0];
        let (log, note) = (&job["steps"][0]["log"], job["note"].as_str().unwrap_or_default());
        if is_read {
            assert_eq!((log, note), (&json!("failed\n"), ""), "{result:#}");
        } else {
            assert_eq!(log, "alone\n", "{result:#}");
            assert!(note.contains("larger than 25165824 bytes"), "{note}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_short_rate_limit_is_waited_for() {
    let storage = storage().await;
    let limited = answer(429, &[("retry-after", "1")], r#"{"message":"You have exceeded a secondary rate limit"}"#);
    let api = Server::in_turn([limited, answer(200, &[], REPOSITORY)]).await;
    let result = host(&api, &storage).await.call("github_get_repository", repository()).await;
    assert_eq!(result["structuredContent"]["default_branch"], "main", "{result:#}");
    let seen = api.seen();
    assert_eq!(seen.len(), 2);
    assert!(seen[1].at.duration_since(seen[0].at) >= Duration::from_secs(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_rate_limit_is_told_with_its_end() {
    let storage = storage().await;
    let in_an_hour = std::time::SystemTime::UNIX_EPOCH.elapsed().expect("the clock is right").as_secs() + 3_600;
    let reset = in_an_hour.to_string();
    let headers =
        [("x-ratelimit-limit", "5000"), ("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", reset.as_str())];
    let api = Server::in_turn([answer(403, &headers, r#"{"message":"API rate limit exceeded for user ID 1."}"#)]).await;
    let host = host(&api, &storage).await;
    let result = host.call("github_get_repository", repository()).await;
    assert_eq!(result["isError"], true);
    assert!(
        text(&result).contains("rate limit of 5000 requests an hour is used up; try again in 3"),
        "{}",
        text(&result)
    );
    assert_eq!(api.seen().len(), 1);
    let job = host.job_of(&result).await;
    assert_eq!((&job["status"], &job["error"]["type"]), (&json!("failed"), &json!("upstream")), "{job:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_survive_a_server_that_stumbles_and_writes_are_sent_once() {
    let storage = storage().await;
    let failed = || answer(502, &[], "<html>Bad Gateway</html>");
    let api = Server::in_turn([failed(), answer(503, &[], ""), answer(200, &[], REPOSITORY), failed()]).await;
    let host = host(&api, &storage).await;
    let result = host.call("github_get_repository", repository()).await;
    assert_eq!(result["isError"], false, "{result:#}");
    assert_eq!(api.seen().len(), 3);

    let result = host.call("github_create_issue", with(&json!({ "title": "Found a bug" }))).await;
    assert_eq!(result["isError"], true);
    assert!(text(&result).contains("whether GitHub did it is not known"), "{}", text(&result));
    assert_eq!(api.seen().len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_follow_each_other_until_there_is_no_link() {
    let storage = storage().await;
    let next =
        r#"<http://127.0.0.1/repositories/1/issues?page=2>; rel="next", <http://127.0.0.1/x?page=2>; rel="last""#;
    let first = r#"<http://127.0.0.1/repositories/1/issues?page=1>; rel="prev""#;
    let api = Server::in_turn([answer(200, &[("link", next)], "[]"), answer(200, &[("link", first)], "[]")]).await;
    let host = host(&api, &storage).await;
    for (page, has_more) in [(1, true), (2, false)] {
        let result = host.call("github_list_issues", with(&json!({ "page": page }))).await;
        assert_eq!(result["structuredContent"], json!({ "issues": [], "page": page, "has_more": has_more }));
    }
}

/// A token that GitHub would have made, as far as its looks go.
const TOKEN: &str = "github_pat_11AAAAAAA0nobody_ever_had_this_token_0123456789abcdef";

#[tokio::test(flavor = "multi_thread")]
async fn the_token_reaches_the_api_and_nobody_else() {
    let storage = storage().await;
    let logs = format!("http://{}/logs.zip?sig=x", storage.address);
    let api = Server::in_turn([answer(200, &[], JOBS), answer(302, &[("location", &logs)], "")]).await;
    let setup = Setup::up().await.config(&config(&api.address, &storage.address));
    let migrated = run(&mut setup.other_command(&["migrate"])).await;
    assert!(migrated.status.success(), "{}", migrated.errors);
    let set = run_with_input(&mut setup.other_command(&["secrets", "set", "github", "token"]), TOKEN).await;
    assert!(set.status.success(), "{}", set.errors);
    let host = setup.start().await;

    let result = host.call("github_get_workflow_run_logs", with(&json!({ "run_id": 30_433_642 }))).await;
    assert_eq!(result["isError"], false, "{result:#}");
    assert!(!api.seen().is_empty() && !storage.seen().is_empty());
    for seen in api.seen() {
        assert_eq!(seen.header("authorization"), format!("Bearer {TOKEN}"), "{}", seen.path);
    }
    for seen in storage.seen() {
        assert!(!format!("{:?}", seen.headers).contains(TOKEN), "{}", seen.path);
        assert_eq!(seen.header("authorization"), "", "{}", seen.path);
    }
    let job = host.job_of(&result).await;
    let events = host.items(&format!("/v1/jobs/{}/events", job["id"].as_str().expect("an id"))).await;
    let told = format!("{job} {events:?} {:?} {}", host.audit("").await, host.log());
    assert!(!told.contains(TOKEN), "the token is told");
}

/// What a person has for themselves.
const OWN: &str = "github_pat_11BBBBBBB0nobody_ever_had_this_token_0123456789abcdef";

#[tokio::test(flavor = "multi_thread")]
async fn ones_own_token_goes_before_the_one_for_everybody() {
    let api = Server::start(|_| {
        let refusal = json!({ "message": "Bad credentials" }).to_string();
        std::future::ready(answer(401, &[("content-type", "application/json")], refusal))
    })
    .await;
    let setup = Setup::up().await.config(&config(&api.address, &api.address));
    run(&mut setup.other_command(&["migrate"])).await;
    run_with_input(&mut setup.other_command(&["secrets", "set", "github", "token"]), TOKEN).await;
    let host = setup.start().await;
    let connector = host.get("/v1/connectors/github").await;
    assert_eq!(connector["auth_types"], json!(["oauth2", "api_key"]));
    let connect = async |body: Value| host.request("POST", "/v1/connections").key(host.key()).json(&body).send().await;
    let begun = connect(json!({ "connector": "github" })).await.expect(201);
    assert!(begun["authorize"]["url"].is_string(), "{begun:#}");
    let sent = || api.seen().last().map(|seen| seen.header("authorization").to_owned());

    // What is only begun is nobody's account yet.
    host.call("github_get_repository", repository()).await;
    assert_eq!(sent(), Some(format!("Bearer {TOKEN}")));
    let own = connect(json!({ "connector": "github", "label": "mine", "api_key": OWN })).await.expect(201);
    let refused = host.call("github_get_repository", repository()).await;
    assert_eq!(sent(), Some(format!("Bearer {OWN}")));
    assert!(text(&refused).contains("401") && text(&refused).contains("/v1/connections"), "{refused:#}");
    let path = format!("/v1/connections/{}", own["connection"]["id"].as_str().expect("an id"));
    assert_eq!(host.get(&path).await["status"], "active");
    assert_eq!(host.request("DELETE", &path).key(host.key()).send().await.status, 204);
    host.call("github_get_repository", repository()).await;
    assert_eq!(sent(), Some(format!("Bearer {TOKEN}")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_the_service_sends_back_never_reaches_the_tool() {
    let api = Server::start(|seen: Seen| {
        let echoed = json!({ "full_name": seen.header("authorization") }).to_string();
        std::future::ready(answer(200, &[("content-type", "application/json")], echoed))
    })
    .await;
    let setup = Setup::up().await.config(&config(&api.address, &api.address));
    run(&mut setup.other_command(&["migrate"])).await;
    run_with_input(&mut setup.other_command(&["secrets", "set", "github", "token"]), TOKEN).await;
    let host = setup.start().await;
    let result = host.call("github_get_repository", repository()).await;
    assert_eq!(result["_meta"]["bulkhead/error"]["type"], "credential_echoed", "{result:#}");
    let job = host.job_of(&result).await;
    let events = host.items(&format!("/v1/jobs/{}/events", job["id"].as_str().expect("an id"))).await;
    assert!(!format!("{result} {job} {events:?} {}", host.log()).contains(TOKEN), "the token is told");
}
