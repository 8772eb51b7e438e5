//! The crate identity: what a person does with their account, by mail and with a second factor.

use std::time::Duration;

use bulkhead_identity::{
    CredentialLimits, IdentityKey, Letter, MailTerms, Notices, PasswordChange, PasswordReset, Presented,
    SecondFactorSignInError, answer_challenge, challenge_if_needed, change_password, check_credentials, claim_mail,
    confirm_second_factor, disable_second_factor, enrol_second_factor, expired_mail, mail_failed, mail_sent,
    make_reset_link, request_email_verification, request_password_reset, reset_password, second_factor_status,
    verify_email,
};
use bulkhead_kernel::sql::sql;
use bulkhead_kernel::{Clock, Secret};

use super::person::{ADDRESS, ISSUER, Person, WEAK};
use super::{Scene, correlation};

const MAIL: MailTerms = MailTerms { lease: Duration::from_secs(60), retry: Duration::from_secs(60) };

pub(super) async fn run(scene: &Scene) {
    let key = IdentityKey::generate(scene.ports.entropy.as_ref());
    let bob = Person::sign_up(scene, "bob").await;
    address(scene, &key, &bob).await;
    second_factor(scene, &key, &bob).await;
    passwords(scene, &key, bob).await;
}

/// The mail that waits, which is sent with this.
async fn next_letter(scene: &Scene, key: &IdentityKey) -> Letter {
    let due = claim_mail(&scene.ports, key, &MAIL).await.expect("reads").expect("a mail waits");
    mail_sent(&scene.ports, &due).await.expect("is gone");
    due.letter
}

fn token(letter: &str) -> &str {
    let (_, rest) = letter.split_once("?token=").expect("a link");
    rest.split_whitespace().next().expect("a token")
}

async fn address(scene: &Scene, key: &IdentityKey, bob: &Person) {
    let Scene { ports, clock, .. } = scene;
    request_email_verification(ports, key, ISSUER, &bob.caller).await.expect("posts");
    let due = claim_mail(ports, key, &MAIL).await.expect("reads").expect("a mail waits");
    let wait = mail_failed(ports, &due, &MAIL).await.expect("comes again");
    clock.advance(wait);
    let letter = next_letter(scene, key).await;
    verify_email(ports, &bob.caller, token(&letter.text), &correlation()).await.expect("is his");
    assert_eq!(expired_mail(ports).await, Ok(0));
}

async fn second_factor(scene: &Scene, key: &IdentityKey, bob: &Person) {
    let Scene { ports, clock, .. } = scene;
    let (caller, limits) = (&bob.caller, &CredentialLimits::default());
    let password = (&bob.password, Some(ADDRESS));
    let enrolled = enrol_second_factor(ports, key, caller, password, limits, &correlation()).await.expect("enrols");
    let code = || {
        let secret = totp_rs::Secret::try_from_base32(enrolled.secret.expose()).expect("base 32");
        let seconds = u64::try_from(clock.now().as_millis() / 1000).expect("after 1970");
        Secret::new(totp_rs::Builder::new().with_secret(secret).build_noncompliant().generate(seconds).to_string())
    };
    let recovery = confirm_second_factor(ports, key, caller, &code(), limits, &correlation()).await.expect("confirms");
    assert!(second_factor_status(ports, caller).await.expect("reads").enabled);

    let presented = Presented { email: &bob.email, password: &bob.password, address: Some(ADDRESS) };
    let user = check_credentials(ports, presented, WEAK, limits, &correlation()).await.expect("is his");
    let challenge = challenge_if_needed(ports, &user, "password").await.expect("reads").expect("takes a code").token;
    let answer = async |code: Secret| answer_challenge(ports, key, &challenge, &code, limits, &correlation()).await;
    let wrong = answer(Secret::new("nonsense".to_owned())).await;
    assert!(matches!(wrong, Err(SecondFactorSignInError::Code)));
    clock.advance(Duration::from_secs(30));
    answer(code()).await.expect("is right");
    let lost = (&bob.password, Some(ADDRESS), &recovery[0]);
    let notices = Notices { key, public_url: ISSUER };
    disable_second_factor(ports, &notices, caller, lost, limits, &correlation()).await.expect("disables");
    assert_eq!(next_letter(scene, key).await.subject, "Your second factor was turned off");
}

async fn passwords(scene: &Scene, key: &IdentityKey, mut bob: Person) {
    let ports = &scene.ports;
    let mut another = Secret::new("another horse battery".to_owned());
    let notices = Notices { key, public_url: ISSUER };
    let change = PasswordChange { current: &bob.password, new: &another, address: Some(ADDRESS), notices };
    let limits = CredentialLimits::default();
    let further = bulkhead_authorization::withdraw_steps(bob.caller.user);
    change_password(ports, &bob.caller, change, WEAK, &limits, further, &correlation()).await.expect("changes");
    assert_eq!(next_letter(scene, key).await.subject, "Your password was changed");
    std::mem::swap(&mut bob.password, &mut another);

    let link = make_reset_link(ports, ISSUER, &bob.email, "uid 0", &correlation()).await.expect("makes");
    assert!(link.is_some());
    request_password_reset(ports, key, ISSUER, &bob.email).await.expect("posts");
    let nobody = "nobody@example.com".parse().expect("an address");
    request_password_reset(ports, key, ISSUER, &nobody).await.expect("looks the same");
    let letter = next_letter(scene, key).await;
    let unproven = sql("UPDATE users SET email_verified_at = NULL WHERE email = $1").bind(bob.email.as_str());
    ports.sql.execute(unproven).await.expect("changes");
    let now = ports.now();
    let further = |reset: PasswordReset| bulkhead_connections::disown_steps(reset.user, now);
    let correlation = correlation();
    let reset = reset_password(ports, token(&letter.text), &another, WEAK, &notices, further, &correlation).await;
    reset.expect("is his");
}
