//! The catalogue of connectors and their tools.
//!
//! The host registers what the operator installed ([`register`]); functions and host list it. The catalogue belongs
//! to the installation and has no tenant: what a tenant may use of it is decided when a tool is called. So do approvals
//! ([`approve`]): what each connector may ask for until an operator says otherwise.

mod approval;
pub mod grants;
mod limits;
mod model;
mod query;
mod register;
mod store;

pub use approval::{
    Approval, ApprovalAct, Approver, NewApproval, approvals, approve, find_approval, record_refused_upgrade,
    withdraw_approval,
};
pub use limits::{Amount, Limits, ManifestLimits};
pub use model::{Annotations, AuthType, Connector, InvalidName, Slug, Tool, ToolName};
pub use query::{find_tool, get, list, list_tools};
pub use register::{NewConnector, Registered, register, retain};
