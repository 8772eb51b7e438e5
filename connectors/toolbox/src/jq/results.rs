//! jq's values as JSON.

use std::fmt;

use jaq_json::Val;
use serde::ser::{Error as _, Serialize, SerializeMap, SerializeSeq, Serializer};

use super::number;

/// What a filter gave.
#[derive(Clone)]
pub(super) struct Results(pub(super) Vec<Val>);

impl fmt::Debug for Results {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.0).finish()
    }
}

impl Serialize for Results {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(Json))
    }
}

/// A value as JSON. jaq's values are a superset of JSON: byte strings become text, NaN becomes null and infinities
/// the largest numbers, as in jq; a key that is no string is an error, as it is in jq.
struct Json<'a>(&'a Val);

impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Val::Null => serializer.serialize_unit(),
            Val::Bool(value) => serializer.serialize_bool(*value),
            Val::Num(value) => number::serialize(value, serializer),
            Val::TStr(bytes) | Val::BStr(bytes) => serializer.serialize_str(&String::from_utf8_lossy(bytes)),
            Val::Arr(values) => {
                let mut sequence = serializer.serialize_seq(Some(values.len()))?;
                for value in values.iter() {
                    sequence.serialize_element(&Json(value))?;
                }
                sequence.end()
            }
            Val::Obj(members) => {
                let mut map = serializer.serialize_map(Some(members.len()))?;
                for (key, value) in members.iter() {
                    let Val::TStr(name) = key else {
                        return Err(S::Error::custom(format_args!("the object key {key} is not a string")));
                    };
                    map.serialize_entry(&*String::from_utf8_lossy(name), &Json(value))?;
                }
                map.end()
            }
        }
    }
}
