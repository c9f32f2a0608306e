//! The rules of the house, checked against the sources by `cargo test -p plimsoll-tidy`.
//!
//! [`Sources`] reads the tree. Each module of [`rules`] finds one kind of violation. [`check`] runs all of
//! them and applies [`exceptions`], a list that may only shrink: an exception without a violation is a
//! violation itself.

pub mod exceptions;
pub mod rooms;
pub mod rules;
pub mod source;
pub mod syntax;

pub use exceptions::Exception;
pub use rules::Violation;
pub use source::{RustFile, Sources, TextFile};

/// Every violation in the sources that no exception covers, in the order of rules and paths.
#[must_use]
pub fn check(sources: &Sources, exceptions: &[Exception]) -> Vec<Violation> {
    let mut found = rules::all(sources);
    let mut unused = Vec::new();
    for exception in exceptions {
        let before = found.len();
        found.retain(|violation| !exception.covers(violation));
        if found.len() == before {
            unused.push(exception.as_unused());
        }
    }
    found.extend(unused);
    found
}
