//! Prompts.

use bulkhead_connector_kit::{
    Answer, Block, Body, Completion, Content, Elicited, Media, Message, Prompt, PromptArgument, PromptArguments,
    Question, ResourceContents, Round, ToolError, Turn,
};
use serde::Deserialize;
use serde_json::json;

use crate::PNG;

/// Without arguments.
pub struct SimplePrompt;

impl Prompt for SimplePrompt {
    const NAME: &'static str = "simple_prompt";
    const TITLE: &'static str = "Simple prompt";
    const DESCRIPTION: &'static str = "A simple prompt without arguments.";

    fn get(_: &PromptArguments, _: &Round) -> Answer<Vec<Message>> {
        Ok(Turn::Done(vec![Message::user(Content::text("This is a simple prompt for testing."))]))
    }
}

/// With arguments.
pub struct PromptWithArguments;

impl Prompt for PromptWithArguments {
    const NAME: &'static str = "prompt_with_arguments";
    const TITLE: &'static str = "Prompt with arguments";
    const DESCRIPTION: &'static str = "A prompt with two arguments.";
    const ARGUMENTS: &'static [PromptArgument] = &[
        PromptArgument::required("arg1", "First test argument"),
        PromptArgument::required("arg2", "Second test argument"),
    ];

    fn get(arguments: &PromptArguments, _: &Round) -> Answer<Vec<Message>> {
        let argument = |name: &str| arguments.get(name).map(String::as_str).unwrap_or_default();
        let text = format!("Prompt with arguments: arg1='{}', arg2='{}'", argument("arg1"), argument("arg2"));
        Ok(Turn::Done(vec![Message::user(Content::text(text))]))
    }

    fn complete(argument: &str, value: &str, _: &PromptArguments) -> Completion {
        match argument {
            "arg1" => Completion::starting_with(value, ["paris", "park", "party", "tokyo"]),
            _ => Completion::default(),
        }
    }
}

/// With a resource inside.
pub struct PromptWithEmbeddedResource;

impl Prompt for PromptWithEmbeddedResource {
    const NAME: &'static str = "prompt_with_embedded_resource";
    const TITLE: &'static str = "Prompt with a resource";
    const DESCRIPTION: &'static str = "A prompt with a resource inside.";
    const ARGUMENTS: &'static [PromptArgument] =
        &[PromptArgument::required("resourceUri", "URI of the resource to embed")];

    fn get(arguments: &PromptArguments, _: &Round) -> Answer<Vec<Message>> {
        let resource = Block::Resource(ResourceContents {
            uri: arguments.get("resourceUri").cloned().unwrap_or_default(),
            mime_type: Some("text/plain".to_owned()),
            body: Body::Text("Embedded resource content for testing.".to_owned()),
        });
        Ok(Turn::Done(vec![
            Message::user(resource),
            Message::user(Content::text("Please process the embedded resource above.")),
        ]))
    }
}

/// With a picture.
pub struct PromptWithImage;

impl Prompt for PromptWithImage {
    const NAME: &'static str = "prompt_with_image";
    const TITLE: &'static str = "Prompt with a picture";
    const DESCRIPTION: &'static str = "A prompt with a picture.";

    fn get(_: &PromptArguments, _: &Round) -> Answer<Vec<Message>> {
        let image = Block::Image(Media { data: PNG.to_vec(), mime_type: "image/png".to_owned() });
        Ok(Turn::Done(vec![Message::user(image), Message::user(Content::text("Please analyze the image above."))]))
    }
}

/// That has to ask before it can be filled in.
pub struct PromptThatAsks;

impl Prompt for PromptThatAsks {
    const NAME: &'static str = "input_required_result_prompt";
    const TITLE: &'static str = "Prompt that asks";
    const DESCRIPTION: &'static str = "A prompt that asks for its context.";

    fn get(_: &PromptArguments, round: &Round) -> Answer<Vec<Message>> {
        #[derive(Deserialize)]
        struct Context {
            context: String,
        }
        let schema = json!({
            "type": "object", "properties": { "context": { "type": "string" } }, "required": ["context"],
        });
        match round.elicited("user_context") {
            Some(Elicited::Accepted(Context { context })) => {
                Ok(Turn::Done(vec![Message::user(Content::text(format!("Use this context: {context}")))]))
            }
            Some(_) => Err(ToolError::failed("the user did not say")),
            None => {
                Ok(Turn::ask(vec![Question::elicit("user_context", "What context should the prompt use?", schema)]))
            }
        }
    }
}
