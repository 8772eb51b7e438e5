//! What commands say: the result on standard output, everything else on standard error.

use std::io::Write as _;

use anyhow::Context as _;

/// Writes the result.
pub(super) fn print(text: &str) -> anyhow::Result<()> {
    let mut output = std::io::stdout().lock();
    writeln!(output, "{}", printable(text)).and_then(|()| output.flush()).context("the result can't be written")
}

/// Says something beside the result.
#[expect(clippy::print_stderr, reason = "for whoever typed the command, whatever the log filter says")]
pub(super) fn note(text: &str) {
    eprintln!("{}", printable(text));
}

/// The text without what a terminal would obey: a manifest that nobody trusts yet could hide what it asks for.
fn printable(text: &str) -> String {
    let obeyed = |c: char| {
        let turns_text_around =
            matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        c != '\n' && c.is_control() || turns_text_around
    };
    text.replace(obeyed, "\u{fffd}")
}

#[cfg(test)]
mod tests {
    use super::printable;

    #[test]
    fn a_terminal_is_told_nothing() {
        assert_eq!(printable("a\x1b[2Kb\r\u{202e}c\u{9b}d\ne"), "a\u{fffd}[2Kb\u{fffd}\u{fffd}c\u{fffd}d\ne");
        assert_eq!(printable("Grüße …\n"), "Grüße …\n");
    }
}
