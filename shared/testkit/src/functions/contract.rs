//! Holds answers against the API's description.

use http::Method;
use serde_json::{Map, Value, json};

use super::Answer;

/// A function's description, ready to check answers.
pub(crate) struct Contract {
    paths: Map<String, Value>,
    components: Value,
}

impl Contract {
    pub(crate) fn of(document: &Value) -> Self {
        let mut components = document["components"].clone();
        // A client may not rely on the absence of a member, but here one that nobody described is a mistake.
        for (_, schema) in components["schemas"].as_object_mut().expect("schemas") {
            close(schema);
        }
        Self { paths: document["paths"].as_object().expect("paths").clone(), components }
    }

    /// Checks an answer of a described route; other paths and methods have nothing to be held against.
    pub(crate) fn check(&self, method: &Method, path: &str, answer: &Answer) {
        let method = method.as_str().to_ascii_lowercase();
        let described = self.paths.iter().find(|(template, _)| matches(template, path));
        let Some((template, operation)) =
            described.and_then(|(template, path)| path.get(&method).map(|operation| (template, operation)))
        else {
            return;
        };
        let place = format!("{method} {template} → {}", answer.status.as_u16());
        let response = &operation["responses"][answer.status.as_str()];
        assert!(response.is_object(), "{place} is not described: {}", answer.json);
        let Some(content) = response["content"].as_object() else {
            assert!(answer.json.is_null(), "{place} is described without a body: {}", answer.json);
            return;
        };
        let media = answer.header("content-type");
        let media = &content[media.split(';').next().unwrap_or(media)];
        let schema = json!({"allOf": [media["schema"]], "components": self.components});
        let validator = jsonschema::draft202012::new(&schema).expect("the description holds JSON Schemas");
        let faults: Vec<_> =
            validator.iter_errors(&answer.json).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(faults.is_empty(), "{place} is not as described: {faults:#?}");
    }
}

fn matches(template: &str, path: &str) -> bool {
    let (template, path): (Vec<_>, Vec<_>) = (template.split('/').collect(), path.split('/').collect());
    template.len() == path.len() && template.iter().zip(&path).all(|(a, b)| a.starts_with('{') || a == b)
}

fn close(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            if object.contains_key("properties") {
                object.entry("additionalProperties").or_insert(json!(false));
            }
            object.values_mut().for_each(close);
        }
        Value::Array(array) => array.iter_mut().for_each(close),
        _ => {}
    }
}
