//! Tools that ask, as older versions of the protocol know it.

use bulkhead_connector_kit::{Annotations, Content, ContentTool, Question, Round, ToolError, Turn};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

/// A result that says what was answered.
fn answered(text: String) -> Result<Turn<Vec<Content>>, ToolError> {
    Ok(Turn::Done(vec![Content::text(text)]))
}

/// Asks by a form, then says what was done with it.
fn form(round: &Round, message: &str, schema: Value) -> Result<Turn<Vec<Content>>, ToolError> {
    match round.answer::<Value>("form") {
        Some(answer) => {
            let action = answer["action"].as_str().unwrap_or("?");
            answered(format!("Elicitation completed: action={action}, content={}", answer["content"]))
        }
        None => Ok(Turn::ask(vec![Question::elicit("form", message, schema)])),
    }
}

pub(crate) fn sampling(text: &str, most: u32) -> Value {
    json!({ "messages": [{ "role": "user", "content": { "type": "text", "text": text } }], "maxTokens": most })
}

/// What a model said.
pub(crate) fn sampled(round: &Round, key: &str) -> Option<String> {
    let answer: Value = round.answer(key)?;
    Some(answer.pointer("/content/text")?.as_str()?.to_owned())
}

/// For the model.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SamplingInput {
    /// What the model is asked.
    prompt: String,
}

/// Asks the model.
pub struct Sampling;

impl ContentTool for Sampling {
    const NAME: &'static str = "sampling";
    const TITLE: &'static str = "Sampling";
    const DESCRIPTION: &'static str = "Asks the client's model.";
    const ANNOTATIONS: Annotations = Annotations::COMPUTES;
    type Input = SamplingInput;

    fn call(input: SamplingInput, round: &Round) -> Result<Turn<Vec<Content>>, ToolError> {
        match sampled(round, "sample") {
            Some(text) => answered(format!("LLM response: {text}")),
            None => Ok(Turn::ask(vec![Question::sample("sample", sampling(&input.prompt, 100))])),
        }
    }
}

/// For the user.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ElicitationInput {
    /// What the user is told.
    message: String,
}

/// Asks the user.
pub struct Elicitation;

impl ContentTool for Elicitation {
    const NAME: &'static str = "elicitation";
    const TITLE: &'static str = "Elicitation";
    const DESCRIPTION: &'static str = "Asks the user.";
    const ANNOTATIONS: Annotations = Annotations::COMPUTES;
    type Input = ElicitationInput;

    fn call(input: ElicitationInput, round: &Round) -> Result<Turn<Vec<Content>>, ToolError> {
        let schema = json!({
            "type": "object",
            "properties": {
                "username": { "type": "string", "description": "User's response" },
                "email": { "type": "string", "description": "User's email address" },
            },
            "required": ["username", "email"],
        });
        match round.answer::<Value>("form") {
            Some(answer) => {
                let action = answer["action"].as_str().unwrap_or("?");
                answered(format!("User response: action={action}, content={}", answer["content"]))
            }
            None => Ok(Turn::ask(vec![Question::elicit("form", &input.message, schema)])),
        }
    }
}

tool! {
    /// Defaults of every type.
    ElicitationDefaults, "elicitation_sep1034_defaults", "Asks by a form with defaults.",
    |round| form(round, "Please review the defaults", json!({
        "type": "object",
        "properties": {
            "name": { "type": "string", "description": "Name", "default": "John Doe" },
            "age": { "type": "integer", "description": "Age", "default": 30 },
            "score": { "type": "number", "description": "Score", "default": 95.5 },
            "status": {
                "type": "string", "description": "Status", "enum": ["active", "inactive", "pending"], "default": "active",
            },
            "verified": { "type": "boolean", "description": "Verified", "default": true },
        },
        "required": [],
    }))
}

tool! {
    /// Choices of every form.
    ElicitationEnums, "elicitation_sep1330_enums", "Asks by a form with choices.",
    |round| {
        let titled = |titles: [&str; 3]| -> Vec<Value> {
            (1..).zip(titles).map(|(number, title)| json!({ "const": format!("value{number}"), "title": title })).collect()
        };
        let options = ["option1", "option2", "option3"];
        form(round, "Please choose", json!({
            "type": "object",
            "properties": {
                "untitledSingle": { "type": "string", "enum": options },
                "titledSingle": { "type": "string", "oneOf": titled(["First Option", "Second Option", "Third Option"]) },
                "legacyEnum": {
                    "type": "string",
                    "enum": ["opt1", "opt2", "opt3"],
                    "enumNames": ["Option One", "Option Two", "Option Three"],
                },
                "untitledMulti": { "type": "array", "items": { "type": "string", "enum": options } },
                "titledMulti": {
                    "type": "array", "items": { "anyOf": titled(["First Choice", "Second Choice", "Third Choice"]) },
                },
            },
            "required": [],
        }))
    }
}

tool! {
    /// Speaks and then asks.
    StreamingElicitation, "streaming_elicitation", "Says something and then asks the user.",
    |round| {
        bulkhead_connector_kit::log(bulkhead_connector_kit::Level::Info, "About to ask");
        form(round, "Go on?", json!({ "type": "object", "properties": { "ok": { "type": "boolean" } } }))
    }
}

tool! {
    /// Asks the model, whatever the client can do.
    MissingCapability, "missing_capability", "Asks the client's model without looking whether it has one.",
    |round| match sampled(round, "sample") {
        Some(text) => answered(text),
        None => Ok(Turn::ask(vec![Question::sample("sample", sampling("Are you there?", 10))])),
    }
}

tool! {
    /// Asks for what the client can do.
    Capabilities, "input_required_result_capabilities", "Asks only for what the client can do.",
    |round| {
        let may = round.capabilities;
        let schema = json!({ "type": "object", "properties": { "name": { "type": "string" } } });
        let asked = [
            may.elicitation.then(|| Question::elicit("user_name", "What is your name?", schema)),
            may.sampling.then(|| Question::sample("capital_question", sampling("What is the capital of France?", 100))),
            may.roots.then(|| Question::list_roots("client_roots")),
        ];
        let asked: Vec<Question> = asked.into_iter().flatten().collect();
        if asked.is_empty() || !round.answers.is_empty() {
            return answered(format!("{} answers", round.answers.len()));
        }
        Ok(Turn::ask(asked))
    }
}
