//! Bindings of `wit/connector.wit`, generated for the host's side.

#![expect(missing_docs, reason = "generated from wit/connector.wit, which documents it")]

wasmtime::component::bindgen!({
    path: "../wit",
    world: "connector",
    exports: { default: async },
});
