//! This repository against the rules.

use std::path::Path;

use plimsoll_tidy::exceptions::EXCEPTIONS;
use plimsoll_tidy::{Sources, check};

#[test]
fn this_repository_keeps_the_rules() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let violations = check(&Sources::read(&root).expect("the repository is readable"), EXCEPTIONS);
    let lines: Vec<String> = violations.iter().map(ToString::to_string).collect();
    assert!(lines.is_empty(), "{} violations:\n{}", lines.len(), lines.join("\n"));
}
