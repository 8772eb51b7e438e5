//! Generates the host side of Spin's own interfaces from the WIT files that the `spin-sdk` crate ships.
//!
//! The functions are compiled against exactly that crate, so taking the interfaces from the same place is what keeps
//! host and guest from drifting apart, and it needs no copy of them in this repository. Cargo tells where the crate
//! is; a build script may run cargo, because cargo holds no lock on its package cache while it compiles.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The interfaces that the edge runtime implements, as folders below `spin-sdk/wit/deps` and as imports.
const INTERFACES: [(&str, &str); 4] = [
    ("spin-key-value@3.0.0", "spin:key-value/key-value@3.0.0"),
    ("spin-postgres@4.2.0", "spin:postgres/postgres@4.2.0"),
    ("spin-sqlite@3.1.0", "spin:sqlite/sqlite@3.1.0"),
    ("spin-variables@3.0.0", "spin:variables/variables@3.0.0"),
];

fn main() {
    let manifest_dir = PathBuf::from(variable("CARGO_MANIFEST_DIR"));
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={}", manifest_dir.join("../Cargo.lock").display());

    let deps = spin_sdk_folder(&manifest_dir).join("wit/deps");
    let mut paths = String::new();
    let mut imports = String::new();
    for (folder, interface) in INTERFACES {
        let folder = deps.join(folder);
        assert!(folder.is_dir(), "spin-sdk no longer ships {}: see mcp-host/build.rs", folder.display());
        paths.push_str(&format!("{:?}, ", folder.display().to_string()));
        imports.push_str(&format!("import {interface}; "));
    }
    let bindings = format!(
        r##"wasmtime::component::bindgen!({{
    inline: "package bulkhead:edge; world functions {{ {imports} }}",
    path: [{paths}],
    imports: {{ default: async | trappable }},
    with: {{
        "spin:key-value/key-value.store": super::host::key_value::OpenStore,
        "spin:postgres/postgres.connection": super::host::postgres::OpenConnection,
        "spin:postgres/postgres.connection-builder": super::host::postgres::ConnectionBuilder,
        "spin:sqlite/sqlite.connection": super::host::sqlite::OpenConnection,
    }},
}});
"##
    );
    let out = PathBuf::from(variable("OUT_DIR")).join("spin_bindings.rs");
    std::fs::write(&out, bindings).unwrap_or_else(|error| panic!("{}: {error}", out.display()));
}

/// Where cargo unpacked spin-sdk. Tried without the network first: usually the functions are built already.
fn spin_sdk_folder(manifest_dir: &Path) -> PathBuf {
    let mut complaint = String::new();
    for offline in [true, false] {
        let mut command = Command::new(variable("CARGO"));
        command.current_dir(manifest_dir).args(["metadata", "--format-version", "1", "--locked"]);
        command.args(["--filter-platform", &variable("HOST")]);
        if offline {
            command.arg("--offline");
        }
        let output = command.output().unwrap_or_else(|error| panic!("cargo metadata can't be started: {error}"));
        if !output.status.success() {
            complaint = String::from_utf8_lossy(&output.stderr).into_owned();
            continue;
        }
        let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).expect("cargo metadata prints JSON");
        let packages = metadata["packages"].as_array().expect("cargo metadata lists packages");
        let manifest = packages
            .iter()
            .find(|package| package["name"] == "spin-sdk")
            .and_then(|package| package["manifest_path"].as_str())
            .expect("the functions depend on spin-sdk");
        return Path::new(manifest).parent().expect("a manifest is in a folder").to_path_buf();
    }
    panic!("cargo metadata can't tell where spin-sdk is:\n{complaint}");
}

#[expect(clippy::disallowed_methods, reason = "cargo speaks to build scripts through the environment")]
fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("cargo sets {name} for a build script"))
}
