//! As much of a browser as the way to a provider and back needs: it keeps cookies, and follows what it is told to.

use std::collections::HashMap;

use bulkhead_system_tests::{Reply, Request};

/// A browser. Cookies are kept by host and port.
#[derive(Default)]
pub(crate) struct Browser {
    cookies: HashMap<String, HashMap<String, String>>,
}

impl Browser {
    /// Opens a page, and whatever it is led on to by redirects, but nothing of `stop_at`: that address is given instead.
    pub(crate) async fn open(&mut self, url: &str, stop_at: Option<&str>) -> Result<Reply, String> {
        let mut url = url.to_owned();
        for _ in 0..10 {
            if stop_at.is_some_and(|prefix| url.starts_with(prefix)) {
                return Err(url);
            }
            let reply = self.send("GET", &url, None).await;
            if !(300..400).contains(&reply.status) {
                return Ok(reply);
            }
            let location = reply.header("location").to_owned();
            url = if location.starts_with('/') { format!("http://{}{location}", host(&url)) } else { location };
        }
        panic!("{url} leads on and on");
    }

    /// Sends a page's form.
    pub(crate) async fn submit(&mut self, url: &str, form: String) -> Reply {
        self.send("POST", url, Some(form)).await
    }

    async fn send(&mut self, method: &str, url: &str, form: Option<String>) -> Reply {
        let host = host(url).to_owned();
        let (_, path) = url.split_once(&host).expect("the address has its host");
        let mut request = Request::new(&host, method, if path.is_empty() { "/" } else { path });
        let kept = self.cookies.entry(host.clone()).or_default();
        if !kept.is_empty() {
            let pairs: Vec<_> = kept.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request = request.header("cookie", &pairs.join("; "));
        }
        if let Some(form) = form {
            let request_ = request.header("content-type", "application/x-www-form-urlencoded");
            request = request_.header("origin", &format!("http://{host}")).body(form.into());
        }
        let reply = request.send().await;
        self.keep(&host, &reply);
        reply
    }

    /// Keeps the cookies of an answer from this host and port.
    pub(crate) fn keep(&mut self, host: &str, reply: &Reply) {
        let kept = self.cookies.entry(host.to_owned()).or_default();
        for cookie in reply.headers("set-cookie") {
            let (name, rest) = cookie.split_once('=').expect("a cookie");
            let value = rest.split(';').next().unwrap_or_default();
            if value.is_empty() {
                kept.remove(name);
            } else {
                kept.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    /// A cookie that is kept for this host and port.
    pub(crate) fn cookie(&self, host: &str, name: &str) -> Option<&str> {
        self.cookies.get(host)?.get(name).map(String::as_str)
    }
}

fn host(url: &str) -> &str {
    let (_, rest) = url.split_once("://").expect("an absolute address");
    rest.split(['/', '?']).next().unwrap_or_default()
}
