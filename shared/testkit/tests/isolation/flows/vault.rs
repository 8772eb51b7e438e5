//! The crate vault.

use bulkhead_audit::Actor;
use bulkhead_kernel::Secret;
use bulkhead_vault::{
    Author, DEFAULT_MAX_BYTES, FieldName, KeyEncryptionKey, KeyRing, NewSecret, Retired, Scope, key_usage, list, open,
    put, register, remove, retire, rewrap,
};

use super::{Scene, correlation};

pub(super) async fn run(scene: &Scene) {
    let Scene { ports, owner, .. } = scene;
    let ring = KeyRing::new(KeyEncryptionKey::generate(ports.entropy.as_ref()));
    let author = Author::caller(owner, &correlation());
    let scope: Scope = "connector:toolbox".parse().expect("a scope");
    let field: FieldName = "token".parse().expect("a name");
    let value = Secret::new("value".to_owned());
    let new = NewSecret { scope: scope.clone(), field: field.clone(), value };
    put(ports, &author, ring.sealing_key(), &new, DEFAULT_MAX_BYTES).await.expect("stores");
    assert_eq!(open(ports, owner.organization, &ring, &scope).await.expect("opens").len(), 1);
    assert_eq!(list(ports, owner.organization).await.expect("reads").len(), 1);

    let rotated = ring.with_new_primary(ports.entropy.as_ref());
    register(ports, rotated.primary()).await.expect("registers");
    let actor = Actor::operator("uid 0");
    let done = rewrap(ports, &rotated, &actor, &correlation(), None, 10).await.expect("rewraps");
    assert_eq!(done.rewrapped, 1);
    assert_eq!(retire(ports, ring.primary()).await, Ok(Retired::Done));
    assert_eq!(key_usage(ports).await.expect("reads").len(), 2);
    assert_eq!(remove(ports, &author, &scope, &field).await, Ok(true));
}
