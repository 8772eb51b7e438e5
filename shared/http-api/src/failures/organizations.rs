//! What can go wrong with keys, organisations, teams, projects and profiles.

use bulkhead_audit::AdmitError;
use bulkhead_identity::{
    InvitationError, InvitedError, KeyError, MemberError, OrganizationError, ProfileError, ProjectError, SwitchError,
    TeamError,
};

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
            KeyError::Foreign => Self::new(Kind::InsufficientRole, detail),
            KeyError::SignInRequired => Self::new(Kind::SignInRequired, detail),
            KeyError::CredentialEnded(_) => Self::new(Kind::Unauthenticated, detail),
            KeyError::UnknownUser => Self::new(Kind::UnknownMember, detail),
            KeyError::Ended => Self::new(Kind::ApiKeyEnded, detail),
            KeyError::Invalid(faults) => Self::new(Kind::InvalidBody, detail).with_member("faults", faults),
            KeyError::Denied(denied) => denied.into(),
            KeyError::Sql(error) => error.into(),
        }
    }
}

impl From<OrganizationError> for Problem {
    fn from(error: OrganizationError) -> Self {
        let detail = error.to_string();
        match error {
            OrganizationError::Unknown => Self::new(Kind::UnknownOrganization, detail),
            OrganizationError::SlugTaken => Self::new(Kind::SlugTaken, detail),
            OrganizationError::UnknownMember => Self::new(Kind::UnknownMember, detail),
            OrganizationError::Narrow(_) => Self::new(Kind::SignInRequired, detail),
            OrganizationError::Invalid(faults) => Self::new(Kind::InvalidBody, detail).with_member("faults", faults),
            OrganizationError::Denied(denied) => denied.into(),
            OrganizationError::Sql(error) => error.into(),
        }
    }
}

impl From<MemberError> for Problem {
    fn from(error: MemberError) -> Self {
        let detail = error.to_string();
        match error {
            MemberError::Unknown => Self::new(Kind::UnknownMember, detail),
            MemberError::LastOwner => Self::new(Kind::LastOwner, detail),
            MemberError::Narrow(_) => Self::new(Kind::SignInRequired, detail),
            MemberError::Invalid(faults) => Self::new(Kind::InvalidBody, detail).with_member("faults", faults),
            MemberError::Denied(denied) => denied.into(),
            MemberError::Sql(error) => error.into(),
        }
    }
}

impl From<InvitationError> for Problem {
    fn from(error: InvitationError) -> Self {
        let detail = error.to_string();
        match error {
            InvitationError::Unknown => Self::new(Kind::UnknownInvitation, detail),
            InvitationError::AddressMismatch => Self::new(Kind::AddressMismatch, detail),
            InvitationError::AlreadyMember => Self::new(Kind::AlreadyMember, detail),
            InvitationError::SignInRequired | InvitationError::Narrow(_) => Self::new(Kind::SignInRequired, detail),
            InvitationError::CredentialEnded(_) => Self::new(Kind::Unauthenticated, detail),
            InvitationError::Invalid(faults) => Self::new(Kind::InvalidBody, detail).with_member("faults", faults),
            InvitationError::Exceeded(error) => error.into(),
            InvitationError::Denied(denied) => denied.into(),
            InvitationError::Sql(error) => error.into(),
        }
    }
}

impl From<InvitedError> for Problem {
    fn from(error: InvitedError) -> Self {
        match error {
            InvitedError::Invitation(error) => error.into(),
            InvitedError::SignUp(error) => error.into(),
        }
    }
}

impl From<TeamError> for Problem {
    fn from(error: TeamError) -> Self {
        let detail = error.to_string();
        match error {
            TeamError::Unknown => Self::new(Kind::UnknownTeam, detail),
            TeamError::UnknownMember => Self::new(Kind::UnknownMember, detail),
            TeamError::SlugTaken => Self::new(Kind::SlugTaken, detail),
            TeamError::Invalid(faults) => Self::new(Kind::InvalidBody, detail).with_member("faults", faults),
            TeamError::Denied(denied) => denied.into(),
            TeamError::Sql(error) => error.into(),
        }
    }
}

impl From<ProjectError> for Problem {
    fn from(error: ProjectError) -> Self {
        let detail = error.to_string();
        match error {
            ProjectError::Unknown => Self::new(Kind::UnknownProject, detail),
            ProjectError::UnknownMember => Self::new(Kind::UnknownMember, detail),
            ProjectError::UnknownTeam => Self::new(Kind::UnknownTeam, detail),
            ProjectError::SlugTaken => Self::new(Kind::SlugTaken, detail),
            ProjectError::Role(role) => Self::new(Kind::InsufficientRole, detail).with_member("role", role),
            ProjectError::Invalid(faults) => Self::new(Kind::InvalidBody, detail).with_member("faults", faults),
            ProjectError::Denied(denied) => denied.into(),
            ProjectError::Sql(error) => error.into(),
        }
    }
}

impl From<ProfileError> for Problem {
    fn from(error: ProfileError) -> Self {
        let detail = error.to_string();
        match error {
            ProfileError::LastOwner(_) => Self::new(Kind::LastOwner, detail),
            ProfileError::SignInRequired => Self::new(Kind::SignInRequired, detail),
            ProfileError::Invalid(faults) => Self::new(Kind::InvalidBody, detail).with_member("faults", faults),
            ProfileError::Denied(denied) => denied.into(),
            ProfileError::Sql(error) => error.into(),
        }
    }
}

impl From<SwitchError> for Problem {
    fn from(error: SwitchError) -> Self {
        let detail = error.to_string();
        match error {
            SwitchError::SignInRequired => Self::new(Kind::SignInRequired, detail),
            SwitchError::NoOrganization => Self::new(Kind::NoOrganization, detail),
            SwitchError::Denied(denied) => denied.into(),
            SwitchError::Keys(error) => Self::misconfigured(error),
            SwitchError::Sql(error) => error.into(),
        }
    }
}
