//! `convert_time`: one instant, in every form and zone.

use bulkhead_connector_kit::{Annotations, Pointer, Tool, ToolError};
use jiff::civil::DateTime;
use jiff::fmt::rfc2822;
use jiff::tz::{Disambiguation, TimeZone};
use jiff::{Timestamp, Zoned};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::time_zone;

/// The most zones that a call may ask for.
pub const MAX_ZONES: usize = 50;

/// A time and where to show it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConvertTimeInput {
    /// `now`; RFC 3339 (`2026-01-31T08:00:00+01:00`); RFC 2822 (`Sat, 31 Jan 2026 08:00:00 +0100`); seconds,
    /// milliseconds, microseconds or nanoseconds since 1970, told apart by their size; or a local time without an
    /// offset (`2026-01-31 08:00`), which is read in `time_zone`.
    time: TimeText,
    /// The IANA time zone of a local time.
    #[serde(default = "default_time_zone")]
    time_zone: String,
    /// What a local time means that the clocks skip or repeat when they change. `compatible` takes the later time in
    /// a gap and the earlier one in a fold, `reject` refuses it.
    #[serde(default)]
    ambiguity: Ambiguity,
    /// IANA time zones to show the time in.
    #[serde(default)]
    #[schemars(length(max = MAX_ZONES))]
    zones: Vec<String>,
}

#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
enum TimeText {
    Text(String),
    Number(i64),
}

#[derive(Clone, Copy, Default, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Ambiguity {
    #[default]
    Compatible,
    Earlier,
    Later,
    Reject,
}

fn default_time_zone() -> String {
    "UTC".to_owned()
}

/// The instant, in every form.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ConvertTimeOutput {
    /// RFC 3339 in UTC.
    rfc3339: String,
    /// RFC 2822 in UTC, as e-mail writes it.
    rfc2822: String,
    /// Whole seconds since 1970-01-01T00:00:00Z.
    unix: i64,
    /// Whole milliseconds since 1970-01-01T00:00:00Z.
    unix_milliseconds: i64,
    /// The ISO 8601 week date in UTC, for example `2026-W05-6`.
    iso_week: String,
    /// The time in every zone that was asked for, in that order.
    zones: Vec<InZone>,
}

/// The instant in one zone.
#[derive(Debug, Serialize, JsonSchema)]
pub struct InZone {
    /// The IANA time zone.
    time_zone: String,
    /// RFC 3339 with the zone's offset.
    rfc3339: String,
    /// RFC 2822 with the zone's offset.
    rfc2822: String,
    /// The day of the week, in English.
    weekday: String,
    /// The zone's abbreviation at that time, for example `CET`.
    abbreviation: String,
    /// Whether it is daylight saving time there.
    daylight_saving: bool,
}

/// The tool.
pub struct ConvertTime;

impl Tool for ConvertTime {
    const NAME: &'static str = "convert_time";
    const TITLE: &'static str = "Convert a time";
    const DESCRIPTION: &'static str = "Converts an instant or a local time into Unix seconds, RFC 3339, RFC 2822 and \
        any IANA time zones, daylight saving included. Use it to compare timestamps of logs, CI runs and people in \
        different zones, or to learn what time it is now.";
    const ANNOTATIONS: Annotations = Annotations::COMPUTES;
    type Input = ConvertTimeInput;
    type Output = ConvertTimeOutput;

    fn call(input: ConvertTimeInput) -> Result<ConvertTimeOutput, ToolError> {
        if input.zones.len() > MAX_ZONES {
            return Err(ToolError::invalid("/zones", format!("must not name more than {MAX_ZONES} zones")));
        }
        let zone = time_zone::find(&input.time_zone, "/time_zone")?;
        let instant = match &input.time {
            TimeText::Text(text) => read(text.trim(), &zone, input.ambiguity)?,
            TimeText::Number(number) => since_1970(*number)?,
        };
        let zones = input.zones.iter().enumerate().map(|(index, name)| {
            let pointer = Pointer::root().child("zones").child(index).to_string();
            in_zone(name, instant.to_zoned(time_zone::find(name, &pointer)?))
        });
        let zones = zones.collect::<Result<_, _>>()?;
        let utc = instant.to_zoned(TimeZone::UTC);
        let week = utc.date().iso_week_date();
        let weekday = week.weekday().to_monday_one_offset();
        Ok(ConvertTimeOutput {
            rfc3339: instant.to_string(),
            rfc2822: mail(&utc)?,
            unix: instant.as_second(),
            unix_milliseconds: instant.as_millisecond(),
            iso_week: format!("{:04}-W{:02}-{weekday}", week.year(), week.week()),
            zones,
        })
    }
}

fn read(text: &str, zone: &TimeZone, ambiguity: Ambiguity) -> Result<Timestamp, ToolError> {
    if text.eq_ignore_ascii_case("now") {
        return time_zone::now();
    }
    if let Ok(number) = text.parse() {
        return since_1970(number);
    }
    if let Ok(instant) = text.parse() {
        return Ok(instant);
    }
    if let Ok(instant) = rfc2822::DateTimeParser::new().parse_timestamp(text) {
        return Ok(instant);
    }
    let unreadable = || {
        let message = format!("{text:?} is not a time: neither now, RFC 3339, RFC 2822, Unix time nor a local time");
        ToolError::invalid("/time", message)
    };
    let local: DateTime = text.parse().map_err(|_| unreadable())?;
    let disambiguation = match ambiguity {
        Ambiguity::Compatible => Disambiguation::Compatible,
        Ambiguity::Earlier => Disambiguation::Earlier,
        Ambiguity::Later => Disambiguation::Later,
        Ambiguity::Reject => Disambiguation::Reject,
    };
    let zoned = zone.to_ambiguous_zoned(local).disambiguate(disambiguation);
    let zoned = zoned.map_err(|error| ToolError::invalid("/time", error.to_string()))?;
    Ok(zoned.timestamp())
}

/// Seconds reach from 1653 to 2286 in ten digits; larger numbers count smaller units.
fn since_1970(number: i64) -> Result<Timestamp, ToolError> {
    let instant = match number.unsigned_abs() {
        0..=99_999_999_999 => Timestamp::from_second(number),
        100_000_000_000..=99_999_999_999_999 => Timestamp::from_millisecond(number),
        100_000_000_000_000..=99_999_999_999_999_999 => Timestamp::from_microsecond(number),
        _ => Timestamp::from_nanosecond(i128::from(number)),
    };
    instant.map_err(|error| ToolError::invalid("/time", error.to_string()))
}

fn in_zone(name: &str, time: Zoned) -> Result<InZone, ToolError> {
    let info = time.time_zone().to_offset_info(time.timestamp());
    Ok(InZone {
        time_zone: name.to_owned(),
        rfc3339: time.timestamp().display_with_offset(time.offset()).to_string(),
        rfc2822: mail(&time)?,
        weekday: time.strftime("%A").to_string(),
        abbreviation: info.abbreviation().to_owned(),
        daylight_saving: info.dst().is_dst(),
    })
}

fn mail(time: &Zoned) -> Result<String, ToolError> {
    rfc2822::to_string(time).map_err(|_| ToolError::invalid("/time", "RFC 2822 has no years before 0"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::CONNECTOR;

    fn call(arguments: Value) -> Result<Value, ToolError> {
        let reply = CONNECTOR.call("convert_time", &arguments.to_string())?;
        Ok(serde_json::from_str(&reply).expect("a result is JSON"))
    }

    fn utc(time: Value) -> String {
        let found = call(json!({"time": time})).expect("is a time");
        found["rfc3339"].as_str().unwrap_or_default().to_owned()
    }

    fn refused(arguments: Value) -> (String, String) {
        match call(arguments.clone()) {
            Err(ToolError::InvalidArguments(faults)) => (faults[0].pointer.clone(), faults[0].message.clone()),
            other => panic!("{arguments} is not refused: {other:?}"),
        }
    }

    #[test]
    fn an_instant_is_shown_in_every_form_and_zone() {
        let found = call(json!({"time": "2026-07-04T12:00:00+02:00", "zones": ["Europe/Berlin", "Asia/Kolkata"]}));
        let expected = json!({
            "rfc3339": "2026-07-04T10:00:00Z",
            "rfc2822": "Sat, 4 Jul 2026 10:00:00 +0000",
            "unix": 1_783_159_200,
            "unix_milliseconds": 1_783_159_200_000u64,
            "iso_week": "2026-W27-6",
            "zones": [
                {
                    "time_zone": "Europe/Berlin", "rfc3339": "2026-07-04T12:00:00+02:00",
                    "rfc2822": "Sat, 4 Jul 2026 12:00:00 +0200", "weekday": "Saturday", "abbreviation": "CEST",
                    "daylight_saving": true,
                },
                {
                    "time_zone": "Asia/Kolkata", "rfc3339": "2026-07-04T15:30:00+05:30",
                    "rfc2822": "Sat, 4 Jul 2026 15:30:00 +0530", "weekday": "Saturday", "abbreviation": "IST",
                    "daylight_saving": false,
                },
            ],
        });
        assert_eq!(found, Ok(expected));
    }

    #[test]
    fn a_time_is_read_in_every_form() {
        let noon = "2026-01-31T12:00:00Z";
        let second = 1_769_860_800i64;
        for time in [
            json!(second),
            json!(second.to_string()),
            json!(second * 1_000),
            json!(second * 1_000_000),
            json!(second * 1_000_000_000),
            json!("2026-01-31T12:00:00Z"),
            json!(" 2026-01-31T13:00:00+01:00 "),
            json!("Sat, 31 Jan 2026 13:00:00 +0100"),
            json!("2026-01-31 12:00"),
            json!("2026-01-31T12:00:00"),
        ] {
            assert_eq!(utc(time.clone()), noon, "{time}");
        }
        assert_eq!(utc(json!("2026-01-31")), "2026-01-31T00:00:00Z");
        assert_eq!(utc(json!("now")), "2027-01-15T08:00:00Z", "the clock of the kit's host");
    }

    #[test]
    fn a_local_time_is_read_in_its_zone_and_may_be_ambiguous() {
        let read = |time: &str, ambiguity: &str| {
            let arguments = json!({"time": time, "time_zone": "Europe/Berlin", "ambiguity": ambiguity});
            call(arguments).expect("is a time")["rfc3339"].as_str().unwrap_or_default().to_owned()
        };
        assert_eq!(read("2026-01-31 08:00", "reject"), "2026-01-31T07:00:00Z");
        // The hour from 02:00 to 03:00 comes twice on 25 October and not at all on 29 March.
        assert_eq!(read("2026-10-25 02:30", "compatible"), "2026-10-25T00:30:00Z");
        assert_eq!(read("2026-10-25 02:30", "later"), "2026-10-25T01:30:00Z");
        assert_eq!(read("2026-03-29 02:30", "compatible"), "2026-03-29T01:30:00Z");
        assert_eq!(read("2026-03-29 02:30", "earlier"), "2026-03-29T00:30:00Z");
        for time in ["2026-10-25 02:30", "2026-03-29 02:30"] {
            let arguments = json!({"time": time, "time_zone": "Europe/Berlin", "ambiguity": "reject"});
            assert_eq!(refused(arguments).0, "/time");
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused_at_its_place() {
        for time in ["", "yesterday", "2026-13-01T00:00:00Z", "25:00", "2026-02-30"] {
            assert_eq!(refused(json!({"time": time})).0, "/time", "{time}");
        }
        assert_eq!(refused(json!({"time": true})).0, "/time");
        assert_eq!(refused(json!({"time": "now", "time_zone": "Nowhere"})).0, "/time_zone");
        assert_eq!(refused(json!({"time": "now", "zones": ["UTC", "Nowhere"]})).0, "/zones/1");
        assert_eq!(refused(json!({"time": "now", "zones": vec!["UTC"; MAX_ZONES + 1]})).0, "/zones");
        assert!(call(json!({"time": "now", "zones": vec!["UTC"; MAX_ZONES]})).is_ok());
        assert_eq!(refused(json!({"time": "now", "ambiguity": "guess"})).0, "/ambiguity");
    }
}
