//! The ways in which accounts of a connector may be connected.

use serde::{Deserialize, Serialize};

use crate::model::AuthType;

/// Some of them, the usual one first. There is at least one; none is there twice; "not at all" stands alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "OneOrMore", into = "Vec<AuthType>")]
pub struct AuthTypes(Vec<AuthType>);

/// As a manifest has them: one, or a list.
#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    One(AuthType),
    More(Vec<AuthType>),
}

/// A list is no [`AuthTypes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the ways to connect an account are one or more of oauth2 and api_key, each once, or none alone")]
pub struct InvalidAuthTypes;

impl AuthTypes {
    /// The usual one.
    #[must_use]
    pub fn usual(&self) -> AuthType {
        self.0[0]
    }

    /// Whether it is one of them.
    #[must_use]
    pub fn contain(&self, auth_type: AuthType) -> bool {
        self.0.contains(&auth_type)
    }

    /// The one that is asked for, if it is one of them; otherwise a key's when there is a key and the usual one when not.
    #[must_use]
    pub fn choose(&self, asked: Option<AuthType>, has_key: bool) -> Option<AuthType> {
        match asked {
            Some(asked) => self.contain(asked).then_some(asked),
            None if has_key && self.contain(AuthType::ApiKey) => Some(AuthType::ApiKey),
            None => Some(self.usual()),
        }
    }

    /// The others, if there are any.
    #[must_use]
    pub fn without(&self, auth_type: AuthType) -> Option<Self> {
        let others: Vec<_> = self.0.iter().copied().filter(|other| *other != auth_type).collect();
        others.try_into().ok()
    }

    /// Separated by spaces.
    #[must_use]
    pub fn as_text(&self) -> String {
        self.0.iter().map(|auth_type| auth_type.as_str()).collect::<Vec<_>>().join(" ")
    }
}

impl From<AuthType> for AuthTypes {
    fn from(auth_type: AuthType) -> Self {
        Self(vec![auth_type])
    }
}

impl From<AuthTypes> for Vec<AuthType> {
    fn from(types: AuthTypes) -> Self {
        types.0
    }
}

impl TryFrom<Vec<AuthType>> for AuthTypes {
    type Error = InvalidAuthTypes;
    fn try_from(types: Vec<AuthType>) -> Result<Self, InvalidAuthTypes> {
        let apart = types.iter().enumerate().all(|(at, one)| !types[..at].contains(one));
        let alone = types.len() == 1 || !types.contains(&AuthType::None);
        if !types.is_empty() && apart && alone { Ok(Self(types)) } else { Err(InvalidAuthTypes) }
    }
}

impl TryFrom<OneOrMore> for AuthTypes {
    type Error = InvalidAuthTypes;
    fn try_from(types: OneOrMore) -> Result<Self, InvalidAuthTypes> {
        match types {
            OneOrMore::One(auth_type) => Ok(auth_type.into()),
            OneOrMore::More(types) => types.try_into(),
        }
    }
}

impl std::str::FromStr for AuthTypes {
    type Err = InvalidAuthTypes;
    fn from_str(text: &str) -> Result<Self, InvalidAuthTypes> {
        let types: Result<Vec<AuthType>, ()> = text.split(' ').map(str::parse).collect();
        types.map_err(|()| InvalidAuthTypes)?.try_into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn types(text: &str) -> AuthTypes {
        text.parse().expect("types")
    }

    #[test]
    fn a_manifest_has_one_or_a_list() {
        let read = |text: &str| serde_json::from_str::<AuthTypes>(text).map(|types| types.as_text());
        assert_eq!(read("\"oauth2\"").expect("one"), "oauth2");
        assert_eq!(read("[\"oauth2\", \"api_key\"]").expect("two"), "oauth2 api_key");
        for bad in ["[]", "\"x\"", "[\"none\", \"api_key\"]", "[\"api_key\", \"api_key\"]", "1"] {
            assert!(read(bad).is_err(), "{bad}");
        }
        assert_eq!(types("none").as_text().parse(), Ok(types("none")));
        assert!("".parse::<AuthTypes>().is_err() && "oauth2  api_key".parse::<AuthTypes>().is_err());
    }

    #[test]
    fn what_is_asked_for_is_chosen_and_a_key_goes_without_asking() {
        let both = types("oauth2 api_key");
        assert_eq!(both.choose(None, false), Some(AuthType::Oauth2));
        assert_eq!(both.choose(None, true), Some(AuthType::ApiKey));
        assert_eq!(both.choose(Some(AuthType::ApiKey), false), Some(AuthType::ApiKey));
        assert_eq!(both.choose(Some(AuthType::None), false), None);
        assert_eq!(types("oauth2").choose(None, true), Some(AuthType::Oauth2));
        assert_eq!(both.without(AuthType::Oauth2), Some(types("api_key")));
        assert_eq!(types("oauth2").without(AuthType::Oauth2), None);
    }
}
