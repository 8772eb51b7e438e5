//! What a component offers, in MCP's terms.

use bulkhead_connectors::{Annotations, Slug, Tool, ToolName};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::bindings::exports::bulkhead::connector::{prompts as wit_prompts, resources as wit_resources, tools as wit};
use super::connector::ConnectorError;
use super::content;
use super::contract::Described;
use super::plain::LeftOut;

/// A prompt that a connector offers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Prompt {
    /// Its name in the connector.
    pub name: String,
    /// MCP's `Prompt`, under the connector's name.
    pub listed: Value,
    /// The names of its arguments, and whether each is required.
    pub arguments: Vec<(String, bool)>,
}

/// What can be read of a connector.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Listing {
    /// MCP's `Resource`s.
    pub resources: Vec<Value>,
    /// MCP's `ResourceTemplate`s.
    pub templates: Vec<Value>,
    /// The schemes of all its addresses, listed or not.
    pub schemes: Vec<String>,
    /// Whether it completes arguments.
    pub completes: bool,
}

/// What a component offers.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Offered {
    pub(super) tools: Vec<Tool>,
    pub(super) prompts: Vec<Prompt>,
    pub(super) listing: Listing,
    /// Functions of a plain component that can be no tools.
    pub(super) left_out: Vec<LeftOut>,
}

impl Offered {
    /// Of a component that keeps the contract.
    ///
    /// # Errors
    /// [`ConnectorError`] for the first thing that can't be offered.
    pub(super) fn of_contract(slug: &Slug, described: Described, schemes: &[String]) -> Result<Self, ConnectorError> {
        let invalid = |message| ConnectorError::Listing { slug: slug.clone(), message };
        let mut tools: Vec<Tool> = Vec::new();
        for tool in described.tools {
            let name = tool.name.clone();
            let invalid = |message| ConnectorError::Tool { slug: slug.clone(), tool: name, message };
            let unique = |tool: Tool| match tools.iter().any(|other| other.name == tool.name) {
                true => Err("it is described twice".to_owned()),
                false => Ok(tool),
            };
            let tool = convert(tool).and_then(unique).map_err(invalid)?;
            tools.push(tool);
        }
        let prompts = prompts(slug, described.prompts).map_err(invalid)?;
        let listing = listing(described.resources, described.completes, schemes.to_vec()).map_err(invalid)?;
        Ok(Self { tools, prompts, listing, left_out: Vec::new() })
    }
}

fn prompts(slug: &Slug, described: Vec<wit_prompts::Prompt>) -> Result<Vec<Prompt>, String> {
    let mut prompts: Vec<Prompt> = Vec::new();
    for prompt in described {
        let name = prompt.name.clone();
        name.parse::<ToolName>().map_err(|error| format!("prompt {name:?}: {error}"))?;
        if prompts.iter().any(|other| other.name == name) {
            return Err(format!("prompt {name:?} is described twice"));
        }
        let arguments = prompt.arguments.iter().map(|argument| (argument.name.clone(), argument.required)).collect();
        prompts.push(Prompt { name, arguments, listed: content::prompt(slug.as_str(), prompt) });
    }
    Ok(prompts)
}

fn listing(described: wit_resources::Listing, completes: bool, schemes: Vec<String>) -> Result<Listing, String> {
    let resources = described.resources.iter().map(|resource| &resource.link.uri);
    for uri in resources.chain(described.templates.iter().map(|template| &template.uri_template)) {
        if !uri.split_once(':').is_some_and(|(scheme, _)| schemes.iter().any(|own| own == scheme)) {
            return Err(format!("{uri:?} has no scheme that the manifest declares under [resources]"));
        }
    }
    Ok(Listing {
        resources: described.resources.into_iter().map(content::resource).collect(),
        templates: described.templates.into_iter().map(content::template).collect(),
        schemes,
        completes,
    })
}

fn convert(tool: wit::Tool) -> Result<Tool, String> {
    let schema = |text: &str, what: &str| {
        serde_json::from_str::<Value>(text)
            .ok()
            .filter(Value::is_object)
            .ok_or_else(|| format!("its {what} schema is not a JSON object"))
    };
    Ok(Tool {
        name: tool.name.parse().map_err(|error| format!("{error}"))?,
        title: tool.title,
        description: tool.description,
        input_schema: schema(&tool.input_schema, "input")?,
        output_schema: tool.output_schema.map(|text| schema(&text, "output")).transpose()?,
        annotations: Annotations {
            read_only_hint: tool.annotations.read_only,
            destructive_hint: tool.annotations.destructive,
            idempotent_hint: tool.annotations.idempotent,
            open_world_hint: tool.annotations.open_world,
        },
    })
}
