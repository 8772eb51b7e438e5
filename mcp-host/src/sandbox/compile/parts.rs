//! Of how many parts a component is composed.
//!
//! A part is an instance of a component, nested however deeply, that has functions of its own. It runs one task at a time,
//! and a task that waits in the middle of a call keeps its stack: a call needs a stack for each part at most. What
//! toolchains nest to give an interface its types has no functions, and is none.

use wasmparser::{
    CanonicalFunction, ComponentAlias, ComponentExternalKind, ComponentInstance, ComponentOuterAliasKind,
    ComponentTypeRef, Encoding, Parser, Payload,
};

/// One component, as far as it was read.
#[derive(Default)]
struct Level {
    lifts: bool,
    /// The parts of what it instantiates: `None` when there is something among it that is not known.
    nested: Parts,
    /// Its index space of components: the parts of each, if they are known.
    components: Vec<Option<u64>>,
}

struct Parts(Option<u64>);

impl Default for Parts {
    fn default() -> Self {
        Self(Some(0))
    }
}

impl Parts {
    fn add(&mut self, other: Option<u64>) {
        self.0 = self.0.zip(other).map(|(own, other)| own.saturating_add(other));
    }
}

impl Level {
    fn component(&self, index: u32) -> Option<u64> {
        self.components.get(usize::try_from(index).ok()?).copied().flatten()
    }

    fn total(self) -> Option<u64> {
        let mut total = self.nested;
        total.add(Some(self.lifts.into()));
        total.0
    }
}

/// How many parts there are; `None` when one is instantiated of which the binary does not say what it is, such as a
/// component that is an argument of another. What can't be read has none, and can't be compiled either.
pub(super) fn count(wasm: &[u8]) -> Option<u64> {
    let mut levels: Vec<Level> = Vec::new();
    let mut modules = 0_usize;
    for payload in Parser::new(0).parse_all(wasm) {
        let Ok(payload) = payload else { return Some(0) };
        match payload {
            Payload::Version { encoding: Encoding::Component, .. } => levels.push(Level::default()),
            Payload::Version { .. } => modules += 1,
            Payload::End(_) if modules > 0 => modules -= 1,
            Payload::End(_) => {
                let total = levels.pop()?.total();
                match levels.last_mut() {
                    Some(parent) => parent.components.push(total),
                    None => return total,
                }
            }
            payload => read(&mut levels, payload).unwrap_or_default(),
        }
    }
    Some(0)
}

fn read(levels: &mut [Level], payload: Payload<'_>) -> wasmparser::Result<()> {
    let Some((level, outer)) = levels.split_last_mut() else { return Ok(()) };
    match payload {
        Payload::ComponentCanonicalSection(functions) => {
            for function in functions {
                level.lifts |= matches!(function?, CanonicalFunction::Lift { .. });
            }
        }
        Payload::ComponentInstanceSection(instances) => {
            for instance in instances {
                if let ComponentInstance::Instantiate { component_index, .. } = instance? {
                    let parts = level.component(component_index);
                    level.nested.add(parts);
                }
            }
        }
        Payload::ComponentAliasSection(aliases) => {
            for alias in aliases {
                let parts = match alias? {
                    ComponentAlias::Outer { kind: ComponentOuterAliasKind::Component, count: 0, index } => {
                        level.component(index)
                    }
                    ComponentAlias::Outer { kind: ComponentOuterAliasKind::Component, count, index } => {
                        let outwards = usize::try_from(count).unwrap_or(usize::MAX);
                        outer.len().checked_sub(outwards).and_then(|at| outer.get(at)?.component(index))
                    }
                    ComponentAlias::InstanceExport { kind: ComponentExternalKind::Component, .. } => None,
                    _ => continue,
                };
                level.components.push(parts);
            }
        }
        Payload::ComponentImportSection(imports) => {
            for import in imports {
                if let ComponentTypeRef::Component(_) = import?.ty {
                    level.components.push(None);
                }
            }
        }
        Payload::ComponentExportSection(exports) => {
            for export in exports {
                let export = export?;
                if export.kind == ComponentExternalKind::Component {
                    let parts = level.component(export.index);
                    level.components.push(parts);
                }
            }
        }
        _ => {}
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::count;

    fn parts(text: &str) -> Option<u64> {
        count(&wat::parse_str(text).unwrap_or_else(|error| panic!("{error}")))
    }

    /// A component with a function of its own, which has this name.
    fn part(name: &str) -> String {
        format!(
            r#"(component ${name}
                (core module $m (func (export "f")))
                (core instance $i (instantiate $m))
                (func (export "f") (canon lift (core func $i "f"))))"#
        )
    }

    #[test]
    fn every_instance_with_functions_counts_wherever_it_is() {
        assert_eq!(parts("(component)"), Some(0));
        assert_eq!(parts(&part("a")), Some(1));
        let a = part("a");
        // What is not instantiated is no part, and what has no functions neither.
        assert_eq!(parts(&format!("(component {a} (component $b))")), Some(0));
        assert_eq!(
            parts(&format!("(component {a} (component $b) (instance (instantiate $b)) (instance (instantiate $a)))")),
            Some(1)
        );
        let twice = "(instance (instantiate $a)) (instance (instantiate $a))";
        assert_eq!(parts(&format!("(component {a} {twice})")), Some(2));
        // An alias to a component outside, and one that was exported.
        let inner = format!("(component $b {twice})");
        assert_eq!(
            parts(&format!("(component {a} {inner} (instance (instantiate $b)) (instance (instantiate $b)))")),
            Some(4)
        );
        assert_eq!(
            parts(&format!("(component {a} (export $c \"c\" (component $a)) (instance (instantiate $c)))")),
            Some(1)
        );
    }

    #[test]
    fn what_doubles_at_each_level_is_counted_and_not_instantiated() {
        let mut text = part("c0");
        for level in 1..80 {
            let below = level - 1;
            text = format!(
                "{text} (component $c{level} (instance (instantiate $c{below})) (instance (instantiate $c{below})))"
            );
        }
        assert_eq!(parts(&format!("(component {text} (instance (instantiate $c79)))")), Some(u64::MAX));
    }

    #[test]
    fn what_is_an_argument_is_not_known() {
        let text = format!(
            r#"(component {} (component $b (import "x" (component $x)) (instance (instantiate $x)))
                (instance (instantiate $b (with "x" (component $a)))))"#,
            part("a")
        );
        assert_eq!(parts(&text), None);
    }
}
