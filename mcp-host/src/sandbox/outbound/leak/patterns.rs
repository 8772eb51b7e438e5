//! The texts that are searched for.

use aho_corasick::automaton::{Automaton as _, StateID};
use aho_corasick::nfa::contiguous::NFA;
use aho_corasick::{Anchored, PatternID};
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use bulkhead_kernel::Secret;
use zeroize::Zeroizing;

use super::super::failure::OutboundError;

/// All ways in which the credentials of one call can be written that can be listed, as one automaton.
pub(in super::super) struct Patterns {
    automaton: NFA,
    /// The credential of each pattern, by its place in `names`.
    owners: Vec<usize>,
    names: Vec<String>,
    longest: usize,
    start: StateID,
}

/// Says nothing of the patterns: they are the secrets.
impl std::fmt::Debug for Patterns {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Patterns").field("names", &self.names).finish_non_exhaustive()
    }
}

impl Patterns {
    /// Of these credentials, by name. None of them is empty.
    pub(in super::super) fn new(secrets: &[(String, Secret)]) -> Self {
        let (mut texts, mut owners) = (Vec::new(), Vec::new());
        for (owner, (_, secret)) in secrets.iter().enumerate() {
            let spellings = spellings(secret.expose().as_bytes());
            owners.extend(spellings.iter().map(|_| owner));
            texts.extend(spellings);
        }
        let longest = texts.iter().map(|text| text.len()).max().unwrap_or_default();
        let built = NFA::builder().prefilter(false).build(texts.iter().map(|text| text.as_slice()));
        let automaton = built.expect("credentials are far from the billion states that are too many");
        let start = automaton.start_state(Anchored::No).expect("the automaton is built for unanchored searches");
        let names = secrets.iter().map(|(name, _)| name.clone()).collect();
        Self { automaton, owners, names, longest, start }
    }

    /// The length of the longest.
    pub(super) fn longest(&self) -> usize {
        self.longest
    }

    /// The state before the first byte.
    pub(super) fn start(&self) -> StateID {
        self.start
    }

    /// The state after one more byte, and which pattern ends there, if one does.
    pub(super) fn step(&self, state: &mut StateID, byte: u8) -> Option<PatternID> {
        *state = self.automaton.next_state(Anchored::No, *state, byte);
        let found = self.automaton.is_special(*state) && self.automaton.is_match(*state);
        found.then(|| self.automaton.match_pattern(*state, 0))
    }

    /// Which credential came back.
    pub(super) fn echoed(&self, found: PatternID) -> OutboundError {
        let owner = self.owners.get(found.as_usize()).copied().unwrap_or_default();
        OutboundError::CredentialEchoed(self.names.get(owner).cloned().unwrap_or_default())
    }
}

/// The secret as it is and as other alphabets write it.
fn spellings(secret: &[u8]) -> Vec<Zeroizing<Vec<u8>>> {
    // Names of headers come in lower case.
    let mut spellings = vec![secret.to_vec(), secret.to_ascii_lowercase()];
    // A form writes a space as a plus.
    spellings.push(secret.iter().map(|byte| if *byte == b' ' { b'+' } else { *byte }).collect());
    spellings.push(hex::encode(secret).into_bytes());
    spellings.push(hex::encode_upper(secret).into_bytes());
    for before in 0..3 {
        spellings.push(base64_within(&STANDARD_NO_PAD, before, secret));
        spellings.push(base64_within(&URL_SAFE_NO_PAD, before, secret));
    }
    spellings.into_iter().map(Zeroizing::new).collect()
}

/// The characters of a base64 text that the secret alone decides, when so many bytes (modulo 3) stand before it.
fn base64_within(alphabet: &impl base64::Engine, before: usize, secret: &[u8]) -> Vec<u8> {
    let mut bytes = Zeroizing::new(vec![0; before]);
    bytes.extend_from_slice(secret);
    let encoded = Zeroizing::new(alphabet.encode(bytes.as_slice()));
    // A character is six bits: the first is the first that begins in the secret, the last one the last that ends in it.
    let first = (before * 8).div_ceil(6);
    let last = bytes.len() * 8 / 6;
    encoded.as_bytes()[first..last].to_vec()
}
