//! jq's standard library, parsed once, of which a program gets only what it may use.
//!
//! Most of jq's filters are themselves written in jq, and a usual program uses a handful of them. Parsing and
//! compiling all of them for every call would cost far more than the call's own work, so [`Library::standard`] parses
//! them once (a component does it in `initialize`) and notes what each definition names, and [`Library::used_by`]
//! picks the definitions that a program can reach.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use jaq_core::load::parse::Def;
use jaq_core::native::Fun;
use jaq_core::{data, load};
use jaq_json::Val;

/// What programs run on: values alone, without inputs that live elsewhere.
pub(super) type Data = data::JustLut<Val>;

/// What jq has and jaq's libraries lack.
const ADDITIONS: &str = include_str!("additions.jq");

/// What a program must not reach: ending the process, and reading its environment.
const WITHHELD: [&str; 3] = ["halt", "halt_error", "env"];

/// The standard library.
pub(super) struct Library {
    definitions: Vec<Def<&'static str>>,
    /// By word: the definitions that a program with this word in it can reach, in the order of the library.
    reach: BTreeMap<&'static str, Reach>,
}

#[derive(Default)]
struct Reach {
    definitions: BTreeSet<usize>,
    natives: BTreeSet<&'static str>,
}

/// The part of the library that one program can reach.
pub(super) struct Used {
    pub(super) definitions: Vec<Def<&'static str>>,
    pub(super) natives: Vec<Fun<Data>>,
}

impl Library {
    /// The standard library, parsed when it is first asked for.
    pub(super) fn standard() -> &'static Self {
        static STANDARD: OnceLock<Library> = OnceLock::new();
        STANDARD.get_or_init(Self::parse)
    }

    fn parse() -> Self {
        let additions = load::parse(ADDITIONS, |parser| parser.defs()).expect("additions.jq parses: a test calls it");
        let definitions: Vec<_> = jaq_core::defs()
            .chain(jaq_std::defs())
            .chain(jaq_json::defs())
            .chain(additions)
            .filter(|definition| !WITHHELD.contains(&definition.name))
            .collect();
        let natives: BTreeSet<_> = natives().map(|(name, ..)| name).collect();

        let mut by_word: BTreeMap<&'static str, Vec<usize>> = BTreeMap::new();
        for (index, definition) in definitions.iter().enumerate() {
            by_word.entry(word(definition.name)).or_default().push(index);
        }
        // The source of a definition is gone once it is parsed, but its debug text quotes every name in it. That it
        // holds other words too only makes the library larger than needed.
        let words_in: Vec<_> = definitions.iter().map(|definition| format!("{definition:?}")).collect();
        let known = by_word.keys().chain(&natives).copied().collect::<BTreeSet<_>>();
        let reach = known.iter().map(|name| (*name, reach(name, &by_word, &natives, &words_in))).collect();
        Self { definitions, reach }
    }

    /// What a program with this text can reach. A word counts wherever it stands, even in a string or a comment.
    pub(super) fn used_by(&self, program: &str) -> Used {
        let mut used = vec![false; self.definitions.len()];
        let mut names: BTreeSet<&'static str> = BTreeSet::new();
        for reach in words(program).filter_map(|word| self.reach.get(word)) {
            reach.definitions.iter().for_each(|index| used[*index] = true);
            names.extend(&reach.natives);
        }
        let definitions =
            self.definitions.iter().zip(used).filter(|(_, used)| *used).map(|(def, _)| def.clone()).collect();
        let natives =
            if names.is_empty() { Vec::new() } else { natives().filter(|(name, ..)| names.contains(name)).collect() };
        Used { definitions, natives }
    }

    /// Everything, for the test that compares.
    #[cfg(test)]
    pub(super) fn whole(&self) -> Used {
        Used { definitions: self.definitions.clone(), natives: natives().collect() }
    }

    /// The names of everything, as they are called, with the number of their arguments.
    #[cfg(test)]
    pub(super) fn signatures(&self) -> BTreeSet<(&'static str, usize)> {
        let defined = self.definitions.iter().map(|definition| (definition.name, definition.args.len()));
        defined.chain(natives().map(|(name, arguments, _)| (name, arguments.len()))).collect()
    }
}

fn natives() -> impl Iterator<Item = Fun<Data>> {
    jaq_core::funs().chain(jaq_std::funs()).chain(jaq_json::funs()).filter(|(name, ..)| !WITHHELD.contains(name))
}

fn reach(
    start: &'static str,
    by_word: &BTreeMap<&'static str, Vec<usize>>,
    natives: &BTreeSet<&'static str>,
    words_in: &[String],
) -> Reach {
    let mut reach = Reach::default();
    let mut open = vec![start];
    let mut seen = BTreeSet::from([start]);
    while let Some(name) = open.pop() {
        reach.natives.extend(natives.get(name));
        for index in by_word.get(name).into_iter().flatten() {
            reach.definitions.insert(*index);
            for found in words(&words_in[*index]) {
                let known = by_word.get_key_value(found).map(|(name, _)| *name).or_else(|| natives.get(found).copied());
                open.extend(known.filter(|name| seen.insert(name)));
            }
        }
    }
    reach
}

/// The name of a definition as it shows among [`words`]: `@base64` is found by `base64`.
fn word(name: &'static str) -> &'static str {
    name.trim_start_matches('@')
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}
