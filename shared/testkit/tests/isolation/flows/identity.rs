//! The crate identity. The first owner is made when the scene starts.

use bulkhead_identity::{act_as, authenticate, find_organization, organization_ids};
use bulkhead_kernel::AccessToken;

use super::Scene;

pub(super) async fn run(scene: &Scene) {
    let Scene { ports, key, owner, .. } = scene;
    assert_eq!(authenticate(ports, key).await.expect("is known").user, owner.user);
    let token = AccessToken { id: "jti:1".to_owned(), scopes: Vec::new(), write_scope: None };
    assert_eq!(act_as(ports, "owner@localhost", token).await.expect("is known").user, owner.user);
    assert_eq!(find_organization(ports, Some("default")).await.expect("is there").id, owner.organization);
    assert_eq!(find_organization(ports, None).await.expect("is there").id, owner.organization);
    assert_eq!(organization_ids(ports).await.expect("reads"), [owner.organization]);
}
