//! When to stop.

/// Ctrl-C (SIGINT) and SIGTERM, which from now on no longer end the process at once.
pub(super) struct Signals {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
}

impl Signals {
    /// Takes the signals over.
    ///
    /// # Errors
    /// When the system refuses.
    #[cfg(unix)]
    pub(super) fn install() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Resolves at the first of them.
    #[cfg(unix)]
    pub(super) async fn requested(mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }

    /// Ctrl-C is taken over when it is waited for.
    #[cfg(not(unix))]
    pub(super) fn install() -> std::io::Result<Self> {
        Ok(Self {})
    }

    /// Resolves at Ctrl-C.
    #[cfg(not(unix))]
    pub(super) async fn requested(self) {
        // Without a handler Ctrl-C ends the process at once, as it does by default.
        let _ = tokio::signal::ctrl_c().await;
    }
}
