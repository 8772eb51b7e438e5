use super::*;

/// Which keys of a set may be used.
fn usable(keys: &[Value]) -> usize {
    set(keys).len()
}

fn changed(jwk: &Value, name: &str, value: Value) -> Value {
    let mut jwk = jwk.clone();
    jwk[name] = value;
    jwk
}

#[test]
fn keys_for_something_else_are_left_out() {
    let key = Signer::ed25519("k").jwk;
    assert_eq!(usable(std::slice::from_ref(&key)), 1);
    assert_eq!(usable(&[changed(&key, "alg", json!("EdDSA")), changed(&key, "alg", json!("Ed25519"))]), 2);
    assert_eq!(usable(&[changed(&key, "key_ops", json!(["verify"]))]), 1);
    for (name, value) in [
        ("use", json!("enc")),
        ("key_ops", json!(["encrypt"])),
        ("key_ops", json!([])),
        ("alg", json!("RS256")),
        ("alg", json!("HS256")),
        ("crv", json!("X25519")),
        ("kty", json!("oct")),
        ("kid", Value::Null),
        ("x", json!("not base64url!")),
    ] {
        assert_eq!(usable(&[changed(&key, name, value.clone())]), 0, "{name} {value}");
    }
}

#[test]
fn a_key_that_can_not_be_read_does_not_spoil_the_others() {
    let key = Signer::p256("k").jwk;
    assert_eq!(usable(&[json!(null), json!({ "kty": "new" }), json!("x"), key]), 1);
}

#[test]
fn a_symmetric_key_is_never_used() {
    assert_eq!(usable(&[json!({ "kty": "oct", "kid": "k", "alg": "HS256", "k": b64(&[7; 32]) })]), 0);
    assert_eq!(usable(&[json!({ "kty": "oct", "kid": "k", "k": b64(&[7; 32]) })]), 0);
}

#[test]
fn a_key_is_for_one_algorithm_and_only_if_that_is_accepted() {
    let key = Signer::rsa("k").jwk;
    let algorithms = |jwk: Value| set(&[jwk]).find("k").map(|key| key.algorithm).collect::<Vec<_>>();
    assert_eq!(algorithms(key.clone()), [SigningAlgorithm::Rs256]);
    assert_eq!(algorithms(changed(&key, "alg", json!("PS512"))), [SigningAlgorithm::Ps512]);
    assert_eq!(algorithms(changed(&key, "alg", json!("RSA-OAEP"))), []);
    assert_eq!(set_for(&[key], &[SigningAlgorithm::EdDsa]).len(), 0);
}

#[test]
fn a_weak_rsa_key_is_not_used() {
    let mut modulus = RSA.n().to_bytes_be();
    modulus.pop();
    let jwk = |n: &[u8]| json!({ "kty": "RSA", "kid": "k", "n": b64(n), "e": "AQAB" });
    assert_eq!(usable(&[jwk(&modulus)]), 0);
    // Zeros in front make it no stronger.
    assert_eq!(usable(&[jwk(&[&[0; 8], modulus.as_slice()].concat())]), 0);
    assert_eq!(usable(&[jwk(&RSA.n().to_bytes_be())]), 1);
}
