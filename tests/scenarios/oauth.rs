//! Access tokens of an authorization server: npm oidc-provider.

pub(crate) mod provider;

use std::path::Path;

use bulkhead_system_tests::{Browser, Host, Process, Reply, Setup, eventually, program};
use serde_json::{Value, json};

use self::provider::Provider;
use crate::authorization::{last_said, said_after};

const CALL: &str = "tools/call";

/// A host that accepts tokens of this provider, of which `agent` and `ada` are bound to its owner.
async fn host_of(provider: &Provider, further: &str) -> Host {
    let config = format!(
        "[oauth]\nissuer = {:?}\nscopes = [\"mcp\"]\nwrite_scope = \"mcp:write\"\njwks_refresh_seconds = 1\n{further}\n\
         [oauth.subjects]\nagent = \"owner@localhost\"\nada = \"owner@localhost\"\nghost = \"nobody@localhost\"\n",
        provider.url()
    );
    Setup::up().await.with_hostile().config(&config).start().await
}

fn resource(host: &Host) -> String {
    format!("http://{}/mcp", host.address())
}

/// Calls `toolbox_jq`, which changes nothing, with this credential alone.
async fn read(host: &Host, credential: &str) -> Reply {
    call(host, credential, "toolbox_jq", json!({ "filter": ".a", "input": { "a": 42 } })).await
}

async fn call(host: &Host, credential: &str, tool: &str, arguments: Value) -> Reply {
    host.stateless_as(credential, CALL, json!({ "name": tool, "arguments": arguments })).send().await
}

/// A parameter of a challenge.
fn parameter<'a>(reply: &'a Reply, name: &str) -> Option<&'a str> {
    let challenge = reply.header("www-authenticate").strip_prefix("Bearer ").expect("a challenge");
    let (_, rest) = challenge.split_once(&format!("{name}=\""))?;
    rest.split_once('"').map(|(value, _)| value)
}

#[tokio::test(flavor = "multi_thread")]
async fn from_a_401_to_a_tool_call() {
    for algorithm in ["EdDSA", "ES256", "RS256"] {
        let provider = Provider::start(algorithm).await;
        let host = host_of(&provider, "").await;

        // The first answer says where to look further, and what to ask for.
        let message = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {} });
        let refused = host.request("POST", "/mcp").json(&message).send().await;
        assert_eq!(refused.problem(401)["type"], "urn:bulkhead:problem:unauthenticated");
        assert_eq!(parameter(&refused, "error"), None, "nothing was presented");
        let scope = parameter(&refused, "scope").expect("a scope");
        let place = parameter(&refused, "resource_metadata").expect("a place");
        let origin = format!("http://{}", host.address());
        let place = place.strip_prefix(&origin).expect("a place at this host");

        let metadata = host.request("GET", place).send().await.expect(200);
        assert_eq!(metadata["resource"], resource(&host));
        assert_eq!(metadata["authorization_servers"], json!([provider.url()]));
        assert_eq!(metadata["scopes_supported"], json!(["mcp", "mcp:write"]));
        assert_eq!(metadata["bearer_methods_supported"], json!(["header"]));
        let at_the_root = host.request("GET", "/.well-known/oauth-protected-resource").send().await;
        assert_eq!(at_the_root.expect(200), metadata);

        let token = provider.token("agent", scope, metadata["resource"].as_str().expect("a resource")).await;
        let answer = read(&host, &token).await.expect(200);
        assert_eq!(answer["result"]["structuredContent"], json!({ "results": [42] }));

        // It acted as the user, and the trail names the token without being one.
        let job = answer["result"]["_meta"]["bulkhead/job"].as_str().expect("a job");
        let entry = host.audit(&format!("job={job}")).await.remove(0);
        assert_eq!(entry["actor"]["type"], "user");
        let credential = entry["actor"]["credential_id"].as_str().expect("a credential");
        assert!(credential.starts_with("jti:"), "{credential}");
        assert!(!host.log().contains(&token), "the token is in the log");

        // API keys go on working.
        assert_eq!(
            read(&host, host.key()).await.expect(200)["result"]["structuredContent"],
            json!({ "results": [42] })
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_rotated_while_serving() {
    let mut provider = Provider::start("EdDSA").await;
    let host = host_of(&provider, "").await;
    let old = provider.token("agent", "mcp", &resource(&host)).await;
    let _ = read(&host, &old).await.expect(200);

    provider.restart().await;
    // What the host knows is good for its time.
    let _ = read(&host, &old).await.expect(200);
    let new = provider.token("agent", "mcp", &resource(&host)).await;
    eventually("the new key is known", async || (read(&host, &new).await.status == 200).then_some(())).await;
    let refused = read(&host, &old).await;
    assert_eq!(refused.status, 401, "the old key is withdrawn");
    assert_eq!(parameter(&refused, "error"), Some("invalid_token"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_not_for_this_host_or_not_of_somebody_here() {
    let provider = Provider::start("EdDSA").await;
    let host = host_of(&provider, "").await;
    let elsewhere = provider.token("agent", "mcp", "https://elsewhere.example.com/mcp").await;
    let stranger = provider.token("stranger", "mcp", &resource(&host)).await;
    let good = provider.token("agent", "mcp", &resource(&host)).await;
    let other = Provider::start("EdDSA").await.token("agent", "mcp", &resource(&host)).await;
    let cases = [
        (elsewhere.as_str(), "the token is for another audience"),
        (&stranger, "the token's subject is not bound to a user here"),
        (&other, "the issuer has no key of the token's key id"),
        (&good[..good.len() - 4], "the token's signature is not valid"),
        ("nonsense", "the token is neither an API key nor a signed JWT"),
        ("bhk_nonsense", "the API key does not work"),
    ];
    for (token, reason) in cases {
        let refused = read(&host, token).await;
        assert_eq!(refused.problem(401)["type"], "urn:bulkhead:problem:unauthenticated");
        assert_eq!(parameter(&refused, "error"), Some("invalid_token"));
        assert_eq!(parameter(&refused, "error_description"), Some(reason));
        assert!(parameter(&refused, "resource_metadata").is_some());
    }
    let _ = read(&host, &good).await.expect(200);
    assert_eq!(host.items("/v1/jobs").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_in_the_query_is_refused() {
    let provider = Provider::start("EdDSA").await;
    let host = host_of(&provider, "").await;
    let token = provider.token("agent", "mcp", &resource(&host)).await;
    let message = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {} });
    for name in ["access_token", "access%5Ftoken"] {
        for request in [
            host.request("POST", &format!("/mcp?{name}={token}")),
            host.request("POST", &format!("/mcp?{name}={token}")).key(&token),
        ] {
            let refused = request.json(&message).send().await;
            let _ = refused.problem(400);
            assert_eq!(parameter(&refused, "error"), Some("invalid_request"));
        }
    }
    assert!(!host.log().contains(&token), "the token is in the log");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_with_too_few_scopes_is_told_all_that_it_takes() {
    let provider = Provider::start("EdDSA").await;
    let host = host_of(&provider, "").await;
    let nothing = provider.token("agent", "", &resource(&host)).await;
    let refused = read(&host, &nothing).await;
    assert_eq!(refused.problem(403)["type"], "urn:bulkhead:problem:insufficient-scope");
    assert_eq!(parameter(&refused, "error"), Some("insufficient_scope"));
    assert_eq!(parameter(&refused, "scope"), Some("mcp"));

    let change = json!({ "ms": 1 });
    let reader = provider.token("agent", "mcp", &resource(&host)).await;
    let refused = call(&host, &reader, "hostile_change_slowly", change.clone()).await;
    assert_eq!(refused.problem(403)["scope"], "mcp mcp:write");
    assert_eq!(parameter(&refused, "error"), Some("insufficient_scope"));
    assert_eq!(parameter(&refused, "scope"), Some("mcp mcp:write"));
    assert_eq!(host.items("/v1/jobs").await.len(), 0);

    // Both are in the trail.
    let refusals: Vec<_> = host.audit("outcome=refused").await;
    let targets: Vec<_> = refusals.iter().map(|entry| entry["target"]["id"].as_str().expect("an id")).collect();
    assert!(targets.contains(&"/mcp") && targets.contains(&"hostile/change_slowly"), "{refusals:#?}");

    // With the scope, and with an API key, it runs.
    let writer = provider.token("agent", "mcp mcp:write", &resource(&host)).await;
    for credential in [writer.as_str(), host.key()] {
        let answer = call(&host, credential, "hostile_change_slowly", change.clone()).await.expect(200);
        assert!(answer["result"]["_meta"]["bulkhead/job"].is_string(), "{answer:#}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_section_clients_are_sent_to_our_own_authorization_server() {
    let provider = Provider::start("EdDSA").await;
    let host = Setup::up().await.start().await;
    let token = provider.token("agent", "mcp", &resource(&host)).await;
    let refused = read(&host, &token).await;
    let _ = refused.problem(401);
    assert_eq!((parameter(&refused, "error"), parameter(&refused, "scope")), (Some("invalid_token"), Some("tools")));
    for place in ["/.well-known/oauth-protected-resource", "/.well-known/oauth-protected-resource/mcp"] {
        // A client in a browser reads it from its own site.
        let reply = host.request("GET", place).header("origin", "https://inspector.example").send().await;
        assert_eq!(reply.header("access-control-allow-origin"), "*");
        let metadata = reply.expect(200);
        assert_eq!(metadata["authorization_servers"], json!([format!("http://{}", host.address())]));
        assert_eq!(
            (&metadata["resource"], &metadata["scopes_supported"]),
            (&json!(resource(&host)), &json!(["tools"]))
        );
    }
    let _ = host.request("GET", "/.well-known/oauth-protected-resource/v1").send().await.problem(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_the_issuer_is_away_api_keys_work_and_tokens_can_be_tried_again() {
    let mut provider = Provider::start("EdDSA").await;
    let host = host_of(&provider, "").await;
    let token = provider.token("agent", "mcp", &resource(&host)).await;
    provider.kill();
    let refused = read(&host, &token).await;
    let _ = refused.problem(503);
    assert!(!refused.header("retry-after").is_empty());
    let _ = read(&host, host.key()).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_with_which_any_token_would_do_stop_the_start() {
    for (settings, word) in [
        ("issuer = \"http://id.example.com\"", "is not an issuer"),
        ("issuer = \"https://id.example.com\"\nalgorithms = [\"HS256\"]", "HS256"),
        ("issuer = \"https://id.example.com\"\nalgorithms = [\"none\"]", "none"),
        ("issuer = \"https://id.example.com\"\nscopes = []", "oauth.scopes"),
    ] {
        let said = Setup::up().await.config(&format!("[oauth]\n{settings}\n")).refusal().await;
        assert!(said.contains(word), "{said}");
    }
}

async fn typescript(flow: &str) {
    let provider = Provider::start("EdDSA").await;
    let host = host_of(&provider, "").await;
    let mut command = program("BULKHEAD_NODE");
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("clients/node/call_oauth.mjs"));
    let mut client = Process::start(command.args([resource(&host).as_str(), flow, provider.url()]));
    if flow == "person" {
        let told = Browser::default().visit(&said_after(&mut client, "open: ").await).await;
        assert_eq!(told.status, 200, "{}", told.text());
    }
    let said = last_said(&mut client).await;
    assert_eq!(said["result"], json!({ "results": [42] }), "{said:#}");
    assert_eq!((said["iss"].as_str(), said["scope"].as_str()), (Some(provider.url()), Some("mcp")), "{said:#}");
    assert_eq!(host.items("/v1/jobs?status=succeeded").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_typescript_client_gets_itself_a_token() {
    typescript("agent").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_typescript_client_sends_its_person_to_the_authorization_server() {
    typescript("person").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_with_a_session_is_told_of_the_missing_scope_too() {
    let provider = Provider::start("EdDSA").await;
    let host = host_of(&provider, "").await;
    let reader = provider.token("agent", "mcp", &resource(&host)).await;
    let session = host.session_as(&reader, &json!({})).await;
    let call = |tool: &str, arguments: Value| {
        let parameters = json!({ "name": tool, "arguments": arguments });
        json!({ "jsonrpc": "2.0", "id": 2, "method": CALL, "params": parameters })
    };
    let change = call("hostile_change_slowly", json!({ "ms": 1 }));
    let refused = host.in_session_as(&reader, &session, &change).send().await;
    assert_eq!(refused.problem(403)["type"], "urn:bulkhead:problem:insufficient-scope");
    assert_eq!(refused.problem(403)["scope"], "mcp mcp:write");
    assert_eq!(parameter(&refused, "error"), Some("insufficient_scope"));
    assert_eq!(parameter(&refused, "scope"), Some("mcp mcp:write"));
    assert_eq!(host.items("/v1/jobs").await.len(), 0);
    assert_eq!(host.audit("outcome=refused").await.len(), 1);

    // The session goes on, whatever else comes.
    for (message, code) in [
        (call("hostile_nothing", json!({})), -32602),
        (json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/nothing" }), -32601),
    ] {
        let answered = host.in_session_as(&reader, &session, &message).send().await;
        assert_eq!(answered.status, 200, "{}", answered.text());
        let error = answered.messages().pop().expect("an answer");
        assert_eq!(error["error"]["code"], code, "{error:#}");
    }
    assert_eq!(host.in_session_as(&reader, &session, &json!([change])).send().await.status, 400, "a batch");
    let reading = call("toolbox_jq", json!({ "filter": ".a", "input": { "a": 42 } }));
    let answered = host.in_session_as(&reader, &session, &reading).send().await.messages().pop().expect("an answer");
    assert_eq!(answered["result"]["structuredContent"], json!({ "results": [42] }), "{answered:#}");
    // The scope is asked of each request, not of the session.
    let writer = provider.token("agent", "mcp mcp:write", &resource(&host)).await;
    let changed = host.in_session_as(&writer, &session, &change).send().await.messages().pop().expect("an answer");
    assert!(changed["result"]["_meta"]["bulkhead/job"].is_string(), "{changed:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_answers_a_task_needs_the_scope_that_its_call_took() {
    let provider = Provider::start("EdDSA").await;
    let host = host_of(&provider, "").await;
    let reader = provider.token("agent", "mcp", &resource(&host)).await;
    let writer = provider.token("agent", "mcp mcp:write", &resource(&host)).await;
    let change = json!({ "name": "hostile_change_slowly", "arguments": { "ms": 1 } });
    let called = host.stateless_as(&writer, CALL, change).send().await.expect(200);
    let task = host.job_of(&called["result"]).await["id"].clone();
    // No guest asks for something and may change something: this one has asked.
    let asked = json!({ "who": { "method": "elicitation/create", "params": {
        "mode": "form", "message": "Who?", "requestedSchema": { "type": "object", "properties": {} },
    } } });
    let result = json!({ "resultType": "input_required", "inputRequests": asked });
    host.execute(&format!("UPDATE pipeline_jobs SET result = '{result}'")).await;

    let parameters = json!({
        "taskId": task,
        "inputResponses": { "who": { "action": "accept", "content": {} } },
        "_meta": { "io.modelcontextprotocol/clientCapabilities": {
            "elicitation": {}, "extensions": { "io.modelcontextprotocol/tasks": {} },
        } },
    });
    let update = async |token: &str| {
        let request = host.stateless_as(token, "tasks/update", parameters.clone());
        request.header("mcp-name", task.as_str().expect("an id")).send().await
    };
    let refused = update(&reader).await;
    assert_eq!(refused.problem(403)["scope"], "mcp mcp:write");
    assert_eq!(parameter(&refused, "error"), Some("insufficient_scope"));
    assert_eq!(parameter(&refused, "scope"), Some("mcp mcp:write"));
    assert_eq!(host.items("/v1/jobs").await.len(), 1);
    // The refused answer has not used the question up.
    let updated = update(&writer).await.expect(200);
    assert!(updated["result"].is_object(), "{updated:#}");
    assert_eq!(host.items("/v1/jobs").await.len(), 2);
}
