//! Running a component's `initialize` once, when it is installed, and keeping the memory that it leaves.
//!
//! Every later instance starts with that memory, mapped copy-on-write: tables are filled, parsers are built. What the
//! guest drew from its random generator is in there too, so a guest must not make secrets in `initialize`; a hash
//! map's seed is fixed by it, which a CPU limit makes harmless.

use bulkhead_wasi::StoreData;
use wasmtime::component::{Component, Instance};
use wasmtime::{Store, error::Context as _};
use wasmtime_wizer::{ComponentContext, ComponentInstanceState, Wizer};

use super::background::Demotion;
use super::compile::{self, CompileError};
use super::engine::{EngineOptions, Runtime, SandboxEngine};
use super::host::Guest;

/// A component that can be asked for its memory.
pub(crate) struct Instrumented<'a> {
    wizer: Wizer,
    context: ComponentContext<'a>,
    component: Component,
}

/// Adds to the component what tells its memory, and compiles it.
///
/// # Errors
/// [`CompileError`], also when it can't be instrumented.
pub(crate) async fn instrument<'a>(
    (sandbox, runtime): (&SandboxEngine, &Runtime),
    wasm: &'a [u8],
) -> Result<Instrumented<'a>, CompileError> {
    let mut wizer = Wizer::new();
    // The world demands the export, so it stays; nobody calls it again.
    wizer.init_func("initialize").keep_init_func(true);
    let instrumented = wizer.instrument_component(wasm).context("the component can't be initialised");
    let (context, instrumented) = instrumented.map_err(CompileError::Instrumented)?;
    let engine = runtime.engine.clone();
    let compile = move || Component::new(&engine, &instrumented).map_err(CompileError::Instrumented);
    let component = compile::in_time(sandbox, compile).await?;
    Ok(Instrumented { wizer, context, component })
}

impl Instrumented<'_> {
    /// The component with its memory initialised.
    ///
    /// # Errors
    /// When it can't be linked, or its `initialize` traps.
    pub(crate) async fn initialize(
        self,
        runtime: &Runtime,
        options: EngineOptions,
        guest: Box<Guest>,
    ) -> wasmtime::Result<Vec<u8>> {
        let Self { wizer, context, component } = self;
        let cpu = guest.cpu.clone();
        let mut store = super::run::new_store(runtime, guest);
        super::run::watch_cpu(&mut store, options.install_time, Demotion::default());
        let instance = cpu.measure(runtime.linker.instantiate_async(&mut store, &component)).await?;
        let function = instance.get_typed_func::<(), ()>(&mut store, "initialize")?;
        cpu.measure(function.call_async(&mut store, ())).await.context("initialize failed")?;
        wizer.snapshot_component(&context, &mut Snapshot { store: &mut store, instance }).await
    }
}

/// Reads an instrumented instance's state through the functions that the instrumentation added.
struct Snapshot<'a> {
    store: &'a mut Store<StoreData>,
    instance: Instance,
}

impl Snapshot<'_> {
    async fn call<R: wasmtime::component::Lift + Send + Sync + 'static>(
        &mut self,
        instance: &str,
        function: &str,
    ) -> R {
        let added = "the instrumentation exports what it tells the snapshot to read";
        let (_, instance) = self.instance.get_export(&mut *self.store, None, instance).expect(added);
        let (_, function) = self.instance.get_export(&mut *self.store, Some(&instance), function).expect(added);
        let function = self.instance.get_typed_func::<(), (R,)>(&mut *self.store, function).expect(added);
        function.call_async(&mut *self.store, ()).await.expect("reading a global or memory does not trap").0
    }
}

impl ComponentInstanceState for Snapshot<'_> {
    async fn call_func_ret_list_u8(&mut self, instance: &str, function: &str, contents: impl FnOnce(&[u8]) + Send) {
        let list = self.call::<wasmtime::component::WasmList<u8>>(instance, function).await;
        contents(list.as_le_slice(&self.store));
    }

    async fn call_func_ret_s32(&mut self, instance: &str, function: &str) -> i32 {
        self.call(instance, function).await
    }

    async fn call_func_ret_s64(&mut self, instance: &str, function: &str) -> i64 {
        self.call(instance, function).await
    }

    async fn call_func_ret_f32(&mut self, instance: &str, function: &str) -> u32 {
        self.call::<f32>(instance, function).await.to_bits()
    }

    async fn call_func_ret_f64(&mut self, instance: &str, function: &str) -> u64 {
        self.call::<f64>(instance, function).await.to_bits()
    }
}
