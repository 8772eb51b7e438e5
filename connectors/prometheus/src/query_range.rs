//! `query_range`: PromQL over a range of time.

use bulkhead_connector_kit::{Annotations, Tool, ToolError};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::api;
use crate::query::{MAX_QUERY, MAX_SERIES, QueryOutput, check, default_limit, output};
use crate::time::{Span, Time, duration_parameter, parameter};
use crate::value::Data;

/// The most points of one series: Prometheus's own limit.
pub const MAX_POINTS: i64 = 11_000;

/// An expression and the range to evaluate it over.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QueryRangeInput {
    /// A PromQL expression, for example `sum(rate(http_requests_total[5m]))`.
    #[schemars(length(min = 1, max = MAX_QUERY))]
    query: String,
    /// The first point: RFC 3339 (`2026-01-31T08:00:00Z`) or Unix time in seconds.
    start: Time,
    /// The end of the range, which may be the last point: RFC 3339 or Unix time in seconds.
    end: Time,
    /// The time from point to point: seconds, or a duration such as `15s`, `5m`, `1h30m`. At most 11,000 points fit.
    step: Span,
    /// Hand back at most this many series.
    #[serde(default = "default_limit")]
    #[schemars(range(min = 1, max = MAX_SERIES))]
    limit: u32,
}

/// The tool.
pub struct QueryRange;

impl Tool for QueryRange {
    const NAME: &'static str = "query_range";
    const TITLE: &'static str = "Query metrics over time";
    const DESCRIPTION: &'static str = "Evaluates a PromQL expression at every step of a range of time and returns \
        the series with their samples. Use it to see a course: when something began, rose or fell. Choose the step \
        so that some dozens to some hundreds of points result.";
    const ANNOTATIONS: Annotations = Annotations::READS;
    type Input = QueryRangeInput;
    type Output = QueryOutput;

    fn call(input: QueryRangeInput) -> Result<QueryOutput, ToolError> {
        check(&input.query, input.limit)?;
        let start = input.start.instant("/start")?;
        let end = input.end.instant("/end")?;
        let step = input.step.positive("/step")?;
        if end < start {
            return Err(ToolError::invalid("/end", "is before the start"));
        }
        let points = end.duration_since(start).as_millis() / step.as_millis();
        if points > i128::from(MAX_POINTS) {
            let message = format!("gives {points} points; Prometheus allows {MAX_POINTS}: take a longer step");
            return Err(ToolError::invalid("/step", message));
        }
        let (start, end, step) = (parameter(start), parameter(end), duration_parameter(step));
        let parameters = [("query", input.query.as_str()), ("start", &start), ("end", &end), ("step", &step)];
        let answer: api::Answer<Data> = api::post("query_range", &parameters)?;
        Ok(output(answer, input.limit))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::testing::{answers, pointer};

    const MATRIX: &str = r#"{"status":"success","data":{"resultType":"matrix","result":[
        {"metric":{"job":"a"},"values":[[1769860800,"1"],[1769860815,"2"]]}]}}"#;

    fn ask(change: Value) -> (Result<Value, ToolError>, String) {
        let mut arguments =
            json!({"query": "up", "start": "2026-01-31T12:00:00Z", "end": 1_769_860_815, "step": "15s"});
        for (name, value) in change.as_object().into_iter().flatten() {
            arguments[name] = value.clone();
        }
        answers("query_range", arguments, 200, MATRIX)
    }

    #[test]
    fn a_matrix_becomes_series_with_samples() {
        let (found, sent) = ask(json!({}));
        let expected = json!({"kind": "matrix", "series": [{"labels": {"job": "a"}, "samples": [
            {"time": "2026-01-31T12:00:00Z", "value": "1"}, {"time": "2026-01-31T12:00:15Z", "value": "2"},
        ]}]});
        assert_eq!(found, Ok(expected));
        let parameters = "query=up start=1769860800.000 end=1769860815.000 step=15.000";
        assert_eq!(sent, format!("POST http://prometheus:9090/prefix/api/v1/query_range {parameters}"));
    }

    #[test]
    fn points_are_limited_on_both_sides() {
        let end = 1_769_860_800 + MAX_POINTS;
        assert!(ask(json!({"end": end, "step": 1})).0.is_ok());
        assert_eq!(pointer(ask(json!({"end": end + 1, "step": 1})).0), "/step");
    }

    #[test]
    fn arguments_that_make_no_sense_are_refused_before_anything_is_asked() {
        for (change, place) in [
            (json!({"query": ""}), "/query"),
            (json!({"start": "noon"}), "/start"),
            (json!({"end": "noon"}), "/end"),
            (json!({"end": "2026-01-31T11:59:59Z"}), "/end"),
            (json!({"step": "soon"}), "/step"),
            (json!({"step": 0}), "/step"),
            (json!({"step": -15}), "/step"),
            (json!({"limit": 0}), "/limit"),
        ] {
            let (found, sent) = ask(change);
            assert_eq!((pointer(found), sent.as_str()), (place.to_owned(), ""));
        }
    }
}
