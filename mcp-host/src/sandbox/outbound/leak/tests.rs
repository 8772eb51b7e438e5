//! Any credential, in any spelling, cut anywhere, is found before any of it is passed on; everything else passes
//! unchanged.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use bulkhead_kernel::Secret;
use bytes::Bytes;
use futures::StreamExt as _;
use futures::executor::block_on;
use http_body::Frame;
use http_body_util::{BodyExt as _, StreamBody};
use proptest::prelude::*;

use super::*;

fn patterns(secret: &str) -> Arc<Patterns> {
    Arc::new(Patterns::new(&[("token".to_owned(), Secret::new(secret.to_owned()))]))
}

/// What the guest gets of a body that comes in these pieces, and how it ends.
fn passed(secret: &str, text: &[u8], cuts: &[usize]) -> (Vec<u8>, Result<(), OutboundError>) {
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut % (text.len() + 1)).collect();
    cuts.extend([0, text.len()]);
    cuts.sort_unstable();
    let pieces = cuts.windows(2).map(|cut| Ok(Frame::data(Bytes::copy_from_slice(&text[cut[0]..cut[1]]))));
    let body = StreamBody::new(futures::stream::iter(pieces.collect::<Vec<_>>()));
    let mut body = ScannedBody::new(body, patterns(secret));
    let mut got = Vec::new();
    while let Some(frame) = block_on(body.frame()) {
        match frame {
            Ok(frame) => got.extend_from_slice(&frame.into_data().expect("there are no trailers")),
            Err(error) => {
                assert!(block_on(body.frame()).is_none(), "nothing comes after the error");
                return (got, Err(error));
            }
        }
    }
    (got, Ok(()))
}

/// Which characters of a text are written differently: as many as there are bits.
type Choice = Vec<bool>;

fn each(text: &str, choice: &Choice, must: impl Fn(char) -> bool, write: impl Fn(char, bool) -> String) -> String {
    let mut bits = choice.iter().copied().cycle();
    let one = |character: char| {
        let chosen = bits.next().unwrap_or_default();
        if chosen || must(character) { write(character, chosen) } else { character.to_string() }
    };
    text.chars().map(one).collect()
}

fn percent(text: &str, choice: &Choice) -> String {
    each(
        text,
        choice,
        |character| character == '%',
        |character, upper| {
            let byte = |byte: &u8| if upper { format!("%{byte:02X}") } else { format!("%{byte:02x}") };
            character.to_string().as_bytes().iter().map(byte).collect()
        },
    )
}

fn json(text: &str, choice: &Choice) -> String {
    let must = |character: char| matches!(character, '"' | '\\') || character.is_control();
    each(text, choice, must, |character, unicode| match character {
        '"' | '\\' | '/' if !unicode => format!("\\{character}"),
        _ => character.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04x}")).collect(),
    })
}

fn html(text: &str, choice: &Choice) -> String {
    each(
        text,
        choice,
        |character| matches!(character, '&' | '<'),
        |character, number| match character {
            '&' if !number => "&amp;".to_owned(),
            '<' if !number => "&lt;".to_owned(),
            _ if number => format!("&#x{:x};", u32::from(character)),
            _ => format!("&#{};", u32::from(character)),
        },
    )
}

fn wrapped(text: &str, width: usize, line_end: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    characters.chunks(width).map(|line| line.iter().collect::<String>()).collect::<Vec<_>>().join(line_end)
}

const SPELLINGS: usize = 21;

/// The secret in one of the spellings, of which some choose how each character is written. `before` is what is encoded
/// together with it.
fn spell(spelling: usize, secret: &str, before: &str, choice: &Choice) -> Vec<u8> {
    let pair = format!("{before}{secret}");
    let text = match spelling {
        0 => secret.to_owned(),
        1 => STANDARD.encode(&pair),
        2 => STANDARD_NO_PAD.encode(format!("{pair}{before}")),
        3 => URL_SAFE.encode(&pair),
        4 => URL_SAFE_NO_PAD.encode(format!("{pair}{before}")),
        5 => hex::encode(&pair),
        6 => hex::encode_upper(&pair),
        7 => percent(secret, choice),
        8 => json(secret, choice),
        9 => html(secret, choice),
        10 => url::form_urlencoded::byte_serialize(secret.as_bytes()).collect(),
        11 => percent(&percent(secret, choice), &vec![true, false, false]),
        12 => json(&percent(secret, choice), &vec![false, true]),
        13 => percent(&json(secret, choice), &vec![false, true]),
        14 => json(&json(secret, choice), &vec![false, false, true]),
        15 => wrapped(&STANDARD.encode(&pair), 7, "\r\n"),
        16 => wrapped(&hex::encode(&pair), 5, "\n"),
        17 => wrapped(&STANDARD.encode(&pair), 7, "\\n"),
        18 => percent(&STANDARD.encode(&pair), &vec![false]),
        19 => json(&STANDARD.encode(&pair), &vec![false]).replace('/', "\\/"),
        _ => return secret.encode_utf16().flat_map(u16::to_le_bytes).collect(),
    };
    text.into_bytes()
}

fn secret() -> impl Strategy<Value = String> {
    prop_oneof![
        "[A-Za-z0-9_-]{8,64}",
        "[ -~]{8,48}",
        // What every escape has something to say about.
        "[%&\\\\\"/+<u0-9a-f ]{8,24}",
        "[a-zA-Z0-9]{6,20}[äß€😀][a-z]{2,4}",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_secret_in_any_spelling_is_found_wherever_it_is_cut(
        (secret, spelling, choice) in (secret(), 0..SPELLINGS, proptest::collection::vec(any::<bool>(), 1..9)),
        (before, around) in ("[a-z]{0,4}", "[a-zA-Z0-9 :{},\"=]{0,200}"),
        cuts in proptest::collection::vec(any::<usize>(), 0..40),
    ) {
        // UTF-16 of what is not ASCII is no longer its UTF-8 with zeros between.
        prop_assume!(spelling < SPELLINGS - 1 || secret.is_ascii());
        let written = spell(spelling, &secret, &before, &choice);
        let mut text = around.clone().into_bytes();
        text.extend_from_slice(&written);
        text.extend_from_slice(around.as_bytes());
        let (got, end) = passed(&secret, &text, &cuts);
        prop_assert_eq!(end, Err(OutboundError::CredentialEchoed("token".to_owned())));
        prop_assert!(got.len() <= around.len(), "{} bytes were passed on, and {} stood before it", got.len(), around.len());
        prop_assert_eq!(&got, &around.as_bytes()[..got.len()]);
    }

    #[test]
    fn what_holds_no_secret_passes_byte_for_byte(
        secret in "[A-Za-z0-9]{12,40}",
        pieces in proptest::collection::vec(
            prop_oneof![
                proptest::collection::vec(any::<u8>(), 0..60),
                "[ -~\r\n]{0,80}".prop_map(String::into_bytes),
                "(%[0-9a-f]{0,2}|\\\\u[0-9a-f]{0,4}|&#?x?[0-9]{0,3};?|\\\\|\r\n|\n){0,20}".prop_map(String::into_bytes),
            ],
            0..12,
        ),
        almost in proptest::collection::vec((0..SPELLINGS, any::<bool>()), 0..6),
        cuts in proptest::collection::vec(any::<usize>(), 0..40),
    ) {
        let mut text = Vec::new();
        let mut almost = almost.into_iter();
        for piece in pieces {
            text.extend_from_slice(&piece);
            // All of it but the last character, and something else.
            if let Some((spelling, choice)) = almost.next() {
                text.push(b'~');
                text.extend_from_slice(&spell(spelling, &secret[..secret.len() - 1], "", &vec![choice, true, false]));
                text.push(b'~');
            }
        }
        let (got, end) = passed(&secret, &text, &cuts);
        prop_assert_eq!(end, Ok(()));
        prop_assert_eq!(got, text);
    }
}

#[test]
fn the_same_number_of_bytes_is_held_back_whatever_they_are() {
    let secret = "correct-horse-battery";
    let hold_back = Scanner::new(patterns(secret)).hold_back();
    for text in ["x".repeat(hold_back + 10), format!("{}correct-horse-b", "x".repeat(hold_back - 5))] {
        let first = Frame::data(Bytes::from(text.into_bytes()));
        let pieces = futures::stream::iter([Ok(first)]).chain(futures::stream::pending());
        let mut body = ScannedBody::new(StreamBody::new(pieces), patterns(secret));
        let frame = block_on(body.frame()).expect("a frame").expect("no error");
        assert_eq!(frame.into_data().expect("data").len(), 10);
        assert!(futures::FutureExt::now_or_never(body.frame()).is_none());
    }
}

#[test]
fn names_values_and_values_in_parts_are_searched() {
    let patterns = patterns("Correct-Horse-Battery");
    let scan = |headers: &[(&str, &str)]| {
        let header = |(name, value): &(&str, &str)| {
            (name.parse::<http::HeaderName>().expect("a name"), value.parse::<http::HeaderValue>().expect("a value"))
        };
        scan_headers(&patterns, &headers.iter().map(header).collect())
    };
    assert_eq!(scan(&[("etag", "\"correct\""), ("x-a", "Horse")]), Ok(()));
    for headers in [
        &[("location", "https://a.example/?token=Correct%2DHorse-Battery")][..],
        &[("x-correct-horse-battery", "1")],
        &[("x-part", "Correct-Ho"), ("x-part", "rse-Battery")],
    ] {
        assert!(scan(headers).is_err(), "{headers:?}");
    }
}

#[test]
fn nothing_of_a_secret_is_shown() {
    let patterns = patterns("correct-horse-battery");
    let shown = format!("{patterns:?} {:?}", Scanner::new(patterns.clone()));
    assert!(shown.contains("token") && !shown.contains("correct"), "{shown}");
}

#[test]
fn the_credential_that_came_back_is_named() {
    let secrets = [("first", "aaaa-bbbb-cccc"), ("second", "dddd-eeee-ffff")];
    let secrets = secrets.map(|(name, value)| (name.to_owned(), Secret::new(value.to_owned())));
    let patterns = Arc::new(Patterns::new(&secrets));
    let found = scan_text(&patterns, b"... dddd-eeee-ffff ...");
    assert_eq!(found, Err(OutboundError::CredentialEchoed("second".to_owned())));
}
