//! Sizes: lines of a file, of a function, columns of a line, files of a folder.

use std::collections::BTreeMap;

use super::Violation;
use crate::source::{RustFile, Sources, TextFile};
use crate::syntax;

/// Lines of a Rust file, at most.
pub(crate) const FILE_LINES_MAX: usize = 400;
/// Lines of a function, at most.
pub(crate) const FUNCTION_LINES_MAX: usize = 70;
/// Columns of a line, at most.
pub(crate) const COLUMNS_MAX: usize = 110;
/// Rust files directly in a folder, at most.
pub(crate) const FOLDER_FILES_MAX: usize = 14;

pub(super) fn check(sources: &Sources, found: &mut Vec<Violation>) {
    let mut folders: BTreeMap<&str, usize> = BTreeMap::new();
    for file in &sources.rust {
        check_file(file, found);
        let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        *folders.entry(folder).or_default() += 1;
    }
    for (folder, files) in folders.into_iter().filter(|(_, files)| *files > FOLDER_FILES_MAX) {
        let detail = format!("{files} files, {FOLDER_FILES_MAX} at most: group them in folders");
        found.push(Violation { rule: "folder size", path: folder.to_owned(), line: 1, detail });
    }
    sources.markdown.iter().for_each(|file| check_markdown(file, found));
}

fn check_file(file: &RustFile, found: &mut Vec<Violation>) {
    let path = &file.path;
    let lines = file.text.lines().count();
    if lines > FILE_LINES_MAX {
        let detail =
            format!("{lines} lines, {FILE_LINES_MAX} at most: split it along its subjects");
        found.push(Violation { rule: "file size", path: path.clone(), line: 1, detail });
    }
    for function in syntax::functions(&file.syntax) {
        if function.lines > FUNCTION_LINES_MAX {
            let (name, lines, line) = (function.name, function.lines, function.line);
            let detail = format!("`{name}` has {lines} lines, {FUNCTION_LINES_MAX} at most");
            found.push(Violation { rule: "function size", path: path.clone(), line, detail });
        }
    }
    // Formatting leaves string literals as they are, and some of them hold JSON.
    let is_too_long = |line: &str| line.chars().count() > COLUMNS_MAX && !line.contains('"');
    columns(path, file.text.lines().enumerate().filter(|(_, line)| is_too_long(line)), found);
}

fn check_markdown(file: &TextFile, found: &mut Vec<Violation>) {
    let mut is_code = false;
    let long = file.text.lines().enumerate().filter(|(_, line)| {
        is_code ^= line.trim_start().starts_with("```");
        let cannot_break = is_code || line.contains('|') || line.contains("](");
        line.chars().count() > COLUMNS_MAX && !cannot_break
    });
    columns(&file.path, long, found);
}

fn columns<'a>(
    path: &str,
    long: impl Iterator<Item = (usize, &'a str)>,
    found: &mut Vec<Violation>,
) {
    for (position, line) in long {
        let detail = format!("{} columns, {COLUMNS_MAX} at most", line.chars().count());
        found.push(Violation {
            rule: "line length",
            path: path.to_owned(),
            line: position + 1,
            detail,
        });
    }
}
