//! The host's PostgreSQL URL, as functions are given it.

use url::Url;

/// The URL without what only the host's client knows. A function's client verifies the server whenever it uses TLS, with
/// the system's certificates.
pub(super) fn for_functions(database_url: &str) -> String {
    let Ok(mut url) = Url::parse(database_url) else { return database_url.to_owned() };
    if url.query().is_none() {
        return database_url.to_owned();
    }
    let options: Vec<(String, String)> = url
        .query_pairs()
        .filter(|(name, _)| name != "sslrootcert")
        .map(|(name, value)| {
            let verified = name == "sslmode" && value.starts_with("verify-");
            (name.into_owned(), if verified { "require".to_owned() } else { value.into_owned() })
        })
        .collect();
    url.set_query(None);
    if !options.is_empty() {
        url.query_pairs_mut().extend_pairs(options);
    }
    url.into()
}

/// The server as `allowed_outbound_hosts` writes it, without user, password and name.
pub(super) fn allowed_host(database_url: &str) -> Option<String> {
    let url = Url::parse(database_url).ok()?;
    let query = url.query_pairs().find(|(name, _)| name == "host").map(|(_, value)| value.into_owned());
    let host = url.host_str().map(str::to_owned).or(query)?;
    Some(format!("postgres://{host}:{}", url.port().unwrap_or(5432)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_get_what_their_client_knows() {
        let url = |query: &str| format!("postgres://u:p%40@db.test:6543/x{query}");
        assert_eq!(for_functions(&url("")), url(""));
        assert_eq!(for_functions(&url("?sslmode=require")), url("?sslmode=require"));
        assert_eq!(for_functions(&url("?sslmode=verify-full&sslrootcert=%2Fca.pem")), url("?sslmode=require"));
        assert_eq!(for_functions(&url("?sslrootcert=%2Fca.pem")), url(""));
        let parsed: tokio_postgres::Config = for_functions(&url("?sslmode=verify-ca")).parse().expect("is understood");
        assert_eq!(parsed.get_ssl_mode(), tokio_postgres::config::SslMode::Require);
    }

    #[test]
    fn the_databases_host_is_told_without_its_password() {
        let host = |url| allowed_host(url);
        assert_eq!(host("postgres://u:p@db.test:6543/x"), Some("postgres://db.test:6543".to_owned()));
        assert_eq!(host("postgres://u@db.test/x"), Some("postgres://db.test:5432".to_owned()));
        assert_eq!(host("postgres:///x?host=127.0.0.1"), Some("postgres://127.0.0.1:5432".to_owned()));
        assert_eq!(host("nonsense"), None);
    }
}
