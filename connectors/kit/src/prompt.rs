//! A prompt, as its author writes it: a template of messages, which a person chooses.

use std::collections::BTreeMap;

use crate::{Answer, Completion, Content, Role, Round};

/// An argument of a prompt. Its value is text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PromptArgument {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub description: &'static str,
    /// Whether the prompt makes no sense without it.
    pub required: bool,
}

impl PromptArgument {
    /// One without which the prompt makes no sense.
    #[must_use]
    pub const fn required(name: &'static str, description: &'static str) -> Self {
        Self { name, description, required: true }
    }

    /// One that may be left out.
    #[must_use]
    pub const fn optional(name: &'static str, description: &'static str) -> Self {
        Self { name, description, required: false }
    }
}

/// One message of a prompt.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// Who says it.
    pub role: Role,
    /// What.
    pub content: Content,
}

impl Message {
    /// What the user says.
    #[must_use]
    pub fn user(content: impl Into<Content>) -> Self {
        Self { role: Role::User, content: content.into() }
    }

    /// What the model says.
    #[must_use]
    pub fn assistant(content: impl Into<Content>) -> Self {
        Self { role: Role::Assistant, content: content.into() }
    }
}

/// Arguments by name.
pub type PromptArguments = BTreeMap<String, String>;

/// A template of messages.
pub trait Prompt {
    /// `snake_case`, unique in the connector.
    const NAME: &'static str;
    /// A short name for people.
    const TITLE: &'static str;
    /// What it is for.
    const DESCRIPTION: &'static str;
    /// Its arguments.
    const ARGUMENTS: &'static [PromptArgument] = &[];

    /// Fills it in. Required arguments are there, and none is unknown.
    ///
    /// # Errors
    /// A [`ToolError`](crate::ToolError) in words that help the caller.
    fn get(arguments: &PromptArguments, round: &Round) -> Answer<Vec<Message>>;

    /// Suggests values for an argument of which `value` is typed. There is neither network nor a setting here.
    #[must_use]
    fn complete(_argument: &str, _value: &str, _others: &PromptArguments) -> Completion {
        Completion::default()
    }
}

/// A [`Prompt`] in a connector's list.
#[derive(Clone, Copy)]
pub struct PromptEntry {
    /// [`Prompt::NAME`].
    pub name: &'static str,
    /// [`Prompt::TITLE`].
    pub title: &'static str,
    /// [`Prompt::DESCRIPTION`].
    pub description: &'static str,
    /// [`Prompt::ARGUMENTS`].
    pub arguments: &'static [PromptArgument],
    /// [`Prompt::get`].
    pub get: fn(&PromptArguments, &Round) -> Answer<Vec<Message>>,
    /// [`Prompt::complete`].
    pub complete: fn(&str, &str, &PromptArguments) -> Completion,
}

impl PromptEntry {
    /// The entry of a prompt.
    #[must_use]
    pub const fn of<P: Prompt>() -> Self {
        Self {
            name: P::NAME,
            title: P::TITLE,
            description: P::DESCRIPTION,
            arguments: P::ARGUMENTS,
            get: P::get,
            complete: P::complete,
        }
    }
}
