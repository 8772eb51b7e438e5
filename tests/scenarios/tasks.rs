//! Calls that take long, for clients that know the extension `io.modelcontextprotocol/tasks`.

use bulkhead_system_tests::{Host, Setup, eventually};
use serde_json::{Value, json};

async fn host(config: &str) -> Host {
    Setup::up().await.with_conformance().with_hostile().config(config).start().await
}

/// A request of a client that knows tasks and can ask its user.
async fn send(host: &Host, method: &str, mut parameters: Value) -> Value {
    parameters["_meta"] = json!({ "io.modelcontextprotocol/clientCapabilities": {
        "elicitation": {}, "extensions": { "io.modelcontextprotocol/tasks": {} },
    } });
    let request = host.stateless(method, parameters.clone());
    // Requests about a task name it in a header.
    let request = match parameters["taskId"].as_str() {
        Some(task) => request.header("mcp-name", task),
        None => request,
    };
    request.send().await.json()
}

async fn call(host: &Host, tool: &str, arguments: Value) -> Value {
    let answer = send(host, "tools/call", json!({ "name": tool, "arguments": arguments })).await;
    assert!(answer["result"].is_object(), "{answer:#}");
    answer["result"].clone()
}

/// The task, once it is in this state.
async fn task_that_is(host: &Host, id: &Value, status: &str) -> Value {
    eventually("the task is there", async || {
        let task = send(host, "tasks/get", json!({ "taskId": id })).await["result"].clone();
        (task["status"] == status).then_some(task)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_takes_long_becomes_a_task_and_ends_as_one() {
    let host = host("[mcp]\ntask_after_seconds = 1\n").await;
    let created = call(&host, "hostile_sleep", json!({ "ms": 2_000 })).await;
    assert_eq!((&created["resultType"], &created["status"]), (&json!("task"), &json!("working")), "{created:#}");
    let task = task_that_is(&host, &created["taskId"], "completed").await;
    assert!(task["result"]["structuredContent"]["slept_ms"].as_u64() >= Some(2_000), "{task:#}");
    // A quick call needs none.
    let quick = call(&host, "hostile_echo", json!({ "a": 1 })).await;
    assert_eq!(quick["structuredContent"], json!({ "arguments": { "a": 1 } }));
    // And a client that does not know tasks waits.
    let waited = host.call("hostile_sleep", json!({ "ms": 1_500 })).await;
    assert!(waited["structuredContent"]["slept_ms"].as_u64() >= Some(1_500), "{waited:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_can_be_canceled() {
    let host = host("[mcp]\ntask_after_seconds = 0\n").await;
    let created = call(&host, "hostile_sleep", json!({ "ms": 25_000 })).await;
    let answer = send(&host, "tasks/cancel", json!({ "taskId": created["taskId"] })).await;
    assert!(answer["result"].is_object(), "{answer:#}");
    task_that_is(&host, &created["taskId"], "cancelled").await;
    let job = host.get(&format!("/v1/jobs/{}", created["taskId"].as_str().expect("an id"))).await;
    assert_eq!(job["status"], "canceled");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_asks_and_goes_on_with_the_answers() {
    let host = host("[mcp]\ntask_after_seconds = 0\n").await;
    let id = call(&host, "test_input_required_result_multi_round", json!({})).await["taskId"].clone();
    let accept = |content: Value| json!({ "action": "accept", "content": content });
    let asked = task_that_is(&host, &id, "input_required").await;
    assert_eq!(asked["inputRequests"]["step1"]["method"], "elicitation/create", "{asked:#}");
    for nothing in [json!({}), json!({ "step9": accept(json!({})) })] {
        let answer = send(&host, "tasks/update", json!({ "taskId": id, "inputResponses": nothing })).await;
        assert!(answer["result"].is_object(), "{answer:#}");
        assert!(task_that_is(&host, &id, "input_required").await["inputRequests"]["step1"].is_object());
    }

    let first = json!({ "step1": accept(json!({ "name": "Ada" })) });
    send(&host, "tasks/update", json!({ "taskId": id, "inputResponses": first })).await;
    let asked = eventually("the second question", async || {
        let task = task_that_is(&host, &id, "input_required").await;
        task["inputRequests"]["step2"].is_object().then_some(task)
    })
    .await;
    assert!(asked["inputRequests"]["step1"].is_null(), "{asked:#}");
    let second = json!({ "step2": accept(json!({ "color": "blue" })) });
    send(&host, "tasks/update", json!({ "taskId": id, "inputResponses": second })).await;
    let done = task_that_is(&host, &id, "completed").await;
    assert_eq!(done["result"]["content"][0]["text"], "Ada likes blue", "{done:#}");
    assert_eq!(host.items("/v1/jobs").await.len(), 3);
    let late = send(&host, "tasks/update", json!({ "taskId": id, "inputResponses": {} })).await;
    assert_eq!(late["error"]["code"], -32602, "{late:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tasks_questions_are_answered_one_by_one_and_each_once() {
    let mut host = host("[mcp]\ntask_after_seconds = 0\n").await;
    let parameters = json!({ "name": "test_input_required_result_multiple_inputs", "arguments": {} });
    let id = send_able(&host, "tools/call", parameters).await["result"]["taskId"].clone();
    let asked = async |host: &Host| {
        eventually("the task asks", async || {
            let task = send_able(host, "tasks/get", json!({ "taskId": id })).await["result"].clone();
            (task["status"] == "input_required")
                .then(|| task["inputRequests"].as_object().expect("questions").keys().cloned().collect::<Vec<_>>())
        })
        .await
    };
    let update = async |host: &Host, answers: Value| {
        let answer = send_able(host, "tasks/update", json!({ "taskId": id, "inputResponses": answers })).await;
        assert!(answer["result"].is_object(), "{answer:#}");
    };
    assert_eq!(asked(&host).await, ["client_roots", "greeting", "user_name"]);
    let name = |name: &str| json!({ "user_name": { "action": "accept", "content": { "name": name } } });
    update(&host, name("Ada")).await;
    assert_eq!(asked(&host).await, ["client_roots", "greeting"]);
    // Nothing of it is in the process.
    host.kill();
    host.start_again().await;
    update(&host, name("Eve")).await;
    let greeting = json!({ "role": "assistant", "model": "m", "content": { "type": "text", "text": "Hi" } });
    update(&host, json!({ "greeting": greeting })).await;
    assert_eq!(asked(&host).await, ["client_roots"]);
    assert_eq!(host.items("/v1/jobs").await.len(), 1);
    update(&host, json!({ "client_roots": { "roots": [{ "uri": "file:///a" }] } })).await;
    let done = eventually("the task is done", async || {
        let task = send_able(&host, "tasks/get", json!({ "taskId": id })).await["result"].clone();
        (task["status"] == "completed").then_some(task)
    })
    .await;
    assert_eq!(done["result"]["content"][0]["text"], "Hi, Ada! Roots: file:///a", "{done:#}");
}

/// A request of a client that can be asked everything.
async fn send_able(host: &Host, method: &str, mut parameters: Value) -> Value {
    parameters["_meta"] = json!({ "io.modelcontextprotocol/clientCapabilities": {
        "elicitation": {}, "sampling": {}, "roots": {}, "extensions": { "io.modelcontextprotocol/tasks": {} },
    } });
    let name = parameters["taskId"].as_str().map(str::to_owned);
    let request = host.stateless(method, parameters);
    match name {
        Some(task) => request.header("mcp-name", &task).send().await.json(),
        None => request.send().await.json(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_task_is_refused() {
    let host = host("").await;
    for id in ["0198a000-0000-7000-8000-000000000000", "nonsense", ""] {
        for method in ["tasks/get", "tasks/cancel"] {
            let refused = send(&host, method, json!({ "taskId": id })).await;
            assert_eq!(refused["error"]["code"], -32602, "{refused:#}");
        }
    }
    // A client that does not say that it knows tasks is told what it lacks.
    let unknown = host.stateless("tasks/get", json!({ "taskId": "x" })).header("mcp-name", "x").send().await.json();
    assert_eq!(unknown["error"]["code"], -32021, "{unknown:#}");
}
