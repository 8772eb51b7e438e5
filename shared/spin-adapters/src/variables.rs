//! The component's variables, as spin.toml and the operator set them.

use async_trait::async_trait;
use bulkhead_http_api::{VariableError, Variables};
use bulkhead_kernel::Secret;
use send_wrapper::SendWrapper;
use spin_sdk::variables::Error;

/// Reads a variable. Secrets are read per use, because an instance serves many requests and keeps nothing of one.
///
/// # Errors
/// [`VariableError`], which never holds its value.
pub async fn variable(name: &str) -> Result<String, VariableError> {
    let read = SendWrapper::new(spin_sdk::variables::get(name)).await;
    read.map_err(|error| match error {
        Error::Undefined(_) => VariableError::Undefined(name.to_owned()),
        Error::InvalidName(reason) | Error::Provider(reason) | Error::Other(reason) => {
            VariableError::Unreadable { name: name.to_owned(), reason }
        }
    })
}

/// The variables of this component.
pub struct SpinVariables;

#[async_trait]
impl Variables for SpinVariables {
    async fn get(&self, name: &str) -> Result<Secret, VariableError> {
        variable(name).await.map(Secret::new)
    }
}
