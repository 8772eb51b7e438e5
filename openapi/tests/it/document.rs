//! The document is true, complete and committed.

use std::collections::HashSet;
use std::path::Path;

use bulkhead_openapi::{description, functions, routes, text};
use serde_json::Value;

#[test]
fn the_committed_document_is_the_one_that_the_functions_give() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../openapi.json");
    let committed = std::fs::read_to_string(path).expect("openapi.json");
    assert!(committed == text(), "openapi.json is stale: run `cargo run -p bulkhead-openapi`");
}

#[test]
fn every_route_is_described_and_every_description_is_a_route() {
    let mut described = Vec::new();
    for function in functions() {
        let mut of_function: Vec<_> =
            (function.describe)().operations.iter().map(|operation| operation.route).collect();
        of_function.sort();
        assert_eq!(of_function, (function.routes)().list(), "{}", function.name);
        described.extend(of_function);
    }
    described.sort();
    assert_eq!(described, routes());
}

#[test]
fn every_path_names_its_variables_as_parameters() {
    for (path, operations) in description()["paths"].as_object().expect("paths") {
        let variables: HashSet<_> =
            path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
        for operation in operations.as_object().expect("operations").values() {
            let parameters = operation["parameters"].as_array().expect("parameters");
            let of_path = parameters.iter().filter(|parameter| parameter["in"] == "path");
            let named: HashSet<_> = of_path.filter_map(|parameter| parameter["name"].as_str()).collect();
            assert_eq!(named, variables, "{path}");
        }
    }
}

#[test]
fn every_reference_leads_somewhere() {
    fn check(document: &Value, value: &Value) {
        match value {
            Value::Object(object) => {
                if let Some(reference) = object.get("$ref").and_then(Value::as_str) {
                    let pointer = reference.strip_prefix('#').expect("a reference into the document");
                    assert!(document.pointer(pointer).is_some(), "{reference} leads nowhere");
                }
                object.values().for_each(|value| check(document, value));
            }
            Value::Array(array) => array.iter().for_each(|value| check(document, value)),
            _ => {}
        }
    }
    let document = description();
    check(&document, &document);
}

#[test]
fn every_schema_is_used_and_is_a_json_schema() {
    let document = description();
    let text = document.to_string();
    for (name, schema) in document["components"]["schemas"].as_object().expect("schemas") {
        assert!(text.contains(&format!("\"#/components/schemas/{name}\"")), "{name} is not used");
        assert!(jsonschema::draft202012::meta::is_valid(schema), "{name} is no JSON Schema");
    }
}

#[test]
fn operations_have_different_names() {
    let document = description();
    let paths = document["paths"].as_object().expect("paths").values();
    let mut names: Vec<_> = paths
        .flat_map(|path| path.as_object().expect("operations").values())
        .map(|operation| operation["operationId"].as_str().expect("a name").to_owned())
        .collect();
    let count = names.len();
    names.sort();
    names.dedup();
    assert_eq!(names.len(), count);
}
