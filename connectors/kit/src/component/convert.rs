//! Between the kit's types and those of the bindings.

use super::bindings::bulkhead::connector::types;
use super::bindings::exports::bulkhead::connector::{prompts, resources, tools};
use crate::{
    Annotations, Ask, Block, Body, Capabilities, Content, ContentAnnotations, DescribedResource, Description, Listing,
    Media, Message, PromptEntry, Questions, Reply, ResourceContents, ResourceLink, ResourceTemplate, Role, Round,
    ToolError, Turn,
};

pub(super) fn tool(description: &Description) -> tools::Tool {
    let Annotations { read_only, destructive, idempotent, open_world } = description.annotations;
    tools::Tool {
        name: description.name.to_owned(),
        title: description.title.to_owned(),
        description: description.description.to_owned(),
        input_schema: description.input_schema.clone(),
        output_schema: description.output_schema.clone(),
        annotations: tools::Annotations { read_only, destructive, idempotent, open_world },
    }
}

pub(super) fn prompt(entry: &PromptEntry) -> prompts::Prompt {
    let arguments = entry.arguments.iter().map(|argument| prompts::Argument {
        name: argument.name.to_owned(),
        title: None,
        description: Some(argument.description.to_owned()),
        required: argument.required,
    });
    prompts::Prompt {
        name: entry.name.to_owned(),
        title: entry.title.to_owned(),
        description: entry.description.to_owned(),
        arguments: arguments.collect(),
    }
}

pub(super) fn listing(listing: &Listing) -> resources::Listing {
    resources::Listing {
        resources: listing.resources.iter().cloned().map(described).collect(),
        templates: listing.templates.iter().cloned().map(template).collect(),
    }
}

fn described(resource: DescribedResource) -> resources::Described {
    resources::Described { link: link(resource.link), annotations: resource.annotations.map(annotations) }
}

fn template(template: ResourceTemplate) -> resources::Template {
    resources::Template {
        uri_template: template.uri_template,
        name: template.name,
        title: template.title,
        description: template.description,
        mime_type: template.mime_type,
        annotations: template.annotations.map(annotations),
    }
}

pub(super) fn round(round: types::Round) -> Round {
    let may = |capability| round.capabilities.contains(capability);
    Round {
        capabilities: Capabilities {
            elicitation: may(types::Capabilities::ELICITATION),
            elicitation_url: may(types::Capabilities::ELICITATION_URL),
            sampling: may(types::Capabilities::SAMPLING),
            roots: may(types::Capabilities::ROOTS),
        },
        answers: round.answers.into_iter().map(|answer| (answer.key, answer.result)).collect(),
        state: round.state,
    }
}

pub(super) fn turn<T, D, O>(
    turn: Turn<T>,
    convert: impl FnOnce(T) -> D,
    done: impl FnOnce(D) -> O,
    needs_input: impl FnOnce(types::Questions) -> O,
) -> O {
    match turn {
        Turn::Done(value) => done(convert(value)),
        Turn::Ask(asked) => needs_input(questions(asked)),
    }
}

fn questions(questions: Questions) -> types::Questions {
    let asked = questions.asked.into_iter().map(|question| types::Question {
        key: question.key,
        ask: match question.ask {
            Ask::Elicit => types::Ask::Elicit,
            Ask::Sample => types::Ask::Sample,
            Ask::ListRoots => types::Ask::ListRoots,
        },
        params: question.params.to_string(),
    });
    types::Questions { asked: asked.collect(), state: questions.state.map(|state| state.to_string()) }
}

pub(super) fn reply(reply: Reply) -> tools::Output {
    tools::Output { content: reply.content.into_iter().map(content).collect(), structured: reply.structured }
}

pub(super) fn messages(entry: &PromptEntry, messages: Vec<Message>) -> prompts::Messages {
    let messages = messages
        .into_iter()
        .map(|message| prompts::Message { role: role(message.role), content: content(message.content) });
    prompts::Messages { description: Some(entry.description.to_owned()), messages: messages.collect() }
}

fn role(role: Role) -> types::Role {
    match role {
        Role::User => types::Role::User,
        Role::Assistant => types::Role::Assistant,
    }
}

fn content(content: Content) -> types::Content {
    let media = |media: Media| types::Media { data: media.data, mime_type: media.mime_type };
    types::Content {
        block: match content.block {
            Block::Text(text) => types::Block::Text(text),
            Block::Image(image) => types::Block::Image(media(image)),
            Block::Audio(audio) => types::Block::Audio(media(audio)),
            Block::Resource(resource) => types::Block::Resource(contents(resource)),
            Block::Link(resource) => types::Block::Link(link(resource)),
        },
        annotations: content.annotations.map(annotations),
    }
}

pub(super) fn contents(contents: ResourceContents) -> types::ResourceContents {
    types::ResourceContents {
        uri: contents.uri,
        mime_type: contents.mime_type,
        body: match contents.body {
            Body::Text(text) => types::Body::Text(text),
            Body::Blob(blob) => types::Body::Blob(blob),
        },
    }
}

fn link(link: ResourceLink) -> types::ResourceLink {
    let ResourceLink { uri, name, title, description, mime_type, size } = link;
    types::ResourceLink { uri, name, title, description, mime_type, size }
}

fn annotations(annotations: ContentAnnotations) -> types::Annotations {
    let ContentAnnotations { audience, priority, last_modified } = annotations;
    types::Annotations { audience: audience.into_iter().map(role).collect(), priority, last_modified }
}

pub(super) fn error(error: ToolError) -> types::CallError {
    match error {
        ToolError::UnknownTool(name) => types::CallError::Unknown(name),
        ToolError::InvalidArguments(faults) => types::CallError::InvalidArguments(
            faults.into_iter().map(|fault| types::Fault { pointer: fault.pointer, message: fault.message }).collect(),
        ),
        ToolError::Upstream { status, message } => types::CallError::Upstream((status, message)),
        ToolError::Failed(message) => types::CallError::Failed(message),
    }
}
