//! `/v1/service-accounts`: accounts of machines.

pub(crate) mod create;
