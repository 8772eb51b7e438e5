//! Component values to JSON. What the JSON will take is counted while it is made, so that a result over its limit is
//! never built.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};
use wasmtime::component::Val;

use super::number;
use super::shape::Shape;

/// Why a value is not converted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unconverted {
    /// Its JSON would be larger than it may be.
    #[error("the JSON is too large")]
    TooLarge,
    /// It is not of its type. Wasmtime made it by the same type, so this is a defect of the host.
    #[error("a value is not of its type")]
    Mismatch,
}

/// Counts bytes of compact JSON, exactly as serde_json writes it.
#[derive(Debug)]
pub(super) struct Budget {
    left: usize,
}

impl Budget {
    /// So many bytes.
    pub(super) fn new(bytes: usize) -> Self {
        Self { left: bytes }
    }

    /// What is left of it.
    #[cfg(test)]
    pub(super) fn left(&self) -> usize {
        self.left
    }

    /// Takes so many bytes from it.
    ///
    /// # Errors
    /// [`Unconverted::TooLarge`] when there are not as many left.
    pub(super) fn take(&mut self, bytes: usize) -> Result<(), Unconverted> {
        self.left = self.left.checked_sub(bytes).ok_or(Unconverted::TooLarge)?;
        Ok(())
    }

    fn string(&mut self, text: &str) -> Result<(), Unconverted> {
        let escaped: usize = text
            .bytes()
            .map(|byte| match byte {
                b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 8 | 12 => 2,
                0..0x20 => 6,
                _ => 1,
            })
            .sum();
        self.take(escaped + 2)
    }

    /// The brackets and commas of an array or object of so many members.
    fn brackets(&mut self, members: usize) -> Result<(), Unconverted> {
        self.take(2 + members.saturating_sub(1))
    }

    /// A string that is JSON by itself.
    fn text(&mut self, text: String) -> Result<Value, Unconverted> {
        self.string(&text)?;
        Ok(Value::String(text))
    }

    fn number(&mut self, value: Value) -> Result<Value, Unconverted> {
        self.take(value.to_string().len())?;
        Ok(value)
    }

    fn member(&mut self, name: &str, value: Value) -> Result<Value, Unconverted> {
        self.string(name)?;
        self.take(3)?;
        Ok(Value::Object(Map::from_iter([(name.to_owned(), value)])))
    }
}

/// The JSON of a value.
///
/// # Errors
/// [`Unconverted`]; the value is then gone.
pub(super) fn to_json(shape: &Shape, value: Val, budget: &mut Budget) -> Result<Value, Unconverted> {
    match (shape, value) {
        (Shape::Bool, Val::Bool(value)) => budget.number(value.into()),
        (Shape::Integer(_), value) => {
            let number = match value {
                Val::S8(number) => number.into(),
                Val::U8(number) => number.into(),
                Val::S16(number) => number.into(),
                Val::U16(number) => number.into(),
                Val::S32(number) => number.into(),
                Val::U32(number) => number.into(),
                Val::S64(number) => number.into(),
                Val::U64(number) => number.into(),
                _ => return Err(Unconverted::Mismatch),
            };
            budget.number(number::integer_to_json(number))
        }
        (Shape::Float32, Val::Float32(float)) => budget.number(number::float32_to_json(float)),
        (Shape::Float64, Val::Float64(float)) => budget.number(number::float64_to_json(float)),
        (Shape::Char, Val::Char(char)) => budget.text(char.into()),
        (Shape::Text, Val::String(text)) => budget.text(text),
        (Shape::Bytes, Val::List(bytes)) => {
            budget.take(bytes.len().div_ceil(3).saturating_mul(4) + 2)?;
            let byte = |value| if let Val::U8(byte) = value { Ok(byte) } else { Err(Unconverted::Mismatch) };
            let bytes: Vec<u8> = bytes.into_iter().map(byte).collect::<Result<_, _>>()?;
            Ok(STANDARD.encode(bytes).into())
        }
        (Shape::List(element), Val::List(values)) => {
            budget.brackets(values.len())?;
            values.into_iter().map(|value| to_json(element, value, budget)).collect()
        }
        (Shape::Map { key, value }, Val::Map(entries)) if **key == Shape::Text => {
            budget.brackets(entries.len())?;
            let mut members = Map::new();
            for (name, member) in entries {
                let Val::String(name) = name else { return Err(Unconverted::Mismatch) };
                budget.string(&name)?;
                budget.take(1)?;
                let member = to_json(value, member, budget)?;
                // Of equal keys the last one holds, as the component model has it.
                members.insert(name, member);
            }
            Ok(Value::Object(members))
        }
        (Shape::Map { key, value }, Val::Map(entries)) => {
            budget.brackets(entries.len())?;
            let pair = |(key_value, member): (Val, Val)| {
                budget.brackets(2)?;
                Ok(Value::Array(vec![to_json(key, key_value, budget)?, to_json(value, member, budget)?]))
            };
            entries.into_iter().map(pair).collect()
        }
        (Shape::Tuple(shapes), Val::Tuple(values)) if shapes.len() == values.len() => {
            budget.brackets(values.len())?;
            shapes.iter().zip(values).map(|(shape, value)| to_json(shape, value, budget)).collect()
        }
        (Shape::Record(fields), Val::Record(values)) if fields.all.len() == values.len() => {
            budget.brackets(values.len())?;
            let mut members = Map::new();
            for (field, (name, value)) in fields.all.iter().zip(values) {
                budget.string(&name)?;
                budget.take(1)?;
                members.insert(name, to_json(&field.shape, value, budget)?);
            }
            Ok(Value::Object(members))
        }
        (Shape::Variant(_), Val::Variant(name, None)) => budget.text(name),
        (Shape::Variant(cases), Val::Variant(name, Some(value))) => {
            let case = cases.all.iter().find(|case| case.name == name).ok_or(Unconverted::Mismatch)?;
            let shape = case.value.as_ref().ok_or(Unconverted::Mismatch)?;
            let value = to_json(shape, *value, budget)?;
            budget.member(&name, value)
        }
        (Shape::Enum(_), Val::Enum(name)) => budget.text(name),
        (Shape::Flags(_), Val::Flags(names)) => {
            budget.brackets(names.len())?;
            names.into_iter().map(|name| budget.text(name)).collect()
        }
        (Shape::Option(_), Val::Option(None)) => null(budget),
        (Shape::Option(inner), Val::Option(Some(value))) => {
            let value = to_json(inner, *value, budget)?;
            if matches!(**inner, Shape::Option(_)) { budget.member("some", value) } else { Ok(value) }
        }
        (Shape::Result { ok, err }, Val::Result(value)) => {
            let (name, shape, value) = match value {
                Ok(value) => ("ok", ok, value),
                Err(value) => ("err", err, value),
            };
            let value = match (shape, value) {
                (Some(shape), Some(value)) => to_json(shape, *value, budget)?,
                (None, None) => null(budget)?,
                _ => return Err(Unconverted::Mismatch),
            };
            budget.member(name, value)
        }
        _ => Err(Unconverted::Mismatch),
    }
}

fn null(budget: &mut Budget) -> Result<Value, Unconverted> {
    budget.take(4)?;
    Ok(Value::Null)
}
