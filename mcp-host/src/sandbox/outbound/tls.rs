//! Step 7: TLS under the host's own name, trusting what the operating system trusts and what the operator added.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, IpAddr, ServerName};
use rustls::{CertificateError, ClientConfig};
use rustls_platform_verifier::Verifier;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use url::Host;

use super::failure::{OutboundError, TlsFault};

/// Why TLS can't be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsSetupError {
    /// The operator's file of authorities can't be used.
    #[error("[outbound] ca_file {path}: {message}")]
    CaFile {
        /// The file.
        path: PathBuf,
        /// Why.
        message: String,
    },
    /// The operating system's authorities can't be used.
    #[error(transparent)]
    Rustls(#[from] rustls::Error),
}

/// TLS as every outbound connection starts it, the host's own to an OAuth issuer among them.
pub(crate) fn connector(ca_file: Option<&Path>) -> Result<TlsConnector, TlsSetupError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let extra = ca_file.map(certificate_authorities).transpose()?.unwrap_or_default();
    let verifier = Verifier::new_with_extra_roots(extra, provider.clone())?;
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config).into())
}

/// The certificates of a file (PEM), of which there must be one.
pub(crate) fn certificate_authorities(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsSetupError> {
    let failed = |message: String| TlsSetupError::CaFile { path: path.to_owned(), message };
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
    let found: Vec<_> = read.map_err(|error| failed(error.to_string()))?;
    if found.is_empty() { Err(failed("it holds no PEM certificate".to_owned())) } else { Ok(found) }
}

/// Makes a connection secure. The server must prove to be this host, whatever address it was reached at.
pub(super) async fn secure(
    connector: &TlsConnector,
    host: &Host<String>,
    stream: TcpStream,
) -> Result<TlsStream<TcpStream>, OutboundError> {
    let name = match host {
        Host::Ipv4(address) => ServerName::IpAddress(IpAddr::from(std::net::IpAddr::V4(*address))),
        Host::Ipv6(address) => ServerName::IpAddress(IpAddr::from(std::net::IpAddr::V6(*address))),
        Host::Domain(name) => ServerName::try_from(name.clone()).map_err(|_| OutboundError::Tls(TlsFault::Name))?,
    };
    connector.connect(name, stream).await.map_err(|error| OutboundError::Tls(fault(&error)))
}

/// The kind of failure alone: rustls quotes the names in a certificate, and a server could write there what it was sent
/// on another connection.
fn fault(error: &std::io::Error) -> TlsFault {
    let Some(error) = error.get_ref().and_then(|error| error.downcast_ref::<rustls::Error>()) else {
        return TlsFault::Protocol;
    };
    match error {
        rustls::Error::InvalidCertificate(error) => match error {
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. } => TlsFault::Expired,
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => TlsFault::Name,
            _ => TlsFault::Untrusted,
        },
        rustls::Error::NoCertificatesPresented => TlsFault::Untrusted,
        _ => TlsFault::Protocol,
    }
}
