//! What a manifest asks for, in the form that is kept, shown and compared.

use bulkhead_connectors::oauth::OauthEntry;

use super::credentials::Credential;
use super::grants::{GrantError, Place, RequestedAccess, RequestedCredential, RequestedGrants};
use super::limits::Limits;
use super::manifest::{ConnectorManifest, SettingType};

/// What this manifest asks for.
///
/// # Errors
/// [`GrantError`] for the first entry that can't be granted.
pub fn requested(manifest: &ConnectorManifest) -> Result<RequestedGrants, GrantError> {
    let schemes = manifest.resources.schemes.iter().cloned().collect();
    let mut requested = RequestedGrants { schemes, ..RequestedGrants::default() };
    for outbound in &manifest.outbound {
        let to = place(&outbound.host, manifest)?;
        requested.outbound.extend(RequestedAccess::each(&to, &outbound.methods, outbound.paths.as_deref())?);
    }
    for credential in &manifest.credentials {
        requested.credentials.insert(RequestedCredential {
            name: credential.name.clone(),
            audience: place(&credential.audience, manifest)?,
            sent_as: sent_as(credential),
        });
    }
    requested.accounts = manifest.auth.oauth2.iter().flat_map(OauthEntry::requested).collect();
    let defaults = Limits::default().amounts();
    let wanted = manifest.limits.over(Limits::default()).amounts();
    let changed = wanted.into_iter().zip(defaults).filter(|(wanted, default)| wanted != default);
    requested.limits = changed.map(|(wanted, _)| (wanted.name.to_owned(), wanted.amount)).collect();
    Ok(requested)
}

fn place(host: &str, manifest: &ConnectorManifest) -> Result<Place, GrantError> {
    Place::of(host, |name| {
        let setting = manifest.settings.get(name).filter(|setting| setting.kind == SettingType::Url)?;
        Some(setting.default.as_deref())
    })
}

fn sent_as(credential: &Credential) -> String {
    match (&credential.header, &credential.basic, &credential.query) {
        (Some(header), _, _) => {
            let prefix = credential.prefix.as_deref().unwrap_or_default();
            format!("header {}: {prefix}…", header.to_ascii_lowercase())
        }
        (_, Some(basic), _) => format!("password of the user {}", basic.username),
        (_, _, Some(query)) => format!("query parameter {query}"),
        // Loading refuses such a manifest.
        (None, None, None) => "nothing".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    const HEAD: &str = "slug = 'x'\nname = 'X'\nversion = '1'\ndescription = 'X.'\nauth.type = 'none'\n";

    fn requested(body: &str) -> RequestedGrants {
        let manifest = ConnectorManifest::parse(&format!("{HEAD}{body}"), Path::new("connector.toml"));
        super::requested(&manifest.expect("a manifest")).expect("can be granted")
    }

    fn outbound(host: &str, methods: &str, paths: &str) -> String {
        format!("[[outbound]]\nhost = '{host}'\nmethods = [{methods}]\npaths = [{paths}]\n")
    }

    #[test]
    fn one_form_for_all_spellings() {
        let apart =
            [outbound("API.example.com", "'GET'", "'/v1/**'"), outbound("api.example.com", "'POST'", "'/v1/**'")]
                .concat();
        let together = outbound("api.example.com:443", "'POST', 'GET', 'GET'", "'/v1/**'");
        let (apart, together) = (requested(&apart), requested(&together));
        assert_eq!((apart.canonical(), apart.digest()), (together.canonical(), together.digest()));
        assert_ne!(apart.digest(), requested("").digest());
        let read: RequestedGrants = serde_json::from_str(&apart.canonical()).expect("reads");
        assert_eq!(read, apart);
    }

    #[test]
    fn the_same_or_less_is_not_beyond() {
        let url = "[settings.url]\ndescription = 'U.'\ntype = 'url'\ndefault = 'https://a.example.com/api/'\n";
        let setting = outbound("{{ settings.url }}", "'GET'", "'/v1/**'");
        let wide = outbound("*.example.com", "'GET', 'POST'", "'/v1/**', '/status'");
        let approved = requested(&[url, &setting, &wide, "[limits]\nmemory_mib = 96\n"].concat());
        for less in [
            String::new(),
            outbound("a.example.com", "'GET'", "'/v1/**'"),
            outbound("*.example.com", "'POST'", "'/v1/x', '/v1/*', '/v1/x/**', '/status'"),
            [&url.replace("default = 'https://a.example.com/api/'\n", ""), setting.as_str()].concat(),
            "[limits]\nmemory_mib = 96\ncpu_ms = 1000\n".to_owned(),
        ] {
            assert_eq!(requested(&less).beyond(&approved), Vec::<String>::new(), "{less}");
        }
    }

    #[test]
    fn more_of_anything_is_beyond() {
        let url = "[settings.url]\ndescription = 'U.'\ntype = 'url'\ndefault = 'https://a.example.com/api'\n";
        let credential =
            "[[credentials]]\nname = 'token'\ndescription = 'T.'\naudience = 'a.example.com'\nheader = 'X'\n";
        let host = outbound("a.example.com", "'GET'", "'/v1/**'");
        let setting = outbound("{{ settings.url }}", "'GET'", "'/v1/**'");
        let own =
            [url, &host, &setting, credential, "[resources]\nschemes = ['x']\n[limits]\ncpu_ms = 1000\n"].concat();
        let approved = requested(&own);
        for (from, to, said) in [
            ("'GET'", "'GET', 'POST'", "POST"),
            ("/v1/**", "/**", "/**"),
            ("/v1/**", "/v2", "/v2"),
            ("host = 'a.example.com'", "host = '*.example.com'", "*.example.com"),
            ("host = 'a.example.com'", "host = 'a.example.com:8443'", ":8443"),
            ("a.example.com/api", "evil.example/api", "evil.example"),
            ("audience = 'a.example.com'", "audience = 'b.example.com'", "credential token for https://b.example.com"),
            ("header = 'X'", "header = 'Y'", "header y"),
            ("name = 'token'", "name = 'key'", "credential key"),
            ("['x']", "['x', 'y']", "resources y:"),
            ("cpu_ms = 1000", "cpu_ms = 1001", "limit cpu_ms of 1001 instead of 1000"),
            ("cpu_ms = 1000", "", "limit cpu_ms of 2000 instead of 1000"),
        ] {
            let changed = own.replace(from, to);
            assert_ne!(changed, own, "{from}");
            let beyond = requested(&changed).beyond(&approved);
            assert!(!beyond.is_empty() && beyond.iter().any(|line| line.contains(said)), "{to}: {beyond:?}");
        }
    }
}
