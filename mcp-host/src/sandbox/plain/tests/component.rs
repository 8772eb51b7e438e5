//! Components made from WIT: each function exists and traps.

use wasm_encoder::{ComponentSection as _, CustomSection};
use wasmtime::Engine;
use wasmtime::component::Component;
use wit_component::{ComponentEncoder, StringEncoding, dummy_module, embed_component_metadata};
use wit_parser::{ManglingAndAbi, PackageMetadata, Resolve};

use super::super::describe::{Function, LeftOut, NoTools, describe};
use super::super::docs::Documentation;
use super::super::surface::Surface;

pub(in crate::sandbox::plain) const CLOSED: bulkhead_connectors::Annotations = bulkhead_connectors::Annotations {
    read_only_hint: true,
    destructive_hint: false,
    idempotent_hint: true,
    open_world_hint: false,
};

/// A component, as toolchains make it and with its documentation.
pub(in crate::sandbox::plain) struct Made {
    pub(in crate::sandbox::plain) plain: Vec<u8>,
    pub(in crate::sandbox::plain) documented: Vec<u8>,
}

/// Makes the component of the only world in this WIT.
pub(in crate::sandbox::plain) fn documented(wit: &str) -> Made {
    let mut resolve = Resolve::default();
    let package = resolve.push_str("test.wit", wit).expect("it is WIT");
    let world = resolve.select_world(&[package], None).expect("it has one world");
    let mut module = dummy_module(&resolve, world, ManglingAndAbi::Standard32);
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).expect("embeds");
    let mut encoder = ComponentEncoder::default().module(&module).expect("takes the module").validate(true);
    let plain = encoder.encode().expect("encodes");
    let content = PackageMetadata::extract(&resolve, package).encode().expect("encodes");
    let documented = with_docs(&plain, &content);
    Made { plain, documented }
}

fn with_docs(component: &[u8], content: &[u8]) -> Vec<u8> {
    let mut documented = component.to_owned();
    let section = CustomSection { name: PackageMetadata::SECTION_NAME.into(), data: content.into() };
    section.append_to_component(&mut documented);
    documented
}

/// The tools of the component of the only world in this WIT.
pub(in crate::sandbox::plain) fn described(wit: &str) -> Result<(Vec<Function>, Vec<LeftOut>), NoTools> {
    of_component(&documented(wit).documented)
}

/// The same with this content as its documentation.
pub(in crate::sandbox::plain) fn described_with_docs(
    wit: &str,
    content: &[u8],
) -> Result<(Vec<Function>, Vec<LeftOut>), NoTools> {
    of_component(&with_docs(&documented(wit).plain, content))
}

fn of_component(wasm: &[u8]) -> Result<(Vec<Function>, Vec<LeftOut>), NoTools> {
    let mut config = wasmtime::Config::new();
    config.wasm_component_model_async(true).wasm_component_model_map(true);
    let engine = Engine::new(&config).expect("an engine");
    let component = Component::from_binary(&engine, wasm).expect("compiles");
    let surface = Surface::read(wasm).expect("reads");
    let documentation = Documentation::read(&surface, wasm);
    describe(&engine, &component, &documentation, &"demo".parse().expect("a slug"), CLOSED)
}
