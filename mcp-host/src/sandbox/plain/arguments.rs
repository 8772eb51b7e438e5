//! JSON to component values. Every fault is named by its JSON pointer, and none repeats what was given.

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bulkhead_execution::Fault;
use serde_json::{Map, Value};
use wasmtime::component::Val;

use super::number;
use super::shape::{Case, Field, Integer, Label, Shape};

/// More faults help nobody, and a long list may have millions.
pub(super) const MAX_FAULTS: usize = 100;

/// The standard alphabet, with padding or without it: models write both.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The values of a function's parameters, in their order.
///
/// # Errors
/// Every fault, up to [`MAX_FAULTS`] of them.
pub(super) fn from_json(parameters: &[Field], arguments: &Value) -> Result<Vec<Val>, Vec<Fault>> {
    let mut reader = Reader::default();
    let values = match arguments {
        Value::Object(members) => reader.fields(parameters, members, "is not an argument of this tool"),
        _ => reader.fault("must be an object"),
    };
    match values {
        Some(values) if reader.faults.is_empty() => Ok(values.into_iter().map(|(_, value)| value).collect()),
        _ => Err(reader.faults),
    }
}

#[derive(Default)]
struct Reader {
    /// JSON pointer (RFC 6901) to the value that is read.
    pointer: String,
    faults: Vec<Fault>,
}

impl Reader {
    fn fault<T>(&mut self, message: impl Into<String>) -> Option<T> {
        if self.faults.len() < MAX_FAULTS {
            self.faults.push(Fault { pointer: self.pointer.clone(), message: message.into() });
        }
        None
    }

    /// Reads something below the current value.
    fn below<T>(&mut self, token: &str, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        let length = self.pointer.len();
        self.pointer.push('/');
        self.pointer.push_str(&token.replace('~', "~0").replace('/', "~1"));
        let read = read(self);
        self.pointer.truncate(length);
        read
    }

    /// The value, or `None` when a fault was found.
    fn value(&mut self, shape: &Shape, json: &Value) -> Option<Val> {
        match (shape, json) {
            (Shape::Bool, Value::Bool(value)) => Some(Val::Bool(*value)),
            (Shape::Bool, _) => self.fault("must be true or false"),
            (Shape::Integer(integer), _) => integer.read(json).or_else_fault(self),
            (Shape::Float32, _) => number::float32_from_json(json).map(Val::Float32).or_else_fault(self),
            (Shape::Float64, _) => number::float64_from_json(json).map(Val::Float64).or_else_fault(self),
            (Shape::Char, Value::String(text)) => match one_char(text) {
                Some(char) => Some(Val::Char(char)),
                None => self.fault("must be exactly one character"),
            },
            (Shape::Char, _) => self.fault("must be a string of one character"),
            (Shape::Text, Value::String(text)) => Some(Val::String(text.clone())),
            (Shape::Text, _) => self.fault("must be a string"),
            (Shape::Bytes, Value::String(text)) => match BASE64.decode(text) {
                Ok(bytes) => Some(Val::List(bytes.into_iter().map(Val::U8).collect())),
                Err(_) => self.fault("must be base64"),
            },
            (Shape::Bytes, Value::Array(items)) => self.items(&Shape::Integer(Integer::U8), items),
            (Shape::Bytes, _) => self.fault("must be base64, or an array of bytes"),
            (Shape::List(element), Value::Array(items)) => self.items(element, items),
            (Shape::List(_), _) => self.fault("must be an array"),
            (Shape::Map { key, value }, Value::Object(members)) if **key == Shape::Text => {
                let entries = members.iter().map(|(name, member)| {
                    let member = self.below(name, |reader| reader.value(value, member))?;
                    Some((Val::String(name.clone()), member))
                });
                all(entries).map(Val::Map)
            }
            (Shape::Map { key, .. }, _) if **key == Shape::Text => self.fault("must be an object"),
            (Shape::Map { key, value }, Value::Array(items)) => {
                let entries = items
                    .iter()
                    .enumerate()
                    .map(|(index, item)| self.below(&index.to_string(), |reader| reader.pair(key, value, item)));
                all(entries).map(Val::Map)
            }
            (Shape::Map { .. }, _) => self.fault("must be an array of pairs, each an array of a key and its value"),
            (Shape::Tuple(shapes), Value::Array(items)) if items.len() == shapes.len() => {
                let values =
                    shapes.iter().zip(items).enumerate().map(|(index, (shape, item))| {
                        self.below(&index.to_string(), |reader| reader.value(shape, item))
                    });
                all(values).map(Val::Tuple)
            }
            (Shape::Tuple(shapes), _) => self.fault(format!("must be an array of {} items", shapes.len())),
            (Shape::Record(fields), Value::Object(members)) => {
                self.fields(&fields.all, members, "is not a field of this record").map(Val::Record)
            }
            (Shape::Record(_), _) => self.fault("must be an object"),
            (Shape::Variant(cases), Value::String(name)) => self.bare_case(&cases.all, name),
            (Shape::Variant(cases), Value::Object(members)) => self.case(&cases.all, members),
            (Shape::Variant(_), _) => self.fault("must be the name of a case, or an object with one case"),
            (Shape::Enum(labels), Value::String(name)) if has(&labels.all, name) => Some(Val::Enum(name.clone())),
            (Shape::Enum(labels), _) => self.fault(format!("must be one of {}", names(&labels.all))),
            (Shape::Flags(labels), Value::Array(items)) => self.flags(&labels.all, items),
            (Shape::Flags(labels), _) => self.fault(format!("must be an array of {}", names(&labels.all))),
            (Shape::Option(_), Value::Null) => Some(Val::Option(None)),
            (Shape::Option(inner), json) if matches!(**inner, Shape::Option(_)) => {
                let value = match json.as_object() {
                    Some(members) if members.len() == 1 => members.get("some"),
                    _ => None,
                };
                let Some(value) = value else { return self.fault("must be null or {\"some\": ...}") };
                let value = self.below("some", |reader| reader.value(inner, value))?;
                Some(Val::Option(Some(Box::new(value))))
            }
            (Shape::Option(inner), json) => self.value(inner, json).map(|value| Val::Option(Some(Box::new(value)))),
            (Shape::Result { ok, err }, Value::Object(members)) if members.len() == 1 => {
                match (members.get("ok"), members.get("err")) {
                    (Some(value), _) => self.side("ok", ok.as_deref(), value).map(|value| Val::Result(Ok(value))),
                    (_, Some(value)) => self.side("err", err.as_deref(), value).map(|value| Val::Result(Err(value))),
                    (None, None) => self.fault("must be {\"ok\": ...} or {\"err\": ...}"),
                }
            }
            (Shape::Result { .. }, _) => self.fault("must be {\"ok\": ...} or {\"err\": ...}"),
        }
    }

    fn items(&mut self, element: &Shape, items: &[Value]) -> Option<Val> {
        let values = items
            .iter()
            .enumerate()
            .map(|(index, item)| self.below(&index.to_string(), |reader| reader.value(element, item)));
        all(values).map(Val::List)
    }

    fn pair(&mut self, key: &Shape, value: &Shape, item: &Value) -> Option<(Val, Val)> {
        let Some([key_item, value_item]) = item.as_array().map(Vec::as_slice) else {
            return self.fault("must be an array of a key and its value");
        };
        let key = self.below("0", |reader| reader.value(key, key_item));
        let value = self.below("1", |reader| reader.value(value, value_item));
        key.zip(value)
    }

    fn fields(&mut self, fields: &[Field], members: &Map<String, Value>, surplus: &str) -> Option<Vec<(String, Val)>> {
        for name in members.keys().filter(|name| fields.iter().all(|field| field.name != **name)) {
            self.below(name, |reader| reader.fault::<()>(surplus));
        }
        let values = fields.iter().map(|field| {
            let value = self.below(&field.name, |reader| match members.get(&field.name) {
                Some(value) => reader.value(&field.shape, value),
                None if field.is_optional() => Some(Val::Option(None)),
                None => reader.fault("is required"),
            });
            value.map(|value| (field.name.clone(), value))
        });
        all(values)
    }

    fn bare_case(&mut self, cases: &[Case], name: &str) -> Option<Val> {
        match cases.iter().find(|case| case.name == name) {
            Some(Case { value: None, .. }) => Some(Val::Variant(name.to_owned(), None)),
            Some(_) => self.fault("names a case that has a value: give an object with the case's name and its value"),
            None => self.fault(format!("must be one of {}", join(cases.iter().map(|case| case.name.as_str())))),
        }
    }

    fn case(&mut self, cases: &[Case], members: &Map<String, Value>) -> Option<Val> {
        let mut members = members.iter();
        let (Some((name, value)), None) = (members.next(), members.next()) else {
            return self.fault("must have exactly one member, the name of a case");
        };
        match cases.iter().find(|case| case.name == *name) {
            Some(Case { value: Some(shape), .. }) => {
                let value = self.below(name, |reader| reader.value(shape, value))?;
                Some(Val::Variant(name.clone(), Some(Box::new(value))))
            }
            Some(_) => self.below(name, |reader| reader.fault("is a case without a value: give its name as a string")),
            None => {
                let known = join(cases.iter().map(|case| case.name.as_str()));
                self.below(name, |reader| reader.fault(format!("is not a case; the cases are {known}")))
            }
        }
    }

    /// The flags in the order in which the type declares them.
    fn flags(&mut self, labels: &[Label], items: &[Value]) -> Option<Val> {
        let mut set: Vec<&str> = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let name = item.as_str().filter(|name| has(labels, name));
            let message = match name {
                Some(name) if !set.contains(&name) => {
                    set.push(name);
                    continue;
                }
                Some(_) => "is set twice".to_owned(),
                None => format!("must be one of {}", names(labels)),
            };
            self.below(&index.to_string(), |reader| reader.fault::<()>(message));
        }
        let flags = labels.iter().filter(|label| set.contains(&label.name.as_str()));
        Some(Val::Flags(flags.map(|label| label.name.clone()).collect()))
    }

    fn side(&mut self, name: &str, shape: Option<&Shape>, json: &Value) -> Option<Option<Box<Val>>> {
        self.below(name, |reader| match (shape, json) {
            (Some(shape), json) => reader.value(shape, json).map(|value| Some(Box::new(value))),
            (None, Value::Null) => Some(None),
            (None, _) => reader.fault("must be null"),
        })
    }
}

/// All values, after every one of them was read: a fault in one does not hide those in the next.
fn all<T>(values: impl Iterator<Item = Option<T>>) -> Option<Vec<T>> {
    let mut read = Some(Vec::new());
    for value in values {
        match (value, &mut read) {
            (Some(value), Some(read)) => read.push(value),
            _ => read = None,
        }
    }
    read
}

trait OrElseFault<T> {
    fn or_else_fault(self, reader: &mut Reader) -> Option<T>;
}

impl<T, E: Into<String>> OrElseFault<T> for Result<T, E> {
    fn or_else_fault(self, reader: &mut Reader) -> Option<T> {
        self.map_or_else(|message| reader.fault(message), Some)
    }
}

fn one_char(text: &str) -> Option<char> {
    let mut chars = text.chars();
    chars.next().filter(|_| chars.next().is_none())
}

fn has(labels: &[Label], name: &str) -> bool {
    labels.iter().any(|label| label.name == name)
}

fn names(labels: &[Label]) -> String {
    join(labels.iter().map(|label| label.name.as_str()))
}

fn join<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.collect::<Vec<_>>().join(", ")
}
