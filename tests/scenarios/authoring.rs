//! A connector from nothing to its first call: `connector new`, `build` and `add`, language by language.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use bulkhead_system_tests::{Ended, Setup, path, run};
use serde_json::json;

use crate::lifecycle::{refused, works};

const SLUG: &str = "log-reader";

/// Runs `bulkhead connector build` with these variables. A compiler may take longer than anything else here.
fn build(setup: &Setup, folder: &str, variables: &[(&str, &str)]) -> Ended {
    let mut command = setup.other_command(&["connector", "build", folder]);
    command.envs(variables.iter().copied());
    let output = tokio::task::block_in_place(|| command.output()).expect("the program can be started");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ended { status: output.status, output: text(&output.stdout), errors: text(&output.stderr) }
}

/// What a newcomer types, and what they get.
async fn a_newcomer_succeeds(language: &str, prepare: impl FnOnce(&Path), variables: &[(&str, &str)]) {
    let setup = Setup::up().await;
    works(&setup, &["new", SLUG, "--language", language]).await;
    prepare(&setup.folder().join(SLUG));
    let built = build(&setup, SLUG, variables);
    assert_eq!(built.status.code(), Some(0), "{}", built.errors);
    for words in ["log-reader 0.1.0", "sha256:", "count_levels", "Counts the lines of a log by their level"] {
        assert!(built.output.contains(words), "{words:?} is not in: {}", built.output);
    }
    works(&setup, &["add", SLUG]).await;

    let host = setup.start().await;
    let listed = host.stateless("tools/list", json!({})).send().await.expect(200);
    let tools = listed["result"]["tools"].as_array().expect("tools");
    let tool = tools.iter().find(|tool| tool["name"] == "log-reader_count_levels").expect("it is listed");
    assert_eq!(tool["description"], "Counts the lines of a log by their level, and finds the first error.");
    assert!(tool["outputSchema"].to_string().contains("The first line with an error."), "{tool:#}");
    let log = "starting\nWARN: disk is nearly full\n\n  ERROR: disk is full\npanic!\nstopped\n";
    let called = host.call("log-reader_count_levels", json!({ "log": log })).await;
    let levels = json!({ "errors": 2, "warnings": 1, "others": 2, "first-error": "ERROR: disk is full" });
    assert_eq!(called["structuredContent"], levels, "{called:#}");
    let failed = host.call("log-reader_count_levels", json!({ "log": "\n" })).await;
    let text = json!("tool_failed: the log has no lines");
    assert_eq!((&failed["isError"], &failed["content"][0]["text"]), (&json!(true), &text));
}

/// A program that stands in for a tool which can't do what it should.
fn program(folder: &Path, name: &str, does: &str) {
    fs::create_dir_all(folder).expect("a folder can be made");
    let file = folder.join(name);
    fs::write(&file, format!("#!/bin/sh\n{does}\n")).expect("a file can be written");
    fs::set_permissions(file, fs::Permissions::from_mode(0o755)).expect("it can be made executable");
}

/// A variable of whoever runs the tests, who has the tools.
#[expect(clippy::disallowed_methods, reason = "where the compiler is, whoever runs the tests knows")]
fn of_this_machine(name: &'static str) -> Option<(&'static str, String)> {
    std::env::var(name).ok().map(|value| (name, value))
}

#[tokio::test(flavor = "multi_thread")]
async fn in_rust() {
    let mut variables: Vec<_> = ["PATH", "HOME", "CARGO_HOME", "RUSTUP_HOME", "RUSTUP_TOOLCHAIN"]
        .into_iter()
        .filter_map(of_this_machine)
        .collect();
    // Where everything that it depends on was compiled already, or will be for the next time.
    let program = std::env::current_exe().expect("this program has a path");
    let target = program.ancestors().nth(3).expect("this program is in target/<profile>/deps");
    variables.push(("CARGO_TARGET_DIR", target.to_str().expect("a path of plain letters").to_owned()));
    variables.push(("CARGO_NET_OFFLINE", "true".to_owned()));
    // The versions that are here.
    let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.lock");
    let prepare = |folder: &Path| {
        fs::copy(lock, folder.join("Cargo.lock")).expect("a file can be copied");
    };
    let variables: Vec<_> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
    a_newcomer_succeeds("rust", prepare, &variables).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_javascript() {
    let modules = path("BULKHEAD_NODE_MODULES");
    let search = of_this_machine("PATH").expect("PATH is set").1;
    let prepare = |folder: &Path| {
        std::os::unix::fs::symlink(modules, folder.join("node_modules")).expect("a link can be made");
    };
    a_newcomer_succeeds("javascript", prepare, &[("PATH", &search)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn in_python() {
    let programs = path("BULKHEAD_PYTHON").parent().expect("a folder").to_owned();
    let search = of_this_machine("PATH").expect("PATH is set").1;
    let search = format!("{}:{search}", programs.display());
    a_newcomer_succeeds("python", |_| {}, &[("PATH", &search)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_missing_is_named_with_the_line_to_type() {
    let setup = Setup::up().await;
    let nothing = setup.folder().join("nothing");
    fs::create_dir(&nothing).expect("a folder can be made");
    let nothing = nothing.to_str().expect("a path of plain letters");
    for (language, words) in [
        ("rust", "cargo is not installed; install Rust: https://rustup.rs"),
        ("javascript", "jco is not installed; with Node 22 or newer (https://nodejs.org) type: npm install --prefix"),
        ("python", "componentize-py is not installed; type: python3 -m venv"),
    ] {
        works(&setup, &["new", language, "--language", language]).await;
        let built = build(&setup, language, &[("PATH", nothing)]);
        assert_eq!(built.status.code(), Some(1), "{}", built.output);
        assert!(built.errors.contains(words), "{}", built.errors);
        assert!(!setup.folder().join(language).join("component.wasm").exists());
    }
    let lacking = setup.folder().join("lacking");
    program(&lacking, "cargo", "exit 101");
    program(&lacking, "rustc", "echo /nowhere");
    let built = build(&setup, "rust", &[("PATH", lacking.to_str().expect("a path of plain letters"))]);
    assert!(built.errors.contains("type: rustup target add wasm32-wasip2"), "{}", built.errors);
    refused(&setup, &["new", "rust"], &["rust is there already"]).await;
    let unnamed = run(&mut setup.other_command(&["connector", "new", "Not A Slug"])).await;
    assert_eq!(unnamed.status.code(), Some(2), "{}", unnamed.errors);
    refused(&setup, &["build", nothing], &["has no connector.toml", "bulkhead connector new"]).await;
    fs::copy(setup.folder().join("rust/connector.toml"), PathBuf::from(nothing).join("connector.toml"))
        .expect("copies");
    refused(&setup, &["build", nothing], &["has nothing to build", "Cargo.toml (Rust)"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_does_not_compile_leaves_what_was_built() {
    let setup = Setup::up().await;
    works(&setup, &["new", SLUG, "--language", "python"]).await;
    let folder = setup.folder().join(SLUG);
    program(&folder.join(".venv/bin"), "componentize-py", "echo no such module >&2; exit 3");
    fs::write(folder.join("component.wasm"), "before").expect("a file can be written");
    let built = build(&setup, SLUG, &[("PATH", "/bin:/usr/bin")]);
    assert_eq!(built.status.code(), Some(1), "{}", built.output);
    assert!(built.errors.contains("no such module") && built.errors.contains("exit status: 3"), "{}", built.errors);
    assert_eq!(fs::read_to_string(folder.join("component.wasm")).expect("it is there"), "before");
    assert_eq!(built.output, "", "a failure has a result");
}
