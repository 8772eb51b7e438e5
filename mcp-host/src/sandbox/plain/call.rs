//! One call of a component's own function.

use bulkhead_execution::{JobError, JobErrorKind, Outcome};
use bulkhead_wasi::StoreData;
use serde_json::{Value, json};
use wasmtime::component::{InstancePre, Val};
use wasmtime::{Store, WasmBacktrace};

use super::arguments;
use super::describe::{Function, RESULT, Returns};
use super::results::{Budget, Unconverted, to_json};
use super::shape::Shape;
use crate::sandbox::engine_limits;
use crate::sandbox::limits::{LimitExceeded, LimitName, Limits};

/// Calls a function in a fresh instance.
pub(super) async fn call(
    pre: &InstancePre<StoreData>,
    function: &Function,
    store: &mut Store<StoreData>,
    arguments: &str,
    limits: Limits,
) -> wasmtime::Result<Outcome> {
    let arguments: Value = serde_json::from_str(arguments)?;
    let parameters = match arguments::from_json(&function.parameters, &arguments) {
        Ok(parameters) => parameters,
        Err(faults) => {
            let error = JobError::new(JobErrorKind::InvalidArguments, "the tool can't use these arguments");
            return Ok(Outcome::Failed(error.with_details(json!({ "faults": faults }))));
        }
    };
    let too_large = LimitExceeded::beyond(LimitName::ResultBytes, limits.result_bytes);
    // A value takes many times its JSON's size in the host's memory, and the guest decides how many there are. What fits
    // the limit as JSON has at least a byte for each value.
    let fuel = limits.result_bytes.saturating_mul(size_of::<Val>());
    store.set_hostcall_fuel(fuel.max(limits.hostcall_fuel()));
    let instance = pre.instantiate_async(&mut *store).await?;
    let exported = instance
        .get_func(&mut *store, function.index)
        .ok_or_else(|| wasmtime::format_err!("the component does not export what it did"))?;
    let count = if matches!(function.returns, Returns::Nothing) { 0 } else { 1 };
    let mut results = vec![Val::Bool(false); count];
    exported.call_async(&mut *store, &parameters, &mut results).await.map_err(|error| {
        // Without a frame of the guest it was the result, not something that the guest said meanwhile.
        let saying = error.downcast_ref::<WasmBacktrace>().is_some_and(|trace| !trace.frames().is_empty());
        let exceeded = engine_limits::of(&error, &limits, store.hostcall_fuel()).map(|exceeded| exceeded.name);
        if exceeded == Some(LimitName::HostcallBytes) && !saying { too_large.into() } else { error }
    })?;
    outcome(&function.returns, results.pop(), limits.result_bytes).map_err(|why| match why {
        Unconverted::TooLarge => too_large.into(),
        Unconverted::Mismatch => why.into(),
    })
}

fn outcome(returns: &Returns, result: Option<Val>, limit: usize) -> Result<Outcome, Unconverted> {
    let mut budget = Budget::new(limit);
    match (returns, result) {
        (Returns::Nothing, _) | (Returns::Result { ok: None, .. }, Some(Val::Result(Ok(_)))) => {
            let text = "Done: the function has no result.".to_owned();
            Ok(Outcome::Succeeded(json!({ "content": [{ "type": "text", "text": text }] })))
        }
        (Returns::Value(shape), Some(value)) => succeeded(shape, value, &mut budget),
        (Returns::Result { ok: Some(shape), .. }, Some(Val::Result(Ok(Some(value))))) => {
            succeeded(shape, *value, &mut budget)
        }
        (Returns::Result { err: None, .. }, Some(Val::Result(Err(_)))) => {
            Ok(Outcome::Failed(JobError::new(JobErrorKind::ToolFailed, "the function failed without saying why")))
        }
        (Returns::Result { err: Some(shape), .. }, Some(Val::Result(Err(Some(value))))) => {
            Ok(Outcome::Failed(failed(to_json(shape, *value, &mut budget)?)))
        }
        _ => Err(Unconverted::Mismatch),
    }
}

fn succeeded(shape: &Shape, value: Val, budget: &mut Budget) -> Result<Outcome, Unconverted> {
    let structured = match shape {
        Shape::Record(_) => to_json(shape, value, budget)?,
        _ => {
            // Two brackets, two quotation marks, a colon.
            budget.take(RESULT.len() + 5)?;
            json!({ RESULT: to_json(shape, value, budget)? })
        }
    };
    Ok(Outcome::Succeeded(json!({ "structuredContent": structured })))
}

/// The function's own error: in its words when it is a string, otherwise as JSON; the value itself is in the details.
fn failed(error: Value) -> JobError {
    let message = match &error {
        // PostgreSQL stores no NUL in a text.
        Value::String(message) => message.replace('\0', "\u{fffd}"),
        other => other.to_string(),
    };
    JobError::new(JobErrorKind::ToolFailed, message).with_details(json!({ "error": error }))
}
