//! A job's life, over a real SQLite database.

use std::sync::Arc;
use std::time::Duration;

use bulkhead_audit::{AuditEvent, AuditFilter, Outcome as AuditOutcome};
use bulkhead_connectors::KnownRestrictions;
use bulkhead_execution::{
    Abandoned, CallableTool, CancelOutcome, Catalogue, FinishError, Heartbeat, Job, JobError, JobErrorKind, JobFilter,
    JobStatus, LeaseTerms, LookupError, Outcome, Refusal, Round, SqlCatalogue, StartedJob, SubmitError, ToolCall,
    Usage, cancel, claim, get, heartbeat, list, list_events, queued, recover, submit, submit_claimed,
};
use bulkhead_kernel::id::JobId;
use bulkhead_kernel::sql::SqlError;
use bulkhead_kernel::{AccessToken, Caller, CorrelationId, Credential, PageRequest, Ports};
use bulkhead_testkit::ManualClock;
use bulkhead_testkit::functions::Fixture;
use bulkhead_testkit::jobs::finish;
use serde_json::{Value, json};

const LEASE: Duration = Duration::from_secs(30);

fn reading() -> CorrelationId {
    CorrelationId::parse("reading").expect("sane")
}

struct Scene {
    fixture: Fixture,
    clock: Arc<ManualClock>,
}

/// A tool that may change something.
struct Writing;

#[async_trait::async_trait]
impl Catalogue for Writing {
    async fn find(&self, connector: &str, tool: &str) -> Result<Arc<CallableTool>, LookupError> {
        let schema = json!({ "type": "object" });
        Ok(Arc::new(CallableTool::new(connector, tool, "sha256:0", false, &schema).expect("a schema")))
    }
}

impl Scene {
    async fn start() -> Self {
        let clock = Arc::new(ManualClock::default());
        Self { fixture: Fixture::start(clock.clone()).await, clock }
    }

    fn call(&self, arguments: Value) -> ToolCall {
        ToolCall {
            connector: "toolbox".to_owned(),
            tool: "jq".to_owned(),
            arguments,
            project: None,
            round: Round::default(),
            continues: None,
            idempotency_key: None,
            correlation_id: correlation(),
        }
    }

    fn good_call(&self) -> ToolCall {
        self.call(json!({ "filter": ".", "input": 1 }))
    }

    async fn submit(&self) -> Job {
        let Fixture { ports, ours, .. } = &self.fixture;
        submit(ports, &ours.caller, &SqlCatalogue(ports), self.good_call()).await.expect("submitted").job
    }

    async fn read(&self, job: &Job) -> Job {
        let Fixture { ports, ours, .. } = &self.fixture;
        get(ports, &ours.caller, job.id, &reading()).await.expect("read").expect("there")
    }

    async fn kinds(&self, job: &Job) -> Vec<String> {
        let Fixture { ports, ours, .. } = &self.fixture;
        let page = list_events(ports, &ours.caller, job.id, &PageRequest::default(), &reading()).await.expect("read");
        assert!(page.items.iter().map(|event| event.sequence).eq(1..=page.items.len() as i64));
        page.items.into_iter().map(|event| event.kind).collect()
    }

    async fn audit(&self) -> Vec<AuditEvent> {
        let Fixture { ports, ours, .. } = &self.fixture;
        let page = PageRequest::default();
        bulkhead_audit::list(ports, &ours.caller, &AuditFilter::default(), &page).await.expect("read").items
    }
}

fn correlation() -> CorrelationId {
    CorrelationId::parse("scene").expect("sane")
}

fn terms(owner: &str) -> LeaseTerms {
    LeaseTerms { owner: owner.to_owned(), duration: LEASE }
}

/// Claims a job on a host that has no connector.
async fn claimed(ports: &Ports, owner: &str, job: JobId) -> Result<Option<StartedJob>, SqlError> {
    claim(ports, &terms(owner), job, |_| None).await
}

fn success() -> Outcome {
    Outcome::Succeeded(json!({ "structuredContent": { "results": [1] } }))
}

#[tokio::test]
async fn a_call_is_queued_claimed_and_finished() {
    let scene = Scene::start().await;
    let ports = &scene.fixture.ports;
    let job = scene.submit().await;
    assert_eq!(scene.read(&job).await.status, JobStatus::Queued);
    assert_eq!(scene.audit().await[0].outcome, AuditOutcome::Pending);
    assert_eq!(queued(ports, 10).await.expect("read"), [job.id]);

    let started = claimed(ports, "a", job.id).await.expect("claims").expect("is queued");
    assert!(claimed(ports, "b", job.id).await.expect("asks").is_none(), "claimed twice");
    let usage = Usage { wall_us: 5, ..Usage::default() };
    finish(ports, started.job, &started.lease, success(), Some(usage), Vec::new()).await.expect("finishes");

    let ended = scene.read(&job).await;
    assert_eq!((ended.status, ended.attempts, ended.usage), (JobStatus::Succeeded, 1, Some(usage)));
    assert_eq!(ended.result, Some(json!({ "structuredContent": { "results": [1] } })));
    assert_eq!(scene.kinds(&job).await, ["queued", "started", "finished"]);
    let audit = scene.audit().await;
    assert_eq!((audit.len(), audit[0].outcome, audit[0].job), (1, AuditOutcome::Succeeded, Some(job.id)));
}

#[tokio::test]
async fn a_job_is_of_the_version_that_it_runs_in_from_its_start() {
    let scene = Scene::start().await;
    let ports = &scene.fixture.ports;
    let in_version = async |digest: &str, job: &Job| {
        let digest_of = |slug: &str| (slug == "toolbox").then(|| digest.to_owned());
        claim(ports, &terms("a"), job.id, digest_of).await.expect("claims").expect("is queued")
    };
    let job = scene.submit().await;
    let recorded = job.connector_digest.clone();
    let same = in_version(&recorded, &job).await;
    assert!(!same.replaced, "nothing has changed since the call");
    assert_eq!(scene.read(&job).await.connector_digest, recorded);

    let job = scene.submit().await;
    let started = in_version("sha256:new", &job).await;
    assert!(started.replaced);
    assert_eq!(started.job.connector_digest, "sha256:new");
    let running = scene.read(&job).await;
    assert_eq!((running.status, running.connector_digest.as_str()), (JobStatus::Running, "sha256:new"));
    // Its worker dies, and it is still known what ran. What the next one runs may not be what was recorded.
    recover(ports, Abandoned::All, 3).await.expect("recovers");
    assert_eq!(scene.read(&job).await.connector_digest, "sha256:new");
    assert!(in_version("sha256:new", &job).await.replaced, "who knows whether the first attempt saw that it fits");
    recover(ports, Abandoned::All, 2).await.expect("recovers");
    let ended = scene.read(&job).await;
    assert_eq!((ended.status, ended.connector_digest.as_str()), (JobStatus::Failed, "sha256:new"));
}

#[tokio::test]
async fn a_call_whose_caller_waits_is_claimed_as_it_is_recorded() {
    let scene = Scene::start().await;
    let Fixture { ports, ours, .. } = &scene.fixture;
    let started = submit_claimed(
        ports,
        &ours.caller,
        &SqlCatalogue(ports),
        &KnownRestrictions::default(),
        scene.good_call(),
        &terms("a"),
    )
    .await
    .expect("recorded");
    assert_eq!(scene.read(&started.job).await.status, JobStatus::Running);
    assert_eq!(queued(ports, 10).await.expect("read"), []);
    assert_eq!(scene.kinds(&started.job).await, ["queued", "started"]);
}

#[tokio::test]
async fn a_token_without_the_scope_for_it_changes_nothing_and_that_is_audited() {
    let scene = Scene::start().await;
    let Fixture { ports, ours, .. } = &scene.fixture;
    let with = |scope: &str| {
        let token = AccessToken {
            id: "jti:1".to_owned(),
            scopes: vec![scope.to_owned()],
            write_scope: Some("mcp:write".to_owned()),
        };
        Caller { credential: Credential::Token(token), ..ours.caller.clone() }
    };
    let refused = submit(ports, &with("mcp"), &Writing, scene.good_call()).await;
    let Err(SubmitError::Refused(Refusal::InsufficientScope(scope))) = refused else { panic!("{refused:?}") };
    assert_eq!(scope, "mcp:write");
    let claimed =
        submit_claimed(ports, &with("mcp"), &Writing, &KnownRestrictions::default(), scene.good_call(), &terms("a"))
            .await;
    assert!(matches!(claimed, Err(SubmitError::Refused(Refusal::InsufficientScope(_)))));
    let audit = scene.audit().await;
    assert_eq!(audit.len(), 2);
    assert!(audit.iter().all(|event| event.outcome == AuditOutcome::Refused && event.actor.credential_id == "jti:1"));
    assert_eq!(queued(ports, 10).await.expect("read"), []);

    submit(ports, &with("mcp:write"), &Writing, scene.good_call()).await.expect("with the scope");
    submit(ports, &with("mcp"), &SqlCatalogue(ports), scene.good_call()).await.expect("it only reads");
}

#[tokio::test]
async fn a_refusal_is_audited_and_makes_no_job() {
    let scene = Scene::start().await;
    let Fixture { ports, ours, .. } = &scene.fixture;
    let refused = async |call| match submit(ports, &ours.caller, &SqlCatalogue(ports), call).await {
        Err(SubmitError::Refused(refusal)) => refusal,
        other => panic!("not refused: {other:?}"),
    };
    let Refusal::InvalidArguments(faults) = refused(scene.call(json!({ "filter": 1, "n": 0 }))).await else {
        panic!("another refusal")
    };
    let mut pointers: Vec<_> = faults.iter().map(|fault| fault.pointer.as_str()).collect();
    pointers.sort_unstable();
    assert_eq!(pointers, ["/filter", "/input", "/n"]);
    let unknown = ToolCall { tool: "nothing".to_owned(), ..scene.good_call() };
    assert!(matches!(refused(unknown).await, Refusal::UnknownTool(_)));
    let unknown = ToolCall { connector: "nobody".to_owned(), ..scene.good_call() };
    assert!(matches!(refused(unknown).await, Refusal::UnknownConnector(_)));
    for length in [0, 256] {
        let call = ToolCall { idempotency_key: Some("k".repeat(length)), ..scene.good_call() };
        assert!(matches!(refused(call).await, Refusal::InvalidIdempotencyKey), "{length}");
    }
    assert_eq!(queued(ports, 10).await.expect("read"), []);
    assert!(scene.audit().await.iter().all(|event| event.outcome == AuditOutcome::Refused));
    assert_eq!(scene.audit().await.len(), 5);
}

#[tokio::test]
async fn an_idempotency_key_gives_the_same_job_for_the_same_call_only() {
    let scene = Scene::start().await;
    let Fixture { ports, ours, theirs, .. } = &scene.fixture;
    let call = |input: i64| ToolCall {
        idempotency_key: Some("k".repeat(255)),
        ..scene.call(json!({ "filter": ".", "input": input }))
    };
    let catalogue = SqlCatalogue(ports);
    let first = submit(ports, &ours.caller, &catalogue, call(1)).await.expect("recorded");
    let second = submit(ports, &ours.caller, &catalogue, call(1)).await.expect("found");
    assert_eq!((first.replayed, second.replayed, second.job.id), (false, true, first.job.id));
    let other = submit(ports, &ours.caller, &catalogue, call(2)).await;
    assert!(matches!(other, Err(SubmitError::Refused(Refusal::IdempotencyKeyReused))), "{other:?}");
    let elsewhere = submit(ports, &theirs.caller, &catalogue, call(1)).await.expect("another tenant's key");
    assert!(!elsewhere.replayed);
}

#[tokio::test]
async fn a_stale_lease_writes_nothing() {
    let scene = Scene::start().await;
    let ports = &scene.fixture.ports;
    let job = scene.submit().await;
    let first = claimed(ports, "a", job.id).await.expect("claims").expect("is queued");
    scene.clock.advance(LEASE + Duration::from_millis(1));
    let recovered = recover(ports, Abandoned::Expired, 3).await.expect("recovers");
    assert_eq!(recovered.requeued, [job.id]);
    let second = claimed(ports, "b", job.id).await.expect("claims").expect("is queued again");

    assert_eq!(heartbeat(ports, &first.lease, &terms("a")).await, Ok(Heartbeat::Lost));
    let late = finish(ports, first.job, &first.lease, success(), None, Vec::new()).await;
    assert!(matches!(late, Err(FinishError::StaleLease)), "{late:?}");
    let error = JobError::new(JobErrorKind::ToolFailed, "no");
    finish(ports, second.job, &second.lease, Outcome::Failed(error), None, Vec::new()).await.expect("finishes");
    assert_eq!(scene.read(&job).await.status, JobStatus::Failed);
    assert_eq!(scene.kinds(&job).await, ["queued", "started", "retrying", "started", "finished"]);
}

#[tokio::test]
async fn a_lease_that_is_kept_is_not_taken_away() {
    let scene = Scene::start().await;
    let ports = &scene.fixture.ports;
    let job = scene.submit().await;
    let started = claimed(ports, "a", job.id).await.expect("claims").expect("is queued");
    scene.clock.advance(LEASE - Duration::from_millis(1));
    let held = Heartbeat::Held { cancel_requested: false };
    assert_eq!(heartbeat(ports, &started.lease, &terms("a")).await, Ok(held));
    scene.clock.advance(LEASE - Duration::from_millis(1));
    let recovered = recover(ports, Abandoned::Expired, 3).await.expect("recovers");
    assert!(recovered.requeued.is_empty() && recovered.failed.is_empty());
}

#[tokio::test]
async fn a_job_is_tried_so_often_and_no_oftener() {
    let scene = Scene::start().await;
    let ports = &scene.fixture.ports;
    let job = scene.submit().await;
    for attempt in 1..=3 {
        claimed(ports, "a", job.id).await.expect("claims").expect("is queued");
        let recovered = recover(ports, Abandoned::All, 3).await.expect("recovers");
        assert_eq!(recovered.requeued.len(), usize::from(attempt < 3), "attempt {attempt}");
    }
    let ended = scene.read(&job).await;
    assert_eq!(ended.error.map(|error| error.kind), Some(JobErrorKind::WorkerLost));
    assert_eq!(scene.audit().await[0].outcome, AuditOutcome::Failed);
}

#[tokio::test]
async fn what_may_have_changed_something_is_never_run_again() {
    let scene = Scene::start().await;
    let Fixture { ports, ours, .. } = &scene.fixture;
    let started =
        submit_claimed(ports, &ours.caller, &Writing, &KnownRestrictions::default(), scene.good_call(), &terms("a"))
            .await
            .expect("recorded");
    let recovered = recover(ports, Abandoned::All, 3).await.expect("recovers");
    assert_eq!(recovered.failed, [started.job.id]);
    let ended = scene.read(&started.job).await;
    assert_eq!(ended.error.map(|error| error.kind), Some(JobErrorKind::OutcomeUnknown));
    let late = finish(ports, started.job, &started.lease, success(), None, Vec::new()).await;
    assert!(matches!(late, Err(FinishError::StaleLease)), "{late:?}");
}

#[tokio::test]
async fn a_queued_job_is_canceled_at_once_and_a_running_one_is_asked_to_stop() {
    let scene = Scene::start().await;
    let Fixture { ports, ours, theirs, .. } = &scene.fixture;
    let waiting = scene.submit().await;
    assert!(
        cancel(ports, &theirs.caller, waiting.id, &correlation()).await.expect("asks").is_none(),
        "another tenant's job"
    );
    // Audit entries of one millisecond are in no order.
    scene.clock.advance(Duration::from_millis(1));
    let canceled = cancel(ports, &ours.caller, waiting.id, &correlation()).await.expect("cancels");
    assert!(matches!(canceled, Some(CancelOutcome::Canceled(_))));
    assert!(claimed(ports, "a", waiting.id).await.expect("asks").is_none());
    let audit = scene.audit().await;
    let trail: Vec<_> = audit.iter().rev().map(|event| (event.action.as_str(), event.outcome)).collect();
    assert_eq!(trail, [("tool.call", AuditOutcome::Canceled), ("job.cancel", AuditOutcome::Succeeded)]);

    let running = scene.submit().await;
    let started = claimed(ports, "a", running.id).await.expect("claims").expect("is queued");
    for _ in 0..2 {
        let requested = cancel(ports, &ours.caller, running.id, &correlation()).await.expect("asks");
        assert!(matches!(requested, Some(CancelOutcome::Requested(_))));
    }
    let told = Heartbeat::Held { cancel_requested: true };
    assert_eq!(heartbeat(ports, &started.lease, &terms("a")).await, Ok(told));
    let stopped = Outcome::Failed(JobError::new(JobErrorKind::Canceled, "stopped"));
    finish(ports, started.job, &started.lease, stopped, None, Vec::new()).await.expect("finishes");
    assert_eq!(scene.read(&running).await.status, JobStatus::Canceled);
    let ended = cancel(ports, &ours.caller, running.id, &correlation()).await.expect("asks");
    assert!(matches!(ended, Some(CancelOutcome::AlreadyEnded(_))));
    assert_eq!(scene.kinds(&running).await, ["queued", "started", "cancel_requested", "finished"]);
}

#[tokio::test]
async fn a_canceled_job_whose_worker_is_lost_ends_canceled() {
    let scene = Scene::start().await;
    let Fixture { ports, ours, .. } = &scene.fixture;
    let job = scene.submit().await;
    claimed(ports, "a", job.id).await.expect("claims").expect("is queued");
    cancel(ports, &ours.caller, job.id, &correlation()).await.expect("asks");
    recover(ports, Abandoned::All, 3).await.expect("recovers");
    assert_eq!(scene.read(&job).await.status, JobStatus::Canceled);
}

#[tokio::test]
async fn jobs_are_listed_newest_first_in_pages_of_one_tenant() {
    let scene = Scene::start().await;
    let Fixture { ports, ours, theirs, .. } = &scene.fixture;
    let mut submitted = Vec::new();
    for _ in 0..3 {
        submitted.push(scene.submit().await.id);
        scene.clock.advance(Duration::from_millis(1));
    }
    submitted.reverse();
    let filter = JobFilter::default();
    let first = PageRequest { after: None, limit: 2 };
    let page = list(ports, &ours.caller, &filter, &first, &reading()).await.expect("read");
    let mut seen: Vec<_> = page.items.iter().map(|job| job.id).collect();
    let next = PageRequest::parse(page.next.as_deref(), Some("2")).expect("our cursor");
    let page = list(ports, &ours.caller, &filter, &next, &reading()).await.expect("read");
    seen.extend(page.items.iter().map(|job| job.id));
    assert_eq!((seen, page.next), (submitted, None));
    assert!(list(ports, &theirs.caller, &filter, &first, &reading()).await.expect("read").items.is_empty());
}
