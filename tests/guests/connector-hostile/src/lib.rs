//! A connector that misbehaves in every way the sandbox must survive. For tests alone.
//!
//! One tool for each way, named after it, and `echo`, which behaves. To add a way: a tool in the file whose subject
//! it is, its name in the list below, and a test that calls it.

pub mod burn;
pub mod network;
pub mod peek;
pub mod reads;
pub mod reply;

bulkhead_connector_kit::export_connector! {
    tools: [
        reply::Echo,
        burn::SpinForever,
        burn::AllocateWithoutEnd,
        burn::Trap,
        peek::CallForbiddenHost,
        burn::Sleep,
        burn::ChangeSlowly,
        reply::HugeResult,
        reply::FaultFlood,
        reply::LogFlood,
        reply::StderrFlood,
        reply::BadOutput,
        burn::StackOverflow,
        peek::ReadEnvironment,
        peek::Count,
        network::SmuggleHeaders,
        network::FollowRedirect,
        network::ReachMetadata,
        network::WidenPath,
        network::UnpackBomb,
        network::SwallowHeaders,
        network::HoldAnswers,
    ],
    content_tools: [reply::AnnotationFlood],
    resources: reads::Reads,
}

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// No arguments.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// What a tool answers that should never have come to an answer.
#[derive(Serialize, JsonSchema)]
pub struct Survived {
    /// What it did meanwhile.
    survived: String,
}

impl Survived {
    fn after(deed: impl Into<String>) -> Self {
        Self { survived: deed.into() }
    }
}
