//! Layout: module docs, one place for tests, one kind of room, one order of derives, rooms in
//! ARCHITECTURE.md.

use std::collections::BTreeSet;

use super::Violation;
use crate::rooms::CRATES;
use crate::source::{RustFile, Sources};
use crate::syntax;

/// The order of derives; others come after these.
const DERIVES: &[&str] = &[
    "Debug",
    "Clone",
    "Copy",
    "Default",
    "PartialEq",
    "Eq",
    "PartialOrd",
    "Ord",
    "Hash",
    "Encode",
    "Decode",
    "Serialize",
    "Deserialize",
    "JsonSchema",
];

pub(super) fn check(sources: &Sources, found: &mut Vec<Violation>) {
    let paths: BTreeSet<&str> = sources.rust.iter().map(|file| file.path.as_str()).collect();
    for file in &sources.rust {
        module_docs(file, found);
        tests(file, found);
        derives(file, found);
        beside_a_folder(file, &paths, found);
    }
    architecture(sources, found);
}

fn module_docs(file: &RustFile, found: &mut Vec<Violation>) {
    let has_docs =
        file.text.lines().find(|line| !line.trim().is_empty() && !line.starts_with("#!["));
    if !file.path.ends_with("/tests.rs") && !has_docs.is_some_and(|line| line.starts_with("//!")) {
        let detail = "begin with `//!` and say what the module is for".to_owned();
        found.push(Violation { rule: "module docs", path: file.path.clone(), line: 1, detail });
    }
}

fn tests(file: &RustFile, found: &mut Vec<Violation>) {
    if file.module().is_none() {
        return;
    }
    for item in &file.syntax.items {
        let syn::Item::Mod(module) = item else { continue };
        let line = module.ident.span().start().line;
        let mut violation = |detail: &str| {
            let (path, detail) = (file.path.clone(), detail.to_owned());
            found.push(Violation { rule: "place of tests", path, line, detail });
        };
        if module.ident == "tests" && module.content.is_some() {
            violation("tests of `x.rs` belong in `x/tests.rs`");
        }
        if module.attrs.iter().any(|attribute| attribute.path().is_ident("path")) {
            violation("`#[path]` hides where a module is: move the file");
        }
    }
}

fn derives(file: &RustFile, found: &mut Vec<Violation>) {
    let place =
        |name: &String| DERIVES.iter().position(|known| known == name).unwrap_or(DERIVES.len());
    for (line, names) in syntax::derives(&file.syntax) {
        if !names.is_sorted_by_key(place) {
            let detail = format!("order derives as {}, then others", DERIVES.join(", "));
            found.push(Violation { rule: "derive order", path: file.path.clone(), line, detail });
        }
    }
}

/// A folder beside `x.rs` holds the tests of `x.rs`; modules of a room lie beside its `mod.rs`.
fn beside_a_folder(file: &RustFile, paths: &BTreeSet<&str>, found: &mut Vec<Violation>) {
    let Some((folder, name)) = file.path.rsplit_once('/') else { return };
    let is_root = matches!(name, "tests.rs" | "mod.rs");
    if is_root || file.module().is_none() || !paths.contains(format!("{folder}.rs").as_str()) {
        return;
    }
    let detail =
        format!("move {folder}.rs to {folder}/mod.rs: a folder beside a file holds its tests");
    found.push(Violation { rule: "kind of room", path: file.path.clone(), line: 1, detail });
}

fn architecture(sources: &Sources, found: &mut Vec<Violation>) {
    let page = sources.markdown.iter().find(|file| file.path == "ARCHITECTURE.md");
    let Some(page) = page else { return };
    for of_crate in CRATES {
        for room in of_crate.rooms {
            let folder = format!("{}/src/{room}/", of_crate.folder);
            let is_folder = sources.rust.iter().any(|file| file.path == format!("{folder}mod.rs"));
            if is_folder && !page.text.contains(&format!("`{room}/`")) {
                let detail = format!("the room {folder} is not listed as `{room}/`");
                let path = page.path.clone();
                found.push(Violation { rule: "architecture", path, line: 1, detail });
            }
        }
    }
}
