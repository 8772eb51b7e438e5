//! Who writes next.
//!
//! What waits together is written together, and answered together. A long batch, such as the hundred messages of a tool that
//! says a lot, would make all those wait that happen to stand beside it; so it is written by itself, when nobody else
//! waits or when it has waited for long enough itself.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use bulkhead_kernel::sql::{Row, SqlError, Step, Value};
use tokio::sync::{mpsc, oneshot};

/// What a batch may cost that is written together with others. An ordinary call writes a few kilobytes at once.
const SHORT: usize = 16 << 10;
/// What a statement costs beside the bytes that are bound to it: as much as so many bytes, roughly.
const STATEMENT: usize = 512;
/// How long a long batch lets others go first.
const LONG_PATIENCE: Duration = Duration::from_millis(20);

/// What one caller asked for.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) steps: Vec<Step>,
    /// Whether it is written by itself.
    is_long: bool,
    queued: Instant,
    /// When its caller's patience for the write lock ends.
    pub(super) deadline: Instant,
    pub(super) answer: oneshot::Sender<Result<Outcome, SqlError>>,
}

/// What came of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Outcome {
    /// The rows that each step affected.
    pub(super) counts: Vec<u64>,
    /// The rows that the steps returned.
    pub(super) rows: Vec<Row>,
}

#[derive(Debug)]
pub(super) enum Message {
    Run(Job),
    Close(oneshot::Sender<()>),
}

impl Job {
    /// Queued now, by a caller that waits so long for the write lock.
    pub(super) fn new(
        steps: Vec<Step>,
        patience: Duration,
        answer: oneshot::Sender<Result<Outcome, SqlError>>,
    ) -> Self {
        // Here, on the caller's thread: the writer's is the one that everybody waits for.
        let is_long = Self::is_long(&steps);
        let queued = Instant::now();
        Self { steps, is_long, queued, deadline: queued + patience, answer }
    }

    fn is_long(steps: &[Step]) -> bool {
        let bytes = |value: &Value| match value {
            Value::Text(text) => text.len(),
            Value::Blob(bytes) => bytes.len(),
            _ => 0,
        };
        let cost = |step: &Step| STATEMENT + step.statement.parameters().iter().map(bytes).sum::<usize>();
        steps.iter().map(cost).sum::<usize>() > SHORT
    }
}

/// The writer's end of the queue.
pub(super) struct Queue {
    jobs: mpsc::Receiver<Message>,
    /// Long batches that were taken out of it, and let others go first.
    long: VecDeque<Job>,
    /// How many of them.
    limit: usize,
    last_was_long: bool,
    /// Who waits until all is written.
    pub(super) closing: Vec<oneshot::Sender<()>>,
}

impl Queue {
    /// `limit` is how many long batches may be passed by others.
    pub(super) fn new(jobs: mpsc::Receiver<Message>, limit: usize) -> Self {
        Self { jobs, long: VecDeque::new(), limit, last_was_long: false, closing: Vec::new() }
    }

    /// Waits for whoever writes next, and gives whether others may join; nothing when the queue was closed and is empty.
    pub(super) fn next(&mut self) -> Option<(Job, bool)> {
        let has_waited = self.long.front().is_some_and(|job| job.queued.elapsed() >= LONG_PATIENCE);
        let next = if has_waited && !self.last_was_long { None } else { self.short() };
        let job = match next.or_else(|| self.long.pop_front()) {
            Some(job) => job,
            None => self.wait()?,
        };
        self.last_was_long = job.is_long;
        Some((job, !self.last_was_long))
    }

    /// A short batch that waits already.
    pub(super) fn short(&mut self) -> Option<Job> {
        // More than that many long ones are nobody's to pass.
        while self.long.len() < self.limit {
            match self.jobs.try_recv() {
                Ok(Message::Run(job)) if job.is_long => self.long.push_back(job),
                Ok(Message::Run(job)) => return Some(job),
                Ok(Message::Close(done)) => self.close(done),
                Err(_) => return None,
            }
        }
        None
    }

    fn wait(&mut self) -> Option<Job> {
        loop {
            match self.jobs.blocking_recv()? {
                Message::Run(job) => return Some(job),
                Message::Close(done) => self.close(done),
            }
        }
    }

    /// What is queued is still written; nothing more is taken.
    fn close(&mut self, done: oneshot::Sender<()>) {
        self.closing.push(done);
        self.jobs.close();
    }
}

#[cfg(test)]
mod tests {
    use bulkhead_kernel::sql::sql;

    use super::*;

    /// A batch that is long, or is not; it is known by its number of steps.
    fn job(steps: usize, is_long: bool, queued: Instant) -> Message {
        let bytes = if is_long { SHORT } else { 10 };
        let step = || Step::from(sql("INSERT INTO notes (text) VALUES ($1)").bind("x".repeat(bytes)));
        let (answer, _) = oneshot::channel();
        let steps = (0..steps).map(|_| step()).collect();
        Message::Run(Job { queued, ..Job::new(steps, Duration::ZERO, answer) })
    }

    /// What is written next, in transactions that may hold three: the steps of each batch.
    fn transactions(mut queue: Queue) -> Vec<Vec<usize>> {
        let mut all = Vec::new();
        queue.jobs.close();
        while let Some((first, others_may_join)) = queue.next() {
            let mut together = vec![first.steps.len()];
            while others_may_join && together.len() < 3 {
                let Some(job) = queue.short() else { break };
                together.push(job.steps.len());
            }
            all.push(together);
        }
        all
    }

    fn queue(messages: impl IntoIterator<Item = Message>, limit: usize) -> (mpsc::Sender<Message>, Queue) {
        let (sender, receiver) = mpsc::channel(64);
        for message in messages {
            sender.try_send(message).expect("has room");
        }
        (sender, Queue::new(receiver, limit))
    }

    #[test]
    fn short_batches_go_first_and_together_and_a_long_one_by_itself() {
        let now = Instant::now();
        let messages = [job(1, true, now), job(2, false, now), job(3, true, now), job(4, false, now)];
        assert_eq!(transactions(queue(messages, 8).1), [vec![2, 4], vec![1], vec![3]]);
    }

    #[test]
    fn a_batch_is_long_by_its_bytes_or_by_its_statements() {
        let now = Instant::now();
        let is_long = |message| matches!(message, Message::Run(job) if job.is_long);
        let most = SHORT / (STATEMENT + 10);
        assert!(!is_long(job(most, false, now)));
        assert!(is_long(job(most + 1, false, now)));
        assert!(is_long(job(1, true, now)));
    }

    #[test]
    fn a_long_one_that_has_waited_goes_first_and_then_a_short_one_again() {
        let now = Instant::now();
        let before = now - LONG_PATIENCE;
        let messages = [job(1, true, before), job(2, true, before), job(3, false, now)];
        let (sender, mut queue) = queue(messages, 8);
        // That they are there is known once the queue was looked through.
        assert_eq!(queue.next().map(|(job, _)| job.steps.len()), Some(3));
        for short in [4, 5] {
            sender.try_send(job(short, false, now)).expect("has room");
        }
        assert_eq!(transactions(queue), [vec![1], vec![4, 5], vec![2]]);
    }

    #[test]
    fn so_many_long_ones_are_passed_and_no_more() {
        let now = Instant::now();
        let messages = || [job(1, true, now), job(2, true, now), job(3, false, now)];
        assert_eq!(transactions(queue(messages(), 2).1), [vec![1], vec![3], vec![2]]);
        assert_eq!(transactions(queue(messages(), 3).1), [vec![3], vec![1], vec![2]]);
    }
}
