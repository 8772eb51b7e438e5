//! Why the runtime can't start. Every variant names what to change.

use std::path::PathBuf;

use crate::compile_cache::CompileCacheError;

/// Why the runtime can't start.
#[derive(Debug, thiserror::Error)]
pub enum EdgeError {
    /// A file can't be read.
    #[error("{what} {path} can't be read: {source}")]
    Unreadable {
        /// What the file is: the manifest, or a component and its id.
        what: String,
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The manifest is not TOML, or a value has the wrong type.
    #[error("{path}: {place}: {reason}")]
    Manifest {
        /// The manifest.
        path: PathBuf,
        /// The table, as in `[component.tools]`.
        place: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A key that Spin does not know either.
    #[error("{place} has the unknown key `{key}`: check the spelling against Spin's manifest reference")]
    UnknownKey {
        /// The table, as in `[component.tools]`.
        place: String,
        /// The key.
        key: String,
    },
    /// A key of Spin that this runtime does not honour.
    #[error("{place} uses `{key}`, which the embedded runtime does not offer: {instead}")]
    UnsupportedKey {
        /// The table, as in `[component.tools]`.
        place: String,
        /// The key.
        key: String,
        /// What to do.
        instead: &'static str,
    },
    /// A variable that must have a value has none.
    #[error(
        "the required variable `{name}` has no value: set SPIN_VARIABLE_{} or give it in the configuration",
        name.to_ascii_uppercase()
    )]
    MissingVariable {
        /// The application variable.
        name: String,
    },
    /// A file is not a component, or a damaged one.
    #[error("component `{component}`: {path} is damaged or not a component ({source}): build it again")]
    Component {
        /// The component's id.
        component: String,
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: CompileCacheError,
    },
    /// A component needs something that this runtime does not offer.
    #[error("component `{component}` imports `{import}`, which the embedded runtime does not offer{}", detail(reason))]
    Import {
        /// The component's id.
        component: String,
        /// The import.
        import: String,
        /// In what it differs from what is offered; empty when nothing by that name is.
        reason: String,
    },
    /// A component does not handle requests.
    #[error("component `{component}` does not export `wasi:http/handler@0.3`: {reason}")]
    Export {
        /// The component's id.
        component: String,
        /// What is missing.
        reason: String,
    },
    /// The folder for compiled components can't be used.
    #[error(transparent)]
    Cache(CompileCacheError),
    /// Wasmtime can't be set up on this machine.
    #[error("the WebAssembly engine can't be set up: {0}")]
    Engine(String),
}

fn detail(reason: &str) -> String {
    if reason.is_empty() { String::new() } else { format!(" in this form: {reason}") }
}
