//! What a tool asks of its host: settings, events, progress.

#[cfg(target_family = "wasm")]
use crate::component as host;
#[cfg(not(target_family = "wasm"))]
use crate::fake as host;

use crate::ToolError;

/// How much a message matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Worth knowing.
    Info,
    /// Worth a look.
    Warn,
    /// Went wrong.
    Error,
}

/// The value that the operator gave a setting which the manifest declares. `None` when it has no value.
#[must_use]
pub fn setting(name: &str) -> Option<String> {
    host::setting(name)
}

/// The value of a setting without which the connector cannot work.
///
/// # Errors
/// [`ToolError::Failed`] that tells the caller whom to ask.
pub fn required_setting(name: &str) -> Result<String, ToolError> {
    setting(name).filter(|value| !value.is_empty()).ok_or_else(|| {
        ToolError::Failed(format!("the connector's setting {name} has no value; the operator has to set it"))
    })
}

/// Appends an event to the job. The host keeps a limited number of limited length.
pub fn log(level: Level, message: &str) {
    host::log(level, message);
}

/// Tells whoever subscribed to a resource that it is worth reading again.
pub fn resource_updated(uri: &str) {
    host::resource_updated(uri);
}

/// Tells whoever waits for the job how far it is: `done` of `total`, in any unit.
pub fn progress(done: u64, total: Option<u64>, message: Option<&str>) {
    host::progress(done, total, message);
}
