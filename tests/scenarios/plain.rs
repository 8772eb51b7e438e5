//! Components that know nothing of Bulkhead (the guests `plain-*`): their functions are tools.

use std::fs;
use std::time::{Duration, Instant};

use bulkhead_system_tests::{Host, Setup, path};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

async fn host(guest: &str) -> Host {
    Setup::up().await.with_guest(guest).start().await
}

/// Calls a tool that must succeed, and gives its structured result.
async fn result(host: &Host, tool: &str, arguments: Value) -> Value {
    let result = host.call(tool, arguments).await;
    assert_ne!(result["isError"], true, "{result:#}");
    result["structuredContent"].clone()
}

/// Calls a tool that must fail, and gives its error.
async fn error(host: &Host, tool: &str, arguments: Value) -> Value {
    let result = host.call(tool, arguments).await;
    assert_eq!(result["isError"], true, "{result:#}");
    result["_meta"]["bulkhead/error"].clone()
}

async fn tools(host: &Host, connector: &str) -> Vec<Value> {
    let listed = host.stateless("tools/list", json!({})).send().await.expect(200);
    let all = listed["result"]["tools"].as_array().expect("tools").clone();
    let prefix = format!("{connector}_");
    all.into_iter().filter(|tool| tool["name"].as_str().is_some_and(|name| name.starts_with(&prefix))).collect()
}

fn everything() -> Value {
    json!({
        "yes": true,
        "letter": "ß",
        "text": "\u{0} \"quoted\" \u{1f600}",
        "bytes": "AP8=",
        "words": ["", "two words"],
        "grid": [[1, -2], [], [i32::MIN]],
        "pair": ["\n", "18446744073709551615"],
        "drawing": { "many": [{ "x": 0.1, "y": -0.1, "label": null }] },
        "rights": ["read", "list-all"],
        "level": "high",
        "maybe": null,
        "twice": { "some": null },
        "outcome": { "err": { "line": [{ "x": 1.0, "y": 2.0, "label": "a" }, { "x": 3.0, "y": 4.0, "label": "" }] } },
        "empty": { "ok": null },
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn functions_are_listed_with_names_docs_and_schemas() {
    let host = Setup::up().await.with_documented_guest("plain-types").start().await;
    let tools = tools(&host, "plain-types").await;
    let mut names: Vec<_> = tools.iter().filter_map(|tool| tool["name"].as_str()).collect();
    names.sort_unstable();
    let expected = [
        "plain-types_calc_attempt",
        "plain-types_calc_divide",
        "plain-types_calc_nothing",
        "plain-types_calc_root",
        "plain-types_counters_count_to",
        "plain-types_echo_drawings",
        "plain-types_echo_everything",
        "plain-types_echo_float",
        "plain-types_echo_integers",
        "plain-types_greet",
        "plain-types_is_initialized",
        "plain-types_versions_compare",
    ];
    assert_eq!(names, expected);
    let tool = |name: &str| tools.iter().find(|tool| tool["name"] == name).expect("it is listed");
    let integers = tool("plain-types_echo_integers");
    let description = "Gives back integers of every size.\n\nThose of 64 bits are strings where JSON loses digits.";
    assert_eq!(integers["description"], description);
    // It reaches nothing, so it changes nothing.
    assert_eq!(integers["annotations"]["readOnlyHint"], true);
    assert_eq!(integers["annotations"]["openWorldHint"], false);
    let value = &integers["inputSchema"]["properties"]["value"];
    assert_eq!(value["description"], "One field for each integer type.");
    assert_eq!(
        value["properties"]["signed8"],
        json!({ "type": "integer", "minimum": -128, "maximum": 127, "description": "From -128 to 127." })
    );
    assert_eq!(value["properties"]["unsigned64"]["maximum"], json!(u64::MAX));
    assert_eq!(integers["outputSchema"]["properties"]["signed8"], value["properties"]["signed8"]);
    assert_eq!(tool("plain-types_greet")["description"], "Greets somebody.");
    let log = host.log();
    for left_out in ["test:plain/counters@1.2.0.[constructor]counter", "a resource (own)", "a resource (borrow)"] {
        assert!(log.contains(left_out), "{log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn values_of_every_type_come_through_unchanged() {
    let host = host("plain-types").await;
    let same = result(&host, "plain-types_echo_everything", json!({ "value": everything() })).await;
    assert_eq!(same, everything());
    let integers = |signed64: Value, unsigned64: Value| {
        json!({
            "signed8": -128, "unsigned8": 255, "signed16": -32768, "unsigned16": 65535, "signed32": i32::MIN,
            "unsigned32": u32::MAX, "signed64": signed64, "unsigned64": unsigned64,
        })
    };
    let given = json!({ "value": integers(json!(i64::MIN), json!(9_007_199_254_740_991_u64)) });
    let same = result(&host, "plain-types_echo_integers", given).await;
    assert_eq!(same, integers(json!(i64::MIN.to_string()), json!(9_007_199_254_740_991_u64)));
    let drawings = json!(["nothing", null, { "dot": { "x": 1.5, "y": 0.0, "label": null } }]);
    let same = result(&host, "plain-types_echo_drawings", json!({ "all": drawings })).await;
    assert_eq!(same, json!({ "result": drawings }));
    let floats = result(&host, "plain-types_echo_float", json!({ "value": "-Infinity", "small": "NaN" })).await;
    assert_eq!(floats, json!({ "result": ["-Infinity", "NaN"] }));
    for _ in 0..2 {
        let initialized = result(&host, "plain-types_is_initialized", json!({})).await;
        assert_eq!(initialized, json!({ "result": true }));
    }
    let greeting = result(&host, "plain-types_greet", json!({ "name": "Ada" })).await;
    assert_eq!(greeting, json!({ "result": "Hello, Ada!" }));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_err_is_the_tools_error_and_an_ok_its_result() {
    let host = host("plain-types").await;
    let quotient = result(&host, "plain-types_calc_divide", json!({ "left": 7, "right": "-2" })).await;
    assert_eq!(quotient, json!({ "result": -3 }));
    let by_zero = error(&host, "plain-types_calc_divide", json!({ "left": 7, "right": 0 })).await;
    let expected = json!({
        "type": "tool_failed", "message": "division-by-zero", "details": { "error": "division-by-zero" },
    });
    assert_eq!(by_zero, expected);
    let overflow = error(&host, "plain-types_calc_divide", json!({ "left": i64::MIN, "right": -1 })).await;
    assert_eq!(overflow["details"]["error"], json!({ "overflow": [i64::MIN.to_string(), -1] }));
    let root = error(&host, "plain-types_calc_root", json!({ "of": -1 })).await;
    assert_eq!(root["message"], "-1 has no root");
    let failed = error(&host, "plain-types_calc_attempt", json!({ "works": false })).await;
    assert_eq!(failed["message"], "the function failed without saying why");
    for (tool, arguments) in [("attempt", json!({ "works": true })), ("nothing", json!({}))] {
        let done = host.call(&format!("plain-types_calc_{tool}"), arguments).await;
        assert_eq!(done["content"][0]["text"], "Done: the function has no result.", "{done:#}");
        assert_eq!(done.get("structuredContent").unwrap_or(&Value::Null), &Value::Null);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_fault_of_the_arguments_has_a_pointer() {
    let host = host("plain-types").await;
    let mut value = everything();
    value["grid"][2][0] = json!(2_147_483_648_u64);
    value["drawing"] = json!({ "many": [{ "x": "hunter2", "y": 1 }] });
    value["rights"] = json!(["read", "own"]);
    value["letter"] = json!("two");
    let error = error(&host, "plain-types_echo_everything", json!({ "value": value, "more": 1 })).await;
    assert_eq!(error["type"], "invalid_arguments");
    let faults = error["details"]["faults"].as_array().expect("faults");
    let mut pointers: Vec<_> = faults.iter().filter_map(|fault| fault["pointer"].as_str()).collect();
    pointers.sort_unstable();
    let expected = ["/more", "/value/drawing/many/0/x", "/value/grid/2/0", "/value/letter", "/value/rights/1"];
    assert_eq!(pointers, expected, "{faults:#?}");
    assert!(!error.to_string().contains("hunter2"), "{error:#}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_schema_can_say_is_a_fault_with_a_pointer_too() {
    let host = host("plain-types").await;
    let mut value = everything();
    value["bytes"] = json!("not base64");
    // Twenty digits, and yet too much.
    value["pair"][1] = json!("18446744073709551616");
    let error = error(&host, "plain-types_echo_everything", json!({ "value": value })).await;
    assert_eq!(error["type"], "invalid_arguments");
    let faults = error["details"]["faults"].as_array().expect("faults");
    let pointers: Vec<_> = faults.iter().filter_map(|fault| fault["pointer"].as_str()).collect();
    assert_eq!(pointers, ["/value/bytes", "/value/pair/1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn results_that_a_host_must_survive_are_refused() {
    let host = host("plain-hostile").await;
    let limit = async |tool: &str, arguments: Value, limit: &str| {
        let error = error(&host, &format!("plain-hostile_answers_{tool}"), arguments).await;
        assert_eq!(error["type"], "limit_exceeded", "{tool} {error:#}");
        assert_eq!(error["details"]["limit"], limit, "{tool} {error:#}");
    };
    limit("endless", json!({ "items": 4_000_000 }), "result_bytes").await;
    limit("endless", json!({ "items": 100_000 }), "result_bytes").await;
    limit("long", json!({ "bytes": 30_000_000 }), "result_bytes").await;
    limit("bytes", json!({ "count": 30_000_000 }), "result_bytes").await;
    limit("overlapping", json!({ "strings": 10_000, "bytes": 1_000_000 }), "result_bytes").await;
    limit("long_error", json!({ "bytes": 2_000_000 }), "result_bytes").await;
    limit("deep", json!({ "width": 40_000 }), "result_bytes").await;
    limit("spin", json!({}), "cpu_ms").await;
    for tool in ["trap", "not_text"] {
        let error = error(&host, &format!("plain-hostile_answers_{tool}"), json!({})).await;
        assert_eq!(error["type"], "trap", "{tool} {error:#}");
    }
    // What is just below the limit comes through, whatever it is made of.
    let bytes = result(&host, "plain-hostile_answers_bytes", json!({ "count": 780_000 })).await;
    assert_eq!(bytes["result"].as_str().map(str::len), Some(1_040_000));
    let deep = result(&host, "plain-hostile_answers_deep", json!({ "width": 10_000 })).await;
    assert_eq!(deep.pointer(&format!("/result{}/9999/text", "/0".repeat(11))), Some(&json!("x")));
    for _ in 0..3 {
        let count = result(&host, "plain-hostile_answers_count", json!({})).await;
        assert_eq!(count, json!({ "result": 1 }));
    }
    let log = host.log();
    assert!(log.contains("answers.deeper") && log.contains("nested more than"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_standard_library_on_wasi_0_2_works_and_sees_only_what_was_given() {
    let config = "[connectors.plain-wasi]\ngreeting = \"Good day\"\n";
    let host = Setup::up().await.with_guest("plain-wasi").config(config).start().await;
    let slept = result(&host, "plain-wasi_sleep", json!({ "ms": 20 })).await;
    assert!(slept["result"].as_u64() >= Some(20), "{slept}");
    let now = result(&host, "plain-wasi_now", json!({})).await;
    assert!(now["result"].as_u64() > Some(1_700_000_000), "{now}");
    let random = result(&host, "plain-wasi_random", json!({})).await;
    assert_ne!(random, result(&host, "plain-wasi_random", json!({})).await);
    let variables = result(&host, "plain-wasi_variables", json!({})).await;
    assert_eq!(variables, json!({ "result": [["GREETING", "Good day"]] }));
    let configured = result(&host, "plain-wasi_configured", json!({ "key": "GREETING" })).await;
    assert_eq!(configured, json!({ "result": "Good day" }));
    let hidden = result(&host, "plain-wasi_configured", json!({ "key": "hidden" })).await;
    assert_eq!(hidden, json!({ "result": null }));
    for folder in ["/", ".", "/etc"] {
        error(&host, "plain-wasi_files", json!({ "folder": folder })).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn asynchronous_functions_on_wasi_0_3_work() {
    let host = host("plain-async").await;
    let sum = result(&host, "plain-async_add", json!({ "left": 1, "right": 2 })).await;
    assert_eq!(sum, json!({ "result": 3 }));
    let waited = result(&host, "plain-async_timer_wait", json!({ "ms": 20 })).await;
    assert!(waited["result"].as_u64() >= Some(20), "{waited}");
    let start = Instant::now();
    let waited = result(&host, "plain-async_timer_wait_together", json!({ "ms": vec![300; 20] })).await;
    assert!(waited["result"].as_u64() >= Some(300), "{waited}");
    assert!(start.elapsed() < Duration::from_secs(6), "the waits were one after the other");
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_on_wasi_0_3_ends_with_the_wall_clock() {
    let config = "[connectors.plain-async.limits]\nwall_clock_ms = 200\n";
    let host = Setup::up().await.with_guest("plain-async").config(config).start().await;
    let error = error(&host, "plain-async_timer_wait", json!({ "ms": 600_000 })).await;
    assert_eq!(error["details"]["limit"], "wall_ms", "{error:#}");
}

/// A server that says hello to one request after the other, and its address.
async fn server() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let address = listener.local_addr().expect("it has an address").to_string();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 1024];
            let _ = stream.read(&mut request).await;
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello";
            let _ = stream.write_all(answer).await;
        }
    });
    address
}

/// Requests of either version of WASI take the same way out: what is granted passes, and is an event; what is not is
/// refused before anybody connects.
async fn only_what_is_granted_is_reached(guest: &str) {
    let address = server().await;
    let config = format!("[connectors.{guest}]\nbase_url = \"http://{address}\"\n");
    let host = Setup::up().await.with_guest(guest).config(&config).start().await;
    let tool = format!("{guest}_fetch");
    let granted = host.call(&tool, json!({ "authority": address, "path": "/" })).await;
    assert_eq!(granted["structuredContent"], json!({ "result": [200, "hello"] }), "{granted:#}");
    let job = host.job_of(&granted).await;
    assert_eq!(job["usage"]["outbound_requests"], 1, "{job:#}");
    // Five of the body, of its headers names, values, and four each.
    let headers = "content-length5".len() + "connectionclose".len() + 8;
    assert_eq!(job["usage"]["bytes_received"], 5 + headers, "{job:#}");
    let events = host.events(job["id"].as_str().expect("an id")).await;
    assert!(events.iter().any(|event| event["kind"] == "outbound" && event["data"]["status"] == 200), "{events:#?}");

    let nobody = std::net::TcpListener::bind("127.0.0.1:0").expect("a port is free");
    nobody.set_nonblocking(true).expect("it can be asked without waiting");
    let other = nobody.local_addr().expect("it has an address").to_string();
    let refused = error(&host, &tool, json!({ "authority": other, "path": "/" })).await;
    assert_eq!(refused["type"], "tool_failed", "{refused:#}");
    assert!(nobody.accept().is_err(), "somebody connected");
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_of_wasi_0_2_reach_only_what_is_granted() {
    only_what_is_granted_is_reached("plain-wasi").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_of_wasi_0_3_reach_only_what_is_granted() {
    only_what_is_granted_is_reached("plain-async").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_from_which_no_tool_can_be_made_stops_the_start() {
    let setup = Setup::up().await;
    let folder = setup.connectors().join("empty");
    fs::create_dir_all(&folder).expect("a folder can be made");
    let manifest = fs::read_to_string(path("BULKHEAD_GUESTS_DIR").join("plain-types/connector.toml"));
    let manifest = manifest.expect("the guests are built").replace("plain-types", "empty");
    fs::write(folder.join("connector.toml"), manifest).expect("a file can be written");
    // The smallest component there is, and something else.
    for (content, why) in [
        (b"\0asm\x0d\0\x01\0".as_slice(), "it exports no function of its own"),
        (b"(component)".as_slice(), "not a WebAssembly component"),
    ] {
        fs::write(folder.join("component.wasm"), content).expect("a file can be written");
        let said = setup.refusal().await;
        assert!(said.contains("connector empty") && said.contains(why), "{said}");
    }
}
