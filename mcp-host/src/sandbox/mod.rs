//! Where connector tools run: a fresh store and instance for every call, from a component that was compiled,
//! initialised and linked once.
//!
//! `engine` is Wasmtime as we configure it, `compile` what it may compile, `manifest` what a connector asks for,
//! `requested` that in the form in which it is kept, `grants` (of shared/connectors) what it gets, `limits`
//! what it may use up, `growth`, `stderr` and `engine_limits` some of them at work, `credentials` what the host adds to its
//! requests, `host` what it can call, `outbound` its way to the network, `connector` one installed connector, `component` its code and `offered` what that offers, `exports`
//! what it exports: the `contract` or, in a `plain` component, functions of its own; `invocation` what it can be asked,
//! `run` one request, which goes on in the `background` when it computes for long (which rests by the `utilization` of what is in front of it), `content` its answers in MCP's terms, `package` a connector on the disk, `signature` who must have
//! signed it, `install` makes connectors of a folder of them, and `live` is the set that can be called at the moment.

mod account;
mod background;
mod bindings;
mod compile;
mod component;
mod connector;
mod content;
mod contract;
#[cfg(test)]
mod corpus;
mod credentials;
mod engine;
mod engine_limits;
mod exports;
mod growth;
mod host;
mod install;
mod invocation;
mod limits;
mod live;
mod manifest;
mod meter;
mod offered;
mod outbound;
mod package;
mod plain;
mod preinit;
mod requested;
mod rounds;
mod run;
mod signature;
mod stderr;
mod utilization;

pub use account::Account;
pub use bulkhead_connectors::grants::{
    self, Grant, GrantError, Grants, Narrowing, NarrowingError, Origin, PathPatternError, Place, RequestedAccess,
    RequestedCredential, RequestedGrants,
};
pub use compile::CompileError;
pub(crate) use connector::OperatorConfig;
pub use connector::{Connector, ConnectorError};
pub use credentials::{BoundCredential, CredentialBinding, CredentialError, Injection, MIN_CREDENTIAL_BYTES};
pub use engine::{EngineOptions, SandboxEngine};
pub use install::{InstallError, Installed, InstalledConnector, Installer, connector_folders, install};
pub use invocation::{Invocation, Observer, Operation, Signal, Subject};
pub use limits::{LimitExceeded, LimitName, Limits, ManifestLimits};
pub use live::{LiveConnectors, WaitingVersion};
pub use manifest::{AuthError, ConnectorManifest, ManifestError};
pub use offered::{Listing, Prompt};
pub use outbound::TlsSetupError;
pub(crate) use outbound::{DocumentLimits, OutboundClient, certificate_authorities, tls_connector};
pub use package::{COMPONENT, MANIFEST, Package};
pub(crate) use plain::{LeftOut, Surface};
pub use requested::requested;
pub use run::RunReport;
pub(crate) use run::canceled;
pub use signature::{SIGNATURE, SignatureError, SignaturePolicy};
