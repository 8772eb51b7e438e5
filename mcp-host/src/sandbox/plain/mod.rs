//! Plain components: they know nothing of Bulkhead, and every function that they export is a tool.
//!
//! `surface` reads what a binary says before it is compiled, and `docs` its doc comments. `describe` finds the functions,
//! `names` names the tools. `shape` is what a type looks like: `schema` writes it as JSON Schema, `arguments` reads JSON
//! by it, `results` writes JSON by it, and `number` knows what is special about numbers. `call` is one call, and
//! `config_store` an interface through which such components read settings. To support
//! another WIT type, add a shape; the compiler names the rest.

mod arguments;
mod call;
mod config_store;
mod describe;
mod docs;
mod names;
mod number;
mod results;
mod schema;
mod shape;
mod surface;
#[cfg(test)]
mod tests;

use bulkhead_connectors::{Annotations, Slug, Tool};
use bulkhead_execution::{JobError, JobErrorKind, Outcome};
use bulkhead_wasi::StoreData;
use wasmtime::component::{Component, InstancePre};
use wasmtime::{Engine, Store};

use super::limits::Limits;
use describe::Function;
use docs::Documentation;

pub(crate) use config_store::add_to_linker as add_config_store_to_linker;
pub(crate) use describe::{LeftOut, NoTools, has_initializer};
pub(crate) use surface::Surface;

/// The function that a component exports to be run once when it is installed. It is no tool.
pub(crate) const INITIALIZE: &str = "initialize";

/// A plain component that can be called.
pub(crate) struct PlainComponent {
    pre: InstancePre<StoreData>,
    functions: Vec<Function>,
    left_out: Vec<LeftOut>,
}

impl PlainComponent {
    /// Makes tools of a component's functions. A function that can't be one is left out.
    ///
    /// # Errors
    /// [`NoTools`] when no function is left.
    pub(crate) fn new(
        engine: &Engine,
        component: &Component,
        pre: InstancePre<StoreData>,
        surface: &Surface,
        wasm: &[u8],
        slug: &Slug,
        annotations: Annotations,
    ) -> Result<Self, NoTools> {
        let documentation = Documentation::read(surface, wasm);
        let (functions, left_out) = describe::describe(engine, component, &documentation, slug, annotations)?;
        Ok(Self { pre, functions, left_out })
    }

    /// Its functions that are no tools.
    pub(crate) fn left_out(&self) -> &[LeftOut] {
        &self.left_out
    }

    /// Its tools, in the order of its exports.
    pub(crate) fn tools(&self) -> impl Iterator<Item = &Tool> {
        self.functions.iter().map(|function| &function.tool)
    }

    /// Runs one of its tools in a fresh instance. `arguments` is JSON.
    ///
    /// # Errors
    /// What the instance trapped with, or the limit that the call exceeded.
    pub(crate) async fn call(
        &self,
        store: &mut Store<StoreData>,
        tool: &str,
        arguments: &str,
        limits: Limits,
    ) -> wasmtime::Result<Outcome> {
        match self.functions.iter().find(|function| function.tool.name.as_str() == tool) {
            Some(function) => call::call(&self.pre, function, store, arguments, limits).await,
            None => {
                let message = format!("the component has no tool {tool:?}");
                Ok(Outcome::Failed(JobError::new(JobErrorKind::ConnectorUnavailable, message)))
            }
        }
    }
}
