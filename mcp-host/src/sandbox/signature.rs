//! Who must have signed a connector: a signature of minisign (<https://jedisct1.github.io/minisign/>) of both its files.
//!
//! What is signed is what `sha256sum component.wasm connector.toml` prints, so that neither file can be exchanged for
//! another one by the same author, and no tool is needed but minisign's own. The list itself is not kept: it is made of
//! the files that were read.

use std::path::{Path, PathBuf};

use minisign_verify::{PublicKey, Signature};

use super::package::{COMPONENT, MANIFEST};
use crate::compile_cache::sha256;

/// The signature's name in a connector's folder.
pub const SIGNATURE: &str = "SHA256SUMS.minisig";

/// Why a configuration of signatures, or a signed connector, is refused.
#[derive(Debug, thiserror::Error)]
pub enum SignatureError {
    /// Signatures are demanded, and nobody's would do.
    #[error("sandbox.require_signature is true, but sandbox.trusted_keys names no key: nothing could be installed")]
    NoKeys,
    /// A key is none.
    #[error("sandbox.trusted_keys: {0:?} is not a minisign public key, which is the second line of a .pub file")]
    InvalidKey(String),
    /// There is no signature.
    #[error("{place} is not signed: sandbox.require_signature demands {SIGNATURE} beside its files")]
    Unsigned {
        /// The folder or reference.
        place: PathBuf,
    },
    /// The signature can't be read.
    #[error("{place}: {SIGNATURE}: {reason}")]
    Unreadable {
        /// The folder or reference.
        place: PathBuf,
        /// Why.
        reason: String,
    },
    /// It is of other bytes, or by somebody else.
    #[error(
        "{place}: {COMPONENT} or {MANIFEST} was changed after they were signed together, or none of sandbox.trusted_keys \
         signed them"
    )]
    Invalid {
        /// The folder or reference.
        place: PathBuf,
    },
}

/// Whose signatures a connector needs.
#[derive(Clone, Default)]
pub struct SignaturePolicy {
    required: bool,
    keys: Vec<PublicKey>,
}

impl SignaturePolicy {
    /// Whether signatures are required, and by whom: each key as the second line of minisign's `.pub` file.
    ///
    /// # Errors
    /// [`SignatureError::InvalidKey`], and [`SignatureError::NoKeys`] when they are required of nobody.
    pub fn new(required: bool, trusted_keys: &[String]) -> Result<Self, SignatureError> {
        let parse = |key: &String| PublicKey::from_base64(key).map_err(|_| SignatureError::InvalidKey(key.clone()));
        let keys = trusted_keys.iter().map(parse).collect::<Result<Vec<_>, _>>()?;
        if required && keys.is_empty() {
            return Err(SignatureError::NoKeys);
        }
        Ok(Self { required, keys })
    }

    /// Whether connectors must be signed.
    #[must_use]
    pub fn is_required(&self) -> bool {
        self.required
    }

    /// Whether one of the keys signed exactly these two files together. `place` is where they come from, for errors.
    ///
    /// # Errors
    /// [`SignatureError`] when signatures are required and this one is missing or wrong.
    pub fn verify(
        &self,
        place: &Path,
        component: &[u8],
        manifest: &[u8],
        signature: Option<&str>,
    ) -> Result<(), SignatureError> {
        if !self.required {
            return Ok(());
        }
        let place = place.to_owned();
        let Some(text) = signature else { return Err(SignatureError::Unsigned { place }) };
        let signature = match Signature::decode(text) {
            Ok(signature) => signature,
            Err(error) => return Err(SignatureError::Unreadable { place, reason: error.to_string() }),
        };
        let signed = checksums(component, manifest);
        // The legacy form signs the file itself instead of its hash; minisign has not made it for years.
        let good = self.keys.iter().any(|key| key.verify(signed.as_bytes(), &signature, false).is_ok());
        if good { Ok(()) } else { Err(SignatureError::Invalid { place }) }
    }
}

/// What `sha256sum component.wasm connector.toml` prints.
fn checksums(component: &[u8], manifest: &[u8]) -> String {
    let line = |name: &str, bytes: &[u8]| format!("{}  {name}\n", sha256(bytes));
    [line(COMPONENT, component), line(MANIFEST, manifest)].concat()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// The two files of a connector and their signature, by the same key as every other one's here.
    struct Signed {
        component: Vec<u8>,
        manifest: Vec<u8>,
        signature: String,
    }

    fn fixture(name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures").join(name)
    }

    fn signed(folder: &str) -> Signed {
        let folder = fixture(folder);
        Signed {
            component: fs::read(folder.join(COMPONENT)).expect("the component is there"),
            manifest: fs::read(folder.join(MANIFEST)).expect("the manifest is there"),
            signature: fs::read_to_string(folder.join(SIGNATURE)).expect("the signature is there"),
        }
    }

    fn key(name: &str) -> String {
        fs::read_to_string(fixture("signed").join(name)).expect("the key is there").trim().to_owned()
    }

    fn verify(keys: &[&str], component: &[u8], manifest: &[u8], signature: Option<&str>) -> Result<(), SignatureError> {
        let keys: Vec<String> = keys.iter().map(|name| key(name)).collect();
        let policy = SignaturePolicy::new(true, &keys).expect("keys");
        policy.verify(Path::new("here"), component, manifest, signature)
    }

    #[test]
    fn what_is_signed_is_what_sha256sum_prints() {
        let expected = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881  component.wasm\n\
                        e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  connector.toml\n";
        assert_eq!(checksums(b"x", b""), expected);
    }

    #[test]
    fn what_a_trusted_key_signed_passes() {
        for folder in ["signed", "signed-wider"] {
            let Signed { component, manifest, signature } = signed(folder);
            verify(&["other.pub", "key.pub"], &component, &manifest, Some(&signature)).expect("is signed");
            let refused = verify(&["other.pub"], &component, &manifest, Some(&signature));
            assert!(matches!(refused, Err(SignatureError::Invalid { .. })), "{refused:?}");
        }
    }

    #[test]
    fn any_changed_byte_of_either_file_is_noticed() {
        let Signed { component, manifest, signature } = signed("signed");
        let changed = |bytes: &[u8], place: usize| {
            let mut changed = bytes.to_vec();
            changed[place] ^= 1;
            changed
        };
        for place in [0, component.len() / 2, component.len() - 1] {
            let refused = verify(&["key.pub"], &changed(&component, place), &manifest, Some(&signature));
            assert!(matches!(refused, Err(SignatureError::Invalid { .. })), "{refused:?}");
        }
        for place in [0, manifest.len() / 2, manifest.len() - 1] {
            let refused = verify(&["key.pub"], &component, &changed(&manifest, place), Some(&signature));
            assert!(matches!(refused, Err(SignatureError::Invalid { .. })), "{refused:?}");
        }
    }

    #[test]
    fn files_that_were_signed_apart_are_not_signed_together() {
        let (one, wider) = (signed("signed"), signed("signed-wider"));
        for signature in [&one.signature, &wider.signature] {
            for (component, manifest) in [(&one.component, &wider.manifest), (&wider.component, &one.manifest)] {
                let refused = verify(&["key.pub"], component, manifest, Some(signature));
                assert!(matches!(refused, Err(SignatureError::Invalid { .. })), "{refused:?}");
            }
        }
    }

    #[test]
    fn what_has_no_signature_is_refused_where_one_is_required() {
        let refused = verify(&["key.pub"], b"x", b"y", None);
        assert!(matches!(refused, Err(SignatureError::Unsigned { .. })), "{refused:?}");
        let refused = verify(&["key.pub"], b"x", b"y", Some("hello"));
        assert!(matches!(refused, Err(SignatureError::Unreadable { .. })), "{refused:?}");
        let policy = SignaturePolicy::new(false, &[key("key.pub")]).expect("keys");
        policy.verify(Path::new("here"), b"x", b"y", None).expect("is not required");
    }

    #[test]
    fn keys_that_are_none_are_refused() {
        assert!(matches!(SignaturePolicy::new(true, &[]), Err(SignatureError::NoKeys)));
        let refused = SignaturePolicy::new(false, &["nonsense".to_owned()]);
        assert!(matches!(refused, Err(SignatureError::InvalidKey(_))));
    }
}
