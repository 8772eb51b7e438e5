//! `jq`: filters and reshapes JSON.

mod library;
mod number;
mod program;
mod results;

use std::collections::BTreeMap;

use bulkhead_connector_kit::{Annotations, Tool, ToolError};
use jaq_core::{Ctx, Vars, data};
use jaq_json::Val;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use program::Program;
use results::Results;

/// How many results a call gives when it does not ask for a number.
pub const DEFAULT_LIMIT: u32 = 1_000;
/// The most results that a call may ask for.
pub const MAX_LIMIT: u32 = 10_000;

/// A filter and what to run it on.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct JqInput {
    /// The jq program, for example `.items[] | select(.state == "failed") | {id, name}`.
    filter: String,
    /// Any JSON value: what `.` is.
    #[schemars(with = "serde_json::Value")]
    input: Val,
    /// Values for the program's variables: `{"since": 3}` makes `$since` 3.
    #[serde(default)]
    #[schemars(with = "BTreeMap<String, serde_json::Value>")]
    args: BTreeMap<String, Val>,
    /// Stop after this many results.
    #[serde(default = "default_limit")]
    #[schemars(range(min = 1, max = MAX_LIMIT))]
    limit: u32,
}

const fn default_limit() -> u32 {
    DEFAULT_LIMIT
}

/// What the filter gave.
#[derive(Debug, Serialize, JsonSchema)]
pub struct JqOutput {
    /// The results, in order. A filter may give none or many.
    #[schemars(with = "Vec<serde_json::Value>")]
    results: Results,
    /// Present and true when there were more results than the limit.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    truncated: bool,
}

/// The tool.
pub struct Jq;

impl Tool for Jq {
    const NAME: &'static str = "jq";
    const TITLE: &'static str = "Filter JSON with jq";
    const DESCRIPTION: &'static str = "Runs a jq program on a JSON value and returns every result. Use it to pick \
        fields, filter, group, sort, count or reshape JSON exactly, instead of reading it by eye. The jq language of \
        jq 1.7 as jaq implements it, without `input`, `inputs`, `env`, `halt` and modules. Unlike in jq, assigning \
        below null is an error: where `.a` may be missing, write `.a = {b: 1}` and not `.a.b = 1`.";
    const ANNOTATIONS: Annotations = Annotations::COMPUTES;
    type Input = JqInput;
    type Output = JqOutput;

    fn call(input: JqInput) -> Result<JqOutput, ToolError> {
        evaluate(&input.filter, input.input, input.args, input.limit)
    }
}

/// Runs a filter on a value, with the limit that a call has by default. What Rust code calls; the tool is [`Jq`].
///
/// # Errors
/// [`ToolError::InvalidArguments`] at `/filter` when the filter does not compile, and [`ToolError::Failed`] when it
/// gives an error.
pub fn run(filter: &str, input: Val) -> Result<JqOutput, ToolError> {
    evaluate(filter, input, BTreeMap::new(), DEFAULT_LIMIT)
}

/// Parses the standard library, and runs one call so that the heap has its size.
pub fn warm_up() {
    // The program is a constant that compiles, so there is no error to look at.
    let _ = run(r#"[.[] | select(.a > 1) | {a, b: (.b | length)}] | sort_by(.a)"#, Val::default());
}

fn evaluate(filter: &str, input: Val, args: BTreeMap<String, Val>, limit: u32) -> Result<JqOutput, ToolError> {
    if !(1..=MAX_LIMIT).contains(&limit) {
        return Err(ToolError::invalid("/limit", format!("must be from 1 to {MAX_LIMIT}")));
    }
    let program = Program::compile(filter, args.keys().map(String::as_str))?;
    let context = Ctx::<data::JustLut<Val>>::new(&program.filter.lut, Vars::new(args.into_values()));
    let mut values = Vec::new();
    let limit = limit as usize;
    // One result more than asked for tells whether there are more.
    for result in program.filter.id.run((context, input)).take(limit + 1) {
        match result.map(Ok).or_else(|exception| exception.get_err().map(Err)) {
            Ok(Ok(_)) if values.len() == limit => {
                return Ok(JqOutput { results: Results(values), truncated: true });
            }
            Ok(Ok(value)) => values.push(value),
            // What comes after the limit is not looked at, so neither is its error.
            Ok(Err(_)) if values.len() == limit => break,
            Ok(Err(error)) => return Err(ToolError::Failed(failure(values.len(), &words(error.into_val())))),
            Err(_) => return Err(ToolError::failed("the filter broke off")),
        }
    }
    Ok(JqOutput { results: Results(values), truncated: false })
}

/// The most characters of a jq error that are passed on: it quotes the value at fault, which may be the whole input.
const ERROR_LENGTH: usize = 500;

/// What `error("...")` was given, as text; anything else as JSON.
fn words(error: Val) -> String {
    match error {
        Val::TStr(text) | Val::BStr(text) => String::from_utf8_lossy(&text).into_owned(),
        other => other.to_string(),
    }
}

fn failure(results: usize, error: &str) -> String {
    let mut message: String = error.chars().take(ERROR_LENGTH).collect();
    if message.len() < error.len() {
        message.push('…');
    }
    match results {
        0 => message,
        1 => format!("{message} (after 1 result)"),
        many => format!("{message} (after {many} results)"),
    }
}

#[cfg(test)]
mod tests;
