//! Rounds and questions, between the contract and a job.

use bulkhead_execution::{InputRequired, Round};
use serde_json::{Map, Value, json};

use super::bindings::bulkhead::connector::types;

/// As the guest gets it.
pub(super) fn into_guest(round: Round) -> types::Round {
    let may = round.capabilities;
    let offered = [
        (may.elicitation, types::Capabilities::ELICITATION),
        (may.elicitation_url, types::Capabilities::ELICITATION_URL),
        (may.sampling, types::Capabilities::SAMPLING),
        (may.roots, types::Capabilities::ROOTS),
    ];
    let capabilities =
        offered.into_iter().filter(|(may, _)| *may).fold(types::Capabilities::empty(), |all, (_, one)| all | one);
    let answers = round.answers.into_iter().map(|(key, answer)| types::Answer { key, result: answer.to_string() });
    types::Round { capabilities, answers: answers.collect(), state: round.state }
}

/// A guest's questions as MCP's requests. What is wrong with them, otherwise.
pub(super) fn of_guest(questions: types::Questions) -> Result<InputRequired, String> {
    if questions.asked.is_empty() && questions.state.is_none() {
        return Err("it asks for input, but for none in particular".to_owned());
    }
    let mut requests = Map::new();
    for question in questions.asked {
        let method = match question.ask {
            types::Ask::Elicit => "elicitation/create",
            types::Ask::Sample => "sampling/createMessage",
            types::Ask::ListRoots => "roots/list",
        };
        let params = match serde_json::from_str::<Value>(&question.params) {
            Ok(params @ Value::Object(_)) => params,
            _ => return Err(format!("the parameters of its question {:?} are not a JSON object", question.key)),
        };
        let request = json!({ "method": method, "params": params });
        if requests.insert(question.key.clone(), request).is_some() {
            return Err(format!("it asks two questions with the key {:?}", question.key));
        }
    }
    Ok(InputRequired { requests, state: questions.state })
}
