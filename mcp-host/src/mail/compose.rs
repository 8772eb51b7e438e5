//! A letter as a message (RFC 5322).

use std::time::SystemTime;

use bulkhead_identity::Letter;
use bulkhead_kernel::Timestamp;
use lettre::Message;
use lettre::message::{Mailbox, SinglePart};

use super::SendError;

/// Whom mails come from, such as `Bulkhead <bulkhead@example.com>`.
#[derive(Clone, Debug)]
pub(crate) struct Sender(pub(crate) Mailbox);

/// A text is no sender.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no sender; one is like Bulkhead <bulkhead@example.com>")]
pub(crate) struct InvalidSender(String);

impl std::str::FromStr for Sender {
    type Err = InvalidSender;
    fn from_str(text: &str) -> Result<Self, InvalidSender> {
        text.parse().map(Self).map_err(|_| InvalidSender(text.to_owned()))
    }
}

/// The message of a letter.
pub(crate) fn compose(letter: &Letter, sender: &Sender, now: Timestamp) -> Result<Message, SendError> {
    // Of the address's faults, without the address.
    let to =
        letter.to.parse().map_err(|_| SendError::Unsendable("its address is none that mail reaches".to_owned()))?;
    let millis = u64::try_from(now.as_millis()).unwrap_or(0);
    let date = SystemTime::UNIX_EPOCH + std::time::Duration::from_millis(millis);
    Message::builder()
        .from(sender.0.clone())
        .to(Mailbox::new(None, to))
        .subject(letter.subject.clone())
        .date(date)
        .message_id(None)
        .singlepart(SinglePart::plain(letter.text.clone()))
        .map_err(|error| SendError::Unsendable(error.to_string()))
}
