//! The crate audit. Entries are begun and completed by the other flows.

use bulkhead_audit::{AuditEvent, AuditFilter, Target, list, record_refusal};
use bulkhead_kernel::PageRequest;

use super::{Scene, correlation};

pub(super) async fn run(scene: &Scene) {
    let Scene { ports, owner, .. } = scene;
    let target = Target { kind: "tool".to_owned(), id: "toolbox/jq".to_owned() };
    let event = AuditEvent::pending(ports, owner, "tool.call", target, &correlation()).refused("unknown_tool");
    record_refusal(ports, &event).await.expect("records");
    let entries = list(ports, owner, &AuditFilter::default(), &PageRequest::default()).await.expect("reads");
    assert!(!entries.items.is_empty());
}
