//! `wasi:config/store`: the settings that are environment variables, for components that ask for them in this way.

use bulkhead_wasi::StoreData;
use wasmtime::StoreContextMut;
use wasmtime::component::{ComponentType, Linker, Lower};

use crate::sandbox::host::Guest;

/// The drafts that components import. Neither is compatible with the other by its version, and both are the same.
const INTERFACES: [&str; 2] = ["wasi:config/store@0.2.0-draft", "wasi:config/store@0.2.0-rc.1"];

/// Why a value can't be had. Here every value can.
#[derive(ComponentType, Lower)]
#[component(variant)]
#[expect(dead_code, reason = "the interface has the type in its functions")]
enum StoreError {
    #[component(name = "upstream")]
    Upstream(String),
    #[component(name = "io")]
    Io(String),
}

/// Adds the interface.
///
/// # Errors
/// When the linker has it already.
pub(crate) fn add_to_linker(linker: &mut Linker<StoreData>) -> wasmtime::Result<()> {
    for interface in INTERFACES {
        let mut instance = linker.instance(interface)?;
        instance.func_wrap("get", |store: StoreContextMut<'_, StoreData>, (key,): (String,)| {
            let found = store.data().get::<Guest>().variables.iter().find(|(name, _)| *name == key);
            Ok((Ok::<_, StoreError>(found.map(|(_, value)| value.clone())),))
        })?;
        instance.func_wrap("get-all", |store: StoreContextMut<'_, StoreData>, (): ()| {
            Ok((Ok::<_, StoreError>(store.data().get::<Guest>().variables.to_vec()),))
        })?;
    }
    Ok(())
}
