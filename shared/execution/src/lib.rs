//! Jobs: one recorded tool call each.
//!
//! A call becomes a job in [`submit`], which is where both doors (MCP and REST) come together: look the tool up,
//! check the arguments, and record job, events and audit entry in one atomic write. A worker [`claim`]s it under a
//! lease whose number fences out anyone who held it before, runs it, and records it as [`Ended`] in another atomic write.
//! [`recover`] takes up what a dead worker left. No transaction is open while a tool runs.
//!
//! A new transition is a file here, with its statements in `store`.

mod answer;
mod answers;
mod cancel;
mod catalogue;
mod claim;
mod finish;
mod model;
mod project;
mod query;
mod recover;
mod round;
mod store;
mod submit;

pub use answer::{AnswerError, Kept, answer, keep_answers, last_round};
pub use answers::check_answers;
pub use bulkhead_kernel::Fault;
pub use cancel::{CancelOutcome, cancel};
pub use catalogue::{CallableTool, Catalogue, LookupError, SqlCatalogue};
pub use claim::{Heartbeat, Lease, LeaseTerms, StartedJob, append_events, claim, heartbeat, queued};
pub use finish::{Ended, FinishError, Outcome};
pub use model::{Event, EventLevel, Job, JobError, JobErrorKind, JobStatus, NewEvent, Usage};
pub use project::refuse_project;
pub use query::{JobFilter, get, list, list_events};
pub use recover::{Abandoned, Recovered, recover};
pub use round::{Capabilities, InputRequired, Round};
pub use submit::{Refusal, Submission, SubmitError, ToolCall, submit, submit_claimed};
