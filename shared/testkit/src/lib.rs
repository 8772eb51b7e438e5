//! What tests share: fakes of the kernel's ports, and the suite that every adapter of a port passes.
//!
//! It runs natively and inside a Spin function, so it does no I/O of its own and does not panic: a failure is a
//! [`sql_conformance::CaseResult`]. To add a case, write one `async fn` in a file of `sql_conformance` and name it in
//! that file's list; to add a port, add its fake here and a suite that the fake passes too.
//!
//! Behind the feature `functions`, and natively only, is what drives a function's router over a real database.

pub mod clock;
pub mod entropy;
pub mod fake_http;
#[cfg(feature = "functions")]
pub mod functions;
pub mod http_conformance;
#[cfg(not(target_family = "wasm"))]
pub mod http_server;
#[cfg(feature = "functions")]
pub mod jobs;
pub mod sql_conformance;

pub use clock::ManualClock;
pub use entropy::SeededEntropy;
pub use fake_http::FakeHttp;
