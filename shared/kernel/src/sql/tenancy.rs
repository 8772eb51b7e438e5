//! Whose rows a statement is about.
//!
//! Every query of a tenant's data has the tenant in its predicate. PostgreSQL enforces the same once more: its policies
//! compare each row's organisation with the setting `bulkhead.tenant`, which the adapters set, to what the statement
//! says here, before it runs. A forgotten predicate then shows nothing of another tenant, and a statement that says
//! nothing shows nothing at all.

use super::{SqlError, Statement, Step};
use crate::id::OrganizationId;

/// Whose rows a statement may see and change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tenancy {
    /// No tenant's: only what belongs to the installation, as the catalogue does.
    #[default]
    Installation,
    /// This organisation's.
    Of(OrganizationId),
    /// Every organisation's.
    Across,
}

impl Tenancy {
    /// The value of PostgreSQL's setting `bulkhead.tenant`: empty, an organisation's id, or a star.
    #[must_use]
    pub fn setting(self) -> String {
        match self {
            Self::Installation => String::new(),
            Self::Of(organization) => organization.to_string(),
            Self::Across => "*".to_owned(),
        }
    }

    /// Whose rows a batch is about: what those of its steps say that say something.
    ///
    /// # Errors
    /// [`SqlError::SeveralTenants`] when they do not say the same.
    pub fn of_batch(steps: &[Step]) -> Result<Self, SqlError> {
        let mut batch = Self::Installation;
        for (step, Step { statement, .. }) in steps.iter().enumerate() {
            match (batch, statement.tenancy) {
                (_, Self::Installation) => {}
                (Self::Installation, said) => batch = said,
                (before, said) if before == said => {}
                _ => return Err(SqlError::SeveralTenants { step }),
            }
        }
        Ok(batch)
    }
}

impl Statement {
    /// This statement, about the rows of one organisation.
    #[must_use]
    pub fn of(self, organization: OrganizationId) -> Self {
        Self { tenancy: Tenancy::Of(organization), ..self }
    }

    /// This statement, about the rows of every organisation, for the reason `why`: there is no caller yet, as when a
    /// credential's row is looked for, or the work is the installation's. `cargo xtask tidy` knows every use.
    #[must_use]
    pub fn across_tenants(self, why: &'static str) -> Self {
        debug_assert!(!why.is_empty(), "a statement over all tenants has a reason");
        Self { tenancy: Tenancy::Across, ..self }
    }

    /// Whose rows it is about.
    #[must_use]
    pub fn tenancy(&self) -> Tenancy {
        self.tenancy
    }
}

impl Step {
    /// This step, whose statement is about the rows of every organisation: see [`Statement::across_tenants`].
    #[must_use]
    pub fn across_tenants(self, why: &'static str) -> Self {
        Self { statement: self.statement.across_tenants(why), ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sql::sql;

    fn organization(number: u128) -> OrganizationId {
        uuid::Uuid::from_u128(number).into()
    }

    fn batch(statements: impl IntoIterator<Item = Statement>) -> Result<Tenancy, SqlError> {
        Tenancy::of_batch(&statements.into_iter().map(Step::from).collect::<Vec<_>>())
    }

    #[test]
    fn a_statement_is_about_no_tenant_until_it_says_so() {
        let statement = sql("SELECT 1");
        assert_eq!(statement.tenancy().setting(), "");
        assert_eq!(statement.clone().of(organization(1)).tenancy().setting(), organization(1).to_string());
        // What is said last holds: an audit entry of one tenant may be a step of a batch about all.
        assert_eq!(statement.of(organization(1)).across_tenants("a test").tenancy().setting(), "*");
    }

    #[test]
    fn a_batch_is_about_what_its_steps_agree_on() {
        let say = || sql("SELECT 1");
        let ours = Tenancy::Of(organization(1));
        assert_eq!(batch([]), Ok(Tenancy::Installation));
        assert_eq!(batch([say(), say()]), Ok(Tenancy::Installation));
        assert_eq!(batch([say(), say().of(organization(1)), say(), say().of(organization(1))]), Ok(ours));
        assert_eq!(batch([say().across_tenants("a test"), say()]), Ok(Tenancy::Across));
    }

    #[test]
    fn a_batch_about_several_tenants_is_refused_and_names_its_step() {
        let (ours, theirs) = (sql("SELECT 1").of(organization(1)), sql("SELECT 1").of(organization(2)));
        let all = sql("SELECT 1").across_tenants("a test");
        assert_eq!(batch([ours.clone(), theirs]), Err(SqlError::SeveralTenants { step: 1 }));
        assert_eq!(batch([sql("SELECT 1"), ours.clone(), all.clone()]), Err(SqlError::SeveralTenants { step: 2 }));
        assert_eq!(batch([all, ours]), Err(SqlError::SeveralTenants { step: 1 }));
    }
}
