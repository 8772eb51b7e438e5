//! Ways to write a character differently, undone while the text comes in.

/// A way to write a character differently.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Escape {
    /// `%41`, as in URLs and forms (RFC 3986).
    Percent,
    /// `\u0041`, `\/`, `\n`, as in JSON (RFC 8259), and `\x41`, as in many languages.
    Backslash,
    /// `&#65;`, `&#x41;`, `&amp;`, as in HTML and XML.
    Entity,
    /// The end of a line in the middle of base64 or hex (RFC 2045), or UTF-16's zeros between letters. Of several in a
    /// row only the last is taken for one.
    Break,
}

/// What a beginning of a text turned out to be.
enum Reading {
    /// It may yet become an escape.
    Open,
    /// It is one, for this byte.
    Byte(u8),
    /// It is one, for this character.
    Character(char),
    /// Its first byte begins none.
    None,
}

impl Escape {
    /// Whether an escape begins with this byte.
    pub(super) fn begins_with(self, byte: u8) -> bool {
        match self {
            Self::Percent => byte == b'%',
            Self::Backslash => byte == b'\\',
            Self::Entity => byte == b'&',
            Self::Break => matches!(byte, b'\r' | b'\n' | 0),
        }
    }

    /// The most bytes that stand for one.
    pub(super) const fn longest(self) -> usize {
        match self {
            Self::Percent | Self::Break => 3,
            Self::Backslash => 6,
            Self::Entity => LONGEST_ENTITY,
        }
    }

    fn read(self, text: &[u8]) -> Reading {
        match self {
            Self::Percent => match text {
                [b'%', digits @ ..] => hex(digits, 2, |code| u8::try_from(code).map_or(Reading::None, Reading::Byte)),
                _ => Reading::None,
            },
            Self::Backslash => backslash(text),
            Self::Entity => entity(text),
            Self::Break => line_break(text),
        }
    }
}

/// The longest entity that is undone: `&#x10FFFF;`.
const LONGEST_ENTITY: usize = 10;

/// Hexadecimal digits, exactly so many.
fn hex(digits: &[u8], count: usize, decode: impl Fn(u32) -> Reading) -> Reading {
    let mut code = 0;
    for digit in digits.iter().take(count) {
        let Some(digit) = char::from(*digit).to_digit(16) else { return Reading::None };
        code = code * 16 + digit;
    }
    if digits.len() < count { Reading::Open } else { decode(code) }
}

fn character(code: u32) -> Reading {
    char::from_u32(code).map_or(Reading::None, Reading::Character)
}

fn backslash(text: &[u8]) -> Reading {
    match text {
        [b'\\'] => Reading::Open,
        [b'\\', b'u', first @ ..] if first.len() < 4 => hex(first, 4, character),
        [b'\\', b'u', a, b, c, d, rest @ ..] => match number(&[*a, *b, *c, *d]) {
            Some(high @ 0xd800..=0xdbff) => low_surrogate(high, rest),
            Some(code) => character(code),
            None => Reading::None,
        },
        [b'\\', b'x', digits @ ..] => hex(digits, 2, character),
        [b'\\', letter, ..] => {
            let byte = match letter {
                b'n' => b'\n',
                b'r' => b'\r',
                b't' => b'\t',
                b'b' => 8,
                b'f' => 12,
                b'"' | b'\\' | b'/' | b'\'' => *letter,
                _ => return Reading::None,
            };
            Reading::Byte(byte)
        }
        _ => Reading::None,
    }
}

/// The second half of a character outside the basic plane.
fn low_surrogate(high: u32, rest: &[u8]) -> Reading {
    let begins = |expected: &[u8]| rest.iter().zip(expected).all(|(byte, expected)| byte == expected);
    if !begins(b"\\u") {
        return Reading::None;
    }
    match rest.get(2..) {
        None => Reading::Open,
        Some(digits) => hex(digits, 4, |low| match low {
            0xdc00..=0xdfff => character(0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00)),
            _ => Reading::None,
        }),
    }
}

fn number(digits: &[u8]) -> Option<u32> {
    std::str::from_utf8(digits).ok().and_then(|digits| u32::from_str_radix(digits, 16).ok())
}

fn entity(text: &[u8]) -> Reading {
    let Some(name) = text.strip_prefix(b"&") else { return Reading::None };
    let Some(name) = name.strip_suffix(b";") else {
        let open = name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'#');
        return if open && text.len() < LONGEST_ENTITY { Reading::Open } else { Reading::None };
    };
    let name = String::from_utf8_lossy(name);
    let code = match name.as_ref() {
        "amp" => Some(u32::from(b'&')),
        "lt" => Some(u32::from(b'<')),
        "gt" => Some(u32::from(b'>')),
        "quot" => Some(u32::from(b'"')),
        "apos" => Some(u32::from(b'\'')),
        name => match name.strip_prefix("#x").or_else(|| name.strip_prefix("#X")) {
            Some(digits) => u32::from_str_radix(digits, 16).ok(),
            None => name.strip_prefix('#').and_then(|digits| digits.parse().ok()),
        },
    };
    code.map_or(Reading::None, character)
}

fn line_break(text: &[u8]) -> Reading {
    let after = match text {
        [b'\r', b'\n', after @ ..] | [b'\r' | b'\n' | 0, after @ ..] => after,
        _ => return Reading::None,
    };
    match after.first() {
        None => Reading::Open,
        Some(b'\r' | b'\n' | 0) => Reading::None,
        Some(byte) => Reading::Byte(*byte),
    }
}

/// Undoes one kind of escape.
#[derive(Clone, Debug)]
pub(super) struct Unescape {
    pub(super) escape: Escape,
    open: Vec<u8>,
}

impl Unescape {
    pub(super) fn new(escape: Escape) -> Self {
        Self { escape, open: Vec::new() }
    }

    /// Whether everything that came in has gone out.
    pub(super) fn is_idle(&self) -> bool {
        self.open.is_empty()
    }

    /// Takes the next byte and gives what is certain by now.
    pub(super) fn push(&mut self, byte: u8, out: &mut Vec<u8>) {
        if self.open.is_empty() && !self.escape.begins_with(byte) {
            out.push(byte);
            return;
        }
        self.open.push(byte);
        while !self.open.is_empty() {
            match self.escape.read(&self.open) {
                Reading::Open => return,
                Reading::Byte(byte) => {
                    out.push(byte);
                    self.open.clear();
                }
                Reading::Character(character) => {
                    out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
                    self.open.clear();
                }
                Reading::None => out.push(self.open.remove(0)),
            }
        }
    }

    /// The text is at its end: what is open stays as it is.
    pub(super) fn finish(&mut self, out: &mut Vec<u8>) {
        out.append(&mut self.open);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn undone(escape: Escape, text: &str) -> String {
        let mut unescape = Unescape::new(escape);
        let mut out = Vec::new();
        text.bytes().for_each(|byte| unescape.push(byte, &mut out));
        unescape.finish(&mut out);
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn an_escape_is_undone_and_nothing_else() {
        for (escape, text, expected) in [
            (Escape::Percent, "a%41%6a%6Ab%%41%4%zz%", "aAjjb%A%4%zz%"),
            (Escape::Backslash, r#"\u0041\n\/\"\\\x41\q\u00zz\u004"#, "A\n/\"\\A\\q\\u00zz\\u004"),
            (
                Escape::Backslash,
                r"\ud83d\ude00 \ud83d \ud83d\u0041 \ude00\ud83",
                "\u{1f600} \\ud83d \\ud83dA \\ude00\\ud83",
            ),
            (
                Escape::Entity,
                "&amp;&#65;&#x41;&#X4a;&lt &nbsp;&&quot;&#x0000000041;&",
                "&AAJ&lt &nbsp;&\"&#x0000000041;&",
            ),
            (Escape::Break, "a\nb\r\nc\n\nd\r\n\r\ne\0f\n", "abc\nd\r\nef\n"),
        ] {
            assert_eq!(undone(escape, text), expected, "{escape:?} {text:?}");
        }
    }
}
