//! What GitHub names things by, taken out of its large objects.

use serde::Deserialize;

/// A user, an organisation or an app.
#[derive(Debug, Deserialize)]
pub(crate) struct Account {
    pub(crate) login: String,
}

/// A label: an object, or in some lists its name alone.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Label {
    Name(String),
    Object { name: Option<String> },
}

/// The login of an account that may be gone.
pub(crate) fn login(account: Option<Account>) -> Option<String> {
    account.map(|account| account.login)
}

pub(crate) fn logins(accounts: Option<Vec<Account>>) -> Vec<String> {
    accounts.into_iter().flatten().map(|account| account.login).collect()
}

pub(crate) fn labels(labels: Vec<Label>) -> Vec<String> {
    let name = |label| match label {
        Label::Name(name) => Some(name),
        Label::Object { name } => name,
    };
    labels.into_iter().filter_map(name).collect()
}

/// The beginning of a text, with a note where it is cut. An empty one is none.
pub(crate) fn beginning(text: Option<String>, most: usize) -> Option<String> {
    let text = text.filter(|text| !text.is_empty())?;
    match text.char_indices().nth(most) {
        None => Some(text),
        Some((end, _)) => {
            let left = text[end..].chars().count();
            Some(format!("{}… [{left} more characters]", &text[..end]))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_between_characters_and_says_so() {
        let cut = |text: &str, most| beginning(Some(text.to_owned()), most);
        assert_eq!(cut("äöü", 3).as_deref(), Some("äöü"));
        assert_eq!(cut("äöü", 2).as_deref(), Some("äö… [1 more characters]"));
        assert_eq!(cut("äöü", 0).as_deref(), Some("… [3 more characters]"));
        assert_eq!(cut("", 3), None);
        assert_eq!(beginning(None, 3), None);
    }
}
