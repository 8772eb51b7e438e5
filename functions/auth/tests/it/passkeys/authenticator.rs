//! An authenticator and the browser before it, in software: as W3C's WebAuthn level 3 has them make passkeys and answer.
//!
//! It takes options as a browser gets them and gives answers as a browser sends them. What a test wants to be wrong is wrong
//! in the options or in the origin; the authenticator itself does what it is told.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bulkhead_kernel::{Entropy, entropy};
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// Flags of the authenticator data (section 6.1).
const PRESENT: u8 = 0x01;
const VERIFIED: u8 = 0x04;
const BACKUP_ELIGIBLE: u8 = 0x08;
const BACKED_UP: u8 = 0x10;
const ATTESTED: u8 = 0x40;

/// A passkey that the authenticator holds. A clone of it is a stolen copy.
#[derive(Clone)]
struct Held {
    id: Vec<u8>,
    user_handle: Vec<u8>,
    key: SigningKey,
    counter: u32,
}

/// A device with passkeys.
#[derive(Clone, Default)]
pub(crate) struct Authenticator {
    held: Vec<Held>,
    /// Whether it counts its signatures, as a security key does.
    pub(crate) counts: bool,
    /// Whether its passkeys are kept elsewhere too, as a phone's are.
    synced: bool,
}

/// Why no passkey was made or used, as the browser tells a script.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Failed {
    /// `SecurityError`: the page may not use this relying party's id.
    Security,
    /// `InvalidStateError`: there is one already.
    InvalidState,
    /// `NotAllowedError`: there is none.
    NotAllowed,
}

impl Authenticator {
    /// One that counts.
    pub(crate) fn counting() -> Self {
        Self { counts: true, ..Self::default() }
    }

    /// One whose passkeys are kept elsewhere too.
    pub(crate) fn synced() -> Self {
        Self { synced: true, ..Self::default() }
    }

    /// `navigator.credentials.create()`
    pub(crate) fn create(&mut self, origin: &str, options: &Value, source: &dyn Entropy) -> Result<Value, Failed> {
        let party = options["rp"]["id"].as_str().expect("an id");
        allow(origin, party)?;
        let excluded = options["excludeCredentials"].as_array().into_iter().flatten();
        for credential in excluded.map(|it| bytes(&it["id"])) {
            if self.held.iter().any(|held| held.id == credential) {
                return Err(Failed::InvalidState);
            }
        }
        // It has no credProtect, as Chromium's virtual one: then a browser makes nothing for whoever insists on it.
        if options["extensions"]["enforceCredentialProtectionPolicy"] == true {
            return Err(Failed::NotAllowed);
        }
        assert_eq!(options["authenticatorSelection"]["residentKey"], "required");
        assert!(options["pubKeyCredParams"].as_array().expect("algorithms").iter().any(|it| it["alg"] == -7));
        let key = SigningKey::from_slice(&entropy::bytes::<32>(source)).expect("a key");
        let id = entropy::bytes::<32>(source).to_vec();
        let user_handle = bytes(&options["user"]["id"]);
        let held = Held { id: id.clone(), user_handle, key, counter: 0 };
        let verified = options["authenticatorSelection"]["userVerification"] == "required";
        let mut data = self.data(party, verified, ATTESTED, held.counter);
        data.extend([0; 16]);
        data.extend(u16::try_from(id.len()).expect("short").to_be_bytes());
        data.extend(&id);
        data.extend(cose(&held.key));
        self.held.push(held);
        let client = client_data("webauthn.create", origin, options);
        Ok(json!({
            "id": text(&id),
            "rawId": text(&id),
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": { "credProps": { "rk": true } },
            "response": {
                "clientDataJSON": text(client.as_bytes()),
                "attestationObject": text(&attestation(&data)),
                "authenticatorData": text(&data),
                "publicKeyAlgorithm": -7,
                "transports": ["internal", "hybrid"],
            },
        }))
    }

    /// `navigator.credentials.get()`, of discoverable credentials: the newest passkey that it holds.
    pub(crate) fn get(&mut self, origin: &str, options: &Value) -> Result<Value, Failed> {
        let party = options["rpId"].as_str().expect("an id");
        allow(origin, party)?;
        let counts = self.counts;
        let held = self.held.last_mut().ok_or(Failed::NotAllowed)?;
        held.counter += u32::from(counts);
        let held = held.clone();
        let verified = options["userVerification"] == "required";
        let data = self.data(party, verified, 0, held.counter);
        let client = client_data("webauthn.get", origin, options);
        let signed = [data.as_slice(), &Sha256::digest(&client)].concat();
        let signature: Signature = held.key.sign(&signed);
        Ok(json!({
            "id": text(&held.id),
            "rawId": text(&held.id),
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": {
                "clientDataJSON": text(client.as_bytes()),
                "authenticatorData": text(&data),
                "signature": text(signature.to_der().as_bytes()),
                "userHandle": text(&held.user_handle),
            },
        }))
    }

    /// The authenticator data (section 6.1), as far as both have it.
    fn data(&self, party: &str, verified: bool, more: u8, counter: u32) -> Vec<u8> {
        let mut flags = PRESENT | more;
        if verified {
            flags |= VERIFIED;
        }
        if self.synced {
            flags |= BACKUP_ELIGIBLE | BACKED_UP;
        }
        let mut data = Sha256::digest(party).to_vec();
        data.push(flags);
        data.extend(counter.to_be_bytes());
        data
    }
}

/// A page may use its own host as relying party's id, or a domain above it.
fn allow(origin: &str, party: &str) -> Result<(), Failed> {
    let host = origin.split("://").nth(1).and_then(|rest| rest.split(':').next()).expect("a host");
    let below = host.strip_suffix(party).is_some_and(|before| before.is_empty() || before.ends_with('.'));
    if below { Ok(()) } else { Err(Failed::Security) }
}

/// What the browser says of itself (section 5.8.1).
fn client_data(kind: &str, origin: &str, options: &Value) -> String {
    let challenge = options["challenge"].as_str().expect("a challenge");
    format!(r#"{{"type":"{kind}","challenge":"{challenge}","origin":"{origin}","crossOrigin":false}}"#)
}

/// The public key as COSE has it (RFC 9052): a map of five, of an EC2 key for ES256 on P-256.
fn cose(key: &SigningKey) -> Vec<u8> {
    let point = key.verifying_key().to_encoded_point(false);
    let mut cose = vec![0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20];
    cose.extend(point.x().expect("a coordinate"));
    cose.extend([0x22, 0x58, 0x20]);
    cose.extend(point.y().expect("a coordinate"));
    cose
}

/// The attestation object (section 6.5) without an attestation: `{fmt: "none", attStmt: {}, authData: …}`.
fn attestation(data: &[u8]) -> Vec<u8> {
    let mut object = vec![0xa3, 0x63];
    object.extend(b"fmt\x64none\x67attStmt\xa0\x68authData\x58");
    object.push(u8::try_from(data.len()).expect("short"));
    object.extend(data);
    object
}

fn text(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn bytes(value: &Value) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(value.as_str().expect("text")).expect("base64url")
}
