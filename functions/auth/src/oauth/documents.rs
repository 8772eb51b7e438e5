//! Clients' metadata documents, through the host: it alone may send requests to wherever strangers say.

use std::sync::Arc;

use async_trait::async_trait;
use bulkhead_authorization::{ClientDocuments, Document, DocumentError};
use bulkhead_http_api::{Api, HostClient, HostError};
use bulkhead_kernel::CorrelationId;

/// Asks the host.
pub(super) struct HostDocuments {
    host: Arc<dyn HostClient>,
    correlation: CorrelationId,
}

impl HostDocuments {
    pub(super) fn new(api: &Api, correlation: &CorrelationId) -> Self {
        Self { host: api.host.clone(), correlation: correlation.clone() }
    }
}

#[async_trait]
impl ClientDocuments for HostDocuments {
    async fn fetch(&self, url: &str) -> Result<Document, DocumentError> {
        match self.host.fetch_client_metadata(url, &self.correlation).await {
            Ok(fetched) => Ok(Document { text: fetched.text, max_age: fetched.max_age }),
            // The host looked, and what it found is no document.
            Err(HostError::Refused(422)) => Err(DocumentError::Refused),
            Err(error) => {
                tracing::warn!(%error, "a client's metadata document could not be asked for");
                Err(DocumentError::Unavailable(error.to_string()))
            }
        }
    }
}
