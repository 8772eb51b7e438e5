//! The toolbox connector.
