//! The contract's exports and imports, over the bindings that wit-bindgen generates from `wit/connector.wit`.

use crate::allocator::FreeLists;
use crate::{Annotations, Connector, Description, Level, Reply, ToolError};

/// What wit-bindgen generates.
#[expect(missing_docs, reason = "the WIT file holds the documentation, and wit-bindgen does not copy all of it")]
pub mod bindings {
    wit_bindgen::generate!({
        path: "../../wit",
        world: "connector",
        pub_export_macro: true,
        export_macro_name: "export",
    });
}

pub use bindings::export;

use bindings::Guest as WorldGuest;
use bindings::bulkhead::connector::host;
use bindings::exports::bulkhead::connector::tools;

#[global_allocator]
static ALLOCATOR: FreeLists = FreeLists::new();

/// Which connector a component exports. [`export_connector!`](crate::export_connector) implements it.
pub trait Exports {
    /// The connector.
    fn connector() -> &'static Connector;
}

impl<T: Exports> WorldGuest for T {
    fn initialize() {
        T::connector().initialize();
    }
}

impl<T: Exports> tools::Guest for T {
    fn describe() -> Vec<tools::Tool> {
        T::connector().describe().iter().map(tool).collect()
    }

    fn call(tool: String, arguments: String) -> Result<tools::Output, tools::ToolError> {
        match T::connector().call(&tool, &arguments) {
            Ok(Reply { structured, text }) => Ok(tools::Output { structured: Some(structured), text }),
            Err(error) => Err(tool_error(error)),
        }
    }
}

fn tool(description: &Description) -> tools::Tool {
    let Annotations { read_only, destructive, idempotent, open_world } = description.annotations;
    tools::Tool {
        name: description.name.to_owned(),
        title: description.title.to_owned(),
        description: description.description.to_owned(),
        input_schema: description.input_schema.clone(),
        output_schema: Some(description.output_schema.clone()),
        annotations: tools::Annotations { read_only, destructive, idempotent, open_world },
    }
}

fn tool_error(error: ToolError) -> tools::ToolError {
    match error {
        ToolError::UnknownTool(name) => tools::ToolError::UnknownTool(name),
        ToolError::InvalidArguments(faults) => tools::ToolError::InvalidArguments(
            faults.into_iter().map(|fault| tools::Fault { pointer: fault.pointer, message: fault.message }).collect(),
        ),
        ToolError::Upstream { status, message } => tools::ToolError::Upstream((status, message)),
        ToolError::Failed(message) => tools::ToolError::Failed(message),
    }
}

pub(crate) fn setting(name: &str) -> Option<String> {
    host::setting(name)
}

pub(crate) fn log(level: Level, message: &str) {
    let level = match level {
        Level::Info => host::Level::Info,
        Level::Warn => host::Level::Warn,
        Level::Error => host::Level::Error,
    };
    host::log(level, message);
}

pub(crate) fn progress(done: u64, total: Option<u64>, message: Option<&str>) {
    host::progress(done, total, message);
}
