//! Bindings of `wit/connector.wit`, generated for the host's side.

wasmtime::component::bindgen!({
    path: "../wit",
    world: "connector",
    exports: { default: async },
});
