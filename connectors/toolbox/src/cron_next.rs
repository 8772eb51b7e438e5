//! `cron_next`: when a schedule fires next.

use bulkhead_connector_kit::{Annotations, Tool, ToolError};
use croner::parser::CronParser;
use croner::{Cron, errors::CronError};
use jiff::Zoned;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::time_zone;

/// The most times that a call may ask for.
pub const MAX_COUNT: u32 = 100;

/// A schedule and from when to look.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CronNextInput {
    /// A cron expression: minute, hour, day of month, month, day of week, for example `30 8 * * MON-FRI`. A sixth
    /// field in front is seconds. `@daily` and its like, `L`, `W` and `#` are understood.
    expression: String,
    /// The IANA time zone in which the schedule is meant.
    #[serde(default = "default_time_zone")]
    time_zone: String,
    /// Times after this one are given: RFC 3339 with an offset. Now, when absent.
    #[serde(default)]
    start: Option<String>,
    /// How many times to give.
    #[serde(default = "default_count")]
    #[schemars(range(min = 1, max = MAX_COUNT))]
    count: u32,
}

fn default_time_zone() -> String {
    "UTC".to_owned()
}

const fn default_count() -> u32 {
    5
}

/// When it fires.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CronNextOutput {
    /// The schedule in words.
    description: String,
    /// The times, in order. Fewer than asked for when the schedule fires no more.
    times: Vec<Occurrence>,
}

/// One time.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Occurrence {
    /// In the schedule's time zone: RFC 3339 with its offset.
    local: String,
    /// In UTC: RFC 3339.
    utc: String,
    /// Seconds since 1970-01-01T00:00:00Z.
    unix: i64,
}

/// The tool.
pub struct CronNext;

impl Tool for CronNext {
    const NAME: &'static str = "cron_next";
    const TITLE: &'static str = "Next times of a schedule";
    const DESCRIPTION: &'static str = "Tells when a cron expression fires next, in any IANA time zone with its \
        daylight saving changes, and what the expression means in words. Use it to check a schedule before it is \
        deployed, or to see when a job will run.";
    const ANNOTATIONS: Annotations = Annotations::COMPUTES;
    type Input = CronNextInput;
    type Output = CronNextOutput;

    fn call(input: CronNextInput) -> Result<CronNextOutput, ToolError> {
        if !(1..=MAX_COUNT).contains(&input.count) {
            return Err(ToolError::invalid("/count", format!("must be from 1 to {MAX_COUNT}")));
        }
        let zone = time_zone::find(&input.time_zone, "/time_zone")?;
        let schedule = CronParser::new()
            .parse(&input.expression)
            .map_err(|error| ToolError::invalid("/expression", fault(&input.expression, &error)))?;
        let start = match &input.start {
            Some(text) => time_zone::instant(text, "/start")?,
            None => time_zone::now()?,
        };
        let times = occurrences(&schedule, start.to_zoned(zone), input.count)?;
        Ok(CronNextOutput { description: schedule.describe(), times })
    }
}

fn occurrences(schedule: &Cron, start: Zoned, count: u32) -> Result<Vec<Occurrence>, ToolError> {
    let mut times = Vec::new();
    let mut after = start;
    for _ in 0..count {
        match schedule.find_next_occurrence(&after, false) {
            Ok(next) => {
                times.push(occurrence(&next));
                after = next;
            }
            // A schedule such as 30 February never fires, and one that names a year fires no more after it.
            Err(CronError::TimeSearchLimitExceeded) => break,
            Err(error) => return Err(ToolError::Failed(error.to_string())),
        }
    }
    Ok(times)
}

fn occurrence(time: &Zoned) -> Occurrence {
    let instant = time.timestamp();
    let local = instant.display_with_offset(time.offset()).to_string();
    Occurrence { local, utc: instant.to_string(), unix: instant.as_second() }
}

fn fault(expression: &str, error: &CronError) -> String {
    match error {
        CronError::EmptyPattern => "is empty".to_owned(),
        error => format!("{expression:?} is not a cron expression: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::CONNECTOR;

    fn call(arguments: Value) -> Result<Value, ToolError> {
        let reply = CONNECTOR.call("cron_next", &arguments.to_string())?;
        Ok(serde_json::from_str(&reply).expect("a result is JSON"))
    }

    fn local(expression: &str, zone: &str, start: &str, count: u32) -> Vec<String> {
        let arguments = json!({"expression": expression, "time_zone": zone, "start": start, "count": count});
        let found = call(arguments).expect("is a schedule");
        let times = found["times"].as_array().expect("has times").iter();
        times.map(|time| time["local"].as_str().unwrap_or_default().to_owned()).collect()
    }

    #[test]
    fn a_time_is_given_in_every_form() {
        let arguments = json!({
            "expression": "30 8 * * MON-FRI", "time_zone": "Europe/Berlin", "start": "2026-01-02T12:00:00Z", "count": 1
        });
        let found = call(arguments).expect("is a schedule");
        let expected =
            json!([{"local": "2026-01-05T08:30:00+01:00", "utc": "2026-01-05T07:30:00Z", "unix": 1_767_598_200}]);
        assert_eq!(found["times"], expected);
        assert!(found["description"].as_str().is_some_and(|words| words.contains("Monday")), "{found}");
    }

    #[test]
    fn the_start_itself_is_not_given_again() {
        let found = local("0 * * * *", "UTC", "2026-01-01T00:00:00Z", 2);
        assert_eq!(found, ["2026-01-01T01:00:00+00:00", "2026-01-01T02:00:00+00:00"]);
        let found = local("*/20 * * * * *", "UTC", "2026-01-01T00:00:00Z", 2);
        assert_eq!(found, ["2026-01-01T00:00:20+00:00", "2026-01-01T00:00:40+00:00"]);
    }

    #[test]
    fn a_day_keeps_its_hour_when_the_clocks_change() {
        let found = local("0 9 * * *", "America/New_York", "2026-03-07T00:00:00Z", 2);
        assert_eq!(found, ["2026-03-07T09:00:00-05:00", "2026-03-08T09:00:00-04:00"]);
    }

    #[test]
    fn a_schedule_that_never_fires_has_no_times() {
        assert_eq!(local("0 0 30 2 *", "UTC", "2026-01-01T00:00:00Z", 3), Vec::<String>::new());
    }

    #[test]
    fn without_a_start_it_is_now() {
        let found = call(json!({"expression": "@daily"})).expect("is a schedule");
        assert_eq!(found["times"].as_array().map(Vec::len), Some(5));
        // The clock of the kit's host shows eight o'clock of the day before.
        assert_eq!(found["times"][0]["unix"], 1_800_057_600);
    }

    #[test]
    fn what_makes_no_sense_is_refused_at_its_place() {
        let refused = |name: &str, value: Value| {
            let mut arguments = json!({"expression": "* * * * *"});
            arguments[name] = value;
            match call(arguments) {
                Err(ToolError::InvalidArguments(faults)) => faults[0].pointer.clone(),
                other => panic!("{name} is not refused: {other:?}"),
            }
        };
        for expression in ["", "* * *", "61 * * * *", "* * * * nope", "*/0 * * * *"] {
            assert_eq!(refused("expression", expression.into()), "/expression", "{expression}");
        }
        for zone in ["", "Nowhere/Land", "../etc/passwd"] {
            assert_eq!(refused("time_zone", zone.into()), "/time_zone", "{zone}");
        }
        for start in ["", "tomorrow", "2026-01-01", "2026-01-01T00:00:00"] {
            assert_eq!(refused("start", start.into()), "/start", "{start}");
        }
        assert_eq!(refused("count", 0.into()), "/count");
        assert_eq!(refused("count", (MAX_COUNT + 1).into()), "/count");
        assert!(call(json!({"expression": "* * * * *", "count": MAX_COUNT})).is_ok());
    }
}
