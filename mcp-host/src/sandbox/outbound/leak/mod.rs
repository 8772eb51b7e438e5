//! The leak scan: no answer brings a credential into the guest.
//!
//! A service that repeats what it was sent (an echo for tests, a page of an error, a redirect, a log) would hand the
//! credential to the connector. So every header and every body, decompressed, of a call that has credentials is searched
//! for them: as they are, in base64, in hex, percent-encoded, JSON-escaped, as HTML entities, broken into lines, and two
//! of these on top of each other. The answer is passed on unchanged, byte for byte, or ends with an error.
//!
//! `patterns` are the texts that are searched for, by one automaton (Aho-Corasick). What can't be listed, because any
//! subset of characters may be written differently, is undone instead: `view` holds the answer as it reads after one or
//! two `escape`s. `body` holds back what could be the beginning of a hit.
//!
//! A *part* of a credential is not found, nor is one that was encrypted, compressed or turned around: a service that
//! wants to tell its client's secret to the connector has a thousand ways. Against that stands the audience.

mod body;
mod escape;
mod patterns;
mod view;

use std::sync::Arc;

pub(super) use body::ScannedBody;
use http::HeaderMap;
pub(super) use patterns::Patterns;
use view::Views;

use super::failure::OutboundError;

/// One text being searched, piece by piece.
#[derive(Debug)]
pub(super) struct Scanner {
    patterns: Arc<Patterns>,
    views: Views,
}

impl Scanner {
    pub(super) fn new(patterns: Arc<Patterns>) -> Self {
        Self { views: Views::new(&patterns), patterns }
    }

    /// Searches the next piece.
    pub(super) fn feed(&mut self, piece: &[u8]) -> Result<(), OutboundError> {
        self.views.feed(&self.patterns, piece).map_or(Ok(()), |found| Err(self.patterns.echoed(found)))
    }

    /// The text is at its end: what looked like the beginning of an escape was none.
    pub(super) fn finish(&mut self) -> Result<(), OutboundError> {
        self.views.finish(&self.patterns).map_or(Ok(()), |found| Err(self.patterns.echoed(found)))
    }

    /// How many bytes before the end of what was fed may belong to a hit that is not whole yet.
    pub(super) fn hold_back(&self) -> usize {
        self.patterns.longest() * view::LONGEST_ESCAPE
    }
}

/// Searches a text that is there as a whole.
pub(super) fn scan_text(patterns: &Arc<Patterns>, text: &[u8]) -> Result<(), OutboundError> {
    let mut scanner = Scanner::new(patterns.clone());
    scanner.feed(text)?;
    scanner.finish()
}

/// Searches names and values.
pub(super) fn scan_headers(patterns: &Arc<Patterns>, headers: &HeaderMap) -> Result<(), OutboundError> {
    for (name, value) in headers {
        scan_text(patterns, name.as_str().as_bytes())?;
        scan_text(patterns, value.as_bytes())?;
    }
    // A value that was spread over several headers of one name is put together again by whoever reads them.
    for name in headers.keys() {
        let values: Vec<_> = headers.get_all(name).iter().map(http::HeaderValue::as_bytes).collect();
        if values.len() > 1 {
            scan_text(patterns, &values.concat())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
