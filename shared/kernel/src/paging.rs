//! Pages of a collection, newest first, by an opaque cursor.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;

/// Where the next page starts: after the row of this key. Opaque to clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor(String);

/// Why a request for a page is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PagingError {
    /// The cursor was not made here.
    #[error("the cursor is not one that this API gave out; leave it out to start from the beginning")]
    InvalidCursor,
    /// The limit is out of range.
    #[error("limit must be a whole number from 1 to {max}")]
    InvalidLimit {
        /// The most that may be asked for.
        max: u32,
    },
}

impl Cursor {
    /// A cursor after the row with this sort key.
    #[must_use]
    pub fn after(key: impl Into<String>) -> Self {
        Self(key.into())
    }

    /// The sort key.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.0
    }

    /// As clients see it: unpadded base64url.
    #[must_use]
    pub fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode(&self.0)
    }

    /// Reads what [`encode`](Self::encode) wrote.
    ///
    /// # Errors
    /// [`PagingError::InvalidCursor`] when it did not.
    pub fn decode(text: &str) -> Result<Self, PagingError> {
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| PagingError::InvalidCursor)?;
        String::from_utf8(bytes).map(Self).map_err(|_| PagingError::InvalidCursor)
    }
}

/// Which page, and how long.
#[derive(Clone, Debug)]
pub struct PageRequest {
    /// Start after this; from the beginning when absent.
    pub after: Option<Cursor>,
    /// At most this many items.
    pub limit: u32,
}

impl PageRequest {
    /// What a client gets who asks for no limit.
    pub const DEFAULT_LIMIT: u32 = 50;
    /// The most a client may ask for.
    pub const MAX_LIMIT: u32 = 200;

    /// Checks what a client asked for.
    ///
    /// # Errors
    /// [`PagingError`] when the limit is out of range or the cursor is not ours.
    pub fn parse(cursor: Option<&str>, limit: Option<&str>) -> Result<Self, PagingError> {
        let invalid = PagingError::InvalidLimit { max: Self::MAX_LIMIT };
        let limit = match limit {
            None => Self::DEFAULT_LIMIT,
            Some(text) => text.parse().map_err(|_| invalid.clone())?,
        };
        if !(1..=Self::MAX_LIMIT).contains(&limit) {
            return Err(invalid);
        }
        Ok(Self { after: cursor.map(Cursor::decode).transpose()?, limit })
    }
}

impl Default for PageRequest {
    fn default() -> Self {
        Self { after: None, limit: Self::DEFAULT_LIMIT }
    }
}

/// One page. In JSON `{"items": [...], "next": <cursor or null>}`.
#[derive(Clone, Debug, Serialize)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// The next page's cursor; absent on the last page.
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// Makes a page from up to `limit + 1` rows: the surplus row only proves that there is more.
    #[must_use]
    pub fn from_rows(mut rows: Vec<T>, limit: u32, key: impl Fn(&T) -> String) -> Self {
        let limit = limit as usize;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| more).map(|row| Cursor::after(key(row)).encode());
        Self { items: rows, next }
    }

    /// A page that holds everything.
    #[must_use]
    pub fn whole(items: Vec<T>) -> Self {
        Self { items, next: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_checked_on_both_sides() {
        for (limit, ok) in [("0", false), ("1", true), ("200", true), ("201", false), ("x", false), ("-1", false)] {
            assert_eq!(PageRequest::parse(None, Some(limit)).is_ok(), ok, "{limit}");
        }
    }

    #[test]
    fn a_cursor_comes_back_and_a_made_up_one_is_refused() {
        let cursor = Cursor::after("0192");
        assert_eq!(Cursor::decode(&cursor.encode()), Ok(cursor));
        assert_eq!(Cursor::decode("%%%"), Err(PagingError::InvalidCursor));
    }

    #[test]
    fn the_surplus_row_makes_the_next_cursor() {
        let page = Page::from_rows(vec![3, 2, 1], 2, ToString::to_string);
        assert_eq!(page.items, [3, 2]);
        assert_eq!(page.next, Some(Cursor::after("2").encode()));
        assert_eq!(Page::from_rows(vec![1], 2, ToString::to_string).next, None);
    }
}
