//! A body that is not quite JSON. Some writers emit `NaN`, `000` or numbers too large for a double, texts
//! with half of a surrogate pair, with bytes that are not UTF-8, with control characters or with escapes of
//! other languages. Each is replaced by something that JSON can hold and that no field accepts, and the body
//! is read again. So only the items with such values are rejected, and the error names the field.

/// Stands for what is no character. No text has it, and no label or id accepts it.
const NONCHARACTER: &str = "\u{fdd0}";

/// The body with such values replaced; `None` when it has none.
pub(crate) fn repair(body: &[u8]) -> Option<Vec<u8>> {
    let mut repaired = Vec::with_capacity(body.len() + 16);
    let mut rest = body;
    let mut changed = false;
    while let Some(&byte) = rest.first() {
        let length = match byte {
            b'"' => string_length(rest),
            byte if is_in_word(byte) => word_length(rest),
            _ => 1,
        };
        let (token, after) = rest.split_at(length);
        changed |= match byte {
            b'"' => push_string(token, &mut repaired),
            byte if is_in_word(byte) => push_word(token, after, &mut repaired),
            _ => {
                repaired.push(byte);
                false
            }
        };
        rest = after;
    }
    changed.then_some(repaired)
}

fn string_length(text: &[u8]) -> usize {
    let mut escaped = false;
    for (position, byte) in text.iter().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return position + 1,
            _ => {}
        }
    }
    text.len()
}

fn is_in_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.' | b'_')
}

fn word_length(text: &[u8]) -> usize {
    text.iter().position(|byte| !is_in_word(*byte)).unwrap_or(text.len())
}

/// Adds a word, in quotes if it is a value and no JSON; returns whether it is. The name of a field has to be
/// in quotes already.
fn push_word(word: &[u8], after: &[u8], repaired: &mut Vec<u8>) -> bool {
    let is_name = after.trim_ascii_start().first() == Some(&b':');
    let is_value =
        matches!(word, b"true" | b"false" | b"null") || serde_json::from_slice::<f64>(word).is_ok();
    if is_name || is_value {
        repaired.extend(word);
        return false;
    }
    repaired.push(b'"');
    repaired.extend(word);
    repaired.push(b'"');
    true
}

/// Adds a string with everything replaced that JSON has not; returns whether there was any.
fn push_string(string: &[u8], repaired: &mut Vec<u8>) -> bool {
    let mut changed = false;
    for chunk in string.utf8_chunks() {
        let mut rest = chunk.valid();
        while let Some(place) = rest.find(|it: char| it == '\\' || it < ' ') {
            let (before, from) = rest.split_at(place);
            repaired.extend(before.as_bytes());
            let (length, is_valid) = escape(from);
            let (escape, after) = from.split_at(length);
            repaired.extend(if is_valid { escape } else { NONCHARACTER }.as_bytes());
            changed |= !is_valid;
            rest = after;
        }
        repaired.extend(rest.as_bytes());
        if !chunk.invalid().is_empty() {
            repaired.extend(NONCHARACTER.as_bytes());
            changed = true;
        }
    }
    changed
}

/// The length of the escape or control character at the start of a text, and whether JSON has it. Both halves
/// of a surrogate pair are one escape.
fn escape(text: &str) -> (usize, bool) {
    let Some(escaped) = text.strip_prefix('\\') else { return (1, false) };
    match escaped.chars().next() {
        Some('"' | '\\' | '/' | 'b' | 'f' | 'n' | 'r' | 't') => (2, true),
        Some('u') => match (code_unit(text), text.get(6..).and_then(code_unit)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => (12, true),
            (Some(0xd800..=0xdfff), _) => (6, false),
            (Some(_), _) => (6, true),
            (None, _) => (2, false),
        },
        Some(other) => (1 + other.len_utf8(), false),
        None => (1, false),
    }
}

/// The number of the `\uXXXX` at the start of a text.
fn code_unit(text: &str) -> Option<u16> {
    let digits = text.strip_prefix("\\u")?.get(..4)?;
    let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hex.then(|| u16::from_str_radix(digits, 16).ok())?
}

#[cfg(test)]
mod tests;
