//! The end of a log, read without keeping the rest.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Read};

use anstream::adapter::strip_str;

/// The most bytes of a line that are kept. Whoever prints more prints data.
const MAX_LINE: usize = 4_096;

/// What is kept of a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// The most lines.
    pub(crate) lines: usize,
    /// Whether each line keeps the time in front of it.
    pub(crate) timestamps: bool,
    /// Whether colours and other terminal codes stay.
    pub(crate) colors: bool,
}

/// The end of a log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tail {
    /// Its lines, without line ends.
    pub(crate) lines: VecDeque<String>,
    /// How many lines there are before these.
    pub(crate) omitted: u64,
}

/// Reads a log to its end and keeps the last lines: so many, and no more than so many bytes.
///
/// # Errors
/// What the reader says.
pub(crate) fn tail(log: impl Read, wanted: Wanted, most: usize) -> io::Result<Tail> {
    let mut log = BufReader::with_capacity(64 * 1024, log);
    let (mut tail, mut bytes) = (Tail::default(), 0);
    while let Some(line) = line(&mut log)? {
        bytes += line.len();
        tail.lines.push_back(line);
        // What a line loses by being cleaned is not known yet: twice the bytes are enough for timestamps and colours.
        while tail.lines.len() > wanted.lines || bytes > most.saturating_mul(2) {
            bytes -= tail.lines.pop_front().map_or(0, |line| line.len());
            tail.omitted += 1;
        }
    }
    for line in &mut tail.lines {
        *line = clean(line, wanted);
    }
    tail.shorten(most);
    Ok(tail)
}

/// The next line, of which no more than the limit is ever in memory.
fn line(log: &mut impl BufRead) -> io::Result<Option<String>> {
    let (mut line, mut lost, mut any) = (Vec::new(), 0, false);
    loop {
        let chunk = log.fill_buf()?;
        if chunk.is_empty() {
            break;
        }
        any = true;
        let end = chunk.iter().position(|byte| *byte == b'\n');
        let part = &chunk[..end.unwrap_or(chunk.len())];
        let kept = part.len().min(MAX_LINE - line.len());
        line.extend_from_slice(&part[..kept]);
        lost += part.len() - kept;
        let read = end.map_or(chunk.len(), |end| end + 1);
        log.consume(read);
        if end.is_some() {
            break;
        }
    }
    if !any {
        return Ok(None);
    }
    let text = String::from_utf8_lossy(&line);
    let text = text.strip_suffix('\r').unwrap_or(&text);
    Ok(Some(if lost > 0 { format!("{text}… [{lost} more bytes]") } else { text.to_owned() }))
}

fn clean(line: &str, wanted: Wanted) -> String {
    // Every file begins with a mark of its encoding.
    let line = line.strip_prefix('\u{feff}').unwrap_or(line);
    let line = if wanted.timestamps { line } else { without_timestamp(line) };
    let line: Cow<'_, str> = if wanted.colors { line.into() } else { strip_str(line).to_string().into() };
    line.into_owned()
}

/// The line behind `2026-01-31T08:00:00.1234567Z `.
fn without_timestamp(line: &str) -> &str {
    const DATE_AND_TIME: &str = "0000-00-00T00:00:00.";
    let Some((time, rest)) = line.split_once("Z ").or_else(|| Some((line.strip_suffix('Z')?, ""))) else { return line };
    let alike = |(c, form): (char, char)| if form == '0' { c.is_ascii_digit() } else { c == form };
    let forms = DATE_AND_TIME.chars().chain(std::iter::repeat('0'));
    let is_time = time.len() > DATE_AND_TIME.len() && time.len() < 32 && time.chars().zip(forms).all(alike);
    if is_time { rest } else { line }
}

impl Tail {
    /// Drops lines from its beginning until it is no longer than this, line ends included.
    pub(crate) fn shorten(&mut self, most: usize) {
        let mut bytes: usize = self.bytes();
        while bytes > most {
            bytes -= self.lines.pop_front().map_or(bytes, |line| line.len() + 1);
            self.omitted += 1;
        }
    }

    /// How long it is, line ends included.
    pub(crate) fn bytes(&self) -> usize {
        self.lines.iter().map(|line| line.len() + 1).sum()
    }

    pub(crate) fn text(&self) -> String {
        self.lines.iter().fold(String::with_capacity(self.bytes()), |text, line| text + line + "\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Wanted = Wanted { lines: 3, timestamps: false, colors: false };

    fn read(log: &str, wanted: Wanted, most: usize) -> (String, u64) {
        let tail = tail(log.as_bytes(), wanted, most).expect("is read");
        (tail.text(), tail.omitted)
    }

    #[test]
    fn the_last_lines_are_kept_on_both_sides_of_the_limit() {
        assert_eq!(read("1\n2\n3\n", PLAIN, 100), ("1\n2\n3\n".to_owned(), 0));
        assert_eq!(read("1\r\n2\r\n3\r\n4", PLAIN, 100), ("2\n3\n4\n".to_owned(), 1));
        assert_eq!(read("", PLAIN, 100), (String::new(), 0));
        assert_eq!(read("\n\n", PLAIN, 100), ("\n\n".to_owned(), 0));
    }

    #[test]
    fn bytes_are_limited_by_whole_lines() {
        assert_eq!(read("11\n22\n33\n", PLAIN, 9), ("11\n22\n33\n".to_owned(), 0));
        assert_eq!(read("11\n22\n33\n", PLAIN, 8), ("22\n33\n".to_owned(), 1));
        assert_eq!(read("11\n22\n33\n", PLAIN, 0), (String::new(), 3));
    }

    #[test]
    fn a_line_without_end_is_cut_and_says_so() {
        let (text, _) = read(&"x".repeat(MAX_LINE), PLAIN, 100_000);
        assert_eq!(text.len(), MAX_LINE + 1);
        let (text, _) = read(&format!("{}\ny", "x".repeat(1_000_000)), PLAIN, 100_000);
        assert!(text.ends_with(&format!("x… [{} more bytes]\ny\n", 1_000_000 - MAX_LINE)), "{}", &text[MAX_LINE..]);
    }

    #[test]
    fn timestamps_and_colors_go_unless_they_are_wanted() {
        let log = "\u{feff}2026-01-31T08:00:00.1234567Z \u{1b}[36;1mcargo test\u{1b}[0m\n\
                   2026-01-31T08:00:01.1234567Z ##[error]a\tb\n2026-01-31T08:00:02.1234567Z\n";
        assert_eq!(read(log, PLAIN, 1_000).0, "cargo test\n##[error]a\tb\n\n");
        let kept = read(log, Wanted { timestamps: true, colors: true, ..PLAIN }, 1_000).0;
        assert_eq!(kept, log.trim_start_matches('\u{feff}'));
        for line in ["Z ", "2026 is a year, Z too", "2026-01-31T08:00:00Z x", "0000-00-00T00:00:00.x1Z y"] {
            assert_eq!(without_timestamp(line), line);
        }
    }
}
