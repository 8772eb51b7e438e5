//! What can go wrong with keys, organisations, teams, projects and profiles.

use bulkhead_audit::AdmitError;
use bulkhead_identity::KeyError;

use crate::{Kind, Problem};

impl From<AdmitError> for Problem {
    fn from(error: AdmitError) -> Self {
        match error {
            AdmitError::Denied(denied) => denied.into(),
            AdmitError::Sql(error) => error.into(),
        }
    }
}

impl From<KeyError> for Problem {
    fn from(error: KeyError) -> Self {
        let detail = error.to_string();
        match error {
            KeyError::Unknown => Self::new(Kind::UnknownApiKey, detail),
            KeyError::UnknownUser => Self::new(Kind::UnknownMember, detail),
            KeyError::Ended => Self::new(Kind::ApiKeyEnded, detail),
            KeyError::Invalid(faults) => Self::new(Kind::InvalidBody, detail).with_member("faults", faults),
            KeyError::Denied(denied) => denied.into(),
            KeyError::Sql(error) => error.into(),
        }
    }
}
