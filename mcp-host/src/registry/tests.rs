//! What a registry can't be made to do by the system tests: TLS, and answers that no registry gives.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::*;

/// Answers every request over TLS with this, under a certificate of an authority that nobody knows, and gives the
/// registry's address and the authority's certificate.
async fn registry(answer: &'static str) -> (String, String) {
    let mut params = CertificateParams::new(Vec::new()).expect("parameters");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("an authority");
    let key = KeyPair::generate().expect("a key");
    let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).expect("parameters");
    let certificate = params.signed_by(&key, &issuer).expect("a certificate");
    let config = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::Pkcs8(key.serialize_der().into()))
        .expect("a key for the certificate");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let address = listener.local_addr().expect("it has an address").to_string();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(answer.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
    });
    (address, issuer.pem())
}

async fn pull(address: &str, ca_file: Option<&Path>) -> RegistryError {
    let reference = format!("oci://{address}/a:1").parse().expect("a reference");
    let client = RegistryClient::new(reference, &RegistryConfig::default(), ca_file, Transport::Https);
    client.expect("a client").pull().await.expect_err("there is nothing")
}

#[tokio::test]
async fn a_certificate_of_a_stranger_is_refused_and_one_of_the_operators_authority_is_not() {
    const MISSING: &str = "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    let (address, authority) = registry(MISSING).await;
    let error = pull(&address, None).await;
    let RegistryError::Unreachable { reason, .. } = &error else { panic!("{error:?}") };
    assert!(reason.contains("invalid peer certificate"), "{reason}");

    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, authority).expect("a file");
    let error = pull(&address, Some(&file)).await;
    assert!(matches!(error, RegistryError::NotFound { .. }), "{error:?}");
}

#[tokio::test]
async fn a_registry_without_tls_is_told_from_one_that_is_gone() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let address = listener.local_addr().expect("it has an address").to_string();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n").await;
        }
    });
    let error = pull(&address, None).await.to_string();
    assert!(error.contains("--plain-http"), "{error}");
}

#[tokio::test]
async fn what_a_registry_says_can_not_talk_to_the_terminal() {
    const ODD: &str = "HTTP/1.1 500 Odd\r\ncontent-length: 8\r\nconnection: close\r\n\r\n\x1b[2Jgone";
    let (address, authority) = registry(ODD).await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, authority).expect("a file");
    let error = pull(&address, Some(&file)).await.to_string();
    assert!(error.contains("500") && error.contains("gone") && !error.contains('\x1b'), "{error}");
}

#[test]
fn only_on_this_machine_or_when_told_so_nothing_is_protected() {
    let protocol = |text: &str, transport: Transport| transport.protocol(&text.parse().expect("a reference"));
    assert_eq!(protocol("oci://ghcr.io/a", Transport::Default), ClientProtocol::Https);
    assert_eq!(protocol("oci://10.0.0.1:5000/a", Transport::Default), ClientProtocol::Https);
    assert_eq!(protocol("oci://10.0.0.1:5000/a", Transport::PlainHttp), ClientProtocol::Http);
    assert_eq!(protocol("oci://127.0.0.1:5000/a", Transport::Default), ClientProtocol::Http);
}
