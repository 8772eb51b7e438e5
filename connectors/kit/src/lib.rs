//! What a connector written in Rust needs: the contract's bindings, typed tools, outbound HTTP.
//!
//! A connector is a list of types that implement [`Tool`]. [`export_connector!`] turns the list into the component
//! that `wit/connector.wit` describes. To add a tool: one file with its input, its output and its `call`, and its
//! name in the list. The input's and output's JSON Schemas come from the types, the descriptions in them from the
//! doc comments.
//!
//! ```
//! use bulkhead_connector_kit::{Annotations, Tool, ToolError, export_connector};
//! use schemars::JsonSchema;
//! use serde::{Deserialize, Serialize};
//!
//! /// What to greet.
//! #[derive(Deserialize, JsonSchema)]
//! #[serde(deny_unknown_fields)]
//! pub struct Input {
//!     /// The name of whoever is greeted.
//!     name: String,
//! }
//!
//! /// The greeting.
//! #[derive(Serialize, JsonSchema)]
//! pub struct Output {
//!     /// A sentence.
//!     greeting: String,
//! }
//!
//! /// Greets.
//! pub struct Greet;
//!
//! impl Tool for Greet {
//!     const NAME: &'static str = "greet";
//!     const TITLE: &'static str = "Greet";
//!     const DESCRIPTION: &'static str = "Greets someone by name.";
//!     const ANNOTATIONS: Annotations = Annotations::COMPUTES;
//!     type Input = Input;
//!     type Output = Output;
//!
//!     fn call(input: Input) -> Result<Output, ToolError> {
//!         if input.name.is_empty() {
//!             return Err(ToolError::invalid("/name", "is empty"));
//!         }
//!         Ok(Output { greeting: format!("Hello, {}!", input.name) })
//!     }
//! }
//!
//! export_connector! { tools: [Greet] }
//!
//! # fn main() {
//! let reply = CONNECTOR.call("greet", r#"{"name": "you"}"#).expect("the tool answers");
//! assert_eq!(reply, r#"{"greeting":"Hello, you!"}"#);
//! # }
//! ```
//!
//! Everything but the component itself also compiles natively, so that a tool's tests are plain `cargo test`s; there
//! [`fake::Host`] stands in for settings, the network and the job's events.
//!
//! The host snapshots an instance after `initialize`, and every call starts from that snapshot. `initialize` makes
//! the schemas and runs the connector's `warm_up` functions: whatever they leave in statics costs a call nothing. A
//! snapshot also freezes what looks random, such as the seed of a `HashMap`, so no secret may rest on one.
//!
//! A component that says `wasi = false` in its `[package.metadata.component]` is compiled for wasm32-unknown-unknown
//! instead of wasm32-wasip2, and imports what it uses and nothing else; the standard library of wasm32-wasip2 imports
//! thirteen interfaces on its own, and each call pays for them. The standard library has no clock there, no variables
//! and no random numbers: what asks for them, in any crate, panics. Here are [`clock`], [`http`] and [`log`], and a
//! panic becomes an event of the job on both targets.

#[cfg(any(target_family = "wasm", test))]
mod allocator;
pub mod clock;
mod completion;
#[cfg(target_family = "wasm")]
pub mod component;
mod connector;
mod content;
mod error;
#[cfg(not(target_family = "wasm"))]
pub mod fake;
mod host;
pub mod http;
mod prompt;
mod resource;
mod round;
mod schema;
mod tool;

pub use completion::Completion;
pub use connector::{Connector, Description, Reply};
pub use content::{Block, Body, Content, ContentAnnotations, Media, ResourceContents, ResourceLink, Role};
pub use error::{Fault, Pointer, ToolError};
pub use host::{Level, log, progress, required_setting, resource_updated, setting};
pub use prompt::{Message, Prompt, PromptArgument, PromptArguments, PromptEntry};
pub use resource::{DescribedResource, Listing, ResourceTemplate, Resources, ResourcesEntry};
pub use round::{Answer, Ask, Capabilities, Elicited, Question, Questions, Round, Turn};
pub use tool::{Annotations, ContentTool, Tool, ToolEntry};

/// Makes a connector of a list of tools: the static `CONNECTOR`, and in a component the contract's exports.
///
/// All but `tools` is optional, in this order: `content_tools` are [`ContentTool`]s, listed after the others; `prompts`
/// are [`Prompt`]s; `resources` is one type with [`Resources`]; `warm_up` are functions without arguments that
/// `initialize` runs, in order. They can reach neither the network nor settings.
///
/// ```ignore
/// export_connector! { tools: [Query, Alerts], warm_up: [query::warm_up] }
/// ```
#[macro_export]
macro_rules! export_connector {
    (
        tools: [$($tool:ty),* $(,)?]
        $(, content_tools: [$($content_tool:ty),* $(,)?])?
        $(, prompts: [$($prompt:ty),* $(,)?])?
        $(, resources: $resources:ty)?
        $(, warm_up: [$($warm_up:expr),* $(,)?])?
        $(,)?
    ) => {
        /// The connector: its tools, in the order in which they are listed.
        pub static CONNECTOR: $crate::Connector = $crate::Connector::new(
            &[
                $($crate::ToolEntry::of::<$tool>(),)*
                $($($crate::ToolEntry::of_content::<$content_tool>(),)*)?
            ],
            &[$($($warm_up),*)?],
        )
        $(.with_prompts(&[$($crate::PromptEntry::of::<$prompt>()),*]))?
        $(.with_resources($crate::ResourcesEntry::of::<$resources>()))?;

        #[cfg(target_family = "wasm")]
        mod exports {
            struct Component;

            impl $crate::component::Exports for Component {
                fn connector() -> &'static $crate::Connector {
                    &super::CONNECTOR
                }
            }

            $crate::component::export!(Component with_types_in $crate::component::bindings);
        }
    };
}
