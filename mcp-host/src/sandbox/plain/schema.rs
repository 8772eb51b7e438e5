//! JSON Schema 2020-12 of shapes.
//!
//! | WIT | JSON |
//! |---|---|
//! | `bool`, `string` | boolean, string |
//! | `s8` to `u32` | integer in its range |
//! | `s64`, `u64` | integer in its range, or a decimal string; results beyond ±(2^53 - 1) are strings |
//! | `f32`, `f64` | number, or `"NaN"`, `"Infinity"`, `"-Infinity"` |
//! | `char` | string of one Unicode scalar value |
//! | `list<u8>` | base64 (RFC 4648, section 4); arguments may be an array of bytes as well |
//! | `list<T>` | array |
//! | `map<string, T>` | object |
//! | `map<K, T>` | array of pairs, which are arrays of a key and its value; of equal keys the component decides |
//! | `tuple` | array of exactly its length |
//! | `record` | object; fields of `option<T>` may be left out or null |
//! | `variant` | the name of a case without a value; `{"case": value}` for one with a value |
//! | `enum`, `flags` | the case's name; array of the names of the flags that are set |
//! | `option<T>` | null, or the value; `option<option<T>>` is null or `{"some": value}`, so that nothing is lost |
//! | `result` | `{"ok": value}` or `{"err": value}`, with null where there is no value |
//!
//! Keywords that concern one JSON type alone let several types share one schema without `anyOf`, whose faults could not
//! name the place that is wrong.

use serde_json::{Map, Value, json};

use super::shape::{Case, Field, Integer, Label, Members, Shape};

/// Said of 64-bit integers.
const WIDE: &str = "Beyond 9007199254740991 either way a decimal string, because JSON readers lose digits there.";

/// The schema of an object with these members, and no others.
pub(super) fn object(fields: &[Field]) -> Value {
    let properties: Map<_, _> = fields
        .iter()
        .map(|field| (field.name.clone(), described(schema(&field.shape), field.docs.as_deref())))
        .collect();
    let required: Vec<_> = fields.iter().filter(|field| !field.is_optional()).map(|field| &field.name).collect();
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": false })
}

/// The schema of values of a shape.
pub(super) fn schema(shape: &Shape) -> Value {
    match shape {
        Shape::Bool => json!({ "type": "boolean" }),
        Shape::Integer(integer) => integer_schema(*integer),
        Shape::Float32 => json!({
            "type": ["number", "string"],
            "minimum": f64::from(f32::MIN),
            "maximum": f64::from(f32::MAX),
            "pattern": "^(NaN|-?Infinity)$",
        }),
        Shape::Float64 => json!({ "type": ["number", "string"], "pattern": "^(NaN|-?Infinity)$" }),
        Shape::Char => json!({ "type": "string", "minLength": 1, "maxLength": 1 }),
        Shape::Text => json!({ "type": "string" }),
        Shape::Bytes => json!({
            "type": ["string", "array"],
            "contentEncoding": "base64",
            "items": integer_schema(Integer::U8),
        }),
        Shape::List(element) => json!({ "type": "array", "items": schema(element) }),
        Shape::Map { key, value } if **key == Shape::Text => {
            json!({ "type": "object", "additionalProperties": schema(value) })
        }
        Shape::Map { key, value } => json!({ "type": "array", "items": tuple([&**key, &**value]) }),
        Shape::Tuple(shapes) => tuple(shapes),
        Shape::Record(fields) => described(object(&fields.all), fields.docs.as_deref()),
        Shape::Variant(cases) => variant(cases),
        Shape::Enum(labels) => described(json!({ "type": "string", "enum": names(labels) }), docs(labels).as_deref()),
        Shape::Flags(labels) => described(
            json!({
                "type": "array",
                "items": { "type": "string", "enum": names(labels) },
                "uniqueItems": true,
            }),
            docs(labels).as_deref(),
        ),
        Shape::Option(inner) if matches!(**inner, Shape::Option(_)) => json!({
            "type": ["object", "null"],
            "properties": { "some": schema(inner) },
            "required": ["some"],
            "additionalProperties": false,
        }),
        Shape::Option(inner) => nullable(schema(inner)),
        Shape::Result { ok, err } => {
            let side = |shape: &Option<Box<Shape>>| shape.as_deref().map_or_else(|| json!({ "type": "null" }), schema);
            one_of(json!({ "ok": side(ok), "err": side(err) }))
        }
    }
}

fn tuple<'a>(shapes: impl IntoIterator<Item = &'a Shape>) -> Value {
    let items: Vec<_> = shapes.into_iter().map(schema).collect();
    let length = items.len();
    json!({ "type": "array", "prefixItems": items, "items": false, "minItems": length })
}

fn integer_schema(integer: Integer) -> Value {
    let (least, most) = integer.range();
    // A JSON number of 64 bits holds each limit of each type.
    let number = |limit: i128| i64::try_from(limit).map_or_else(|_| json!(limit as u64), |limit| json!(limit));
    let mut schema = json!({ "type": "integer", "minimum": number(least), "maximum": number(most) });
    if integer.is_wide() {
        let sign = if least < 0 { "-?" } else { "" };
        schema["type"] = json!(["integer", "string"]);
        schema["pattern"] = json!(format!("^(0|{sign}[1-9][0-9]{{0,19}})$"));
        schema["description"] = json!(WIDE);
    }
    schema
}

/// An object with exactly one of these members.
fn one_of(properties: Value) -> Value {
    json!({
        "type": "object",
        "properties": properties,
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": false,
    })
}

fn variant(cases: &Members<Case>) -> Value {
    let bare: Vec<&str> = cases.all.iter().filter(|case| case.value.is_none()).map(|case| case.name.as_str()).collect();
    let properties: Map<_, _> = cases
        .all
        .iter()
        .filter_map(|case| Some((case.name.clone(), described(schema(case.value.as_ref()?), case.docs.as_deref()))))
        .collect();
    let schema = match (bare.is_empty(), properties.is_empty()) {
        (true, _) => one_of(Value::Object(properties)),
        (false, true) => json!({ "type": "string", "enum": bare }),
        (false, false) => {
            let mut schema = one_of(Value::Object(properties));
            schema["type"] = json!(["object", "string"]);
            // A case's name is made of letters, digits and hyphens: none of them means anything in a pattern.
            schema["pattern"] = json!(format!("^({})$", bare.join("|")));
            schema
        }
    };
    let labels = cases.all.iter().filter(|case| case.value.is_none());
    let docs = list(cases.docs.as_deref(), labels.map(|case| (case.name.as_str(), case.docs.as_deref())));
    described(schema, docs.as_deref())
}

fn names(labels: &Members<Label>) -> Vec<&str> {
    labels.all.iter().map(|label| label.name.as_str()).collect()
}

fn docs(labels: &Members<Label>) -> Option<String> {
    list(labels.docs.as_deref(), labels.all.iter().map(|label| (label.name.as_str(), label.docs.as_deref())))
}

/// What a type means, and under it what each of its names means, as far as it is documented.
fn list<'a>(docs: Option<&str>, labels: impl Iterator<Item = (&'a str, Option<&'a str>)>) -> Option<String> {
    let mut lines: Vec<String> = docs.map(str::to_owned).into_iter().collect();
    lines.extend(labels.filter_map(|(name, docs)| Some(format!("- {name}: {}", docs?))));
    if lines.is_empty() { None } else { Some(lines.join("\n")) }
}

/// The schema with a description, in front of what it says already when that is about the form and not the meaning.
pub(super) fn described(mut schema: Value, docs: Option<&str>) -> Value {
    if let Some(docs) = docs {
        let form = schema.get("description").and_then(Value::as_str).filter(|form| *form == WIDE);
        let description = form.map_or_else(|| docs.to_owned(), |form| format!("{docs} {form}"));
        schema["description"] = description.into();
    }
    schema
}

/// The same schema, or null. Every schema here has a `type`, and `enum` is the only keyword that concerns null.
fn nullable(mut schema: Value) -> Value {
    schema["type"] = match schema["type"].take() {
        Value::Array(types) => types.into_iter().chain([json!("null")]).collect(),
        one => json!([one, "null"]),
    };
    if let Some(values) = schema.get_mut("enum").and_then(Value::as_array_mut) {
        values.push(Value::Null);
    }
    schema
}
