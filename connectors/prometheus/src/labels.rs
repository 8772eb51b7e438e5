//! Labels of series, alerts and targets.

use std::collections::BTreeMap;

/// Label names and their values.
pub(crate) type Labels = BTreeMap<String, String>;
