//! Components made from WIT: each function exists and traps.

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
    let mut documented = plain.clone();
    append_custom_section(&mut documented, PackageMetadata::SECTION_NAME, &content);
    Made { plain, documented }
}

/// Appends a custom section: id 0, its length, its name's length, its name, its content.
fn append_custom_section(wasm: &mut Vec<u8>, name: &str, content: &[u8]) {
    let mut body = leb128(name.len());
    body.extend_from_slice(name.as_bytes());
    body.extend_from_slice(content);
    wasm.push(0);
    wasm.extend(leb128(body.len()));
    wasm.extend(body);
}

fn leb128(mut number: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    loop {
        let low = (number & 0x7f) as u8;
        number >>= 7;
        if number == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

/// The tools of the component of the only world in this WIT.
pub(in crate::sandbox::plain) fn described(wit: &str) -> Result<(Vec<Function>, Vec<LeftOut>), NoTools> {
    let mut config = wasmtime::Config::new();
    config.wasm_component_model_async(true);
    let engine = Engine::new(&config).expect("an engine");
    let made = documented(wit);
    let component = Component::from_binary(&engine, &made.documented).expect("compiles");
    let surface = Surface::read(&made.documented).expect("reads");
    let documentation = Documentation::read(&surface, &made.documented);
    describe(&engine, &component, &documentation, &"demo".parse().expect("a slug"), CLOSED)
}
