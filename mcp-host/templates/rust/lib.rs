//! The tools of this connector. What each is called, takes and gives stands in wit/world.wit.

wit_bindgen::generate!({ path: "wit", world: "connector" });

/// Every call gets a fresh instance: nothing that is left in memory is there for the next one.
struct Connector;

export!(Connector);

impl Guest for Connector {
    fn count_levels(log: String) -> Result<Levels, String> {
        let mut levels = Levels { errors: 0, warnings: 0, others: 0, first_error: None };
        for line in log.lines().filter(|line| !line.trim().is_empty()) {
            if has_word(line, &["error", "fatal", "critical", "panic"]) {
                levels.errors += 1;
                levels.first_error.get_or_insert_with(|| line.trim().to_owned());
            } else if has_word(line, &["warn", "warning"]) {
                levels.warnings += 1;
            } else {
                levels.others += 1;
            }
        }
        if levels.errors + levels.warnings + levels.others == 0 {
            // The call fails with these words, and whoever called reads them.
            return Err("the log has no lines".to_owned());
        }
        Ok(levels)
    }
}

/// Whether a line has one of these words, in small or capital letters.
fn has_word(line: &str, words: &[&str]) -> bool {
    line.split(|c: char| !c.is_alphanumeric()).any(|found| words.iter().any(|word| found.eq_ignore_ascii_case(word)))
}
