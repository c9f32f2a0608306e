use super::*;

#[test]
fn the_checksum_is_that_of_the_standard() {
    // The check value of CRC-32C.
    assert_eq!(!add(!0, b"123456789"), 0xe306_9283);
    assert_eq!(!add(add(!0, b"12345678"), b"9"), 0xe306_9283);
}
