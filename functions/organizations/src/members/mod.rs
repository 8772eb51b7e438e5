//! `/v1/organization/members`: who belongs to the organisation.

pub(crate) mod change;
pub(crate) mod list;
pub(crate) mod remove;
