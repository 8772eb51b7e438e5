//! A tool, as its author writes it.

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Answer, Content, Description, Fault, Pointer, Reply, Round, ToolError, Turn, schema};

/// Hints for whoever decides about a call, named as in MCP's `ToolAnnotations`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Annotations {
    /// The tool changes nothing outside the sandbox.
    pub read_only: bool,
    /// A change may destroy something. Without meaning for a read-only tool.
    pub destructive: bool,
    /// The same call again changes nothing more. Without meaning for a read-only tool.
    pub idempotent: bool,
    /// The tool speaks to the world outside, so its answer may differ from call to call.
    pub open_world: bool,
}

impl Annotations {
    /// A tool that only computes from its arguments.
    pub const COMPUTES: Self = Self { read_only: true, destructive: false, idempotent: true, open_world: false };
    /// A tool that reads from a service and changes nothing there.
    pub const READS: Self = Self { read_only: true, destructive: false, idempotent: true, open_world: true };
    /// A tool that adds something to a service, again with every call.
    pub const ADDS: Self = Self { read_only: false, destructive: false, idempotent: false, open_world: true };
    /// A tool that may overwrite or delete what a service holds.
    pub const DESTROYS: Self = Self { read_only: false, destructive: true, idempotent: false, open_world: true };
}

/// One thing that a connector can do.
pub trait Tool {
    /// `snake_case`, unique in the connector.
    const NAME: &'static str;
    /// A short name for people.
    const TITLE: &'static str;
    /// What it does and when to use it, for people and models.
    const DESCRIPTION: &'static str;
    /// What a call may do to the world.
    const ANNOTATIONS: Annotations;
    /// The arguments, a JSON object. `#[serde(deny_unknown_fields)]` makes a misspelt argument a fault.
    type Input: DeserializeOwned + JsonSchema;
    /// The structured result, a JSON object.
    type Output: Serialize + JsonSchema;

    /// Runs the tool.
    ///
    /// # Errors
    /// A [`ToolError`] in words that help the caller.
    fn call(input: Self::Input) -> Result<Self::Output, ToolError>;

    /// The result as text, where that reads better than the structured result's JSON.
    #[must_use]
    fn text(_output: &Self::Output) -> Option<String> {
        None
    }
}

/// A tool whose result is more than one JSON object, or that has to ask before it can answer.
pub trait ContentTool {
    /// `snake_case`, unique in the connector.
    const NAME: &'static str;
    /// A short name for people.
    const TITLE: &'static str;
    /// What it does and when to use it, for people and models.
    const DESCRIPTION: &'static str;
    /// What a call may do to the world.
    const ANNOTATIONS: Annotations;
    /// The arguments, a JSON object.
    type Input: DeserializeOwned + JsonSchema;

    /// Runs a round of the tool.
    ///
    /// # Errors
    /// A [`ToolError`] in words that help the caller.
    fn call(input: Self::Input, round: &Round) -> Answer<Vec<Content>>;
}

/// A [`Tool`] or [`ContentTool`] in a connector's list, its types put aside.
#[derive(Clone, Copy)]
pub struct ToolEntry {
    pub(crate) name: &'static str,
    pub(crate) describe: fn() -> Description,
    pub(crate) run: fn(&str, &Round) -> Answer<Reply>,
}

impl ToolEntry {
    /// The entry of a tool.
    #[must_use]
    pub const fn of<T: Tool>() -> Self {
        Self { name: T::NAME, describe: describe::<T>, run: run::<T> }
    }

    /// The entry of a tool that answers with content.
    #[must_use]
    pub const fn of_content<T: ContentTool>() -> Self {
        Self { name: T::NAME, describe: describe_content::<T>, run: run_content::<T> }
    }
}

fn describe<T: Tool>() -> Description {
    Description {
        name: T::NAME,
        title: T::TITLE,
        description: T::DESCRIPTION,
        input_schema: schema::of_input::<T::Input>(),
        output_schema: Some(schema::of_output::<T::Output>()),
        annotations: T::ANNOTATIONS,
    }
}

fn describe_content<T: ContentTool>() -> Description {
    Description {
        name: T::NAME,
        title: T::TITLE,
        description: T::DESCRIPTION,
        input_schema: schema::of_input::<T::Input>(),
        output_schema: None,
        annotations: T::ANNOTATIONS,
    }
}

fn read<I: DeserializeOwned>(arguments: &str) -> Result<I, ToolError> {
    serde_json::from_str(arguments).map_err(|_| explain::<I>(arguments))
}

fn run<T: Tool>(arguments: &str, _: &Round) -> Answer<Reply> {
    let input = read(arguments)?;
    let output = T::call(input)?;
    let structured = serde_json::to_string(&output)
        .map_err(|error| ToolError::Failed(format!("the result cannot be written as JSON: {error}")))?;
    let content = T::text(&output).map(Content::text).into_iter().collect();
    Ok(Turn::Done(Reply { structured: Some(structured), content }))
}

fn run_content<T: ContentTool>(arguments: &str, round: &Round) -> Answer<Reply> {
    Ok(T::call(read(arguments)?, round)?.map(|content| Reply { structured: None, content }))
}

/// Reads the arguments again, this time noting where the fault is: too slow for every call.
fn explain<I: DeserializeOwned>(arguments: &str) -> ToolError {
    let mut deserializer = serde_json::Deserializer::from_str(arguments);
    match serde_path_to_error::deserialize::<_, I>(&mut deserializer) {
        Err(error) => {
            let pointer = Pointer::from(error.path()).to_string();
            ToolError::InvalidArguments(vec![Fault { pointer, message: error.inner().to_string() }])
        }
        Ok(_) => ToolError::invalid("", "is followed by something that is not JSON"),
    }
}
