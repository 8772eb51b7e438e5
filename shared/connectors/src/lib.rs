//! The catalogue of connectors and their tools.
//!
//! The host registers what the operator installed ([`register`]); functions and host list it. The catalogue belongs
//! to the installation and has no tenant. So do approvals ([`approve`]): what each connector may ask for until an operator
//! says otherwise. What a tenant may use of it is decided when a tool is called: all, but what the tenant's own
//! [`Restrictions`] take away.

mod approval;
mod auth_types;
pub mod grants;
mod limits;
mod model;
pub mod oauth;
mod query;
mod register;
mod restrictions;
mod store;

pub use approval::{
    Approval, ApprovalAct, Approver, NewApproval, approvals, approve, find_approval, record_refused_upgrade,
    withdraw_approval,
};
pub use auth_types::{AuthTypes, InvalidAuthTypes};
pub use limits::{Amount, Limits, ManifestLimits};
pub use model::{Annotations, AuthType, Connector, InvalidName, Slug, Tool, ToolName};
pub use query::{find_tool, get, list, list_tools, read};
pub use register::{NewConnector, Registered, register, retain};
pub use restrictions::{
    AllowedOutbound, InForce, KnownRestrictions, RestrictError, Restrictions, digest_in_force, find_restrictions,
    lift_restrictions, restrict, restrictions, restrictions_of,
};
