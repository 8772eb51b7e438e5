use proptest::prelude::*;
use proptest::sample::select;

use super::super::path::is_plain;
use super::*;

fn paths(path: &str) -> PathPattern {
    PathPattern::new("", path).expect(path)
}

fn hosts(label: &str) -> HostPattern {
    HostPattern::below(label, "example.com").expect(label)
}

fn name(host: &str) -> Host<String> {
    Host::Domain(host.to_owned())
}

#[test]
fn a_star_is_one_segment_and_two_are_the_rest() {
    for (pattern, path, matches) in [
        ("/repos/*/*/issues", "/repos/octocat/hello-world/issues", true),
        ("/repos/*/*/issues", "/repos/octocat/issues", false),
        ("/repos/*/*/issues", "/repos/octocat/hello-world/issues/1", false),
        ("/repos/*/*/issues", "/repos/octocat/hello-world/issues/", false),
        ("/repos/*/*/issues", "/repos//hello-world/issues", false),
        ("/repos/*", "/repos/", false),
        ("/repos/*", "/repos", false),
        ("/v*/x", "/v1/x", true),
        ("/v*/x", "/v/x", false),
        ("/*.json", "/a.json", true),
        ("/*.json", "/.json", false),
        ("/a*a", "/aa", false),
        ("/a*a", "/aaa", true),
        ("/v1/**", "/v1/", true),
        ("/v1/**", "/v1/a/b//c", true),
        ("/v1/**", "/v1", false),
        ("/v1/**", "/v12", false),
        ("/v1/*/**", "/v1//x", false),
        ("/v1/*/**", "/v1/a/", true),
        ("/**", "/", true),
        ("/", "/", true),
        ("/", "//", false),
        ("/a%2Fb/*", "/a%2Fb/c", true),
        ("/a%2Fb/*", "/a%2fb/c", false),
        ("/a", "/%61", false),
        ("/*a", "/b%6a", false),
        ("/*a", "/b%256a", false),
        ("/*a", "/b%6aa", true),
        ("/*a", "/b%61", false),
    ] {
        assert_eq!(paths(pattern).matches(path), matches, "{pattern} {path}");
    }
}

#[test]
fn what_a_server_may_divide_is_no_single_segment() {
    for segment in ["a%2Fb", "a%2fb", "a%5Cb", "a%252Fb", "a%25252fb", "a;b=c", "a%3Bb", "a%3fb", "a%23b"] {
        assert!(!paths("/x/*/y").matches(&format!("/x/{segment}/y")), "{segment}");
        assert!(!paths("/x/a*/y").matches(&format!("/x/{segment}/y")), "{segment}");
        // Whatever is divided stays below.
        assert!(paths("/x/**").matches(&format!("/x/{segment}/y")), "{segment}");
    }
    for segment in ["a%20b", "100%25", "gr%C3%B6%C3%9Fe.yml", "a:b", "a%2Bb", "a=b"] {
        assert!(paths("/x/*/y").matches(&format!("/x/{segment}/y")), "{segment}");
    }
}

#[test]
fn what_is_no_pattern_is_refused_with_its_reason() {
    use PathPatternError as Why;
    for (path, why) in [
        ("v1", Why::NotAbsolute),
        ("*", Why::NotAbsolute),
        ("/größe", Why::NeverSent),
        ("/a b", Why::NeverSent),
        ("/a?b", Why::NeverSent),
        ("/a#b", Why::NeverSent),
        ("/a/../b", Why::NeverSent),
        ("/a/%2e%2e/b", Why::NeverSent),
        ("/a/..%2f*", Why::NeverSent),
        ("/a\\b", Why::NeverSent),
        ("//a", Why::EmptySegment),
        ("/a//b", Why::EmptySegment),
        ("/a//**", Why::EmptySegment),
        ("/**/a", Why::RestBeforeTheEnd),
        ("/a**", Why::RestBeforeTheEnd),
        ("/***", Why::RestBeforeTheEnd),
        ("/**/", Why::RestBeforeTheEnd),
        ("/a*b*c", Why::ManyStars),
        ("/a%2F*", Why::BesideAStar),
        ("/a%20*", Why::BesideAStar),
        ("/*;v=1", Why::BesideAStar),
    ] {
        assert_eq!(PathPattern::new("", path), Err(why), "{path}");
    }
    for label in ["a**", "*a*", "a.*", "a b*", "ä*", "a%2a*", "a:*", ""] {
        assert_eq!(HostPattern::below(label, "example.com"), None, "{label}");
    }
}

#[test]
fn a_star_is_one_label_or_a_part_of_one() {
    let pattern = HostPattern::below("Logs*-EU", "blob.example.com").expect("a pattern");
    assert_eq!(pattern.to_string(), "logs*-eu.blob.example.com");
    for (host, matches) in [
        ("logs1-eu.blob.example.com", true),
        ("logs-eu.blob.example.com", false),
        ("logs1-eu.x.blob.example.com", false),
        ("logs1.x-eu.blob.example.com", false),
        ("logs1-eu.blob.example.org", false),
        ("logs1-eu.blob.example.com.evil.test", false),
        ("evil-logs1-eu.blob.example.com", false),
        ("blob.example.com", false),
    ] {
        assert_eq!(pattern.matches(&name(host)), matches, "{host}");
    }
    assert!(!hosts("*").matches(&Host::Ipv4([127, 0, 0, 1].into())));
}

#[test]
fn a_prefix_is_taken_as_it_is() {
    let pattern = PathPattern::new("/a*b/v3", "/x/*").expect("a pattern");
    assert!(pattern.matches("/a*b/v3/x/y") && !pattern.matches("/acb/v3/x/y") && !pattern.matches("/x/y"));
    let own = PathPattern::new("/hook", "").expect("a pattern");
    assert!(own.matches("/hook") && !own.matches("/hook/") && !own.matches("/"));
    assert!(!paths("").matches("/"));
}

/// Pieces that meet each other: what begins and ends alike, is encoded, or is cut by some server.
const SEGMENTS: [&str; 14] = ["a", "b", "ab", "aba", "ba", "*", "a*", "*a", "a*a", "ab*", "*ba", "a%2Fb", "a;b", "%61"];
const SENT: [&str; 25] = [
    "a", "b", "ab", "aba", "ba", "aa", "abba", "aXba", "", "a%2Fb", "a%2fb", "a;b", ";a", "%61", "a%252Fb", "%2F",
    "%3F", "a%3Fb", "a%5Cb", "%23", "a%3Ba", "*", "b%6a", "b%256a", "b%61",
];

fn path_pattern() -> impl Strategy<Value = PathPattern> {
    let segments = proptest::collection::vec(select(&SEGMENTS[..]), 0..4);
    (segments, select(&["", "/", "/**"][..]), select(&["", "/a"][..])).prop_map(|(segments, end, prefix)| {
        let path: String = segments.iter().map(|segment| format!("/{segment}")).collect();
        PathPattern::new(prefix, &format!("{path}{end}")).expect("a pattern")
    })
}

fn sent() -> impl Strategy<Value = String> {
    proptest::collection::vec(select(&SENT[..]), 1..6).prop_map(|segments| format!("/{}", segments.join("/")))
}

fn host_pattern() -> impl Strategy<Value = HostPattern> {
    let exactly = select(&["a.b", "ab.b", "aba.b", "b", "a.c"][..]).prop_map(|host| HostPattern::Exactly(name(host)));
    let below = (select(&["*", "a*", "*a", "a*a", "ab*", "*ba"][..]), select(&["b", "c", "a.b"][..]))
        .prop_map(|(label, rest)| HostPattern::below(label, rest).expect("a pattern"));
    prop_oneof![exactly, below]
}

/// What a careless server makes of a path: it decodes it so often, then takes every backslash for a slash, ends it at a
/// question mark or a number sign, cuts segments at semicolons and takes many slashes for one.
fn carelessly(path: &str, times: usize) -> String {
    let mut path = path.to_owned();
    for _ in 0..times {
        for (from, to) in
            [("%25", "%"), ("%2F", "/"), ("%2f", "/"), ("%5C", "\\"), ("%3B", ";"), ("%3F", "?"), ("%23", "#")]
        {
            path = path.replace(from, to);
        }
        path = path.replace("%61", "a").replace("%6a", "j");
    }
    let path = path.replace('\\', "/");
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let cut: Vec<_> = path.split('/').map(|segment| segment.split(';').next().unwrap_or_default()).collect();
    let mut path = cut.join("/");
    while path.contains("//") {
        path = path.replace("//", "/");
    }
    path
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_narrower_path_never_matches_what_the_wider_does_not(
        (wider, narrower, path) in (path_pattern(), path_pattern(), sent())
    ) {
        if wider.covers(&narrower) && narrower.matches(&path) {
            prop_assert!(wider.matches(&path), "{wider:?} {narrower:?} {path}");
        }
    }

    #[test]
    fn a_narrower_host_never_matches_what_the_wider_does_not(
        (wider, narrower, host) in (host_pattern(), host_pattern(), "[ab]{1,4}(\\.[abc]){0,2}")
    ) {
        if wider.covers(&narrower) && narrower.matches(&name(&host)) {
            prop_assert!(wider.matches(&name(&host)), "{wider:?} {narrower:?} {host}");
        }
    }

    #[test]
    fn every_pattern_covers_itself((path, host) in (path_pattern(), host_pattern())) {
        prop_assert!(path.covers(&path) && host.covers(&host));
    }

    /// A pattern without encodings and parameters of its own matches what it matches in every reading of it, so that no
    /// server serves another path than the one that was granted.
    #[test]
    fn what_matches_is_granted_in_every_reading(
        (segments, end, path, times) in (
            proptest::collection::vec(select(&SEGMENTS[..11]), 0..3),
            select(&["/a", "/", "/**", "/*"][..]),
            sent(),
            0..4_usize,
        )
    ) {
        let start: String = segments.iter().map(|segment| format!("/{segment}")).collect();
        let pattern = paths(&format!("{start}{end}"));
        if is_plain(&path) && pattern.matches(&path) {
            let read = carelessly(&path, times);
            prop_assert!(pattern.matches(&read), "{pattern:?} {path} is read as {read}");
        }
    }
}
