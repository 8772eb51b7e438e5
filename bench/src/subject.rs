//! What is measured, and what it is compared with.

use clap::ValueEnum;
use serde::Serialize;

/// One way to answer a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Subject {
    /// An echo as a native function behind rmcp.
    NativeEcho,
    /// The same as rmcp's manual has it: with its macros, and a router that every server makes.
    ManualEcho,
    /// The same in a fresh sandbox for every call, behind rmcp.
    SandboxEcho,
    /// `jq` as a native function behind rmcp.
    Native,
    /// `jq` natively as the manuals have it: jaq's whole library is parsed and compiled for every call.
    ManualJq,
    /// `jq` in a fresh sandbox for every call, behind rmcp.
    Sandbox,
    /// `bulkhead up`: authentication, the sandbox, job and audit on SQLite.
    Sqlite,
    /// The same on PostgreSQL.
    Postgres,
    /// A function's route as native code.
    NativeRoute,
    /// The function on the edge runtime of `bulkhead up`.
    Edge,
    /// `jq` on `bulkhead up` beside hostile calls. It is measured apart from the rounds, which it would disturb.
    Hostile,
    /// `bulkhead up` with many connectors, idle and listing their tools. It is measured apart too.
    Many,
    /// Signing in, and the check of credentials. It is measured apart too.
    Credentials,
}

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asks {
    /// A call of `echo_echo` over MCP.
    Echo,
    /// A call of `toolbox_jq` over MCP.
    Jq,
    /// One page of `tools/list` over MCP.
    List,
    /// `GET /v1/connectors`.
    Connectors,
    /// `POST /v1/auth/sign-in`.
    SignIn,
}

impl Subject {
    /// What it is compared with.
    pub(crate) const fn baseline(self) -> Option<Self> {
        match self {
            Self::NativeEcho | Self::Native | Self::NativeRoute | Self::Hostile | Self::Many | Self::Credentials => {
                None
            }
            Self::ManualEcho | Self::SandboxEcho => Some(Self::NativeEcho),
            Self::ManualJq | Self::Sandbox | Self::Sqlite | Self::Postgres => Some(Self::Native),
            Self::Edge => Some(Self::NativeRoute),
        }
    }

    /// What else it is compared with: what somebody would have who does not write the native function with care.
    pub(crate) const fn other_baseline(self) -> Option<Self> {
        match self {
            Self::SandboxEcho => Some(Self::ManualEcho),
            Self::Sandbox | Self::Sqlite | Self::Postgres => Some(Self::ManualJq),
            _ => None,
        }
    }

    /// The least share of its baseline's calls per second that it should reach.
    pub(crate) const fn mark(self) -> Option<f64> {
        match self {
            Self::SandboxEcho => Some(0.7),
            Self::Sandbox => Some(0.9),
            Self::Sqlite => Some(0.3),
            _ => None,
        }
    }

    /// The most that its p99 should be as a multiple of its baseline's.
    pub(crate) const fn p99_mark(self) -> Option<f64> {
        match self {
            Self::SandboxEcho | Self::Sandbox => Some(1.5),
            _ => None,
        }
    }

    /// What a request to it asks for.
    pub(crate) const fn asks(self) -> Asks {
        match self {
            Self::NativeRoute | Self::Edge => Asks::Connectors,
            Self::Many => Asks::List,
            Self::Credentials => Asks::SignIn,
            Self::NativeEcho | Self::ManualEcho | Self::SandboxEcho => Asks::Echo,
            _ => Asks::Jq,
        }
    }

    /// For people.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::NativeEcho => "echo: native function behind rmcp",
            Self::ManualEcho => "echo: native, written as in rmcp's manual",
            Self::SandboxEcho => "echo: fresh sandbox behind rmcp",
            Self::Native => "jq: native function behind rmcp",
            Self::ManualJq => "jq: native, written as in the manuals",
            Self::Sandbox => "jq: fresh sandbox behind rmcp",
            Self::Sqlite => "jq: bulkhead up, job and audit on SQLite",
            Self::Postgres => "jq: bulkhead up, job and audit on PostgreSQL",
            Self::NativeRoute => "GET /v1/connectors: native axum",
            Self::Edge => "GET /v1/connectors: edge runtime",
            Self::Hostile => "jq: bulkhead up, beside hostile calls",
            Self::Many => "bulkhead up with many connectors",
            Self::Credentials => "sign-in, and the check of credentials",
        }
    }

    /// What the figures include, for whoever wonders whether the comparison is fair.
    pub(crate) const fn includes(self) -> &'static str {
        match self {
            Self::NativeEcho => "the tool's own code; typed arguments, no JSON Schema check, no authentication",
            Self::Native => "the toolbox's own code; typed arguments, no JSON Schema check, no authentication",
            Self::ManualEcho => "the same by rmcp's macros",
            Self::ManualJq => "the same by rmcp's macros, and jq's library is parsed and compiled for every call",
            Self::SandboxEcho | Self::Sandbox => "JSON Schema check of the arguments, limits, usage; no authentication",
            Self::Sqlite | Self::Postgres => "authentication, one log line a call, job, events, audit, metrics",
            Self::NativeRoute => "authentication on the same SQLite file, the function's layers",
            Self::Edge => "authentication on SQLite, one instance a request",
            Self::Hostile => "the same as bulkhead up; what it is compared with is itself alone",
            Self::Many => "authentication, one log line a request",
            Self::Credentials => "the password's hash, a session, an audit entry, tokens",
        }
    }
}
