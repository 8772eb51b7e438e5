//! What is measured, and what it is compared with.

use clap::ValueEnum;
use serde::Serialize;

/// One way to answer a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Subject {
    /// `jq` as a native function behind rmcp.
    Native,
    /// `jq` natively as jaq's manual has it: its whole library is parsed and compiled for every call.
    NativeManual,
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
}

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asks {
    /// A call of `toolbox_jq` over MCP.
    ToolCall,
    /// `GET /v1/connectors`.
    Connectors,
}

impl Subject {
    /// What it is compared with.
    pub(crate) const fn baseline(self) -> Option<Self> {
        match self {
            Self::Native | Self::NativeRoute | Self::Hostile => None,
            Self::NativeManual | Self::Sandbox | Self::Sqlite | Self::Postgres => Some(Self::Native),
            Self::Edge => Some(Self::NativeRoute),
        }
    }

    /// What else it is compared with: what somebody would have who does not write the native function with care.
    pub(crate) const fn other_baseline(self) -> Option<Self> {
        match self {
            Self::Sandbox | Self::Sqlite | Self::Postgres => Some(Self::NativeManual),
            _ => None,
        }
    }

    /// The least share of its baseline's calls per second that it should reach.
    pub(crate) const fn mark(self) -> Option<f64> {
        match self {
            Self::Sandbox => Some(0.75),
            Self::Sqlite => Some(0.3),
            _ => None,
        }
    }

    /// What a request to it asks for.
    pub(crate) const fn asks(self) -> Asks {
        match self {
            Self::NativeRoute | Self::Edge => Asks::Connectors,
            _ => Asks::ToolCall,
        }
    }

    /// For people.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Native => "jq: native function behind rmcp",
            Self::NativeManual => "jq: native, written as in jaq's manual",
            Self::Sandbox => "jq: fresh sandbox behind rmcp",
            Self::Sqlite => "jq: bulkhead up, job and audit on SQLite",
            Self::Postgres => "jq: bulkhead up, job and audit on PostgreSQL",
            Self::NativeRoute => "GET /v1/connectors: native axum",
            Self::Edge => "GET /v1/connectors: edge runtime",
            Self::Hostile => "jq: bulkhead up, beside hostile calls",
        }
    }

    /// What the figures include, for whoever wonders whether the comparison is fair.
    pub(crate) const fn includes(self) -> &'static str {
        match self {
            Self::Native => "the toolbox's own code; typed arguments, no JSON Schema check, no authentication",
            Self::NativeManual => "the same, but jq's library is parsed and compiled for every call",
            Self::Sandbox => "JSON Schema check of the arguments, limits, usage; no authentication",
            Self::Sqlite | Self::Postgres => "authentication, one log line a call, job, events, audit, metrics",
            Self::NativeRoute => "authentication on the same SQLite file, the function's layers",
            Self::Edge => "authentication on SQLite, one instance a request",
            Self::Hostile => "the same as bulkhead up; what it is compared with is itself alone",
        }
    }
}
