//! Every type of content.

use bulkhead_connector_kit::{Block, Body, Content, Media, ResourceContents, ToolError, Turn};

use crate::{PNG, WAV};

fn done(blocks: impl IntoIterator<Item = Block>) -> Result<Turn<Vec<Content>>, ToolError> {
    Ok(Turn::Done(blocks.into_iter().map(Content::from).collect()))
}

fn png() -> Block {
    Block::Image(Media { data: PNG.to_vec(), mime_type: "image/png".to_owned() })
}

fn resource(uri: &str, mime_type: &str, text: &str) -> Block {
    Block::Resource(ResourceContents {
        uri: uri.to_owned(),
        mime_type: Some(mime_type.to_owned()),
        body: Body::Text(text.to_owned()),
    })
}

tool! {
    /// Text.
    SimpleText, "simple_text", "Returns text.",
    |_round| done([Block::Text("This is a simple text response for testing.".to_owned())])
}

tool! {
    /// A picture.
    ImageContent, "image_content", "Returns a picture.", |_round| done([png()])
}

tool! {
    /// A sound.
    AudioContent, "audio_content", "Returns a sound.",
    |_round| done([Block::Audio(Media { data: WAV.to_vec(), mime_type: "audio/wav".to_owned() })])
}

tool! {
    /// A resource inside.
    EmbeddedResource, "embedded_resource", "Returns a resource.",
    |_round| done([resource("test://embedded-resource", "text/plain", "This is an embedded resource content.")])
}

tool! {
    /// Several types.
    MultipleContentTypes, "multiple_content_types", "Returns several types of content.",
    |_round| done([
        Block::Text("Multiple content types test:".to_owned()),
        png(),
        resource("test://mixed-content-resource", "application/json", r#"{"test":"data","value":123}"#),
    ])
}

tool! {
    /// An error.
    ErrorHandling, "error_handling", "Always fails.",
    |_round| Err(ToolError::failed("This tool intentionally returns an error for testing"))
}
