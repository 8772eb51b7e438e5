//! Doc comments of a component's WIT, as the custom section `package-docs` carries them.
//!
//! The section is a version byte (0 or 1) and JSON that names worlds, interfaces, functions and types of the package
//! that the component was built from. The compiled component names functions and interfaces too, but not the types of
//! parameters and results: those names come from its decoded WIT.

use std::collections::BTreeMap;

use serde::Deserialize;
use wit_parser::decoding::{DecodedWasm, decode};
use wit_parser::{Resolve, Type, TypeDefKind, TypeId, TypeOwner, WorldId, WorldItem};

use super::surface::Surface;

/// Versions of the section that are understood.
const VERSIONS: [u8; 2] = [0, 1];

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Package {
    worlds: BTreeMap<String, World>,
    interfaces: BTreeMap<String, Interface>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct World {
    interfaces: BTreeMap<String, Interface>,
    interface_exports: BTreeMap<String, Interface>,
    types: BTreeMap<String, NamedType>,
    funcs: BTreeMap<String, Function>,
    func_exports: BTreeMap<String, Function>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Interface {
    funcs: BTreeMap<String, Function>,
    types: BTreeMap<String, NamedType>,
}

/// Version 0 has the text alone.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Function {
    Text(Option<String>),
    Object {
        #[serde(default)]
        docs: Option<String>,
    },
}

impl Function {
    fn text(&self) -> Option<&str> {
        let (Self::Text(docs) | Self::Object { docs }) = self;
        docs.as_deref()
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct NamedType {
    docs: Option<String>,
    /// Of fields, cases, flags.
    items: BTreeMap<String, String>,
}

/// The documentation of one component. Without any, everything is undocumented.
#[derive(Default)]
pub(super) struct Documentation {
    package: Package,
    wit: Option<(Resolve, WorldId)>,
}

impl Documentation {
    /// Reads it. Documentation that can't be read is none: it is no reason to refuse a component.
    pub(super) fn read(surface: &Surface, wasm: &[u8]) -> Self {
        let Some((version, json)) = surface.docs(wasm).and_then(<[u8]>::split_first) else { return Self::default() };
        if !VERSIONS.contains(version) {
            tracing::warn!(version, "a component's documentation has a version that is not known; it is not used");
            return Self::default();
        }
        let package = serde_json::from_slice(json).unwrap_or_else(|error| {
            tracing::warn!(%error, "a component's documentation can't be read; it is not used");
            Package::default()
        });
        let wit = match decode(&surface.without_docs(wasm)) {
            Ok(DecodedWasm::Component(resolve, world)) => Some((resolve, world)),
            Ok(DecodedWasm::WitPackage(..)) => None,
            Err(error) => {
                tracing::debug!(error = format!("{error:#}"), "a component's WIT can't be decoded");
                None
            }
        };
        Self { package, wit }
    }

    /// What a function does.
    pub(super) fn function(&self, interface: Option<&str>, name: &str) -> Option<&str> {
        match interface {
            Some(interface) => self.interfaces(interface).find_map(|interface| interface.funcs.get(name)?.text()),
            None => self
                .package
                .worlds
                .values()
                .find_map(|world| world.func_exports.get(name).or_else(|| world.funcs.get(name))?.text()),
        }
    }

    /// The declared types of a function's parameters and result, for the names of types. `export` is the interface's
    /// whole name, as the component exports it.
    pub(super) fn signature(&self, export: Option<&str>, name: &str) -> (Vec<WitType<'_>>, Option<WitType<'_>>) {
        let Some((resolve, world)) = &self.wit else { return Default::default() };
        let exports = &resolve.worlds[*world].exports;
        let wanted = export.unwrap_or(name);
        let item = exports.iter().find(|(key, _)| resolve.name_world_key(key) == wanted).map(|(_, item)| item);
        let function = match (item, export) {
            (Some(WorldItem::Interface { id, .. }), Some(_)) => resolve.interfaces[*id].functions.get(name),
            (Some(WorldItem::Function(function)), None) => Some(function),
            _ => None,
        };
        let Some(function) = function else { return Default::default() };
        let wit_type = |ty: Type| WitType { documentation: self, resolve, ty };
        (function.params.iter().map(|param| wit_type(param.ty)).collect(), function.result.map(wit_type))
    }

    /// Interfaces of this name: of the package, or written into a world.
    fn interfaces(&self, name: &str) -> impl Iterator<Item = &Interface> {
        let inline = self.package.worlds.values();
        let inline =
            inline.filter_map(move |world| world.interface_exports.get(name).or_else(|| world.interfaces.get(name)));
        self.package.interfaces.get(name).into_iter().chain(inline)
    }
}

/// A type as the WIT declares it.
#[derive(Clone, Copy)]
pub(super) struct WitType<'a> {
    documentation: &'a Documentation,
    resolve: &'a Resolve,
    ty: Type,
}

impl<'a> WitType<'a> {
    /// What the type means: its own doc comment, or that of what it is another name of.
    pub(super) fn docs(&self) -> Option<&'a str> {
        self.names().find_map(|id| self.named(id)?.docs.as_deref())
    }

    /// What a field, case or flag of it means.
    pub(super) fn item_docs(&self, name: &str) -> Option<&'a str> {
        self.names().find_map(|id| self.named(id)?.items.get(name)).map(String::as_str)
    }

    /// The types that it is made of, in order: a variant's cases without a value are `None`.
    pub(super) fn parts(&self) -> Vec<Option<Self>> {
        let Some(id) = self.names().last() else { return Vec::new() };
        let part = |ty: Type| Some(Self { ty, ..*self });
        match &self.resolve.types[id].kind {
            TypeDefKind::Record(record) => record.fields.iter().map(|field| part(field.ty)).collect(),
            TypeDefKind::Tuple(tuple) => tuple.types.iter().map(|ty| part(*ty)).collect(),
            TypeDefKind::Variant(variant) => variant.cases.iter().map(|case| case.ty.and_then(part)).collect(),
            TypeDefKind::Result(result) => vec![result.ok.and_then(part), result.err.and_then(part)],
            TypeDefKind::Map(key, value) => vec![part(*key), part(*value)],
            TypeDefKind::Option(ty) | TypeDefKind::List(ty) | TypeDefKind::FixedLengthList(ty, _) => vec![part(*ty)],
            _ => Vec::new(),
        }
    }

    /// The type's definition, and those that it is another name of.
    fn names(&self) -> impl Iterator<Item = TypeId> + use<'a> {
        let resolve = self.resolve;
        let id = |ty: Type| if let Type::Id(id) = ty { Some(id) } else { None };
        std::iter::successors(id(self.ty), move |found| match resolve.types[*found].kind {
            TypeDefKind::Type(ty) => id(ty),
            _ => None,
        })
    }

    fn named(&self, id: TypeId) -> Option<&'a NamedType> {
        let definition = &self.resolve.types[id];
        let name = definition.name.as_deref()?;
        let package = &self.documentation.package;
        match definition.owner {
            TypeOwner::Interface(owner) => {
                let interface = match &self.resolve.interfaces[owner].name {
                    Some(name) => name.clone(),
                    // Written into the world, so that the export's name is its only one.
                    None => {
                        let (resolve, world) = self.documentation.wit.as_ref()?;
                        let is_owner =
                            |item: &WorldItem| matches!(item, WorldItem::Interface { id, .. } if *id == owner);
                        let mut items = resolve.worlds[*world].exports.iter().chain(&resolve.worlds[*world].imports);
                        resolve.name_world_key(items.find(|(_, item)| is_owner(item))?.0)
                    }
                };
                self.documentation.interfaces(&interface).find_map(|interface| interface.types.get(name))
            }
            TypeOwner::World(_) => package.worlds.values().find_map(|world| world.types.get(name)),
            TypeOwner::None => None,
        }
    }
}
