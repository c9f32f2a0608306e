use super::*;

#[test]
fn a_key_is_read_as_it_was_made_and_no_other_text_is() {
    let NewKey { id, text, .. } = generate().expect("random numbers");
    let (read_id, hash) = read(&text).expect("a key");
    assert_eq!(read_id, id);
    assert!(hash == read(&text).expect("a key").1);
    assert_eq!(text.len(), 4 + ID_CHARS + 1 + SECRET_CHARS + 1 + CHECKSUM_CHARS);
    for position in 0..text.len() {
        let mut other = text.clone().into_bytes();
        other[position] = if other[position] == b'0' { b'1' } else { b'0' };
        assert!(read(std::str::from_utf8(&other).expect("text")).is_none(), "{position}");
    }
    for end in 0..text.len() {
        assert!(read(&text[..end]).is_none() && read(&text[end + 1..]).is_none());
    }
    for other in ["", "_", "___", "pls___", &format!("{text} "), &format!("{text}_x")] {
        assert!(read(other).is_none(), "{other:?}");
    }
}

#[test]
fn no_two_keys_are_alike() {
    let first = generate().expect("random numbers");
    let second = generate().expect("random numbers");
    assert!(first.id != second.id && first.text != second.text);
    assert!(read(&first.text).expect("a key").1 != read(&second.text).expect("a key").1);
}
