//! Where connector tools run: a fresh store and instance for every call, from a component that was compiled,
//! initialised and linked once.
//!
//! `engine` is Wasmtime as we configure it, `manifest` what a connector asks for, `grants` what it gets, `limits`
//! what it may use up, `growth`, `stderr` and `engine_limits` some of them at work, `credentials` what the host adds to its requests, `host` what it can call, `outbound` its way to
//! the network, `connector` one installed connector, `exports` what it exports: the `contract` or, in a `plain` component,
//! functions of its own; `invocation` what it can be asked, `run` one request, `content` its answers in MCP's terms,
//! `install` reads a folder of them.

mod bindings;
mod connector;
mod content;
mod contract;
#[cfg(test)]
mod corpus;
mod credentials;
mod engine;
mod engine_limits;
mod exports;
mod grants;
mod growth;
mod host;
mod install;
mod invocation;
mod limits;
mod manifest;
mod meter;
mod outbound;
mod plain;
mod preinit;
mod rounds;
mod run;
mod stderr;

pub(crate) use connector::OperatorConfig;
pub use connector::{Connector, ConnectorError, Listing, Prompt};
pub use credentials::{BoundCredential, CredentialBinding, CredentialError, Injection, MIN_CREDENTIAL_BYTES};
pub use engine::{EngineOptions, SandboxEngine};
pub use grants::{Grant, GrantError, Grants, Narrowing, NarrowingError, Origin};
pub use install::{InstallError, Installed, InstalledConnector, install};
pub use invocation::{Invocation, Observer, Operation, Signal, Subject};
pub use limits::{LimitExceeded, LimitName, Limits};
pub use manifest::{ConnectorManifest, ManifestError, ManifestLimits};
pub use outbound::TlsSetupError;
pub use run::RunReport;
