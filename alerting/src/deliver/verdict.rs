//! What an answer means for the notification.

use super::http::Answer;

/// Characters of an answer's body that are kept with a reason.
const EXCERPT_CHARS_MAX: usize = 300;

/// What is to be done with a notification after an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It arrived.
    Delivered,
    /// Try again, not before `after_ms` when given.
    Retry { after_ms: Option<i64>, reason: String },
    /// It will never be taken.
    Final { reason: String },
}

/// Reads an answer as HTTP means it: 2xx arrived; 408, 429 and 5xx may pass; anything else,
/// redirects included, is final, since the same request would get the same answer.
pub(super) fn of_answer(answer: &Answer) -> Verdict {
    let reason = reason(answer);
    match answer.status {
        200..=299 => Verdict::Delivered,
        408 | 429 | 500..=599 => Verdict::Retry { after_ms: answer.retry_after_ms, reason },
        300..=399 => Verdict::Final { reason: format!("{reason} (redirects are not followed)") },
        _ => Verdict::Final { reason },
    }
}

fn reason(answer: &Answer) -> String {
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
mod tests {
    use super::*;

    fn verdict(status: u16) -> Verdict {
        of_answer(&Answer { status, retry_after_ms: Some(7), body: "no\nway".into() })
    }

    #[test]
    fn the_status_decides() {
        for status in [200, 202, 204] {
            assert_eq!(verdict(status), Verdict::Delivered);
        }
        for status in [408, 429, 500, 502, 503, 504] {
            let reason = format!("answered {status}: no way");
            assert_eq!(verdict(status), Verdict::Retry { after_ms: Some(7), reason });
        }
        for status in [301, 307, 400, 401, 404, 410, 413] {
            assert!(matches!(verdict(status), Verdict::Final { .. }), "{status}");
        }
    }
}
