//! `/v1/organizations`: those to which a user belongs.

pub(crate) mod create;
pub(crate) mod list;
pub(crate) mod restore;
