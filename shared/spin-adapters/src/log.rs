//! A function's log: lines on stderr, which the runtime collects under the component's id.

use tracing_subscriber::fmt;

/// Starts it, once an instance. The runtime knows the time; each line has its request's correlation id from the span.
pub(crate) fn start() {
    let subscriber = fmt().with_writer(std::io::stderr).with_ansi(false).without_time().with_target(false).finish();
    // The error means that it has been started, for an earlier request.
    let _ = tracing::subscriber::set_global_default(subscriber);
}
