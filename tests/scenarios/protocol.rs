//! What the protocol promises and the conformance suite does not look at.

use std::time::{Duration, Instant};

use bulkhead_system_tests::{Host, Request, Setup, eventually};
use serde_json::{Value, json};

async fn host() -> Host {
    Setup::up().await.with_conformance().with_hostile().start().await
}

/// A call that asks for something in `_meta`.
fn call_with(host: &Host, tool: &str, meta: Value) -> Request {
    host.stateless("tools/call", json!({ "name": tool, "arguments": {}, "_meta": meta }))
}

#[tokio::test(flavor = "multi_thread")]
async fn progress_is_told_to_whoever_asks_and_kept_with_the_job() {
    let host = host().await;
    let reply = call_with(&host, "test_tool_with_progress", json!({ "progressToken": "mine" })).send().await;
    let told = reply.messages();
    let (end, progress) = told.split_last().expect("messages");
    let steps: Vec<_> =
        progress.iter().map(|told| (&told["params"]["progressToken"], &told["params"]["progress"])).collect();
    let mine = json!("mine");
    assert_eq!(steps, [(&mine, &json!(0.0)), (&mine, &json!(50.0)), (&mine, &json!(100.0))], "{progress:#?}");
    let job = host.job_of(&end["result"]).await;
    let events = host.items(&format!("/v1/jobs/{}/events", job["id"].as_str().expect("an id"))).await;
    assert_eq!(events.iter().filter(|event| event["kind"] == "progress").count(), 3);

    // Whoever asks for nothing gets one JSON answer.
    let quiet = call_with(&host, "test_tool_with_progress", json!({})).send().await;
    assert!(quiet.header("content-type").starts_with("application/json"), "{}", quiet.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_are_told_from_the_level_that_is_asked_for() {
    let host = host().await;
    let level = |level: &str| json!({ "io.modelcontextprotocol/logLevel": level });
    for (least, count) in [("debug", 3), ("info", 3), ("error", 0)] {
        let told = call_with(&host, "test_tool_with_logging", level(least)).send().await.messages();
        let logged = told.iter().filter(|message| message["method"] == "notifications/message").count();
        assert_eq!(logged, count, "{least}: {told:#?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_hangs_up_ends_the_guest_and_the_job() {
    let host = host().await;
    let request = host.tool_call("hostile_sleep", &json!({ "ms": 25_000 }));
    let hung_up = tokio::time::timeout(Duration::from_secs(1), request.send()).await;
    assert!(hung_up.is_err(), "the call has ended by itself");
    let start = Instant::now();
    let job = eventually("the job has ended", async || {
        let job = host.items("/v1/jobs").await.into_iter().next()?;
        (job["status"] != "running").then_some(job)
    })
    .await;
    assert!(start.elapsed() < Duration::from_secs(10), "it took {:?}", start.elapsed());
    assert_eq!((&job["status"], &job["error"]["type"]), (&json!("canceled"), &json!("canceled")));
}

#[tokio::test(flavor = "multi_thread")]
async fn each_round_of_a_call_is_a_job_that_says_what_was_asked() {
    let host = host().await;
    let capabilities = json!({ "io.modelcontextprotocol/clientCapabilities": { "elicitation": {} } });
    let tool = "test_input_required_result_request_state";
    let asked = call_with(&host, tool, capabilities.clone()).send().await.expect(200);
    assert_eq!(asked["result"]["resultType"], "input_required", "{asked:#}");
    let first = host.job_of(&asked["result"]).await;
    assert_eq!(first["result"]["inputRequests"]["confirm"]["method"], "elicitation/create", "{first:#}");
    let answer = json!({
        "name": tool,
        "arguments": {},
        "inputResponses": { "confirm": { "action": "accept", "content": { "ok": true } } },
        "requestState": asked["result"]["requestState"],
        "_meta": capabilities,
    });
    let done = host.stateless("tools/call", answer.clone()).send().await.expect(200);
    assert_eq!(done["result"]["content"][0]["text"], "state-ok true", "{done:#}");
    let second = host.job_of(&done["result"]).await;
    assert_eq!(second["round"]["answers"]["confirm"]["action"], "accept", "{second:#}");
    assert_ne!(first["id"], second["id"]);

    // The state is worth nothing with another request.
    let mut elsewhere = answer;
    elsewhere["name"] = json!("test_input_required_result_tampered_state");
    let refused = host.stateless("tools/call", elsewhere).send().await.json();
    assert_eq!(refused["error"]["code"], -32602, "{refused:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_is_refused_when_it_is_too_old() {
    let config = "[mcp]\ninput_seconds = 0\n";
    let host = Setup::up().await.with_conformance().config(config).start().await;
    let capabilities = json!({ "io.modelcontextprotocol/clientCapabilities": { "elicitation": {} } });
    let tool = "test_input_required_result_request_state";
    let asked = call_with(&host, tool, capabilities.clone()).send().await.expect(200);
    tokio::time::sleep(Duration::from_millis(50)).await;
    let answer = json!({
        "name": tool, "arguments": {}, "requestState": asked["result"]["requestState"], "_meta": capabilities,
    });
    let refused = host.stateless("tools/call", answer).send().await.json();
    assert_eq!(refused["error"]["code"], -32602, "{refused:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_waits_is_asked_and_waited_for_so_long() {
    let config = "[mcp]\ninput_seconds = 1\n";
    let host = Setup::up().await.with_conformance().config(config).start().await;
    let session = asked_session(&host).await;
    let parameters = json!({ "name": "test_elicitation", "arguments": { "message": "Who?" } });
    let call = json!({ "jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": parameters });
    let start = Instant::now();
    let told = host.in_session(&session, &call).send().await.messages();
    assert!(start.elapsed() >= Duration::from_secs(1), "it took {:?}", start.elapsed());
    assert!(told.iter().any(|message| message["method"] == "elicitation/create"), "{told:#?}");
    let error = &told.last().expect("an answer")["error"];
    assert_eq!(error["data"], json!({ "type": "input_timed_out", "seconds": 1 }), "{told:#?}");
    // The round that asked has ended, and there is no other.
    assert_eq!(host.items("/v1/jobs?status=succeeded").await.len(), 1);
    assert_eq!(host.items("/v1/jobs").await.len(), 1);
    // The session goes on.
    let ping = json!({ "jsonrpc": "2.0", "id": 8, "method": "ping" });
    assert_eq!(host.in_session(&session, &ping).send().await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_version_with_sessions_is_spoken_and_an_unknown_one_gets_one_of_ours() {
    let host = Setup::up().await.start().await;
    for (asked, spoken) in [
        ("2025-11-25", "2025-11-25"),
        ("2025-06-18", "2025-06-18"),
        ("2025-03-26", "2025-03-26"),
        ("2024-11-05", "2024-11-05"),
        ("1999-12-31", "2025-11-25"),
    ] {
        let begun = host.initialize_as(host.key(), asked, &json!({})).send().await;
        let result = begun.messages().pop().expect("an answer")["result"].clone();
        assert_eq!(result["protocolVersion"], spoken, "{asked}: {result:#}");
        let within = |message: Value| {
            let request = host.mcp(&message).header("mcp-session-id", begun.header("mcp-session-id"));
            // The header is of the versions from 2025-06-18 on.
            if spoken < "2025-06-18" { request } else { request.header("mcp-protocol-version", spoken) }
        };
        let initialized = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
        assert_eq!(within(initialized).send().await.status, 202, "{asked}");
        let parameters = json!({ "name": "toolbox_jq", "arguments": { "filter": ".a", "input": { "a": 42 } } });
        let call = json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": parameters });
        let answer = within(call).send().await.messages().pop().expect("an answer");
        let text = answer["result"]["content"][0]["text"].as_str().unwrap_or_default();
        assert!(text.contains("42"), "{asked}: {answer:#}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_that_contradict_the_message_are_refused() {
    let host = Setup::up().await.start().await;
    let parameters = json!({
        "name": "toolbox_jq",
        "arguments": { "filter": ".", "input": 1 },
        "_meta": {
            "io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {},
            "io.modelcontextprotocol/clientInfo": { "name": "scenarios", "version": "0" },
        },
    });
    let message = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": parameters });
    let declared = |method: Option<&str>, name: Option<&str>| {
        let request = host.mcp(&message).header("mcp-protocol-version", "2026-07-28");
        let request = method.into_iter().fold(request, |request, method| request.header("mcp-method", method));
        name.into_iter().fold(request, |request, name| request.header("mcp-name", name)).send()
    };
    for (method, name) in [
        (Some("tools/list"), Some("toolbox_jq")),
        (Some("tools/call"), Some("toolbox_hash")),
        (Some("tools/call"), None),
        (None, Some("toolbox_jq")),
    ] {
        let refused = declared(method, name).await.expect(400);
        assert_eq!((&refused["error"]["code"], &refused["id"]), (&json!(-32020), &json!(1)), "{method:?} {name:?}");
    }
    assert_eq!(host.items("/v1/jobs").await.len(), 0);
    assert_eq!(declared(Some("tools/call"), Some("toolbox_jq")).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_a_session_cancels_ends_the_guest_and_the_job() {
    let host = host().await;
    let session = asked_session(&host).await;
    let parameters = json!({ "name": "hostile_sleep", "arguments": { "ms": 25_000 } });
    let call = json!({ "jsonrpc": "2.0", "id": 9, "method": "tools/call", "params": parameters });
    let calling = tokio::spawn(host.in_session(&session, &call).send());
    let job =
        eventually("the call runs", async || host.items("/v1/jobs?status=running").await.into_iter().next()).await;
    let start = Instant::now();
    let canceled = json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": 9 } });
    assert_eq!(host.in_session(&session, &canceled).send().await.status, 202);
    let job = host.ended(job["id"].as_str().expect("an id")).await;
    assert!(start.elapsed() < Duration::from_secs(10), "it took {:?}", start.elapsed());
    assert_eq!((&job["status"], &job["error"]["type"]), (&json!("canceled"), &json!("canceled")));
    // Who has canceled gets no answer.
    let told = calling.await.expect("is not aborted").messages();
    assert!(told.iter().all(|message| message["id"] != 9), "{told:#?}");
}

/// A session of a client that can ask its user.
async fn asked_session(host: &Host) -> String {
    host.session_as(host.key(), &json!({ "elicitation": {} })).await
}

#[tokio::test(flavor = "multi_thread")]
async fn reading_is_audited_and_refused_for_what_does_not_exist() {
    let host = host().await;
    let read = host.stateless("resources/read", json!({ "uri": "test://static-text" })).send().await.expect(200);
    assert_eq!(read["result"]["contents"][0]["text"], "This is the content of the static text resource.");
    let audit = host.audit("action=resource.read").await;
    assert_eq!((audit.len(), &audit[0]["outcome"]), (1, &json!("succeeded")), "{audit:#?}");
    assert_eq!(audit[0]["target"]["id"], "test://static-text");

    for uri in ["test://nothing", "other://static-text", "nothing"] {
        let refused = host.stateless("resources/read", json!({ "uri": uri })).send().await.json();
        assert_eq!((&refused["error"]["code"], &refused["error"]["data"]["uri"]), (&json!(-32602), &json!(uri)));
    }
    let faults = |arguments: Value| json!({ "name": "test_prompt_with_arguments", "arguments": arguments });
    let refused = host.stateless("prompts/get", faults(json!({ "arg1": 1, "arg3": "x" }))).send().await.json();
    let pointers: Vec<_> = refused["error"]["data"]["faults"]
        .as_array()
        .expect("faults")
        .iter()
        .map(|fault| fault["pointer"].as_str().expect("a pointer").to_owned())
        .collect();
    assert_eq!(pointers, ["/arg1", "/arg3", "/arg2"], "{refused:#}");
    let unknown = host.stateless("prompts/get", json!({ "name": "test_nothing" })).send().await.json();
    assert_eq!(unknown["error"]["code"], -32602, "{unknown:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_come_in_pages_of_the_configured_size() {
    let config = "[mcp]\npage_size = 7\n";
    let host = Setup::up().await.with_conformance().config(config).start().await;
    let (mut names, mut cursor) = (Vec::new(), Value::Null);
    loop {
        let parameters = if cursor.is_null() { json!({}) } else { json!({ "cursor": cursor }) };
        let page = host.stateless("tools/list", parameters).send().await.expect(200);
        let tools = page["result"]["tools"].as_array().expect("tools").clone();
        assert!((1..=7).contains(&tools.len()));
        names.extend(tools.into_iter().map(|tool| tool["name"].as_str().expect("a name").to_owned()));
        cursor = page["result"]["nextCursor"].clone();
        if cursor.is_null() {
            break;
        }
    }
    let whole =
        host.items("/v1/connectors/test/tools").await.len() + host.items("/v1/connectors/toolbox/tools").await.len();
    assert!(names.len() > whole && names.contains(&"toolbox_jq".to_owned()), "{names:?}");
    let refused = host.stateless("tools/list", json!({ "cursor": "nonsense" })).send().await.json();
    assert_eq!(refused["error"]["code"], -32602, "{refused:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_nobody_elses() {
    let host = host().await;
    let id = host.session_as(host.key(), &json!({})).await;
    let list = json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/list" });
    assert_eq!(host.in_session(&id, &list).send().await.status, 200);
    // From now on the same key is another user's.
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
    let problem = host.in_session(&id, &list).send().await.problem(404);
    assert_eq!(problem["type"], "urn:bulkhead:problem:unknown-session");
    assert_eq!(host.in_session("guessed", &list).send().await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_so_many_sessions_are_open_at_once() {
    let config = "[mcp]\nmax_sessions = 2\n";
    let host = Setup::up().await.config(config).start().await;
    let first = host.open_session().await;
    assert_eq!((first.status, host.open_session().await.status), (200, 200));
    assert_eq!(host.open_session().await.problem(503)["type"], "urn:bulkhead:problem:unavailable");
    // Newer clients need none.
    assert_eq!(host.stateless("tools/list", json!({})).send().await.status, 200);
    let end = host.request("DELETE", "/mcp").key(host.key()).header("mcp-session-id", first.header("mcp-session-id"));
    let ended = end.send().await.status;
    assert!((200..300).contains(&ended), "{ended}");
    assert_eq!(host.open_session().await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn authentication_may_be_off_on_a_loopback_address_alone() {
    let off = "[mcp]\nauthentication = \"off\"\n";
    let host = Setup::up().await.config(off).start().await;
    let parameters = json!({
        "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": "scenarios", "version": "0" },
    });
    let open = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": parameters });
    let anonymous = || host.request("POST", "/mcp").header("accept", "application/json, text/event-stream").json(&open);
    assert_eq!(anonymous().send().await.status, 200);
    // The other door stays closed.
    assert_eq!(host.request("GET", "/v1/jobs").send().await.status, 401);
    assert_eq!(anonymous().header("origin", "http://evil.example").send().await.status, 403);
    // Whoever it acts as is looked at for every request.
    let list = || {
        let meta = json!({
            "io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {},
            "io.modelcontextprotocol/clientInfo": { "name": "scenarios", "version": "0" },
        });
        let call = json!({
            "jsonrpc": "2.0", "id": 1, "method": "tools/call",
            "params": { "name": "toolbox_jq", "arguments": { "filter": ".", "input": 1 }, "_meta": meta },
        });
        let request = host.request("POST", "/mcp").header("accept", "application/json, text/event-stream");
        let request = request.header("mcp-protocol-version", "2026-07-28").header("mcp-method", "tools/call");
        request.header("mcp-name", "toolbox_jq").json(&call).send()
    };
    assert!(list().await.text().contains("structuredContent"));
    let keys = host.items("/v1/api-keys").await;
    let key = keys[0]["id"].as_str().expect("an id");
    assert_eq!(host.request("DELETE", &format!("/v1/api-keys/{key}")).key(host.key()).send().await.status, 204);
    let refused = list().await.text();
    assert!(refused.contains("the API key of this process"), "{refused}");
    let said = Setup::up().await.config(off).listen("0.0.0.0:0").refusal().await;
    assert!(said.contains("loopback"), "{said}");
}
