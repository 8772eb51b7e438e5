//! A GitHub that gives answers in turn, for the tools' tests.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::time::UNIX_EPOCH;

use bulkhead_connector_kit::fake::Host;
use bulkhead_connector_kit::http::{HeaderMap, HttpError, Request, Response};
use bulkhead_connector_kit::{Block, Round, ToolError, Turn, clock};
use serde_json::Value;

use crate::CONNECTOR;

/// A request that a tool sent.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    /// Method, address, and the query's parameters as ` name=value`.
    pub(crate) line: String,
    pub(crate) headers: HeaderMap,
    /// The body's JSON; null when there is none.
    pub(crate) body: Value,
    /// Milliseconds since the call began.
    at: u128,
}

/// A GitHub with these answers. A test fails when a tool asks for more.
pub(crate) struct GitHub {
    answers: Rc<RefCell<VecDeque<Result<Response, HttpError>>>>,
    sent: Rc<RefCell<Vec<Sent>>>,
    settings: BTreeMap<String, String>,
}

pub(crate) fn answer(status: u16, body: impl Into<Vec<u8>>) -> Response {
    Response::new(status, body)
}

impl GitHub {
    pub(crate) fn new(answers: impl IntoIterator<Item = Response>) -> Self {
        Self::of(answers.into_iter().map(Ok).collect())
    }

    pub(crate) fn failing(error: HttpError) -> Self {
        Self::of([Err(error)].into())
    }

    fn of(answers: VecDeque<Result<Response, HttpError>>) -> Self {
        let settings = [("base_url", "https://api.github.com"), ("max_wait_seconds", "5")];
        Self {
            answers: Rc::new(RefCell::new(answers)),
            sent: Rc::default(),
            settings: settings.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        }
    }

    pub(crate) fn setting(mut self, name: &str, value: &str) -> Self {
        self.settings.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Calls a tool.
    pub(crate) fn call(&self, tool: &str, arguments: Value) -> Result<Value, ToolError> {
        Ok(self.reply(tool, arguments)?.0)
    }

    /// Calls a tool, and gives its text too.
    pub(crate) fn reply(&self, tool: &str, arguments: Value) -> Result<(Value, Option<String>), ToolError> {
        let (answers, sent) = (Rc::clone(&self.answers), Rc::clone(&self.sent));
        let host = Host::new().respond(move |request| {
            sent.borrow_mut().push(Sent::of(request));
            answers.borrow_mut().pop_front().unwrap_or_else(|| panic!("nobody expects {}", request.url()))
        });
        let host = self.settings.iter().fold(host, |host, (name, value)| host.setting(name, value));
        let (answer, _) = host.run(|| CONNECTOR.run(tool, &arguments.to_string(), &Round::default()));
        let Turn::Done(reply) = answer? else { panic!("no tool here asks anything") };
        let structured = reply.structured.expect("a structured result");
        let text = reply.content.into_iter().find_map(|content| match content.block {
            Block::Text(text) => Some(text),
            _ => None,
        });
        Ok((serde_json::from_str(&structured).expect("a result is JSON"), text))
    }

    pub(crate) fn sent(&self) -> Vec<Sent> {
        self.sent.borrow().clone()
    }

    /// When the requests were sent, in milliseconds.
    pub(crate) fn times(&self) -> Vec<u128> {
        self.sent.borrow().iter().map(|sent| sent.at).collect()
    }
}

impl Sent {
    fn of(request: &Request) -> Self {
        let address = request.url().split('?').next().unwrap_or_default();
        let parameters = request.parameters().into_iter().map(|(name, value)| format!(" {name}={value}"));
        let line = format!("{} {address}{}", request.method(), parameters.collect::<String>());
        let body = serde_json::from_slice(request.body_bytes()).unwrap_or_default();
        let at = clock::now().duration_since(UNIX_EPOCH + Host::START).expect("time moves on").as_millis();
        Self { line, headers: request.headers().clone(), body, at }
    }
}

/// The arguments with a change.
pub(crate) fn with(arguments: &Value, change: Value) -> Value {
    let mut arguments = arguments.clone();
    for (name, value) in change.as_object().into_iter().flatten() {
        arguments[name] = value.clone();
    }
    arguments
}

/// Calls a tool with arguments that must be refused before anything is sent, and gives the place of the first fault.
pub(crate) fn fault(tool: &str, arguments: Value) -> String {
    match GitHub::new([]).call(tool, arguments) {
        Err(ToolError::InvalidArguments(faults)) => faults[0].pointer.clone(),
        other => panic!("not refused: {other:?}"),
    }
}
