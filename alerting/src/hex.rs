//! Bytes as lower-case hexadecimal digits.

/// The bytes in hexadecimal, two digits a byte.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    let nibbles = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
    // In bounds: a nibble is below 16.
    nibbles.map(|nibble| DIGITS[usize::from(nibble)]).collect()
}

/// The bytes of hexadecimal digits in either case; `None` when the text is something else.
pub(crate) fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u32>> = text.chars().map(|digit| digit.to_digit(16)).collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    digits.chunks(2).map(|pair| u8::try_from(pair.first()? * 16 + pair.last()?).ok()).collect()
}

#[cfg(test)]
mod tests;
