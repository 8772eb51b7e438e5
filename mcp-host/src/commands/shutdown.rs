//! When to stop.

/// Resolves at Ctrl-C (SIGINT) or SIGTERM.
#[cfg(unix)]
pub(super) async fn requested() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        // Without a handler SIGTERM ends the process at once, as it does by default.
        let _ = tokio::signal::ctrl_c().await;
        return;
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

/// Resolves at Ctrl-C.
#[cfg(not(unix))]
pub(super) async fn requested() {
    let _ = tokio::signal::ctrl_c().await;
}
