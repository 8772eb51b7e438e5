//! Whether answers fit what a job asks for: each is MCP's result of the question's request.

use std::collections::BTreeMap;

use bulkhead_kernel::Fault;
use serde_json::Value;

use crate::catalogue::faults;
use crate::model::Job;
use crate::round::InputRequired;

/// Every fault of the answers, by its pointer into them; none for a job that asks for nothing.
#[must_use]
pub fn check_answers(job: &Job, answers: &BTreeMap<String, Value>) -> Vec<Fault> {
    let Some(asked) = job.result.as_ref().and_then(InputRequired::of_result) else { return Vec::new() };
    let mut found = Vec::new();
    for (key, request) in &asked.requests {
        let pointer = pointer(key);
        match answers.get(key) {
            Some(answer) => check(request, answer, &pointer, &mut found),
            None if job.answers.contains_key(key) => {}
            None => found.push(Fault::new(pointer, "is required: the job asks for it")),
        }
    }
    let unknown = answers.keys().filter(|key| !asked.requests.contains_key(*key));
    found.extend(unknown.map(|key| Fault::new(pointer(key), "is nothing that the job asks for")));
    found
}

fn pointer(key: &str) -> String {
    format!("/{}", key.replace('~', "~0").replace('/', "~1"))
}

fn check(request: &Value, answer: &Value, at: &str, found: &mut Vec<Fault>) {
    let mut fault = |place: &str, message: &str| found.push(Fault::new(format!("{at}{place}"), message));
    if !answer.is_object() {
        return fault("", "is not an object");
    }
    match request["method"].as_str().unwrap_or_default() {
        "elicitation/create" => match answer["action"].as_str() {
            // Where there is no form, a page was to be visited.
            Some("accept") => {
                if let Some(schema) = request.pointer("/params/requestedSchema") {
                    check_form(schema, answer, at, found);
                }
            }
            Some("decline" | "cancel") => {}
            _ => fault("/action", "is not one of accept, decline and cancel"),
        },
        "sampling/createMessage" => {
            if !answer["role"].is_string() {
                fault("/role", "is not a string");
            }
            if !answer["content"].is_object() && !answer["content"].is_array() {
                fault("/content", "is not a content block, nor several");
            }
        }
        "roots/list" => match answer["roots"].as_array() {
            Some(roots) => {
                for (index, _) in roots.iter().enumerate().filter(|(_, root)| !root["uri"].is_string()) {
                    fault(&format!("/roots/{index}/uri"), "is not a string");
                }
            }
            None => fault("/roots", "is not an array"),
        },
        _ => {}
    }
}

/// What was filled in, against the form's schema.
fn check_form(schema: &Value, answer: &Value, at: &str, found: &mut Vec<Fault>) {
    let Some(content) = answer.get("content").filter(|content| content.is_object()) else {
        found.push(Fault::new(format!("{at}/content"), "is not an object"));
        return;
    };
    // A form that is no schema is the tool's mistake: it gets what was filled in.
    let Ok(validator) = jsonschema::draft202012::new(schema) else { return };
    for error in validator.iter_errors(content) {
        let in_answer = |fault: Fault| Fault { pointer: format!("{at}/content{}", fault.pointer), ..fault };
        found.extend(faults(&error).into_iter().map(in_answer));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pointers(request: Value, answer: Value) -> Vec<String> {
        let mut found = Vec::new();
        check(&request, &answer, "/q", &mut found);
        found.into_iter().map(|fault| fault.pointer).collect()
    }

    #[test]
    fn a_form_is_filled_in_as_it_asks_to_be() {
        let schema = json!({
            "type": "object", "properties": { "name": { "type": "string" } }, "required": ["name"],
        });
        let ask = || json!({ "method": "elicitation/create", "params": { "mode": "form", "requestedSchema": schema } });
        let nothing: [String; 0] = [];
        assert_eq!(pointers(ask(), json!({ "action": "accept", "content": { "name": "Ada" } })), nothing);
        assert_eq!(pointers(ask(), json!({ "action": "decline" })), nothing);
        assert_eq!(pointers(ask(), json!({ "action": "accept" })), ["/q/content"]);
        assert_eq!(pointers(ask(), json!({ "action": "accept", "content": { "name": 1 } })), ["/q/content/name"]);
        assert_eq!(pointers(ask(), json!({ "action": "accept", "content": {} })), ["/q/content/name"]);
        assert_eq!(pointers(ask(), json!({ "action": "maybe" })), ["/q/action"]);
        assert_eq!(pointers(ask(), json!("Ada")), ["/q"]);
        let visit = json!({ "method": "elicitation/create", "params": { "mode": "url", "url": "https://a.example" } });
        assert_eq!(pointers(visit, json!({ "action": "accept" })), nothing);
    }

    #[test]
    fn a_model_and_a_client_answer_as_mcp_has_it() {
        let nothing: [String; 0] = [];
        let sample = || json!({ "method": "sampling/createMessage", "params": {} });
        let said = json!({ "role": "assistant", "content": { "type": "text", "text": "Paris" }, "model": "m" });
        assert_eq!(pointers(sample(), said), nothing);
        assert_eq!(pointers(sample(), json!({})), ["/q/role", "/q/content"]);
        let roots = || json!({ "method": "roots/list", "params": {} });
        assert_eq!(pointers(roots(), json!({ "roots": [{ "uri": "file:///a" }] })), nothing);
        assert_eq!(pointers(roots(), json!({ "roots": [{ "uri": "file:///a" }, {}] })), ["/q/roots/1/uri"]);
        assert_eq!(pointers(roots(), json!({})), ["/q/roots"]);
    }
}
