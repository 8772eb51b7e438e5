//! The crate execution: jobs from their submission to each of their ends.

use std::collections::BTreeMap;
use std::time::Duration;

use bulkhead_connectors::KnownRestrictions;
use bulkhead_execution::{
    Abandoned, InputRequired, Job, JobFilter, Kept, LeaseTerms, NewEvent, Outcome, Round, SqlCatalogue, StartedJob,
    ToolCall, answer, append_events, cancel, claim, get, heartbeat, keep_answers, last_round, list, list_events,
    queued, recover, submit, submit_claimed,
};
use bulkhead_kernel::PageRequest;
use bulkhead_testkit::jobs::finish;
use serde_json::json;

use super::{Scene, correlation};

const LEASE: Duration = Duration::from_secs(30);

pub(super) async fn run(scene: &Scene) {
    calls(scene).await;
    cancellations(scene).await;
    lost_workers(scene).await;
    questions(scene).await;
}

fn call() -> ToolCall {
    ToolCall {
        connector: "toolbox".to_owned(),
        tool: "jq".to_owned(),
        arguments: json!({}),
        project: None,
        round: Round::default(),
        continues: None,
        idempotency_key: None,
        correlation_id: correlation(),
    }
}

fn terms() -> LeaseTerms {
    LeaseTerms { owner: "worker".to_owned(), duration: LEASE }
}

async fn submitted(scene: &Scene, call: ToolCall) -> Job {
    submit(&scene.ports, &scene.owner, &SqlCatalogue(&scene.ports), call).await.expect("is recorded").job
}

async fn claimed(scene: &Scene, job: &Job) -> StartedJob {
    claim(&scene.ports, &terms(), job.id, |_| None).await.expect("claims").expect("is queued")
}

async fn calls(scene: &Scene) {
    let Scene { ports, owner, .. } = scene;
    let keyed = || ToolCall { idempotency_key: Some("key".to_owned()), ..call() };
    let job = submitted(scene, keyed()).await;
    assert_eq!(submitted(scene, keyed()).await.id, job.id);
    assert_eq!(queued(ports, 10).await.expect("reads"), [job.id]);
    let started = claimed(scene, &job).await;
    heartbeat(ports, &started.lease, &terms()).await.expect("is prolonged");
    let event = NewEvent::info("log", "A word.".to_owned(), ports.now());
    append_events(ports, &started.job, &[event]).await.expect("appends");
    let result = Outcome::Succeeded(json!({}));
    finish(ports, started.job, &started.lease, result, None, Vec::new()).await.expect("finishes");
    assert!(get(ports, owner, job.id, &correlation()).await.expect("reads").is_some());
    assert_eq!(
        list(ports, owner, &JobFilter::default(), &PageRequest::default(), &correlation())
            .await
            .expect("reads")
            .items
            .len(),
        1
    );
    assert_eq!(
        list_events(ports, owner, job.id, &PageRequest::default(), &correlation()).await.expect("reads").items.len(),
        4
    );
}

async fn cancellations(scene: &Scene) {
    let Scene { ports, owner, .. } = scene;
    let waiting = submitted(scene, call()).await;
    cancel(ports, owner, waiting.id, &correlation()).await.expect("cancels").expect("is there");
    let running = submitted(scene, call()).await;
    claimed(scene, &running).await;
    cancel(ports, owner, running.id, &correlation()).await.expect("asks").expect("is there");
    assert_eq!(recover(ports, Abandoned::All, 3).await.expect("recovers").failed, [running.id]);
}

async fn lost_workers(scene: &Scene) {
    let Scene { ports, owner, clock, .. } = scene;
    let catalogue = SqlCatalogue(ports);
    let started = submit_claimed(ports, owner, &catalogue, &KnownRestrictions::default(), call(), &terms()).await;
    let job = started.expect("is recorded").job;
    clock.advance(LEASE + Duration::from_millis(1));
    assert_eq!(recover(ports, Abandoned::Expired, 3).await.expect("recovers").requeued, [job.id]);
    cancel(ports, owner, job.id, &correlation()).await.expect("cancels").expect("is there");
}

async fn questions(scene: &Scene) {
    let Scene { ports, owner, .. } = scene;
    let first = submitted(scene, call()).await;
    let started = claimed(scene, &first).await;
    let question = json!({ "method": "elicitation/create", "params": {} });
    let requests = json!({ "one": question, "two": question });
    let asked = InputRequired { requests: requests.as_object().cloned().expect("an object"), state: None };
    let asked = Outcome::Succeeded(asked.into_result());
    let job = finish(ports, started.job, &started.lease, asked, None, Vec::new()).await.expect("finishes");

    let said = |key: &str| BTreeMap::from([(key.to_owned(), json!({ "action": "accept" }))]);
    let kept = keep_answers(ports, owner, job, said("one")).await.expect("keeps");
    assert!(matches!(kept, Kept::Incomplete));
    let job = get(ports, owner, first.id, &correlation()).await.expect("reads").expect("is there");
    let next = submitted(scene, answer(job, said("two"), correlation()).expect("answers")).await;
    let last = last_round(ports, owner, first.id, &correlation()).await.expect("reads").expect("is there");
    assert_eq!(last.id, next.id);
}
