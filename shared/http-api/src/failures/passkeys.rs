//! What can go wrong with passkeys.

use bulkhead_identity::{PasskeyError, PasskeySignInError, PasskeysUnavailable};

use crate::{Kind, Problem};

impl From<PasskeysUnavailable> for Problem {
    fn from(error: PasskeysUnavailable) -> Self {
        Self::new(Kind::Misconfigured, error.to_string())
    }
}

impl From<PasskeyError> for Problem {
    fn from(error: PasskeyError) -> Self {
        let detail = error.to_string();
        match error {
            PasskeyError::SignInRequired => Self::new(Kind::SignInRequired, detail),
            PasskeyError::Proof(error) => error.into(),
            PasskeyError::Ceremony => Self::new(Kind::InvalidToken, detail),
            PasskeyError::Refused(_) => Self::new(Kind::PasskeyRefused, detail),
            PasskeyError::Exists | PasskeyError::TooMany => Self::new(Kind::PasskeyState, detail),
            PasskeyError::LastWay => Self::new(Kind::LastSignInMethod, detail),
            PasskeyError::Unknown => Self::new(Kind::UnknownPasskey, detail),
            PasskeyError::Invalid(faults) => Self::new(Kind::InvalidBody, detail).with_member("faults", faults),
            PasskeyError::Denied(denied) => denied.into(),
            PasskeyError::Sql(error) => error.into(),
        }
    }
}

impl From<PasskeySignInError> for Problem {
    fn from(error: PasskeySignInError) -> Self {
        let detail = error.to_string();
        match error {
            PasskeySignInError::Ceremony => Self::new(Kind::InvalidToken, detail),
            PasskeySignInError::Malformed => {
                let fault = bulkhead_execution::Fault::new("/credential", detail.clone());
                Self::new(Kind::InvalidBody, detail).with_member("faults", [fault])
            }
            // One answer to all: whoever tries must not learn which passkeys there are.
            PasskeySignInError::Refused(reason) => Self::new(Kind::PasskeyRefused, detail).caused_by(reason),
            PasskeySignInError::Sql(error) => error.into(),
        }
    }
}
