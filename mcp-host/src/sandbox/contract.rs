//! Which of the contract's interfaces a component exports, and how each is called.

use bulkhead_execution::Round;
use bulkhead_wasi::StoreData;
use serde_json::Value;
use wasmtime::Store;
use wasmtime::component::{Instance, InstancePre};

use super::bindings::bulkhead::connector::types::{CallError, Questions};
use super::bindings::exports::bulkhead::connector::{completions, prompts, resources, tools};
use super::content::{self, Size};
use super::invocation::{Operation, Subject};
use super::rounds;

/// A linked component that keeps the contract. `tools` is the one interface that it must export.
pub(super) struct Contract {
    pre: InstancePre<StoreData>,
    tools: tools::GuestIndices,
    prompts: Option<prompts::GuestIndices>,
    resources: Option<resources::GuestIndices>,
    completions: Option<completions::GuestIndices>,
}

/// What a call came to, when the guest neither trapped nor failed.
pub(super) enum Answer {
    /// MCP's result: that of the request, or one that asks for input.
    Result(Value),
    /// It is over the limit on results, with so many bytes.
    TooLarge(usize),
    /// It is not what the contract demands.
    Invalid(String),
}

/// What a component says of itself.
pub(super) struct Described {
    pub(super) tools: Vec<tools::Tool>,
    pub(super) prompts: Vec<prompts::Prompt>,
    pub(super) resources: resources::Listing,
    pub(super) completes: bool,
}

type Called = wasmtime::Result<Result<Answer, CallError>>;

impl Contract {
    /// Finds the interfaces of a linked component.
    ///
    /// # Errors
    /// When it does not export `tools`, or an interface of another shape than the contract's.
    pub(super) fn new(pre: InstancePre<StoreData>) -> wasmtime::Result<Self> {
        let exported = |interface: &str| {
            let name = format!("bulkhead:connector/{interface}@0.2.0");
            pre.component().get_export_index(None, &name).is_some()
        };
        Ok(Self {
            tools: tools::GuestIndices::new(&pre)?,
            prompts: exported("prompts").then(|| prompts::GuestIndices::new(&pre)).transpose()?,
            resources: exported("resources").then(|| resources::GuestIndices::new(&pre)).transpose()?,
            completions: exported("completions").then(|| completions::GuestIndices::new(&pre)).transpose()?,
            pre,
        })
    }

    /// Asks a fresh instance for all that can be listed.
    pub(super) async fn describe(&self, store: &mut Store<StoreData>) -> wasmtime::Result<Described> {
        let instance = self.pre.instantiate_async(&mut *store).await?;
        let tools = self.tools.load(&mut *store, &instance)?.call_describe(&mut *store).await?;
        let prompts = match &self.prompts {
            Some(prompts) => prompts.load(&mut *store, &instance)?.call_describe(&mut *store).await?,
            None => Vec::new(),
        };
        let resources = match &self.resources {
            Some(resources) => resources.load(&mut *store, &instance)?.call_describe(&mut *store).await?,
            None => resources::Listing { resources: Vec::new(), templates: Vec::new() },
        };
        Ok(Described { tools, prompts, resources, completes: self.completions.is_some() })
    }

    /// Does one thing in a fresh instance. An answer of more than `limit` bytes is not looked at, and none becomes JSON of
    /// more.
    pub(super) async fn call(
        &self,
        store: &mut Store<StoreData>,
        operation: Operation,
        round: Round,
        limit: usize,
    ) -> Called {
        let instance = self.pre.instantiate_async(&mut *store).await?;
        let round = rounds::into_guest(round);
        match operation {
            Operation::Tool { name, arguments } => {
                let guest = self.tools.load(&mut *store, &instance)?;
                let called = guest.call_call(store, &name, &arguments, &round).await?;
                Ok(called.map(|outcome| match outcome {
                    tools::Outcome::Done(output) => within(output, limit, content::tool_result),
                    tools::Outcome::NeedsInput(questions) => asks(questions, limit),
                }))
            }
            Operation::Prompt { name, arguments } => {
                let Some(prompts) = &self.prompts else { return Ok(Err(CallError::Unknown(name))) };
                let guest = prompts.load(&mut *store, &instance)?;
                let called = guest.call_get(store, &name, &arguments, &round).await?;
                Ok(called.map(|outcome| match outcome {
                    prompts::Outcome::Done(messages) => {
                        within(messages, limit, |messages| Ok(content::prompt_result(messages)))
                    }
                    prompts::Outcome::NeedsInput(questions) => asks(questions, limit),
                }))
            }
            Operation::Resource { uri } => {
                let Some(resources) = &self.resources else { return Ok(Err(CallError::Unknown(uri))) };
                let guest = resources.load(&mut *store, &instance)?;
                let called = guest.call_read(store, &uri, &round).await?;
                Ok(called.map(|outcome| match outcome {
                    resources::Outcome::Done(read) => within(read, limit, |read| Ok(content::resource_result(read))),
                    resources::Outcome::NeedsInput(questions) => asks(questions, limit),
                }))
            }
            Operation::Completion { subject, argument, value, others } => {
                self.complete(store, &instance, subject, (&argument, &value, &others), limit).await
            }
        }
    }

    async fn complete(
        &self,
        store: &mut Store<StoreData>,
        instance: &Instance,
        subject: Subject,
        (argument, value, others): (&str, &str, &[(String, String)]),
        limit: usize,
    ) -> Called {
        let found = match &self.completions {
            Some(completions) => {
                let subject = match subject {
                    Subject::Prompt(name) => completions::Subject::Prompt(name),
                    Subject::Template(template) => completions::Subject::Template(template),
                };
                let guest = completions.load(&mut *store, instance)?;
                guest.call_complete(store, &subject, argument, value, others).await?
            }
            None => completions::Completion { values: Vec::new(), total: Some(0), has_more: false },
        };
        Ok(Ok(within(found, limit, |found| Ok(content::completion_result(found)))))
    }
}

fn within<T: Size>(answer: T, limit: usize, convert: impl FnOnce(T) -> Result<Value, &'static str>) -> Answer {
    let bytes = answer.bytes();
    if bytes > limit {
        return Answer::TooLarge(bytes);
    }
    match convert(answer) {
        Ok(result) => as_json(result, limit),
        Err(why) => Answer::Invalid(why.to_owned()),
    }
}

fn asks(questions: Questions, limit: usize) -> Answer {
    let bytes = questions.bytes();
    if bytes > limit {
        return Answer::TooLarge(bytes);
    }
    match rounds::of_guest(questions) {
        Ok(asked) => as_json(asked.into_result(), limit),
        Err(why) => Answer::Invalid(why),
    }
}

/// What was little enough when it was handed over may be more as JSON: text of control characters is six times as long, a
/// million empty texts are nothing but what is around them.
fn as_json(result: Value, limit: usize) -> Answer {
    let bytes = content::json_bytes(&result);
    if bytes > limit { Answer::TooLarge(bytes) } else { Answer::Result(result) }
}

#[cfg(test)]
mod tests {
    use super::super::bindings::bulkhead::connector::types::{
        Annotations, Ask, Block, Content, Question, Questions, Role,
    };
    use super::*;

    fn output(texts: &[&str], annotations: Option<Annotations>) -> tools::Output {
        let content =
            |text: &&str| Content { block: Block::Text((*text).to_owned()), annotations: annotations.clone() };
        tools::Output { content: texts.iter().map(content).collect(), structured: None }
    }

    fn json(output: tools::Output) -> usize {
        content::tool_result(output).expect("a result").to_string().len()
    }

    #[test]
    fn a_result_may_be_as_long_as_its_limit_in_json_and_not_longer() {
        let users = Annotations { audience: vec![Role::User; 1000], priority: None, last_modified: None };
        let control = "\u{1}".repeat(1000);
        let empty = [""; 1000];
        let cases: [(&[&str], Option<Annotations>); 4] =
            [(&["plain"], None), (&[&control], None), (&empty, None), (&["annotated"], Some(users))];
        for (texts, annotations) in cases {
            let made = || output(texts, annotations.clone());
            let bytes = json(made());
            assert!(matches!(within(made(), bytes, content::tool_result), Answer::Result(_)), "{bytes}");
            let Answer::TooLarge(reached) = within(made(), bytes - 1, content::tool_result) else {
                panic!("{bytes} bytes are within {}", bytes - 1)
            };
            assert_eq!(reached, bytes);
        }
    }

    #[test]
    fn what_is_too_long_is_not_converted() {
        let long = output(&["four of them"], None);
        let never = |_| -> Result<Value, &'static str> { panic!("it is converted") };
        assert!(matches!(within(long, 26, never), Answer::TooLarge(27)));
    }

    #[test]
    fn questions_may_be_as_long_as_the_limit_in_json_and_not_longer() {
        let asked = || {
            let question = Question { key: "\u{1}".repeat(100), ask: Ask::ListRoots, params: "{}".to_owned() };
            Questions { asked: vec![question], state: Some("\u{1}".repeat(100)) }
        };
        let bytes = rounds::of_guest(asked()).expect("they read").into_result().to_string().len();
        assert!(bytes > 1200);
        assert!(matches!(asks(asked(), bytes), Answer::Result(_)));
        assert!(matches!(asks(asked(), bytes - 1), Answer::TooLarge(reached) if reached == bytes));
    }
}
