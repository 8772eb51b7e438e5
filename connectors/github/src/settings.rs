//! What the operator set.

use std::time::Duration;

use bulkhead_connector_kit::{ToolError, required_setting};

const MOST_WAITING: u64 = 30;

/// Where GitHub is, and how patient a call may be.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// The API's address, without a slash at its end.
    pub(crate) api: String,
    /// How long reads may wait in all.
    pub(crate) wait: Duration,
}

impl Settings {
    pub(crate) fn read() -> Result<Self, ToolError> {
        let api = required_setting("base_url")?.trim_end_matches('/').to_owned();
        let wait = required_setting("max_wait_seconds")?;
        match wait.parse() {
            Ok(seconds) if seconds <= MOST_WAITING => Ok(Self { api, wait: Duration::from_secs(seconds) }),
            _ => Err(ToolError::failed(format!(
                "the connector's setting max_wait_seconds must be a whole number from 0 to {MOST_WAITING}, and is \
                 {wait:?}; the operator has to set it"
            ))),
        }
    }

    /// Whether this is github.com or one of its subdomains for enterprises, which have the API's newest version.
    pub(crate) fn is_hosted(&self) -> bool {
        let host = self.host();
        host == "api.github.com" || (host.starts_with("api.") && host.ends_with(".ghe.com"))
    }

    /// The address of the web pages, without a slash at its end.
    pub(crate) fn web(&self) -> String {
        let scheme = self.api.split("://").next().unwrap_or("https");
        match self.host().strip_prefix("api.") {
            Some(host) if self.is_hosted() => format!("{scheme}://{host}"),
            _ => self.api.strip_suffix("/api/v3").unwrap_or(&self.api).to_owned(),
        }
    }

    fn host(&self) -> &str {
        self.api.split("://").nth(1).unwrap_or_default().split('/').next().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use bulkhead_connector_kit::fake::Host;

    use super::*;

    fn read(api: &str, wait: &str) -> Result<Settings, ToolError> {
        Host::new().setting("base_url", api).setting("max_wait_seconds", wait).run(Settings::read).0
    }

    #[test]
    fn web_pages_are_where_the_api_says() {
        for (api, web, hosted) in [
            ("https://api.github.com", "https://github.com", true),
            ("https://api.github.com/", "https://github.com", true),
            ("https://api.octo.ghe.com", "https://octo.ghe.com", true),
            ("https://git.example.com/api/v3", "https://git.example.com", false),
            ("https://api.example.com/api/v3/", "https://api.example.com", false),
            ("http://127.0.0.1:4010", "http://127.0.0.1:4010", false),
        ] {
            let settings = read(api, "5").expect("is set");
            assert_eq!((settings.web().as_str(), settings.is_hosted()), (web, hosted), "{api}");
        }
    }

    #[test]
    fn patience_is_limited_on_both_sides() {
        assert_eq!(read("https://h", "0").expect("is set").wait, Duration::ZERO);
        assert_eq!(read("https://h", "30").expect("is set").wait, Duration::from_secs(30));
        for wait in ["31", "-1", "1.5", "long"] {
            let refused = read("https://h", wait).expect_err(wait).to_string();
            assert!(refused.contains("max_wait_seconds") && refused.contains(wait), "{refused}");
        }
        assert!(Host::new().run(Settings::read).0.is_err());
    }
}
