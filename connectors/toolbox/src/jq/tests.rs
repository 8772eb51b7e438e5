use serde_json::{Value, json};

use super::library::Library;
use super::*;
use crate::CONNECTOR;

fn call(arguments: Value) -> Result<Value, ToolError> {
    let reply = CONNECTOR.call("jq", &arguments.to_string())?;
    Ok(serde_json::from_str(&reply).expect("a result is JSON"))
}

fn results(filter: &str, input: Value) -> Value {
    call(json!({"filter": filter, "input": input})).expect("the filter runs")["results"].take()
}

fn refusal(filter: &str) -> Vec<(String, String)> {
    match call(json!({"filter": filter, "input": null})) {
        Err(ToolError::InvalidArguments(faults)) => {
            faults.into_iter().map(|fault| (fault.pointer, fault.message)).collect()
        }
        other => panic!("{filter} is not refused: {other:?}"),
    }
}

fn first_refusal(filter: &str) -> String {
    let faults = refusal(filter);
    assert!(faults.iter().all(|(pointer, _)| pointer == "/filter"), "{faults:?}");
    faults[0].1.clone()
}

#[test]
fn a_filter_gives_none_one_or_many_results() {
    assert_eq!(call(json!({"filter": ".a", "input": {"a": 1}})), Ok(json!({"results": [1]})));
    assert_eq!(results("empty", json!(null)), json!([]));
    assert_eq!(results(".[] | select(. > 1)", json!([1, 2, 3])), json!([2, 3]));
    let runs = json!([{"id": 1, "state": "failed"}, {"id": 2, "state": "ok"}, {"id": 3, "state": "failed"}]);
    let grouped = "group_by(.state) | map({(.[0].state): map(.id)}) | add";
    assert_eq!(results(grouped, runs), json!([{"failed": [1, 3], "ok": [2]}]));
}

#[test]
fn numbers_keep_their_value() {
    let numbers = json!([1, -1, 1.5, 3_000_000_000u64, 9_007_199_254_740_993u64, u64::MAX, i64::MIN, 1e300, 0.1]);
    assert_eq!(results(".", numbers.clone()), json!([numbers]));
    assert_eq!(results("[nan, infinite, 10 / 2, 3.0]", json!(null)), json!([[null, f64::MAX, 5, 3]]));
    assert_eq!(results("1700000000123 + 1", json!(null)), json!([1_700_000_000_124u64]));
}

#[test]
fn arguments_become_variables() {
    let arguments = json!({"filter": "$a + $b", "input": null, "args": {"b": "B", "a": "A"}});
    assert_eq!(call(arguments), Ok(json!({"results": ["AB"]})));
    for name in ["", "1a", "a-b", "$a"] {
        let refused = call(json!({"filter": ".", "input": null, "args": {name: 1}}));
        let Err(ToolError::InvalidArguments(faults)) = refused else { panic!("{name}: {refused:?}") };
        assert_eq!(faults[0].pointer, format!("/args/{name}"));
    }
    assert_eq!(first_refusal("$nope"), "line 1, column 1: the variable `$nope` is not defined");
}

#[test]
fn a_filter_that_does_not_parse_is_refused_where_it_goes_wrong() {
    assert_eq!(first_refusal(".a |"), "line 1, column 5: expected term, found the end of the filter");
    assert_eq!(first_refusal(".a\n  | )"), "line 2, column 5: expected token, found `)`");
    assert_eq!(first_refusal("[1, 2"), "line 1, column 6: expected closing bracket, found the end of the filter");
    assert_eq!(first_refusal(r#""abc"#), "line 1, column 5: expected closing quote, found the end of the filter");
    assert_eq!(first_refusal("1 2"), "line 1, column 3: expected the end of the filter, found `2`");
    assert_eq!(first_refusal(""), "line 1, column 1: expected term, found the end of the filter");
    assert_eq!(first_refusal(". | nope"), "line 1, column 5: there is no filter `nope` without arguments");
    assert_eq!(first_refusal("map(.; .)"), "line 1, column 1: there is no filter `map` with 2 arguments");
    assert_eq!(first_refusal(r#"include "x"; ."#), "line 1, column 10: modules cannot be loaded");
    assert_eq!(refusal("a + b").len(), 2);
    assert_eq!(refusal("a, b, c, d, e, f, g").len(), 5);
}

#[test]
fn what_reaches_out_of_a_program_is_not_there() {
    for filter in ["halt", "halt_error", "env", "input", "inputs", "$ENV"] {
        assert!(first_refusal(filter).contains(filter), "{filter}");
    }
}

#[test]
fn an_error_of_the_filter_fails_with_its_words() {
    let failure = |filter: &str, input: Value| match call(json!({"filter": filter, "input": input})) {
        Err(ToolError::Failed(message)) => message,
        other => panic!("{filter} does not fail: {other:?}"),
    };
    assert_eq!(failure(".a", json!(1)), "cannot index 1 with \"a\"");
    assert_eq!(failure(r#"1, 2, error("no")"#, json!(null)), "no (after 2 results)");
    assert_eq!(failure("error({code: 1})", json!(null)), r#"{"code":1}"#);
    // The description tells of this difference from jq.
    assert_eq!(failure(".a.b = 1", json!({})), "cannot use null as iterable (array or object)");
    assert!(failure("{(1): 2}", json!(null)).ends_with("the object key 1 is not a string"));
    let long = failure(".a", json!(vec![0; 1000]));
    assert_eq!(long.chars().count(), ERROR_LENGTH + 1);
}

#[test]
fn results_are_limited_on_both_sides() {
    let ask = |limit: u32| call(json!({"filter": "range(3)", "input": null, "limit": limit}));
    assert_eq!(ask(2), Ok(json!({"results": [0, 1], "truncated": true})));
    assert_eq!(ask(3), Ok(json!({"results": [0, 1, 2]})));
    assert_eq!(ask(MAX_LIMIT), Ok(json!({"results": [0, 1, 2]})));
    for limit in [0, MAX_LIMIT + 1] {
        let expected = ToolError::invalid("/limit", "must be from 1 to 10000");
        assert_eq!(ask(limit), Err(expected));
    }
    let endless = call(json!({"filter": "repeat(1)", "input": null})).expect("the limit ends it");
    assert_eq!(endless["results"].as_array().map(Vec::len), Some(DEFAULT_LIMIT as usize));
    assert_eq!(endless["truncated"], true);
    // Beyond the limit nothing is looked at.
    let arguments = json!({"filter": r#"1, error("no")"#, "input": null, "limit": 1});
    assert_eq!(call(arguments), Ok(json!({"results": [1]})));
}

#[test]
fn arguments_of_the_wrong_shape_are_refused_where_they_are_wrong() {
    for (arguments, pointer) in [
        (json!({"filter": 1, "input": null}), "/filter"),
        (json!({"filter": ".", "input": null, "limit": "x"}), "/limit"),
        (json!({"filter": ".", "input": null, "args": []}), "/args"),
        (json!({"filter": ".", "input": null, "nope": 1}), "/nope"),
        (json!({"filter": "."}), ""),
    ] {
        let refused = call(arguments);
        let Err(ToolError::InvalidArguments(faults)) = refused else { panic!("{pointer}: {refused:?}") };
        assert_eq!(faults[0].pointer, pointer, "{faults:?}");
    }
}

#[test]
fn the_part_of_the_library_that_a_program_gets_is_enough() {
    let library = Library::standard();
    for (name, arity) in library.signatures() {
        if name.starts_with('!') {
            continue;
        }
        let arguments = vec!["."; arity].join("; ");
        let program = if arity == 0 { name.to_owned() } else { format!("{name}({arguments})") };
        let whole = Program::compile_with(&program, [].into_iter(), library.whole());
        let part = Program::compile_with(&program, [].into_iter(), library.used_by(&program));
        assert!(whole.is_ok() && part.is_ok(), "{program}");
    }
    assert!(library.used_by(".a.b[0]").definitions.is_empty());
    assert!(library.used_by("map(.a)").definitions.len() < 5);
}

#[test]
fn the_additions_do_as_jq_does() {
    assert_eq!(results("@csv", json!(["a\"b", 1, null, true, 1.5])), json!(["\"a\"\"b\",1,,true,1.5"]));
    assert_eq!(results("@tsv", json!(["a\tb\\", 1, null])), json!(["a\\tb\\\\\t1\t"]));
    assert_eq!(results(r#"trimstr("x")"#, json!("xax")), json!(["a"]));
    assert_eq!(results("[toarray, ([1] | toarray)]", json!(2)), json!([[[2], [1]]]));
    assert_eq!(results("INDEX(.id) | keys", json!([{"id": 2}, {"id": 1}])), json!([["1", "2"]]));
    assert_eq!(results(".[] | IN(2, 3)", json!([1, 2])), json!([false, true]));
    assert_eq!(results("[leaf_paths]", json!({"a": [1]})), json!([[["a", 0]]]));
}
