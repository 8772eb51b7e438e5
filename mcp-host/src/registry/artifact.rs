//! A connector as an artifact: the CNCF's layout for Wasm (<https://tag-runtime.cncf.io/wgs/wasm/deliverables/wasm-oci-artifact/>),
//! which wkg, Wassette and others read and write: a configuration of the type `application/vnd.wasm.config.v0+json`, and
//! one layer, the component.
//!
//! What makes a component a connector goes along in annotations of the manifest. A layer of its own would be the obvious
//! place, but those tools refuse an artifact that has more than one.

use std::collections::BTreeMap;

use oci_client::manifest::{OCI_IMAGE_MEDIA_TYPE, OciDescriptor, OciImageManifest};
use serde_json::json;

use crate::compile_cache::sha256;
use crate::sandbox::{ConnectorManifest, Surface};

/// The type of the configuration.
const CONFIG: &str = "application/vnd.wasm.config.v0+json";
/// The type of the layer.
const LAYER: &str = "application/wasm";
/// The annotation with `connector.toml`.
const CONNECTOR_TOML: &str = "bulkhead.connector.toml";
/// The annotation with minisign's signature of component and `connector.toml`.
const SIGNATURE: &str = "bulkhead.connector.minisig";

/// A connector on its way to or from a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Artifact {
    /// The component.
    pub(crate) component: Vec<u8>,
    /// `connector.toml`; none with a component that knows nothing of Bulkhead.
    pub(crate) connector_toml: Option<String>,
    /// minisign's signature of both.
    pub(crate) signature: Option<String>,
}

/// What a registry is sent: the layer is the component itself.
pub(super) struct Layout {
    pub(super) config: Vec<u8>,
    pub(super) config_digest: String,
    pub(super) layer_digest: String,
    pub(super) manifest: Vec<u8>,
}

/// What a registry's manifest says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Described {
    pub(super) layer_digest: String,
    /// Of the layer: bytes.
    pub(super) size: u64,
    pub(super) connector_toml: Option<String>,
    pub(super) signature: Option<String>,
}

/// SHA-256 as registries write it.
pub(super) fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", sha256(bytes))
}

impl Artifact {
    /// How it lies in a registry. The same connector always gives the same manifest, and so the same digest.
    pub(super) fn layout(&self, surface: &Surface, connector: Option<&ConnectorManifest>) -> Layout {
        let layer_digest = digest(&self.component);
        let config = json!({
            // When it was pushed says nothing of what it is, and would change the digest.
            "created": "1970-01-01T00:00:00Z",
            "architecture": "wasm",
            "os": "wasip2",
            "layerDigests": [layer_digest],
            "component": { "exports": surface.exports(), "imports": surface.imports() },
        });
        let config = config.to_string().into_bytes();
        let config_digest = digest(&config);
        let descriptor = |media_type: &str, digest: &str, bytes: &[u8]| OciDescriptor {
            media_type: media_type.to_owned(),
            digest: digest.to_owned(),
            size: i64::try_from(bytes.len()).unwrap_or(i64::MAX),
            ..OciDescriptor::default()
        };
        let mut annotations = BTreeMap::new();
        let mut annotate = |key: &str, value: Option<&String>| {
            annotations.extend(value.map(|value| (key.to_owned(), value.clone())));
        };
        annotate(CONNECTOR_TOML, self.connector_toml.as_ref());
        annotate(SIGNATURE, self.signature.as_ref());
        annotate("org.opencontainers.image.title", connector.map(|connector| &connector.name));
        annotate("org.opencontainers.image.version", connector.map(|connector| &connector.version));
        annotate("org.opencontainers.image.description", connector.map(|connector| &connector.description));
        let manifest = OciImageManifest {
            media_type: Some(OCI_IMAGE_MEDIA_TYPE.to_owned()),
            config: descriptor(CONFIG, &config_digest, &config),
            layers: vec![descriptor(LAYER, &layer_digest, &self.component)],
            annotations: (!annotations.is_empty()).then_some(annotations),
            ..OciImageManifest::default()
        };
        let manifest = json!(manifest).to_string().into_bytes();
        Layout { config, config_digest, layer_digest, manifest }
    }
}

impl Described {
    /// Reads a manifest.
    ///
    /// # Errors
    /// Why it is no Wasm artifact.
    pub(super) fn read(manifest: &[u8]) -> Result<Self, String> {
        let value: serde_json::Value =
            serde_json::from_slice(manifest).map_err(|_| "its manifest is not JSON".to_owned())?;
        if value.get("manifests").is_some() {
            return Err("it is an index of several artifacts; name one of them by its digest".to_owned());
        }
        let manifest: OciImageManifest =
            serde_json::from_value(value).map_err(|error| format!("its manifest is none of OCI's: {error}"))?;
        if manifest.config.media_type != CONFIG {
            let found = manifest.config.media_type;
            return Err(format!("its configuration is of the type {found:?}, not {CONFIG}"));
        }
        let layer = match <[OciDescriptor; 1]>::try_from(manifest.layers) {
            Ok([layer]) if layer.media_type == LAYER => layer,
            Ok([layer]) => return Err(format!("its layer is of the type {:?}, not {LAYER}", layer.media_type)),
            Err(layers) => return Err(format!("it has {} layers; a component is exactly one", layers.len())),
        };
        let size = u64::try_from(layer.size).map_err(|_| "its layer has a negative size".to_owned())?;
        let mut annotations = manifest.annotations.unwrap_or_default();
        let (connector_toml, signature) = (annotations.remove(CONNECTOR_TOML), annotations.remove(SIGNATURE));
        Ok(Self { layer_digest: layer.digest, size, connector_toml, signature })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn layout(artifact: &Artifact) -> (Value, Value) {
        let layout = artifact.layout(&Surface::default(), None);
        let read = |bytes: &[u8]| serde_json::from_slice(bytes).expect("JSON");
        (read(&layout.manifest), read(&layout.config))
    }

    fn alone() -> Artifact {
        Artifact { component: b"\0asm".to_vec(), connector_toml: None, signature: None }
    }

    #[test]
    fn the_layout_is_that_of_the_cncf() {
        let (manifest, config) = layout(&alone());
        assert_eq!(manifest["schemaVersion"], 2);
        assert_eq!(manifest["mediaType"], "application/vnd.oci.image.manifest.v1+json");
        assert_eq!(manifest["config"]["mediaType"], CONFIG);
        assert_eq!(manifest["config"]["size"], config.to_string().len());
        assert_eq!(manifest["layers"].as_array().map(Vec::len), Some(1));
        let layer = &manifest["layers"][0];
        assert_eq!((&layer["mediaType"], &layer["size"]), (&json!(LAYER), &json!(4)));
        assert_eq!(layer["digest"], digest(b"\0asm"));
        assert_eq!(config["layerDigests"], json!([digest(b"\0asm")]));
        assert_eq!((&config["architecture"], &config["os"]), (&json!("wasm"), &json!("wasip2")));
        assert_eq!(config["component"], json!({ "exports": [], "imports": [] }));
        assert!(manifest.get("annotations").is_none());
    }

    #[test]
    fn what_is_written_is_read() {
        let whole =
            Artifact { connector_toml: Some("slug = \"a\"\n".into()), signature: Some("s\n".into()), ..alone() };
        for artifact in [alone(), whole] {
            let layout = artifact.layout(&Surface::default(), None);
            let described = Described::read(&layout.manifest).expect("reads");
            assert_eq!((described.size, &described.layer_digest), (4, &layout.layer_digest));
            assert_eq!(described.connector_toml, artifact.connector_toml);
            assert_eq!(described.signature, artifact.signature);
            assert_eq!(artifact.layout(&Surface::default(), None).manifest, layout.manifest);
        }
    }

    #[test]
    fn what_is_something_else_says_what() {
        let refused = |change: &dyn Fn(&mut Value)| {
            let (mut manifest, _) = layout(&alone());
            change(&mut manifest);
            Described::read(manifest.to_string().as_bytes()).expect_err("refused")
        };
        let image = "application/vnd.oci.image.config.v1+json";
        assert!(refused(&|m| m["config"]["mediaType"] = json!(image)).contains(image));
        assert!(refused(&|m| m["layers"][0]["mediaType"] = json!("text/plain")).contains("text/plain"));
        assert!(refused(&|m| m["layers"] = json!([])).contains("0 layers"));
        let twice = |m: &mut Value| m["layers"] = json!([m["layers"][0], m["layers"][0]]);
        assert!(refused(&twice).contains("2 layers"));
        assert!(refused(&|m| m["layers"][0]["size"] = json!(-1)).contains("negative"));
        assert!(refused(&|m| *m = json!({ "schemaVersion": 2, "manifests": [] })).contains("index"));
        assert!(refused(&|m| *m = json!({})).contains("none of OCI's"));
        assert!(Described::read(b"<html>").expect_err("refused").contains("not JSON"));
    }
}
