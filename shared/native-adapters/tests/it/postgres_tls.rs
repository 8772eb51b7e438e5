//! PostgreSQL over TLS: a real server behind a door that ends TLS, as in front of many a hosted one.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bulkhead_kernel::sql::sql;
use bulkhead_native_adapters::{ConnectError, Options, connect};
use rcgen::{CertificateParams, CertifiedIssuer, KeyPair};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use url::Url;

/// What a client sends first when it wants TLS: a length of 8 and the code of an `SSLRequest`.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

#[expect(clippy::disallowed_methods, reason = "xtask tells tests where things are")]
fn server() -> Url {
    let url = std::env::var("BULKHEAD_TEST_POSTGRES_URL")
        .expect("BULKHEAD_TEST_POSTGRES_URL names a database for tests; `cargo xtask test` starts one");
    url.parse().expect("is a URL")
}

/// The door: its port, and how many clients came in through TLS.
struct Door {
    port: u16,
    entered: Arc<AtomicUsize>,
    folder: TempDir,
}

impl Door {
    /// Opens a door whose certificate is for `localhost`, by an authority of its own.
    async fn open() -> Self {
        let issuer = CertifiedIssuer::self_signed(authority(), KeyPair::generate().expect("a key")).expect("signs");
        let key = KeyPair::generate().expect("a key");
        let certificate = CertificateParams::new(vec!["localhost".to_owned()]).expect("a name");
        let certificate = certificate.signed_by(&key, &issuer).expect("signs");
        let folder = tempfile::tempdir().expect("a temporary folder");
        std::fs::write(folder.path().join("authority.pem"), issuer.pem()).expect("writes");

        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = ServerConfig::builder().with_no_client_auth();
        let config = config.with_single_cert(vec![certificate.der().clone()], key).expect("a pair");
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("binds");
        let port = listener.local_addr().expect("an address").port();
        let entered = Arc::new(AtomicUsize::new(0));
        let count = entered.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(admit(client, acceptor.clone(), count.clone()));
            }
        });
        Self { port, entered, folder }
    }

    /// The server's URL through the door.
    fn url(&self, host: &str, mode: &str, authority: bool) -> String {
        let mut url = server();
        url.set_host(Some(host)).expect("a host");
        url.set_port(Some(self.port)).expect("a port");
        url.query_pairs_mut().append_pair("sslmode", mode);
        if authority {
            url.query_pairs_mut().append_pair("sslrootcert", &self.authority().display().to_string());
        }
        url.into()
    }

    fn authority(&self) -> PathBuf {
        self.folder.path().join("authority.pem")
    }

    fn entered(&self) -> usize {
        self.entered.load(Ordering::SeqCst)
    }
}

fn authority() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    params
}

/// Demands TLS, and hands what comes through it to the real server.
async fn admit(mut client: TcpStream, acceptor: TlsAcceptor, entered: Arc<AtomicUsize>) -> std::io::Result<()> {
    let mut first = [0; 8];
    client.read_exact(&mut first).await?;
    if first != SSL_REQUEST {
        return Ok(());
    }
    client.write_all(b"S").await?;
    let mut client = acceptor.accept(client).await?;
    entered.fetch_add(1, Ordering::SeqCst);
    let server = server();
    let address = (server.host_str().expect("a host"), server.port().unwrap_or(5432));
    let mut server = TcpStream::connect(address).await?;
    copy_bidirectional(&mut client, &mut server).await.map(drop)
}

async fn answers(url: &str) -> Result<(), ConnectError> {
    let database = connect(url, &Options::default()).await?;
    database.migrate().await.expect("migrates");
    let row = database.sql().query_optional(sql("SELECT 1 AS n")).await.expect("reads").expect("a row");
    assert_eq!(row.get::<i64>("n"), Ok(1));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verified_server_is_used_through_tls() {
    let door = Door::open().await;
    answers(&door.url("localhost", "verify-full", true)).await.expect("connects");
    answers(&door.url("127.0.0.1", "verify-ca", true)).await.expect("the name is not looked at");
    assert!(door.entered() >= 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_without_verification_is_used_when_that_is_asked_for() {
    let door = Door::open().await;
    for mode in ["require", "prefer"] {
        let before = door.entered();
        answers(&door.url("127.0.0.1", mode, false)).await.expect("connects");
        assert!(door.entered() > before, "{mode}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_cannot_be_verified_is_refused() {
    let door = Door::open().await;
    let other = Door::open().await;
    let of_another =
        other.url("localhost", "verify-full", true).replace(&other.port.to_string(), &door.port.to_string());
    for (url, why) in [
        (door.url("localhost", "verify-full", false), "the authority is unknown"),
        (door.url("127.0.0.1", "verify-full", true), "the certificate is for another name"),
        (of_another, "the certificate is by another authority"),
    ] {
        assert!(matches!(answers(&url).await, Err(ConnectError::Server(_))), "{why}");
    }
    assert_eq!(door.entered(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_tls_is_refused_when_tls_is_demanded() {
    let mut url = server();
    url.query_pairs_mut().append_pair("sslmode", "require");
    assert!(matches!(answers(url.as_str()).await, Err(ConnectError::Server(_))));
}
