//! How an account of a connector's service is connected, and where what proves it goes.

use std::collections::BTreeMap;

use bulkhead_connectors::oauth::{OauthEntryError, OauthProvider, SettingValues};
use bulkhead_connectors::{AuthType, AuthTypes};

use super::manifest::{AuthError, ConnectorManifest, ManifestError};

/// A connector's accounts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// How they are connected: by OAuth 2, by a key, or by either.
    pub auth_types: AuthTypes,
    /// The credential whose value the token or key is.
    pub credential: String,
    /// Who gives tokens, by OAuth 2.
    pub provider: Option<OauthProvider>,
}

impl ConnectorManifest {
    /// How accounts are connected, given the settings' values and those that the operator set; `None` when there are none,
    /// or when an address begins with a setting that has no value yet.
    ///
    /// # Errors
    /// [`ManifestError::Auth`] when what the manifest says makes no sense.
    pub fn account(
        &self,
        values: &BTreeMap<String, String>,
        given: &BTreeMap<String, String>,
    ) -> Result<Option<Account>, ManifestError> {
        self.read_account(SettingValues { values, given })
            .map_err(|source| ManifestError::Auth { slug: self.slug.clone(), source })
    }

    fn read_account(&self, settings: SettingValues<'_>) -> Result<Option<Account>, AuthError> {
        let auth = &self.auth;
        let by_oauth = auth.types.contain(AuthType::Oauth2);
        let (auth_types, provider) = match &auth.oauth2 {
            None if auth.types.contain(AuthType::None) && auth.credential.is_none() => return Ok(None),
            _ if auth.types.contain(AuthType::None) => return Err(AuthError::NoAccount),
            None if by_oauth => return Err(AuthError::NoProvider),
            Some(_) if !by_oauth => return Err(AuthError::KeyWithProvider),
            None => (auth.types.clone(), None),
            Some(entry) => match entry.clone().resolve(&self.slug, settings) {
                Ok(provider) => (auth.types.clone(), Some(provider)),
                Err(OauthEntryError::NoSetting { setting, .. }) if self.settings.contains_key(&setting) => {
                    // What is left goes without the provider.
                    let Some(others) = auth.types.without(AuthType::Oauth2) else { return Ok(None) };
                    (others, None)
                }
                Err(error) => return Err(error.into()),
            },
        };
        let credential = match (&auth.credential, self.credentials.as_slice()) {
            (Some(name), all) if all.iter().any(|credential| credential.name == *name) => name.clone(),
            (None, [only]) => only.name.clone(),
            _ => return Err(AuthError::Credential),
        };
        Ok(Some(Account { auth_types, credential, provider }))
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    const HEAD: &str = "slug = 'x'\nname = 'X'\nversion = '1'\ndescription = 'X.'\n";
    const TOKEN: &str =
        "\n[[credentials]]\nname = 'token'\ndescription = 'T.'\naudience = 'a.example.com'\nheader = 'authorization'";
    const OTHER: &str =
        "\n[[credentials]]\nname = 'other'\ndescription = 'O.'\naudience = 'a.example.com'\nheader = 'x-other'";

    fn account(body: &str, given: &[(&str, &str)]) -> Result<Option<Account>, String> {
        let manifest = ConnectorManifest::parse(&format!("{HEAD}{body}"), Path::new("connector.toml"));
        let given: BTreeMap<String, String> =
            given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        manifest.expect("a manifest").account(&given, &given).map_err(|error| error.to_string())
    }

    #[test]
    fn an_account_goes_into_the_one_credential_or_the_one_that_is_named() {
        let key = account(&format!("auth.type = 'api_key'{TOKEN}"), &[]).expect("an account").expect("is one");
        assert_eq!((key.auth_types, key.credential.as_str(), key.provider), (AuthType::ApiKey.into(), "token", None));
        let named =
            format!("auth.type = 'oauth2'\nauth.credential = 'other'\nauth.oauth2.provider = 'github'{TOKEN}{OTHER}");
        let named = account(&named, &[]).expect("an account").expect("is one");
        assert_eq!(
            (named.credential.as_str(), named.provider.map(|provider| provider.client).as_deref()),
            ("other", Some("github"))
        );
        assert_eq!(account("auth.type = 'none'", &[]), Ok(None));
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for (body, word) in [
            (format!("auth.type = 'none'\nauth.credential = 'token'{TOKEN}"), "none"),
            (format!("auth.type = 'none'\nauth.oauth2.provider = 'github'{TOKEN}"), "none"),
            (format!("auth.type = 'api_key'\nauth.oauth2.provider = 'github'{TOKEN}"), "api_key"),
            (format!("auth.type = 'oauth2'{TOKEN}"), "needs [auth.oauth2]"),
            (format!("auth.type = ['oauth2', 'api_key']{TOKEN}"), "needs [auth.oauth2]"),
            ("auth.type = 'api_key'".to_owned(), "credential"),
            (format!("auth.type = 'api_key'{TOKEN}{OTHER}"), "credential"),
            (format!("auth.type = 'api_key'\nauth.credential = 'nothing'{TOKEN}"), "credential"),
            (format!("auth.type = 'oauth2'\nauth.oauth2.provider = 'nobody'{TOKEN}"), "nobody"),
            (format!("auth.type = 'oauth2'\nauth.oauth2.token_url = 'https://a.example.com'{TOKEN}"), "authorize_url"),
        ] {
            let error = account(&body, &[]).expect_err(&body);
            assert!(error.contains("connector x: [auth]") && error.contains(word), "{error}");
        }
    }

    #[test]
    fn an_account_may_be_connected_in_several_ways() {
        let both = |oauth2: &str| format!("auth.type = ['oauth2', 'api_key']\n{oauth2}\n{TOKEN}");
        let account = account(&both("auth.oauth2.provider = 'github'"), &[]).expect("an account").expect("is one");
        assert_eq!(account.auth_types.as_text(), "oauth2 api_key");
        assert_eq!(account.provider.map(|provider| provider.client).as_deref(), Some("github"));
        // Without the setting that says where tokens come from there are keys all the same.
        let waiting = format!(
            "auth.type = ['oauth2', 'api_key']\nauth.oauth2.authorize_url = '{{{{ settings.url }}}}/a'\n\
             auth.oauth2.token_url = '{{{{ settings.url }}}}/t'\nsettings.url = {{ description = 'U.', type = 'url' }}{TOKEN}"
        );
        let waiting = super::tests::account(&waiting, &[]).expect("an account").expect("is one");
        assert_eq!((waiting.auth_types, waiting.provider), (AuthType::ApiKey.into(), None));
    }

    #[test]
    fn without_the_setting_there_is_no_account_yet() {
        let body = format!(
            "auth.type = 'oauth2'\nauth.oauth2.authorize_url = '{{{{ settings.url }}}}/a'\nauth.oauth2.token_url = \
             '{{{{ settings.url }}}}/t'\nsettings.url = {{ description = 'U.', type = 'url' }}{TOKEN}"
        );
        assert_eq!(account(&body, &[]), Ok(None));
        let account = account(&body, &[("url", "http://127.0.0.1:9/")]).expect("an account").expect("is one");
        assert_eq!(account.provider.map(|provider| provider.token_url).as_deref(), Some("http://127.0.0.1:9/t"));
    }
}
