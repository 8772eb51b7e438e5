//! Doc comments of WIT in a component.

use std::path::Path;

use wasm_encoder::{ComponentSection as _, CustomSection};
use wit_parser::{PackageMetadata, Resolve};

/// The component with the doc comments of this folder's WIT in its section `package-docs`.
///
/// # Panics
/// When the folder's WIT can't be read.
pub(crate) fn documented(mut component: Vec<u8>, wit: &Path) -> Vec<u8> {
    let mut resolve = Resolve::default();
    let (package, _) = resolve.push_dir(wit).expect("the folder holds WIT");
    let content = PackageMetadata::extract(&resolve, package).encode().expect("documentation is JSON");
    let section = CustomSection { name: PackageMetadata::SECTION_NAME.into(), data: content.into() };
    section.append_to_component(&mut component);
    component
}
