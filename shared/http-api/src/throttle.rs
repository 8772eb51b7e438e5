//! Limits on what may be guessed, as an answer tells them (draft-ietf-httpapi-ratelimit-headers-11).

use axum::response::Response;
use bulkhead_identity::{CredentialLimits, Limit, Standing, take};
use http::{HeaderName, HeaderValue};

use crate::{Api, CREDENTIAL_LIMITS, Problem};

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const CURRENT: HeaderName = HeaderName::from_static("ratelimit");

/// What is left of a limit, for the answer.
#[must_use]
pub struct RateLimit(Standing);

impl Api {
    /// The limits of this installation.
    ///
    /// # Errors
    /// A problem that says that the operator has something to set.
    pub async fn credential_limits(&self) -> Result<CredentialLimits, Problem> {
        CredentialLimits::parse(self.variable(CREDENTIAL_LIMITS).await?.expose()).map_err(Problem::misconfigured)
    }

    /// Takes one of a limit for whoever is counted. Call it before the credential is looked at.
    ///
    /// # Errors
    /// The problem `too-many-requests`.
    pub async fn throttle(&self, limits: &CredentialLimits, limit: Limit, subject: &str) -> Result<RateLimit, Problem> {
        Ok(RateLimit(take(&self.ports, limits, limit, subject).await?))
    }

    /// An answer with what is left of a limit, or the refusal of whoever has come too often; then nothing of it is done.
    ///
    /// # Errors
    /// As [`throttle`](Self::throttle), and what the answer is refused with.
    pub async fn limited(
        &self,
        limits: &CredentialLimits,
        limit: Limit,
        subject: &str,
        answer: impl Future<Output = Result<Response, Problem>> + Send,
    ) -> Result<Response, Problem> {
        let left = self.throttle(limits, limit, subject).await?;
        left.tell(answer.await)
    }
}

impl RateLimit {
    /// The answer, whichever it is, with what is left. An answer that tells of another limit, because that refused it, keeps
    /// it.
    ///
    /// # Errors
    /// What it was given.
    pub fn tell(self, answer: Result<Response, Problem>) -> Result<Response, Problem> {
        let fields = fields(&self.0);
        match answer {
            Ok(mut response) => {
                response.headers_mut().extend(fields);
                Ok(response)
            }
            Err(problem) if problem.kind() == crate::Kind::TooManyRequests => Err(problem),
            Err(problem) => {
                Err(fields.into_iter().fold(problem, |problem, (name, value)| problem.with_header(name, value)))
            }
        }
    }
}

/// The header fields of a limit.
pub(crate) fn fields(standing: &Standing) -> Vec<(HeaderName, HeaderValue)> {
    let name = standing.limit.name();
    let policy = format!("\"{name}\";q={};w={}", standing.quota.quota, standing.quota.window.as_secs());
    let current = format!("\"{name}\";r={};t={}", standing.remaining, standing.reset.as_secs());
    let field = |name, value: String| HeaderValue::try_from(value).ok().map(|value| (name, value));
    [field(POLICY, policy), field(CURRENT, current)].into_iter().flatten().collect()
}
