//! Telling clients that lists or resources have changed.

use bulkhead_kernel::id::OrganizationId;
use rmcp::ErrorData;
use rmcp::model::ResourceUpdatedNotificationParam;
use rmcp::service::{Peer, RoleServer, SubscriptionContext, SubscriptionSink};
use std::sync::Arc;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio_util::sync::CancellationToken;

use super::session::Session;
use crate::worker::Change;

/// Serves `subscriptions/listen` (2026-07-28) until the client or the host ends it.
///
/// # Errors
/// None; the stream's end is no error.
pub(super) async fn listen(
    subscription: SubscriptionContext,
    mut changes: Receiver<Change>,
    organization: OrganizationId,
    stop: CancellationToken,
) -> Result<(), ErrorData> {
    loop {
        tokio::select! {
            () = subscription.cancelled() => return Ok(()),
            () = stop.cancelled() => return Ok(()),
            change = next(&mut changes) => match change {
                Some(change) => tell(subscription.sink(), change, organization).await,
                None => return Ok(()),
            },
        }
    }
}

async fn tell(sink: &SubscriptionSink, change: Change, organization: OrganizationId) {
    let accepted = sink.accepted();
    let wants = |wanted: Option<bool>| wanted == Some(true);
    let told = match change {
        Change::Catalogue => {
            let mut told = Ok(());
            if wants(accepted.tools_list_changed) {
                told = told.and(sink.notify_tool_list_changed().await);
            }
            if wants(accepted.prompts_list_changed) {
                told = told.and(sink.notify_prompt_list_changed().await);
            }
            if wants(accepted.resources_list_changed) {
                told = told.and(sink.notify_resource_list_changed().await);
            }
            told
        }
        Change::Resource { organization: owner, uri } => {
            let subscribed = accepted.resource_subscriptions.as_ref().is_some_and(|uris| uris.contains(&uri));
            if owner == organization && subscribed { sink.notify_resource_updated(uri).await } else { Ok(()) }
        }
    };
    if let Err(error) = told {
        tracing::debug!(%error, "a subscriber could not be told of a change");
    }
}

/// Tells a client of an older version of changes for as long as its session lasts.
pub(super) async fn forward(
    peer: Peer<RoleServer>,
    session: Arc<Session>,
    mut changes: Receiver<Change>,
    organization: OrganizationId,
) {
    while let Some(change) = next(&mut changes).await {
        let told = match change {
            Change::Catalogue => {
                let tools = peer.notify_tool_list_changed().await;
                let prompts = peer.notify_prompt_list_changed().await;
                tools.and(prompts).and(peer.notify_resource_list_changed().await)
            }
            Change::Resource { organization: owner, uri } if owner == organization && session.is_subscribed(&uri) => {
                peer.notify_resource_updated(ResourceUpdatedNotificationParam::new(uri)).await
            }
            Change::Resource { .. } => Ok(()),
        };
        if told.is_err() || peer.is_transport_closed() {
            return;
        }
    }
}

/// The next change. Whoever was too slow is told of everything, because anything may have changed.
async fn next(changes: &mut Receiver<Change>) -> Option<Change> {
    match changes.recv().await {
        Ok(change) => Some(change),
        Err(RecvError::Lagged(_)) => Some(Change::Catalogue),
        Err(RecvError::Closed) => None,
    }
}
