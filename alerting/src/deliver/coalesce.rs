//! What need not be said any more: an alert that began and ended before anyone could be told.
//!
//! Used only while a receiver is held up, by its rate limit or because it is down. Pure.

use std::ops::Range;

use crate::records::delivery::Action;

/// A waiting delivery of a thread, as far as this is concerned.
#[derive(Debug, Clone, Copy)]
pub(super) struct Waiting {
    pub(super) action: Action,
    /// No attempt was made, and nobody was told in its place.
    pub(super) is_untold: bool,
}

/// The stretches of a thread, in order, that cancel out: each from a beginning up to the end that
/// follows it, all of it untold.
pub(super) fn cancelled(thread: &[Waiting]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut begin = None;
    for (position, waiting) in thread.iter().enumerate() {
        match (waiting.is_untold, waiting.action) {
            (false, _) => begin = None,
            (true, Action::Trigger) => begin = begin.or(Some(position)),
            (true, Action::Escalate | Action::Acknowledge | Action::Update | Action::Change) => {}
            (true, Action::Resolve) => found.extend(begin.take().map(|begin| begin..position + 1)),
        }
    }
    found
}

#[cfg(test)]
mod tests;
