//! Bytes as lower-case hexadecimal digits.

/// Two digits a byte.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] =
        ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f'];
    let nibbles = bytes.iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
    // In bounds: a nibble is below 16.
    nibbles.map(|nibble| DIGITS[usize::from(nibble)]).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_byte_has_two_digits() {
        assert_eq!(super::hex(&[0, 9, 0xaf, 0xff]), "0009afff");
    }
}
