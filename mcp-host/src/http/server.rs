//! The listening socket.

use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;

/// Why the port can't be served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Another process listens there.
    #[error("{0} is in use by another process; stop it, or choose another address with --listen")]
    InUse(SocketAddr),
    /// The address can't be listened on.
    #[error("can't listen on {address}: {source}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// Why.
        source: std::io::Error,
    },
    /// The socket broke.
    #[error("the listening socket failed: {0}")]
    Serve(#[from] std::io::Error),
}

/// Takes the port.
///
/// # Errors
/// [`ServeError`] when it can't be had.
pub async fn bind(address: SocketAddr) -> Result<TcpListener, ServeError> {
    TcpListener::bind(address).await.map_err(|source| match source.kind() {
        std::io::ErrorKind::AddrInUse => ServeError::InUse(address),
        _ => ServeError::Bind { address, source },
    })
}

/// Serves until `stop` resolves, then until the open requests are answered, but not longer than `patience`.
///
/// # Errors
/// [`ServeError::Serve`] when the socket breaks.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    stop: impl Future<Output = ()> + Send + 'static,
    patience: Duration,
) -> Result<(), ServeError> {
    // Without it the last part of an answer waits for the client's delayed acknowledgement.
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY could not be set");
        }
    });
    let (stopping, stopped) = tokio::sync::oneshot::channel();
    let signal = async move {
        stop.await;
        // Whoever waits for it may be gone.
        let _ = stopping.send(());
    };
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let server = axum::serve(listener, service).with_graceful_shutdown(signal).into_future();
    tokio::select! {
        served = server => Ok(served?),
        () = async {
            let _ = stopped.await;
            tokio::time::sleep(patience).await;
        } => {
            tracing::warn!("some requests were still open");
            Ok(())
        }
    }
}
