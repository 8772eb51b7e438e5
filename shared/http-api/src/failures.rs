//! The one place where use cases' errors become problems. What the database or a library said stays in the log.

mod organizations;
mod passkeys;

use bulkhead_execution::{Fault, Refusal, SubmitError};
use bulkhead_identity::{
    AuthenticateError, ChangePasswordError, Exceeded, LinkError, ListError, Locked, OpenError, RefreshError,
    ResetPasswordError, RevokeError, SecondFactorError, SecondFactorSignInError, SignInError, SignUpError, UnlinkError,
    VerifyEmailError,
};
use bulkhead_kernel::Denied;
use bulkhead_kernel::sql::SqlError;
use http::HeaderValue;
use http::header::{RETRY_AFTER, WWW_AUTHENTICATE};

use crate::{Kind, Problem};

/// What is said of everything that is our fault.
const INTERNAL: &str = "this is not your fault; quote the correlation id to the operator, whose log says more";

impl Problem {
    /// The one answer to every credential that doesn't work. The reason is for the log: whoever guesses keys must not
    /// learn from it.
    #[must_use]
    pub fn unauthenticated(reason: impl std::fmt::Display) -> Self {
        Self::new(Kind::Unauthenticated, "send an API key or access token that works: Authorization: Bearer …")
            .with_header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"bulkhead\""))
            .caused_by(reason)
    }

    /// A variable of the function is missing or makes no sense. Which, is in the log.
    #[must_use]
    pub fn misconfigured(reason: impl std::fmt::Display) -> Self {
        Self::new(Kind::Misconfigured, "the operator has something to set; the log says what").caused_by(reason)
    }

    /// No job has this id in the caller's organisation. Another organisation's job gets the same answer.
    #[must_use]
    pub fn unknown_job() -> Self {
        Self::new(Kind::UnknownJob, "no job of your organization has this id; GET /v1/jobs lists them")
    }

    /// No connector has this name.
    #[must_use]
    pub fn unknown_connector() -> Self {
        Self::new(Kind::UnknownConnector, "no connector has this name; GET /v1/connectors lists them")
    }
}

impl From<SqlError> for Problem {
    fn from(error: SqlError) -> Self {
        let problem = match &error {
            SqlError::Unavailable(_) => Self::new(Kind::DatabaseUnavailable, "try again in a moment")
                .with_header(RETRY_AFTER, HeaderValue::from_static("1")),
            // Trying again helps only after the operator did something, so nobody is told when to.
            SqlError::NotMigrated(_) => Self::new(Kind::NotMigrated, "the operator has to run `bulkhead migrate`"),
            SqlError::UniqueViolation(_)
            | SqlError::ConstraintViolation(_)
            | SqlError::UnexpectedRows { .. }
            | SqlError::SeveralTenants { .. }
            | SqlError::Decode { .. }
            | SqlError::Other(_) => Self::new(Kind::Internal, INTERNAL),
        };
        problem.caused_by(error)
    }
}

impl From<AuthenticateError> for Problem {
    fn from(error: AuthenticateError) -> Self {
        match error {
            AuthenticateError::Invalid(reason) => Self::unauthenticated(reason),
            AuthenticateError::Token(reason) => Self::unauthenticated(reason),
            AuthenticateError::Sql(error) => error.into(),
        }
    }
}

impl From<SignInError> for Problem {
    fn from(error: SignInError) -> Self {
        let detail = error.to_string();
        match error {
            SignInError::Wrong => Self::new(Kind::WrongCredentials, detail)
                .with_header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"bulkhead\"")),
            SignInError::NoOrganization => Self::new(Kind::NoOrganization, detail),
            SignInError::Exceeded(error) => error.into(),
            SignInError::Locked(error) => error.into(),
            SignInError::Password(error) => Self::new(Kind::Internal, INTERNAL).caused_by(error),
            SignInError::Sql(error) => error.into(),
        }
    }
}

impl From<ChangePasswordError> for Problem {
    fn from(error: ChangePasswordError) -> Self {
        let detail = error.to_string();
        match error {
            ChangePasswordError::Invalid(faults) => Self::new(Kind::InvalidBody, detail).with_member("faults", faults),
            ChangePasswordError::Current(error) => error.into(),
            ChangePasswordError::Denied(denied) => denied.into(),
            ChangePasswordError::Password(error) => Self::new(Kind::Internal, INTERNAL).caused_by(error),
            ChangePasswordError::Sql(error) => error.into(),
        }
    }
}

impl From<SecondFactorError> for Problem {
    fn from(error: SecondFactorError) -> Self {
        let detail = error.to_string();
        match error {
            SecondFactorError::Exists | SecondFactorError::Missing => Self::new(Kind::SecondFactorState, detail),
            SecondFactorError::Code => Self::new(Kind::WrongCode, detail),
            SecondFactorError::Exceeded(error) => error.into(),
            SecondFactorError::Password(error) => error.into(),
            SecondFactorError::Denied(denied) => denied.into(),
            SecondFactorError::Unreadable(error) => Self::misconfigured(error),
            SecondFactorError::Sql(error) => error.into(),
        }
    }
}

impl From<SecondFactorSignInError> for Problem {
    fn from(error: SecondFactorSignInError) -> Self {
        let detail = error.to_string();
        match error {
            SecondFactorSignInError::Challenge => Self::new(Kind::InvalidToken, detail),
            SecondFactorSignInError::Code => Self::new(Kind::WrongCode, detail),
            SecondFactorSignInError::Exceeded(error) => error.into(),
            SecondFactorSignInError::Unreadable(error) => Self::misconfigured(error),
            SecondFactorSignInError::Sql(error) => error.into(),
        }
    }
}

impl From<ResetPasswordError> for Problem {
    fn from(error: ResetPasswordError) -> Self {
        let detail = error.to_string();
        match error {
            ResetPasswordError::Token => Self::new(Kind::InvalidToken, detail),
            ResetPasswordError::Invalid(faults) => Self::new(Kind::InvalidBody, detail).with_member("faults", faults),
            ResetPasswordError::Password(error) => Self::new(Kind::Internal, INTERNAL).caused_by(error),
            ResetPasswordError::Sql(error) => error.into(),
        }
    }
}

impl From<VerifyEmailError> for Problem {
    fn from(error: VerifyEmailError) -> Self {
        let detail = error.to_string();
        match error {
            VerifyEmailError::Token | VerifyEmailError::OtherAccount => Self::new(Kind::InvalidToken, detail),
            VerifyEmailError::SignInRequired => Self::new(Kind::SignInRequired, detail),
            VerifyEmailError::Denied(denied) => denied.into(),
            VerifyEmailError::Sql(error) => error.into(),
        }
    }
}

impl From<Exceeded> for Problem {
    fn from(error: Exceeded) -> Self {
        let detail = error.to_string();
        match error {
            Exceeded::TooMany { standing, retry_after } => {
                let problem = Self::new(Kind::TooManyRequests, detail)
                    .with_header(RETRY_AFTER, HeaderValue::from(retry_after.as_secs()));
                crate::throttle::fields(&standing)
                    .into_iter()
                    .fold(problem, |problem, (name, value)| problem.with_header(name, value))
            }
            Exceeded::Sql(error) => error.into(),
        }
    }
}

impl From<Locked> for Problem {
    fn from(error: Locked) -> Self {
        let detail = error.to_string();
        match error {
            Locked::For(wait) => {
                Self::new(Kind::TooManyRequests, detail).with_header(RETRY_AFTER, HeaderValue::from(wait.as_secs()))
            }
            Locked::Sql(error) => error.into(),
        }
    }
}

impl From<SignUpError> for Problem {
    fn from(error: SignUpError) -> Self {
        let detail = error.to_string();
        match error {
            SignUpError::Invalid(faults) => Self::new(Kind::InvalidBody, detail).with_member("faults", faults),
            SignUpError::Taken => Self::new(Kind::AccountExists, detail),
            SignUpError::Password(error) => Self::new(Kind::Internal, INTERNAL).caused_by(error),
            SignUpError::Open(error) => error.into(),
        }
    }
}

impl From<OpenError> for Problem {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Keys(error) => Self::misconfigured(error),
            OpenError::Sql(error) => error.into(),
        }
    }
}

impl From<RefreshError> for Problem {
    fn from(error: RefreshError) -> Self {
        match error {
            // One answer to all: whoever has somebody else's token must not learn what became of it.
            RefreshError::Unknown | RefreshError::Ended | RefreshError::Reused => {
                Self::new(Kind::InvalidGrant, "sign in again")
                    .with_header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"bulkhead\""))
                    .caused_by(error)
            }
            RefreshError::Keys(error) => Self::misconfigured(error),
            RefreshError::Sql(error) => error.into(),
        }
    }
}

impl From<ListError> for Problem {
    fn from(error: ListError) -> Self {
        match error {
            ListError::Denied(denied) => denied.into(),
            ListError::Sql(error) => error.into(),
        }
    }
}

impl From<RevokeError> for Problem {
    fn from(error: RevokeError) -> Self {
        match error {
            RevokeError::Unknown => Self::new(Kind::UnknownSession, error.to_string()),
            RevokeError::Denied(denied) => denied.into(),
            RevokeError::Sql(error) => error.into(),
        }
    }
}

impl From<LinkError> for Problem {
    fn from(error: LinkError) -> Self {
        let detail = error.to_string();
        match error {
            LinkError::SignInRequired => Self::new(Kind::SignInRequired, detail),
            LinkError::AddressNotProven => Self::new(Kind::AddressNotVerified, detail),
            LinkError::Taken => Self::new(Kind::AccountExists, detail),
            LinkError::Password(error) => error.into(),
            LinkError::Denied(denied) => denied.into(),
            LinkError::Sql(error) => error.into(),
        }
    }
}

impl From<UnlinkError> for Problem {
    fn from(error: UnlinkError) -> Self {
        let detail = error.to_string();
        match error {
            UnlinkError::Unknown => Self::new(Kind::UnknownIdentity, detail),
            UnlinkError::LastWay => Self::new(Kind::LastSignInMethod, detail),
            UnlinkError::SignInRequired => Self::new(Kind::SignInRequired, detail),
            UnlinkError::Denied(denied) => denied.into(),
            UnlinkError::Sql(error) => error.into(),
        }
    }
}

impl From<Denied> for Problem {
    fn from(denied: Denied) -> Self {
        let detail = denied.to_string();
        match denied {
            Denied::Role(role) => Self::new(Kind::InsufficientRole, detail).with_member("role", role),
            Denied::Scope(scope) => {
                let challenge = format!("Bearer realm=\"bulkhead\", error=\"insufficient_scope\", scope=\"{scope}\"");
                let problem = Self::new(Kind::InsufficientScope, detail).with_member("scope", scope);
                match HeaderValue::try_from(challenge) {
                    Ok(challenge) => problem.with_header(WWW_AUTHENTICATE, challenge),
                    Err(_) => problem,
                }
            }
        }
    }
}

impl From<SubmitError> for Problem {
    fn from(error: SubmitError) -> Self {
        match error {
            SubmitError::Refused(refusal) => refusal.into(),
            SubmitError::Broken(reason) => Self::new(Kind::Internal, INTERNAL).caused_by(reason),
            SubmitError::Sql(error) => error.into(),
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let detail = refusal.to_string();
        match refusal {
            Refusal::UnknownConnector(_) => Self::new(Kind::UnknownConnector, detail),
            Refusal::UnknownTool(_) => Self::new(Kind::UnknownTool, detail),
            Refusal::ToolRestricted(..) => Self::new(Kind::ToolRestricted, detail),
            Refusal::UnknownProject => Self::new(Kind::UnknownProject, detail),
            Refusal::ProjectRole(role) => Self::new(Kind::InsufficientRole, detail).with_member("role", role),
            Refusal::InvalidArguments(faults) => {
                // The use case points into the arguments; the client sent a body in which they are one member.
                let in_body = |fault: Fault| Fault { pointer: format!("/arguments{}", fault.pointer), ..fault };
                let faults: Vec<_> = faults.into_iter().map(in_body).collect();
                Self::new(Kind::InvalidArguments, detail).with_member("faults", faults)
            }
            Refusal::InsufficientScope(_) => Self::new(Kind::InsufficientScope, detail),
            Refusal::Denied(denied) => denied.into(),
            Refusal::IdempotencyKeyReused => Self::new(Kind::IdempotencyKeyReused, detail),
            Refusal::InvalidIdempotencyKey => {
                Self::new(Kind::InvalidHeader, detail).with_member("header", "Idempotency-Key")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_database_is_a_503_only_when_trying_again_may_help_or_the_operator_must_migrate() {
        let kinds = [
            (SqlError::Unavailable("locked".into()), Kind::DatabaseUnavailable),
            (SqlError::NotMigrated("no such table: jobs".into()), Kind::NotMigrated),
            (SqlError::UniqueViolation("x".into()), Kind::Internal),
            (SqlError::ConstraintViolation("x".into()), Kind::Internal),
            (SqlError::UnexpectedRows { step: 0, expected: 1, affected: 0 }, Kind::Internal),
            (SqlError::SeveralTenants { step: 1 }, Kind::Internal),
            (SqlError::Decode { column: "x".into() }, Kind::Internal),
            (SqlError::Other("x".into()), Kind::Internal),
        ];
        for (error, kind) in kinds {
            let text = error.to_string();
            assert_eq!(Problem::from(error).kind(), kind, "{text}");
        }
    }

    #[test]
    fn a_broken_schema_is_our_fault_and_its_words_stay_in_the_log() {
        let problem = Problem::from(SubmitError::Broken("the schema of x.y is broken".into()));
        assert_eq!(problem.kind(), Kind::Internal);
        assert!(format!("{problem:?}").contains("the schema of x.y is broken"));
    }
}
