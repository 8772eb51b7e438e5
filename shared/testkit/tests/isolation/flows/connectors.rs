//! The crate connectors: what belongs to the installation, and what a tenant takes away for itself.

use bulkhead_audit::Actor;
use bulkhead_connectors::{
    Annotations, ApprovalAct, Approver, AuthType, NewApproval, NewConnector, Restrictions, Slug, Tool, approvals,
    approve, find_approval, find_restrictions, find_tool, get, lift_restrictions, list, list_tools,
    record_refused_upgrade, register, restrict, restrictions, restrictions_of, retain, withdraw_approval,
};
use serde_json::json;

use super::{Scene, correlation};

pub(super) async fn run(scene: &Scene) {
    catalogue(scene).await;
    approval(scene).await;
    restriction(scene).await;
}

fn connector(slug: &str) -> NewConnector {
    let annotations =
        Annotations { read_only_hint: true, destructive_hint: false, idempotent_hint: true, open_world_hint: false };
    let tool = Tool {
        name: "jq".parse().expect("a name"),
        title: "jq".to_owned(),
        description: "A tool.".to_owned(),
        input_schema: json!({ "type": "object" }),
        output_schema: None,
        annotations,
    };
    NewConnector {
        slug: slug.parse().expect("a slug"),
        name: slug.to_owned(),
        version: "0.1.0".to_owned(),
        description: "A connector.".to_owned(),
        auth_types: AuthType::None.into(),
        oauth: None,
        digest: format!("sha256:{}", "0".repeat(64)),
        tools: vec![tool],
    }
}

async fn catalogue(scene: &Scene) {
    let ports = &scene.ports;
    for new in [connector("toolbox"), connector("gone"), connector("toolbox")] {
        register(ports, &new).await.expect("registers");
    }
    assert_eq!(retain(ports, &["toolbox".parse().expect("a slug")]).await, Ok(1));
    assert_eq!(list(ports, &scene.owner, &correlation()).await.expect("reads").len(), 1);
    assert!(get(ports, "toolbox").await.expect("reads").is_some());
    assert_eq!(list_tools(ports, "toolbox").await.expect("reads").len(), 1);
    assert!(find_tool(ports, "toolbox", "jq").await.expect("reads").is_some());
}

async fn approval(scene: &Scene) {
    let ports = &scene.ports;
    let slug: Slug = "toolbox".parse().expect("a slug");
    let by = Approver {
        actor: Actor::operator("uid 0"),
        organizations: vec![scene.owner.organization],
        correlation: correlation(),
    };
    let new = NewApproval {
        slug: slug.clone(),
        digest: "sha256:1".to_owned(),
        grants: "{}".to_owned(),
        grants_digest: "sha256:2".to_owned(),
    };
    assert_eq!(approve(ports, &by, ApprovalAct::Install, None, &new).await, Ok(true));
    // Another host found it at the same moment.
    assert_eq!(approve(ports, &by, ApprovalAct::Install, None, &new).await, Ok(false));
    let old = find_approval(ports, &slug).await.expect("reads").expect("is there");
    assert_eq!(approve(ports, &by, ApprovalAct::Upgrade, Some(&old), &new).await, Ok(true));
    assert_eq!(approvals(ports).await.expect("reads").len(), 1);
    record_refused_upgrade(ports, &by, &slug).await.expect("records");
    assert_eq!(withdraw_approval(ports, &by, &slug).await, Ok(true));
}

async fn restriction(scene: &Scene) {
    let Scene { ports, owner, .. } = scene;
    let slug: Slug = "toolbox".parse().expect("a slug");
    let only_jq: Restrictions = serde_json::from_value(json!({ "tools": ["jq"] })).expect("restrictions");
    restrict(ports, owner, &slug, &only_jq, &correlation()).await.expect("restricts");
    assert_eq!(restrictions(ports, owner, &slug, &correlation()).await.expect("reads"), only_jq);
    assert!(find_restrictions(ports, owner.organization, "toolbox").await.expect("reads").is_some());
    assert_eq!(restrictions_of(ports, owner.organization).await.expect("reads").len(), 1);
    lift_restrictions(ports, owner, &slug, &correlation()).await.expect("lifts");
}
