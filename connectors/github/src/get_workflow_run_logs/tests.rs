use bulkhead_connector_kit::http::Response;
use serde_json::{Value, json};

use super::MAX_SINGLE;
use crate::log::archive::tests::archive;
use crate::testing::{GitHub, Sent, answer, fault, with};

const SIGNED: &str = "https://productionresultssa0.blob.core.windows.net/actions-results/x?se=2026&sig=s3cr3t";

fn job(id: u64, name: &str, conclusion: &str, steps: &Value) -> Value {
    json!({
        "id": id, "name": name, "run_attempt": 2, "status": "completed", "conclusion": conclusion, "steps": steps,
        "html_url": format!("https://github.com/octo-org/octo-repo/actions/runs/9/job/{id}"),
    })
}

fn listed(jobs: &[Value]) -> Response {
    answer(200, json!({"total_count": jobs.len(), "jobs": jobs}).to_string())
}

fn jobs() -> Response {
    let steps = json!([
        {"number": 1, "name": "Set up job", "status": "completed", "conclusion": "success"},
        {"number": 2, "name": "Run cargo test", "status": "completed", "conclusion": "failure"},
    ]);
    listed(&[job(11, "build", "success", &json!([])), job(12, "test / unit", "failure", &steps)])
}

fn logs() -> Response {
    answer(
        200,
        archive(&[
            ("0_build.txt", b"\xef\xbb\xbf2026-01-31T08:00:00.1234567Z built\n"),
            ("1_test  unit.txt", b"everything\n"),
            ("test  unit/1_Set up job.txt", b"2026-01-31T08:00:00.1234567Z ready\n"),
            ("test  unit/2_Run cargo test.txt", b"1\n2\n\x1b[31mfailed\x1b[0m\n"),
        ]),
    )
}

fn redirect() -> Response {
    answer(302, "").with_header("location", SIGNED)
}

fn arguments(change: Value) -> Value {
    with(&json!({"owner": "octo-org", "repo": "octo-repo", "run_id": 9}), change)
}

fn call(github: &GitHub, change: Value) -> Value {
    github.call("get_workflow_run_logs", arguments(change)).expect("is answered")
}

fn lines(github: &GitHub) -> Vec<String> {
    let short = |sent: Sent| sent.line.replace("https://api.github.com/repos/octo-org/octo-repo/actions", "");
    github.sent().into_iter().map(short).collect()
}

#[test]
fn logs_are_told_by_job_and_step() {
    let github = GitHub::new([jobs(), redirect(), logs()]);
    let (found, text) = github.reply("get_workflow_run_logs", arguments(json!({}))).expect("is answered");
    let expected = json!({"run_id": 9, "attempt": 2, "url": "https://github.com/octo-org/octo-repo/actions/runs/9", "jobs": [
        {"id": 11, "name": "build", "status": "completed", "conclusion": "success",
         "url": "https://github.com/octo-org/octo-repo/actions/runs/9/job/11", "steps": [
            {"number": null, "name": null, "conclusion": null, "log": "built\n", "omitted_lines": 0}]},
        {"id": 12, "name": "test / unit", "status": "completed", "conclusion": "failure",
         "url": "https://github.com/octo-org/octo-repo/actions/runs/9/job/12", "steps": [
            {"number": 1, "name": "Set up job", "conclusion": "success", "log": "ready\n", "omitted_lines": 0},
            {"number": 2, "name": "Run cargo test", "conclusion": "failure", "log": "1\n2\nfailed\n", "omitted_lines": 0}]},
    ]});
    assert_eq!(found, expected);
    let text = text.expect("has a text");
    assert!(text.contains("=== test / unit (12): failure\n\n--- 1. Set up job: success\nready\n"), "{text}");
}

#[test]
fn the_storage_is_asked_without_anything_that_the_api_was_given() {
    let github = GitHub::new([jobs(), redirect(), logs()]);
    call(&github, json!({}));
    let sent = github.sent();
    assert_eq!(lines(&github)[..2], ["GET /runs/9/jobs per_page=100 page=1", "GET /runs/9/logs"]);
    assert!(sent[2].line.starts_with("GET https://productionresultssa0.blob.core.windows.net/actions-results/x se="));
    assert_eq!(sent[2].headers.keys().map(|name| name.as_str()).collect::<Vec<_>>(), ["user-agent"]);
}

#[test]
fn only_what_failed_is_told_when_that_is_asked_for() {
    let github = GitHub::new([jobs(), redirect(), logs()]);
    let found = call(&github, json!({"failed_only": true, "tail_lines": 1, "colors": true, "attempt": 2}));
    assert_eq!(found["jobs"].as_array().map(Vec::len), Some(1));
    let step = json!([{
        "number": 2, "name": "Run cargo test", "conclusion": "failure", "log": "\u{1b}[31mfailed\u{1b}[0m\n",
        "omitted_lines": 2,
    }]);
    assert_eq!(found["jobs"][0]["steps"], step);
    assert_eq!(lines(&github)[..2], ["GET /runs/9/attempts/2/jobs per_page=100 page=1", "GET /runs/9/attempts/2/logs"]);

    let all_well = GitHub::new([listed(&[job(11, "build", "success", &json!([]))])]);
    let found = all_well.reply("get_workflow_run_logs", arguments(json!({"failed_only": true})));
    let (found, text) = found.expect("is answered");
    assert_eq!(found["jobs"], json!([]));
    assert!(text.is_some_and(|text| text.contains("no job failed")));
}

#[test]
fn one_job_is_chosen_by_name_or_id() {
    for wanted in ["12", "unit", "TEST / UNIT"] {
        let found = call(&GitHub::new([jobs(), redirect(), logs()]), json!({"job": wanted}));
        assert_eq!(found["jobs"].as_array().map(Vec::len), Some(1));
        assert_eq!(found["jobs"][0]["id"], 12, "{wanted}");
    }
    let refused = GitHub::new([jobs()]).call("get_workflow_run_logs", arguments(json!({"job": "deploy"})));
    let refused = refused.expect_err("is refused").to_string();
    assert_eq!(refused, "/job: names no job of the run; its jobs are build (11), test / unit (12)");
}

#[test]
fn while_a_run_goes_on_its_completed_jobs_are_read_one_by_one() {
    let running = json!({"id": 13, "name": "deploy", "status": "in_progress", "conclusion": null, "steps": []});
    let github = GitHub::new([
        listed(&[job(11, "build", "success", &json!([])), running]),
        answer(404, r#"{"message":"Not Found"}"#),
        redirect(),
        answer(200, "2026-01-31T08:00:00.1234567Z built\n"),
    ]);
    let found = call(&github, json!({}));
    assert_eq!(found["jobs"][0]["steps"][0]["log"], "built\n");
    assert!(found["jobs"][0]["note"].as_str().is_some_and(|note| note.contains("whole job")), "{found:#}");
    assert!(found["jobs"][1]["note"].as_str().is_some_and(|note| note.contains("not completed")), "{found:#}");
    assert_eq!(lines(&github)[2], "GET /jobs/11/logs");
}

#[test]
fn a_job_that_the_archive_lacks_is_read_by_itself_and_so_are_twins() {
    let twins = [job(21, "build", "success", &json!([])), job(22, "build", "failure", &json!([]))];
    let github = GitHub::new([
        listed(&twins),
        redirect(),
        logs(),
        redirect(),
        answer(200, "second\n"),
        redirect(),
        answer(200, "first\n"),
    ]);
    let found = call(&github, json!({}));
    assert_eq!(found["jobs"][0]["steps"][0]["log"], "first\n");
    assert_eq!(found["jobs"][1]["steps"][0]["log"], "second\n");
    assert_eq!([&lines(&github)[3], &lines(&github)[5]], ["GET /jobs/22/logs", "GET /jobs/21/logs"]);
}

#[test]
fn jobs_that_are_read_one_by_one_are_limited() {
    let many: Vec<_> =
        (0..=MAX_SINGLE as u64).map(|n| job(n + 1, &format!("job {n}"), "success", &json!([]))).collect();
    let each = (0..MAX_SINGLE).flat_map(|_| [redirect(), answer(200, "x\n")]);
    let github = GitHub::new([listed(&many), answer(404, "{}")].into_iter().chain(each));
    let found = call(&github, json!({}));
    assert_eq!(found["jobs"][MAX_SINGLE - 1]["steps"][0]["log"], "x\n");
    assert!(found["jobs"][MAX_SINGLE]["note"].as_str().is_some_and(|note| note.contains("this job alone")));
}

#[test]
fn failed_steps_come_first_when_there_is_not_room_for_all() {
    let steps = json!([
        {"number": 1, "name": "Chatter", "conclusion": "success"}, {"number": 2, "name": "Test", "conclusion": "failure"},
    ]);
    let chatter = "chatter\n".repeat(100);
    let failure = "failure\n".repeat(100);
    let files: [(&str, &[u8]); 2] = [("a/1_Chatter.txt", chatter.as_bytes()), ("a/2_Test.txt", failure.as_bytes())];
    let github = GitHub::new([listed(&[job(1, "a", "failure", &steps)]), redirect(), answer(200, archive(&files))]);
    let found = call(&github, json!({"max_bytes": 1_000}));
    let [chatter_kept, failure_kept] = [0, 1].map(|index| found["jobs"][0]["steps"][index].clone());
    assert_eq!((&failure_kept["log"], &failure_kept["omitted_lines"]), (&json!(failure), &json!(0)));
    assert_eq!(chatter_kept["log"].as_str().map(str::len), Some(200));
    assert_eq!(chatter_kept["omitted_lines"], 75);
    assert_eq!(chatter_kept["note"], "max_bytes left no room for more");
}

#[test]
fn what_the_storage_refuses_is_told_without_the_signed_address() {
    for (responses, expected) in [
        (vec![jobs(), redirect(), answer(403, SIGNED)], "status 403"),
        (vec![jobs(), answer(302, "").with_header("location", "ftp://x/s3cr3t")], "not followed"),
        (vec![jobs(), answer(410, r#"{"message":"Server Error"}"#)], "410: Server Error"),
    ] {
        let refused = GitHub::new(responses).call("get_workflow_run_logs", arguments(json!({})));
        let refused = refused.expect_err("fails").to_string();
        assert!(refused.contains(expected) && !refused.contains("s3cr3t"), "{refused}");
    }
}

#[test]
fn arguments_that_make_no_sense_are_refused_before_anything_is_asked() {
    for (change, place) in [
        (json!({"run_id": 0}), "/run_id"),
        (json!({"attempt": 0}), "/attempt"),
        (json!({"job": ""}), "/job"),
        (json!({"tail_lines": 0}), "/tail_lines"),
        (json!({"tail_lines": 5_001}), "/tail_lines"),
        (json!({"max_bytes": 999}), "/max_bytes"),
        (json!({"max_bytes": 200_001}), "/max_bytes"),
    ] {
        assert_eq!(fault("get_workflow_run_logs", arguments(change)), place);
    }
}
