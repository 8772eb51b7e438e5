//! Asking again, for requests that change nothing.
//!
//! Whether an answer is one to wait after is the service's business, so the caller judges it; how long and how often
//! is limited here.

use std::time::{Duration, SystemTime};

use super::{HttpError, Request, Response};
use crate::clock;

/// What is to be done after an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// It is the answer.
    Take,
    /// Ask again, a little later each time.
    Again,
    /// Ask again, but not before this time has passed: the service says so.
    After(Duration),
}

/// How long and how often a request is sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retries {
    /// How often a request is sent in all, at most.
    pub attempts: u32,
    /// How long to wait after the first attempt where the service says nothing; twice that after the second.
    pub backoff: Duration,
    /// How long to wait in all, at most. An answer that asks for more is the answer.
    pub wait: Duration,
    /// No attempt begins later than this after the first one, however long each of them took.
    pub window: Duration,
}

impl Retries {
    /// Sends a request until there is an answer to take, or no more time. The last answer is given then, whatever it
    /// is. It must be a request that may arrive twice.
    ///
    /// # Errors
    /// The last [`HttpError`] when there is none.
    pub fn send(&self, request: &Request, next: impl Fn(&Response) -> Next) -> Result<Response, HttpError> {
        let start = clock::now();
        let (mut sent, mut waited) = (0, Duration::ZERO);
        loop {
            let answer = request.clone().send();
            let wish = match &answer {
                Ok(response) => next(response),
                Err(error) if error.is_transient() => Next::Again,
                Err(_) => Next::Take,
            };
            let wait = match wish {
                Next::Take => return answer,
                Next::Again => self.backoff.saturating_mul(1 << sent.min(16)),
                Next::After(wait) => wait,
            };
            let elapsed = clock::now().duration_since(start).unwrap_or_default();
            sent += 1;
            waited = waited.saturating_add(wait);
            if sent >= self.attempts || waited > self.wait || elapsed.saturating_add(wait) > self.window {
                return answer;
            }
            clock::sleep(wait);
        }
    }
}

/// How long an answer's `Retry-After` (RFC 9110) asks to wait, seen from `now`: seconds, or a date. A date that has
/// passed asks for nothing.
#[must_use]
pub fn retry_after(response: &Response, now: SystemTime) -> Option<Duration> {
    let value = response.header("retry-after")?.trim();
    match value.parse() {
        Ok(seconds) => Some(Duration::from_secs(seconds)),
        Err(_) => Some(httpdate::parse_http_date(value).ok()?.duration_since(now).unwrap_or_default()),
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::collections::VecDeque;
    use std::rc::Rc;

    use super::*;
    use crate::fake::Host;

    const RETRIES: Retries = Retries {
        attempts: 3,
        backoff: Duration::from_secs(1),
        wait: Duration::from_secs(5),
        window: Duration::from_secs(20),
    };

    /// Asks a service that gives these answers in turn, each after as many seconds, and tells when it was asked.
    fn ask(
        retries: Retries,
        answers: &[Result<u16, HttpError>],
        took: u64,
        next: impl Fn(&Response) -> Next,
    ) -> (Result<u16, HttpError>, Vec<u64>) {
        let asked = Rc::new(RefCell::new(Vec::new()));
        let (times, left) = (Rc::clone(&asked), RefCell::new(VecDeque::from(answers.to_vec())));
        let host = Host::new().respond(move |_| {
            let since = clock::now().duration_since(SystemTime::UNIX_EPOCH + Host::START).expect("is later");
            times.borrow_mut().push(since.as_secs());
            left.borrow_mut().pop_front().expect("is not asked so often").map(|status| Response::new(status, ""))
        });
        let judge = |response: &Response| {
            clock::sleep(Duration::from_secs(took));
            next(response)
        };
        let (answer, _) = host.run(|| retries.send(&Request::get("http://h/"), judge));
        (answer.map(|response| response.status()), asked.take())
    }

    fn again_unless_200(response: &Response) -> Next {
        if response.is_success() { Next::Take } else { Next::Again }
    }

    fn refused() -> HttpError {
        HttpError::ConnectionRefused { host: "h".into() }
    }

    #[test]
    fn a_request_is_sent_until_there_is_an_answer_to_take() {
        assert_eq!(ask(RETRIES, &[Ok(200)], 0, again_unless_200), (Ok(200), vec![0]));
        assert_eq!(ask(RETRIES, &[Ok(502), Ok(503), Ok(200)], 0, again_unless_200), (Ok(200), vec![0, 1, 3]));
        assert_eq!(ask(RETRIES, &[Err(refused()), Ok(200)], 0, again_unless_200), (Ok(200), vec![0, 1]));
    }

    #[test]
    fn attempts_are_limited() {
        let answers = [Ok(502), Ok(502), Ok(504)];
        assert_eq!(ask(RETRIES, &answers, 0, again_unless_200), (Ok(504), vec![0, 1, 3]));
        let answers = [Err(refused()), Err(refused()), Err(refused())];
        assert_eq!(ask(RETRIES, &answers, 0, again_unless_200), (Err(refused()), vec![0, 1, 3]));
        let once = Retries { attempts: 1, ..RETRIES };
        assert_eq!(ask(once, &[Ok(502)], 0, again_unless_200), (Ok(502), vec![0]));
    }

    #[test]
    fn what_will_not_change_is_not_asked_again() {
        let denied = HttpError::NotGranted { host: "h".into() };
        assert_eq!(ask(RETRIES, &[Err(denied.clone())], 0, again_unless_200), (Err(denied), vec![0]));
    }

    #[test]
    fn waiting_is_limited_on_both_sides() {
        let after = |seconds: u64| {
            move |response: &Response| {
                if response.is_success() { Next::Take } else { Next::After(Duration::from_secs(seconds)) }
            }
        };
        assert_eq!(ask(RETRIES, &[Ok(429), Ok(200)], 0, after(5)), (Ok(200), vec![0, 5]));
        assert_eq!(ask(RETRIES, &[Ok(429)], 0, after(6)), (Ok(429), vec![0]));
        // Together, not each.
        assert_eq!(ask(RETRIES, &[Ok(429), Ok(429)], 0, after(3)), (Ok(429), vec![0, 3]));
        assert_eq!(ask(RETRIES, &[Ok(429)], 0, after(u64::MAX)), (Ok(429), vec![0]));
    }

    #[test]
    fn slow_answers_use_the_window_up() {
        assert_eq!(ask(RETRIES, &[Ok(502), Ok(200)], 19, again_unless_200), (Ok(200), vec![0, 20]));
        assert_eq!(ask(RETRIES, &[Ok(502)], 20, again_unless_200), (Ok(502), vec![0]));
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let read = |value: &str| {
            let now = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").expect("is a date");
            retry_after(&Response::new(429, "").with_header("retry-after", value), now).map(|wait| wait.as_secs())
        };
        assert_eq!(read("120"), Some(120));
        assert_eq!(read(" 0 "), Some(0));
        assert_eq!(read("Sun, 06 Nov 1994 08:50:07 GMT"), Some(30));
        assert_eq!(read("Sun, 06 Nov 1994 08:49:00 GMT"), Some(0));
        for value in ["", "soon", "-1", "1.5"] {
            assert_eq!(read(value), None, "{value}");
        }
        assert_eq!(retry_after(&Response::new(429, ""), SystemTime::UNIX_EPOCH), None);
    }
}
