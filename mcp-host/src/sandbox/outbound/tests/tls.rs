//! TLS under the original name.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use tempfile::TempDir;
use tokio_rustls::TlsAcceptor;

use super::server::{Server, Step, ok};
use super::*;

/// An authority and the file that an operator would name.
pub(super) struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    folder: TempDir,
}

impl Authority {
    pub(super) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("parameters");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("an authority");
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("ca.pem"), issuer.pem()).expect("a file");
        Self { issuer, folder }
    }

    pub(super) fn file(&self) -> std::path::PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// A server with a certificate for this name.
    async fn server(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> Server {
        self.server_with(name, change, |_| vec![Step::Write(ok(b"secure"))]).await
    }

    /// A server with a certificate for this name that answers so.
    pub(super) async fn server_answering(
        &self,
        name: &str,
        answer: impl Fn(&str) -> Vec<Step> + Send + Sync + 'static,
    ) -> Server {
        self.server_with(name, |_| (), answer).await
    }

    async fn server_with(
        &self,
        name: &str,
        change: impl FnOnce(&mut CertificateParams),
        answer: impl Fn(&str) -> Vec<Step> + Send + Sync + 'static,
    ) -> Server {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(vec![name.to_owned()]).expect("parameters");
        change(&mut params);
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::Pkcs8(key.serialize_der().into()))
            .expect("a key for the certificate");
        Server::start_with(Some(TlsAcceptor::from(Arc::new(config))), answer).await
    }
}

/// A caller that finds the name at the server, and its URL.
fn at(name: &str, server: &Server, ca_file: &Path) -> (Caller, String) {
    let url = format!("https://{name}:{}/", server.address.port());
    let address = server.address.to_string();
    let answers = Answers::of(&[&[&address], &[&address]]);
    (Setup::at(&[&url]).resolver(answers).trusting(ca_file).bearer(&url).caller(), url)
}

#[tokio::test]
async fn a_certificate_by_the_operators_authority_for_the_original_name_is_accepted() {
    let authority = Authority::new();
    let server = authority.server("service.internal", |_| ()).await;
    let (mut caller, url) = at("service.internal", &server, &authority.file());
    assert_eq!(caller.get(&url).await.expect("a secure answer").text(), "secure");
    assert!(server.seen()[0].contains("authorization: Bearer"), "{:?}", server.seen());
}

#[tokio::test]
async fn an_address_is_a_name_too() {
    let authority = Authority::new();
    let server = authority.server("127.0.0.1", |_| ()).await;
    let (mut caller, url) = at("127.0.0.1", &server, &authority.file());
    assert_eq!(caller.get(&url).await.expect("a secure answer").text(), "secure");
}

#[tokio::test]
async fn a_certificate_that_does_not_fit_is_refused_before_anything_is_sent() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let past = |params: &mut CertificateParams| {
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(2021, 1, 1);
    };
    let future = |params: &mut CertificateParams| {
        params.not_before = rcgen::date_time_ymd(2900, 1, 1);
        params.not_after = rcgen::date_time_ymd(2901, 1, 1);
    };
    for (server, reason) in [
        (authority.server("other.internal", |_| ()).await, "not for this host"),
        (authority.server("127.0.0.1", |_| ()).await, "not for this host"),
        (authority.server("service.internal", past).await, "expired"),
        (authority.server("service.internal", future).await, "not valid yet"),
        (stranger.server("service.internal", |_| ()).await, "nobody who is trusted"),
    ] {
        let (mut caller, url) = at("service.internal", &server, &authority.file());
        let error = caller.get(&url).await.map(|whole| whole.text()).expect_err(reason);
        assert!(matches!(error, Error::TlsCertificateError), "{reason}: {error}");
        let told = format!("{:?}", caller.outbound.take_traffic().events);
        assert!(told.contains(reason) && !told.contains("other.internal"), "{reason}: {told}");
        assert!(server.seen().is_empty(), "{reason}: {:?}", server.seen());
    }
}

#[tokio::test]
async fn without_the_operators_authority_its_certificates_are_strangers() {
    let authority = Authority::new();
    let server = authority.server("service.internal", |_| ()).await;
    let url = format!("https://service.internal:{}/", server.address.port());
    let answers = Answers::of(&[&[&server.address.to_string()]]);
    let error = Setup::at(&[&url]).resolver(answers).caller().get(&url).await.map(|whole| whole.text());
    assert!(matches!(error, Err(Error::TlsCertificateError)), "{error:?}");
}

#[test]
fn a_file_of_authorities_that_is_none_is_refused_by_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("ca.pem");
    let refused = || OutboundClient::new(Some(&file), 1).map(drop).expect_err("refused").to_string();
    assert!(refused().contains("ca.pem"), "{}", refused());
    std::fs::write(&file, "no certificate").expect("a file");
    assert!(refused().contains("no PEM certificate"), "{}", refused());
    std::fs::write(&file, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").expect("a file");
    assert!(!refused().is_empty());
}
