//! The host's randomness.

use bulkhead_kernel::Entropy;

/// Asks the host for random bytes, fit for secrets.
#[derive(Clone, Copy, Debug, Default)]
pub struct SpinEntropy;

impl Entropy for SpinEntropy {
    #[expect(clippy::disallowed_methods, reason = "this is the adapter behind the port")]
    fn fill(&self, buffer: &mut [u8]) {
        // Without randomness every id and secret would be guessable: a trap is the only safe answer.
        getrandom::fill(buffer).expect("the host gives random bytes");
    }
}
