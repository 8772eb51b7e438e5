//! Metrics, as Prometheus reads them (OpenMetrics text).

use std::sync::Arc;
use std::time::Instant;

use bulkhead_execution::{Job, Refusal, SubmitError};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ToolLabels {
    connector: String,
    tool: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ConnectorLabels {
    connector: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct EndLabels {
    connector: String,
    tool: String,
    status: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ReasonLabels {
    reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    door: &'static str,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct BuildLabels {
    version: &'static str,
}

/// Seconds: from a tool that only computes to one that waits for a slow API.
const SECONDS: [f64; 12] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.25, 1.0, 2.5, 10.0, 30.0];

/// Everything that is counted. Cheap to clone.
#[derive(Clone)]
pub struct Metrics(Arc<Inner>);

struct Inner {
    registry: Registry,
    jobs: Family<EndLabels, Counter>,
    running: Family<ToolLabels, Gauge>,
    throttled: Family<ConnectorLabels, Gauge>,
    duration: Family<ToolLabels, Histogram, fn() -> Histogram>,
    cpu: Family<ToolLabels, Counter<f64, std::sync::atomic::AtomicU64>>,
    refused: Family<ReasonLabels, Counter>,
    requests: Family<RequestLabels, Counter>,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("bulkhead");
        let jobs = Family::default();
        let running = Family::default();
        let throttled = Family::<ConnectorLabels, Gauge>::default();
        let duration = Family::<_, _, fn() -> Histogram>::new_with_constructor(|| Histogram::new(SECONDS));
        let cpu = Family::default();
        let refused = Family::default();
        let requests = Family::default();
        // A gauge of 1, not an Info: the classic text format, which promtool reads, has no such type.
        let build = Family::<BuildLabels, Gauge>::default();
        build.get_or_create(&BuildLabels { version: env!("CARGO_PKG_VERSION") }).set(1);
        registry.register("build_info", "What runs here", build);
        registry.register("jobs", "Jobs that ended here, by how they ended", jobs.clone());
        registry.register("jobs_running", "Jobs that run here now", running.clone());
        let why = "Calls that wait here now, because others of the same user and connector broke rules";
        registry.register("calls_throttled", why, throttled.clone());
        registry.register_with_unit("job_duration", "From claim to end of a job", Unit::Seconds, duration.clone());
        registry.register_with_unit("tool_cpu", "CPU time that tools used", Unit::Seconds, cpu.clone());
        registry.register("calls_refused", "Calls that became no job", refused.clone());
        registry.register("http_requests", "Requests that were answered", requests.clone());
        Self(Arc::new(Inner { registry, jobs, running, throttled, duration, cpu, refused, requests }))
    }
}

/// A call that waits for its turn, until this is dropped.
pub struct Throttled(Gauge);

impl Drop for Throttled {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// A job that is being measured.
pub struct Measured {
    metrics: Metrics,
    labels: ToolLabels,
    start: Instant,
}

impl Metrics {
    /// A job starts.
    #[must_use]
    pub fn started(&self, connector: &str, tool: &str) -> Measured {
        let labels = ToolLabels { connector: connector.to_owned(), tool: tool.to_owned() };
        self.0.running.get_or_create(&labels).inc();
        Measured { metrics: self.clone(), labels, start: Instant::now() }
    }

    /// A call has to wait for its turn.
    #[must_use]
    pub fn throttled(&self, connector: &str) -> Throttled {
        let labels = ConnectorLabels { connector: connector.to_owned() };
        let waiting = self.0.throttled.get_or_create(&labels).clone();
        waiting.inc();
        Throttled(waiting)
    }

    /// A call was refused.
    pub fn refused(&self, error: &SubmitError) {
        let reason = match error {
            SubmitError::Refused(Refusal::UnknownConnector(_)) => "unknown_connector",
            SubmitError::Refused(Refusal::UnknownTool(_)) => "unknown_tool",
            SubmitError::Refused(Refusal::ToolRestricted(..)) => "tool_restricted",
            SubmitError::Refused(Refusal::UnknownProject) => "unknown_project",
            SubmitError::Refused(Refusal::ProjectRole(_)) => "project_role",
            SubmitError::Refused(Refusal::InvalidArguments(_)) => "invalid_arguments",
            SubmitError::Refused(Refusal::IdempotencyKeyReused | Refusal::InvalidIdempotencyKey) => "idempotency_key",
            SubmitError::Refused(Refusal::InsufficientScope(_)) => "insufficient_scope",
            SubmitError::Refused(Refusal::Denied(_)) => "denied",
            SubmitError::Broken(_) => "broken_tool",
            SubmitError::Sql(_) => "database",
        };
        self.0.refused.get_or_create(&ReasonLabels { reason }).inc();
    }

    /// A request was answered through one of the doors: `mcp`, `edge` or `host`.
    pub fn answered(&self, door: &'static str, status: u16) {
        self.0.requests.get_or_create(&RequestLabels { door, status }).inc();
    }

    /// Everything, as OpenMetrics text (1.0).
    #[must_use]
    pub fn open_metrics(&self) -> String {
        let mut text = String::new();
        encode(&mut text, &self.0.registry).expect("writing to a string does not fail");
        text
    }

    /// Everything, in Prometheus's older text format (0.0.4), in which a counter's name carries its `_total`.
    #[must_use]
    pub fn prometheus_text(&self) -> String {
        let text = self.open_metrics();
        let counters: Vec<&str> =
            text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.strip_suffix(" counter")).collect();
        let mut classic = String::with_capacity(text.len());
        for line in text.lines().filter(|line| !line.starts_with("# UNIT ") && *line != "# EOF") {
            let words: Vec<&str> = line.splitn(4, ' ').collect();
            match words[..] {
                ["#", keyword, name, rest] if counters.contains(&name) => {
                    classic.push_str(&format!("# {keyword} {name}_total {rest}"));
                }
                _ => classic.push_str(line),
            }
            classic.push('\n');
        }
        classic
    }
}

impl Measured {
    /// The job ended and that is recorded.
    pub fn ended(self, job: &Job) {
        let inner = &self.metrics.0;
        let ToolLabels { connector, tool } = self.labels.clone();
        inner.jobs.get_or_create(&EndLabels { connector, tool, status: job.status.as_str() }).inc();
        inner.duration.get_or_create(&self.labels).observe(self.start.elapsed().as_secs_f64());
        if let Some(usage) = &job.usage {
            inner.cpu.get_or_create(&self.labels).inc_by(usage.cpu_us as f64 / 1e6);
        }
    }
}

impl Drop for Measured {
    fn drop(&mut self) {
        self.metrics.0.running.get_or_create(&self.labels).dec();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_older_format_names_counters_by_their_total() {
        let metrics = Metrics::default();
        metrics.answered("mcp", 200);
        let text = metrics.prometheus_text();
        assert!(text.contains("# TYPE bulkhead_http_requests_total counter\n"), "{text}");
        assert!(text.contains("bulkhead_http_requests_total{door=\"mcp\",status=\"200\"} 1\n"), "{text}");
        assert!(!text.contains("# EOF") && metrics.open_metrics().ends_with("# EOF\n"));
    }
}
