//! A component that can be called: compiled, initialised, described, linked.
//!
//! All of it is done when a component is installed, and kept: its compiled form by [`CompileCache`], and what it offers as a
//! note beside it. At the next start the note is enough. The compiled form is mapped and linked when the component is
//! called for the first time, so that many connectors cost neither time nor memory until somebody needs them.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::PathBuf;
use std::sync::Arc;

use bulkhead_connectors::{Annotations, Slug};
use serde::{Deserialize, Serialize};
use tokio::sync::OnceCell;
use wasmtime::Engine;
use wasmtime::component::Component as Compiled;

use super::background::Demotion;
use super::compile::{self, CompileError};
use super::connector::{CallContext, ConnectorError};
use super::contract::{Contract, Described};
use super::engine::{EngineOptions, Runtime, SandboxEngine};
use super::exports::Exports;
use super::host::Guest;
use super::limits::{LimitExceeded, LimitName};
use super::offered::Offered;
use super::outbound::Credentials;
use super::plain::{PlainComponent, Surface, has_initializer};
use super::{preinit, run};
use crate::compile_cache::{CompileCache, sha256};

/// The name of what a component becomes by being initialised, in the cache.
const INITIALIZED: &str = "initialized";

/// What runs a component, and how it is called.
pub(super) type Linked = (Arc<Runtime>, Arc<Exports>);

/// A component that can be called.
pub(super) struct Component {
    recipe: Recipe,
    nature: Nature,
    linked: OnceCell<Linked>,
}

/// What a component is made of.
struct Recipe {
    sandbox: SandboxEngine,
    cache: CompileCache,
    origin: Origin,
    digest: String,
}

/// Where a component comes from, and what its manifest says of it.
pub(super) struct Origin {
    pub(super) slug: Slug,
    pub(super) schemes: Vec<String>,
    /// What a plain component's tools are taken for.
    pub(super) hints: Annotations,
    /// Where it was read, if it was.
    pub(super) file: Option<PathBuf>,
    pub(super) installing: CallContext,
}

/// What decides how a component is linked.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Nature {
    contract: bool,
    concurrent: bool,
    initialized: bool,
}

impl Nature {
    fn variant(self) -> Option<&'static str> {
        self.initialized.then_some(INITIALIZED)
    }
}

/// What is kept.
#[derive(Serialize, Deserialize)]
struct Note {
    nature: Nature,
    offered: Offered,
}

/// Makes a component callable, and finds out what it offers.
///
/// # Errors
/// [`ConnectorError`] when it can't be compiled, initialised, linked or described.
pub(super) async fn prepare(
    sandbox: &SandboxEngine,
    cache: &CompileCache,
    origin: Origin,
    wasm: &[u8],
) -> Result<(Offered, Component), ConnectorError> {
    let recipe = Recipe { sandbox: sandbox.clone(), cache: cache.clone(), origin, digest: sha256(wasm) };
    let name = recipe.note_name();
    let known = cache.note(&name).and_then(|text| serde_json::from_str::<Note>(&text).ok());
    if let Some(Note { nature, offered }) = known.filter(|note| recipe.is_compiled(note.nature)) {
        return Ok((offered, Component { recipe, nature, linked: OnceCell::new() }));
    }
    let (note, linked) = recipe.make(wasm).await?;
    cache.keep_note(&name, &serde_json::to_string(&note).expect("what is offered is JSON"));
    Ok((note.offered, Component { recipe, nature: note.nature, linked: OnceCell::new_with(Some(linked)) }))
}

impl Component {
    /// SHA-256 of its binary, in hexadecimal.
    pub(super) fn digest(&self) -> &str {
        &self.recipe.digest
    }

    /// What calls it, which takes some milliseconds the first time.
    ///
    /// # Errors
    /// [`ConnectorError`] when its compiled form was lost and can't be made again.
    pub(super) async fn linked(&self) -> Result<&Linked, ConnectorError> {
        if let Some(linked) = self.linked.get() {
            return Ok(linked);
        }
        let link = async || match self.recipe.link(self.nature).await? {
            Some(linked) => Ok(linked),
            None => self.recipe.make(&self.recipe.read()?).await.map(|(_, linked)| linked),
        };
        // Boxed, because it has ten kilobytes, which would be copied with the future of every later call.
        Box::pin(self.linked.get_or_try_init(link)).await
    }
}

impl Recipe {
    fn unusable(&self, message: impl ToString) -> ConnectorError {
        ConnectorError::Component { slug: self.origin.slug.clone(), message: message.to_string() }
    }

    fn failed(&self, error: &wasmtime::Error) -> ConnectorError {
        self.unusable(format!("{error:#}"))
    }

    fn uncompiled(&self, source: CompileError) -> ConnectorError {
        ConnectorError::Compile { slug: self.origin.slug.clone(), source }
    }

    /// Names everything that decides what is found out: the component, what its manifest and the operator say, and the
    /// program that finds it out.
    fn note_name(&self) -> String {
        let Origin { slug, schemes, hints, .. } = &self.origin;
        let program = std::env::current_exe().and_then(std::fs::metadata);
        let program = program.ok().map(|file| (file.len(), file.modified().ok()));
        let mut hasher = DefaultHasher::new();
        (slug, schemes, format!("{hints:?} {:?}", self.sandbox.options), program).hash(&mut hasher);
        format!("{}-{:016x}", self.digest, hasher.finish())
    }

    fn is_compiled(&self, nature: Nature) -> bool {
        self.cache.has(&self.sandbox.runtime(nature.concurrent).engine, &self.digest, nature.variant())
    }

    /// The binary, as it was.
    fn read(&self) -> Result<Vec<u8>, ConnectorError> {
        let read = self.origin.file.as_ref().and_then(|file| std::fs::read(file).ok());
        read.filter(|wasm| sha256(wasm) == self.digest).ok_or_else(|| {
            self.unusable(
                "its compiled form is lost, and its file is not what it was; restart the host, or add it again",
            )
        })
    }

    /// Links what was compiled before; `None` when that is lost or damaged.
    async fn link(&self, nature: Nature) -> Result<Option<Linked>, ConnectorError> {
        let runtime = self.sandbox.runtime(nature.concurrent);
        let (cache, engine, digest) = (self.cache.clone(), runtime.engine.clone(), self.digest.clone());
        let find = move || cache.find(&engine, &digest, nature.variant());
        let found = tokio::task::spawn_blocking(find).await.map_err(|error| self.unusable(error))?;
        let Some(compiled) = found else { return Ok(None) };
        let pre = runtime.linker.instantiate_pre(&compiled).map_err(|error| self.failed(&error))?;
        let exports = if nature.contract {
            Exports::Contract(Contract::new(pre).map_err(|error| self.failed(&error))?)
        } else {
            // Its documentation is in what it offers already.
            let (surface, Origin { slug, hints, .. }) = (Surface::default(), &self.origin);
            let plain = PlainComponent::new(&runtime.engine, &compiled, pre, &surface, &[], slug, *hints);
            Exports::Plain(plain.map_err(|error| self.unusable(error))?)
        };
        Ok(Some((runtime.clone(), Arc::new(exports))))
    }

    /// Does everything. What was compiled before is not compiled again.
    async fn make(&self, wasm: &[u8]) -> Result<(Note, Linked), ConnectorError> {
        let Origin { slug, schemes, hints, installing, .. } = &self.origin;
        let (sandbox, options) = (&self.sandbox, self.sandbox.options);
        compile::measure(wasm, &options).map_err(|source| self.uncompiled(source))?;
        let surface = Surface::read(wasm)
            .map_err(|error| self.unusable(format!("not a WebAssembly component that can run here: {error}")))?;
        let concurrent = surface.is_concurrent(wasm);
        let runtime = sandbox.runtime(concurrent);
        let engine = &runtime.engine;
        // A plain component may mean something else by the name, which its types tell.
        let initialized = surface.initializes()
            && (surface.is_contract() || has_initializer(engine, &self.compiled(engine, wasm).await?));
        let nature = Nature { contract: surface.is_contract(), concurrent, initialized };
        let guest = || installing.guest(Credentials::default(), None);
        let compiled = if !initialized {
            self.compiled(engine, wasm).await?
        } else if let Some(compiled) = self.cache.find(engine, &self.digest, nature.variant()) {
            compiled
        } else {
            let instrumented = preinit::instrument((sandbox, runtime), wasm).await;
            let instrumented = instrumented.map_err(|source| self.uncompiled(source))?;
            let changed = in_time(options, instrumented.initialize(runtime, options, guest())).await;
            self.compile(engine, changed.map_err(|error| self.failed(&error))?, nature.variant()).await?
        };
        let pre = runtime.linker.instantiate_pre(&compiled).map_err(|error| self.failed(&error))?;
        let (offered, exports) = if nature.contract {
            let contract = Contract::new(pre).map_err(|error| self.failed(&error))?;
            let described = in_time(options, describe((runtime, options), &contract, guest())).await;
            let described = described.map_err(|error| self.failed(&error))?;
            (Offered::of_contract(slug, described, schemes)?, Exports::Contract(contract))
        } else {
            let plain = PlainComponent::new(engine, &compiled, pre, &surface, wasm, slug, *hints);
            let plain = plain.map_err(|error| self.unusable(error))?;
            let (tools, left_out) = (plain.tools().cloned().collect(), plain.left_out().to_vec());
            let offered = Offered { tools, left_out, ..Offered::default() };
            (offered, Exports::Plain(plain))
        };
        Ok((Note { nature, offered }, (runtime.clone(), Arc::new(exports))))
    }

    /// The binary as it is, from the cache or compiled now.
    async fn compiled(&self, engine: &Engine, wasm: &[u8]) -> Result<Compiled, ConnectorError> {
        match self.cache.find(engine, &self.digest, None) {
            Some(compiled) => Ok(compiled),
            None => self.compile(engine, wasm.to_owned(), None).await,
        }
    }

    /// Compiles the binary, or what it was changed to, and keeps that.
    async fn compile(
        &self,
        engine: &Engine,
        wasm: Vec<u8>,
        variant: Option<&'static str>,
    ) -> Result<Compiled, ConnectorError> {
        let (engine, cache, digest) = (engine.clone(), self.cache.clone(), self.digest.clone());
        let compile = move || cache.compile(&engine, &digest, &wasm, variant);
        compile::in_time(&self.sandbox, compile).await.map_err(|source| self.uncompiled(source))
    }
}

/// Ends what waits for ever while it is installed: the host would never start.
async fn in_time<T>(
    options: EngineOptions,
    installing: impl Future<Output = wasmtime::Result<T>>,
) -> wasmtime::Result<T> {
    tokio::time::timeout(options.install_time, installing).await.unwrap_or_else(|_| {
        let limit = options.install_time.as_millis();
        Err(LimitExceeded::with(LimitName::WallMs, limit, limit).into())
    })
}

async fn describe(
    (runtime, options): (&Runtime, EngineOptions),
    contract: &Contract,
    guest: Box<Guest>,
) -> wasmtime::Result<Described> {
    let cpu = guest.cpu.clone();
    let mut store = run::new_store(runtime, guest);
    run::watch_cpu(&mut store, options.install_time, Demotion::default());
    cpu.measure(contract.describe(&mut store)).await
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::sync::Arc;

    use bulkhead_connectors::{InForce, ManifestLimits, Restrictions};
    use bulkhead_execution::{JobErrorKind, Outcome};
    use serde_json::json;

    use crate::sandbox::corpus::component::GOOD;
    use crate::sandbox::corpus::{Bench, succeeded};
    use crate::sandbox::{Connector, Invocation, RunReport};

    fn kept(bench: &Bench, end: &str) -> Vec<PathBuf> {
        let entries = bench.folder.path().read_dir().expect("a folder").map(|entry| entry.expect("an entry").path());
        entries.filter(|path| path.to_string_lossy().ends_with(end)).collect()
    }

    async fn call(connector: &Connector) -> RunReport {
        connector.call(Invocation::tool("run", "{}")).await
    }

    fn works(report: &RunReport) {
        assert_eq!(succeeded(report), &json!({ "structuredContent": { "result": "" } }));
    }

    #[tokio::test]
    async fn a_component_has_as_many_instances_as_it_may() {
        let bench = Bench::new();
        let connector = bench.load(&GOOD.bytes()).await.expect("it is installed");
        let call = async |most: u32| {
            let limits = ManifestLimits { core_instances: Some(most), ..ManifestLimits::default() };
            let restrictions = Restrictions { limits, ..Restrictions::default() };
            let in_force = InForce { restrictions, digest: String::new() };
            let restrictions = Some(Arc::new(in_force));
            connector.call(Invocation { restrictions, ..Invocation::tool("run", "{}") }).await
        };
        works(&call(1).await);
        let Outcome::Failed(error) = call(0).await.outcome else { panic!("it has one") };
        assert_eq!(error.kind, JobErrorKind::LimitExceeded, "{error:?}");
        assert_eq!(error.details, Some(json!({ "limit": "core_instances", "value": 0, "reached": 1 })));
    }

    #[tokio::test]
    async fn what_is_offered_is_found_out_once() {
        let bench = Bench::new();
        let first = bench.load(&GOOD.bytes()).await.expect("it is installed");
        let [note] = &kept(&bench, ".json")[..] else { panic!("one note is kept") };
        let text = std::fs::read_to_string(note).expect("a note");
        let title = &first.entry().tools[0].title;
        std::fs::write(note, text.replace(&format!("{title:?}"), "\"as noted\"")).expect("writes");
        let second = bench.load(&GOOD.bytes()).await.expect("it is installed");
        assert_eq!(second.entry().tools[0].title, "as noted");
        works(&call(&second).await);
        // Without a sound note it is found out again.
        std::fs::write(note, "{").expect("writes");
        let third = bench.load(&GOOD.bytes()).await.expect("it is installed");
        assert_eq!(&third.entry().tools[0].title, title);
    }

    #[tokio::test]
    async fn code_that_is_lost_before_the_first_call_is_compiled_again() {
        let bench = Bench::new();
        let (file, wasm) = (bench.folder.path().join("component.wasm"), GOOD.bytes());
        std::fs::write(&file, &wasm).expect("writes");
        bench.load(&wasm).await.expect("it is installed");
        let with_file = bench.load_from(Some(file.clone()), &wasm).await.expect("it is installed");
        let changed = bench.load_from(Some(file.clone()), &wasm).await.expect("it is installed");
        for code in kept(&bench, ".cwasm") {
            std::fs::write(code, "damaged").expect("writes");
        }
        works(&call(&with_file).await);
        for code in kept(&bench, ".cwasm") {
            std::fs::remove_file(code).expect("removes");
        }
        works(&call(&with_file).await);
        std::fs::write(&file, "something else").expect("writes");
        let report = call(&changed).await;
        let Outcome::Failed(error) = report.outcome else { panic!("{report:?}") };
        assert!(error.message.contains("its compiled form is lost"), "{error:?}");
        assert_eq!(error.kind, JobErrorKind::ConnectorUnavailable);
    }

    #[tokio::test]
    async fn code_without_which_a_note_is_worth_nothing_is_made_at_once() {
        let bench = Bench::new();
        bench.load(&GOOD.bytes()).await.expect("it is installed");
        for code in kept(&bench, ".cwasm.sha256") {
            std::fs::remove_file(code).expect("removes");
        }
        let second = bench.load(&GOOD.bytes()).await.expect("it is installed");
        assert_eq!(kept(&bench, ".cwasm.sha256").len(), 1);
        works(&call(&second).await);
    }
}
