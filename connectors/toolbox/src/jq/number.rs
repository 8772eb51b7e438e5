//! jq's numbers as JSON numbers.

use jaq_json::Num;
use serde::ser::Serializer;

/// Writes integers of up to 128 bits exactly, and every other number as the nearest double.
pub(super) fn serialize<S: Serializer>(number: &Num, serializer: S) -> Result<S::Ok, S::Error> {
    match number {
        Num::Int(value) => serializer.serialize_i64(*value as i64),
        Num::BigInt(value) => integer(&value.to_string(), serializer),
        Num::Float(value) => double(*value, serializer),
        Num::Dec(text) => double(text.parse().unwrap_or(f64::NAN), serializer),
    }
}

fn integer<S: Serializer>(digits: &str, serializer: S) -> Result<S::Ok, S::Error> {
    if let Ok(value) = digits.parse::<i64>() {
        return serializer.serialize_i64(value);
    }
    if let Ok(value) = digits.parse::<u64>() {
        return serializer.serialize_u64(value);
    }
    match digits.parse::<i128>() {
        Ok(value) => serializer.serialize_i128(value),
        Err(_) => double(digits.parse().unwrap_or(f64::NAN), serializer),
    }
}

fn double<S: Serializer>(value: f64, serializer: S) -> Result<S::Ok, S::Error> {
    if value.is_nan() {
        return serializer.serialize_unit();
    }
    let value = value.clamp(f64::MIN, f64::MAX);
    // A whole number is written as one, `3` and not `3.0`, as long as a double holds it exactly.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if value.fract() == 0.0 && value.abs() <= EXACT {
        return serializer.serialize_i64(value as i64);
    }
    serializer.serialize_f64(value)
}
