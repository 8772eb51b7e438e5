//! Calls that have to ask somebody before they can go on.
//!
//! No instance waits for an answer: a call that needs one ends with [`Turn::Ask`], and is made again, with the same
//! arguments, the answers and its state in [`Round`]. So a call looks first whether it has its answer already.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::ToolError;

/// What may be asked of whoever made the call. Asking for anything else ends it with an error.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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

/// What came from earlier rounds of the same call; nothing in the first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Round {
    /// What may be asked.
    pub capabilities: Capabilities,
    /// MCP's results as JSON texts, by the question's key.
    pub answers: BTreeMap<String, String>,
    /// What the call wanted to know again.
    pub state: Option<String>,
}

impl Round {
    /// The answer to a question, read as MCP's result of its request. `None` when there is none, and when it does not
    /// fit: then it is best asked for again.
    #[must_use]
    pub fn answer<T: DeserializeOwned>(&self, key: &str) -> Option<T> {
        serde_json::from_str(self.answers.get(key)?).ok()
    }

    /// What the user answered to [`Question::elicit`]. `None` when there is no answer, and when what was filled in does
    /// not fit `T`.
    #[must_use]
    pub fn elicited<T: DeserializeOwned>(&self, key: &str) -> Option<Elicited<T>> {
        let answer: Value = self.answer(key)?;
        match answer.get("action")?.as_str()? {
            "accept" => serde_json::from_value(answer.get("content")?.clone()).ok().map(Elicited::Accepted),
            "decline" => Some(Elicited::Declined),
            "cancel" => Some(Elicited::Canceled),
            _ => None,
        }
    }

    /// What the call wanted to know again. `None` in the first round.
    #[must_use]
    pub fn state<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_str(self.state.as_deref()?).ok()
    }
}

/// What a user did with a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Elicited<T> {
    /// Filled it in.
    Accepted(T),
    /// Said no.
    Declined,
    /// Closed it.
    Canceled,
}

/// Whom to ask, and for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// The user.
    Elicit,
    /// The client's model.
    Sample,
    /// The client, for its roots.
    ListRoots,
}

/// Something that a call needs before it can go on.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// Unique in the call; the answer carries it.
    pub key: String,
    /// Whom to ask.
    pub ask: Ask,
    /// The `params` of MCP's request.
    pub params: Value,
}

impl Question {
    /// Asks the user to fill a form in: a flat JSON Schema of an object with primitive properties.
    #[must_use]
    pub fn elicit(key: &str, message: &str, schema: Value) -> Self {
        let params = json!({ "mode": "form", "message": message, "requestedSchema": schema });
        Self { key: key.to_owned(), ask: Ask::Elicit, params }
    }

    /// Asks the user to visit a page; `id` names the visit. For what must not pass through the client.
    #[must_use]
    pub fn visit(key: &str, message: &str, url: &str, id: &str) -> Self {
        let params = json!({ "mode": "url", "message": message, "url": url, "elicitationId": id });
        Self { key: key.to_owned(), ask: Ask::Elicit, params }
    }

    /// Asks the client's model; `params` as of MCP's `sampling/createMessage`.
    #[must_use]
    pub fn sample(key: &str, params: Value) -> Self {
        Self { key: key.to_owned(), ask: Ask::Sample, params }
    }

    /// Asks which folders or places the client works on.
    #[must_use]
    pub fn list_roots(key: &str) -> Self {
        Self { key: key.to_owned(), ask: Ask::ListRoots, params: json!({}) }
    }
}

/// What a call needs, and what it wants to know when it is made again.
#[derive(Clone, Debug, PartialEq)]
pub struct Questions {
    /// The questions.
    pub asked: Vec<Question>,
    /// JSON that comes back unchanged.
    pub state: Option<Value>,
}

/// What a round comes to.
pub type Answer<T> = Result<Turn<T>, ToolError>;

/// How a round ends.
#[derive(Clone, Debug, PartialEq)]
pub enum Turn<T> {
    /// With what was asked for.
    Done(T),
    /// With questions.
    Ask(Questions),
}

impl<T> Turn<T> {
    /// Asks, and wants to know nothing but the answers.
    #[must_use]
    pub fn ask(asked: Vec<Question>) -> Self {
        Self::Ask(Questions { asked, state: None })
    }

    /// Asks, and wants this back with the answers.
    #[must_use]
    pub fn ask_with(asked: Vec<Question>, state: Value) -> Self {
        Self::Ask(Questions { asked, state: Some(state) })
    }

    pub(crate) fn map<U>(self, f: impl FnOnce(T) -> U) -> Turn<U> {
        match self {
            Self::Done(done) => Turn::Done(f(done)),
            Self::Ask(questions) => Turn::Ask(questions),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Name {
        name: String,
    }

    fn answered(answer: &str) -> Option<Elicited<Name>> {
        Round { answers: BTreeMap::from([("q".to_owned(), answer.to_owned())]), ..Round::default() }.elicited("q")
    }

    #[test]
    fn a_form_is_accepted_declined_or_canceled() {
        let accepted = answered(r#"{"action":"accept","content":{"name":"Ada"}}"#);
        assert_eq!(accepted, Some(Elicited::Accepted(Name { name: "Ada".to_owned() })));
        assert_eq!(answered(r#"{"action":"decline"}"#), Some(Elicited::Declined));
        assert_eq!(answered(r#"{"action":"cancel"}"#), Some(Elicited::Canceled));
    }

    #[test]
    fn what_does_not_fit_is_no_answer() {
        for answer in [r#"{"action":"accept"}"#, r#"{"action":"accept","content":{"nome":1}}"#, r#"{"action":7}"#, "x"]
        {
            assert_eq!(answered(answer), None, "{answer}");
        }
        assert_eq!(Round::default().elicited::<Name>("q"), None);
    }
}
