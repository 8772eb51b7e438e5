//! Fakes, builders, and the conformance suite that every adapter of a port passes.
