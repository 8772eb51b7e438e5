//! Resources.

use bulkhead_connector_kit::{
    Body, Completion, Listing, PromptArguments, ResourceContents, Resources, Round, ToolError, Turn,
};

/// Those of the scheme `hostile`: `hostile://trap` traps, any other one is its own text.
pub struct Reads;

impl Resources for Reads {
    fn describe() -> Listing {
        Listing { resources: Vec::new(), templates: Vec::new() }
    }

    fn read(uri: &str, _: &Round) -> Result<Turn<Vec<ResourceContents>>, ToolError> {
        assert_ne!(uri, "hostile://trap", "it traps");
        let body = Body::Text(uri.to_owned());
        Ok(Turn::Done(vec![ResourceContents { uri: uri.to_owned(), mime_type: None, body }]))
    }

    fn complete(_: &str, _: &str, value: &str, _: &PromptArguments) -> Completion {
        Completion::starting_with(value, [])
    }
}
