//! Connectors in an OCI registry: a real one, the CNCF's own.

mod artifacts;
mod credentials;
mod limits;
mod tampering;

use std::fs;
use std::path::{Path, PathBuf};

use bulkhead_system_tests::{Ended, Process, Reply, Request, Setup, eventually, program};
use bytes::Bytes;
use serde_json::{Value, json};

use crate::prometheus::free_port;

/// Kinds of content, as registries name them.
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "application/vnd.wasm.config.v0+json";
const LAYER: &str = "application/wasm";

/// A registry with a folder of its own.
struct Registry {
    // It ends before its folder is removed.
    _process: Process,
    folder: tempfile::TempDir,
    address: String,
}

impl Registry {
    /// One that takes everybody.
    async fn open() -> Self {
        Self::start_with("", &[]).await
    }

    /// One with this in its configuration, which may name these files as `FOLDER/name`.
    async fn start_with(more: &str, files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for (name, content) in files {
            fs::write(folder.path().join(name), content).expect("a file can be written");
        }
        let address = format!("127.0.0.1:{}", free_port());
        let config = format!(
            "version: 0.1\nlog: {{level: warn, accesslog: {{disabled: true}}}}\n\
             storage: {{filesystem: {{rootdirectory: '{}'}}}}\nhttp: {{addr: '{address}'}}\n{}",
            folder.path().join("storage").display(),
            more.replace("FOLDER", &folder.path().display().to_string()),
        );
        let file = folder.path().join("config.yml");
        fs::write(&file, config).expect("a file can be written");
        let process = Process::start(program("BULKHEAD_OCI_REGISTRY").arg("serve").arg(file));
        eventually("the registry answers", async || Request::new(&address, "GET", "/v2/").try_send().await.ok()).await;
        Self { _process: process, folder, address }
    }

    /// What is called so here.
    fn reference(&self, name: &str) -> String {
        format!("oci://{}/{name}", self.address)
    }

    async fn get(&self, path: &str) -> Reply {
        Request::new(&self.address, "GET", path).header("accept", MANIFEST).send().await
    }

    /// The manifest of an artifact.
    async fn manifest(&self, repository: &str, tag: &str) -> Value {
        self.get(&format!("/v2/{repository}/manifests/{tag}")).await.expect(200)
    }

    /// A blob's file on the registry's disk.
    fn blob(&self, digest: &str) -> PathBuf {
        let hex = digest.strip_prefix("sha256:").expect("a digest");
        let blobs = self.folder.path().join("storage/docker/registry/v2/blobs/sha256");
        blobs.join(&hex[..2]).join(hex).join("data")
    }

    /// Uploads a blob as any tool does, and gives its descriptor.
    async fn upload(&self, repository: &str, media_type: &str, content: &[u8]) -> Value {
        let begun = Request::new(&self.address, "POST", &format!("/v2/{repository}/blobs/uploads/")).send().await;
        assert_eq!(begun.status, 202, "{}", begun.text());
        let location = begun.header("location").to_owned();
        let path = location.split_once(&self.address).map_or(location.as_str(), |(_, path)| path);
        let digest = sha256(content);
        let request = Request::new(&self.address, "PUT", &format!("{path}&digest={digest}"));
        let request = request.header("content-type", "application/octet-stream");
        let ended = request.body(Bytes::copy_from_slice(content)).send().await;
        assert_eq!(ended.status, 201, "{}", ended.text());
        json!({ "mediaType": media_type, "digest": digest, "size": content.len() })
    }

    /// Uploads an artifact of any kind.
    async fn artifact(&self, repository: &str, tag: &str, config: (&str, &[u8]), layers: &[(&str, &[u8])]) {
        let config = self.upload(repository, config.0, config.1).await;
        let mut descriptors = Vec::new();
        for (media_type, content) in layers {
            descriptors.push(self.upload(repository, media_type, content).await);
        }
        let manifest = json!({ "schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": descriptors });
        let request = Request::new(&self.address, "PUT", &format!("/v2/{repository}/manifests/{tag}"));
        let request = request.header("content-type", MANIFEST).body(manifest.to_string().into_bytes().into());
        let ended = request.send().await;
        assert_eq!(ended.status, 201, "{}", ended.text());
    }
}

fn sha256(content: &[u8]) -> String {
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    std::io::Write::write_all(&mut file, content).expect("writes");
    let output = std::process::Command::new("sha256sum").arg(file.path()).output().expect("sha256sum is there");
    let text = String::from_utf8(output.stdout).expect("text");
    format!("sha256:{}", text.split(' ').next().expect("a sum"))
}

/// A connector that knows the answer and asks for nothing, and another version that asks for more; both are signed.
fn signed() -> PathBuf {
    fixture("signed")
}

fn wider() -> PathBuf {
    fixture("signed-wider")
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}

fn text_of(path: &Path) -> &str {
    path.to_str().expect("a path of plain letters")
}

/// Pushes and gives what names exactly this content.
async fn push(setup: &Setup, path: &Path, reference: &str) -> String {
    works(setup, &["push", text_of(path), reference]).await.output.trim().to_owned()
}

/// What `inspect` tells of something.
async fn inspected(setup: &Setup, reference: &str) -> Value {
    let output = works(setup, &["inspect", reference, "--json"]).await.output;
    serde_json::from_str(&output).expect("the report is JSON")
}

async fn works(setup: &Setup, arguments: &[&str]) -> Ended {
    crate::lifecycle::works(setup, arguments).await
}

async fn refused(setup: &Setup, arguments: &[&str], words: &[&str]) -> Ended {
    crate::lifecycle::refused(setup, arguments, words).await
}
