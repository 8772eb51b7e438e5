//! The crate identity: a person's own, until they go.

use bulkhead_identity::{
    ProfileChange, change_profile, create_organization, delete_organization, erase_user, export_user, read_profile,
};
use bulkhead_kernel::Caller;
use bulkhead_kernel::id::OrganizationId;

use super::person::Person;
use super::{Scene, correlation};

pub(super) async fn run(scene: &Scene) {
    let ports = &scene.ports;
    let caller = &Person::sign_up(scene, "dave").await.caller;
    let change = ProfileChange { name: Some("Dave".to_owned()), ..ProfileChange::default() };
    change_profile(ports, caller, change, &correlation()).await.expect("changes");
    assert_eq!(read_profile(ports, caller, &correlation()).await.expect("reads").name, "Dave");
    let (slug, name) = ("daves-second".to_owned(), "Second".to_owned());
    let second = create_organization(ports, caller, slug, name, &correlation()).await.expect("is made").organization;
    assert_eq!(export_user(ports, caller, &correlation()).await.expect("reads").memberships.len(), 2);
    // One of his organisations is there, the other one is not.
    let there = Caller { organization: second.id, ..caller.clone() };
    delete_organization(ports, &there, &correlation()).await.expect("is gone");
    let further = |organizations: &[OrganizationId]| {
        let mut steps = bulkhead_connections::forget_steps(caller.user, organizations, ports.now());
        steps.extend(bulkhead_authorization::forget_steps(caller.user));
        steps
    };
    erase_user(ports, caller, further, &correlation()).await.expect("goes");
}
