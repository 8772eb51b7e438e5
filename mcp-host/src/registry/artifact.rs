//! A connector as an artifact: the CNCF's layout for Wasm (<https://tag-runtime.cncf.io/wgs/wasm/deliverables/wasm-oci-artifact/>),
//! which wkg, Wassette and others read and write: a configuration of the type `application/vnd.wasm.config.v0+json`, and
//! one layer, the component.
//!
//! What makes a component a connector goes along in annotations of the manifest. A layer of its own would be the obvious
//! place, but the crate oci-wasm, and so wkg and Wassette's first versions, refuses an artifact that has more than one.
//! Wassette's later versions put a policy in a second one, and know more types of all of them. Such artifacts are read:
//! what counts is that exactly one layer is a component. The others are not even fetched, since what a connector may do
//! is said by its `connector.toml`.

use std::collections::{BTreeMap, BTreeSet};

use oci_client::manifest::{OCI_IMAGE_MEDIA_TYPE, OciDescriptor, OciImageManifest};
use serde_json::json;

use crate::compile_cache::sha256;
use crate::sandbox::{ConnectorManifest, Surface};

/// The type of the configuration.
const CONFIG: &str = "application/vnd.wasm.config.v0+json";
/// The type of the layer.
const LAYER: &str = "application/wasm";
/// What else others call the configuration: one of any OCI image.
const OTHER_CONFIG: &str = "application/vnd.oci.image.config.v1+json";
/// What else others call a layer that is a component.
const OTHER_LAYERS: [&str; 2] =
    ["application/vnd.wasm.component.v1", "application/vnd.bytecodealliance.wasm.component.layer.v0+wasm"];
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
    /// The types of the other layers.
    pub(super) ignored: BTreeSet<String>,
}

/// Why an artifact is no component.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotWasm {
    /// The manifest is no JSON.
    #[error("its manifest is not JSON")]
    NotJson,
    /// It is JSON of another shape.
    #[error("its manifest is none of OCI's: {0}")]
    NotOci(String),
    /// It lists other artifacts.
    #[error("it is an index of several artifacts; name one of them by its digest")]
    Index,
    /// Something else altogether.
    #[error("its configuration is of the type {0:?}, not {CONFIG}")]
    Config(String),
    /// There is nothing to run.
    #[error("none of its layers is a component, of the type {LAYER}; it has {}", shown(.0))]
    NoComponent(BTreeSet<String>),
    /// Which of them is meant is not said.
    #[error("{0} of its layers are components; exactly one can be meant")]
    SeveralComponents(usize),
    /// A size is none.
    #[error("its layer has a negative size")]
    NegativeSize,
    /// The layer is called a component, and is none.
    #[error("its layer is no WebAssembly component")]
    NoBinary,
}

fn shown(types: &BTreeSet<String>) -> String {
    const SHOWN: usize = 5;
    let listed: Vec<_> = types.iter().take(SHOWN).map(|media_type| format!("{media_type:?}")).collect();
    match types.len() {
        0 => "no layers".to_owned(),
        count if count > SHOWN => format!("{}, …", listed.join(", ")),
        _ => listed.join(", "),
    }
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
    /// [`NotWasm`].
    pub(super) fn read(manifest: &[u8]) -> Result<Self, NotWasm> {
        let value: serde_json::Value = serde_json::from_slice(manifest).map_err(|_| NotWasm::NotJson)?;
        if value.get("manifests").is_some() {
            return Err(NotWasm::Index);
        }
        let manifest: OciImageManifest =
            serde_json::from_value(value).map_err(|error| NotWasm::NotOci(error.to_string()))?;
        if ![CONFIG, OTHER_CONFIG].contains(&manifest.config.media_type.as_str()) {
            return Err(NotWasm::Config(manifest.config.media_type));
        }
        let is_component = |layer: &OciDescriptor| {
            let media_type = layer.media_type.as_str();
            media_type == LAYER || OTHER_LAYERS.contains(&media_type)
        };
        let (components, others): (Vec<_>, Vec<_>) = manifest.layers.into_iter().partition(is_component);
        let ignored = others.into_iter().map(|layer| layer.media_type).collect();
        let layer = match <[OciDescriptor; 1]>::try_from(components) {
            Ok([layer]) => layer,
            Err(none) if none.is_empty() => return Err(NotWasm::NoComponent(ignored)),
            Err(several) => return Err(NotWasm::SeveralComponents(several.len())),
        };
        let size = u64::try_from(layer.size).map_err(|_| NotWasm::NegativeSize)?;
        let mut annotations = manifest.annotations.unwrap_or_default();
        let (connector_toml, signature) = (annotations.remove(CONNECTOR_TOML), annotations.remove(SIGNATURE));
        Ok(Self { layer_digest: layer.digest, size, connector_toml, signature, ignored })
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
            assert_eq!(described.ignored, BTreeSet::new());
            assert_eq!(artifact.layout(&Surface::default(), None).manifest, layout.manifest);
        }
    }

    /// What is read of a changed manifest.
    fn read(change: &dyn Fn(&mut Value)) -> Result<Described, NotWasm> {
        let (mut manifest, _) = layout(&alone());
        change(&mut manifest);
        Described::read(manifest.to_string().as_bytes())
    }

    #[test]
    fn a_component_is_found_beside_layers_that_are_none() {
        let policy = json!({ "mediaType": "application/vnd.wasm.policy.v1+yaml", "digest": digest(b"x"), "size": 1 });
        let legacy = json!({ "mediaType": "application/vnd.wassette.policy+yaml", "digest": digest(b"y"), "size": 1 });
        // As Wassette writes them: before or after, under an image's configuration or Wasm's.
        for (config, before) in [(CONFIG, true), (OTHER_CONFIG, true), (OTHER_CONFIG, false)] {
            let described = read(&|m| {
                let component = m["layers"][0].clone();
                m["config"]["mediaType"] = json!(config);
                m["layers"] =
                    if before { json!([policy, legacy, component]) } else { json!([component, legacy, policy]) };
            });
            let described = described.expect("reads");
            assert_eq!((described.size, described.layer_digest), (4, digest(b"\0asm")));
            let ignored = ["application/vnd.wasm.policy.v1+yaml", "application/vnd.wassette.policy+yaml"];
            assert_eq!(described.ignored, ignored.map(str::to_owned).into());
        }
        for name in OTHER_LAYERS {
            assert!(read(&|m| m["layers"][0]["mediaType"] = json!(name)).is_ok(), "{name}");
        }
    }

    #[test]
    fn what_is_something_else_says_what() {
        let refused = |change: &dyn Fn(&mut Value)| read(change).expect_err("refused");
        let chart = "application/vnd.cncf.helm.config.v1+json";
        assert_eq!(refused(&|m| m["config"]["mediaType"] = json!(chart)), NotWasm::Config(chart.into()));
        let text = refused(&|m| m["layers"][0]["mediaType"] = json!("text/\u{1b}plain"));
        assert_eq!(text, NotWasm::NoComponent(["text/\u{1b}plain".to_owned()].into()));
        assert!(text.to_string().ends_with("it has \"text/\\u{1b}plain\""), "{text}");
        let none = refused(&|m| m["layers"] = json!([]));
        assert_eq!(none, NotWasm::NoComponent(BTreeSet::new()));
        assert!(none.to_string().ends_with("it has no layers"), "{none}");
        let many = |m: &mut Value| {
            let layer = |number| json!({ "mediaType": format!("text/{number}"), "digest": digest(b"x"), "size": 1 });
            m["layers"] = (0..6).map(layer).collect();
        };
        assert!(refused(&many).to_string().ends_with("\"text/4\", …"));
        let twice = |m: &mut Value| m["layers"] = json!([m["layers"][0], m["layers"][0]]);
        assert_eq!(refused(&twice), NotWasm::SeveralComponents(2));
        let differently = |m: &mut Value| {
            twice(m);
            m["layers"][1]["mediaType"] = json!(OTHER_LAYERS[0]);
        };
        assert_eq!(refused(&differently), NotWasm::SeveralComponents(2));
        assert_eq!(refused(&|m| m["layers"][0]["size"] = json!(-1)), NotWasm::NegativeSize);
        assert_eq!(refused(&|m| *m = json!({ "schemaVersion": 2, "manifests": [] })), NotWasm::Index);
        assert!(matches!(refused(&|m| *m = json!({})), NotWasm::NotOci(_)));
        assert_eq!(Described::read(b"<html>"), Err(NotWasm::NotJson));
    }
}
