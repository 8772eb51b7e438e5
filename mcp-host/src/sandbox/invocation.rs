//! What is asked of a connector's fresh instance, and who is told while it runs.

use std::sync::Arc;

use bulkhead_connectors::InForce;
use bulkhead_execution::{EventLevel, Round};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::credentials::BoundCredential;

/// One request to a connector.
#[derive(Debug)]
pub struct Invocation {
    /// What to do.
    pub operation: Operation,
    /// What came from earlier rounds.
    pub round: Round,
    /// What the host adds to its requests.
    pub credentials: Vec<BoundCredential>,
    /// What the caller's organisation takes away from the connector.
    pub restrictions: Option<Arc<InForce>>,
    /// Who is told what happens meanwhile.
    pub observer: Option<Observer>,
    /// Ends the guest. Other than dropping the call, it leaves a report of what had happened until then.
    pub stop: Option<CancellationToken>,
}

impl Invocation {
    /// A first round without credentials that nobody watches.
    #[must_use]
    pub fn new(operation: Operation) -> Self {
        let round = Round::default();
        Self { operation, round, credentials: Vec::new(), restrictions: None, observer: None, stop: None }
    }

    /// A first round of a tool that nobody watches; `arguments` is the JSON text of an object.
    #[must_use]
    pub fn tool(name: impl Into<String>, arguments: impl Into<String>) -> Self {
        Self::new(Operation::Tool { name: name.into(), arguments: arguments.into() })
    }

    /// Bytes that go into the sandbox: arguments, and the answers and the state of earlier rounds.
    pub(super) fn bytes(&self) -> usize {
        let answers = self.round.answers.iter().map(|(key, answer)| key.len() + answer.to_string().len());
        let state = self.round.state.as_ref().map_or(0, String::len);
        self.operation.bytes() + answers.sum::<usize>() + state
    }
}

/// What a connector can be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Run a tool.
    Tool {
        /// Its name in the connector.
        name: String,
        /// The JSON text of an object that its schema accepts.
        arguments: String,
    },
    /// Fill a prompt in.
    Prompt {
        /// Its name in the connector.
        name: String,
        /// By name.
        arguments: Vec<(String, String)>,
    },
    /// Read a resource.
    Resource {
        /// Its address.
        uri: String,
    },
    /// Suggest values for an argument.
    Completion {
        /// Whose argument.
        subject: Subject,
        /// Which.
        argument: String,
        /// What is typed already.
        value: String,
        /// Arguments that are filled in.
        others: Vec<(String, String)>,
    },
}

impl Operation {
    fn bytes(&self) -> usize {
        let pairs =
            |pairs: &[(String, String)]| pairs.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>();
        match self {
            Self::Tool { arguments, .. } => arguments.len(),
            Self::Prompt { arguments, .. } => pairs(arguments),
            Self::Resource { uri } => uri.len(),
            Self::Completion { argument, value, others, .. } => argument.len() + value.len() + pairs(others),
        }
    }
}

/// Whose argument is completed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A prompt's, by its name in the connector.
    Prompt(String),
    /// A resource template's.
    Template(String),
}

/// Something that a guest says while it runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signal {
    /// A message.
    Log(EventLevel, String),
    /// How far it is.
    Progress {
        /// In any unit.
        done: u64,
        /// Of how much.
        total: Option<u64>,
        /// In words.
        message: Option<String>,
    },
}

/// Where signals go. A guest can send no more of them than its limit on events, so nothing else bounds the channel.
pub type Observer = mpsc::UnboundedSender<Signal>;
