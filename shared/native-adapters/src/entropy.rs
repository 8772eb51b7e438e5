//! The operating system's randomness.

use bulkhead_kernel::Entropy;

/// Asks the operating system for random bytes, fit for secrets.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsEntropy;

impl Entropy for OsEntropy {
    #[expect(clippy::disallowed_methods, reason = "this is the adapter behind the port")]
    fn fill(&self, buffer: &mut [u8]) {
        // Without randomness every id and secret would be guessable: stopping is the only safe answer.
        getrandom::fill(buffer).expect("the operating system gives random bytes");
    }
}
