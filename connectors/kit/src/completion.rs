//! Suggestions while somebody types an argument.

/// Suggestions, the best first. The host gives at most 100 on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Completion {
    /// The values.
    pub values: Vec<String>,
    /// How many there are in all, when that is known.
    pub total: Option<u32>,
    /// Whether there are more than these.
    pub has_more: bool,
}

impl Completion {
    /// Those of a known set that start with what is typed, whatever its case.
    #[must_use]
    pub fn starting_with<'a>(typed: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        let typed = typed.to_lowercase();
        let values: Vec<String> =
            known.into_iter().filter(|value| value.to_lowercase().starts_with(&typed)).map(str::to_owned).collect();
        Self { total: u32::try_from(values.len()).ok(), values, has_more: false }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_starts_with_the_typed_text_is_suggested() {
        let found = Completion::starting_with("PA", ["paris", "park", "tokyo"]);
        assert_eq!(found, Completion { values: vec!["paris".into(), "park".into()], total: Some(2), has_more: false });
        assert_eq!(Completion::starting_with("x", ["paris"]).total, Some(0));
    }
}
