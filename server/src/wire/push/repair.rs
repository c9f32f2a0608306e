//! A body that is not quite JSON: `NaN`, `Infinity`, numbers too large for a double, and numbers with leading
//! zeros such as `000`, as some writers emit them, are put in quotes before the body is read again. They are
//! then rejected as fields of the wrong type, and the other items of the request are kept.

/// The body with such numbers quoted; `None` when it has none.
pub(crate) fn quote_impossible_numbers(body: &[u8]) -> Option<Vec<u8>> {
    let mut repaired = Vec::with_capacity(body.len() + 16);
    let mut rest = body;
    let mut changed = false;
    while let Some(&byte) = rest.first() {
        let length = match byte {
            b'"' => string_length(rest),
            b'-' | b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' => word_length(rest),
            _ => 1,
        };
        let (token, after) = rest.split_at(length);
        let quote = is_impossible_number(token);
        if quote {
            repaired.push(b'"');
        }
        repaired.extend(token);
        if quote {
            repaired.push(b'"');
        }
        changed |= quote;
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

fn word_length(text: &[u8]) -> usize {
    let in_word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.');
    text.iter().position(|byte| !in_word(byte)).unwrap_or(text.len()).max(1)
}

fn is_impossible_number(token: &[u8]) -> bool {
    match token {
        b"NaN"
        | b"-NaN"
        | b"Infinity"
        | b"-Infinity"
        | [b'0', b'0'..=b'9', ..]
        | [b'-', b'0', b'0'..=b'9', ..] => true,
        [b'-' | b'0'..=b'9', ..] => std::str::from_utf8(token)
            .is_ok_and(|text| text.parse::<f64>().is_ok_and(f64::is_infinite)),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
