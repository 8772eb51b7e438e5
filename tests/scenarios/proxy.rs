//! A way to a server that can be cut.

use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};

/// Forwards connections to a PostgreSQL server until it is cut.
pub(crate) struct Proxy {
    url: String,
    own: String,
    server: String,
    forwarding: JoinHandle<()>,
}

impl Proxy {
    /// Starts one before the server of this URL.
    pub(crate) async fn to_server_of(url: &str) -> Self {
        let (before, rest) = url.rsplit_once('@').expect("the URL has a password");
        let (server, name) = rest.split_once('/').expect("the URL names a database");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let own = listener.local_addr().expect("it has an address").to_string();
        let forwarding = tokio::spawn(forward(listener, server.to_owned()));
        Self { url: format!("{before}@{own}/{name}"), own, server: server.to_owned(), forwarding }
    }

    /// The URL that leads through here.
    pub(crate) fn url(&self) -> String {
        self.url.clone()
    }

    /// Drops every connection and takes no more.
    pub(crate) fn cut(&mut self) {
        self.forwarding.abort();
    }

    /// Forwards again.
    pub(crate) async fn mend(&mut self) {
        let listener = TcpListener::bind(&self.own).await.expect("the port is still free");
        self.forwarding = tokio::spawn(forward(listener, self.server.clone()));
    }
}

async fn forward(listener: TcpListener, server: String) {
    // They end with this set.
    let mut connections = JoinSet::new();
    while let Ok((mut client, _)) = listener.accept().await {
        let server = server.clone();
        connections.spawn(async move {
            if let Ok(mut upstream) = TcpStream::connect(server).await {
                let _ = tokio::io::copy_bidirectional(&mut client, &mut upstream).await;
            }
        });
    }
}
