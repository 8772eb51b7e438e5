//! What the operator has set for a function.

use std::collections::BTreeMap;

use async_trait::async_trait;
use bulkhead_kernel::Secret;

use crate::{Kind, Problem};

/// Why a variable has no value. It never holds one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the variable {name} can't be read: {reason}")]
pub struct VariableFault {
    /// Its name.
    pub name: String,
    /// Why.
    pub reason: String,
}

/// The variables that spin.toml gives the function. They are read for each use and kept by nobody.
#[async_trait]
pub trait Variables: Send + Sync {
    /// The value of one.
    async fn get(&self, name: &str) -> Result<Secret, VariableFault>;
}

#[async_trait]
impl Variables for BTreeMap<String, Secret> {
    async fn get(&self, name: &str) -> Result<Secret, VariableFault> {
        let missing = || VariableFault { name: name.to_owned(), reason: "it is not given to this function".to_owned() };
        BTreeMap::get(self, name).cloned().ok_or_else(missing)
    }
}

impl From<VariableFault> for Problem {
    fn from(fault: VariableFault) -> Self {
        let detail = "this is not your fault; quote the correlation id to the operator, whose log says more";
        Self::new(Kind::Internal, detail).caused_by(fault)
    }
}
