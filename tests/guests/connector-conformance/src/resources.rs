//! Resources.

use bulkhead_connector_kit::{
    Body, Completion, Listing, PromptArguments, ResourceContents, ResourceLink, ResourceTemplate, Resources, Round,
    ToolError, Turn,
};
use serde_json::json;

use crate::PNG;

const TEMPLATE: &str = "test://template/{id}/data";

/// All of them.
pub struct TestResources;

fn link(uri: &str, name: &str, mime_type: &str) -> ResourceLink {
    ResourceLink {
        uri: uri.to_owned(),
        name: name.to_owned(),
        description: Some(format!("{name}, for tests.")),
        mime_type: Some(mime_type.to_owned()),
        ..ResourceLink::default()
    }
}

impl Resources for TestResources {
    fn describe() -> Listing {
        let resources = [
            link("test://static-text", "Static text", "text/plain"),
            link("test://static-binary", "Static picture", "image/png"),
            link("test://watched-resource", "Watched resource", "text/plain"),
        ];
        let template = ResourceTemplate {
            uri_template: TEMPLATE.to_owned(),
            name: "Data by id".to_owned(),
            description: Some("Data of an id, for tests.".to_owned()),
            mime_type: Some("application/json".to_owned()),
            ..ResourceTemplate::default()
        };
        Listing { resources: resources.into_iter().map(Into::into).collect(), templates: vec![template] }
    }

    fn read(uri: &str, _: &Round) -> Result<Turn<Vec<ResourceContents>>, ToolError> {
        let (mime_type, body) = match uri {
            "test://static-text" => {
                ("text/plain", Body::Text("This is the content of the static text resource.".to_owned()))
            }
            "test://watched-resource" => ("text/plain", Body::Text("Watch me.".to_owned())),
            "test://static-binary" => ("image/png", Body::Blob(PNG.to_vec())),
            _ => {
                let id = uri.strip_prefix("test://template/").and_then(|rest| rest.strip_suffix("/data"));
                let id = id.filter(|id| !id.is_empty() && !id.contains('/'));
                let id = id.ok_or_else(|| ToolError::UnknownTool(uri.to_owned()))?;
                let data = json!({ "id": id, "templateTest": true, "data": format!("Data for ID: {id}") });
                ("application/json", Body::Text(data.to_string()))
            }
        };
        let contents = ResourceContents { uri: uri.to_owned(), mime_type: Some(mime_type.to_owned()), body };
        Ok(Turn::Done(vec![contents]))
    }

    fn complete(_: &str, _: &str, value: &str, _: &PromptArguments) -> Completion {
        Completion::starting_with(value, ["1", "12", "123"])
    }
}
