//! The values of a label parameter as conditions on the label.

use std::collections::BTreeSet;

use plimsoll_storage::{Label, LabelMatchers, Matcher, Pattern};

use crate::error::ApiError;
use crate::wire::excerpt;

/// Patterns that one query may have for a label.
const PATTERNS_MAX: usize = 16;

/// Adds the conditions of the values of a label parameter. The label must have one of the plain values and
/// none of those written `!value`; it must match `~pattern` as a whole and must not match `!~pattern`. The
/// empty value stands for an absent label. All conditions must hold.
///
/// # Errors
/// 400 naming the parameter when a pattern is wrong or there are too many.
pub(crate) fn read(
    label: Label,
    values: Vec<String>,
    matchers: &mut LabelMatchers,
) -> Result<(), ApiError> {
    let (mut any_of, mut none_of) = (BTreeSet::new(), BTreeSet::new());
    let mut patterns = Vec::new();
    for value in values {
        if let Some(text) = value.strip_prefix("!~") {
            patterns.push(Matcher::NotRegex(pattern(label, text)?));
        } else if let Some(text) = value.strip_prefix('~') {
            patterns.push(Matcher::Regex(pattern(label, text)?));
        } else if let Some(excluded) = value.strip_prefix('!') {
            none_of.insert(excluded.to_owned());
        } else {
            any_of.insert(value);
        }
        if patterns.len() > PATTERNS_MAX {
            let detail = format!("has more than {PATTERNS_MAX} patterns; join them with |");
            return Err(ApiError::parameter(label.as_str(), detail));
        }
    }
    if !any_of.is_empty() {
        matchers.push(label, Matcher::In(any_of));
    }
    if !none_of.is_empty() {
        matchers.push(label, Matcher::NotIn(none_of));
    }
    patterns.into_iter().for_each(|pattern| matchers.push(label, pattern));
    Ok(())
}

fn pattern(label: Label, text: &str) -> Result<Pattern, ApiError> {
    Pattern::new(text).map_err(|error| {
        let detail = format!("has the pattern {:?}, which {error}", excerpt(text));
        ApiError::parameter(label.as_str(), detail)
    })
}

#[cfg(test)]
mod tests;
