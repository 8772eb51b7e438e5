//! The prometheus connector.
