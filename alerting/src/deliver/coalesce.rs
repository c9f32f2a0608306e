//! What need not be said any more: an alert that began and ended before anyone could be told.
//!
//! Used only while a receiver is held up, by its rate limit or because it is down. Pure.

use std::ops::Range;

use crate::delivery::Action;

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
mod tests {
    use super::*;

    /// `t`, `e` and `r` are untold; capitals were tried.
    fn of(thread: &str) -> Vec<(usize, usize)> {
        let waiting = |letter: char| Waiting {
            action: match letter.to_ascii_lowercase() {
                't' => Action::Trigger,
                'e' => Action::Escalate,
                'a' => Action::Acknowledge,
                _ => Action::Resolve,
            },
            is_untold: letter.is_ascii_lowercase(),
        };
        let found = cancelled(&thread.chars().map(waiting).collect::<Vec<_>>());
        found.into_iter().map(|range| (range.start, range.end)).collect()
    }

    #[test]
    fn only_a_beginning_and_its_end_that_nobody_heard_of_cancel_out() {
        let nothing: Vec<(usize, usize)> = Vec::new();
        for kept in ["", "t", "r", "te", "Tr", "Ter", "TeR", "er", "rt", "tR"] {
            assert_eq!(of(kept), nothing, "{kept}");
        }
        assert_eq!(of("tr"), [(0, 2)]);
        assert_eq!(of("ter"), [(0, 3)]);
        assert_eq!(of("tar"), [(0, 3)]);
        assert_eq!(of("rtrtr"), [(1, 3), (3, 5)]);
        assert_eq!(of("TrtrT"), [(2, 4)]);
        assert_eq!(of("trt"), [(0, 2)]);
    }
}
