//! What a query results in: Prometheus's own shapes, made plain.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use crate::labels::Labels;

/// The data of `query` and `query_range`, as Prometheus writes it.
#[derive(Debug, Deserialize)]
#[serde(tag = "resultType", content = "result", rename_all = "lowercase")]
pub(crate) enum Data {
    Vector(Vec<Instant>),
    Matrix(Vec<Range>),
    Scalar(Sample),
    String(Sample),
}

/// A series of a vector. A native histogram has no `value`.
#[derive(Debug, Deserialize)]
pub(crate) struct Instant {
    metric: Labels,
    value: Option<Sample>,
    histogram: Option<Histogram>,
}

/// A series of a matrix.
#[derive(Debug, Deserialize)]
pub(crate) struct Range {
    metric: Labels,
    #[serde(default)]
    values: Vec<Sample>,
    #[serde(default)]
    histograms: Vec<Histogram>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Histogram(f64, Summary);

#[derive(Debug, Deserialize)]
struct Summary {
    count: String,
    sum: String,
}

/// A value at a time.
#[derive(Clone, Debug, PartialEq, Serialize, JsonSchema)]
pub(crate) struct Sample {
    /// RFC 3339, in UTC.
    time: String,
    /// The value, a decimal number or `NaN`, `+Inf`, `-Inf`: text, as Prometheus gives it, so that no digit is lost.
    value: String,
}

impl<'de> Deserialize<'de> for Sample {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (time, value) = <(f64, String)>::deserialize(deserializer)?;
        Ok(Self { time: rfc3339(time), value })
    }
}

/// One series with its samples, oldest first.
#[derive(Debug, PartialEq, Serialize, JsonSchema)]
pub(crate) struct Series {
    /// The series' labels; its metric's name is `__name__`.
    labels: Labels,
    /// Its samples, oldest first: one, of an instant query that gives no range.
    samples: Vec<Sample>,
}

/// What kind of value a query gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    /// A series has one sample.
    Vector,
    /// A series has samples over a range.
    Matrix,
    /// One number without labels.
    Scalar,
    /// One text without labels.
    String,
}

impl Data {
    /// The kind, and the series; a scalar or string is one series without labels.
    pub(crate) fn into_series(self) -> (Kind, Vec<Series>) {
        match self {
            Self::Vector(series) => (Kind::Vector, series.into_iter().map(Series::from).collect()),
            Self::Matrix(series) => (Kind::Matrix, series.into_iter().map(Series::from).collect()),
            Self::Scalar(sample) => (Kind::Scalar, vec![Series { labels: Labels::new(), samples: vec![sample] }]),
            Self::String(sample) => (Kind::String, vec![Series { labels: Labels::new(), samples: vec![sample] }]),
        }
    }
}

impl From<Instant> for Series {
    fn from(Instant { metric, value, histogram }: Instant) -> Self {
        Self { labels: metric, samples: value.into_iter().chain(histogram.map(Sample::from)).collect() }
    }
}

impl From<Range> for Series {
    fn from(Range { metric, values, histograms }: Range) -> Self {
        Self { labels: metric, samples: values.into_iter().chain(histograms.into_iter().map(Sample::from)).collect() }
    }
}

/// A native histogram in short; its buckets are what `histogram_quantile` is for.
impl From<Histogram> for Sample {
    fn from(Histogram(time, Summary { count, sum }): Histogram) -> Self {
        Self { time: rfc3339(time), value: format!("histogram with count {count} and sum {sum}") }
    }
}

/// Prometheus's times are seconds with milliseconds behind the point.
fn rfc3339(seconds: f64) -> String {
    let milliseconds = (seconds * 1000.0).round() as i64;
    Timestamp::from_millisecond(milliseconds).map_or_else(|_| seconds.to_string(), |time| time.to_string())
}
