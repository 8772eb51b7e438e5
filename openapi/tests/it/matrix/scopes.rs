//! What a credential must have been granted: every route, with owners' credentials that were granted one scope each.
//!
//! A route that asks for a credential and for no scope fails here. Those that ask for no credential are [`May::Anyone`]'s and
//! [`May::Clients`]', which say why.
//!
//! [`May::Anyone`]: super::entries::May::Anyone
//! [`May::Clients`]: super::entries::May::Clients

use bulkhead_kernel::Scope;
use bulkhead_testkit::functions::Answer;

use super::credentials::World;
use super::entries::ENTRIES;
use super::{NOTHING, request};

/// Whether a credential with one scope gets what it should where another, or the same, is needed. Further than the scope it
/// need not get: what only people who have signed in do is refused by its own name.
fn is_right(answer: &Answer, needed: Scope, granted: Scope) -> bool {
    let lacks_scope = answer.json["type"] == "urn:bulkhead:problem:insufficient-scope";
    if needed == granted {
        return !lacks_scope && answer.status != 429 && !answer.status.is_server_error();
    }
    let challenge = format!("scope=\"{needed}\"");
    answer.status == 403 && lacks_scope && answer.header("www-authenticate").contains(&challenge)
}

#[tokio::test]
async fn a_credential_gets_where_its_scope_leads_and_nowhere_else() {
    let shared = World::start().await;
    let mut wrong = Vec::new();
    for entry in ENTRIES {
        let Some(needed) = entry.may.scope() else { continue };
        for (at, narrowed) in shared.narrowed.iter().enumerate() {
            let ends = entry.ends && narrowed.scope == needed;
            let own = if ends { Some(World::start().await) } else { None };
            let world = own.as_ref().unwrap_or(&shared);
            let narrowed = &world.narrowed[at];
            let id = if entry.made { world.role("owner").thing(world, entry.path).await } else { NOTHING.to_owned() };
            let answer = request(world, entry, &id).key(&narrowed.token).send().await;
            if !is_right(&answer, needed, narrowed.scope) {
                let (kind, scope) = (narrowed.kind, narrowed.scope);
                wrong.push(format!("{kind} for {scope}: {} {}: {}", entry.method, entry.path, answer.text));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
