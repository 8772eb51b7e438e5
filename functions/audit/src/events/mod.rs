//! `/v1/audit/events`: entries of the trail.

pub(crate) mod list;
