//! The Spin component behind /v1/audit.
