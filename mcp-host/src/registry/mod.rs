//! OCI registries, as far as connectors come from them and go to them.
//!
//! `reference` is what an artifact is called, `artifact` how a connector lies in a registry, `credentials` who one is to
//! it, `error` what can go wrong, in words that tell what to do. What is pulled is whatever its digest says, or nothing:
//! the manifest is compared with the digest of the reference where it has one, and the component with that in the manifest.

mod artifact;
mod credentials;
mod error;
mod reference;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use futures::StreamExt as _;
use http::HeaderValue;
use oci_client::client::{Certificate, CertificateEncoding, ClientConfig, ClientProtocol};
use oci_client::errors::OciDistributionError;
use oci_client::manifest::{
    IMAGE_MANIFEST_LIST_MEDIA_TYPE, IMAGE_MANIFEST_MEDIA_TYPE, OCI_IMAGE_INDEX_MEDIA_TYPE, OCI_IMAGE_MEDIA_TYPE,
};
use oci_client::secrets::RegistryAuth;
use oci_client::{Client, RegistryOperation};
use wasmparser::Parser;

use crate::config::RegistryConfig;
use crate::sandbox::{ConnectorManifest, Surface, certificate_authorities};
use artifact::{Described, NotWasm, digest};
use credentials::Found;
use error::Context;

pub(crate) use artifact::Artifact;
pub(crate) use credentials::{PASSWORD as PASSWORD_VARIABLE, USER as USER_VARIABLE};
pub(crate) use error::RegistryError;
pub(crate) use reference::ArtifactReference;

/// Kinds of manifests that are asked for: also those that are refused then, so that the refusal can say what they are.
const MANIFESTS: [&str; 4] =
    [OCI_IMAGE_MEDIA_TYPE, OCI_IMAGE_INDEX_MEDIA_TYPE, IMAGE_MANIFEST_MEDIA_TYPE, IMAGE_MANIFEST_LIST_MEDIA_TYPE];

/// How a registry is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transport {
    /// By HTTPS, or by plain HTTP where nothing leaves this machine.
    Default,
    /// By plain HTTP, because somebody said so.
    PlainHttp,
    /// By HTTPS everywhere.
    #[cfg(test)]
    Https,
}

impl Transport {
    fn protocol(self, reference: &ArtifactReference) -> ClientProtocol {
        match self {
            Self::PlainHttp => ClientProtocol::Http,
            Self::Default if reference.is_loopback() => ClientProtocol::Http,
            Self::Default => ClientProtocol::Https,
            #[cfg(test)]
            Self::Https => ClientProtocol::Https,
        }
    }
}

/// What came out of a registry.
#[derive(Debug)]
pub(crate) struct Pulled {
    /// The artifact.
    pub(crate) artifact: Artifact,
    /// The manifest's digest: `sha256:` and hexadecimal.
    pub(crate) manifest_digest: String,
    /// The types of layers beside the component, which were left in the registry.
    pub(crate) ignored: BTreeSet<String>,
}

/// One artifact's registry.
pub(crate) struct RegistryClient {
    client: Client,
    reference: ArtifactReference,
    found: Found,
    limits: RegistryConfig,
}

impl RegistryClient {
    /// For this artifact. `ca_file` holds authorities that are trusted beside the operating system's.
    ///
    /// # Errors
    /// [`RegistryError`] when credentials or authorities can't be read.
    pub(crate) fn new(
        reference: ArtifactReference,
        limits: &RegistryConfig,
        ca_file: Option<&Path>,
        transport: Transport,
    ) -> Result<Self, RegistryError> {
        let found = Found::for_registry(&reference)?;
        let authorities = ca_file.map(certificate_authorities).transpose()?.unwrap_or_default();
        let certificate = |der: &[u8]| Certificate { encoding: CertificateEncoding::Der, data: der.to_vec() };
        // reqwest takes the process's provider. Everything else here names its own, so nobody minds who is first.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let config = ClientConfig {
            protocol: transport.protocol(&reference),
            extra_root_certificates: authorities.iter().map(|found| certificate(found)).collect(),
            connect_timeout: Some(Duration::from_millis(limits.connect_ms)),
            read_timeout: Some(Duration::from_millis(limits.read_ms)),
            user_agent: concat!("bulkhead/", env!("CARGO_PKG_VERSION")),
            ..ClientConfig::default()
        };
        let client = Client::try_from(config).map_err(|error| RegistryError::Setup(error.to_string()))?;
        Ok(Self { client, reference, found, limits: limits.clone() })
    }

    /// What it is about.
    #[must_use]
    pub(crate) fn reference(&self) -> &ArtifactReference {
        &self.reference
    }

    /// Fetches the artifact and checks it against its digests.
    ///
    /// # Errors
    /// [`RegistryError`].
    pub(crate) async fn pull(&self) -> Result<Pulled, RegistryError> {
        let reference = self.reference.inner();
        let pulled = self.client.pull_manifest_raw(reference, &self.auth(), &MANIFESTS).await;
        let (manifest, _) = pulled.map_err(|error| self.explain(error))?;
        self.check_manifest(manifest.len() as u64)?;
        let no_wasm = |source| RegistryError::NotWasm { reference: self.reference.to_string(), source };
        let described = Described::read(&manifest).map_err(no_wasm)?;
        self.check_component(described.size)?;
        for media_type in &described.ignored {
            tracing::info!(reference = %self.reference, media_type, "a layer beside the component is ignored");
        }
        // The digest alone: a manifest may also name other places to take a layer from, and those are not asked.
        let blob = self.client.pull_blob_stream(reference, described.layer_digest.as_str()).await;
        let mut stream = blob.map_err(|error| self.explain(error))?.stream;
        let mut component = Vec::new();
        // It ends with an error when the digest is another one.
        while let Some(chunk) = stream.next().await {
            component.extend_from_slice(&chunk.map_err(|error| self.context().interrupted(&error))?);
            self.check_component(component.len() as u64)?;
        }
        if !Parser::is_component(&component) {
            return Err(no_wasm(NotWasm::NoBinary));
        }
        let Described { connector_toml, signature, ignored, .. } = described;
        let artifact = Artifact { component, connector_toml, signature };
        Ok(Pulled { artifact, manifest_digest: digest(&manifest), ignored })
    }

    /// Uploads an artifact, and gives its manifest's digest. `connector` is what its `connector.toml` says.
    ///
    /// # Errors
    /// [`RegistryError`].
    pub(crate) async fn push(
        &self,
        artifact: &Artifact,
        surface: &Surface,
        connector: Option<&ConnectorManifest>,
    ) -> Result<String, RegistryError> {
        if self.reference.is_pinned() {
            return Err(RegistryError::PushToDigest(self.reference.to_string()));
        }
        self.check_component(artifact.component.len() as u64)?;
        let layout = artifact.layout(surface, connector);
        self.check_manifest(layout.manifest.len() as u64)?;
        let reference = self.reference.inner();
        let explain = |error| self.explain(error);
        self.client.auth(reference, &self.auth(), RegistryOperation::Push).await.map_err(explain)?;
        let layer = artifact.component.clone();
        self.client.push_blob(reference, layer, &layout.layer_digest).await.map_err(explain)?;
        self.client.push_blob(reference, layout.config, &layout.config_digest).await.map_err(explain)?;
        let manifest_digest = digest(&layout.manifest);
        let media_type = HeaderValue::from_static(OCI_IMAGE_MEDIA_TYPE);
        self.client.push_manifest_raw(reference, layout.manifest, media_type).await.map_err(explain)?;
        Ok(manifest_digest)
    }

    fn auth(&self) -> RegistryAuth {
        self.found.credentials.as_ref().map_or(RegistryAuth::Anonymous, credentials::Credentials::auth)
    }

    fn context(&self) -> Context<'_> {
        let (credentials, has_helper) = (self.found.credentials.as_ref(), self.found.has_helper);
        Context { reference: &self.reference, credentials, has_helper }
    }

    fn explain(&self, error: OciDistributionError) -> RegistryError {
        self.context().explain(error)
    }

    fn check_component(&self, actual: u64) -> Result<(), RegistryError> {
        let limit = u64::from(self.limits.max_component_mib) << 20;
        self.check("a component", actual, limit, "registry.max_component_mib")
    }

    /// A manifest is in memory before it can be checked here: that of whoever the operator chose as a registry.
    fn check_manifest(&self, actual: u64) -> Result<(), RegistryError> {
        let limit = u64::from(self.limits.max_manifest_kib) << 10;
        self.check("a manifest", actual, limit, "registry.max_manifest_kib")
    }

    fn check(&self, what: &'static str, actual: u64, limit: u64, setting: &'static str) -> Result<(), RegistryError> {
        if actual <= limit {
            return Ok(());
        }
        Err(RegistryError::TooLarge { reference: self.reference.to_string(), what, actual, limit, setting })
    }
}
