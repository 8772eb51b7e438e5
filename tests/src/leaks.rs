//! No secret that a scenario uses may be in its host's log, in an error's answer or in the database.
//!
//! Whatever goes over the wire as a credential is noted by itself: keys and tokens of requests, and the members of JSON
//! bodies that are secret by their names. The host's own keys are noted from its data directory. When a host is dropped
//! everything is looked for in what it left behind, and its scenario fails when something is found.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use serde_json::Value;

use crate::Host;

/// What is shorter is no secret but a word, which may be anywhere.
const SHORTEST: usize = 12;

/// Members of JSON that are secret.
const MEMBERS: [&str; 9] = [
    "access_token",
    "api_key",
    "client_secret",
    "code_verifier",
    "password",
    "recovery_code",
    "refresh_token",
    "secret",
    "token",
];

/// Files of a data directory in which every word is one.
const FILES: [&str; 4] = ["internal.key", "vault.keys", "signing.keys", "identity.key"];

static SECRETS: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
static REFUSALS: Mutex<String> = Mutex::new(String::new());

/// Notes a secret that the scenario uses.
pub fn note(secret: &str) {
    let secret = secret.trim();
    if secret.len() >= SHORTEST {
        SECRETS.lock().unwrap_or_else(PoisonError::into_inner).insert(secret.to_owned());
    }
}

/// Notes what is secret in a JSON body, if it is one.
pub(crate) fn note_json(body: &[u8]) {
    if let Ok(body) = serde_json::from_slice(body) {
        note_members(&body);
    }
}

fn note_members(value: &Value) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                if let (true, Some(secret)) = (MEMBERS.contains(&name.as_str()), member.as_str()) {
                    note(secret);
                }
                note_members(member);
            }
        }
        Value::Array(items) => items.iter().for_each(note_members),
        _ => {}
    }
}

/// Keeps the answer of a refusal.
pub(crate) fn note_refusal(body: &[u8]) {
    REFUSALS.lock().unwrap_or_else(PoisonError::into_inner).push_str(&String::from_utf8_lossy(body));
}

fn note_files(data_dir: &Path) {
    for name in FILES {
        let text = std::fs::read_to_string(data_dir.join(name)).unwrap_or_default();
        text.split_whitespace().filter(|word| !word.starts_with('#')).for_each(note);
    }
}

/// Looks for every secret in what this host leaves behind.
///
/// # Panics
/// When one is there.
pub(crate) fn check(host: &Host) {
    note_files(&host.data_dir());
    let dump = std::thread::scope(|scope| {
        // A value is dropped outside of any runtime or inside of one; a thread of its own is right for both.
        let dump = || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime can be made").block_on(host.setup().database().dump(&host.data_dir()))
        };
        scope.spawn(dump).join().unwrap_or_default()
    });
    let (log, dump) = (host.log(), String::from_utf8_lossy(&dump).into_owned());
    let refusals = REFUSALS.lock().unwrap_or_else(PoisonError::into_inner).clone();
    for secret in SECRETS.lock().unwrap_or_else(PoisonError::into_inner).iter() {
        for (place, text) in [("log", &log), ("database", &dump), ("answer to what was refused", &refusals)] {
            if let Some(at) = text.find(secret.as_str()) {
                let from = text.floor_char_boundary(at.saturating_sub(200));
                panic!("a secret is in the {place}, after: {}", &text[from..at]);
            }
        }
    }
}
