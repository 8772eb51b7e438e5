//! Where connector tools run: a fresh store and instance for every call, from a component that was compiled,
//! initialised and linked once.
//!
//! `engine` is Wasmtime as we configure it, `manifest` what a connector asks for, `grants` what it gets, `limits`
//! what it may use up, `host` what it can call, `outbound` its way to the network, `connector` one installed
//! connector, `run` one call, `install` reads a folder of them.

mod bindings;
mod connector;
mod engine;
mod grants;
mod host;
mod install;
mod limits;
mod manifest;
mod meter;
mod outbound;
mod plain;
mod preinit;
mod run;

pub(crate) use connector::OperatorConfig;
pub use connector::{Connector, ConnectorError};
pub use engine::{EngineOptions, SandboxEngine};
pub use grants::{Grant, GrantError, Grants};
pub use install::{InstallError, Installed, InstalledConnector, install};
pub use limits::{LimitExceeded, LimitName, Limits};
pub use manifest::{ConnectorManifest, ManifestError, ManifestLimits};
pub use run::{RunReport, ToolOutput};
