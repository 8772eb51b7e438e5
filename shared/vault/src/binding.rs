//! What a secret's ciphertexts are bound to.

use bulkhead_kernel::id::OrganizationId;

use crate::model::{FieldName, Scope};

/// Where a secret belongs. What was sealed for one place opens at no other.
#[derive(Clone, Copy, Debug)]
pub struct Binding<'a> {
    /// The tenant.
    pub organization: OrganizationId,
    /// What it belongs to there.
    pub scope: &'a Scope,
    /// Its name there.
    pub field: &'a FieldName,
}

impl Binding<'_> {
    /// The associated data of a ciphertext that serves this purpose in this format: the parts, each after its length as
    /// four bytes, so that no two places have the same data.
    pub(crate) fn associated_data(&self, purpose: &str, format: i64) -> Vec<u8> {
        let (organization, scope) = (self.organization.to_string(), self.scope.to_string());
        let format = format.to_be_bytes();
        let parts: [&[u8]; 6] = [
            b"bulkhead vault",
            &format,
            purpose.as_bytes(),
            organization.as_bytes(),
            scope.as_bytes(),
            self.field.as_str().as_bytes(),
        ];
        encode(&parts)
    }
}

/// Each part after its length as four bytes, most significant first.
pub(crate) fn encode(parts: &[&[u8]]) -> Vec<u8> {
    let mut encoded = Vec::with_capacity(parts.iter().map(|part| part.len() + 4).sum());
    for part in parts {
        let length = u32::try_from(part.len()).expect("names are short");
        encoded.extend_from_slice(&length.to_be_bytes());
        encoded.extend_from_slice(part);
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_can_not_be_moved_over_their_border() {
        assert_ne!(encode(&[b"ab", b"c"]), encode(&[b"a", b"bc"]));
        assert_ne!(encode(&[b"abc"]), encode(&[b"abc", b""]));
        assert_ne!(encode(&[b"", b"abc"]), encode(&[b"abc", b""]));
        assert_eq!(encode(&[b"a", b"bc"]), b"\0\0\0\x01a\0\0\0\x02bc");
    }

    #[test]
    fn every_part_counts() {
        let organization: OrganizationId = "0192d3a4-7b1c-7f00-8000-000000000000".parse().expect("an id");
        let other: OrganizationId = "0192d3a4-7b1c-7f00-8000-000000000001".parse().expect("an id");
        let scope: Scope = "connector:github".parse().expect("a scope");
        let another: Scope = "connector:gitlab".parse().expect("a scope");
        let (field, second): (FieldName, FieldName) =
            ("token".parse().expect("a name"), "key".parse().expect("a name"));
        let binding = Binding { organization, scope: &scope, field: &field };
        let all = [
            binding.associated_data("value", 1),
            binding.associated_data("key", 1),
            binding.associated_data("value", 2),
            Binding { organization: other, ..binding }.associated_data("value", 1),
            Binding { scope: &another, ..binding }.associated_data("value", 1),
            Binding { field: &second, ..binding }.associated_data("value", 1),
        ];
        for (index, one) in all.iter().enumerate() {
            assert!(!all[index + 1..].contains(one), "{index}");
        }
    }
}
