//! Chats that take messages over HTTP, one file a kind.

mod discord;
mod google_chat;
mod markdown;
mod mattermost;
mod teams;
mod telegram;

#[cfg(test)]
pub(super) use self::google_chat::GOOGLE_CHAT_BODY_BYTES_MAX;
#[cfg(test)]
pub(super) use self::teams::TEAMS_BODY_BYTES_MAX;

/// A character without width. It is put where a name would be a mention or a command.
const ZERO_WIDTH_SPACE: char = '\u{200b}';

/// Text that mentions nobody: `@channel` is one word no more. An address such as ops@example.org is no
/// mention.
fn without_mentions(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut is_in_word = false;
    for letter in text.chars() {
        out.push(letter);
        if letter == '@' && !is_in_word {
            out.push(ZERO_WIDTH_SPACE);
        }
        is_in_word = letter.is_alphanumeric();
    }
    out
}

/// An address with one more parameter.
fn with_parameter(url: &str, parameter: &str) -> String {
    let separator = if url.contains('?') { '&' } else { '?' };
    format!("{url}{separator}{parameter}")
}

#[cfg(test)]
mod tests;
