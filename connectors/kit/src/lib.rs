//! What a connector written in Rust needs: the contract's bindings, typed tools, outbound HTTP.
