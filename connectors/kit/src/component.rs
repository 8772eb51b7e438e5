//! The contract's exports and imports, over the bindings that wit-bindgen generates from `wit/connector.wit`.

mod convert;

use crate::allocator::FreeLists;
use crate::{Connector, Level, PromptArguments, ToolError};

/// What wit-bindgen generates.
#[expect(missing_docs, reason = "the WIT file holds the documentation, and wit-bindgen does not copy all of it")]
pub mod bindings {
    wit_bindgen::generate!({
        path: "../../wit",
        world: "connector",
        pub_export_macro: true,
        export_macro_name: "export",
    });
}

pub use bindings::export;

use bindings::Guest as WorldGuest;
use bindings::bulkhead::connector::{host, types};
use bindings::exports::bulkhead::connector::{completions, prompts, resources, tools};

#[global_allocator]
static ALLOCATOR: FreeLists = FreeLists::new();

/// Which connector a component exports. [`export_connector!`](crate::export_connector) implements it.
pub trait Exports {
    /// The connector.
    fn connector() -> &'static Connector;
}

impl<T: Exports> WorldGuest for T {
    fn initialize() {
        #[cfg(not(target_os = "wasi"))]
        explain_panics();
        T::connector().initialize();
    }
}

/// Says why a tool panicked, as the standard library does where it has a standard error. The snapshot keeps it.
#[cfg(not(target_os = "wasi"))]
fn explain_panics() {
    std::panic::set_hook(Box::new(|panic| {
        for text in panic.to_string().as_bytes().chunks(size_of::<u64>()) {
            let mut bytes = [0; size_of::<u64>()];
            bytes[..text.len()].copy_from_slice(text);
            host::write_stderr(u64::from_le_bytes(bytes));
        }
    }));
}

impl<T: Exports> tools::Guest for T {
    fn describe() -> Vec<tools::Tool> {
        T::connector().describe().iter().map(convert::tool).collect()
    }

    fn call(tool: String, arguments: String, round: types::Round) -> Result<tools::Outcome, types::CallError> {
        let turn = T::connector().run(&tool, &arguments, &convert::round(round)).map_err(convert::error)?;
        Ok(convert::turn(turn, convert::reply, tools::Outcome::Done, tools::Outcome::NeedsInput))
    }
}

impl<T: Exports> prompts::Guest for T {
    fn describe() -> Vec<prompts::Prompt> {
        T::connector().prompts().iter().map(convert::prompt).collect()
    }

    fn get(
        prompt: String,
        arguments: Vec<(String, String)>,
        round: types::Round,
    ) -> Result<prompts::Outcome, types::CallError> {
        let found = T::connector().prompts().iter().find(|entry| entry.name == prompt);
        let entry = found.ok_or_else(|| convert::error(ToolError::UnknownTool(prompt)))?;
        let arguments: PromptArguments = arguments.into_iter().collect();
        let turn = (entry.get)(&arguments, &convert::round(round)).map_err(convert::error)?;
        let messages = |messages| convert::messages(entry, messages);
        Ok(convert::turn(turn, messages, prompts::Outcome::Done, prompts::Outcome::NeedsInput))
    }
}

impl<T: Exports> resources::Guest for T {
    fn describe() -> resources::Listing {
        convert::listing(T::connector().listing())
    }

    fn read(uri: String, round: types::Round) -> Result<resources::Outcome, types::CallError> {
        let turn = (T::connector().resources().read)(&uri, &convert::round(round)).map_err(convert::error)?;
        let contents = |contents: Vec<_>| contents.into_iter().map(convert::contents).collect();
        Ok(convert::turn(turn, contents, resources::Outcome::Done, resources::Outcome::NeedsInput))
    }
}

impl<T: Exports> completions::Guest for T {
    fn complete(
        subject: completions::Subject,
        argument: String,
        value: String,
        others: Vec<(String, String)>,
    ) -> completions::Completion {
        let (connector, others) = (T::connector(), others.into_iter().collect());
        let found = match subject {
            completions::Subject::Prompt(prompt) => connector.complete_prompt(&prompt, &argument, &value, &others),
            completions::Subject::Template(template) => {
                (connector.resources().complete)(&template, &argument, &value, &others)
            }
        };
        completions::Completion { values: found.values, total: found.total, has_more: found.has_more }
    }
}

pub(crate) fn setting(name: &str) -> Option<String> {
    host::setting(name)
}

pub(crate) fn log(level: Level, message: &str) {
    let level = match level {
        Level::Info => host::Level::Info,
        Level::Warn => host::Level::Warn,
        Level::Error => host::Level::Error,
    };
    host::log(level, message);
}

pub(crate) fn progress(done: u64, total: Option<u64>, message: Option<&str>) {
    host::progress(done, total, message);
}

pub(crate) fn resource_updated(uri: &str) {
    host::resource_updated(uri);
}
