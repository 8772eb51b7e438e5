//! GitHub's rate limits: which answers speak of one, and when it may be asked again.
//!
//! The primary limit counts requests by the hour and says when the next hour begins; secondary ones are about too much
//! at once and say how long to wait, or nothing, which means a minute at least.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bulkhead_connector_kit::http::{Response, retry_after};
use jiff::{RoundMode, Timestamp, TimestampRound, Unit};

/// How long to wait where GitHub does not say.
const UNSAID: Duration = Duration::from_secs(60);

/// How many requests an hour an address has whose callers show no token.
const WITHOUT_TOKEN: u64 = 60;

/// A limit that a request ran into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RateLimit {
    kind: Kind,
    /// How long to wait, from `asked` on.
    pub(crate) wait: Duration,
    asked: SystemTime,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    Primary {
        /// Requests an hour, as GitHub says.
        limit: Option<u64>,
    },
    Secondary,
}

impl RateLimit {
    /// The limit that an answer speaks of, if it does: other answers with status 403 are refusals.
    pub(crate) fn of(response: &Response, now: SystemTime) -> Option<Self> {
        if !matches!(response.status(), 403 | 429) {
            return None;
        }
        let number = |name: &str| response.header(name)?.trim().parse::<u64>().ok();
        let said = retry_after(response, now);
        if number("x-ratelimit-remaining") == Some(0) {
            let reset = number("x-ratelimit-reset").map(|seconds| UNIX_EPOCH + Duration::from_secs(seconds));
            let until_reset = reset.map(|reset| reset.duration_since(now).unwrap_or_default());
            let kind = Kind::Primary { limit: number("x-ratelimit-limit") };
            return Some(Self { kind, wait: said.or(until_reset).unwrap_or(UNSAID), asked: now });
        }
        let secondary = said.is_some() || response.status() == 429 || speaks_of_one(response.body());
        secondary.then(|| Self { kind: Kind::Secondary, wait: said.unwrap_or(UNSAID), asked: now })
    }

    /// What to tell whoever has to wait.
    pub(crate) fn explain(&self) -> String {
        // What is rounded down is asked for too early.
        let seconds = self.wait.as_millis().div_ceil(1000);
        let up = TimestampRound::new().smallest(Unit::Second).mode(RoundMode::Ceil);
        let time = self.asked.checked_add(self.wait).and_then(|time| Timestamp::try_from(time).ok()?.round(up).ok());
        let again = match time {
            Some(time) => format!("try again in {seconds} s, at {time}"),
            None => format!("try again in {seconds} s"),
        };
        match self.kind {
            Kind::Primary { limit: Some(WITHOUT_TOKEN) } => format!(
                "GitHub's rate limit of {WITHOUT_TOKEN} requests an hour, which is for callers without a token, is used \
                 up; {again}"
            ),
            Kind::Primary { limit: Some(limit) } => {
                format!("GitHub's rate limit of {limit} requests an hour is used up; {again}")
            }
            Kind::Primary { limit: None } => format!("GitHub's rate limit is used up; {again}"),
            Kind::Secondary => format!("GitHub is asked too much at once (secondary rate limit); {again}"),
        }
    }
}

fn speaks_of_one(body: &[u8]) -> bool {
    let text = String::from_utf8_lossy(body).to_ascii_lowercase();
    text.contains("secondary rate limit") || text.contains("abuse detection")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(status: u16, body: &str, headers: &[(&str, &str)]) -> Option<RateLimit> {
        let response =
            headers.iter().fold(Response::new(status, body), |answer, (name, value)| answer.with_header(name, value));
        RateLimit::of(&response, UNIX_EPOCH + Duration::from_millis(1_800_000_000_500))
    }

    #[test]
    fn the_primary_limit_says_when_the_hour_begins() {
        let headers =
            [("x-ratelimit-limit", "5000"), ("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1800000030")];
        for status in [403, 429] {
            let found = limit(status, "", &headers).expect("is a limit");
            assert_eq!(found.wait, Duration::from_millis(29_500));
            let told = found.explain();
            assert!(told.contains("5000 requests an hour"), "{told}");
            assert!(told.ends_with("try again in 30 s, at 2027-01-15T08:00:30Z"), "{told}");
        }
        let anonymous = [("x-ratelimit-limit", "60"), ("x-ratelimit-remaining", "0")];
        let told = limit(403, "", &anonymous).expect("is a limit").explain();
        assert!(told.contains("without a token") && told.contains("in 60 s, at 2027-01-15T08:01:01Z"), "{told}");
        let passed = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1700000000")];
        assert_eq!(limit(403, "", &passed).expect("is a limit").wait, Duration::ZERO);
        assert_eq!(limit(403, "", &[("x-ratelimit-remaining", "0")]).expect("is a limit").wait, UNSAID);
    }

    #[test]
    fn secondary_limits_say_how_long_or_nothing() {
        let body = r#"{"message": "You have exceeded a secondary rate limit. Please wait a few minutes."}"#;
        assert_eq!(limit(403, body, &[]).expect("is a limit").wait, UNSAID);
        assert_eq!(limit(403, body, &[("retry-after", "3")]).expect("is a limit").wait, Duration::from_secs(3));
        assert_eq!(limit(429, "", &[("x-ratelimit-remaining", "12")]).expect("is a limit").wait, UNSAID);
        assert_eq!(limit(403, "", &[("retry-after", "3")]).expect("is a limit").kind, Kind::Secondary);
    }

    #[test]
    fn other_answers_speak_of_no_limit() {
        assert_eq!(limit(403, "Resource not accessible", &[("x-ratelimit-remaining", "12")]), None);
        assert_eq!(limit(200, "", &[("x-ratelimit-remaining", "0")]), None);
        assert_eq!(limit(503, "", &[("retry-after", "3")]), None);
    }
}
