//! Arguments that are wrong: each fault is named by its place, and no fault repeats what was given.

use serde_json::{Value, json};
use wasmtime::component::Val;

use super::super::arguments::{MAX_FAULTS, from_json};
use super::super::shape::Field;
use super::component::described;

const WIT: &str = r#"
    package a:b;
    interface i {
        record point { x: s8, label: option<option<string>> }
        flags rights { read, write }
        variant shape { none, circle(f32), line(tuple<point, point>) }
        draw: func(
            at: point, also: list<point>, rights: rights, shape: shape, letter: char,
            bytes: list<u8>, outcome: result<_, u64>, wide: s64, by-name: map<string, u8>, by-number: map<u8, char>,
        );
    }
    world w { export i; }
"#;

fn parameters() -> Vec<Field> {
    described(WIT).expect("a tool").0.remove(0).parameters
}

fn good() -> Value {
    json!({
        "at": { "x": -128, "label": { "some": null } },
        "also": [{ "x": 127 }, { "x": 0, "label": { "some": "here" } }, { "x": 1, "label": null }],
        "rights": ["write", "read"],
        "shape": { "line": [{ "x": 1 }, { "x": 2 }] },
        "letter": "é",
        "bytes": "AQI",
        "outcome": { "ok": null },
        "wide": "-9223372036854775808",
        "by-name": { "b": 2, "a": 1 },
        "by-number": [[1, "a"], [0, "b"], [1, "c"]],
    })
}

#[test]
fn good_arguments_are_values_in_the_parameters_order() {
    let values = from_json(&parameters(), &good()).expect("they are good");
    let none = || Val::Option(None);
    let some = |inner| Val::Option(Some(Box::new(inner)));
    let point = |x, label| Val::Record(vec![("x".to_owned(), Val::S8(x)), ("label".to_owned(), label)]);
    assert_eq!(values[0], point(-128, some(none())));
    let here = some(some(Val::String("here".to_owned())));
    assert_eq!(values[1], Val::List(vec![point(127, none()), point(0, here), point(1, none())]));
    assert_eq!(values[2], Val::Flags(vec!["read".to_owned(), "write".to_owned()]));
    let line = Val::Tuple(vec![point(1, none()), point(2, none())]);
    assert_eq!(values[3], Val::Variant("line".to_owned(), Some(Box::new(line))));
    assert_eq!(values[4], Val::Char('é'));
    assert_eq!(values[5], Val::List(vec![Val::U8(1), Val::U8(2)]));
    assert_eq!(values[6], Val::Result(Ok(None)));
    assert_eq!(values[7], Val::S64(i64::MIN));
    let Val::Map(mut named) = values[8].clone() else { panic!("{:?}", values[8]) };
    named.sort_by_key(|(name, _)| format!("{name:?}"));
    assert_eq!(named, [("a", 1), ("b", 2)].map(|(name, value)| (Val::String(name.to_owned()), Val::U8(value))));
    let pairs = [(1, 'a'), (0, 'b'), (1, 'c')].map(|(key, value)| (Val::U8(key), Val::Char(value)));
    assert_eq!(values[9], Val::Map(pairs.to_vec()));
}

#[test]
fn every_fault_has_a_pointer_and_none_repeats_the_value() {
    let shape = |value: Value| json!({ "shape": value });
    for (change, pointer, message) in [
        (json!({ "at": { "x": 128 } }), "/at/x", "must be an integer from -128 to 127"),
        (json!({ "at": { "x": 1.5 } }), "/at/x", "must be an integer"),
        (json!({ "at": {} }), "/at/x", "is required"),
        (json!({ "at": { "x": 1, "a/~b": 1 } }), "/at/a~1~0b", "is not a field"),
        (json!({ "at": { "x": 1, "label": "hunter2" } }), "/at/label", "must be null or {\"some\": ...}"),
        (json!({ "also": [{ "x": 0 }, { "x": "hunter2" }] }), "/also/1/x", "must be an integer"),
        (json!({ "also": "hunter2" }), "/also", "must be an array"),
        (json!({ "rights": ["read", "read"] }), "/rights/1", "is set twice"),
        (json!({ "rights": ["hunter2"] }), "/rights/0", "must be one of read, write"),
        (shape(json!("circle")), "/shape", "names a case that has a value"),
        (shape(json!("hunter2")), "/shape", "must be one of none, circle, line"),
        (shape(json!({ "none": null })), "/shape/none", "is a case without a value"),
        (shape(json!({ "circle": 1, "none": 1 })), "/shape", "must have exactly one member"),
        (shape(json!({ "circle": 1e39 })), "/shape/circle", "must fit a 32-bit float"),
        (shape(json!({ "line": [{ "x": 1 }] })), "/shape/line", "must be an array of 2 items"),
        (shape(json!({ "square": 1 })), "/shape/square", "is not a case"),
        (json!({ "letter": "hunter2" }), "/letter", "must be exactly one character"),
        (json!({ "letter": "" }), "/letter", "must be exactly one character"),
        (json!({ "bytes": "hunter2!" }), "/bytes", "must be base64"),
        (json!({ "bytes": [0, 256] }), "/bytes/1", "must be an integer from 0 to 255"),
        (json!({ "outcome": {} }), "/outcome", "must be {\"ok\": ...} or {\"err\": ...}"),
        (json!({ "outcome": { "ok": 1 } }), "/outcome/ok", "must be null"),
        (json!({ "outcome": { "err": "18446744073709551616" } }), "/outcome/err", "as a number or a decimal string"),
        (json!({ "surplus": 1 }), "/surplus", "is not an argument"),
        (json!({ "by-name": [] }), "/by-name", "must be an object"),
        (json!({ "by-name": { "hunter2": 256 } }), "/by-name/hunter2", "must be an integer from 0 to 255"),
        (json!({ "by-number": {} }), "/by-number", "must be an array of pairs"),
        (json!({ "by-number": [[0, "a", "hunter2"]] }), "/by-number/0", "must be an array of a key and its value"),
        (json!({ "by-number": [[0, "a"], [0, "hunter2"]] }), "/by-number/1/1", "must be exactly one character"),
    ] {
        let mut arguments = good();
        let members = change.as_object().expect("an object").clone();
        arguments.as_object_mut().expect("an object").extend(members);
        let faults = from_json(&parameters(), &arguments).expect_err(pointer);
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert_eq!(faults[0].pointer, pointer, "{faults:?}");
        assert!(faults[0].message.contains(message), "{faults:?}");
        assert!(!faults[0].message.contains("hunter2"), "{faults:?}");
    }
}

#[test]
fn all_faults_are_found_at_once_up_to_a_number() {
    let mut arguments = good();
    arguments["letter"] = json!(1);
    arguments["at"] = json!({ "x": [], "label": [] });
    let faults = from_json(&parameters(), &arguments).expect_err("they are wrong");
    let pointers: Vec<_> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
    assert_eq!(pointers, ["/at/x", "/at/label", "/letter"]);
    arguments["also"] = json!(vec![1; 1000]);
    assert_eq!(from_json(&parameters(), &arguments).expect_err("they are wrong").len(), MAX_FAULTS);
    assert_eq!(from_json(&parameters(), &json!([])).expect_err("no object")[0].pointer, "");
}
