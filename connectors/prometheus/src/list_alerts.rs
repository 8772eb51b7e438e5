//! `list_alerts`: what Prometheus alerts of now.

use bulkhead_connector_kit::{Annotations, Tool, ToolError};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::api;
use crate::labels::Labels;

/// Which alerts.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListAlertsInput {
    /// Only alerts in this state.
    #[serde(default)]
    state: Option<AlertState>,
    /// Only alerts with all of these labels, for example `{"severity": "critical"}`.
    #[serde(default)]
    labels: Labels,
}

/// An alert is pending until its condition has held as long as its rule says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum AlertState {
    Firing,
    Pending,
}

/// The alerts.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ListAlertsOutput {
    /// The alerts, in Prometheus's order.
    alerts: Vec<Alert>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct Alert {
    /// The alert's name: its label `alertname`.
    name: String,
    /// Whether it fires, or is pending.
    state: AlertState,
    /// Since when its condition holds: RFC 3339.
    active_since: Option<String>,
    /// The value that its expression has now.
    value: String,
    /// Its labels.
    labels: Labels,
    /// Its annotations, such as a summary and a runbook.
    annotations: Labels,
}

#[derive(Deserialize)]
struct Data {
    alerts: Vec<Found>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Found {
    #[serde(default)]
    labels: Labels,
    #[serde(default)]
    annotations: Labels,
    state: AlertState,
    active_at: Option<String>,
    value: String,
}

/// The tool.
pub struct ListAlerts;

impl Tool for ListAlerts {
    const NAME: &'static str = "list_alerts";
    const TITLE: &'static str = "List alerts";
    const DESCRIPTION: &'static str = "Lists the alerts that are firing or pending in Prometheus now, with labels, \
        annotations and since when. Use it first when something is wrong.";
    const ANNOTATIONS: Annotations = Annotations::READS;
    type Input = ListAlertsInput;
    type Output = ListAlertsOutput;

    fn call(input: ListAlertsInput) -> Result<ListAlertsOutput, ToolError> {
        let answer: api::Answer<Data> = api::get("alerts", &[])?;
        let wanted = |alert: &Found| {
            input.state.is_none_or(|state| state == alert.state)
                && input.labels.iter().all(|(name, value)| alert.labels.get(name) == Some(value))
        };
        Ok(ListAlertsOutput { alerts: answer.data.alerts.into_iter().filter(wanted).map(Alert::from).collect() })
    }
}

impl From<Found> for Alert {
    fn from(found: Found) -> Self {
        Self {
            name: found.labels.get("alertname").cloned().unwrap_or_default(),
            state: found.state,
            active_since: found.active_at,
            value: found.value,
            labels: found.labels,
            annotations: found.annotations,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::testing::{answer, answers, pointer};

    const ALERTS: &str = r#"{"status":"success","data":{"alerts":[
        {"labels":{"alertname":"Down","severity":"critical"},"annotations":{"summary":"It is down"},
         "state":"firing","activeAt":"2026-01-31T12:00:00Z","value":"1e+00"},
        {"labels":{"alertname":"Slow","severity":"warning"},"annotations":{},"state":"pending","value":"2e+00"}]}}"#;

    fn names(arguments: Value) -> Vec<Value> {
        let found = answer("list_alerts", arguments, 200, ALERTS).expect("is an answer");
        found["alerts"].as_array().expect("has alerts").iter().map(|alert| alert["name"].clone()).collect()
    }

    #[test]
    fn alerts_are_listed_with_all_that_is_known() {
        let (found, sent) = answers("list_alerts", json!({}), 200, ALERTS);
        let first = json!({
            "name": "Down", "state": "firing", "active_since": "2026-01-31T12:00:00Z", "value": "1e+00",
            "labels": {"alertname": "Down", "severity": "critical"}, "annotations": {"summary": "It is down"},
        });
        assert_eq!(found.expect("is an answer")["alerts"][0], first);
        assert_eq!(sent, "GET http://prometheus:9090/prefix/api/v1/alerts");
    }

    #[test]
    fn alerts_are_chosen_by_state_and_labels() {
        assert_eq!(names(json!({})), ["Down", "Slow"]);
        assert_eq!(names(json!({"state": "pending"})), ["Slow"]);
        assert_eq!(names(json!({"labels": {"severity": "critical"}})), ["Down"]);
        assert_eq!(names(json!({"state": "pending", "labels": {"severity": "critical"}})), Vec::<Value>::new());
    }

    #[test]
    fn a_state_that_is_none_is_refused() {
        assert_eq!(pointer(answer("list_alerts", json!({"state": "loud"}), 200, ALERTS)), "/state");
        assert_eq!(pointer(answer("list_alerts", json!({"labels": {"a": 1}}), 200, ALERTS)), "/labels/a");
    }
}
