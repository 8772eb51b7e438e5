//! The prometheus connector: reads a Prometheus server over its HTTP API, version 1.
//!
//! The server is the setting `base_url`. [`api`] asks it and turns its error bodies into errors in its own words;
//! each tool is a file beside it. To add one: a file like [`list_alerts`], its name in the list below, and its path
//! in `connector.toml`.

mod api;
mod labels;
pub mod list_alerts;
pub mod list_targets;
pub mod query;
pub mod query_range;
mod time;
mod value;

bulkhead_connector_kit::export_connector! {
    tools: [query::Query, query_range::QueryRange, list_alerts::ListAlerts, list_targets::ListTargets],
}

#[cfg(test)]
mod testing;
