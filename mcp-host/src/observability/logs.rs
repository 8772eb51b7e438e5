//! Logs, to standard error: standard output belongs to whoever speaks MCP over it.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::{LogConfig, LogFormat};

/// The log filter is not one.
#[derive(Debug, thiserror::Error)]
#[error("log.filter {filter:?} is not valid: {reason}; an example is info,mcp_host=debug")]
pub struct LogError {
    filter: String,
    reason: String,
}

/// Starts logging. Called once, before anything else happens.
///
/// # Errors
/// [`LogError`] when the filter can't be read.
pub fn start_logging(config: &LogConfig) -> Result<(), LogError> {
    let filter = EnvFilter::try_new(&config.filter)
        .map_err(|error| LogError { filter: config.filter.clone(), reason: error.to_string() })?;
    let subscriber = tracing_subscriber::registry().with(filter);
    let colours = std::io::stderr().is_terminal();
    let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(colours);
    // A second start, as in tests, changes nothing.
    let _ = match config.format {
        LogFormat::Pretty => subscriber.with(layer).try_init(),
        LogFormat::Json => subscriber.with(layer.json().flatten_event(true)).try_init(),
    };
    Ok(())
}
