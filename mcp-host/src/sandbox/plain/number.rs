//! Numbers between JSON and WIT: every integer in its range, 64-bit integers without losing digits, floats that are no
//! numbers.

use serde_json::{Number, Value};
use wasmtime::component::Val;

use super::shape::Integer;

/// Integers up to here, and down to its negative, are the same in every JSON reader (RFC 8259, section 6).
const MAX_SAFE: i128 = (1 << 53) - 1;

impl Integer {
    /// The smallest and the largest value.
    pub(super) fn range(self) -> (i128, i128) {
        match self {
            Self::S8 => (i8::MIN.into(), i8::MAX.into()),
            Self::U8 => (0, u8::MAX.into()),
            Self::S16 => (i16::MIN.into(), i16::MAX.into()),
            Self::U16 => (0, u16::MAX.into()),
            Self::S32 => (i32::MIN.into(), i32::MAX.into()),
            Self::U32 => (0, u32::MAX.into()),
            Self::S64 => (i64::MIN.into(), i64::MAX.into()),
            Self::U64 => (0, u64::MAX.into()),
        }
    }

    /// Whether it has values beyond what JSON readers agree on, which are decimal strings.
    pub(super) fn is_wide(self) -> bool {
        matches!(self, Self::S64 | Self::U64)
    }

    /// The value of a JSON number, or of a decimal string where it is wide.
    ///
    /// # Errors
    /// What the value must be.
    pub(super) fn read(self, value: &Value) -> Result<Val, String> {
        let number = match value {
            Value::Number(number) => whole(number),
            Value::String(text) if self.is_wide() => decimal(text),
            _ => None,
        };
        number.and_then(|number| self.val(number)).ok_or_else(|| {
            let (least, most) = self.range();
            let string = if self.is_wide() { ", as a number or a decimal string" } else { "" };
            format!("must be an integer from {least} to {most}{string}")
        })
    }

    fn val(self, number: i128) -> Option<Val> {
        Some(match self {
            Self::S8 => Val::S8(number.try_into().ok()?),
            Self::U8 => Val::U8(number.try_into().ok()?),
            Self::S16 => Val::S16(number.try_into().ok()?),
            Self::U16 => Val::U16(number.try_into().ok()?),
            Self::S32 => Val::S32(number.try_into().ok()?),
            Self::U32 => Val::U32(number.try_into().ok()?),
            Self::S64 => Val::S64(number.try_into().ok()?),
            Self::U64 => Val::U64(number.try_into().ok()?),
        })
    }
}

/// The integer that a JSON number is, which may be written as 1.0 or 1e3.
fn whole(number: &Number) -> Option<i128> {
    if let Some(number) = number.as_i64() {
        return Some(number.into());
    }
    if let Some(number) = number.as_u64() {
        return Some(number.into());
    }
    let number = number.as_f64()?;
    // Far beyond every integer type, and far within what the conversion can hold.
    (number.fract() == 0.0 && number.abs() < 1e30).then_some(number as i128)
}

/// A decimal number as the schema's pattern has it: no sign but a minus, no leading zero.
fn decimal(text: &str) -> Option<i128> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let plain = !digits.is_empty() && digits.len() <= 20 && digits.bytes().all(|byte| byte.is_ascii_digit());
    let canonical = plain && (digits == text || digits != "0") && (digits == "0" || !digits.starts_with('0'));
    if canonical { text.parse().ok() } else { None }
}

/// An integer as JSON: a number where every reader agrees on it, otherwise a decimal string.
pub(super) fn integer_to_json(number: i128) -> Value {
    match i64::try_from(number) {
        Ok(small) if number.abs() <= MAX_SAFE => small.into(),
        _ => number.to_string().into(),
    }
}

/// A 64-bit float from a number, or from the name of what is none.
///
/// # Errors
/// What the value must be.
pub(super) fn float64_from_json(value: &Value) -> Result<f64, &'static str> {
    let float = match value {
        Value::Number(number) => number.as_f64(),
        Value::String(name) => match name.as_str() {
            "NaN" => Some(f64::NAN),
            "Infinity" => Some(f64::INFINITY),
            "-Infinity" => Some(f64::NEG_INFINITY),
            _ => None,
        },
        _ => None,
    };
    float.ok_or("must be a number, \"NaN\", \"Infinity\" or \"-Infinity\"")
}

/// The same with 32 bits. Digits that they can't hold are rounded away; a number beyond their range is refused.
///
/// # Errors
/// What the value must be.
pub(super) fn float32_from_json(value: &Value) -> Result<f32, &'static str> {
    let wide = float64_from_json(value)?;
    let narrow = wide as f32;
    if narrow.is_infinite() && wide.is_finite() { Err("must fit a 32-bit float") } else { Ok(narrow) }
}

/// A float as JSON.
pub(super) fn float64_to_json(float: f64) -> Value {
    match Number::from_f64(float) {
        Some(number) => Value::Number(number),
        None if float.is_nan() => "NaN".into(),
        None if float > 0.0 => "Infinity".into(),
        None => "-Infinity".into(),
    }
}

/// The same with as few digits as tell it apart from other 32-bit floats: 0.1, not 0.10000000149011612.
pub(super) fn float32_to_json(float: f32) -> Value {
    let short = float.to_string().parse::<f64>().ok().filter(|short| *short as f32 == float);
    float64_to_json(short.unwrap_or_else(|| float.into()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ALL: [Integer; 8] =
        [Integer::S8, Integer::U8, Integer::S16, Integer::U16, Integer::S32, Integer::U32, Integer::S64, Integer::U64];

    /// A JSON number of this many digits, which may be more than a machine's integer has.
    fn number(number: i128) -> Value {
        serde_json::from_str(&number.to_string()).expect("a number")
    }

    #[test]
    fn every_integer_is_taken_in_its_range_and_refused_beyond() {
        for integer in ALL {
            let (least, most) = integer.range();
            for inside in [least, 0, most] {
                let val = integer.read(&number(inside)).expect("in range");
                assert_eq!(integer.val(inside), Some(val), "{integer:?} {inside}");
            }
            // A float can't tell the largest 64-bit integers from their neighbours, so the string is asked.
            for outside in [least - 1, most + 1] {
                let refused = if integer.is_wide() { json!(outside.to_string()) } else { number(outside) };
                let message = integer.read(&refused).expect_err("out of range");
                assert!(message.contains(&format!("from {least} to {most}")), "{message}");
            }
        }
    }

    #[test]
    fn wide_integers_may_be_decimal_strings_and_narrow_ones_not() {
        assert_eq!(Integer::U64.read(&json!("18446744073709551615")), Ok(Val::U64(u64::MAX)));
        assert_eq!(Integer::S64.read(&json!("-9223372036854775808")), Ok(Val::S64(i64::MIN)));
        for wrong in ["", "-", "+1", "01", "-0", "1.0", "1e3", " 1", "0x1", "１", "99999999999999999999999"] {
            assert!(Integer::S64.read(&json!(wrong)).is_err(), "{wrong}");
        }
        assert!(Integer::U32.read(&json!("1")).is_err());
    }

    #[test]
    fn an_integer_may_be_written_as_a_float_without_a_fraction() {
        assert_eq!(Integer::U8.read(&json!(255.0)), Ok(Val::U8(255)));
        for wrong in [json!(1.5), json!(256.0), json!(1e300), json!(-1.0), json!(null), json!(true), json!([1])] {
            assert!(Integer::U8.read(&wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn integers_beyond_the_safe_range_are_strings() {
        assert_eq!(integer_to_json(MAX_SAFE), json!(9_007_199_254_740_991_i64));
        assert_eq!(integer_to_json(-MAX_SAFE), json!(-9_007_199_254_740_991_i64));
        assert_eq!(integer_to_json(MAX_SAFE + 1), json!("9007199254740992"));
        assert_eq!(integer_to_json(-MAX_SAFE - 1), json!("-9007199254740992"));
    }

    #[test]
    fn floats_that_are_no_numbers_have_names() {
        for (float, json) in [(f64::NAN, "NaN"), (f64::INFINITY, "Infinity"), (f64::NEG_INFINITY, "-Infinity")] {
            assert_eq!(float64_to_json(float), json!(json));
            assert_eq!(float64_from_json(&json!(json)).map(f64::to_bits), Ok(float.to_bits()));
        }
        assert_eq!(float32_to_json(0.1), json!(0.1));
        assert!(float32_from_json(&json!(1e39)).is_err() && float32_from_json(&json!(1e38)).is_ok());
        for wrong in [json!("nan"), json!("1"), json!(null)] {
            assert!(float64_from_json(&wrong).is_err(), "{wrong}");
        }
    }
}
