//! Which passwords are taken: long enough, and not among the first that somebody would guess.
//!
//! Length is what counts (NIST SP 800-63B, section 3.1.1.2), so nothing is asked about kinds of characters. What is long but
//! guessed all the same is a common password with something around it, a short text again and again, a row of the keyboard or
//! the alphabet, or what is known of the person. zxcvbn would estimate more, but its WebAssembly is for browsers alone.

/// The fewest and the most characters of a password. The most bounds what a request can make us hash.
const LENGTH: std::ops::RangeInclusive<usize> = 12..=256;

/// How many characters a password must have beside those that anybody would guess.
const LEAST_BESIDE: usize = 8;

/// The most common passwords from six characters on, in lower case, sorted: after zxcvbn's list (MIT), which is from leaks.
const COMMON: &str = include_str!("common_passwords.txt");

/// What somebody types along.
const ROWS: [&str; 8] = [
    "abcdefghijklmnopqrstuvwxyz",
    "01234567890123456789",
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertzuiopasdfghjklyxcvbnm",
    "azertyuiopqsdfghjklmwxcvbn",
    "qazwsxedcrfvtgbyhnujmikolp",
    "1q2w3e4r5t6y7u8i9o0p",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p",
];

/// Why a password is not taken. It is not repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WeakPassword {
    /// It is too short, or too long.
    #[error("a password has from {} to {} characters", LENGTH.start(), LENGTH.end())]
    Length,
    /// Many have it, or one that is nearly the same.
    #[error(
        "this is one of the first passwords that somebody would guess; choose several words that have nothing to do with each other"
    )]
    Common,
    /// It is made of what is known of the person.
    #[error("a password must have more in it than your name or address")]
    Personal,
}

/// Checks a new password of a person of whom `known` is known, such as name and address.
///
/// # Errors
/// [`WeakPassword`].
pub fn check_new_password(password: &str, known: &[&str]) -> Result<(), WeakPassword> {
    if !LENGTH.contains(&password.chars().count()) {
        return Err(WeakPassword::Length);
    }
    let plain = unleet(&password.to_lowercase());
    let plain = unit(&plain);
    let characters = plain.chars().count();
    if characters < LEAST_BESIDE || characters < LEAST_BESIDE + typed_along(plain) {
        return Err(WeakPassword::Common);
    }
    let guessed = |part: &str| part.chars().count() >= 4 && plain.contains(part);
    let beside = |part: &str| characters - part.chars().count() < LEAST_BESIDE;
    let mut words = known.iter().flat_map(|text| {
        let text = text.to_lowercase();
        let parts: Vec<_> = text.split(|c: char| !c.is_alphanumeric()).map(unleet).collect();
        parts.into_iter().chain([unleet(&text)])
    });
    if words.any(|word| guessed(&word) && beside(&word)) {
        return Err(WeakPassword::Personal);
    }
    // Those that are written with digits in the place of letters are found by the letters.
    if COMMON.lines().map(unleet).any(|common| plain.contains(common.as_str()) && beside(&common)) {
        return Err(WeakPassword::Common);
    }
    Ok(())
}

/// Letters in the place of what is often put there for them.
fn unleet(text: &str) -> String {
    let letter = |c: char| match c {
        '@' | '4' => 'a',
        '3' => 'e',
        '1' | '!' => 'i',
        '0' => 'o',
        '$' | '5' => 's',
        '7' => 't',
        other => other,
    };
    text.chars().map(letter).collect()
}

/// What a text consists of when it is the same again and again, be the last one cut off.
fn unit(text: &str) -> &str {
    let ends = text.char_indices().skip(1).map(|(index, _)| index);
    let repeats = |end: &usize| text.as_bytes().iter().zip(text.as_bytes().iter().skip(*end)).all(|(a, b)| a == b);
    let shortest = ends.take_while(|end| end * 2 <= text.len()).find(repeats);
    shortest.map_or(text, |end| &text[..end])
}

/// How many characters follow their neighbours on a keyboard, in the alphabet or among the numbers, either way, in runs of at
/// least four.
fn typed_along(text: &str) -> usize {
    let rows: Vec<Vec<char>> = ROWS
        .iter()
        .map(|row| unleet(row))
        .flat_map(|row| [row.chars().collect(), row.chars().rev().collect()])
        .collect();
    let characters: Vec<char> = text.chars().collect();
    let mut along = 0;
    let mut at = 0;
    while at < characters.len() {
        let rest = &characters[at..];
        let run = |row: &Vec<char>| {
            let starts = row.iter().enumerate().filter(|(_, c)| **c == rest[0]).map(|(start, _)| start);
            starts.map(|start| row[start..].iter().zip(rest).take_while(|(a, b)| a == b).count()).max().unwrap_or(0)
        };
        let longest = rows.iter().map(run).max().unwrap_or(0);
        if longest >= 4 {
            along += longest;
            at += longest;
        } else {
            at += 1;
        }
    }
    along
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_is_what_counts() {
        assert_eq!(check_new_password("tram vole bin", &[]), Ok(()));
        assert_eq!(check_new_password("tram vole bi", &[]), Ok(()));
        assert_eq!(check_new_password("tram vole b", &[]), Err(WeakPassword::Length));
        let long: String = (0..256).map(|n| char::from(b'!' + u8::try_from(n * n % 91).expect("is small"))).collect();
        assert_eq!(check_new_password(&long, &[]), Ok(()));
        assert_eq!(check_new_password(&format!("{long}x"), &[]), Err(WeakPassword::Length));
        assert_eq!(check_new_password("a horse, a battery, a staple", &[]), Ok(()));
        assert_eq!(check_new_password("пароль и ещё слова", &[]), Ok(()));
    }

    #[test]
    fn what_is_guessed_first_is_refused() {
        for password in [
            "password1234",
            "P@ssw0rd!!!!",
            "123password!",
            "iloveyou2026",
            "letmeinletmein",
            "aaaaaaaaaaaaaaaa",
            "abcabcabcabcabc",
            "123456789012",
            "qwertyuiop12",
            "abcdefghijklmnop",
            "zyxwvutsrqponm",
            "1q2w3e4r5t6y",
            "1qaz2wsx3edc",
            "qwertzuiopas",
            "trustno1trustno1",
        ] {
            assert_eq!(check_new_password(password, &[]), Err(WeakPassword::Common), "{password}");
        }
        assert_eq!(check_new_password("password among others", &[]), Ok(()));
    }

    #[test]
    fn what_is_known_of_the_person_is_refused() {
        let known = ["Ada Lovelace", "countess.ada@example.com"];
        for password in ["adalovelace12", "L0velace1843", "countess.ada@example.com", "example.com18"] {
            assert_eq!(check_new_password(password, &known), Err(WeakPassword::Personal), "{password}");
        }
        assert_eq!(check_new_password("lovelace wrote the first", &known), Ok(()));
    }

    #[test]
    fn the_list_is_as_its_comment_says() {
        let lines: Vec<_> = COMMON.lines().collect();
        assert!(lines.len() > 9_000 && lines.is_sorted());
        assert!(lines.iter().all(|line| line.len() >= 6 && *line == line.to_lowercase()));
    }
}
