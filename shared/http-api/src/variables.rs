//! What the operator has set, as functions see it.

use std::collections::BTreeMap;

use async_trait::async_trait;
use bulkhead_identity::{IdentityKey, Lifetimes, SigningKeys, TokenKeys, TokenTerms};
use bulkhead_kernel::Secret;
use bulkhead_vault::SealingKey;

use crate::{Api, Problem};

/// The public halves of the keys for access tokens.
pub const TOKEN_KEYS: &str = "token_keys";
/// The keys that sign access tokens.
pub const SIGNING_KEYS: &str = "signing_keys";
/// How clients reach the installation.
pub const PUBLIC_URL: &str = "public_url";

/// The limits on what may be guessed, where they differ from the defaults.
pub const CREDENTIAL_LIMITS: &str = "credential_limits";

/// The key of what the function `auth` has to read back, and the host of mail.
pub const IDENTITY_KEY: &str = "identity_key";

/// What seals secrets for the vault: the host alone opens them.
pub const VAULT_SEALING_KEY: &str = "vault_sealing_key";

/// How long sessions, invitations and keys last, where that differs from the defaults.
pub const LIFETIMES: &str = "lifetimes";

/// A variable can't be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VariableError {
    /// The manifest gives none of this name to this function.
    #[error("the variable {0} is not defined for this function")]
    Undefined(String),
    /// Whoever keeps it did not answer.
    #[error("the variable {name} can't be read: {reason}")]
    Unreadable {
        /// Its name.
        name: String,
        /// Why.
        reason: String,
    },
}

/// The variables of a function. They are read per use and kept by nobody, so that a rotated secret counts at once.
#[async_trait]
pub trait Variables: Send + Sync {
    /// The value of a variable.
    async fn get(&self, name: &str) -> Result<Secret, VariableError>;
}

#[async_trait]
impl Variables for BTreeMap<String, Secret> {
    async fn get(&self, name: &str) -> Result<Secret, VariableError> {
        BTreeMap::get(self, name).cloned().ok_or_else(|| VariableError::Undefined(name.to_owned()))
    }
}

impl Api {
    /// The value of a variable without which the request can't be answered.
    ///
    /// # Errors
    /// A problem that says that the operator has something to set; what, is in the log.
    pub async fn variable(&self, name: &str) -> Result<Secret, Problem> {
        self.variables.get(name).await.map_err(Problem::misconfigured)
    }

    /// How clients reach the installation, without a slash at its end.
    ///
    /// # Errors
    /// As [`variable`](Self::variable).
    pub async fn public_url(&self) -> Result<String, Problem> {
        Ok(self.variable(PUBLIC_URL).await?.expose().trim_end_matches('/').to_owned())
    }

    /// The keys that sign access tokens: for the function that issues them.
    ///
    /// # Errors
    /// As [`variable`](Self::variable).
    pub async fn signing_keys(&self) -> Result<SigningKeys, Problem> {
        SigningKeys::parse(self.variable(SIGNING_KEYS).await?.expose()).map_err(Problem::misconfigured)
    }

    /// The key of what identity has to read back.
    ///
    /// # Errors
    /// As [`variable`](Self::variable).
    pub async fn identity_key(&self) -> Result<IdentityKey, Problem> {
        IdentityKey::parse(self.variable(IDENTITY_KEY).await?.expose()).map_err(Problem::misconfigured)
    }

    /// What secrets are sealed with.
    ///
    /// # Errors
    /// As [`variable`](Self::variable).
    pub async fn sealing_key(&self) -> Result<SealingKey, Problem> {
        let parsed = SealingKey::parse(self.variable(VAULT_SEALING_KEY).await?.expose());
        parsed.map_err(|error| Problem::misconfigured(format!("{VAULT_SEALING_KEY}: {error}")))
    }

    /// How long what identity gives out lasts.
    ///
    /// # Errors
    /// As [`variable`](Self::variable).
    pub async fn lifetimes(&self) -> Result<Lifetimes, Problem> {
        Lifetimes::parse(self.variable(LIFETIMES).await?.expose()).map_err(Problem::misconfigured)
    }

    /// What access tokens of ours must be to be accepted here.
    ///
    /// # Errors
    /// As [`variable`](Self::variable).
    pub async fn token_terms(&self) -> Result<TokenTerms, Problem> {
        let keys = TokenKeys::parse(self.variable(TOKEN_KEYS).await?.expose()).map_err(Problem::misconfigured)?;
        let issuer = self.public_url().await?;
        Ok(TokenTerms::new(keys, &issuer, self.audience.of(&issuer)))
    }
}
