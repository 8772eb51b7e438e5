//! What an organisation takes away holds for the next call, whatever a process has in its memory; on each database.

use std::sync::Arc;
use std::time::Duration;

use bulkhead_audit::{AuditFilter, Outcome};
use bulkhead_connectors::{KnownRestrictions, Restrictions, lift_restrictions, restrict};
use bulkhead_execution::{
    LeaseTerms, Refusal, Round, SqlCatalogue, StartedJob, SubmitError, ToolCall, claim, submit, submit_claimed,
};
use bulkhead_kernel::{Caller, CorrelationId, PageRequest, Role};
use bulkhead_testkit::ManualClock;
use bulkhead_testkit::functions::Fixture;
use serde_json::json;

struct Scene {
    fixture: Fixture,
    admin: Caller,
    known: KnownRestrictions,
}

impl Scene {
    fn of(fixture: Fixture) -> Self {
        let admin = Caller { role: Role::Admin, ..fixture.ours.caller.clone() };
        Self { fixture, admin, known: KnownRestrictions::default() }
    }

    async fn allow(&self, tools: &[&str]) {
        let restrictions: Restrictions = serde_json::from_value(json!({ "tools": tools })).expect("restrictions");
        let slug = "toolbox".parse().expect("a slug");
        restrict(&self.fixture.ports, &self.admin, &slug, &restrictions, &correlation()).await.expect("restricts");
    }

    async fn lift(&self) {
        let slug = "toolbox".parse().expect("a slug");
        lift_restrictions(&self.fixture.ports, &self.admin, &slug, &correlation()).await.expect("lifts");
    }

    /// A call whose caller waits, of this tool by this caller, in a process that remembers.
    async fn call(&self, caller: &Caller, tool: &str) -> Result<StartedJob, SubmitError> {
        let ports = &self.fixture.ports;
        submit_claimed(ports, caller, &SqlCatalogue(ports), &self.known, call(tool), &terms()).await
    }

    async fn refused(&self, tool: &str) {
        let refused = self.call(&self.admin, tool).await;
        assert!(matches!(refused, Err(SubmitError::Refused(Refusal::ToolRestricted(..)))), "{refused:?}");
    }

    async fn allowed(&self, tool: &str) -> Option<Vec<String>> {
        let started = self.call(&self.admin, tool).await.expect("is allowed");
        let tools = started.restrictions.as_ref()?.restrictions.tools.clone()?;
        Some(tools.iter().map(ToString::to_string).collect())
    }
}

fn call(tool: &str) -> ToolCall {
    ToolCall {
        connector: "toolbox".to_owned(),
        tool: tool.to_owned(),
        arguments: json!({ "filter": ".", "input": 1 }),
        project: None,
        round: Round::default(),
        continues: None,
        idempotency_key: None,
        correlation_id: correlation(),
    }
}

fn correlation() -> CorrelationId {
    CorrelationId::parse("scene").expect("sane")
}

fn terms() -> LeaseTerms {
    LeaseTerms { owner: "a".to_owned(), duration: Duration::from_secs(30) }
}

async fn scenes() -> [Scene; 2] {
    let clock = || Arc::new(ManualClock::default());
    [Scene::of(Fixture::start(clock()).await), Scene::of(Fixture::start_on_postgres(clock()).await)]
}

#[tokio::test]
async fn a_process_that_remembers_something_else_is_corrected_by_the_database() {
    for scene in scenes().await {
        assert_eq!(scene.allowed("jq").await, None);
        // It knows of nothing, and there is something.
        scene.allow(&["jq"]).await;
        scene.refused("diff").await;
        assert_eq!(scene.allowed("jq").await, Some(vec!["jq".to_owned()]));
        // It knows of something, and there is something else.
        scene.allow(&["diff", "jq"]).await;
        assert_eq!(scene.allowed("jq").await, Some(vec!["diff".to_owned(), "jq".to_owned()]));
        scene.allow(&["jq"]).await;
        scene.refused("diff").await;
        // It knows of something, and there is nothing.
        scene.lift().await;
        assert_eq!(scene.allowed("diff").await, None);
        scene.allow(&["diff"]).await;
        assert_eq!(scene.allowed("diff").await, Some(vec!["diff".to_owned()]));
        scene.lift().await;
        assert_eq!(scene.allowed("jq").await, None);
        let filter = AuditFilter { outcome: Some(Outcome::Refused), ..AuditFilter::default() };
        let page = bulkhead_audit::list(&scene.fixture.ports, &scene.admin, &filter, &PageRequest::default()).await;
        assert_eq!(page.expect("reads").items.len(), 2, "each refusal is recorded once");
    }
}

#[tokio::test]
async fn nobody_elses_calls_are_touched() {
    for scene in scenes().await {
        scene.allow(&[]).await;
        scene.refused("jq").await;
        let theirs = scene.call(&scene.fixture.theirs.caller, "jq").await.expect("is allowed");
        assert!(theirs.restrictions.is_none());
    }
}

#[tokio::test]
async fn a_queued_job_gets_what_holds_when_it_starts() {
    for scene in scenes().await {
        let ports = &scene.fixture.ports;
        let queue = async || {
            let catalogue = SqlCatalogue(ports);
            submit(ports, &scene.admin, &catalogue, call("jq")).await.expect("is allowed").job.id
        };
        let (first, second) = (queue().await, queue().await);
        scene.allow(&["diff"]).await;
        let refused = submit(ports, &scene.admin, &SqlCatalogue(ports), call("jq")).await;
        assert!(matches!(refused, Err(SubmitError::Refused(Refusal::ToolRestricted(..)))), "{refused:?}");
        let started = claim(ports, &terms(), first, |_| None).await.expect("claims").expect("is queued");
        let in_force = started.restrictions.expect("is restricted");
        assert!(!in_force.restrictions.allow_tool("jq") && in_force.restrictions.allow_tool("diff"));
        scene.lift().await;
        let started = claim(ports, &terms(), second, |_| None).await.expect("claims").expect("is queued");
        assert!(started.restrictions.is_none());
    }
}
