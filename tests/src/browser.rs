//! As much of a browser as signing in, agreeing, and the way to a provider and back need: it keeps cookies, fills in forms,
//! and follows what it is told to.

use std::collections::HashMap;

use crate::{Host, Reply, Request, leaks, run};

const PASSWORD: &str = "a scenario's own long password";

/// A browser. Cookies are kept by host and port.
#[derive(Debug, Default)]
pub struct Browser {
    cookies: HashMap<String, HashMap<String, String>>,
}

impl Browser {
    /// Opens a page, and whatever it is led on to by redirects, but nothing of `stop_at`: that address is given instead.
    ///
    /// # Errors
    /// The address, when it begins with `stop_at`.
    ///
    /// # Panics
    /// When there is no end to the redirects.
    pub async fn open(&mut self, url: &str, stop_at: Option<&str>) -> Result<Reply, String> {
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

    /// Opens a page as whoever is the only one in front of the browser does.
    ///
    /// # Panics
    /// As [`open`](Self::open).
    pub async fn visit(&mut self, url: &str) -> Reply {
        self.open(url, None).await.unwrap_or_else(|url| panic!("{url} was not to be stopped at"))
    }

    /// Opens what an application has sent the person to, signs them in as the host's owner, and agrees: the last page, which
    /// is the application's.
    ///
    /// # Panics
    /// When a page is another one.
    pub async fn agree(&mut self, host: &Host, url: &str) -> Reply {
        let password = choose_password(host).await;
        let origin = format!("http://{}", host.address());
        let page = self.visit(url).await;
        let fields = [("email", "owner@localhost"), ("password", &password)];
        let signed_in = self.fill_in(&format!("{origin}/sign-in"), &page, &fields).await;
        let next = unescape(between(&signed_in.text(), "content=\"0; url=", "\""));
        let question = self.visit(&format!("{origin}{next}")).await;
        assert!(question.text().contains("Allow access?"), "{}", question.text());
        let agreed = self.fill_in(&format!("{origin}/oauth/authorize"), &question, &[("decision", "allow")]).await;
        let back = agreed.header("location").to_owned();
        assert!(back.contains("code="), "{} {back} {}", agreed.status, agreed.text());
        self.visit(&back).await
    }

    /// Sends a page's form to this address, with its hidden fields and these.
    pub async fn fill_in(&mut self, url: &str, page: &Reply, fields: &[(&str, &str)]) -> Reply {
        let hidden = hidden(&page.text());
        let hidden = hidden.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let form =
            form_urlencoded::Serializer::new(String::new()).extend_pairs(hidden.chain(fields.iter().copied())).finish();
        self.submit(url, form).await
    }

    /// Sends a form.
    pub async fn submit(&mut self, url: &str, form: String) -> Reply {
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
    ///
    /// # Panics
    /// When one is no cookie.
    pub fn keep(&mut self, host: &str, reply: &Reply) {
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
    #[must_use]
    pub fn cookie(&self, host: &str, name: &str) -> Option<&str> {
        self.cookies.get(host)?.get(name).map(String::as_str)
    }
}

fn host(url: &str) -> &str {
    let (_, rest) = url.split_once("://").expect("an absolute address");
    rest.split(['/', '?']).next().unwrap_or_default()
}

/// The hidden fields of a page.
fn hidden(page: &str) -> Vec<(String, String)> {
    let fields = page.split("<input type=\"hidden\" name=\"").skip(1);
    let field = |rest: &str| {
        let (name, rest) = rest.split_once('"').expect("the name ends");
        (name.to_owned(), unescape(between(rest, "value=\"", "\"")))
    };
    fields.map(field).collect()
}

/// What is between these two in a text.
///
/// # Panics
/// When one of them is missing.
#[must_use]
pub fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let (_, rest) = text.split_once(before).unwrap_or_else(|| panic!("{before} is not in {text}"));
    rest.split_once(after).expect("an end").0
}

/// The text of an attribute of HTML, as our pages write it.
fn unescape(text: &str) -> String {
    text.replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

/// Lets the owner of a host choose a password, as whoever operates it does for the first owner.
async fn choose_password(host: &Host) -> String {
    let ended = run(&mut host.setup().other_command(&["user", "reset-link", "owner@localhost"])).await;
    let (_, token) = ended.output.trim().split_once("token=").unwrap_or_else(|| panic!("{}", ended.errors));
    leaks::note(token);
    leaks::note(PASSWORD);
    let fields = [("token", token), ("new_password", PASSWORD)];
    let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let url = format!("http://{}/reset-password", host.address());
    let reply = Browser::default().submit(&url, form).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    PASSWORD.to_owned()
}
