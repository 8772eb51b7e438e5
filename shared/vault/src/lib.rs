//! The vault: secrets at rest.
//!
//! Each secret is encrypted with XChaCha20-Poly1305 under a random key of its own, the data key. The data key is wrapped
//! by HPKE (RFC 9180) for a [`KeyEncryptionKey`], which is kept outside of the database. Both ciphertexts are bound to the
//! organisation, the [`Scope`], the [`FieldName`] and the format, so that a row that is copied to another place can't be
//! opened there. Rotation only wraps data keys anew ([`rewrap`]); it never touches, nor sees, a secret.
//!
//! A key has two halves. [`SealingKey`] seals and can open nothing: it is what a function may be given that has to store a
//! token and has no business with any other. It is an X25519 public key and a pre-shared secret, so that whoever can
//! write to the database, and even knows the public key, can't make a row that opens. [`KeyRing`] opens.
//!
//! `envelope.rs` is the cryptography, `binding.rs` what ciphertexts are bound to, `key.rs` and `ring.rs` the keys; then one
//! file per use case, and the SQL in `store.rs`. For another kind of owner of secrets add a variant to [`Scope`].

mod binding;
mod envelope;
mod error;
mod key;
mod keys;
mod list;
mod model;
mod open;
mod put;
mod remove;
mod rewrap;
mod ring;
mod store;

pub use binding::Binding;
pub use envelope::{OpenError, Sealed};
pub use error::VaultError;
pub use key::{InvalidKey, KeyEncryptionKey, KeyId, SealingKey};
pub use keys::{KeyUsage, Retired, key_usage, register, retire};
pub use list::{list, list_scopes};
pub use model::{Author, FieldName, InvalidFieldName, InvalidScope, Scope, SecretEntry};
pub use open::{OpenedSecret, open};
pub use put::{DEFAULT_MAX_BYTES, NewSecret, put, put_error, put_steps};
pub use remove::{remove, remove_scope, remove_step};
pub use rewrap::{Failed, RewrapBatch, rewrap};
pub use ring::{InvalidKeyRing, KeyRing};
