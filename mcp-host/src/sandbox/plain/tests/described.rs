//! What is made of a component's exports.

use serde_json::{Value, json};

use super::super::describe::{MAX_SCHEMA_BYTES, NoTools};
use super::super::shape::{MAX_DEPTH, MAX_PARTS};
use super::component::{described, described_with_docs};

const TEXT: &str = r#"
    package acme:text@1.2.3;

    /// Figures of texts.
    interface stats {
        /// What was counted.
        record counts {
            /// Words, by white space.
            words: u32,
            longest: option<string>,
        }
        type totals = counts;
        /// What to count.
        enum unit {
            /// Bytes of UTF-8.
            byte,
            line,
        }
        variant source {
            /// Standard input.
            stdin,
            /// The text itself.
            text(string),
        }
        /// Counts a text's words.
        ///
        /// White space ends a word.
        count: func(text: string, unit: unit) -> result<totals, string>;
        total: func(of: list<source>) -> u64;
    }

    world tools {
        export stats;
        /// Says hello.
        export greet: func(name: option<string>) -> string;
        export initialize: func();
    }
"#;

fn tools(wit: &str) -> Vec<Value> {
    let (functions, left_out) = described(wit).expect("has tools");
    assert_eq!(left_out, []);
    functions.into_iter().map(|function| serde_json::to_value(function.tool).expect("JSON")).collect()
}

fn left_out(functions: &str) -> Vec<(String, String)> {
    let wit = format!("package a:b; interface i {{ {functions} good: func(); }} world w {{ export i; }}");
    let (functions, left_out) = described(&wit).expect("has tools");
    assert_eq!(functions.len(), 1);
    left_out.into_iter().map(|one| (one.function, one.reason)).collect()
}

#[test]
fn functions_become_tools_with_names_docs_and_schemas() {
    let mut found = tools(TEXT);
    found.sort_by_key(|tool| tool["name"].to_string());
    let names: Vec<_> = found.iter().map(|tool| tool["name"].as_str().expect("a name")).collect();
    assert_eq!(names, ["greet", "stats_count", "stats_total"]);
    assert_eq!(found[0]["title"], "Greet");
    assert_eq!(found[0]["description"], "Says hello.");
    assert_eq!(found[1]["description"], "Counts a text's words.\n\nWhite space ends a word.");
    assert_eq!(found[2]["description"], "The component's function acme:text/stats@1.2.3.total.");
    assert_eq!(
        found[1]["input_schema"],
        json!({
            "type": "object",
            "properties": {
                "text": { "type": "string" },
                "unit": {
                    "type": "string",
                    "enum": ["byte", "line"],
                    "description": "What to count.\n- byte: Bytes of UTF-8.",
                },
            },
            "required": ["text", "unit"],
            "additionalProperties": false,
        })
    );
    assert_eq!(
        found[1]["output_schema"],
        json!({
            "type": "object",
            "description": "What was counted.",
            "properties": {
                "words": {
                    "type": "integer",
                    "minimum": 0,
                    "maximum": 4_294_967_295_u32,
                    "description": "Words, by white space.",
                },
                "longest": { "type": ["string", "null"] },
            },
            "required": ["words"],
            "additionalProperties": false,
        })
    );
    assert_eq!(
        found[2]["input_schema"]["properties"]["of"]["items"],
        json!({
            "type": ["object", "string"],
            "pattern": "^(stdin)$",
            "properties": { "text": { "type": "string", "description": "The text itself." } },
            "minProperties": 1,
            "maxProperties": 1,
            "additionalProperties": false,
            "description": "- stdin: Standard input.",
        })
    );
    assert_eq!(found[2]["output_schema"]["properties"]["result"]["type"], json!(["integer", "string"]));
    assert_eq!(found[2]["output_schema"]["required"], json!(["result"]));
}

#[test]
fn only_a_function_without_types_is_run_at_installation() {
    let found = tools("package a:b; world w { export initialize: func(x: u8); }");
    assert_eq!(found[0]["name"], "initialize");
    let only = described("package a:b; world w { export initialize: func(); }");
    assert_eq!(only.err(), Some(NoTools::NoFunctions));
}

#[test]
fn documentation_that_can_not_be_read_leaves_the_tools() {
    const WIT: &str = "package a:b; world w { export f: func(); }";
    let description = |content: &[u8]| {
        let (functions, _) = described_with_docs(WIT, content).expect("a tool");
        functions[0].tool.description.clone()
    };
    assert_eq!(description(b"\0{\"worlds\": {\"any\": {\"funcs\": {\"f\": \"Version 0.\"}}}}"), "Version 0.");
    assert_eq!(
        description(
            b"\x01{\"later\": 1, \"worlds\": {\"any\": {\"func_exports\": {\"f\": {\"docs\": \"Version 1.\"}}}}}"
        ),
        "Version 1."
    );
    for unreadable in [b"".as_slice(), b"\x01", b"\x01[]", b"\x02{}", b"\x01{\"worlds\": 1}"] {
        assert_eq!(description(unreadable), "The component's function f.", "{unreadable:?}");
    }
}

#[test]
fn a_function_without_docs_is_described_by_its_name() {
    let found = tools("package a:b; world w { export f: func(x: tuple<u8, char>); }");
    assert_eq!(found[0]["description"], "The component's function f.");
    assert_eq!(found[0]["output_schema"], Value::Null);
    assert_eq!(found[0]["input_schema"]["properties"]["x"]["items"], false);
}

#[test]
fn types_without_a_form_in_json_leave_their_function_out() {
    let functions = "
        resource r { constructor(); touch: func(); }
        take: func(x: list<option<r>>);
        lend: func(x: borrow<r>);
        wait: func() -> result<future<u8>, string>;
        flow: func(x: tuple<u8, stream<u8>>);
    ";
    let found = left_out(functions);
    let reason = |name: &str| {
        let whole = format!("a:b/i.{name}");
        found.iter().find(|(function, _)| *function == whole).map(|(_, reason)| reason.as_str())
    };
    assert_eq!(reason("take"), Some("its parameter \"x\": a resource (own) has no form in JSON that is supported"));
    assert_eq!(reason("lend"), Some("its parameter \"x\": a resource (borrow) has no form in JSON that is supported"));
    assert_eq!(reason("wait"), Some("its result: a future has no form in JSON that is supported"));
    assert_eq!(reason("flow"), Some("its parameter \"x\": a stream has no form in JSON that is supported"));
    assert!(reason("[constructor]r").is_some() && reason("[method]r.touch").is_some(), "{found:?}");
}

#[test]
fn what_componentize_py_leaves_behind_is_no_tool() {
    let python = "exports: interface {
        record symbols { names: list<string> }
        init: func(app-name: string, symbols: symbols, stub-wasi: bool) -> result<_, string>;
    }";
    let wit =
        |left: &str| format!("package a:b; world w {{ export eval: func(text: string) -> string; export {left} }}");
    assert_eq!(tools(&wit(python)).len(), 1);
    // Another function of that name is a tool like any other.
    assert_eq!(tools(&wit("exports: interface { init: func(name: string); }")).len(), 2);
}

#[test]
fn maps_are_objects_when_their_keys_are_strings_and_pairs_otherwise() {
    let found = tools("package a:b; world w { export f: func(x: map<string, u8>, y: map<char, map<string, bool>>); }");
    let properties = &found[0]["input_schema"]["properties"];
    let byte = json!({ "type": "integer", "minimum": 0, "maximum": 255 });
    assert_eq!(properties["x"], json!({ "type": "object", "additionalProperties": byte }));
    let pair = &properties["y"]["items"];
    assert_eq!(pair["prefixItems"][0]["maxLength"], 1);
    let inner = json!({ "type": "object", "additionalProperties": { "type": "boolean" } });
    assert_eq!((&pair["prefixItems"][1], &pair["items"], &pair["minItems"]), (&inner, &json!(false), &json!(2)));
}

/// `list<list<...<bool>>>` of this depth.
fn nested(depth: usize) -> String {
    format!("{}bool{}", "list<".repeat(depth - 1), ">".repeat(depth - 1))
}

#[test]
fn depth_is_limited() {
    let (functions, _) =
        described(&format!("package a:b; world w {{ export f: func(x: {}); }}", nested(MAX_DEPTH))).expect("a tool");
    assert_eq!(functions.len(), 1);
    let found = left_out(&format!("f: func(x: {});", nested(MAX_DEPTH + 1)));
    assert!(found[0].1.contains("nested more than"), "{found:?}");
}

#[test]
fn what_is_repeated_without_end_is_left_out() {
    // Each type uses the one before it three times.
    let types: String = (1..8).map(|n| format!("type t{n} = tuple<t{0}, t{0}, t{0}>; ", n - 1)).collect();
    let function = |used: &str| format!("type t0 = tuple<u8, u8>; {types} f: func(x: {used});");
    let wit = format!("package a:b; interface i {{ {} }} world w {{ export i; }}", function("t5"));
    assert_eq!(tools(&wit).len(), 1);
    let found = left_out(&function("t7"));
    assert!(found[0].1.contains(&format!("more than {MAX_PARTS} parts")), "{found:?}");
}

#[test]
fn the_size_of_schemas_is_limited() {
    let document = |bytes: usize| format!("/// {}\n f: func();", "x".repeat(bytes));
    let found = left_out(&document(MAX_SCHEMA_BYTES + 1));
    assert!(found[0].1.contains("bytes, more than"), "{found:?}");
    let wit = format!("package a:b; interface i {{ {} }} world w {{ export i; }}", document(MAX_SCHEMA_BYTES / 2));
    assert_eq!(tools(&wit).len(), 1);
}

#[test]
fn a_component_without_functions_of_its_own_is_refused() {
    let command = "package wasi:cli@0.2.6; interface run { run: func() -> result; } world w { export run; }";
    assert_eq!(described(command).err(), Some(NoTools::Command));
    assert_eq!(described("package a:b; world w { }").err(), Some(NoTools::NoFunctions));
    let only = described("package a:b; world w { export f: func(x: stream<u8>); }").expect_err("refused").to_string();
    assert!(only.contains("none of its functions can be a tool: f: its parameter \"x\": a stream"), "{only}");
}
