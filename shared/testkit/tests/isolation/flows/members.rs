//! The crate identity: who comes to an organisation, what they are there, and how they go.

use bulkhead_identity::{
    CredentialLimits, IdentityKey, InvitationError, InvitationMail, InvitationTerms, InvitedAccount, MemberFilter,
    accept_invitation, change_role, create_invitation, create_service_account, list_invitations, list_members,
    look_at_invitation, remove_member, resend_invitation, revoke_invitation, sign_up_invited, transfer_ownership,
};
use bulkhead_kernel::sql::sql;
use bulkhead_kernel::{Caller, PageRequest, Role, Secret};

use super::person::{ISSUER, Person, WEAK};
use super::{Scene, correlation, keys, projects};

pub(super) async fn run(scene: &Scene) {
    let Scene { ports, owner, .. } = scene;
    let eve = Person::sign_up(scene, "eve").await;
    invitations(scene, &eve).await;
    // What she has here ends when she goes.
    let eve = eve.enter(scene, owner.organization).await;
    let machine = create_service_account(ports, owner, "ci".to_owned(), Role::Member, &correlation()).await;
    let machine = machine.expect("is made").user;
    keys::run(scene, machine).await;
    projects::run(scene, eve.user).await;
    roles(scene, &eve).await;
    for gone in [machine, eve.user] {
        let further = || bulkhead_connections::leave_steps(owner.organization, gone, ports.now());
        remove_member(ports, owner, gone, further, &correlation()).await.expect("goes");
    }
}

async fn invitations(scene: &Scene, eve: &Person) {
    let Scene { ports, owner, .. } = scene;
    let (key, limits, terms) =
        (IdentityKey::generate(ports.entropy.as_ref()), CredentialLimits::default(), InvitationTerms::default());
    let mail = InvitationMail { key: &key, public_url: ISSUER, limits: &limits };
    let invite =
        async |email: &str| create_invitation(ports, owner, &terms, &mail, email, Role::Member, &correlation()).await;
    let proven = sql("UPDATE users SET email_verified_at = 0 WHERE email = $1").bind(eve.email.as_str());
    ports.sql.execute(proven).await.expect("changes");
    invite(eve.email.as_str()).await.expect("invites");
    // In the place of the one before.
    let issued = invite(eve.email.as_str()).await.expect("invites");
    let open = list_invitations(ports, owner, &PageRequest::default(), &correlation()).await.expect("reads");
    assert_eq!(open.items.len(), 1);
    accept_invitation(ports, &eve.caller, issued.token.expose(), &correlation()).await.expect("comes");
    assert!(matches!(invite(eve.email.as_str()).await, Err(InvitationError::AlreadyMember)));

    let issued = invite("mallory@example.com").await.expect("invites");
    let again = resend_invitation(ports, owner, &terms, &mail, issued.invitation.id, &correlation()).await;
    look_at_invitation(ports, again.expect("is sent").token.expose()).await.expect("is there");
    revoke_invitation(ports, owner, issued.invitation.id, &correlation()).await.expect("is taken back");
    let token = invite("fay@example.com").await.expect("invites").token.expose().to_owned();
    let password = Secret::new("correct horse battery".to_owned());
    let fay = InvitedAccount { token, name: "Fay".to_owned(), password };
    let account = sign_up_invited(ports, fay, WEAK, &correlation()).await.expect("comes");
    ports.sql.batch(account.steps).await.expect("is written");
}

async fn roles(scene: &Scene, eve: &Caller) {
    let Scene { ports, owner, .. } = scene;
    let (filter, page) = (MemberFilter::default(), PageRequest::default());
    let members = list_members(ports, owner, filter, &page, &correlation()).await.expect("reads").items;
    assert!(members.iter().any(|member| member.user == eve.user), "{members:?}");
    for role in [Role::Owner, Role::Admin] {
        let changed = change_role(ports, owner, eve.user, role, &correlation()).await.expect("changes");
        assert_eq!(changed.role, role);
    }
    transfer_ownership(ports, owner, eve.user, &correlation()).await.expect("hands over");
    let eve = Caller { role: Role::Owner, ..eve.clone() };
    transfer_ownership(ports, &eve, owner.user, &correlation()).await.expect("hands back");
}
