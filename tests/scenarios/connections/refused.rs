//! A service that does not accept a token which should still be good.

use bulkhead_system_tests::Database;
use serde_json::json;

use super::{CALLBACK, error, is_ada, world};

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_is_refused_before_its_end_expires_a_connection_whose_grant_is_dead() {
    let mut world = world(Database::of_this_run().await).await;
    let id = world.connect().await;
    assert!(is_ada(&world.ask(&world.host).await));
    // The provider forgets everything that it has granted; the token would be good for an hour.
    world.provider.restart_for(&format!("http://{}{CALLBACK}", world.host.address())).await;
    let host = &world.host;
    // While the token is new its refusal is taken for the service's own.
    let answer = world.ask(host).await;
    assert_eq!(answer["structuredContent"]["status"], 401, "{answer:#}");
    assert_eq!((world.connection(&id).await["status"].clone(), world.refused()), (json!("active"), 0));

    host.execute("UPDATE connections SET updated_at = 1").await;
    let answer = world.ask(host).await;
    let job = host.job_of(&answer).await["id"].as_str().expect("an id").to_owned();
    let events = host.events(&job).await;
    let url = format!("http://{}/v1/connections/{id}/reconnect", host.address());
    let told = events.iter().find(|event| event["kind"] == "connection" && event["level"] == "warn").expect("is told");
    assert_eq!(told["data"]["reconnect"], json!({ "method": "POST", "url": url }), "{told:#}");
    let connection = world.connection(&id).await;
    assert_eq!((&connection["status"], &connection["status_reason"]), (&json!("expired"), &json!("invalid_grant")));
    assert_eq!(world.refused(), 1);
    let failed = world.ask(host).await;
    let why = error(&failed);
    assert_eq!((&why["type"], &why["details"]["reconnect"]["url"]), (&json!("connection_expired"), &json!(url)));

    // What it says is what helps.
    let again = host.request("POST", &format!("/v1/connections/{id}/reconnect")).key(host.key()).send().await;
    world.follow(again.expect(200)["authorize"]["url"].as_str().expect("a link")).await;
    assert!(is_ada(&world.ask(host).await));
}
