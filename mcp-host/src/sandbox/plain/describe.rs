//! The tools of a component that knows nothing of Bulkhead: its exported functions.

use bulkhead_connectors::{Annotations, Slug, Tool};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use wasmtime::Engine;
use wasmtime::component::types::{ComponentFunc, ComponentItem};
use wasmtime::component::{Component, ComponentExportIndex, Type};

use super::docs::Documentation;
use super::names::{ExportName, SlugTooLong, tool_names};
use super::schema;
use super::shape::{Field, Shape, ShapeReader, Shapeless};

/// A tool whose schemas together are longer is left out: every client reads all of them. Bytes of JSON.
pub(super) const MAX_SCHEMA_BYTES: usize = 64 << 10;

/// The one member of a result that is no record.
pub(super) const RESULT: &str = "result";

/// A function that is a tool.
#[derive(Debug)]
pub(super) struct Function {
    pub(super) tool: Tool,
    pub(super) index: ComponentExportIndex,
    pub(super) parameters: Vec<Field>,
    pub(super) returns: Returns,
}

/// What a function returns.
#[derive(Debug)]
pub(super) enum Returns {
    Nothing,
    Value(Shape),
    /// Its outermost type is `result`: what is wrong is the tool's error.
    Result {
        ok: Option<Shape>,
        err: Option<Shape>,
    },
}

impl Returns {
    fn value(&self) -> Option<&Shape> {
        match self {
            Self::Nothing => None,
            Self::Value(shape) => Some(shape),
            Self::Result { ok, .. } => ok.as_ref(),
        }
    }
}

/// A function that is no tool, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LeftOut {
    /// Its name, after that of its interface.
    pub(crate) function: String,
    pub(crate) reason: String,
}

/// Why a component has no tools.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoTools {
    /// It is a program.
    #[error(
        "it is a command: it exports wasi:cli/run and no function with types of its own, from which tools could be made"
    )]
    Command,
    /// It exports nothing that could be one.
    #[error("it exports no function of its own: tools are made from exported functions, other than those of wasi:*")]
    NoFunctions,
    /// It exports functions, and each has a type that has no form in JSON.
    #[error("none of its functions can be a tool: {0}")]
    AllLeftOut(String),
    /// Names have no room.
    #[error(transparent)]
    Slug(#[from] SlugTooLong),
}

/// The component's tools, and the functions that are none.
///
/// # Errors
/// [`NoTools`] when there is not one.
pub(super) fn describe(
    engine: &Engine,
    component: &Component,
    documentation: &Documentation,
    slug: &Slug,
    annotations: Annotations,
) -> Result<(Vec<Function>, Vec<LeftOut>), NoTools> {
    let mut left_out = Vec::new();
    let mut readable = Vec::new();
    let (exports, command) = exported_functions(engine, component);
    if exports.is_empty() {
        return Err(if command { NoTools::Command } else { NoTools::NoFunctions });
    }
    for (name, function, index) in exports {
        match types(documentation, &name, &function) {
            Ok((parameters, returns)) => readable.push((name, index, parameters, returns)),
            Err(reason) => left_out.push(LeftOut { function: name.whole(), reason }),
        }
    }
    let names: Vec<_> = readable.iter().map(|(name, ..)| name.clone()).collect();
    let mut functions = Vec::new();
    for ((export, index, parameters, returns), name) in readable.into_iter().zip(tool_names(slug, &names)?) {
        let input_schema = schema::object(&parameters);
        let output_schema = returns.value().map(output_schema);
        let tool = Tool {
            name,
            title: title(&export.function),
            description: description(documentation, &export),
            input_schema,
            output_schema,
            annotations,
        };
        match oversize(&tool) {
            Some(reason) => left_out.push(LeftOut { function: export.whole(), reason }),
            None => functions.push(Function { tool, index, parameters, returns }),
        }
    }
    if functions.is_empty() {
        let reasons: Vec<_> = left_out.iter().map(|one| format!("{}: {}", one.function, one.reason)).collect();
        return Err(NoTools::AllLeftOut(reasons.join("; ")));
    }
    Ok((functions, left_out))
}

/// All functions but those of WASI, what a toolchain left, and the one that was run when the component was installed; and whether WASI's
/// interface of commands is exported.
fn exported_functions(
    engine: &Engine,
    component: &Component,
) -> (Vec<(ExportName, ComponentFunc, ComponentExportIndex)>, bool) {
    let mut functions = Vec::new();
    let mut command = false;
    let ty = component.component_type();
    for (name, item) in ty.exports(engine) {
        if name.starts_with("wasi:") {
            command |= name.starts_with("wasi:cli/run@");
            continue;
        }
        let Some(index) = component.get_export_index(None, name) else { continue };
        match item.ty {
            ComponentItem::ComponentFunc(function) if !is_initializer(name, &function) => {
                functions.push((ExportName { interface: None, function: name.to_owned() }, function, index));
            }
            ComponentItem::ComponentInstance(instance) => {
                for (function, item) in instance.exports(engine) {
                    let ComponentItem::ComponentFunc(ty) = item.ty else { continue };
                    if is_toolchains(name, function, &ty) {
                        continue;
                    }
                    let Some(index) = component.get_export_index(Some(&index), function) else { continue };
                    let export = ExportName { interface: Some(name.to_owned()), function: function.to_owned() };
                    functions.push((export, ty, index));
                }
            }
            _ => {}
        }
    }
    (functions, command)
}

/// Whether the component exports a function to be run once when it is installed. Another function of its name is a tool.
pub(crate) fn has_initializer(engine: &Engine, component: &Component) -> bool {
    let ty = component.component_type();
    let item = ty.get_export(engine, super::INITIALIZE).map(|export| export.ty);
    matches!(item, Some(ComponentItem::ComponentFunc(function)) if is_initializer(super::INITIALIZE, &function))
}

fn is_initializer(name: &str, function: &ComponentFunc) -> bool {
    name == super::INITIALIZE && function.params().len() == 0 && function.results().len() == 0 && !function.async_()
}

/// Whether componentize-py left it there: by this it initialised the component when it made it.
fn is_toolchains(interface: &str, name: &str, function: &ComponentFunc) -> bool {
    let parameters = || function.params().map(|(name, _)| name);
    interface == "exports"
        && name == "init"
        && ["app-name", "symbols"].iter().all(|own| parameters().any(|p| p == *own))
}

fn types(
    documentation: &Documentation,
    name: &ExportName,
    function: &ComponentFunc,
) -> Result<(Vec<Field>, Returns), String> {
    let (wit_parameters, wit_result) = documentation.signature(name.interface.as_deref(), &name.function);
    let mut reader = ShapeReader::default();
    let mut parameters = Vec::new();
    for (index, (name, ty)) in function.params().enumerate() {
        let wit = wit_parameters.get(index).copied();
        let shape = reader.read(&ty, wit).map_err(|why| format!("its parameter {name:?}: {why}"))?;
        parameters.push(Field { name: name.to_owned(), docs: None, shape });
    }
    let wrong = |why: Shapeless| format!("its result: {why}");
    let returns = match function.results().next() {
        None => Returns::Nothing,
        Some(Type::Result(result)) => {
            let parts = wit_result.map(|wit| wit.parts()).unwrap_or_default();
            let mut side = |ty: Option<Type>, index: usize| {
                ty.map(|ty| reader.read(&ty, parts.get(index).copied().flatten())).transpose().map_err(wrong)
            };
            Returns::Result { ok: side(result.ok(), 0)?, err: side(result.err(), 1)? }
        }
        Some(ty) => Returns::Value(reader.read(&ty, wit_result).map_err(wrong)?),
    };
    Ok((parameters, returns))
}

/// MCP's structured results are objects: a record is one, everything else becomes a member of one.
fn output_schema(shape: &Shape) -> Value {
    match shape {
        Shape::Record(_) => schema::schema(shape),
        _ => json!({
            "type": "object",
            "properties": { RESULT: schema::schema(shape) },
            "required": [RESULT],
            "additionalProperties": false,
        }),
    }
}

fn oversize(tool: &Tool) -> Option<String> {
    let schemas = [Some(&tool.input_schema), tool.output_schema.as_ref()];
    let bytes: usize = schemas.into_iter().flatten().map(|schema| schema.to_string().len()).sum();
    let bytes = bytes + tool.description.len();
    (bytes > MAX_SCHEMA_BYTES)
        .then(|| format!("its description and schemas have {bytes} bytes, more than {MAX_SCHEMA_BYTES}"))
}

fn description(documentation: &Documentation, export: &ExportName) -> String {
    let found = documentation.function(export.short_interface(), &export.function);
    found.map_or_else(|| format!("The component's function {}.", export.whole()), |docs| docs.trim().to_owned())
}

/// `count-words` for people.
fn title(function: &str) -> String {
    let words = function.replace(['-', '[', ']', '.'], " ");
    let words = words.trim();
    let mut chars = words.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
