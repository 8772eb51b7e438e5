//! Randomness that is the same in every run.

use std::sync::atomic::{AtomicU64, Ordering};

use bulkhead_kernel::Entropy;

/// SplitMix64 from a seed: different on every call, the same in every run, and no secret.
#[derive(Debug)]
pub struct SeededEntropy(AtomicU64);

impl SeededEntropy {
    /// Starts at a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }
}

impl Default for SeededEntropy {
    fn default() -> Self {
        Self::new(1)
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        for chunk in buffer.chunks_mut(8) {
            let mut word = self.0.fetch_add(STEP, Ordering::SeqCst).wrapping_add(STEP);
            word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            chunk.copy_from_slice(&(word ^ (word >> 31)).to_le_bytes()[..chunk.len()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bulkhead_kernel::entropy::bytes;

    #[test]
    fn a_seed_gives_the_same_bytes_and_no_two_calls_alike() {
        let (one, other) = (SeededEntropy::new(7), SeededEntropy::new(7));
        let first: [u8; 20] = bytes(&one);
        assert_eq!(first, bytes::<20>(&other));
        assert_ne!(first, bytes::<20>(&one));
        assert_ne!(first, bytes::<20>(&SeededEntropy::new(8)));
    }
}
