//! `bulkhead connector new`.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use bulkhead_connectors::Slug;

use crate::commands::terminal::note;

#[derive(Debug, clap::Args)]
pub(in crate::commands) struct Arguments {
    /// The connector's name, and that of the folder that is made: small letters, digits and hyphens
    name: Slug,
    /// What it is written in
    #[arg(long, default_value = "rust")]
    language: Language,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Language {
    Rust,
    #[value(name = "javascript")]
    JavaScript,
    Python,
}

/// A file and its content, both below the connector's folder.
type File = (&'static str, &'static str);

/// Files of every language.
const COMMON: [File; 3] = [
    ("connector.toml", include_str!("../../../templates/connector.toml")),
    ("wit/world.wit", include_str!("../../../templates/world.wit")),
    ("README.md", include_str!("../../../templates/README.md")),
];

impl Language {
    fn files(self) -> &'static [File] {
        match self {
            Self::Rust => &[
                // No file of that name may be in this repository: cargo would take its folder for a package.
                ("Cargo.toml", include_str!("../../../templates/rust/Cargo.toml.template")),
                (".gitignore", include_str!("../../../templates/rust/gitignore")),
                ("src/lib.rs", include_str!("../../../templates/rust/lib.rs")),
            ],
            Self::JavaScript => &[
                ("package.json", include_str!("../../../templates/javascript/package.json")),
                (".gitignore", include_str!("../../../templates/javascript/gitignore")),
                ("connector.js", include_str!("../../../templates/javascript/connector.js")),
            ],
            Self::Python => &[
                ("requirements.txt", include_str!("../../../templates/python/requirements.txt")),
                (".gitignore", include_str!("../../../templates/python/gitignore")),
                ("connector.py", include_str!("../../../templates/python/connector.py")),
            ],
        }
    }

    /// The file with the tools, which is the last one.
    fn source(self) -> &'static str {
        self.files().last().map_or("", |(path, _)| path)
    }

    /// What it takes before the first build, and the line that installs it.
    fn setup(self) -> (&'static str, &'static str) {
        match self {
            Self::Rust => ("[Rust](https://rustup.rs)", "rustup target add wasm32-wasip2"),
            Self::JavaScript => ("[Node](https://nodejs.org) 22 or newer", "npm install --prefix @SLUG@"),
            Self::Python => (
                "Python 3.10 or newer",
                "python3 -m venv @SLUG@/.venv && @SLUG@/.venv/bin/pip install -r @SLUG@/requirements.txt",
            ),
        }
    }

    fn fill(self, text: &str, slug: &Slug) -> String {
        let (needs, setup) = self.setup();
        let text = text.replace("@SOURCE@", self.source()).replace("@NEEDS@", needs).replace("@SETUP@", setup);
        text.replace("@SLUG@", slug.as_str())
    }
}

pub(super) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let Arguments { name, language } = arguments;
    let folder = PathBuf::from(name.as_str());
    make(&folder, name, *language)?;
    note(&language.fill("made @SLUG@; its README.md says more. Next:\n  @SETUP@\n  bulkhead connector build @SLUG@\n  bulkhead connector add @SLUG@", name));
    Ok(())
}

fn make(folder: &Path, slug: &Slug, language: Language) -> anyhow::Result<()> {
    if folder.symlink_metadata().is_ok() {
        bail!("{} is there already, and is left as it is", folder.display());
    }
    for (path, text) in COMMON.iter().chain(language.files()) {
        let file = folder.join(path);
        let parent = file.parent().unwrap_or(folder);
        let written = fs::create_dir_all(parent).and_then(|()| fs::write(&file, language.fill(text, slug)));
        written.with_context(|| format!("{} can't be written", file.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum as _;

    use super::*;
    use crate::sandbox::Package;

    #[test]
    fn every_language_gets_a_folder_with_a_manifest_that_asks_for_nothing() {
        let root = tempfile::tempdir().expect("a temporary folder");
        let slug: Slug = "log-reader".parse().expect("a slug");
        for language in Language::value_variants() {
            let folder = root.path().join(format!("{language:?}"));
            make(&folder, &slug, *language).expect("is made");
            let text = fs::read_to_string(folder.join("connector.toml")).expect("it is there");
            let package = Package::of(text, Vec::new(), Path::new("x")).expect("a manifest");
            assert_eq!((package.manifest.slug.as_str(), package.requested.lines().len()), ("log-reader", 0));
            for (path, _) in COMMON.iter().chain(language.files()) {
                let text = fs::read_to_string(folder.join(path)).expect("it is there");
                assert!(!text.contains('@') || path.ends_with(".json"), "{path} has a gap: {text}");
            }
            let refused = make(&folder, &slug, *language).expect_err("is there already").to_string();
            assert!(refused.contains("is left as it is"), "{refused}");
        }
    }

    /// What the tests build is what a newcomer installs.
    #[test]
    fn versions_are_those_of_the_tests() {
        let package = include_str!("../../../../tests/clients/node/package.json");
        let template = include_str!("../../../templates/javascript/package.json");
        for line in template.lines().filter(|line| line.contains("@bytecodealliance/")) {
            assert!(package.contains(line.trim().trim_end_matches(',')), "{line}");
        }
        let requirements = include_str!("../../../../tests/clients/python/requirements.txt");
        let template = include_str!("../../../templates/python/requirements.txt");
        assert!(template.lines().all(|line| requirements.lines().any(|known| known == line)), "{template}");
        let workspace = include_str!("../../../../Cargo.toml");
        let template = include_str!("../../../templates/rust/Cargo.toml.template");
        let version = template.lines().find(|line| line.starts_with("wit-bindgen")).expect("it depends on it");
        assert!(workspace.lines().any(|line| line == version), "{version}");
    }
}
