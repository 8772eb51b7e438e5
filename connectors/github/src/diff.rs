//! A diff, taken apart by files and put together again within a limit.

use schemars::JsonSchema;
use serde::Serialize;

/// The part of a diff that is about one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Section {
    pub(crate) path: String,
    pub(crate) additions: u64,
    pub(crate) deletions: u64,
    /// Absent where GitHub gives none: the file is binary, or its diff too large.
    pub(crate) text: Option<String>,
}

/// What is said of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct FileSummary {
    /// Its path, after the change.
    path: String,
    /// Lines that were added.
    additions: u64,
    /// Lines that were removed.
    deletions: u64,
}

/// A file that is not in the diff as it is handed back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct LeftOut {
    /// Its path, after the change.
    path: String,
    /// Lines that were added.
    additions: u64,
    /// Lines that were removed.
    deletions: u64,
    /// How many bytes its part of the diff has. Null when GitHub gives none: it is binary, or too large.
    bytes: Option<u64>,
}

impl LeftOut {
    /// In one line.
    pub(crate) fn line(&self) -> String {
        let Self { path, additions, deletions, bytes } = self;
        match bytes {
            Some(bytes) => format!("{path}: +{additions} -{deletions}, {bytes} bytes\n"),
            None => format!("{path}: +{additions} -{deletions}, GitHub gives no diff\n"),
        }
    }
}

/// As much of a diff as fits.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fitted {
    pub(crate) text: String,
    pub(crate) files: Vec<FileSummary>,
    pub(crate) left_out: Vec<LeftOut>,
    /// Lines that are missing from the only file that is there.
    pub(crate) cut_lines: u64,
}

/// Takes a diff apart. A line that begins a file's part can't be mistaken: every line of a change is indented by one.
pub(crate) fn sections(diff: &str) -> Vec<Section> {
    const BEGINNING: &str = "diff --git ";
    let mut starts: Vec<usize> = diff.match_indices(BEGINNING).map(|(at, _)| at).collect();
    starts.retain(|at| *at == 0 || diff.as_bytes()[at - 1] == b'\n');
    let ends = starts.iter().skip(1).copied().chain([diff.len()]);
    starts.iter().zip(ends).map(|(start, end)| Section::of(&diff[*start..end])).collect()
}

impl Section {
    fn of(text: &str) -> Self {
        let is_hunk = |line: &&str| line.starts_with("@@");
        let head: Vec<&str> = text.lines().take_while(|line| !is_hunk(line)).collect();
        let changes = || text.lines().skip_while(|line| !is_hunk(line));
        let count = |sign| changes().filter(|line| line.starts_with(sign)).count() as u64;
        let named = |prefix: &str| head.iter().find_map(|line| line.strip_prefix(prefix)).map(|name| name.trim_end());
        let file = |name: Option<&str>, side: &str| {
            let name = name.filter(|name| *name != "/dev/null")?.trim_matches('"');
            Some(name.strip_prefix(side).unwrap_or(name).to_owned())
        };
        let path = file(named("+++ "), "b/")
            .or_else(|| file(named("--- "), "a/"))
            .or_else(|| file(named("rename to "), ""))
            // Of a binary or empty file: `a/path b/path`, the same path twice.
            .or_else(|| named("diff --git ").and_then(|names| file(names.get(names.len() / 2 + 1..), "b/")));
        Self {
            path: path.unwrap_or_default(),
            additions: count('+'),
            deletions: count('-'),
            text: Some(text.to_owned()),
        }
    }
}

/// As many whole files as fit, in their order. When not even one does, the beginning of the first.
pub(crate) fn fit(sections: Vec<Section>, most: usize) -> Fitted {
    let mut fitted = Fitted { text: String::new(), files: Vec::new(), left_out: Vec::new(), cut_lines: 0 };
    let is_too_large = |section: &Section| section.text.as_ref().is_none_or(|text| text.len() > most);
    let cut = if sections.iter().all(is_too_large) {
        sections.iter().position(|section| section.text.is_some())
    } else {
        None
    };
    for (index, Section { path, additions, deletions, text }) in sections.into_iter().enumerate() {
        match text {
            Some(text) if text.len() <= most - fitted.text.len() => fitted.text.push_str(&text),
            Some(text) if Some(index) == cut => {
                let end = text[..text.floor_char_boundary(most)].rfind('\n').map_or(0, |end| end + 1);
                fitted.text.push_str(&text[..end]);
                fitted.cut_lines = text[end..].lines().count() as u64;
            }
            text => {
                let bytes = text.map(|text| text.len() as u64);
                fitted.left_out.push(LeftOut { path, additions, deletions, bytes });
                continue;
            }
        }
        fitted.files.push(FileSummary { path, additions, deletions });
    }
    fitted
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIFF: &str = "diff --git a/a.txt b/a.txt\nindex 1..2 100644\n--- a/a.txt\n+++ b/a.txt\n@@ -1,2 +1,2 @@\n-old\n\
        +new\n+--- a/b.txt\n diff --git a/x b/x\n\
        diff --git a/gone.txt b/gone.txt\ndeleted file mode 100644\n--- a/gone.txt\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n\
        diff --git a/from.txt b/to.txt\nsimilarity index 100%\nrename from from.txt\nrename to to.txt\n\
        diff --git a/my logo.png b/my logo.png\nindex 1..2 100644\nBinary files differ\n";

    #[test]
    fn a_diff_is_taken_apart_by_files() {
        let sections = sections(DIFF);
        let told: Vec<_> =
            sections.iter().map(|section| (section.path.as_str(), section.additions, section.deletions)).collect();
        assert_eq!(told, [("a.txt", 2, 1), ("gone.txt", 0, 1), ("to.txt", 0, 0), ("my logo.png", 0, 0)]);
        let whole: String = sections.into_iter().filter_map(|section| section.text).collect();
        assert_eq!(whole, DIFF);
        assert_eq!(super::sections(""), []);
    }

    #[test]
    fn whole_files_are_kept_and_the_others_named() {
        let all = sections(DIFF);
        let sizes: Vec<_> = all.iter().map(|section| section.text.as_ref().map_or(0, String::len)).collect();
        assert_eq!(fit(all.clone(), DIFF.len()).text, DIFF);
        assert_eq!(fit(all.clone(), DIFF.len()).left_out, []);

        // The third is smaller than what the second leaves no room for.
        let fitted = fit(all.clone(), sizes[0] + sizes[2]);
        assert_eq!(fitted.files.iter().map(|file| file.path.as_str()).collect::<Vec<_>>(), ["a.txt", "to.txt"]);
        let left: Vec<_> = fitted.left_out.iter().map(|left| (left.path.as_str(), left.bytes)).collect();
        assert_eq!(left, [("gone.txt", Some(sizes[1] as u64)), ("my logo.png", Some(sizes[3] as u64))]);
        assert_eq!((fitted.text.len(), fitted.cut_lines), (sizes[0] + sizes[2], 0));
    }

    #[test]
    fn a_file_that_is_too_large_alone_is_cut_between_lines() {
        let one = sections(&DIFF[..DIFF.find("diff --git a/gone").expect("is there")]);
        let most = one[0].text.as_ref().expect("has a text").find("+new").expect("is there") + 2;
        let fitted = fit(one, most);
        assert!(fitted.text.ends_with("-old\n"), "{}", fitted.text);
        assert_eq!((fitted.cut_lines, fitted.files.len(), fitted.left_out.len()), (3, 1, 0));
    }
}
