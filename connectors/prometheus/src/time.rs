//! Times and durations, as callers write them and Prometheus reads them.

use bulkhead_connector_kit::ToolError;
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::Deserialize;

/// RFC 3339 (`2026-01-31T08:00:00Z`) or Unix time in seconds, as a number or as text.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum Time {
    Text(String),
    Seconds(f64),
}

impl Time {
    /// The instant.
    pub(crate) fn instant(&self, pointer: &str) -> Result<Timestamp, ToolError> {
        let seconds = match self {
            Self::Seconds(seconds) => *seconds,
            Self::Text(text) => match (text.parse::<Timestamp>(), text.parse::<f64>()) {
                (Ok(instant), _) => return Ok(instant),
                (_, Ok(seconds)) => seconds,
                _ => {
                    let message = format!("{text:?} is neither RFC 3339 with an offset nor Unix time in seconds");
                    return Err(ToolError::invalid(pointer, message));
                }
            },
        };
        let milliseconds = (seconds * 1000.0).round();
        // A cast of what is out of range would saturate, which jiff then refuses as out of its own range.
        let instant =
            if milliseconds.is_finite() { Timestamp::from_millisecond(milliseconds as i64).ok() } else { None };
        instant.ok_or_else(|| ToolError::invalid(pointer, "is out of range"))
    }
}

/// A duration: seconds as a number, or Prometheus's own form (`90s`, `5m`, `1h30m`, `500ms`).
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(crate) enum Span {
    Text(String),
    Seconds(f64),
}

/// Prometheus's units, in the order in which they may stand, in milliseconds.
const UNITS: [(&str, i64); 7] = [
    ("y", 365 * 86_400_000),
    ("w", 7 * 86_400_000),
    ("d", 86_400_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

impl Span {
    /// The duration, which is longer than nothing.
    pub(crate) fn positive(&self, pointer: &str) -> Result<SignedDuration, ToolError> {
        let milliseconds = match self {
            Self::Seconds(seconds) => milliseconds(*seconds),
            Self::Text(text) => text.parse().ok().map_or_else(|| units(text), milliseconds),
        };
        match milliseconds {
            Some(milliseconds) if milliseconds > 0 => Ok(SignedDuration::from_millis(milliseconds)),
            Some(_) => Err(ToolError::invalid(pointer, "must be longer than 0")),
            None => Err(ToolError::invalid(pointer, "is not a duration, such as 15s, 5m or 1h30m")),
        }
    }
}

fn milliseconds(seconds: f64) -> Option<i64> {
    // The longest duration is a century: far more than any server keeps.
    const MOST: f64 = 100.0 * 365.0 * 86_400.0;
    (seconds.is_finite() && seconds.abs() <= MOST).then(|| (seconds * 1000.0).round() as i64)
}

fn units(text: &str) -> Option<i64> {
    let mut rest = text;
    let mut total: i64 = 0;
    let mut allowed = &UNITS[..];
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: i64 = rest[..digits].parse().ok()?;
        let letters = &rest[digits..];
        let end = letters.find(|c: char| c.is_ascii_digit()).unwrap_or(letters.len());
        let index = allowed.iter().position(|(unit, _)| *unit == &letters[..end])?;
        total = total.checked_add(number.checked_mul(allowed[index].1)?)?;
        allowed = &allowed[index + 1..];
        rest = &letters[end..];
    }
    (!text.is_empty()).then_some(total)
}

/// An instant as Prometheus reads it exactly.
pub(crate) fn parameter(instant: Timestamp) -> String {
    let milliseconds = instant.as_millisecond();
    format!("{}.{:03}", milliseconds.div_euclid(1000), milliseconds.rem_euclid(1000))
}

/// A duration as Prometheus reads it exactly.
pub(crate) fn duration_parameter(duration: SignedDuration) -> String {
    format!("{}.{:03}", duration.as_secs(), duration.subsec_millis())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_prometheus_reads_them() {
        let read = |text: &str| Span::Text(text.into()).positive("/step").map(|span| span.as_millis());
        for (text, expected) in [
            ("15s", 15_000),
            ("5m", 300_000),
            ("1h30m", 5_400_000),
            ("500ms", 500),
            ("1d", 86_400_000),
            ("60", 60_000),
            ("0.5", 500),
        ] {
            assert_eq!(read(text), Ok(expected), "{text}");
        }
        for text in ["", "m", "5", "5x", "30m1h", "1h 5m", "-5m", "0s", "0", "NaN", "inf", "9999999999999999y"] {
            assert_eq!(read(text).is_ok(), text == "5", "{text}");
        }
        assert!(Span::Seconds(-1.0).positive("/step").is_err());
    }

    #[test]
    fn times_are_read_in_both_forms() {
        let expected: Timestamp = "2026-01-31T12:00:00.500Z".parse().expect("is a time");
        for time in [
            Time::Text("2026-01-31T12:00:00.5Z".into()),
            Time::Text("1769860800.5".into()),
            Time::Seconds(1_769_860_800.5),
        ] {
            assert_eq!(time.instant("/time"), Ok(expected));
        }
        assert_eq!(parameter(expected), "1769860800.500");
        for time in [Time::Text("yesterday".into()), Time::Text("NaN".into()), Time::Seconds(1e30)] {
            assert!(time.instant("/time").is_err());
        }
    }
}
