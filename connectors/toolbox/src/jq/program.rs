//! A program, compiled; or where and why it does not compile.

use bulkhead_connector_kit::{Fault, Pointer, ToolError};
use jaq_core::Compiler;
use jaq_core::compile::Undefined;
use jaq_core::load::{self, Arena, File, Loader};

use super::library::{Data, Library, Used};

/// A program that runs.
pub(super) struct Program {
    pub(super) filter: jaq_core::Filter<Data>,
}

impl Program {
    /// Compiles a program that may use these variables, named without the dollar.
    pub(super) fn compile<'a>(text: &str, variables: impl Iterator<Item = &'a str>) -> Result<Self, ToolError> {
        Self::compile_with(text, variables, Library::standard().used_by(text))
    }

    /// Compiles a program with this part of the library.
    pub(super) fn compile_with<'a>(
        text: &str,
        variables: impl Iterator<Item = &'a str>,
        library: Used,
    ) -> Result<Self, ToolError> {
        let variables = variables.map(variable).collect::<Result<Vec<_>, _>>()?;
        let arena = Arena::default();
        let file = File { code: text, path: () };
        let modules = Loader::new(library.definitions)
            .load(&arena, file)
            .map_err(|errors| refusal(errors.into_iter().flat_map(|(_, error)| load_faults(text, error))))?;
        let filter = Compiler::default()
            .with_funs(library.natives)
            .with_global_vars(variables.iter().map(String::as_str))
            .compile(modules)
            .map_err(|errors| {
                let undefined = errors.into_iter().flat_map(|(_, undefined)| undefined);
                refusal(undefined.map(|(name, kind)| undefined_fault(text, name, &kind)))
            })?;
        Ok(Self { filter })
    }
}

/// The most faults of one program that are told: the first ones tend to cause the rest.
const MAX_FAULTS: usize = 5;

fn refusal(faults: impl Iterator<Item = Fault>) -> ToolError {
    ToolError::InvalidArguments(faults.take(MAX_FAULTS).collect())
}

fn variable(name: &str) -> Result<String, ToolError> {
    let starts = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if starts && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        return Ok(format!("${name}"));
    }
    let pointer = Pointer::root().child("args").child(name);
    Err(ToolError::invalid(pointer, "is not a variable's name: letters, digits and _, not starting with a digit"))
}

fn load_faults(text: &str, error: load::Error<&str>) -> Vec<Fault> {
    match error {
        load::Error::Io(imports) => {
            imports.iter().map(|(path, _)| fault(text, path, "modules cannot be loaded")).collect()
        }
        load::Error::Lex(errors) => {
            errors.iter().map(|(expected, rest)| expectation(text, expected.as_str(), rest)).collect()
        }
        load::Error::Parse(errors) => {
            errors.iter().map(|(expected, found)| expectation(text, expected.as_str(), found)).collect()
        }
    }
}

fn expectation(text: &str, expected: &str, found: &str) -> Fault {
    let expected = if expected == "nothing" { "the end of the filter" } else { expected };
    let found = found.trim_start();
    let message = match excerpt(found) {
        None => format!("expected {expected}, found the end of the filter"),
        Some(excerpt) => format!("expected {expected}, found `{excerpt}`"),
    };
    fault(text, found, &message)
}

fn undefined_fault(text: &str, name: &str, kind: &Undefined) -> Fault {
    let message = match kind {
        Undefined::Filter(0) => format!("there is no filter `{name}` without arguments"),
        Undefined::Filter(1) => format!("there is no filter `{name}` with 1 argument"),
        Undefined::Filter(arity) => format!("there is no filter `{name}` with {arity} arguments"),
        other => format!("the {} `{name}` is not defined", other.as_str()),
    };
    fault(text, name, &message)
}

/// A fault at the place of `part`, which is a slice of `text`.
fn fault(text: &str, part: &str, message: &str) -> Fault {
    let offset = (part.as_ptr() as usize).checked_sub(text.as_ptr() as usize);
    let message = match offset.and_then(|offset| text.get(..offset)) {
        Some(before) => {
            let line = before.matches('\n').count() + 1;
            let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
            format!("line {line}, column {column}: {message}")
        }
        None => message.to_owned(),
    };
    Fault { pointer: "/filter".to_owned(), message }
}

/// The first word or sign of what was found.
fn excerpt(found: &str) -> Option<&str> {
    const MOST: usize = 24;
    let first = found.chars().next()?;
    let word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$' | '@');
    let end = if word(first) { found.find(|c| !word(c)).unwrap_or(found.len()) } else { first.len_utf8() };
    let end = found.char_indices().nth(MOST).map_or(end, |(index, _)| end.min(index));
    found.get(..end)
}
