//! `list_targets`: what Prometheus scrapes, and how that goes.

use bulkhead_connector_kit::{Annotations, Tool, ToolError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api;
use crate::labels::Labels;

/// The most targets that are handed back.
pub const MAX_TARGETS: u32 = 1_000;

/// Which targets.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListTargetsInput {
    /// Only targets in this health.
    #[serde(default)]
    health: Option<Health>,
    /// Only targets of this scrape job.
    #[serde(default)]
    job: Option<String>,
    /// Hand back at most this many targets.
    #[serde(default = "default_limit")]
    #[schemars(range(min = 1, max = MAX_TARGETS))]
    limit: u32,
}

const fn default_limit() -> u32 {
    100
}

/// A target is unknown until it has been scraped once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Health {
    Up,
    Down,
    Unknown,
}

/// The targets.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ListTargetsOutput {
    /// The active targets.
    targets: Vec<Target>,
    /// Present and true when there were more targets than the limit.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    truncated: bool,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Target {
    /// The scrape job.
    job: String,
    /// The address that is scraped.
    url: String,
    /// How the last scrape went.
    health: Health,
    /// What went wrong in it; empty when nothing did.
    last_error: String,
    /// When it was: RFC 3339.
    last_scrape: Option<String>,
    /// How many seconds it took.
    last_scrape_seconds: Option<f64>,
    /// The target's labels.
    labels: Labels,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    active_targets: Vec<Found>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Found {
    #[serde(default)]
    labels: Labels,
    #[serde(default)]
    scrape_pool: String,
    scrape_url: String,
    health: Health,
    #[serde(default)]
    last_error: String,
    last_scrape: Option<String>,
    last_scrape_duration: Option<f64>,
}

/// The tool.
pub struct ListTargets;

impl Tool for ListTargets {
    const NAME: &'static str = "list_targets";
    const TITLE: &'static str = "List scrape targets";
    const DESCRIPTION: &'static str = "Lists what Prometheus scrapes, with the health, time and error of the last \
        scrape. Use it to find out why metrics are missing or whether a service is up.";
    const ANNOTATIONS: Annotations = Annotations::READS;
    type Input = ListTargetsInput;
    type Output = ListTargetsOutput;

    fn call(input: ListTargetsInput) -> Result<ListTargetsOutput, ToolError> {
        if !(1..=MAX_TARGETS).contains(&input.limit) {
            return Err(ToolError::invalid("/limit", format!("must be from 1 to {MAX_TARGETS}")));
        }
        let answer: api::Answer<Data> = api::get("targets", &[("state", "active")])?;
        let wanted = |target: &Target| {
            input.health.is_none_or(|health| health == target.health)
                && input.job.as_ref().is_none_or(|job| *job == target.job)
        };
        let mut targets: Vec<_> = answer.data.active_targets.into_iter().map(Target::from).filter(wanted).collect();
        let truncated = targets.len() > input.limit as usize;
        targets.truncate(input.limit as usize);
        Ok(ListTargetsOutput { targets, truncated })
    }
}

impl From<Found> for Target {
    fn from(found: Found) -> Self {
        Self {
            job: found.labels.get("job").cloned().unwrap_or(found.scrape_pool),
            url: found.scrape_url,
            health: found.health,
            last_error: found.last_error,
            // Prometheus writes the year 1 for a target that has not been scraped.
            last_scrape: found.last_scrape.filter(|time| !time.starts_with("0001-")),
            last_scrape_seconds: found.last_scrape_duration,
            labels: found.labels,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::testing::{answer, answers, pointer};

    const TARGETS: &str = r#"{"status":"success","data":{"activeTargets":[
        {"discoveredLabels":{},"labels":{"instance":"h:1","job":"a"},"scrapePool":"a","scrapeUrl":"http://h:1/metrics",
         "globalUrl":"http://h:1/metrics","lastError":"","lastScrape":"2026-01-31T12:00:00Z",
         "lastScrapeDuration":0.25,"health":"up","scrapeInterval":"15s","scrapeTimeout":"10s"},
        {"labels":{"job":"b"},"scrapePool":"b","scrapeUrl":"http://h:2/metrics","lastError":"connection refused",
         "lastScrape":"2026-01-31T12:00:00Z","lastScrapeDuration":0.001,"health":"down"},
        {"labels":{},"scrapePool":"c","scrapeUrl":"http://h:3/metrics","lastError":"",
         "lastScrape":"0001-01-01T00:00:00Z","lastScrapeDuration":0,"health":"unknown"}],"droppedTargets":[]}}"#;

    fn jobs(arguments: Value) -> Vec<Value> {
        let found = answer("list_targets", arguments, 200, TARGETS).expect("is an answer");
        found["targets"].as_array().expect("has targets").iter().map(|target| target["job"].clone()).collect()
    }

    #[test]
    fn targets_are_listed_with_all_that_is_known() {
        let (found, sent) = answers("list_targets", json!({}), 200, TARGETS);
        let found = found.expect("is an answer");
        let first = json!({
            "job": "a", "url": "http://h:1/metrics", "health": "up", "last_error": "",
            "last_scrape": "2026-01-31T12:00:00Z", "last_scrape_seconds": 0.25,
            "labels": {"instance": "h:1", "job": "a"},
        });
        assert_eq!(found["targets"][0], first);
        assert_eq!(found["targets"][2]["last_scrape"], Value::Null);
        assert_eq!(sent, "GET http://prometheus:9090/prefix/api/v1/targets state=active");
    }

    #[test]
    fn targets_are_chosen_by_health_and_job() {
        assert_eq!(jobs(json!({})), ["a", "b", "c"]);
        assert_eq!(jobs(json!({"health": "down"})), ["b"]);
        assert_eq!(jobs(json!({"job": "c"})), ["c"]);
        assert_eq!(jobs(json!({"job": "c", "health": "up"})), Vec::<Value>::new());
    }

    #[test]
    fn targets_are_limited_on_both_sides() {
        assert_eq!(jobs(json!({"limit": 2})), ["a", "b"]);
        assert_eq!(jobs(json!({"limit": 3})), ["a", "b", "c"]);
        let cut = answer("list_targets", json!({"limit": 2}), 200, TARGETS).expect("is an answer");
        assert_eq!(cut["truncated"], true);
        for limit in [0, MAX_TARGETS + 1] {
            assert_eq!(pointer(answer("list_targets", json!({"limit": limit}), 200, TARGETS)), "/limit");
        }
        assert_eq!(jobs(json!({"limit": MAX_TARGETS})).len(), 3);
    }

    #[test]
    fn what_prometheus_refuses_is_no_fault_of_the_arguments() {
        let refused = r#"{"status":"error","errorType":"bad_data","error":"unknown state"}"#;
        let found = answer("list_targets", json!({}), 400, refused);
        assert_eq!(found, Err(ToolError::upstream(400, "bad_data: unknown state")));
    }

    #[test]
    fn a_health_that_is_none_is_refused() {
        assert_eq!(pointer(answer("list_targets", json!({"health": "fine"}), 200, TARGETS)), "/health");
    }
}
