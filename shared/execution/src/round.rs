//! Calls that need more input before they can go on.
//!
//! A tool that must ask somebody ends its run with questions and a state; the same call is then made again with the
//! answers and that state. No instance waits in between, so any process can take the next round. The shape is that of
//! MCP's multi round-trip requests (2026-07-28).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What may be asked of whoever made a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Capabilities {
    /// The user, by a form.
    pub elicitation: bool,
    /// The user, by a page to visit.
    pub elicitation_url: bool,
    /// The client's model.
    pub sampling: bool,
    /// The folders or places that the client works on.
    pub roots: bool,
}

/// What a call brings along from its earlier rounds; nothing in the first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Round {
    /// What may be asked.
    pub capabilities: Capabilities,
    /// What came back, by the question's key: MCP's result for the question's request.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub answers: BTreeMap<String, Value>,
    /// What the tool wanted to know again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
}

impl Round {
    /// Whether it says nothing that a call without it would not.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// The value of `resultType` of a result that is none yet.
const INPUT_REQUIRED: &str = "input_required";

/// The questions of a run, as a job's result holds them.
#[derive(Clone, Debug, PartialEq)]
pub struct InputRequired {
    /// MCP's requests, by key: `method` and `params`.
    pub requests: Map<String, Value>,
    /// What the tool wants to know again.
    pub state: Option<String>,
}

impl InputRequired {
    /// As a job's result: `resultType`, `inputRequests`, `requestState`.
    #[must_use]
    pub fn into_result(self) -> Value {
        let mut result = Map::new();
        result.insert("resultType".to_owned(), INPUT_REQUIRED.into());
        result.insert("inputRequests".to_owned(), Value::Object(self.requests));
        if let Some(state) = self.state {
            result.insert("requestState".to_owned(), state.into());
        }
        Value::Object(result)
    }

    /// The questions of a result; `None` when it is one that answers the call.
    #[must_use]
    pub fn of_result(result: &Value) -> Option<Self> {
        if result.get("resultType")?.as_str()? != INPUT_REQUIRED {
            return None;
        }
        let requests = result.get("inputRequests").and_then(Value::as_object).cloned().unwrap_or_default();
        let state = result.get("requestState").and_then(Value::as_str).map(str::to_owned);
        Some(Self { requests, state })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn questions_survive_being_a_result() {
        let requests = json!({ "name": { "method": "elicitation/create", "params": {} } });
        let asked =
            InputRequired { requests: requests.as_object().cloned().expect("an object"), state: Some("s".to_owned()) };
        assert_eq!(InputRequired::of_result(&asked.clone().into_result()), Some(asked));
    }

    #[test]
    fn an_answer_is_no_question() {
        for result in [json!({}), json!({ "resultType": "complete" }), json!({ "structuredContent": {} }), json!(null)]
        {
            assert_eq!(InputRequired::of_result(&result), None, "{result}");
        }
    }

    #[test]
    fn a_round_survives_being_stored() {
        let round = Round {
            capabilities: Capabilities { sampling: true, ..Capabilities::default() },
            answers: BTreeMap::from([("a".to_owned(), json!({ "action": "accept" }))]),
            state: Some("{}".to_owned()),
        };
        let text = serde_json::to_string(&round).expect("is JSON");
        assert_eq!(serde_json::from_str::<Round>(&text).expect("reads"), round);
        assert!(!round.is_default() && Round::default().is_default());
    }
}
