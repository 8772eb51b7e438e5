//! The crate identity: organisations, and going from one to another.

use bulkhead_identity::{
    OrganizationChange, SessionTerms, change_organization, create_organization, delete_organization,
    list_organizations, places_of, read_organization, restore_organization, switch_session,
};
use bulkhead_kernel::Caller;

use super::person::{ISSUER, Person};
use super::{Scene, correlation};

pub(super) async fn run(scene: &Scene) {
    let ports = &scene.ports;
    let carol = Person::sign_up(scene, "carol").await;
    let caller = &carol.caller;
    let change = OrganizationChange { slug: None, name: Some("Carol's".to_owned()) };
    change_organization(ports, caller, change, &correlation()).await.expect("changes");
    let read = read_organization(ports, caller, &correlation()).await.expect("reads");
    assert_eq!(read.organization.name, "Carol's");

    let (slug, name) = ("carols-second".to_owned(), "Second".to_owned());
    let second = create_organization(ports, caller, slug, name, &correlation()).await.expect("is made").organization;
    assert_eq!(list_organizations(ports, caller, &correlation()).await.expect("reads").len(), 2);
    assert_eq!(places_of(ports, caller.user).await.expect("reads").len(), 2);
    let (terms, slug) = (SessionTerms::default(), "carols-second");
    let switched = switch_session(ports, &carol.keys, &terms, ISSUER, caller, slug, &correlation()).await;
    assert_eq!(switched.expect("goes there").organization, second.id);

    let there = Caller { organization: second.id, ..caller.clone() };
    let deleted = delete_organization(ports, &there, &correlation()).await.expect("is gone");
    let restored = restore_organization(ports, deleted.token.expose(), &correlation()).await.expect("comes back");
    assert_eq!(restored.id, second.id);
}
