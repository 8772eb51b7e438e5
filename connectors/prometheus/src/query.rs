//! `query`: PromQL at one instant.

use bulkhead_connector_kit::{Annotations, Tool, ToolError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api;
use crate::time::{Time, parameter};
use crate::value::{Data, Kind, Series};

/// The most series that are handed back, unless the call asks for fewer.
pub const MAX_SERIES: u32 = 1_000;
/// The most characters of an expression.
pub const MAX_QUERY: usize = 10_000;

/// An expression and when to evaluate it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct QueryInput {
    /// A PromQL expression, for example `sum by (job) (rate(http_requests_total[5m]))`.
    #[schemars(length(min = 1, max = MAX_QUERY))]
    query: String,
    /// When to evaluate it: RFC 3339 (`2026-01-31T08:00:00Z`) or Unix time in seconds. Now, when absent.
    #[serde(default)]
    time: Option<Time>,
    /// Hand back at most this many series.
    #[serde(default = "default_limit")]
    #[schemars(range(min = 1, max = MAX_SERIES))]
    limit: u32,
}

pub(crate) const fn default_limit() -> u32 {
    100
}

/// What it gave.
#[derive(Debug, Serialize, JsonSchema)]
pub struct QueryOutput {
    /// The kind of value that the expression gave.
    pub(crate) kind: Kind,
    /// The series. Empty when nothing matches.
    pub(crate) series: Vec<Series>,
    /// Present and true when there were more series than the limit.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) truncated: bool,
    /// What Prometheus warns of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) warnings: Vec<String>,
}

/// The tool.
pub struct Query;

impl Tool for Query {
    const NAME: &'static str = "query";
    const TITLE: &'static str = "Query metrics";
    const DESCRIPTION: &'static str = "Evaluates a PromQL expression at one instant and returns the series it \
        selects with their current values. Use it to learn how something is now; for its course over time use \
        query_range.";
    const ANNOTATIONS: Annotations = Annotations::READS;
    type Input = QueryInput;
    type Output = QueryOutput;

    fn call(input: QueryInput) -> Result<QueryOutput, ToolError> {
        check(&input.query, input.limit)?;
        let time = input.time.map(|time| time.instant("/time")).transpose()?.map(parameter);
        let mut parameters = vec![("query", input.query.as_str())];
        parameters.extend(time.as_deref().map(|time| ("time", time)));
        let answer: api::Answer<Data> = api::post("query", &parameters)?;
        Ok(output(answer, input.limit))
    }
}

/// What both kinds of queries check.
pub(crate) fn check(query: &str, limit: u32) -> Result<(), ToolError> {
    if query.trim().is_empty() {
        return Err(ToolError::invalid("/query", "is empty"));
    }
    if query.chars().count() > MAX_QUERY {
        return Err(ToolError::invalid("/query", format!("must not be longer than {MAX_QUERY} characters")));
    }
    if !(1..=MAX_SERIES).contains(&limit) {
        return Err(ToolError::invalid("/limit", format!("must be from 1 to {MAX_SERIES}")));
    }
    Ok(())
}

/// What both kinds of queries hand back.
pub(crate) fn output(answer: api::Answer<Data>, limit: u32) -> QueryOutput {
    let (kind, mut series) = answer.data.into_series();
    let truncated = series.len() > limit as usize;
    series.truncate(limit as usize);
    QueryOutput { kind, series, truncated, warnings: answer.warnings }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::{answer, answers, pointer, refusal};

    const UP: &str = r#"{"status":"success","data":{"resultType":"vector","result":[
        {"metric":{"__name__":"up","job":"a"},"value":[1769860800.123,"1"]},
        {"metric":{"__name__":"up","job":"b"},"value":[1769860800.123,"NaN"]}]}}"#;

    #[test]
    fn a_vector_becomes_series_with_one_sample() {
        let (found, sent) = answers("query", json!({"query": "up", "time": "2026-01-31T12:00:00.123Z"}), 200, UP);
        let sample = |value: &str| json!([{"time": "2026-01-31T12:00:00.123Z", "value": value}]);
        let expected = json!({"kind": "vector", "series": [
            {"labels": {"__name__": "up", "job": "a"}, "samples": sample("1")},
            {"labels": {"__name__": "up", "job": "b"}, "samples": sample("NaN")},
        ]});
        assert_eq!(found, Ok(expected));
        assert_eq!(sent, "POST http://prometheus:9090/prefix/api/v1/query query=up time=1769860800.123");
    }

    #[test]
    fn scalars_strings_histograms_and_warnings_are_understood() {
        let scalar = r#"{"status":"success","data":{"resultType":"scalar","result":[0,"1.5"]},"warnings":["careful"]}"#;
        let expected = json!({
            "kind": "scalar", "warnings": ["careful"],
            "series": [{"labels": {}, "samples": [{"time": "1970-01-01T00:00:00Z", "value": "1.5"}]}],
        });
        assert_eq!(answer("query", json!({"query": "1.5"}), 200, scalar), Ok(expected));
        let text = r#"{"status":"success","data":{"resultType":"string","result":[0,"x"]}}"#;
        let found = answer("query", json!({"query": "\"x\""}), 200, text).expect("is an answer");
        assert_eq!((&found["kind"], &found["series"][0]["samples"][0]["value"]), (&json!("string"), &json!("x")));
        let histogram = r#"{"status":"success","data":{"resultType":"vector","result":[
            {"metric":{},"histogram":[0,{"count":"3","sum":"4.5","buckets":[[0,"1","2","3"]]}]}]}}"#;
        let found = answer("query", json!({"query": "h"}), 200, histogram).expect("is an answer");
        assert_eq!(found["series"][0]["samples"][0]["value"], "histogram with count 3 and sum 4.5");
    }

    #[test]
    fn series_are_limited_on_both_sides() {
        let ask = |limit: u32| answer("query", json!({"query": "up", "limit": limit}), 200, UP);
        let one = ask(1).expect("is an answer");
        assert_eq!((one["series"].as_array().map(Vec::len), &one["truncated"]), (Some(1), &json!(true)));
        let two = ask(2).expect("is an answer");
        assert_eq!((two["series"].as_array().map(Vec::len), two.get("truncated")), (Some(2), None));
        assert!(ask(MAX_SERIES).is_ok());
        assert_eq!(pointer(ask(0)), "/limit");
        assert_eq!(pointer(ask(MAX_SERIES + 1)), "/limit");
    }

    #[test]
    fn arguments_that_make_no_sense_are_refused_before_anything_is_asked() {
        for (arguments, place) in [
            (json!({"query": " "}), "/query"),
            (json!({"query": "x".repeat(MAX_QUERY + 1)}), "/query"),
            (json!({"query": "up", "time": "noon"}), "/time"),
            (json!({"query": "up", "when": 1}), "/when"),
        ] {
            let (found, sent) = answers("query", arguments, 200, UP);
            assert_eq!((pointer(found), sent.as_str()), (place.to_owned(), ""));
        }
        assert!(answer("query", json!({"query": "x".repeat(MAX_QUERY)}), 200, UP).is_ok());
    }

    #[test]
    fn prometheus_says_itself_what_is_wrong() {
        let bad = r#"{"status":"error","errorType":"bad_data","error":"1:4: parse error: unexpected end of input"}"#;
        let found = answer("query", json!({"query": "up +"}), 400, bad);
        assert_eq!(found, Err(ToolError::invalid("/query", "1:4: parse error: unexpected end of input")));
        let impossible = r#"{"status":"error","errorType":"execution","error":"many-to-many matching not allowed"}"#;
        let found = answer("query", json!({"query": "a * b"}), 422, impossible);
        assert_eq!(found, Err(ToolError::invalid("/query", "many-to-many matching not allowed")));
        let slow = r#"{"status":"error","errorType":"timeout","error":"query timed out in expression evaluation"}"#;
        let found = answer("query", json!({"query": "up"}), 503, slow);
        assert_eq!(found, Err(ToolError::upstream(503, "timeout: query timed out in expression evaluation")));
    }

    #[test]
    fn what_is_not_prometheus_is_told_as_such() {
        let found = answer("query", json!({"query": "up"}), 502, "<html>Bad Gateway</html>");
        assert_eq!(found, Err(ToolError::upstream(502, "answered with status 502: <html>Bad Gateway</html>")));
        for body in ["", "{}", "hello", r#"{"status":"success","data":{"resultType":"new","result":1}}"#] {
            let found = answer("query", json!({"query": "up"}), 200, body);
            assert!(matches!(found, Err(ToolError::Upstream { status: Some(200), .. })), "{body}: {found:?}");
        }
    }

    #[test]
    fn without_an_address_or_a_network_the_call_says_so() {
        let (unset, refused) = refusal();
        assert_eq!(unset, "the connector's setting base_url has no value; the operator has to set it");
        assert_eq!(refused, "the connector was not granted this request to prometheus:9090");
    }
}
