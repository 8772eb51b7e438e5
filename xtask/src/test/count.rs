//! Reading how many tests passed from what the test runners print.

/// Tests that passed and tests that did not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Count {
    pub(super) passed: usize,
    pub(super) failed: usize,
}

/// Adds up the closing lines of cargo-nextest (`Summary [...] 3 tests run: 2 passed, 1 failed, 0 skipped`) and of
/// cargo test (`test result: ok. 2 passed; 1 failed; ...`), which prints one for each binary.
pub(super) fn count(output: &str) -> Count {
    let mut total = Count::default();
    for line in output.lines().map(without_colours) {
        let results = match line.split_once(" run: ") {
            Some((before, results)) if before.trim_start().starts_with("Summary [") => results,
            _ => match line.strip_prefix("test result: ") {
                Some(results) => results,
                None => continue,
            },
        };
        for (number, word) in results.split([',', ';', '.']).filter_map(number_and_word) {
            match word {
                "passed" => total.passed += number,
                "failed" | "timed" | "exec" => total.failed += number,
                _ => {}
            }
        }
    }
    total
}

/// `2` and `timed` from ` 2 timed out`.
fn number_and_word(text: &str) -> Option<(usize, &str)> {
    let mut words = text.split_whitespace();
    Some((words.next()?.parse().ok()?, words.next()?))
}

fn without_colours(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        plain.push_str(before);
        rest = after.split_once('m').map_or("", |(_, after)| after);
    }
    plain + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nextest_summaries_are_read() {
        let output = "        PASS [   0.004s] xtask a\n     Summary [   5.1s] 15 tests run: 11 passed (1 slow), 2 failed, \
                      1 timed out, 1 exec failed, 3 skipped\n";
        assert_eq!(count(output), Count { passed: 11, failed: 4 });
    }

    #[test]
    fn a_summary_in_colours_is_read() {
        let output = "\u{1b}[32;1m     Summary\u{1b}[0m [   0.0s] \u{1b}[1m1\u{1b}[0m test run: \u{1b}[1m1\u{1b}[0m \
                      \u{1b}[32;1mpassed\u{1b}[0m, 0 skipped";
        assert_eq!(count(output), Count { passed: 1, failed: 0 });
    }

    #[test]
    fn every_binary_of_cargo_test_counts() {
        let output = "test result: ok. 2 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n\
                      test result: FAILED. 1 passed; 3 failed; 0 ignored; 0 measured; 0 filtered out\n";
        assert_eq!(count(output), Count { passed: 3, failed: 3 });
    }

    #[test]
    fn other_lines_do_not_count() {
        assert_eq!(count("the dry run: 7 passed\n3 passed, 0 failed\n"), Count::default());
    }
}
