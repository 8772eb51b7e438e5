//! Answering what a job asks for, over REST.

use bulkhead_system_tests::{Host, Reply, Setup, eventually};
use serde_json::{Value, json};

const ASKS_TWICE: &str = "input_required_result_multi_round";

async fn host() -> Host {
    Setup::up().await.with_conformance().start().await
}

/// A job that has asked.
async fn asking(host: &Host, tool: &str) -> Value {
    let body = json!({ "arguments": {}, "capabilities": { "elicitation": true, "sampling": true, "roots": true } });
    let path = format!("/v1/connectors/test/tools/{tool}/jobs");
    let job = host.request("POST", &path).key(host.key()).header("prefer", "wait=30").json(&body).send().await;
    let job = job.expect(200);
    assert_eq!((&job["status"], &job["result"]["resultType"]), (&json!("succeeded"), &json!("input_required")));
    job
}

async fn answer(host: &Host, job: &Value, answers: Value) -> Reply {
    let path = format!("/v1/jobs/{}/answers", job["id"].as_str().expect("an id"));
    let request = host.request("POST", &path).key(host.key()).header("prefer", "wait=30");
    request.json(&json!({ "answers": answers })).send().await
}

fn accept(content: Value) -> Value {
    json!({ "action": "accept", "content": content })
}

fn faults(reply: &Reply) -> Vec<String> {
    let problem = reply.problem(422);
    let faults = problem["faults"].as_array().expect("faults").clone();
    faults.iter().map(|fault| fault["pointer"].as_str().expect("a pointer").to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_asks_twice_and_ends_with_the_answers() {
    let host = host().await;
    let first = asking(&host, ASKS_TWICE).await;
    let shown = host.get(&format!("/v1/jobs/{}", first["id"].as_str().expect("an id"))).await;
    assert_eq!(shown["result"]["inputRequests"]["step1"]["method"], "elicitation/create", "{shown:#}");
    let reply = answer(&host, &first, json!({ "step1": accept(json!({ "name": "Ada" })) })).await;
    assert_eq!(reply.header("preference-applied"), "wait=30");
    let second = reply.expect(200);
    assert_eq!((&second["continues"], &second["tool"]), (&first["id"], &first["tool"]), "{second:#}");
    assert!(second["result"]["inputRequests"]["step2"].is_object(), "{second:#}");
    let third = answer(&host, &second, json!({ "step2": accept(json!({ "color": "blue" })) })).await.expect(200);
    assert_eq!(third["result"]["content"][0]["text"], "Ada likes blue", "{third:#}");

    let problem = answer(&host, &third, json!({})).await.problem(409);
    assert_eq!(problem["type"], "urn:bulkhead:problem:job-asks-nothing");
    let again = answer(&host, &first, json!({ "step1": accept(json!({ "name": "Bob" })) })).await.problem(409);
    assert_eq!(again["type"], "urn:bulkhead:problem:job-answered");
    assert_eq!(host.items("/v1/jobs").await.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_do_not_fit_are_refused_at_their_places() {
    let host = host().await;
    let job = asking(&host, "input_required_result_multiple_inputs").await;
    let answers = json!({
        "user_name": accept(json!({ "name": 1 })), "greeting": { "role": "assistant" }, "nobody": {},
    });
    let mut found = faults(&answer(&host, &job, answers).await);
    found.sort();
    let expected =
        ["/answers/client_roots", "/answers/greeting/content", "/answers/nobody", "/answers/user_name/content/name"];
    assert_eq!(found, expected);
    assert_eq!(host.items("/v1/jobs").await.len(), 1);
    let answers = json!({
        "user_name": accept(json!({ "name": "Ada" })),
        "greeting": { "role": "assistant", "model": "m", "content": { "type": "text", "text": "Hi" } },
        "client_roots": { "roots": [{ "uri": "file:///a" }] },
    });
    let done = answer(&host, &job, answers).await.expect(200);
    assert_eq!(done["result"]["content"][0]["text"], "Hi, Ada! Roots: file:///a", "{done:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_answers_for_somebody_else() {
    let host = host().await;
    let job = asking(&host, ASKS_TWICE).await;
    // From now on the same key is another user's, of the same organisation.
    host.execute(
        "INSERT INTO users (id, kind, email, name, created_at, updated_at) \
         VALUES ('0198a000-0000-7000-8000-000000000000', 'person', 'b@example.com', 'B', 0, 0)",
    )
    .await;
    host.execute(
        "INSERT INTO memberships (organization_id, user_id, role, created_at) \
         SELECT organization_id, '0198a000-0000-7000-8000-000000000000', role, created_at FROM memberships",
    )
    .await;
    host.execute("UPDATE api_keys SET user_id = '0198a000-0000-7000-8000-000000000000'").await;
    let answers = json!({ "step1": accept(json!({ "name": "Eve" })) });
    assert_eq!(answer(&host, &job, answers).await.problem(404)["type"], "urn:bulkhead:problem:unknown-job");
    let unknown = json!({ "id": "0198a000-0000-7000-8000-000000000009" });
    assert_eq!(answer(&host, &unknown, json!({})).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_many_answers_at_once_is_taken() {
    let host = host().await;
    let job = asking(&host, ASKS_TWICE).await;
    let one = async |name: &str| answer(&host, &job, json!({ "step1": accept(json!({ "name": name })) })).await.status;
    let (a, b, c, d) = tokio::join!(one("A"), one("B"), one("C"), one("D"));
    let mut statuses = [a, b, c, d];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409, 409, 409]);
    eventually("there are two jobs", async || (host.items("/v1/jobs").await.len() == 2).then_some(())).await;
}
