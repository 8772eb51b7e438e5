//! Who must have signed a connector: minisign's signatures (<https://jedisct1.github.io/minisign/>), beside the files.

use std::path::{Path, PathBuf};

use minisign_verify::{PublicKey, Signature};

/// Why a configuration of signatures, or a signed file, is refused.
#[derive(Debug, thiserror::Error)]
pub enum SignatureError {
    /// Signatures are demanded, and nobody's would do.
    #[error("sandbox.require_signature is true, but sandbox.trusted_keys names no key: nothing could be installed")]
    NoKeys,
    /// A key is none.
    #[error("sandbox.trusted_keys: {0:?} is not a minisign public key, which is the second line of a .pub file")]
    InvalidKey(String),
    /// There is no signature.
    #[error("{path} is not signed: sandbox.require_signature demands {signature}")]
    Unsigned {
        /// The file.
        path: PathBuf,
        /// The signature that it should have.
        signature: PathBuf,
    },
    /// The signature can't be read.
    #[error("{path}: {reason}")]
    Unreadable {
        /// The signature.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// It is of other bytes, or by somebody else.
    #[error("{path} was changed after it was signed, or none of sandbox.trusted_keys signed it")]
    Invalid {
        /// The file.
        path: PathBuf,
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

    /// Whether one of the keys signed exactly these bytes, which were read from this file.
    ///
    /// # Errors
    /// [`SignatureError`] when signatures are required and this one is missing or wrong.
    pub fn verify(&self, path: &Path, bytes: &[u8]) -> Result<(), SignatureError> {
        if !self.required {
            return Ok(());
        }
        let file = signature_of(path);
        let text = match std::fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(SignatureError::Unsigned { path: path.to_owned(), signature: file });
            }
            Err(error) => return Err(SignatureError::Unreadable { path: file, reason: error.to_string() }),
        };
        let signature = Signature::decode(&text)
            .map_err(|error| SignatureError::Unreadable { path: file, reason: error.to_string() })?;
        // The legacy form signs the file itself instead of its hash; minisign has not made it for years.
        let signed = self.keys.iter().any(|key| key.verify(bytes, &signature, false).is_ok());
        if signed { Ok(()) } else { Err(SignatureError::Invalid { path: path.to_owned() }) }
    }
}

/// Where a file's signature is.
#[must_use]
pub fn signature_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".minisig");
    name.into()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn fixture(name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/signed").join(name)
    }

    fn key(name: &str) -> String {
        fs::read_to_string(fixture(name)).expect("the key is there").trim().to_owned()
    }

    fn policy(keys: &[&str]) -> SignaturePolicy {
        let keys: Vec<String> = keys.iter().map(|name| key(name)).collect();
        SignaturePolicy::new(true, &keys).expect("keys")
    }

    #[test]
    fn what_a_trusted_key_signed_passes() {
        for name in ["component.wasm", "connector.toml"] {
            let bytes = fs::read(fixture(name)).expect("the file is there");
            policy(&["other.pub", "key.pub"]).verify(&fixture(name), &bytes).expect("is signed");
            let refused = policy(&["other.pub"]).verify(&fixture(name), &bytes);
            assert!(matches!(refused, Err(SignatureError::Invalid { .. })), "{refused:?}");
        }
    }

    #[test]
    fn any_changed_byte_is_noticed() {
        let file = fixture("component.wasm");
        let sound = fs::read(&file).expect("the file is there");
        for place in [0, sound.len() / 2, sound.len() - 1] {
            let mut changed = sound.clone();
            changed[place] ^= 1;
            let refused = policy(&["key.pub"]).verify(&file, &changed);
            assert!(matches!(refused, Err(SignatureError::Invalid { .. })), "{refused:?}");
        }
        // Another file's signature is none of this one.
        let other = fs::read(fixture("connector.toml")).expect("the file is there");
        assert!(policy(&["key.pub"]).verify(&file, &other).is_err());
    }

    #[test]
    fn what_has_no_signature_is_refused_where_one_is_required() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("component.wasm");
        let refused = policy(&["key.pub"]).verify(&file, b"x");
        assert!(matches!(refused, Err(SignatureError::Unsigned { .. })), "{refused:?}");
        fs::write(signature_of(&file), "hello").expect("writes");
        let refused = policy(&["key.pub"]).verify(&file, b"x");
        assert!(matches!(refused, Err(SignatureError::Unreadable { .. })), "{refused:?}");
        SignaturePolicy::new(false, &[key("key.pub")]).expect("keys").verify(&file, b"x").expect("is not required");
    }

    #[test]
    fn keys_that_are_none_are_refused() {
        assert!(matches!(SignaturePolicy::new(true, &[]), Err(SignatureError::NoKeys)));
        let refused = SignaturePolicy::new(false, &["nonsense".to_owned()]);
        assert!(matches!(refused, Err(SignatureError::InvalidKey(_))));
    }
}
