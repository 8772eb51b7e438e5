//! Build, run, check and measure Bulkhead.
fn main() {}
