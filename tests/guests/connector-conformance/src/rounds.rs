//! Tools that ask, as 2026-07-28 knows it: the call ends with questions and is made again.

use bulkhead_connector_kit::{Answer, Content, Elicited, Question, Round, Turn};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::asking::{sampled, sampling};

fn said(text: impl Into<String>) -> Answer<Vec<Content>> {
    Ok(Turn::Done(vec![Content::text(text)]))
}

fn one_text(name: &str) -> Value {
    json!({ "type": "object", "properties": { name: { "type": "string" } }, "required": [name] })
}

#[derive(Deserialize)]
struct Name {
    name: String,
}

/// What to say to whoever did not accept.
fn unless_accepted<T>(elicited: Elicited<T>, say: impl FnOnce(T) -> String) -> Answer<Vec<Content>> {
    match elicited {
        Elicited::Accepted(value) => said(say(value)),
        Elicited::Declined => said("The user declined"),
        Elicited::Canceled => said("The user canceled"),
    }
}

fn ask_name(round: &Round) -> Answer<Vec<Content>> {
    match round.elicited::<Name>("user_name") {
        Some(answer) => unless_accepted(answer, |Name { name }| format!("Hello, {name}!")),
        None => Ok(Turn::ask(vec![Question::elicit("user_name", "What is your name?", one_text("name"))])),
    }
}

tool! {
    /// The user.
    AskElicitation, "input_required_result_elicitation", "Asks for a name.", |round| ask_name(round)
}

tool! {
    /// The model.
    AskSampling, "input_required_result_sampling", "Asks for a capital.",
    |round| match sampled(round, "capital_question") {
        Some(text) => said(text),
        None => Ok(Turn::ask(vec![Question::sample("capital_question", sampling("What is the capital of France?", 100))])),
    }
}

#[derive(Deserialize)]
struct Roots {
    roots: Vec<Root>,
}

#[derive(Deserialize)]
struct Root {
    uri: String,
}

fn roots(round: &Round) -> Option<String> {
    let Roots { roots } = round.answer("client_roots")?;
    Some(roots.into_iter().map(|root| root.uri).collect::<Vec<_>>().join(", "))
}

tool! {
    /// The client.
    AskRoots, "input_required_result_list_roots", "Asks for the roots.",
    |round| match roots(round) {
        Some(roots) => said(format!("Roots: {roots}")),
        None => Ok(Turn::ask(vec![Question::list_roots("client_roots")])),
    }
}

#[derive(Serialize, Deserialize)]
struct Asked {
    step: u32,
    name: Option<String>,
}

fn ask_to_confirm(round: &Round) -> Answer<Vec<Content>> {
    #[derive(Deserialize)]
    struct Confirmed {
        ok: bool,
    }
    let schema = json!({ "type": "object", "properties": { "ok": { "type": "boolean" } }, "required": ["ok"] });
    match (round.elicited::<Confirmed>("confirm"), round.state::<Asked>()) {
        (Some(answer), Some(Asked { step: 1, .. })) => {
            unless_accepted(answer, |Confirmed { ok }| format!("state-ok {ok}"))
        }
        _ => Ok(Turn::ask_with(
            vec![Question::elicit("confirm", "Please confirm", schema)],
            json!(Asked { step: 1, name: None }),
        )),
    }
}

tool! {
    /// With a state.
    AskWithState, "input_required_result_request_state", "Asks and remembers that it did.", |round| ask_to_confirm(round)
}

tool! {
    /// With a state that must not be changed.
    AskWithTamperedState, "input_required_result_tampered_state", "Asks and remembers that it did.",
    |round| ask_to_confirm(round)
}

tool! {
    /// Everything at once.
    AskMuch, "input_required_result_multiple_inputs", "Asks for everything at once.",
    |round| {
        let answers = (round.elicited::<Name>("user_name"), sampled(round, "greeting"), roots(round));
        match (answers, round.state::<Asked>()) {
            ((Some(name), Some(greeting), Some(roots)), Some(_)) => {
                unless_accepted(name, |Name { name }| format!("{greeting}, {name}! Roots: {roots}"))
            }
            _ => Ok(Turn::ask_with(
                vec![
                    Question::elicit("user_name", "What is your name?", one_text("name")),
                    Question::sample("greeting", sampling("Generate a greeting", 50)),
                    Question::list_roots("client_roots"),
                ],
                json!(Asked { step: 1, name: None }),
            )),
        }
    }
}

tool! {
    /// One after the other.
    AskTwice, "input_required_result_multi_round", "Asks for a name and then for a colour.",
    |round| {
        #[derive(Deserialize)]
        struct Color {
            color: String,
        }
        match round.state::<Asked>() {
            Some(Asked { step: 2, name }) => match round.elicited::<Color>("step2") {
                Some(answer) => unless_accepted(answer, |Color { color }| {
                    format!("{} likes {color}", name.unwrap_or_default())
                }),
                None => Ok(second(name)),
            },
            Some(_) => match round.elicited::<Name>("step1") {
                Some(Elicited::Accepted(Name { name })) => Ok(second(Some(name))),
                Some(_) => said("The user did not say"),
                None => Ok(first()),
            },
            None => Ok(first()),
        }
    }
}

fn first() -> Turn<Vec<Content>> {
    let asked = vec![Question::elicit("step1", "Step 1: What is your name?", one_text("name"))];
    Turn::ask_with(asked, json!(Asked { step: 1, name: None }))
}

fn second(name: Option<String>) -> Turn<Vec<Content>> {
    let asked = vec![Question::elicit("step2", "Step 2: What is your favorite color?", one_text("color"))];
    Turn::ask_with(asked, json!(Asked { step: 2, name }))
}
