//! A database that can't be opened says why and what to do.

use std::path::Path;

use bulkhead_native_adapters::{ConnectError, FileFault, Options, connect};

async fn refusal(url: &str) -> ConnectError {
    connect(url, &Options::default()).await.expect_err("it can't be opened")
}

async fn fault(path: &Path) -> (FileFault, String) {
    let error = refusal(&format!("sqlite:{}", path.display())).await;
    let text = error.to_string();
    assert!(text.contains(&*path.to_string_lossy()), "the path is named: {text}");
    match error {
        ConnectError::File { fault, .. } => (fault, text),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_file_that_holds_something_else() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("notes.txt");
    std::fs::write(&path, "These are notes, and no database at all.\n".repeat(100)).expect("writes");
    let (fault, text) = fault(&path).await;
    assert!(matches!(fault, FileFault::NotADatabase), "{text}");
    let notes = std::fs::read_to_string(&path).expect("reads");
    assert!(notes.starts_with("These are notes"), "the file is left alone");
}

#[tokio::test]
async fn a_directory() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let (fault, text) = fault(directory.path()).await;
    assert!(matches!(fault, FileFault::IsADirectory), "{text}");
}

#[tokio::test]
async fn a_missing_directory_is_named() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let missing = directory.path().join("missing");
    let (fault, text) = fault(&missing.join("bulkhead.db")).await;
    assert!(matches!(&fault, FileFault::MissingDirectory(path) if *path == missing), "{text}");
}

#[tokio::test]
async fn a_url_that_names_no_database_is_not_repeated() {
    for url in ["", "mysql://user:secret@host/db", "sqlite:", "sqlite://", "sqlite::memory:", "sqlite:a.db?mode=ro"] {
        let error = refusal(url).await;
        assert!(matches!(error, ConnectError::Url { .. }), "{url}: {error}");
        assert!(!error.to_string().contains("secret"), "{error}");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there() {
    let mut options = Options::default();
    options.postgres.acquire_timeout = std::time::Duration::from_secs(1);
    let url = "postgres://user:secret@127.0.0.1:1/bulkhead";
    let error = connect(url, &options).await.expect_err("nothing listens there");
    assert!(matches!(error, ConnectError::Server(_)), "{error}");
    assert!(!error.to_string().contains("secret"), "{error}");
}

#[tokio::test]
async fn a_relative_path_and_two_slashes_are_fine() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("bulkhead.db");
    for slashes in ["", "//"] {
        let url = format!("sqlite:{slashes}{}", path.display());
        let database = connect(&url, &Options::default()).await.expect("opens");
        assert_eq!(database.kind(), "sqlite");
        database.ping().await.expect("answers");
        database.close().await;
    }
}
