//! A way to the server that counts.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

/// Passes connections on to a server, and counts how often a client waits for it.
pub(crate) struct Proxy {
    /// The database's URL, by way of this.
    pub(crate) url: String,
    count: Arc<AtomicU64>,
}

impl Proxy {
    /// A way to the database of this URL.
    pub(crate) async fn start(url: &str) -> Self {
        let server = url::Url::parse(url).expect("a URL");
        let target = format!("{}:{}", server.host_str().expect("a host"), server.port().unwrap_or(5432));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("listens");
        let mut own = server.clone();
        own.set_host(Some("127.0.0.1")).expect("a host");
        own.set_port(Some(listener.local_addr().expect("an address").port())).expect("a port");
        own.set_query(Some("sslmode=disable"));
        let count = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&count);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(&target).await.expect("connects");
                client.set_nodelay(true).and_then(|()| server.set_nodelay(true)).expect("sockets");
                let (from_client, mut to_client) = client.into_split();
                let (mut from_server, to_server) = server.into_split();
                tokio::spawn(async move { tokio::io::copy(&mut from_server, &mut to_client).await });
                tokio::spawn(pass(from_client, to_server, Arc::clone(&counted)));
            }
        });
        Self { url: own.to_string(), count }
    }

    /// How often clients have waited for the server so far, for anything but to be let in.
    pub(crate) fn round_trips(&self) -> u64 {
        self.count.load(Ordering::SeqCst)
    }
}

/// Passes on the messages of a client. It waits after `Sync` and after a simple `Query`.
async fn pass(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, count: Arc<AtomicU64>) -> std::io::Result<()> {
    // The first message has no type.
    let mut kind = Vec::new();
    loop {
        let length = from.read_u32().await?;
        if matches!(kind[..], [b'S' | b'Q']) {
            count.fetch_add(1, Ordering::SeqCst);
        }
        let mut message = std::mem::take(&mut kind);
        message.extend(length.to_be_bytes());
        let start = message.len();
        message.resize(start + length as usize - 4, 0);
        from.read_exact(&mut message[start..]).await?;
        to.write_all(&message).await?;
        kind.push(from.read_u8().await?);
    }
}
