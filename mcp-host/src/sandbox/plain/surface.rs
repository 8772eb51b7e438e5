//! What a component's binary says of itself before it is compiled: the names of its exports, and its documentation.

use std::ops::Range;

use wasmparser::{BinaryReaderError, Chunk, Parser, Payload, Validator, WasmFeatures};

/// Where tools such as `wit-docs-inject` and wasm-tools put the doc comments of a component's WIT.
const DOCS: &str = "package-docs";

/// The contract's interface, of whatever version.
const CONTRACT: &str = "bulkhead:connector/tools@";

/// The outermost layer of a component.
#[derive(Debug, Default)]
pub(crate) struct Surface {
    imports: Vec<String>,
    exports: Vec<String>,
    /// The documentation's content.
    docs: Option<Range<usize>>,
    /// Every section with documentation, from its first byte to its last.
    docs_sections: Vec<Range<usize>>,
}

impl Surface {
    /// Reads it. What is nested in the component is skipped.
    ///
    /// # Errors
    /// When the bytes are no WebAssembly binary.
    pub(crate) fn read(wasm: &[u8]) -> Result<Self, BinaryReaderError> {
        let mut surface = Self::default();
        let mut parser = Parser::new(0);
        let mut at = 0;
        loop {
            let rest = wasm.get(at..).unwrap_or_default();
            let Chunk::Parsed { consumed, payload } = parser.parse(rest, true)? else { break };
            let start = at;
            at += consumed;
            match payload {
                Payload::ComponentImportSection(section) => {
                    for import in section {
                        surface.imports.push(import?.name.name.to_owned());
                    }
                }
                Payload::ComponentExportSection(section) => {
                    for export in section {
                        surface.exports.push(export?.name.name.to_owned());
                    }
                }
                Payload::CustomSection(section) if section.name() == DOCS => {
                    let content = at.saturating_sub(section.data().len())..at;
                    surface.docs.get_or_insert(content);
                    surface.docs_sections.push(start..at);
                }
                Payload::ModuleSection { unchecked_range, .. } | Payload::ComponentSection { unchecked_range, .. } => {
                    let length = unchecked_range.end.saturating_sub(unchecked_range.start);
                    at = at.saturating_add(length);
                }
                Payload::End(_) => break,
                _ => {}
            }
        }
        Ok(surface)
    }

    /// Whether it needs what the component model has for concurrency: asynchronous functions, streams, futures.
    pub(crate) fn is_concurrent(&self, wasm: &[u8]) -> bool {
        self.imports.iter().any(|name| is_wasi_but_not_0_2(name)) || is_concurrent(wasm)
    }

    /// The names of its imports, as WIT has them: `package:name/interface@version`, or a function's name.
    pub(crate) fn imports(&self) -> &[String] {
        &self.imports
    }

    /// The names of its exports.
    pub(crate) fn exports(&self) -> &[String] {
        &self.exports
    }

    /// Whether it is a connector as `wit/connector.wit` describes one.
    pub(crate) fn is_contract(&self) -> bool {
        self.exports.iter().any(|name| name.starts_with(CONTRACT))
    }

    /// Whether it exports something by the name of the function that is run once when it is installed.
    pub(crate) fn initializes(&self) -> bool {
        self.exports.iter().any(|name| name == super::INITIALIZE)
    }

    /// The documentation's content, when there is any.
    pub(super) fn docs<'a>(&self, wasm: &'a [u8]) -> Option<&'a [u8]> {
        wasm.get(self.docs.clone()?)
    }

    /// The same binary without documentation: a section whose world is named otherwise than the decoder names it makes
    /// the decoder refuse the whole component.
    pub(crate) fn without_docs(&self, wasm: &[u8]) -> Vec<u8> {
        let mut kept = Vec::with_capacity(wasm.len());
        let mut from = 0;
        for section in &self.docs_sections {
            kept.extend_from_slice(wasm.get(from..section.start).unwrap_or_default());
            from = section.end;
        }
        kept.extend_from_slice(wasm.get(from..).unwrap_or_default());
        kept
    }
}

fn is_wasi_but_not_0_2(import: &str) -> bool {
    import.starts_with("wasi:") && !import.contains("@0.2.")
}

/// Whether it is valid only where there is concurrency. The bodies of functions are not looked at.
fn is_concurrent(wasm: &[u8]) -> bool {
    let concurrency = WasmFeatures::CM_ASYNC
        | WasmFeatures::CM_ASYNC_STACKFUL
        | WasmFeatures::CM_MORE_ASYNC_BUILTINS
        | WasmFeatures::CM_THREADING
        | WasmFeatures::CM_ERROR_CONTEXT;
    let mut validator = Validator::new_with_features(WasmFeatures::all() - concurrency);
    Parser::new(0).parse_all(wasm).any(|payload| payload.and_then(|payload| validator.payload(&payload)).is_err())
}

#[cfg(test)]
mod tests {
    use super::super::tests::component::{Made, documented};
    use super::Surface;

    const WIT: &str = "package a:b; interface i { f: func(); } world w { export i; export initialize: func(); }";

    #[test]
    fn the_exports_are_read_without_compiling() {
        let Made { plain, documented } = documented(WIT);
        let surface = Surface::read(&documented).expect("reads");
        assert_eq!(surface.exports, ["initialize", "a:b/i"]);
        assert!(surface.initializes() && !surface.is_contract());
        assert_eq!(surface.without_docs(&documented), plain);
        assert!(Surface::read(&plain).expect("reads").docs(&plain).is_none());
    }

    #[test]
    fn a_connector_of_any_version_of_the_contract_is_known() {
        let contract = "package bulkhead:connector@0.9.0; interface tools { f: func(); } world w { export tools; }";
        let surface = Surface::read(&documented(contract).plain).expect("reads");
        assert!(surface.is_contract() && !surface.initializes());
    }

    #[test]
    fn what_is_asynchronous_is_concurrent() {
        let concurrent = |items: &str| {
            let wit = format!("package a:b; world w {{ {items} }}");
            let wasm = documented(&wit).plain;
            Surface::read(&wasm).expect("reads").is_concurrent(&wasm)
        };
        assert!(!concurrent("import f: func(of: list<string>) -> result<u8>; export g: func();"));
        assert!(concurrent("export f: async func();"));
        assert!(concurrent("import f: async func();"));
        assert!(concurrent("export f: func(of: stream<u8>);"));
        assert!(concurrent("import f: func() -> future<u8>;"));
    }

    #[test]
    fn what_is_no_binary_is_refused() {
        assert!(Surface::read(b"(component)").is_err());
        assert!(Surface::read(b"").is_err());
    }
}
