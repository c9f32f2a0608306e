//! Markdown, as Discord and Mattermost read it.

use super::{ZERO_WIDTH_SPACE, without_mentions};
use crate::deliver::receivers::parts::Markup;

pub(super) const MARKDOWN: Markup = Markup {
    escape: escaped,
    bold: |text| format!("**{}**", escaped(text)),
    link: |text, url| {
        // A parenthesis would end the address.
        let url = url.replace('(', "%28").replace(')', "%29");
        format!("[{}]({url})", escaped(text))
    },
    in_templates: true,
};

/// Text of which nothing is markup. An underscore within a word is none, and names have many.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut before = None;
    let mut rest = text.chars().peekable();
    while let Some(letter) = rest.next() {
        let is_in_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        match letter {
            '_' if is_in_word(before) && is_in_word(rest.peek().copied()) => out.push(letter),
            '\\' | '`' | '*' | '_' | '[' | ']' | '~' | '|' | '>' | '#' => {
                out.extend(['\\', letter]);
            }
            // `<#1234>` is a channel.
            '<' => out.extend([letter, ZERO_WIDTH_SPACE]),
            _ => out.push(letter),
        }
        before = Some(letter);
    }
    without_mentions(&out)
}

#[cfg(test)]
mod tests;
