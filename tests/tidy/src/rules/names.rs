//! Names: a public type name means one thing in the workspace, and every public item is used.

use std::collections::BTreeMap;

use super::Violation;
use crate::source::{RustFile, Sources};
use crate::syntax;

/// Names that every crate has one of.
const IN_EACH_CRATE: &[&str] = &["Error", "Result"];

pub(super) fn check(sources: &Sources, found: &mut Vec<Violation>) {
    duplicates(sources, found);
    unused(sources, found);
}

fn duplicates(sources: &Sources, found: &mut Vec<Violation>) {
    let mut places: BTreeMap<String, Vec<(&RustFile, usize)>> = BTreeMap::new();
    for file in sources.rust.iter().filter(|file| !file.is_test() && file.module().is_some()) {
        for item in syntax::public_items(&file.syntax).into_iter().filter(|item| item.is_type) {
            places.entry(item.name).or_default().push((file, item.line));
        }
    }
    for (name, places) in places {
        let crates = |one: &RustFile| {
            places.iter().filter(|(file, _)| file.crate_folder() == one.crate_folder()).count()
        };
        let is_common = IN_EACH_CRATE.contains(&name.as_str());
        for (file, line) in &places {
            let others = if is_common { crates(file) } else { places.len() };
            if others > 1 {
                let (path, line) = (file.path.clone(), *line);
                let detail =
                    format!("`{name}` is public in {others} places: one name, one meaning");
                found.push(Violation { rule: "public names", path, line, detail });
            }
        }
    }
}

/// Public items that no other file names, but for the imports that pass them on.
fn unused(sources: &Sources, found: &mut Vec<Violation>) {
    let mut users: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for file in &sources.rust {
        for (name, _) in syntax::identifiers(&without_exports(&file.text)) {
            users.entry(name).or_default().push(&file.path);
        }
    }
    for file in sources.rust.iter().filter(|file| !file.is_test() && file.module().is_some()) {
        for item in syntax::public_items(&file.syntax) {
            let users = users.get(&item.name).map_or(&[][..], Vec::as_slice);
            let is_used_elsewhere = users.iter().any(|user| **user != *file.path);
            let is_used = is_used_elsewhere || item.is_type && is_part(&file.text, &item.name);
            if !is_used {
                let detail =
                    format!("no other file uses `{}`: make it private or delete it", item.name);
                let (path, line) = (file.path.clone(), item.line);
                found.push(Violation { rule: "dead public items", path, line, detail });
            }
        }
    }
}

/// Whether a type is named in its own file by more than its definition and the heads of its `impl` blocks:
/// then it is part of something else that is public, such as the type of a field.
fn is_part(text: &str, name: &str) -> bool {
    let words: Vec<&str> = text.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
    let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
    let is_head =
        |word: &str| matches!(word, "struct" | "enum" | "trait" | "type" | "impl" | "for");
    words.windows(2).any(|pair| pair[1] == name && !is_head(pair[0]))
}

/// The text without its `pub use` items, which use nothing.
fn without_exports(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut is_export = false;
    for line in text.lines() {
        is_export |= line.trim_start().starts_with("pub use ")
            || line.trim_start().starts_with("pub(crate) use ");
        if !is_export {
            kept.push_str(line);
            kept.push('\n');
        }
        is_export &= !line.trim_end().ends_with(';');
    }
    kept
}
