//! The component's variables, as spin.toml and the operator set them.

use async_trait::async_trait;
use bulkhead_http_api::{VariableFault, Variables};
use bulkhead_kernel::Secret;
use send_wrapper::SendWrapper;
use spin_sdk::variables::Error;

/// Why a variable could not be read. None of these holds its value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VariableError {
    /// spin.toml gives the component no such variable.
    #[error("the variable {0} is not defined for this component")]
    Undefined(String),
    /// Its name is not one that Spin allows.
    #[error("the variable's name {0} is not allowed")]
    InvalidName(String),
    /// The host's provider of variables failed.
    #[error("the variable {name} could not be read: {reason}")]
    Provider {
        /// Its name.
        name: String,
        /// What the host said.
        reason: String,
    },
}

/// Reads a variable. Secrets are read per use, because an instance serves many requests and keeps nothing of one.
///
/// # Errors
/// [`VariableError`].
pub async fn variable(name: &str) -> Result<String, VariableError> {
    let read = SendWrapper::new(spin_sdk::variables::get(name)).await;
    read.map_err(|error| match error {
        Error::Undefined(_) => VariableError::Undefined(name.to_owned()),
        Error::InvalidName(_) => VariableError::InvalidName(name.to_owned()),
        Error::Provider(reason) | Error::Other(reason) => VariableError::Provider { name: name.to_owned(), reason },
    })
}

/// [`variable`] as handlers reach it.
#[derive(Clone, Copy, Debug, Default)]
pub struct SpinVariables;

#[async_trait]
impl Variables for SpinVariables {
    async fn get(&self, name: &str) -> Result<Secret, VariableFault> {
        let read = variable(name).await;
        read.map(Secret::new).map_err(|error| VariableFault { name: name.to_owned(), reason: error.to_string() })
    }
}
