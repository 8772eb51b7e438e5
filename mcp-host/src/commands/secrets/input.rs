//! Reading a secret: from standard input, never from the command line, where every process of the machine can see it.

use std::io::{IsTerminal as _, Read};

use anyhow::{Context as _, bail};
use bulkhead_kernel::Secret;
use zeroize::Zeroizing;

/// Asks for it on a terminal, without showing it; reads all of standard input otherwise, but for a line's end at its end.
pub(super) fn read(what: &str, max_bytes: usize) -> anyhow::Result<Secret> {
    if std::io::stdin().is_terminal() {
        let typed = rpassword::prompt_password(format!("{what} (not shown): "));
        return Ok(Secret::new(typed.context("the secret can't be read from the terminal")?));
    }
    from(unbuffered().context("standard input can't be read")?, max_bytes)
}

/// Standard input without the standard library's buffer, which nobody wipes.
#[cfg(unix)]
fn unbuffered() -> std::io::Result<impl Read> {
    use std::os::fd::AsFd as _;
    std::io::stdin().as_fd().try_clone_to_owned().map(std::fs::File::from)
}

#[cfg(not(unix))]
fn unbuffered() -> std::io::Result<impl Read> {
    Ok(std::io::stdin())
}

fn from(source: impl Read, max_bytes: usize) -> anyhow::Result<Secret> {
    const LINE_END: usize = 2;
    // With room for all from the start: growing would leave copies behind.
    let most = max_bytes + LINE_END + 1;
    let mut bytes = Zeroizing::new(Vec::with_capacity(most + 32));
    source.take(most as u64).read_to_end(&mut bytes).context("standard input can't be read")?;
    let line = bytes.strip_suffix(b"\n").map(|rest| rest.strip_suffix(b"\r").unwrap_or(rest));
    let length = line.map_or(bytes.len(), <[u8]>::len);
    bytes.truncate(length);
    if length > max_bytes {
        bail!("the secret is longer than {max_bytes} bytes; vault.max_secret_bytes is the limit");
    }
    // The bytes move into the secret; there is no second copy to wipe.
    match String::from_utf8(std::mem::take(&mut *bytes)) {
        Ok(text) => Ok(Secret::new(text)),
        Err(error) => {
            drop(Zeroizing::new(error.into_bytes()));
            bail!("the secret is not UTF-8 text; encode it first, for example with base64")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_from(bytes: &[u8], max_bytes: usize) -> Result<String, String> {
        from(bytes, max_bytes).map(|secret| secret.expose().to_owned()).map_err(|error| error.to_string())
    }

    #[test]
    fn one_line_end_at_the_end_is_not_part_of_it() {
        for (input, secret) in
            [("token\n", "token"), ("token\r\n", "token"), ("token", "token"), ("a\nb\n\n", "a\nb\n"), (" t ", " t ")]
        {
            assert_eq!(read_from(input.as_bytes(), 100).as_deref(), Ok(secret));
        }
    }

    #[test]
    fn it_has_a_length_and_is_text() {
        assert_eq!(read_from(b"12345\r\n", 5).as_deref(), Ok("12345"));
        for input in ["123456", "123456\n", "123456\r\n", "1234567890"] {
            let refusal = read_from(input.as_bytes(), 5).expect_err("too long");
            assert!(refusal.contains("longer than 5 bytes") && !refusal.contains("123"), "{refusal}");
        }
        assert!(read_from(b"\xff\xfe", 5).expect_err("no text").contains("UTF-8"));
    }
}
