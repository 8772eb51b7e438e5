//! Logs and metrics.

mod logs;
mod metrics;

pub use logs::{LogError, start_logging};
pub use metrics::{Measured, Metrics};
