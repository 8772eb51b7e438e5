//! The crate identity: API keys.

use bulkhead_identity::{KeyTerms, KeysOf, NewKey, Rotation, create_key, list_keys, revoke_key, rotate_key};
use bulkhead_kernel::PageRequest;
use bulkhead_kernel::id::UserId;

use super::{Scene, correlation};

/// With one for a service account, which stays.
pub(super) async fn run(scene: &Scene, service_account: UserId) {
    let Scene { ports, owner, .. } = scene;
    let terms = KeyTerms::default();
    let new = |user| NewKey { name: "key".to_owned(), user, scopes: None, networks: None, expires_in_days: Some(1) };
    create_key(ports, owner, &terms, new(Some(service_account)), &correlation()).await.expect("is made");
    let old = create_key(ports, owner, &terms, new(None), &correlation()).await.expect("is made").key;
    let next = rotate_key(ports, owner, &terms, old.id, Rotation::default(), &correlation()).await.expect("rotates");
    revoke_key(ports, owner, next.key.id, &correlation()).await.expect("ends");
    let page = list_keys(ports, owner, KeysOf::All, &PageRequest::default(), &correlation()).await.expect("reads");
    assert_eq!(page.items.len(), 4);
}
