//! Mail that waits to be sent.

use std::time::Duration;

use bulkhead_identity::{IdentityKey, MailError, claim_mail, expired_mail, mail_failed};

use crate::passwords::{Scene, TERMS};

#[tokio::test]
async fn a_mail_is_leased_tried_again_and_thrown_away_in_time() {
    let (scene, _) = Scene::start().await;
    let (ports, key) = (&scene.harness.api.ports, scene.key().await);
    let claim = async || claim_mail(ports, &key, &TERMS).await.expect("an outbox");
    let due = claim().await.expect("a mail");
    assert!(claim().await.is_none(), "somebody has it");
    scene.clock.advance(TERMS.lease);
    let again = claim().await.expect("the lease has ended");
    assert_eq!((again.id, again.attempts), (due.id, 2));
    // Whose lease has ended has no say.
    mail_failed(ports, &due, &TERMS).await.expect("writes");
    assert_eq!(mail_failed(ports, &again, &TERMS).await, Ok(TERMS.retry * 2));
    scene.clock.advance(TERMS.retry * 2 - Duration::from_millis(1));
    assert!(claim().await.is_none());
    scene.clock.advance(Duration::from_millis(1));
    assert_eq!(claim().await.expect("its time has come").attempts, 3);
    scene.clock.advance(Duration::from_secs(24 * 60 * 60));
    assert!(claim().await.is_none());
    assert_eq!(expired_mail(ports).await, Ok(1));
    assert_eq!(expired_mail(ports).await, Ok(0));
}

#[tokio::test]
async fn another_key_opens_no_mail() {
    let (scene, _) = Scene::start().await;
    let other = IdentityKey::generate(scene.harness.api.ports.entropy.as_ref());
    let error = claim_mail(&scene.harness.api.ports, &other, &TERMS).await.expect_err("another key");
    assert!(matches!(error, MailError::Unreadable(..)), "{error}");
}
