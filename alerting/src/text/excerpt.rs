//! Text from outside, shortened to be shown in messages.

/// The beginning of a text.
#[must_use]
pub fn excerpt(text: &str) -> String {
    const SHOWN_CHARS: usize = 40;
    match text.char_indices().nth(SHOWN_CHARS) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
