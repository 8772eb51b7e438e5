//! A connector as it lies on the disk: `connector.toml` and `component.wasm`, and their signature.

use std::path::{Path, PathBuf};

use super::grants::RequestedGrants;
use super::install::InstallError;
use super::manifest::{ConnectorManifest, ManifestError};
use super::requested::requested;
use super::signature::{SIGNATURE, SignatureError, SignaturePolicy};
use crate::compile_cache::sha256;

/// The manifest's name in a connector's folder.
pub const MANIFEST: &str = "connector.toml";
/// The component's name in a connector's folder.
pub const COMPONENT: &str = "component.wasm";

/// A connector's folder, read once: the bytes that were verified are those that are used.
#[derive(Clone, Debug)]
pub struct Package {
    /// What it is, and what it asks for.
    pub manifest: ConnectorManifest,
    /// The manifest as it is written.
    pub text: String,
    /// The component.
    pub wasm: Vec<u8>,
    /// SHA-256 of the component, `sha256:` and hexadecimal.
    pub digest: String,
    /// What the manifest asks for.
    pub requested: RequestedGrants,
    /// The signature of both files, as it was found.
    pub signature: Option<String>,
}

impl Package {
    /// Reads a connector's folder, and verifies its signature where one is required.
    ///
    /// # Errors
    /// [`InstallError`], naming the file.
    pub fn read(folder: &Path, signatures: &SignaturePolicy) -> Result<Self, InstallError> {
        let (path, file) = (folder.join(MANIFEST), folder.join(COMPONENT));
        let unreadable = |path: &PathBuf| {
            let path = path.clone();
            move |source| InstallError::Unreadable { path, source }
        };
        let text = std::fs::read_to_string(&path).map_err(unreadable(&path))?;
        let wasm = std::fs::read(&file).map_err(unreadable(&file))?;
        let signature = match std::fs::read_to_string(folder.join(SIGNATURE)) {
            Ok(signature) => Some(signature),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => {
                let (place, reason) = (folder.to_owned(), error.to_string());
                return Err(SignatureError::Unreadable { place, reason }.into());
            }
        };
        Self::verified(text, wasm, signature, folder, signatures)
    }

    /// The same of what was read elsewhere. `place` is named in errors.
    ///
    /// # Errors
    /// [`InstallError`] when the signature is not as required, or the manifest is none.
    pub fn verified(
        text: String,
        wasm: Vec<u8>,
        signature: Option<String>,
        place: &Path,
        signatures: &SignaturePolicy,
    ) -> Result<Self, InstallError> {
        signatures.verify(place, &wasm, text.as_bytes(), signature.as_deref())?;
        Ok(Self { signature, ..Self::of(text, wasm, &place.join(MANIFEST))? })
    }

    /// The same without a signature. `path` is named in errors.
    ///
    /// # Errors
    /// [`InstallError`] when the manifest is none.
    pub fn of(text: String, wasm: Vec<u8>, path: &Path) -> Result<Self, InstallError> {
        let manifest = ConnectorManifest::parse(&text, path).map_err(InstallError::Manifest)?;
        let requested = requested(&manifest).map_err(|error| {
            InstallError::Manifest(ManifestError::Invalid { path: path.to_owned(), message: error.to_string() })
        })?;
        let digest = format!("sha256:{}", sha256(&wasm));
        Ok(Self { manifest, text, wasm, digest, requested, signature: None })
    }
}
