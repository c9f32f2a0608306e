//! Imports: flat, one way between rooms, through the facade between crates.

use std::collections::BTreeSet;

use super::Violation;
use crate::rooms::{CRATES, CrateRooms};
use crate::source::{RustFile, Sources};
use crate::syntax::{self, Named};

pub(super) fn check(sources: &Sources, found: &mut Vec<Violation>) {
    for file in &sources.rust {
        flat(file, found);
        facades(file, found);
    }
    for of_crate in CRATES {
        rooms(sources, of_crate, found);
    }
}

fn flat(file: &RustFile, found: &mut Vec<Violation>) {
    for item in &file.syntax.items {
        let syn::Item::Use(item) = item else { continue };
        if is_nested(&item.tree, 0) {
            let line = item.use_token.span.start().line;
            let detail = "name one module a line, without braces in braces".to_owned();
            found.push(Violation { rule: "flat imports", path: file.path.clone(), line, detail });
        }
    }
}

/// Whether braces hold anything but plain names.
fn is_nested(tree: &syn::UseTree, braces: usize) -> bool {
    match tree {
        syn::UseTree::Path(path) => braces > 0 || is_nested(&path.tree, braces),
        syn::UseTree::Group(group) => {
            group.items.iter().any(|tree| braces > 0 || is_nested(tree, braces + 1))
        }
        syn::UseTree::Name(_) | syn::UseTree::Rename(_) | syn::UseTree::Glob(_) => false,
    }
}

/// Another crate is used through its root, or through one named room of it.
fn facades(file: &RustFile, found: &mut Vec<Violation>) {
    for Named { segments, line } in syntax::paths(&file.syntax) {
        let [first, rest @ ..] = &segments[..] else { continue };
        if !first.starts_with("plimsoll_") {
            continue;
        }
        let is_room = |segment: &&String| segment.starts_with(char::is_lowercase);
        let rooms = rest[..rest.len().saturating_sub(1)].iter().take_while(is_room).count();
        if rooms > 1 {
            let detail =
                format!("`{}` reaches deep: use what the crate's root offers", segments.join("::"));
            found.push(Violation { rule: "facades", path: file.path.clone(), line, detail });
        }
    }
}

fn rooms(sources: &Sources, of_crate: &CrateRooms, found: &mut Vec<Violation>) {
    let own = || sources.rust.iter().filter(|file| file.crate_folder() == of_crate.folder);
    let listed: BTreeSet<&str> = of_crate.rooms.iter().copied().collect();
    for room in own().filter_map(room_of).collect::<BTreeSet<_>>() {
        if !listed.contains(room) {
            let path = format!("{}/src/{room}", of_crate.folder);
            let detail = "give the room a place in the order of tests/tidy/src/rooms.rs".to_owned();
            found.push(Violation { rule: "order of rooms", path, line: 1, detail });
        }
    }
    for file in own().filter(|file| !file.is_test()) {
        let Some(room) = room_of(file) else { continue };
        for (target, line) in targets(file) {
            let place = |name: &str| of_crate.rooms.iter().position(|room| *room == name);
            let detail = match (place(room), place(&target)) {
                (Some(from), Some(to)) if to > from => {
                    format!("`{room}` must not import `{target}`, which comes after it")
                }
                (_, None) => format!(
                    "name the room that `crate::{target}` comes from, not the root of the crate"
                ),
                _ => continue,
            };
            found.push(Violation { rule: "order of rooms", path: file.path.clone(), line, detail });
        }
    }
}

/// The top-level module of a file, when it is in one.
fn room_of(file: &RustFile) -> Option<&str> {
    file.module()?.first().copied()
}

/// First segments after `crate::` of everything the file names in its own crate, with lines.
fn targets(file: &RustFile) -> BTreeSet<(String, usize)> {
    let Some(module) = file.module() else { return BTreeSet::new() };
    let paths = syntax::paths(&file.syntax).into_iter();
    let resolved = paths.filter_map(|named| Some((resolve(&module, &named.segments)?, named.line)));
    resolved.filter_map(|(path, line)| Some((path.first()?.clone(), line))).collect()
}

/// A path from the root of the crate; `None` when it does not begin with `crate`, `self` or `super`.
fn resolve(module: &[&str], segments: &[String]) -> Option<Vec<String>> {
    let mut at: Vec<String> = module.iter().map(|name| (*name).to_owned()).collect();
    let first = segments.first()?;
    match first.as_str() {
        "crate" => at.clear(),
        "self" | "super" => {}
        _ => return None,
    }
    for segment in segments {
        match segment.as_str() {
            "crate" | "self" => {}
            "super" => {
                at.pop()?;
            }
            name => at.push(name.to_owned()),
        }
    }
    Some(at)
}
