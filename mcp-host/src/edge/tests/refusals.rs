//! What is refused at start-up, by name.

use super::*;

/// Why a runtime with this change of the manifest does not start.
fn refusal(change: impl FnOnce(String) -> String) -> String {
    let result = App::try_with(|config| {
        let manifest = std::fs::read_to_string(&config.manifest).expect("readable");
        std::fs::write(&config.manifest, change(manifest)).expect("written");
    });
    result.err().expect("must be refused").to_string()
}

/// Why this file is refused as a component.
fn refused_file(bytes: &[u8]) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("component.wasm");
    std::fs::write(&path, bytes).expect("written");
    let probe = guest("function-probe").display().to_string();
    refusal(|manifest| manifest.replace(&probe, &path.display().to_string()))
}

/// A component whose only import is an instance with one function, in the binary format.
fn component_importing(name: &str) -> Vec<u8> {
    // It exports `f: func()`.
    importing(name, &[2, 0x01, 0x40, 0, 0x01, 0, 0x04, 0, 1, b'f', 0x01, 0])
}

/// The same with a resource in the place of the function.
fn component_importing_resource(name: &str, resource: &str) -> Vec<u8> {
    let length = u8::try_from(resource.len()).expect("short");
    let declared = [&[1, 0x04, 0, length], resource.as_bytes(), &[0x03, 0x01]].concat();
    importing(name, &declared)
}

/// A component whose only import is an instance with these declarations.
fn importing(name: &str, declarations: &[u8]) -> Vec<u8> {
    let mut bytes = b"\0asm\x0d\0\x01\0".to_vec();
    // Type section: one instance type.
    let length = u8::try_from(declarations.len()).expect("short");
    bytes.extend_from_slice(&[0x07, length + 2, 1, 0x42]);
    bytes.extend_from_slice(declarations);
    let length = u8::try_from(name.len()).expect("short");
    bytes.extend_from_slice(&[0x0a, length + 5, 1, 0, length]);
    bytes.extend_from_slice(name.as_bytes());
    bytes.extend_from_slice(&[0x05, 0]);
    bytes
}

#[test]
fn an_unknown_key_is_named() {
    let error = refusal(|manifest| manifest.replace("environment =", "enviroment ="));
    assert!(error.contains("[component.probe]") && error.contains("`enviroment`"), "{error}");
}

#[test]
fn a_required_variable_without_a_value_is_named() {
    let error = App::try_with(|config| config.variables.clear()).err().expect("must be refused").to_string();
    assert!(error.contains("`secret`") && error.contains("SPIN_VARIABLE_SECRET"), "{error}");
}

#[test]
fn a_bad_host_and_an_unknown_variable_are_named() {
    let error = refusal(|manifest| manifest.replace("[\"{{ allowed }}\"]", "[\"example.org\"]"));
    assert!(error.contains("[component.probe] allowed_outbound_hosts") && error.contains("`example.org`"), "{error}");
    let error = refusal(|manifest| manifest.replace("{{ greeting }}", "{{ greating }}"));
    assert!(error.contains("[component.probe.variables]") && error.contains("`greating`"), "{error}");
}

#[test]
fn a_missing_a_damaged_and_a_foreign_file_are_named() {
    let error = refusal(|manifest| manifest.replace("function-probe.wasm", "missing.wasm"));
    assert!(error.contains("`probe`") && error.contains("missing.wasm"), "{error}");
    let probe = std::fs::read(guest("function-probe")).expect("readable");
    let error = refused_file(&probe[..probe.len() / 2]);
    assert!(error.contains("`probe`") && error.contains("damaged"), "{error}");
    assert!(refused_file(b"no component").contains("damaged"));
    // A core module is no component.
    assert!(refused_file(b"\0asm\x01\0\0\0").contains("damaged"));
}

#[test]
fn an_import_that_is_not_offered_is_named() {
    let error = refused_file(&component_importing("fermyon:spin/llm@2.0.0"));
    assert!(
        error.contains("`probe`") && error.contains("`fermyon:spin/llm@2.0.0`") && error.contains("does not offer"),
        "{error}"
    );
    // The interface is offered; this function of it is not.
    let error = refused_file(&component_importing("spin:variables/variables@3.0.0"));
    assert!(error.contains("`spin:variables/variables@3.0.0`") && error.contains("in this form"), "{error}");
}

#[test]
fn sockets_are_refused_and_their_types_alone_are_not() {
    for name in ["wasi:sockets/tcp@0.2.0", "wasi:sockets/types@0.3.0", "wasi:sockets/some-day@9.0.0"] {
        let error = refused_file(&component_importing(name));
        assert!(error.contains("`probe`") && error.contains(&format!("`{name}`")), "{error}");
        // It is the interface that is refused, before anybody looks whether its functions are known.
        assert!(error.ends_with("does not offer"), "{error}");
    }
    // What Rust's standard library imports where it is asked for a connection.
    let error = refused_file(&std::fs::read(guest("connector-hostile/component")).expect("readable"));
    assert!(error.contains("`wasi:sockets/") && error.ends_with("does not offer"), "{error}");
    // Nothing can be done with a type, and toolchains leave some behind.
    let error = refused_file(&component_importing_resource("wasi:sockets/network@0.2.0", "network"));
    assert!(error.contains("wasi:http/handler"), "{error}");
}

#[test]
fn hosts_of_protocols_that_are_not_offered_are_named() {
    for entry in ["redis://cache.example:6379", "mysql://db.example", "mqtt://{{ allowed }}broker.example"] {
        let error = refusal(|manifest| manifest.replace("[\"{{ allowed }}\"]", &format!("[\"{entry}\"]")));
        assert!(error.contains("[component.probe] allowed_outbound_hosts") && error.contains(entry), "{error}");
        assert!(error.contains("does not offer"), "{error}");
    }
}

#[test]
fn a_component_that_handles_no_requests_is_named() {
    let error = refused_file(b"\0asm\x0d\0\x01\0");
    assert!(error.contains("`probe`") && error.contains("wasi:http/handler"), "{error}");
}

#[test]
fn a_cache_folder_that_can_not_be_made_is_named() {
    let error =
        App::try_with(|config| config.cache_dir = "/proc/nowhere".into()).err().expect("must be refused").to_string();
    assert!(error.contains("/proc/nowhere"), "{error}");
}
