//! A connector: its tools by name, and what `initialize` prepares.

use std::sync::OnceLock;

use crate::{Annotations, Answer, Completion, Content, Listing, PromptArguments, PromptEntry, ResourcesEntry};
use crate::{Round, ToolEntry, ToolError, Turn};

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
    pub output_schema: Option<String>,
    /// What a call may do to the world.
    pub annotations: Annotations,
}

/// What a call answers.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    /// The structured result's JSON.
    pub structured: Option<String>,
    /// The result for people and models, where the structured one does not do.
    pub content: Vec<Content>,
}

/// A connector. [`export_connector!`](crate::export_connector) makes one.
pub struct Connector {
    tools: &'static [ToolEntry],
    prompts: &'static [PromptEntry],
    resources: ResourcesEntry,
    warm_up: &'static [fn()],
    descriptions: OnceLock<Vec<Description>>,
    listing: OnceLock<Listing>,
}

impl Connector {
    /// A connector of these tools, which `initialize` warms up by these functions.
    #[must_use]
    pub const fn new(tools: &'static [ToolEntry], warm_up: &'static [fn()]) -> Self {
        Self {
            tools,
            prompts: &[],
            resources: ResourcesEntry::none(),
            warm_up,
            descriptions: OnceLock::new(),
            listing: OnceLock::new(),
        }
    }

    /// The same with prompts.
    #[must_use]
    pub const fn with_prompts(mut self, prompts: &'static [PromptEntry]) -> Self {
        self.prompts = prompts;
        self
    }

    /// The same with resources.
    #[must_use]
    pub const fn with_resources(mut self, resources: ResourcesEntry) -> Self {
        self.resources = resources;
        self
    }

    /// Prepares everything that does not depend on a call. Calls work without it, only slower.
    pub fn initialize(&self) {
        self.describe();
        self.listing();
        for warm_up in self.warm_up {
            warm_up();
        }
    }

    /// The tools, in the order of the list.
    pub fn describe(&self) -> &[Description] {
        self.descriptions.get_or_init(|| self.tools.iter().map(|tool| (tool.describe)()).collect())
    }

    /// The prompts, in the order of the list.
    #[must_use]
    pub const fn prompts(&self) -> &'static [PromptEntry] {
        self.prompts
    }

    /// The resources that are listed.
    pub fn listing(&self) -> &Listing {
        self.listing.get_or_init(self.resources.describe)
    }

    /// The resources.
    #[must_use]
    pub const fn resources(&self) -> &ResourcesEntry {
        &self.resources
    }

    /// Runs a round of one tool on arguments given as the JSON text of an object.
    ///
    /// # Errors
    /// [`ToolError::UnknownTool`], [`ToolError::InvalidArguments`] when the arguments do not fit the tool's input,
    /// and whatever the tool says.
    pub fn run(&self, tool: &str, arguments: &str, round: &Round) -> Answer<Reply> {
        match self.tools.iter().find(|entry| entry.name == tool) {
            Some(entry) => (entry.run)(arguments, round),
            None => Err(ToolError::UnknownTool(tool.to_owned())),
        }
    }

    /// Runs one tool of which nobody can be asked anything, and gives its structured result's JSON.
    ///
    /// # Errors
    /// As [`run`](Self::run); [`ToolError::Failed`] also when the tool asks, or has no structured result.
    pub fn call(&self, tool: &str, arguments: &str) -> Result<String, ToolError> {
        match self.run(tool, arguments, &Round::default())? {
            Turn::Done(Reply { structured: Some(structured), .. }) => Ok(structured),
            Turn::Done(_) => Err(ToolError::failed(format!("{tool} has no structured result"))),
            Turn::Ask(_) => Err(ToolError::failed(format!("{tool} asks, and there is nobody to answer"))),
        }
    }

    /// Suggests values for an argument of a prompt.
    #[must_use]
    pub fn complete_prompt(&self, prompt: &str, argument: &str, value: &str, others: &PromptArguments) -> Completion {
        let found = self.prompts.iter().find(|entry| entry.name == prompt);
        found.map(|entry| (entry.complete)(argument, value, others)).unwrap_or_default()
    }
}
