//! Giving a token back (RFC 7009).

use bulkhead_identity::{TokenTerms, authenticate_token, end_granted_session, find_refreshable, find_session};
use bulkhead_kernel::id::SessionId;
use bulkhead_kernel::sql::SqlError;
use bulkhead_kernel::{CorrelationId, Credential, Ports};

use crate::client::Client;
use crate::error::{Failure, database};
use crate::parameters::Parameters;

/// Ends the session that a client's token belongs to, and with it every token of it, whichever of them this is. What is no
/// token, or another client's, changes nothing, and the client is told the same (section 2.2).
///
/// # Errors
/// [`Failure`].
pub async fn revoke(
    ports: &Ports,
    terms: &[TokenTerms],
    client: &Client,
    form: &Parameters,
    correlation: &CorrelationId,
) -> Result<(), Failure> {
    // `token_type_hint` only says where to look first, and both looks are cheap.
    let token = form.required("token")?;
    let session = match find_refreshable(ports, token).await? {
        Some(session) => Some(session),
        None => match session_of_access_token(ports, terms, token).await? {
            Some(id) => find_session(ports, id).await?,
            None => None,
        },
    };
    if let Some(session) = session.filter(|session| session.client_id.as_deref() == Some(&client.id)) {
        let reason = "the client gave its token back; the session was ended";
        end_granted_session(ports, session.id, "oauth.revoke", reason, correlation).await?;
    }
    Ok(())
}

/// The session of an access token of ours that is good still, for whichever of our resources.
pub(crate) async fn session_of_access_token(
    ports: &Ports,
    terms: &[TokenTerms],
    token: &str,
) -> Result<Option<SessionId>, SqlError> {
    for terms in terms {
        match authenticate_token(ports, terms, token).await {
            Ok(caller) => match caller.credential {
                Credential::Session(session) => return Ok(Some(session)),
                Credential::ApiKey(_) | Credential::Token(_) => {}
            },
            Err(error) => database(error)?,
        }
    }
    Ok(None)
}
