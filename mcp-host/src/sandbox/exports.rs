//! What a component exports, and what becomes of a request to it.

use bulkhead_execution::{JobError, JobErrorKind, Outcome, Round};
use bulkhead_wasi::StoreData;
use serde_json::{Value, json};
use wasmtime::Store;

use super::LimitExceeded;
use super::bindings::bulkhead::connector::types::CallError;
use super::contract::{Answer, Contract};
use super::host::cut;
use super::invocation::Operation;
use super::limits::{LimitName, Limits};
use super::plain::PlainComponent;
use super::run::exceeded;

/// Bytes of a guest's words on a failure that are kept.
const ERROR_BYTES: usize = 8 << 10;

/// What a component exports.
pub(super) enum Exports {
    /// The contract, `wit/connector.wit`.
    Contract(Contract),
    /// Functions of its own.
    Plain(PlainComponent),
}

impl Exports {
    /// Does one thing in a fresh instance.
    pub(super) async fn call(
        &self,
        store: &mut Store<StoreData>,
        operation: Operation,
        round: Round,
        limits: Limits,
    ) -> wasmtime::Result<Outcome> {
        match (self, operation) {
            (Self::Contract(contract), operation) => {
                let called = contract.call(store, operation, round, limits.result_bytes).await?;
                Ok(called.map_or_else(|error| Outcome::Failed(call_error(error)), |answer| accept(answer, limits)))
            }
            (Self::Plain(component), Operation::Tool { name, arguments }) => {
                component.call(store, &name, &arguments, limits).await
            }
            (Self::Plain(_), Operation::Prompt { .. } | Operation::Resource { .. } | Operation::Completion { .. }) => {
                let error = JobError::new(JobErrorKind::NotFound, "the connector has tools and nothing else");
                Ok(Outcome::Failed(error))
            }
        }
    }
}

fn accept(answer: Answer, limits: Limits) -> Outcome {
    match answer {
        Answer::Result(result) => Outcome::Succeeded(result),
        Answer::TooLarge(bytes) => exceeded(LimitExceeded::with(LimitName::ResultBytes, limits.result_bytes, bytes)),
        Answer::Invalid(why) => Outcome::Failed(JobError::new(JobErrorKind::InvalidOutput, why)),
    }
}

fn call_error(error: CallError) -> JobError {
    let said = |text: String| cut(&text, ERROR_BYTES);
    match error {
        CallError::Unknown(name) => {
            JobError::new(JobErrorKind::NotFound, format!("the connector has no {:?}", said(name)))
        }
        CallError::InvalidArguments(faults) => {
            let faults: Vec<Value> =
                faults.into_iter().map(|f| json!({ "pointer": said(f.pointer), "message": said(f.message) })).collect();
            JobError::new(JobErrorKind::InvalidArguments, "the tool can't use these arguments")
                .with_details(json!({ "faults": faults }))
        }
        CallError::Upstream((status, message)) => {
            JobError::new(JobErrorKind::Upstream, said(message)).with_details(json!({ "status": status }))
        }
        CallError::Failed(message) => JobError::new(JobErrorKind::ToolFailed, said(message)),
    }
}
