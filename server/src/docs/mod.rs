//! Generated parts of the pages in `docs/`. Tests compare them with the code; `UPDATE_DOCS=1` writes them.

use std::fs;
use std::path::Path;

/// Checks the part `name` of a page, which lies between two marker lines.
///
/// # Panics
/// When the part is missing or differs from `expected`.
pub(crate) fn check_generated(page: &str, name: &str, expected: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(page);
    let text = fs::read_to_string(&path).expect("the page");
    let begin = format!("<!-- generated: {name} -->\n");
    let end = "<!-- end of the generated part -->\n";
    let (before, rest) = text.split_once(&begin).expect("the marker of the part");
    let (part, after) = rest.split_once(end).expect("the end marker of the part");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, format!("{before}{begin}{expected}{end}{after}")).expect("writable");
        return;
    }
    let command = "UPDATE_DOCS=1 cargo test -p plimsoll --lib docs";
    assert_eq!(part, expected, "docs/{page}: `{name}` is out of date: run {command}");
}

#[cfg(test)]
mod tests;
