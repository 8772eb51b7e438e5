//! What the conformance suite of the Model Context Protocol expects of a server, as a connector. For tests alone.
//!
//! Names and texts are the suite's. To add one: a tool, prompt or resource in the file whose subject it is, and its
//! name in the list below.

#[macro_use]
mod tool;

pub mod asking;
pub mod content;
pub mod prompts;
pub mod resources;
pub mod rounds;
pub mod speaking;

bulkhead_connector_kit::export_connector! {
    tools: [],
    content_tools: [
        content::SimpleText,
        content::ImageContent,
        content::AudioContent,
        content::EmbeddedResource,
        content::MultipleContentTypes,
        content::ErrorHandling,
        speaking::ToolWithLogging,
        speaking::LoggingTool,
        speaking::ToolWithProgress,
        speaking::TouchWatchedResource,
        speaking::ToolThatPanics,
        asking::Sampling,
        asking::Elicitation,
        asking::ElicitationDefaults,
        asking::ElicitationEnums,
        asking::StreamingElicitation,
        asking::MissingCapability,
        asking::Capabilities,
        rounds::AskElicitation,
        rounds::AskSampling,
        rounds::AskRoots,
        rounds::AskWithState,
        rounds::AskMuch,
        rounds::AskTwice,
        rounds::AskWithTamperedState,
    ],
    prompts: [
        prompts::SimplePrompt,
        prompts::PromptWithArguments,
        prompts::PromptWithEmbeddedResource,
        prompts::PromptWithImage,
        prompts::PromptThatAsks,
    ],
    resources: resources::TestResources,
}

use schemars::JsonSchema;
use serde::Deserialize;

/// No arguments.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// A picture of one red pixel.
const PNG: &[u8] = &[
    0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0x00, 0x00, 0x00, 0x0d, 0x49, 0x48, 0x44, 0x52, 0x00, 0x00, 0x00,
    0x01, 0x00, 0x00, 0x00, 0x01, 0x08, 0x02, 0x00, 0x00, 0x00, 0x90, 0x77, 0x53, 0xde, 0x00, 0x00, 0x00, 0x0c, 0x49,
    0x44, 0x41, 0x54, 0x78, 0xda, 0x63, 0xf8, 0xcf, 0xc0, 0x00, 0x00, 0x03, 0x01, 0x01, 0x00, 0xf7, 0x03, 0x41, 0x43,
    0x00, 0x00, 0x00, 0x00, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82,
];

/// A sound without a sample: 8 kHz, 8 bits, one channel.
const WAV: &[u8] = b"RIFF\x24\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x40\x1f\0\0\x01\0\x08\0data\0\0\0\0";
