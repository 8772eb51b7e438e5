//! The shape of values: a WIT type, read once when the component is installed, with what its doc comments say.
//!
//! Schema and conversions follow shapes, not Wasmtime's types, whose every look is a look-up. A shape has no handles:
//! a type that can't be written as JSON has none, and neither has one that is too deep or too large.

use wasmtime::component::Type;

use super::docs::WitType;

/// Deeper types are left out. Conversions recurse as deeply as the type does, and JSON readers stop at 100 or so.
pub(super) const MAX_DEPTH: usize = 48;

/// Functions whose types have more parts are left out: named types may be used many times, and a schema repeats them.
pub(super) const MAX_PARTS: usize = 2_000;

/// What values of a type look like.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Shape {
    Bool,
    Integer(Integer),
    Float32,
    Float64,
    Char,
    Text,
    /// `list<u8>`.
    Bytes,
    List(Box<Shape>),
    Map {
        key: Box<Shape>,
        value: Box<Shape>,
    },
    Tuple(Vec<Shape>),
    Record(Members<Field>),
    Variant(Members<Case>),
    Enum(Members<Label>),
    Flags(Members<Label>),
    Option(Box<Shape>),
    Result {
        ok: Option<Box<Shape>>,
        err: Option<Box<Shape>>,
    },
}

/// An integer type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Integer {
    S8,
    U8,
    S16,
    U16,
    S32,
    U32,
    S64,
    U64,
}

/// What a named type consists of.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Members<T> {
    /// What the type means.
    pub(super) docs: Option<String>,
    pub(super) all: Vec<T>,
}

/// A field of a record, or a parameter.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) docs: Option<String>,
    pub(super) shape: Shape,
}

impl Field {
    /// Whether JSON may leave it out.
    pub(super) fn is_optional(&self) -> bool {
        matches!(self.shape, Shape::Option(_))
    }
}

/// A case of a variant.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Case {
    pub(super) name: String,
    pub(super) docs: Option<String>,
    pub(super) value: Option<Shape>,
}

/// A case of an enum, or a flag.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Label {
    pub(super) name: String,
    pub(super) docs: Option<String>,
}

/// Why a type has no shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Shapeless {
    /// It has no form in JSON.
    #[error("{0} has no form in JSON that is supported")]
    Type(&'static str),
    /// See [`MAX_DEPTH`].
    #[error("its types are nested more than {MAX_DEPTH} deep")]
    TooDeep,
    /// See [`MAX_PARTS`].
    #[error("its types have more than {MAX_PARTS} parts")]
    TooLarge,
}

/// Reads the types of one function.
#[derive(Default)]
pub(super) struct ShapeReader {
    parts: usize,
}

impl ShapeReader {
    /// The shape of a type.
    ///
    /// # Errors
    /// [`Shapeless`], naming what in the type has no shape.
    pub(super) fn read(&mut self, ty: &Type, wit: Option<WitType<'_>>) -> Result<Shape, Shapeless> {
        self.at(ty, wit, 1)
    }

    fn at(&mut self, ty: &Type, wit: Option<WitType<'_>>, depth: usize) -> Result<Shape, Shapeless> {
        if depth > MAX_DEPTH {
            return Err(Shapeless::TooDeep);
        }
        self.count(1)?;
        let parts = wit.map(|wit| wit.parts()).unwrap_or_default();
        let part = |index: usize| parts.get(index).copied().flatten();
        let docs = || wit.and_then(|wit| wit.docs()).map(str::to_owned);
        let item = |name: &str| wit.and_then(|wit| wit.item_docs(name)).map(str::to_owned);
        let label = |name: &str| Label { name: name.to_owned(), docs: item(name) };
        let deeper = depth + 1;
        Ok(match ty {
            Type::Bool => Shape::Bool,
            Type::S8 => Shape::Integer(Integer::S8),
            Type::U8 => Shape::Integer(Integer::U8),
            Type::S16 => Shape::Integer(Integer::S16),
            Type::U16 => Shape::Integer(Integer::U16),
            Type::S32 => Shape::Integer(Integer::S32),
            Type::U32 => Shape::Integer(Integer::U32),
            Type::S64 => Shape::Integer(Integer::S64),
            Type::U64 => Shape::Integer(Integer::U64),
            Type::Float32 => Shape::Float32,
            Type::Float64 => Shape::Float64,
            Type::Char => Shape::Char,
            Type::String => Shape::Text,
            Type::List(list) => match list.ty() {
                Type::U8 => Shape::Bytes,
                element => Shape::List(Box::new(self.at(&element, part(0), deeper)?)),
            },
            Type::Tuple(tuple) => {
                let mut shapes = Vec::new();
                for (index, ty) in tuple.types().enumerate() {
                    shapes.push(self.at(&ty, part(index), deeper)?);
                }
                Shape::Tuple(shapes)
            }
            Type::Record(record) => {
                let mut all = Vec::new();
                for (index, field) in record.fields().enumerate() {
                    let shape = self.at(&field.ty, part(index), deeper)?;
                    all.push(Field { name: field.name.to_owned(), docs: item(field.name), shape });
                }
                Shape::Record(Members { docs: docs(), all })
            }
            Type::Variant(variant) => {
                let mut all = Vec::new();
                for (index, case) in variant.cases().enumerate() {
                    self.count(1)?;
                    let value = case.ty.map(|ty| self.at(&ty, part(index), deeper)).transpose()?;
                    all.push(Case { name: case.name.to_owned(), docs: item(case.name), value });
                }
                Shape::Variant(Members { docs: docs(), all })
            }
            Type::Enum(cases) => {
                self.count(cases.names().len())?;
                Shape::Enum(Members { docs: docs(), all: cases.names().map(label).collect() })
            }
            Type::Flags(flags) => {
                self.count(flags.names().len())?;
                Shape::Flags(Members { docs: docs(), all: flags.names().map(label).collect() })
            }
            Type::Option(option) => Shape::Option(Box::new(self.at(&option.ty(), part(0), deeper)?)),
            Type::Result(result) => {
                let mut side =
                    |ty: Option<Type>, index| ty.map(|ty| self.at(&ty, part(index), deeper).map(Box::new)).transpose();
                Shape::Result { ok: side(result.ok(), 0)?, err: side(result.err(), 1)? }
            }
            Type::Own(_) => return Err(Shapeless::Type("a resource (own)")),
            Type::Borrow(_) => return Err(Shapeless::Type("a resource (borrow)")),
            Type::Future(_) => return Err(Shapeless::Type("a future")),
            Type::Stream(_) => return Err(Shapeless::Type("a stream")),
            Type::ErrorContext => return Err(Shapeless::Type("an error-context")),
            Type::Map(map) => Shape::Map {
                key: Box::new(self.at(&map.key(), part(0), deeper)?),
                value: Box::new(self.at(&map.value(), part(1), deeper)?),
            },
            // Wasmtime calls its own support very incomplete, so that the engine refuses components that use it.
            Type::FixedLengthList(_) => return Err(Shapeless::Type("a list of fixed length")),
        })
    }

    fn count(&mut self, parts: usize) -> Result<(), Shapeless> {
        self.parts = self.parts.saturating_add(parts);
        if self.parts > MAX_PARTS { Err(Shapeless::TooLarge) } else { Ok(()) }
    }
}
