//! From a file to a component that can be instantiated: read, compile, check what it needs, link.

use bulkhead_wasi::StoreData;
use wasmtime::Engine;
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, Linker};
use wasmtime_wasi_http::p3::bindings::ServicePre;

use super::bindings::spin;
use super::error::EdgeError;
use super::guest::GuestData;
use super::manifest::ComponentEntry;
use crate::compile_cache::CompileCache;

/// How the names of WASI's interfaces for sockets start, of whatever version.
const SOCKETS: &str = "wasi:sockets/";

/// Everything a function may import.
///
/// WASI 0.2 is there for Rust's standard library, which is built on it. Files exist and give nothing: every program of that
/// library imports them, and there is no folder to open. Sockets are linked with the rest of WASI, but [`load`] refuses
/// whoever imports their functions: every connection goes through an interface that checks the allowed hosts.
pub(crate) fn linker(engine: &Engine) -> Result<Linker<StoreData>, EdgeError> {
    let link = || -> wasmtime::Result<Linker<StoreData>> {
        let mut linker = Linker::new(engine);
        bulkhead_wasi::add_p2(&mut linker)?;
        bulkhead_wasi::add_p3(&mut linker)?;
        spin::key_value::key_value::add_to_linker::<_, GuestData>(&mut linker, StoreData::get_mut)?;
        spin::postgres::postgres::add_to_linker::<_, GuestData>(&mut linker, StoreData::get_mut)?;
        spin::sqlite::sqlite::add_to_linker::<_, GuestData>(&mut linker, StoreData::get_mut)?;
        spin::variables::variables::add_to_linker::<_, GuestData>(&mut linker, StoreData::get_mut)?;
        Ok(linker)
    };
    link().map_err(|error| EdgeError::Engine(format!("{error:#}")))
}

/// Reads, compiles and links one component.
pub(crate) fn load(
    id: &str,
    entry: &ComponentEntry,
    linker: &Linker<StoreData>,
    cache: &CompileCache,
) -> Result<ServicePre<StoreData>, EdgeError> {
    let path = &entry.source;
    let bytes = std::fs::read(path).map_err(|source| EdgeError::Unreadable {
        what: format!("component `{id}`"),
        path: path.clone(),
        source,
    })?;
    let component = cache.load(linker.engine(), &bytes).map_err(|source| EdgeError::Component {
        component: id.to_owned(),
        path: path.clone(),
        source,
    })?;
    refuse_sockets(id, &component, linker)?;
    let linked = linker.instantiate_pre(&component).map_err(|error| refused_import(id, &component, linker, &error))?;
    ServicePre::new(linked)
        .map_err(|error| EdgeError::Export { component: id.to_owned(), reason: format!("{error:#}") })
}

/// Refuses functions that would fail whenever they are called. Types alone do nothing, and some toolchains leave them behind.
fn refuse_sockets(id: &str, component: &Component, linker: &Linker<StoreData>) -> Result<(), EdgeError> {
    let engine = linker.engine();
    let has_function = |item: ComponentItem| match item {
        ComponentItem::ComponentInstance(instance) => {
            instance.exports(engine).any(|(_, item)| matches!(item.ty, ComponentItem::ComponentFunc(_)))
        }
        _ => false,
    };
    let ty = component.component_type();
    let mut imports = ty.imports(engine);
    let refused =
        imports.find_map(|(name, item)| (name.starts_with(SOCKETS) && has_function(item.ty)).then(|| name.to_owned()));
    refused.map_or(Ok(()), |import| Err(EdgeError::Import { component: id.to_owned(), import, reason: String::new() }))
}

/// Names the import that could not be linked. Wasmtime has it in its message, between backquotes.
fn refused_import(id: &str, component: &Component, linker: &Linker<StoreData>, error: &wasmtime::Error) -> EdgeError {
    let message = format!("{error:#}");
    let ty = component.component_type();
    let import = ty
        .imports(linker.engine())
        .map(|(name, _)| name.to_owned())
        .find(|name| message.contains(&format!("`{name}`")));
    // Nothing by that name is linked, or something is and differs in a function or a type.
    let absent = message.contains("matching implementation was not found in the linker")
        && !message.contains("has the wrong type");
    let reason = if absent && import.is_some() { String::new() } else { message };
    EdgeError::Import { component: id.to_owned(), import: import.unwrap_or_else(|| "?".into()), reason }
}
