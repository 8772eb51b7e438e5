//! Telling clients that lists or resources have changed.

use bulkhead_kernel::id::OrganizationId;
use rmcp::ErrorData;
use rmcp::model::ResourceUpdatedNotificationParam;
use rmcp::service::{Peer, RoleServer, SubscriptionContext, SubscriptionSendError, SubscriptionSink};
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
            heard = next(&mut changes) => match heard {
                Some(heard) => if let Err(error) = tell(subscription.sink(), heard, organization).await {
                    tracing::debug!(%error, "a subscriber could not be told of a change");
                },
                None => return Ok(()),
            },
        }
    }
}

/// What a listener hears.
#[derive(Debug, PartialEq, Eq)]
enum Heard {
    Change(Change),
    /// It was too slow for some: anything may have changed.
    TooMuch,
}

async fn tell(
    sink: &SubscriptionSink,
    heard: Heard,
    organization: OrganizationId,
) -> Result<(), SubscriptionSendError> {
    let resources = sink.accepted().resource_subscriptions.as_deref().unwrap_or_default();
    match heard {
        Heard::Change(Change::Catalogue) => tell_of_lists(sink).await,
        Heard::Change(Change::Resource { organization: owner, uri })
            if owner == organization && resources.contains(&uri) =>
        {
            sink.notify_resource_updated(uri).await
        }
        Heard::Change(Change::Resource { .. }) => Ok(()),
        Heard::TooMuch => {
            for uri in resources {
                sink.notify_resource_updated(uri.clone()).await?;
            }
            tell_of_lists(sink).await
        }
    }
}

async fn tell_of_lists(sink: &SubscriptionSink) -> Result<(), SubscriptionSendError> {
    let accepted = sink.accepted();
    if accepted.tools_list_changed == Some(true) {
        sink.notify_tool_list_changed().await?;
    }
    if accepted.prompts_list_changed == Some(true) {
        sink.notify_prompt_list_changed().await?;
    }
    if accepted.resources_list_changed == Some(true) {
        sink.notify_resource_list_changed().await?;
    }
    Ok(())
}

/// Tells a client of an older version of changes for as long as its session lasts.
pub(super) async fn forward(
    peer: Peer<RoleServer>,
    session: Arc<Session>,
    mut changes: Receiver<Change>,
    organization: OrganizationId,
) {
    while let Some(heard) = next(&mut changes).await {
        let (lists, resources) = match heard {
            Heard::Change(Change::Catalogue) => (true, Vec::new()),
            Heard::Change(Change::Resource { organization: owner, uri }) => {
                let wanted = owner == organization && session.is_subscribed(&uri);
                (false, wanted.then_some(uri).into_iter().collect())
            }
            Heard::TooMuch => (true, session.subscribed().into_iter().collect()),
        };
        let mut told = Ok(());
        for uri in resources {
            told = told.and(peer.notify_resource_updated(ResourceUpdatedNotificationParam::new(uri)).await);
        }
        if lists {
            told = told.and(peer.notify_tool_list_changed().await);
            told = told.and(peer.notify_prompt_list_changed().await);
            told = told.and(peer.notify_resource_list_changed().await);
        }
        if told.is_err() || peer.is_transport_closed() {
            return;
        }
    }
}

async fn next(changes: &mut Receiver<Change>) -> Option<Heard> {
    match changes.recv().await {
        Ok(change) => Some(Heard::Change(change)),
        Err(RecvError::Lagged(_)) => Some(Heard::TooMuch),
        Err(RecvError::Closed) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worker::Changes;

    #[tokio::test]
    async fn whoever_is_too_slow_knows_that_it_missed_something() {
        let changes = Changes::default();
        let mut listener = changes.listen();
        changes.tell(Change::Catalogue);
        assert_eq!(next(&mut listener).await, Some(Heard::Change(Change::Catalogue)));
        (0..1000).for_each(|_| changes.tell(Change::Catalogue));
        assert_eq!(next(&mut listener).await, Some(Heard::TooMuch));
        assert_eq!(next(&mut listener).await, Some(Heard::Change(Change::Catalogue)), "and goes on with what is left");
    }
}
