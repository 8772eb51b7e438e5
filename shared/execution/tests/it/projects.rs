//! A call in a project is its members' alone; on each database.

use std::sync::Arc;
use std::time::Duration;

use bulkhead_audit::{AuditFilter, Outcome};
use bulkhead_connectors::KnownRestrictions;
use bulkhead_execution::{
    LeaseTerms, Refusal, Round, SqlCatalogue, SubmitError, ToolCall, claim, get, refuse_project, submit, submit_claimed,
};
use bulkhead_kernel::id::ProjectId;
use bulkhead_kernel::{CorrelationId, PageRequest, Role};
use bulkhead_testkit::ManualClock;
use bulkhead_testkit::functions::{Fixture, project, set_project_role};
use serde_json::json;

fn call(project: Option<ProjectId>) -> ToolCall {
    ToolCall {
        connector: "toolbox".to_owned(),
        tool: "jq".to_owned(),
        arguments: json!({ "filter": ".", "input": 1 }),
        project,
        round: Round::default(),
        continues: None,
        idempotency_key: Some("one".to_owned()),
        correlation_id: correlation(),
    }
}

fn correlation() -> CorrelationId {
    CorrelationId::parse("scene").expect("sane")
}

fn terms() -> LeaseTerms {
    LeaseTerms { owner: "a".to_owned(), duration: Duration::from_secs(30) }
}

async fn fixtures() -> [Fixture; 2] {
    let clock = || Arc::new(ManualClock::default());
    [Fixture::start(clock()).await, Fixture::start_on_postgres(clock()).await]
}

#[tokio::test]
async fn a_developer_calls_in_their_project_and_the_job_remembers_it() {
    for fixture in fixtures().await {
        let (ports, caller) = (&fixture.ports, &fixture.ours.caller);
        let project = project(ports, caller.organization).await;
        set_project_role(ports, caller, project, Some("developer")).await;
        let catalogue = SqlCatalogue(ports);
        let job = submit(ports, caller, &catalogue, call(Some(project))).await.expect("is recorded").job;
        let read = get(ports, caller, job.id, &correlation()).await.expect("reads").expect("is there");
        assert_eq!(read.project, Some(project));
        assert_eq!(serde_json::to_value(&read).expect("serializes")["project"], json!(project));
        let started = claim(ports, &terms(), job.id, |_| None).await.expect("claims").expect("is queued");
        assert_eq!(started.job.project, Some(project));
        let known = KnownRestrictions::default();
        let claimed = submit_claimed(ports, caller, &catalogue, &known, call(Some(project)), &terms()).await;
        assert_eq!(claimed.expect("is recorded").job.project, Some(project));
        // The same call elsewhere is another one.
        let other = submit(ports, caller, &catalogue, call(None)).await;
        assert!(matches!(other, Err(SubmitError::Refused(Refusal::IdempotencyKeyReused))), "{other:?}");
    }
}

#[tokio::test]
async fn whoever_has_no_role_or_too_low_a_one_is_refused_and_that_is_recorded() {
    for fixture in fixtures().await {
        let (ports, caller, stranger) = (&fixture.ports, &fixture.ours.caller, &fixture.theirs.caller);
        let ours = project(ports, caller.organization).await;
        let theirs = project(ports, stranger.organization).await;
        let catalogue = SqlCatalogue(ports);
        let refusal = async |project| match submit(ports, caller, &catalogue, call(Some(project))).await {
            Err(SubmitError::Refused(refusal)) => refusal.to_string(),
            other => panic!("{other:?}"),
        };
        let unknown = refusal(ports.new_id()).await;
        assert_eq!(unknown, Refusal::UnknownProject.to_string());
        // One in which they have no role is not told from one that is not there, nor is another tenant's.
        assert_eq!(refusal(ours).await, unknown);
        assert_eq!(refusal(theirs).await, unknown);
        assert_eq!(refuse_project(ports, stranger, theirs).await.expect("reads").map(|r| r.to_string()), Some(unknown));
        set_project_role(ports, caller, ours, Some("viewer")).await;
        assert!(refusal(ours).await.contains("developer"));

        let filter = AuditFilter { outcome: Some(Outcome::Refused), ..AuditFilter::default() };
        let page = bulkhead_audit::list(ports, caller, &filter, &PageRequest::default()).await.expect("reads");
        assert_eq!(page.items.len(), 4);
        assert!(page.items.iter().all(|entry| entry.action == "tool.call" && entry.target.id == "toolbox/jq"));

        for role in ["developer", "maintainer"] {
            set_project_role(ports, caller, ours, Some(role)).await;
            assert!(refuse_project(ports, caller, ours).await.expect("reads").is_none(), "{role}");
        }
        set_project_role(ports, caller, ours, None).await;
        let admin = bulkhead_kernel::Caller { role: Role::Admin, ..caller.clone() };
        assert!(refuse_project(ports, &admin, ours).await.expect("reads").is_none());
        assert!(refuse_project(ports, &admin, theirs).await.expect("reads").is_some());
    }
}
