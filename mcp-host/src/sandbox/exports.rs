//! What a component exports, and what becomes of a request to it.

use bulkhead_execution::{JobError, JobErrorKind, Outcome, Round};
use bulkhead_wasi::StoreData;
use serde_json::{Value, json};
use wasmtime::Store;

use super::LimitExceeded;
use super::bindings::bulkhead::connector::types::CallError;
use super::content::json_bytes;
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
                Ok(called.map_or_else(|error| refuse(error, limits), |answer| accept(answer, limits)))
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
        // It may name what the guest made up.
        Answer::Invalid(why) => Outcome::Failed(JobError::new(JobErrorKind::InvalidOutput, cut(&why, ERROR_BYTES))),
    }
}

/// What the guest says of a failure. Each of its texts is cut; of faults it may tell any number, as long as their JSON is
/// within the limit on results.
fn refuse(error: CallError, limits: Limits) -> Outcome {
    let said = |text: String| cut(&text, ERROR_BYTES);
    Outcome::Failed(match error {
        CallError::Unknown(name) => {
            JobError::new(JobErrorKind::NotFound, format!("the connector has no {:?}", said(name)))
        }
        CallError::InvalidArguments(faults) => {
            // At least; before anything is made of them.
            let around = r#"{"message":"","pointer":""}"#.len();
            let length = |text: &String| text.len().min(ERROR_BYTES);
            let least: usize = faults.iter().map(|f| length(&f.pointer) + length(&f.message) + around).sum();
            if least > limits.result_bytes {
                return exceeded(LimitExceeded::with(LimitName::ResultBytes, limits.result_bytes, least));
            }
            let faults: Vec<Value> =
                faults.into_iter().map(|f| json!({ "pointer": said(f.pointer), "message": said(f.message) })).collect();
            let details = json!({ "faults": faults });
            let bytes = json_bytes(&details);
            if bytes > limits.result_bytes {
                return exceeded(LimitExceeded::with(LimitName::ResultBytes, limits.result_bytes, bytes));
            }
            JobError::new(JobErrorKind::InvalidArguments, "the tool can't use these arguments").with_details(details)
        }
        CallError::Upstream((status, message)) => {
            JobError::new(JobErrorKind::Upstream, said(message)).with_details(json!({ "status": status }))
        }
        CallError::Failed(message) => JobError::new(JobErrorKind::ToolFailed, said(message)),
    })
}

#[cfg(test)]
mod tests {
    use super::super::bindings::bulkhead::connector::types::Fault;
    use super::*;

    fn refused(error: CallError, result_bytes: usize) -> JobError {
        match refuse(error, Limits { result_bytes, ..Limits::default() }) {
            Outcome::Failed(error) => error,
            Outcome::Succeeded(result) => panic!("{result}"),
        }
    }

    #[test]
    fn the_faults_that_a_tool_finds_are_limited_together() {
        let faults = |message: &str, count: usize| {
            let fault = || Fault { pointer: "/a".to_owned(), message: message.to_owned() };
            CallError::InvalidArguments((0..count).map(|_| fault()).collect())
        };
        // They are counted before they are converted, too.
        let least = 5000 * r#"{"message":"","pointer":"/a"}"#.len();
        let reached = refused(faults("", 5000), least - 1).details.expect("details")["reached"].clone();
        assert_eq!(reached, least);
        for (message, count) in [("is empty", 3), ("", 5000), ("\u{1}", 100)] {
            let error = refused(faults(message, count), usize::MAX);
            let details = error.details.expect("details");
            assert_eq!(details["faults"].as_array().map(Vec::len), Some(count));
            let bytes = details.to_string().len();
            assert_eq!(refused(faults(message, count), bytes).kind, JobErrorKind::InvalidArguments);
            let error = refused(faults(message, count), bytes - 1);
            assert_eq!(error.kind, JobErrorKind::LimitExceeded);
            let expected = json!({ "limit": "result_bytes", "value": bytes - 1, "reached": bytes });
            assert_eq!(error.details, Some(expected));
        }
    }

    #[test]
    fn what_a_guest_says_of_a_failure_is_cut() {
        let long = || "x".repeat(ERROR_BYTES + 1);
        let kept = "x".repeat(ERROR_BYTES);
        assert_eq!(refused(CallError::Failed(long()), 1).message, kept);
        assert_eq!(refused(CallError::Failed(kept.clone()), 1).message, kept);
        assert_eq!(refused(CallError::Upstream((None, long())), 1).message, kept);
        let Outcome::Failed(error) = accept(Answer::Invalid(long()), Limits::default()) else { panic!("it is taken") };
        assert_eq!((error.kind, error.message), (JobErrorKind::InvalidOutput, kept));
    }
}
