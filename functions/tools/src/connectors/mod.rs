//! `/v1/connectors`: the catalogue.

pub(crate) mod get;
pub(crate) mod list;
pub(crate) mod list_tools;
