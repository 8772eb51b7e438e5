//! A path, read as every server on its way may read it.

/// How often a path may be encoded over and over. Whatever still changes after that is refused.
const MAX_ENCODINGS: usize = 8;

/// Whether no server can find a way up, or the end of a line, in the path, however often it decodes it.
pub(super) fn is_plain(path: &str) -> bool {
    readings(path).is_some_and(|mut readings| readings.all(|path| !misleads(&path)))
}

/// Whether this is one segment to every server, and what each reads is what is looked for: none finds a slash, a parameter
/// that it cuts off, or the end of the path in it, however often it decodes it.
pub(super) fn is_one_segment(segment: &str, sought: impl Fn(&str) -> bool) -> bool {
    let divides = |c| matches!(c, '/' | '\\' | ';' | '?' | '#');
    let sought =
        |reading: &[u8]| std::str::from_utf8(reading).is_ok_and(|text| sought(text) && !text.contains(divides));
    readings(segment).is_some_and(|mut readings| readings.all(|reading| sought(&reading)))
}

/// What it is when it is decoded never, once, and so on, until it does not change any more.
fn readings(text: &str) -> Option<impl Iterator<Item = Vec<u8>>> {
    let mut readings = vec![text.as_bytes().to_vec()];
    loop {
        let last = readings.last()?;
        let decoded = decode(last);
        if decoded == *last {
            return Some(readings.into_iter());
        }
        if readings.len() == MAX_ENCODINGS {
            return None;
        }
        readings.push(decoded);
    }
}

/// Whether a segment is `.` or `..`, or a character is a control or no UTF-8. Some servers take a backslash or an overlong
/// encoding of a slash for a slash, cut a segment at its semicolon, and ignore spaces at its end.
fn misleads(path: &[u8]) -> bool {
    let mut segments = path.split(|byte| matches!(byte, b'/' | b'\\'));
    let climbs = segments.any(|segment| {
        let name = segment.split(|byte| *byte == b';').next().unwrap_or_default();
        matches!(name.trim_ascii_end(), b"." | b"..")
    });
    climbs || path.iter().any(u8::is_ascii_control) || std::str::from_utf8(path).is_err()
}

fn decode(path: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(path.len());
    let mut rest = path;
    while let Some((&byte, after)) = rest.split_first() {
        let digit = |index: usize| after.get(index).and_then(|digit| char::from(*digit).to_digit(16));
        match (byte, digit(0), digit(1)) {
            (b'%', Some(high), Some(low)) => {
                decoded.push(u8::try_from(high * 16 + low).unwrap_or_default());
                rest = &after[2..];
            }
            _ => {
                decoded.push(byte);
                rest = after;
            }
        }
    }
    decoded
}
