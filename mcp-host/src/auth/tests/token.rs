use bulkhead_identity::{TokenError, Unverified, Verified};
use bulkhead_kernel::Timestamp;

use super::*;

fn check(token: &str, keys: &KeySet) -> Result<Verified, TokenError> {
    let parsed = Unverified::parse(token, &rules())?;
    parsed.verify(keys.find(&parsed.key_id), &rules(), Timestamp::from_millis(NOW * 1000))
}

fn refused(token: &str, keys: &KeySet) -> TokenError {
    check(token, keys).expect_err("refused")
}

/// Why a token with these claims is refused, whose signature is right.
fn with(others: Value) -> Result<Verified, TokenError> {
    let signer = Signer::ed25519("k");
    check(&signer.token(&claims(others)), &set(std::slice::from_ref(&signer.jwk)))
}

#[test]
fn a_token_of_each_kind_of_key_says_who_and_what() {
    for signer in [Signer::ed25519("k"), Signer::p256("k"), Signer::rsa("k")] {
        let verified = check(&signer.token(&claims(json!({}))), &set(std::slice::from_ref(&signer.jwk)));
        let scopes = vec!["mcp".to_owned(), "mcp:write".to_owned()];
        let expected =
            Verified { id: "jti:t-1".to_owned(), subject: "ada".to_owned(), scopes, organization: None, session: None };
        assert_eq!(verified, Ok(expected), "{:?}", signer.algorithm);
    }
}

#[test]
fn a_token_without_a_signature_is_refused() {
    let signer = Signer::ed25519("k");
    let keys = set(std::slice::from_ref(&signer.jwk));
    for name in ["none", "None", "NONE", "nOnE", ""] {
        let header = json!({ "alg": name, "typ": "at+jwt", "kid": "k" });
        assert_eq!(refused(&format!("{}.", message(&header, &claims(json!({})))), &keys), TokenError::Algorithm);
        assert_eq!(refused(&signer.sign(&header, &claims(json!({}))), &keys), TokenError::Algorithm, "{name}");
    }
    let stripped = format!("{}.", message(&signer.header(), &claims(json!({}))));
    assert_eq!(refused(&stripped, &keys), TokenError::Signature);
}

#[test]
fn a_public_key_is_no_secret_to_sign_with() {
    let rsa = Signer::rsa("k");
    let keys = set(std::slice::from_ref(&rsa.jwk));
    for form in public_rsa_forms() {
        let forger = Signer { key: EncodingKey::from_secret(&form), algorithm: Algorithm::HS256, jwk: rsa.jwk.clone() };
        assert_eq!(refused(&forger.token(&claims(json!({}))), &keys), TokenError::Algorithm);
        // Nor when the header claims what the key is for.
        assert_eq!(refused(&forger.sign(&rsa.header(), &claims(json!({}))), &keys), TokenError::Signature);
    }
}

#[test]
fn the_key_decides_on_the_algorithm() {
    let (ed25519, p256) = (Signer::ed25519("k"), Signer::p256("k"));
    let keys = set(std::slice::from_ref(&ed25519.jwk));
    assert_eq!(refused(&p256.token(&claims(json!({}))), &keys), TokenError::KeyAlgorithm);
    // The same name for two keys of two kinds is no confusion.
    let both = set(&[ed25519.jwk.clone(), p256.jwk.clone()]);
    assert!(check(&p256.token(&claims(json!({}))), &both).is_ok());
    assert!(check(&ed25519.token(&claims(json!({}))), &both).is_ok());
    // ES384 is known, but not among the accepted ones.
    let header = json!({ "alg": "ES384", "typ": "at+jwt", "kid": "k" });
    assert_eq!(refused(&p256.sign(&header, &claims(json!({}))), &both), TokenError::Algorithm);
}

#[test]
fn a_key_that_the_issuer_does_not_have_is_refused() {
    let (own, other) = (Signer::ed25519("k"), Signer::ed25519("other"));
    let keys = set(std::slice::from_ref(&own.jwk));
    assert_eq!(refused(&other.token(&claims(json!({}))), &keys), TokenError::UnknownKey);
    // With the name of a key that it has.
    assert_eq!(refused(&other.sign(&own.header(), &claims(json!({}))), &keys), TokenError::Signature);
    let header = json!({ "alg": "EdDSA", "typ": "at+jwt" });
    assert_eq!(refused(&own.sign(&header, &claims(json!({}))), &keys), TokenError::NoKeyId);
}

#[test]
fn a_key_in_the_header_proves_nothing() {
    let (own, other) = (Signer::ed25519("k"), Signer::ed25519("k"));
    let mut header = other.header();
    header["jwk"] = other.jwk.clone();
    assert_eq!(refused(&other.sign(&header, &claims(json!({}))), &set(&[own.jwk])), TokenError::Signature);
}

#[test]
fn what_was_changed_after_signing_is_refused() {
    let signer = Signer::ed25519("k");
    let keys = set(std::slice::from_ref(&signer.jwk));
    let token = signer.token(&claims(json!({})));
    let (good, evil) = (message(&signer.header(), &claims(json!({}))), claims(json!({ "sub": "eve" })));
    let signature = token.strip_prefix(&good).expect("the same message");
    assert_eq!(refused(&format!("{}{signature}", message(&signer.header(), &evil)), &keys), TokenError::Signature);
    let mut longer = signer.header();
    longer["x"] = json!(1);
    let changed = format!("{}{signature}", message(&longer, &claims(json!({}))));
    assert_eq!(refused(&changed, &keys), TokenError::Signature);
}

#[test]
fn headers_that_are_not_understood_are_refused() {
    let signer = Signer::ed25519("k");
    let keys = set(std::slice::from_ref(&signer.jwk));
    let sign = |name: &str, value: Value| {
        let mut header = signer.header();
        header[name] = value;
        signer.sign(&header, &claims(json!({})))
    };
    for kind in ["at+JWT", "application/at+jwt", "JWT"] {
        assert!(check(&sign("typ", json!(kind)), &keys).is_ok(), "{kind}");
    }
    for kind in [json!("dpop+jwt"), json!("logout+jwt"), json!(""), Value::Null] {
        assert_eq!(refused(&sign("typ", kind), &keys), TokenError::Type);
    }
    assert_eq!(refused(&sign("crit", json!(["b64"])), &keys), TokenError::Critical);
    assert_eq!(refused(&sign("alg", json!(["EdDSA"])), &keys), TokenError::Malformed);
}

#[test]
fn what_is_no_token_is_refused() {
    let keys = set(&[]);
    for text in ["", ".", "..", "a.b", "a.b.c", "a.b.c.d", "eyJ.eyJ.", "é.é.é", "null.null.null"] {
        assert_eq!(refused(text, &keys), TokenError::Malformed, "{text}");
    }
    let signer = Signer::ed25519("k");
    let keys = set(std::slice::from_ref(&signer.jwk));
    let twice = format!("{}.{}", b64(br#"{"alg":"none","alg":"EdDSA","typ":"JWT","kid":"k"}"#), b64(b"{}"));
    assert_eq!(refused(&format!("{twice}."), &keys), TokenError::Malformed);
    assert_eq!(refused(&signer.token(&json!([])), &keys), TokenError::Malformed);
    assert_eq!(with(json!({ "exp": "soon" })), Err(TokenError::Malformed));
    assert_eq!(with(json!({ "sub": 7 })), Err(TokenError::Malformed));
}

#[test]
fn a_token_may_be_so_long_and_no_longer() {
    let signer = Signer::ed25519("k");
    let keys = set(std::slice::from_ref(&signer.jwk));
    let padded = |length: usize| signer.token(&claims(json!({ "padding": "x".repeat(length) })));
    let fits = (0..4096).rev().find(|length| padded(*length).len() <= rules().max_bytes).expect("one fits");
    assert!(check(&padded(fits), &keys).is_ok());
    assert_eq!(refused(&padded(fits + 1), &keys), TokenError::TooLong);
}

#[test]
fn a_token_of_another_issuer_is_refused() {
    for issuer in [json!("https://id.example.com/"), json!("https://evil.example.com"), json!(""), Value::Null] {
        assert_eq!(with(json!({ "iss": issuer })), Err(TokenError::Issuer));
    }
}

#[test]
fn a_token_for_another_audience_is_refused() {
    let others = [
        json!("https://bulkhead.example.com"),
        json!("https://bulkhead.example.com/mcp/"),
        json!(["https://a", "https://b"]),
        json!([]),
        Value::Null,
    ];
    for audience in others {
        assert_eq!(with(json!({ "aud": audience })), Err(TokenError::Audience), "{audience}");
    }
    assert!(with(json!({ "aud": ["https://a", AUDIENCE] })).is_ok());
}

#[test]
fn a_token_is_good_for_its_time_and_the_leeway() {
    assert_eq!(with(json!({ "exp": null })), Err(TokenError::NoExpiry));
    let ended = |ago: i64| with(json!({ "exp": NOW - ago, "iat": NOW - 600, "nbf": null }));
    assert_eq!(ended(30), Err(TokenError::Expired));
    assert!(ended(29).is_ok());
    assert_eq!(with(json!({ "nbf": NOW + 31 })), Err(TokenError::NotYet));
    assert!(with(json!({ "nbf": NOW + 30 })).is_ok());
    assert_eq!(with(json!({ "iat": NOW + 31 })), Err(TokenError::IssuedAt));
    assert!(with(json!({ "iat": NOW + 30 })).is_ok());
    assert_eq!(with(json!({ "iat": NOW, "exp": NOW - 1 })), Err(TokenError::IssuedAt));
    assert!(with(json!({ "iat": null, "nbf": null, "exp": NOW as f64 + 0.5 })).is_ok());
}

#[test]
fn a_token_names_somebody() {
    assert_eq!(with(json!({ "sub": null })), Err(TokenError::NoSubject));
    assert_eq!(with(json!({ "sub": "" })), Err(TokenError::NoSubject));
}

#[test]
fn scopes_come_in_either_claim() {
    let scopes = |others: Value| with(others).expect("a good token").scopes;
    assert_eq!(scopes(json!({ "scope": "b  a b" })), ["a", "b"]);
    assert_eq!(scopes(json!({ "scope": null, "scp": ["a", "b"] })), ["a", "b"]);
    assert_eq!(scopes(json!({ "scope": null, "scp": "a b" })), ["a", "b"]);
    assert!(scopes(json!({ "scope": null })).is_empty());
}

#[test]
fn what_the_audit_trail_calls_a_token_is_not_the_token() {
    assert_eq!(with(json!({ "jti": "x".repeat(64) })).expect("good").id, format!("jti:{}", "x".repeat(64)));
    for id in [Value::Null, json!(""), json!("x".repeat(65)), json!("a b"), json!("a\nb"), json!("é")] {
        let named = with(json!({ "jti": id })).expect("good").id;
        assert!(named.starts_with("sha256:") && named.len() == 71, "{named}");
    }
}
