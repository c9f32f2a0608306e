//! What an answer means for the delivery.

use super::http::Answer;

/// Characters of an answer's body that are kept with a reason.
const EXCERPT_CHARS_MAX: usize = 300;

/// What is to be done with a delivery after an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It arrived.
    Delivered,
    /// The receiver takes no more for now: try again, not before `after_ms` when given.
    Throttled { after_ms: Option<i64>, reason: String },
    /// The receiver fails or cannot be reached: try again, not before `after_ms` when given.
    Failed { after_ms: Option<i64>, reason: String },
    /// It will never be taken.
    Refused { reason: String },
    /// The receiver wants nothing any more.
    Gone { reason: String },
}

/// Reads an answer as HTTP means it: 2xx arrived; 408, 429 and 5xx may pass; anything else,
/// redirects included, is final, since the same request would get the same answer.
pub(super) fn of_answer(answer: &Answer) -> Verdict {
    let (reason, after_ms) = (reason(answer), answer.retry_after_ms);
    match answer.status {
        200..=299 => Verdict::Delivered,
        429 => Verdict::Throttled { after_ms, reason },
        408 | 500..=599 => Verdict::Failed { after_ms, reason },
        300..=399 => Verdict::Refused { reason: format!("{reason} (redirects are not followed)") },
        _ => Verdict::Refused { reason },
    }
}

/// Why it did not arrive; `None` when it did.
pub(super) fn error(verdict: &Verdict) -> Option<&str> {
    match verdict {
        Verdict::Delivered => None,
        Verdict::Throttled { reason, .. }
        | Verdict::Failed { reason, .. }
        | Verdict::Refused { reason }
        | Verdict::Gone { reason } => Some(reason),
    }
}

/// The answer in words, with the beginning of its body.
pub(super) fn reason(answer: &Answer) -> String {
    let excerpt: String = answer
        .body
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .take(EXCERPT_CHARS_MAX)
        .collect();
    let excerpt = excerpt.trim();
    if excerpt.is_empty() {
        format!("answered {}", answer.status)
    } else {
        format!("answered {}: {excerpt}", answer.status)
    }
}

#[cfg(test)]
mod tests;
