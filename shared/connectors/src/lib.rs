//! The catalogue of connectors and their tools.
