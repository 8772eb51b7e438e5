//! What every adapter of the [`HttpClient`] port does alike, against the server of `http_server`.
//!
//! Each case is a sentence and what went wrong, as in [`sql_conformance`](crate::sql_conformance). To add one, write an
//! `async fn` and name it in [`run`].

use std::time::Duration;

use bulkhead_kernel::http::{HttpClient, HttpError, HttpLimits};
use bytes::Bytes;
use http::{Request, Response, StatusCode};

use crate::sql_conformance::CaseResult;

type Outcome = Result<(), String>;

/// Where the server is, and what is asked with.
struct Subject<'a> {
    client: &'a dyn HttpClient,
    base: &'a str,
}

impl Subject<'_> {
    async fn send(&self, request: http::request::Builder, body: &str) -> Result<Response<Bytes>, HttpError> {
        self.within(request, body, HttpLimits::default()).await
    }

    async fn within(
        &self,
        request: http::request::Builder,
        body: &str,
        limits: HttpLimits,
    ) -> Result<Response<Bytes>, HttpError> {
        let request = request.body(Bytes::copy_from_slice(body.as_bytes()));
        self.client.send(request.map_err(|error| HttpError::Unsendable(error.to_string()))?, limits).await
    }

    fn get(&self, path: &str) -> http::request::Builder {
        Request::get(format!("{}{path}", self.base))
    }
}

fn is(what: bool, found: &impl std::fmt::Debug) -> Outcome {
    if what { Ok(()) } else { Err(format!("found {found:?}")) }
}

async fn method_path_header_and_body_arrive(subject: &Subject<'_>) -> Outcome {
    let request = Request::post(format!("{}/echo/a%20b?c=d", subject.base)).header("x-test", "value");
    let answer = subject.send(request, "the body").await.map_err(|error| error.to_string())?;
    let said = String::from_utf8_lossy(answer.body()).into_owned();
    is(answer.status() == StatusCode::OK && said == "POST /echo/a%20b?c=d value\nthe body", &said)
}

async fn headers_come_back(subject: &Subject<'_>) -> Outcome {
    let answer = subject.send(subject.get("/echo"), "").await.map_err(|error| error.to_string())?;
    is(answer.headers().get("x-answer").is_some_and(|value| value == "yes"), answer.headers())
}

async fn a_refusal_is_an_answer(subject: &Subject<'_>) -> Outcome {
    let answer = subject.send(subject.get("/status/400"), "").await.map_err(|error| error.to_string())?;
    is(answer.status() == StatusCode::BAD_REQUEST && answer.body().as_ref() == b"status 400", &answer)
}

async fn a_redirect_is_not_followed(subject: &Subject<'_>) -> Outcome {
    let answer = subject.send(subject.get("/redirect"), "").await.map_err(|error| error.to_string())?;
    is(answer.status() == StatusCode::FOUND && answer.headers().contains_key("location"), &answer)
}

async fn a_body_is_as_long_as_it_may_be_and_no_longer(subject: &Subject<'_>) -> Outcome {
    let limits = HttpLimits { body_bytes: 1000, ..HttpLimits::default() };
    let whole = subject.within(subject.get("/bytes/1000"), "", limits).await;
    is(whole.as_ref().is_ok_and(|answer| answer.body().len() == 1000), &whole)?;
    let longer = subject.within(subject.get("/bytes/1001"), "", limits).await;
    is(longer.as_ref().err() == Some(&HttpError::TooLarge { limit: 1000 }), &longer)
}

async fn a_body_without_end_is_cut_off(subject: &Subject<'_>) -> Outcome {
    let limits = HttpLimits { body_bytes: 10_000, ..HttpLimits::default() };
    let found = subject.within(subject.get("/endless"), "", limits).await;
    is(found.as_ref().err() == Some(&HttpError::TooLarge { limit: 10_000 }), &found)
}

async fn silence_ends_with_the_time(subject: &Subject<'_>) -> Outcome {
    let limit = Duration::from_millis(300);
    let limits = HttpLimits { time: limit, ..HttpLimits::default() };
    for path in ["/silent", "/slow-body"] {
        let found = subject.within(subject.get(path), "", limits).await;
        is(found.as_ref().err() == Some(&HttpError::Timeout { limit }), &(path, found))?;
    }
    Ok(())
}

async fn what_breaks_off_is_no_answer(subject: &Subject<'_>) -> Outcome {
    for path in ["/broken", "/nonsense"] {
        let found = subject.send(subject.get(path), "").await;
        is(matches!(found, Err(HttpError::Broken(_))), &(path, found))?;
    }
    Ok(())
}

async fn an_address_without_scheme_or_with_another_is_refused(subject: &Subject<'_>) -> Outcome {
    for address in ["/echo", "ftp://127.0.0.1/echo", "http://user@127.0.0.1/echo"] {
        let found = subject.send(Request::get(address), "").await;
        is(matches!(found, Err(HttpError::Unsendable(_))), &(address, found))?;
    }
    Ok(())
}

/// Runs every case against the server at this address, such as `http://127.0.0.1:4000`.
pub async fn run(client: &dyn HttpClient, base: &str) -> Vec<CaseResult> {
    let subject = Subject { client, base };
    let subject = &subject;
    let mut results = Vec::new();
    macro_rules! cases {
        ($($case:ident),* $(,)?) => {$(
            let name = stringify!($case).replace('_', " ");
            results.push(CaseResult { name, failure: $case(subject).await.err() });
        )*};
    }
    cases![
        method_path_header_and_body_arrive,
        headers_come_back,
        a_refusal_is_an_answer,
        a_redirect_is_not_followed,
        a_body_is_as_long_as_it_may_be_and_no_longer,
        a_body_without_end_is_cut_off,
        silence_ends_with_the_time,
        what_breaks_off_is_no_answer,
        an_address_without_scheme_or_with_another_is_refused,
    ];
    results
}
