use std::process::Command;

use super::*;

#[test]
fn only_a_regular_file_of_utf8_within_the_bound_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("file");
    let read = || read_text_file(&path, 8).map_err(|error| error.to_string());
    assert!(read().unwrap_err().contains("No such file"));
    for (bytes, expected) in [
        (&b""[..], Ok("")),
        (b"12345678", Ok("12345678")),
        (b"123456789", Err("it is longer than 8 bytes")),
        (b"\x1f\x8b\x08", Err("it is compressed with gzip; unpack it")),
        (b"\xff\xfea\0", Err("it is text in UTF-16; save it as UTF-8")),
        (b"a\nb\xff", Err("it is not UTF-8 text: line 2 has an invalid byte")),
    ] {
        std::fs::write(&path, bytes).unwrap();
        assert_eq!(read().as_deref().map_err(String::as_str), expected, "{bytes:?}");
    }
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir(&path).unwrap();
    assert_eq!(read().unwrap_err(), "it is not a regular file");
    std::fs::remove_dir(&path).unwrap();
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    assert_eq!(read().unwrap_err(), "it is not a regular file");
}

#[test]
fn a_symbolic_link_is_followed() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("link");
    std::os::unix::fs::symlink("target", &path).unwrap();
    assert!(read_text_file(&path, 8).is_err());
    std::fs::write(dir.path().join("target"), "text").unwrap();
    assert_eq!(read_text_file(&path, 8).unwrap(), "text");
}
