//! A connector: its tools by name, and what `initialize` prepares.

use std::sync::OnceLock;

use crate::{Annotations, ToolEntry, ToolError};

/// A tool as it is listed.
#[derive(Clone, Debug)]
pub struct Description {
    /// `snake_case`, unique in the connector.
    pub name: &'static str,
    /// A short name for people.
    pub title: &'static str,
    /// What it does and when to use it.
    pub description: &'static str,
    /// JSON Schema 2020-12 of the arguments.
    pub input_schema: String,
    /// JSON Schema 2020-12 of the structured result.
    pub output_schema: String,
    /// What a call may do to the world.
    pub annotations: Annotations,
}

/// What a call answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The structured result's JSON.
    pub structured: String,
    /// The result as text, where the tool writes one.
    pub text: Option<String>,
}

/// A connector. [`export_connector!`](crate::export_connector) makes one.
pub struct Connector {
    tools: &'static [ToolEntry],
    warm_up: &'static [fn()],
    descriptions: OnceLock<Vec<Description>>,
}

impl Connector {
    /// A connector of these tools, which `initialize` warms up by these functions.
    #[must_use]
    pub const fn new(tools: &'static [ToolEntry], warm_up: &'static [fn()]) -> Self {
        Self { tools, warm_up, descriptions: OnceLock::new() }
    }

    /// Prepares everything that does not depend on a call. Calls work without it, only slower.
    pub fn initialize(&self) {
        self.describe();
        for warm_up in self.warm_up {
            warm_up();
        }
    }

    /// The tools, in the order of the list.
    pub fn describe(&self) -> &[Description] {
        self.descriptions.get_or_init(|| self.tools.iter().map(|tool| (tool.describe)()).collect())
    }

    /// Runs one tool on arguments given as the JSON text of an object.
    ///
    /// # Errors
    /// [`ToolError::UnknownTool`], [`ToolError::InvalidArguments`] when the arguments do not fit the tool's input,
    /// and whatever the tool says.
    pub fn call(&self, tool: &str, arguments: &str) -> Result<Reply, ToolError> {
        match self.tools.iter().find(|entry| entry.name == tool) {
            Some(entry) => (entry.run)(arguments),
            None => Err(ToolError::UnknownTool(tool.to_owned())),
        }
    }
}
