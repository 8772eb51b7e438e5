//! Requests to other services: the port's suite, and TLS.

use std::net::SocketAddr;
use std::sync::Arc;

use bulkhead_kernel::http::{HttpClient as _, HttpError, HttpLimits};
use bulkhead_native_adapters::NativeHttpClient;
use bulkhead_testkit::{http_conformance, http_server};
use bytes::Bytes;
use http::{Request, StatusCode};
use rcgen::{CertificateParams, CertifiedIssuer, KeyPair};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio_rustls::{TlsAcceptor, TlsConnector};

/// A client that trusts these authorities alone.
fn client(authorities: &[CertificateDer<'static>]) -> NativeHttpClient {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(authorities.iter().cloned());
    let config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    NativeHttpClient::new(TlsConnector::from(Arc::new(config)))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_native_client_conforms() {
    let base = format!("http://{}", http_server::start());
    let results = http_conformance::run(&client(&[]), &base).await;
    let failures: Vec<_> = results.iter().filter(|case| case.failure.is_some()).collect();
    assert!(failures.is_empty(), "{failures:#?}");
    assert!(results.len() >= 9, "the suite has {} cases", results.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_listens() {
    let free = TcpListener::bind("127.0.0.1:0").await.expect("binds").local_addr().expect("an address");
    let request = Request::get(format!("http://{free}/")).body(Bytes::new()).expect("a request");
    let found = client(&[]).send(request, HttpLimits::default()).await;
    assert!(matches!(found, Err(HttpError::Unreachable(_))), "{found:?}");
}

/// A server by TLS for `localhost`, and its authority.
async fn secure() -> (SocketAddr, CertificateDer<'static>) {
    let mut params = CertificateParams::default();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("signs");
    let key = KeyPair::generate().expect("a key");
    let certificate = CertificateParams::new(vec!["localhost".to_owned()]).expect("a name");
    let certificate = certificate.signed_by(&key, &issuer).expect("signs");
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder().with_no_client_auth();
    let config = config.with_single_cert(vec![certificate.der().clone()], key).expect("a pair");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            // A client that does not trust the server goes away here.
            let Ok(mut stream) = acceptor.accept(client).await else { continue };
            let _ = stream.read(&mut [0; 1000]).await;
            let _ = stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await;
            let _ = stream.shutdown().await;
        }
    });
    (address, issuer.der().clone())
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_proves_the_host_by_its_name_or_nothing_is_sent() {
    let (address, authority) = secure().await;
    let (trusting, wary) = (client(&[authority]), client(&[]));
    let send = async |client: &NativeHttpClient, host: &str| {
        let request = Request::get(format!("https://{host}:{}/", address.port())).body(Bytes::new());
        client.send(request.expect("a request"), HttpLimits::default()).await
    };
    assert_eq!(send(&trusting, "localhost").await.map(|answer| answer.status()), Ok(StatusCode::NO_CONTENT));
    for refused in [send(&trusting, "127.0.0.1").await, send(&wary, "localhost").await] {
        assert!(refused.as_ref().is_err_and(HttpError::nothing_was_sent), "{refused:?}");
    }
}
