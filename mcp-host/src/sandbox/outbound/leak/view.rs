//! One text as it reads after undoing one or two escapes, each reading searched by the same automaton.
//!
//! Most of a text holds no escape, and all readings are the same. So a reading sleeps while it is no other than the
//! text itself, and costs nothing; it wakes with the state that the text was in, and sleeps again when it has written
//! everything out and arrived in the same state: from there on both see the same.

use aho_corasick::PatternID;
use aho_corasick::automaton::StateID;

use super::escape::{Escape, Unescape};
use super::patterns::Patterns;

/// Which readings there are: what is undone, after which other reading. Two levels, because people encode what is
/// encoded: a URL in a URL, JSON in JSON, JSON in a form, a URL in JSON, lines of base64 in JSON.
const READINGS: [(Escape, Option<usize>); 9] = [
    (Escape::Percent, None),
    (Escape::Backslash, None),
    (Escape::Entity, None),
    (Escape::Break, None),
    (Escape::Percent, Some(0)),
    (Escape::Backslash, Some(0)),
    (Escape::Percent, Some(1)),
    (Escape::Backslash, Some(1)),
    (Escape::Break, Some(1)),
];

/// The most bytes of the text that are one byte of a reading.
pub(super) const LONGEST_ESCAPE: usize = {
    let mut longest = 1;
    let mut index = 0;
    while index < READINGS.len() {
        let (escape, of) = READINGS[index];
        let before = match of {
            Some(other) => READINGS[other].0.longest(),
            None => 1,
        };
        if escape.longest() * before > longest {
            longest = escape.longest() * before;
        }
        index += 1;
    }
    longest
};

/// A text and its readings.
#[derive(Debug)]
pub(super) struct Views {
    text: StateID,
    readings: Vec<Reading>,
    /// Whether any reading differs from the text.
    awake: bool,
}

#[derive(Debug)]
struct Reading {
    of: Option<usize>,
    unescape: Unescape,
    state: StateID,
    asleep: bool,
    /// What the last byte of the text became.
    written: Vec<u8>,
}

impl Views {
    pub(super) fn new(patterns: &Patterns) -> Self {
        let reading = |(escape, of): (Escape, Option<usize>)| Reading {
            of,
            unescape: Unescape::new(escape),
            state: patterns.start(),
            asleep: true,
            written: Vec::new(),
        };
        Self { text: patterns.start(), readings: READINGS.into_iter().map(reading).collect(), awake: false }
    }

    /// Searches the next piece in all readings.
    pub(super) fn feed(&mut self, patterns: &Patterns, piece: &[u8]) -> Option<PatternID> {
        for &byte in piece {
            let before = self.text;
            if let Some(found) = patterns.step(&mut self.text, byte) {
                return Some(found);
            }
            if (self.awake || BEGINS[usize::from(byte)])
                && let Some(found) = self.read(patterns, before, byte)
            {
                return Some(found);
            }
        }
        None
    }

    /// Lets every reading that is awake, or is woken by it, take a byte.
    fn read(&mut self, patterns: &Patterns, before: StateID, byte: u8) -> Option<PatternID> {
        self.awake = false;
        for index in 0..self.readings.len() {
            let (earlier, rest) = self.readings.split_at_mut(index);
            let Some(reading) = rest.first_mut() else { break };
            let input = match reading.of {
                Some(of) => earlier[of].written.as_slice(),
                None => &[byte],
            };
            reading.written.clear();
            if reading.asleep {
                if input == [byte] && !reading.unescape.escape.begins_with(byte) {
                    reading.written.push(byte);
                    continue;
                }
                reading.asleep = false;
                reading.state = before;
            }
            for &byte in input {
                reading.unescape.push(byte, &mut reading.written);
            }
            for &byte in &reading.written {
                if let Some(found) = patterns.step(&mut reading.state, byte) {
                    return Some(found);
                }
            }
            reading.asleep = reading.unescape.is_idle() && reading.state == self.text;
            self.awake |= !reading.asleep;
        }
        None
    }

    /// The text is at its end.
    pub(super) fn finish(&mut self, patterns: &Patterns) -> Option<PatternID> {
        for index in 0..self.readings.len() {
            let (earlier, rest) = self.readings.split_at_mut(index);
            let Some(reading) = rest.first_mut() else { break };
            reading.written.clear();
            if reading.asleep {
                // Nothing is open here; but what was open before it comes out now.
                reading.state = self.text;
            }
            if let Some(of) = reading.of {
                for &byte in &earlier[of].written {
                    reading.unescape.push(byte, &mut reading.written);
                }
            }
            reading.unescape.finish(&mut reading.written);
            for &byte in &reading.written {
                if let Some(found) = patterns.step(&mut reading.state, byte) {
                    return Some(found);
                }
            }
        }
        None
    }
}

/// Bytes with which an escape begins.
const BEGINS: [bool; 256] = {
    let mut begins = [false; 256];
    let mut index = 0;
    let bytes = [b'%', b'\\', b'&', b'\r', b'\n', 0];
    while index < bytes.len() {
        begins[bytes[index] as usize] = true;
        index += 1;
    }
    begins
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_with_which_an_escape_begins_is_listed() {
        for byte in 0..=u8::MAX {
            let begins = READINGS.iter().any(|(escape, _)| escape.begins_with(byte));
            assert_eq!(BEGINS[usize::from(byte)], begins, "{byte}");
        }
    }

    #[test]
    fn the_longest_escape_is_an_escaped_escape() {
        assert_eq!(LONGEST_ESCAPE, 36);
    }
}
