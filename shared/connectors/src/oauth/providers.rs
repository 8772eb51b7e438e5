//! The providers that are known: one file each, written from the vendor's documentation.

use super::entry::OauthEntry;

macro_rules! providers {
    ($($name:literal),* $(,)?) => {
        const FILES: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("../../providers/", $name, ".toml")))),*];
    };
}
providers!["atlassian", "github", "gitlab", "google", "linear", "notion", "pagerduty", "sentry", "slack", "vercel"];

/// The names of all providers, sorted.
#[must_use]
pub fn provider_names() -> Vec<&'static str> {
    FILES.iter().map(|(name, _)| *name).collect()
}

/// A provider's entry.
///
/// # Panics
/// When its file is not an entry, which a test of this crate rules out.
#[must_use]
pub fn provider(name: &str) -> Option<OauthEntry> {
    let (_, text) = FILES.iter().find(|(known, _)| *known == name)?;
    Some(toml::from_str(text).expect("a test has read it"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::entry::SettingValues;
    use super::*;

    #[test]
    fn every_file_is_a_whole_provider_with_a_source() {
        let none = BTreeMap::new();
        for (name, text) in FILES {
            assert!(text.starts_with("# https://"), "{name} does not say which documentation it is from");
            assert!(text.contains("\n# Reviewed 20"), "{name} does not say when it was held against it");
            let entry: OauthEntry = toml::from_str(text).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert!(entry.provider.is_none() && entry.name.is_some(), "{name}");
            let own = OauthEntry { provider: Some((*name).to_owned()), ..OauthEntry::default() };
            let settings = SettingValues { values: &none, given: &none };
            let provider = own.resolve(&"mine".parse().expect("a slug"), settings);
            let provider = provider.unwrap_or_else(|error| panic!("{name}: {error}"));
            assert!(provider.token_url.starts_with("https://"), "{name}");
        }
    }

    #[test]
    fn every_file_is_named_and_every_name_has_a_file() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("providers");
        let mut files: Vec<_> = folder
            .read_dir()
            .expect("the folder")
            .flatten()
            .map(|file| file.file_name().to_string_lossy().trim_end_matches(".toml").to_owned())
            .collect();
        files.sort();
        assert_eq!(files, provider_names());
    }
}
