//! Why an artifact can't be pulled or pushed.

use std::error::Error;
use std::path::PathBuf;

use oci_client::errors::{DigestError, OciDistributionError, OciErrorCode};

use super::ArtifactReference;
use super::artifact::NotWasm;
use super::credentials::{Credentials, PASSWORD, USER};
use crate::sandbox::TlsSetupError;

/// What of a registry's own words is shown: characters.
const SHOWN: usize = 300;

/// Why an artifact can't be pulled or pushed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RegistryError {
    /// A reference is none.
    #[error(
        "this is no reference to an artifact; one is oci://REGISTRY/REPOSITORY[:TAG][@sha256:DIGEST], such as \
         oci://ghcr.io/acme/weather:1.0, in small letters and without a user or a password"
    )]
    InvalidReference,
    /// One can't push to a digest.
    #[error("{0}: what is pushed decides its own digest; give a tag alone")]
    PushToDigest(String),
    /// One of the two variables is set without the other.
    #[error("{set} is set, but {missing} is not; a registry needs both")]
    HalfCredentials {
        /// The variable that is set.
        set: &'static str,
        /// The one that is missing.
        missing: &'static str,
    },
    /// Docker's configuration can't be read.
    #[error("the registry credentials in {path} can't be read: {reason}")]
    DockerConfig {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The client can't be set up.
    #[error("requests to registries can't be set up: {0}")]
    Setup(String),
    /// TLS can't be set up.
    #[error(transparent)]
    Tls(#[from] TlsSetupError),
    /// Nobody answers, or not as a registry.
    #[error("the registry {registry} can't be reached: {reason}{hint}")]
    Unreachable {
        /// Its host.
        registry: String,
        /// Why.
        reason: String,
        /// What may help.
        hint: &'static str,
    },
    /// The registry wants to know who asks, or does not let them.
    #[error(
        "the registry {registry} refuses {who}. Set {USER} and {PASSWORD}, or log in with `docker login {registry}`{hint}"
    )]
    Unauthorized {
        /// Its host.
        registry: String,
        /// Whom.
        who: String,
        /// What may be in the way.
        hint: &'static str,
    },
    /// There is no such artifact.
    #[error("{reference}: the registry has no such artifact")]
    NotFound {
        /// What was asked for.
        reference: String,
    },
    /// It is another kind of artifact.
    #[error("{reference} is no Wasm artifact: {source}")]
    NotWasm {
        /// What was asked for.
        reference: String,
        /// What it is instead.
        source: NotWasm,
    },
    /// The content is not what its digest says.
    #[error("{reference}: the registry sent other content than {expected}; it is {actual}, and was not used")]
    Changed {
        /// What was asked for.
        reference: String,
        /// The digest that was asked for.
        expected: String,
        /// The digest of what came.
        actual: String,
    },
    /// It is larger than the operator allows.
    #[error(
        "{reference}: {what} of {actual} bytes exceeds the limit of {limit} bytes ({setting} in the configuration)"
    )]
    TooLarge {
        /// What was asked for.
        reference: String,
        /// What is too large.
        what: &'static str,
        /// Its size, as far as it is known.
        actual: u64,
        /// The limit.
        limit: u64,
        /// The setting that decides.
        setting: &'static str,
    },
    /// Anything else that the registry says.
    #[error("the registry {registry} can't do that: {message}")]
    Other {
        /// Its host.
        registry: String,
        /// Its words.
        message: String,
    },
}

/// What is needed to say what went wrong.
pub(super) struct Context<'a> {
    pub(super) reference: &'a ArtifactReference,
    pub(super) credentials: Option<&'a Credentials>,
    pub(super) has_helper: bool,
}

impl Context<'_> {
    /// An error of the client, in words for whoever typed the command.
    pub(super) fn explain(&self, error: OciDistributionError) -> RegistryError {
        match error {
            OciDistributionError::UnauthorizedError { .. }
            | OciDistributionError::AuthenticationFailure(_)
            | OciDistributionError::ServerError { code: 401 | 403, .. } => self.unauthorized(),
            OciDistributionError::ServerError { code: 404, .. } => self.not_found(),
            OciDistributionError::ServerError { code, message, .. } => {
                self.other(&format!("it answers with status {code}: {message}"))
            }
            OciDistributionError::RegistryError { envelope, .. } => {
                let is = |codes: &[OciErrorCode]| envelope.errors.iter().any(|error| codes.contains(&error.code));
                if is(&[OciErrorCode::Unauthorized, OciErrorCode::Denied]) {
                    self.unauthorized()
                } else if is(&[
                    OciErrorCode::ManifestUnknown,
                    OciErrorCode::NameUnknown,
                    OciErrorCode::NotFound,
                    OciErrorCode::BlobUnknown,
                    OciErrorCode::ManifestBlobUnknown,
                ]) {
                    self.not_found()
                } else {
                    self.other(&envelope.to_string())
                }
            }
            OciDistributionError::DigestError(error) => self.digest(&error),
            OciDistributionError::IoError(error) => self.interrupted(&error),
            OciDistributionError::RequestError(error) => self.unreachable(&error),
            other => self.other(&other.to_string()),
        }
    }

    /// An error in the middle of a body.
    pub(super) fn interrupted(&self, error: &std::io::Error) -> RegistryError {
        match error.get_ref().and_then(|inner| inner.downcast_ref::<DigestError>()) {
            Some(error) => self.digest(error),
            None => self.unreachable(error),
        }
    }

    fn digest(&self, error: &DigestError) -> RegistryError {
        match error {
            DigestError::VerificationError { expected, actual } => RegistryError::Changed {
                reference: self.reference.to_string(),
                expected: self.printable(expected),
                actual: self.printable(actual),
            },
            other => self.other(&other.to_string()),
        }
    }

    fn unreachable(&self, error: &dyn Error) -> RegistryError {
        let mut root = error;
        while let Some(source) = root.source() {
            root = source;
        }
        let reason = self.printable(&root.to_string());
        // What rustls says when the other side does not speak TLS.
        let plain = reason.contains("InvalidContentType");
        let hint = if plain { "; does it speak plain HTTP? --plain-http does so too, unprotected" } else { "" };
        RegistryError::Unreachable { registry: self.reference.registry().to_owned(), reason, hint }
    }

    fn unauthorized(&self) -> RegistryError {
        let who = match self.credentials {
            Some(credentials) => format!("the user {} with the password from {}", credentials.user, credentials.place),
            None => "whoever gives no credentials".to_owned(),
        };
        let hint = match self.has_helper && self.credentials.is_none() {
            true => " without a credential helper: those that Docker's configuration names are not asked",
            false => "",
        };
        RegistryError::Unauthorized { registry: self.reference.registry().to_owned(), who: self.printable(&who), hint }
    }

    fn not_found(&self) -> RegistryError {
        RegistryError::NotFound { reference: self.reference.to_string() }
    }

    fn other(&self, message: &str) -> RegistryError {
        RegistryError::Other { registry: self.reference.registry().to_owned(), message: self.printable(message) }
    }

    /// Words of somebody else: neither too many, nor anything that a terminal obeys, nor the password that they were sent.
    fn printable(&self, words: &str) -> String {
        let words = match self.credentials {
            Some(credentials) => credentials.hide_in(words),
            None => words.to_owned(),
        };
        words.chars().map(|c| if c.is_control() { ' ' } else { c }).take(SHOWN).collect()
    }
}
