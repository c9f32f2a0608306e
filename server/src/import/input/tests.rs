use super::*;
use flate2::write::GzEncoder;
use std::io::Write;

fn lines_of(bytes: Vec<u8>) -> Vec<String> {
    let size = bytes.len() as u64;
    let mut input = Input::from_reader(Cursor::new(bytes), Some(size)).expect("readable");
    let mut lines = Vec::new();
    while let Some(line) = input.next_line().expect("readable") {
        lines.push(match line {
            InputLine::Whole(line) | InputLine::NoEnd(line) => {
                String::from_utf8_lossy(line).into_owned()
            }
            InputLine::TooLong => "too long".to_owned(),
        });
    }
    assert_eq!(input.bytes_read(), size);
    lines
}

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text.as_bytes()).expect("into memory");
    encoder.finish().expect("into memory")
}

#[test]
fn reads_plain_gzip_and_zstd_alike() {
    let zstd = |text: &str| zstd::encode_all(text.as_bytes(), 1).expect("into memory");
    let expected = ["a", "b", "", "c"];
    assert_eq!(lines_of(b"a\nb\r\n\nc".to_vec()), expected);
    assert_eq!(lines_of([gzip("a\nb\n"), gzip("\nc\n")].concat()), expected, "two members");
    assert_eq!(lines_of([zstd("a\nb\n"), zstd("\nc\n")].concat()), expected, "two frames");
    assert!(lines_of(Vec::new()).is_empty());
    assert_eq!(lines_of(b"x".to_vec()), ["x"]);
}

#[test]
fn a_line_of_the_limit_is_whole_and_a_longer_one_is_skipped() {
    let long = |count: usize| "x".repeat(LINE_BYTES_MAX + count);
    let text = format!("{}\nb\n{}\nc\n{}", long(0), long(1), long(BUFFER_BYTES));
    assert_eq!(lines_of(text.into_bytes()), [&long(0), "b", "too long", "c", "too long"]);
}

#[test]
fn damaged_compression_is_an_error() {
    let mut bytes = gzip(&"a line\n".repeat(100_000));
    bytes.truncate(bytes.len() / 2);
    let mut input = Input::from_reader(Cursor::new(bytes), None).expect("readable");
    let end = loop {
        match input.next_line() {
            Ok(Some(_)) => {}
            other => break other.map(|_| ()),
        }
    };
    assert!(end.is_err(), "a cut file must not look complete");
}

#[test]
fn what_follows_the_compressed_data_is_skipped_or_named() {
    let zstd = zstd::encode_all(&b"a\nb\n"[..], 1).expect("into memory");
    for whole in [gzip("a\nb\n"), zstd] {
        assert_eq!(lines_of([&whole[..], &[0; 700]].concat()), ["a", "b"], "padding");
        for junk in [&b"x"[..], b"log rotated\n", b"\0\0more than ten bytes"] {
            let bytes = [&whole[..], junk].concat();
            let mut input = Input::from_reader(Cursor::new(bytes), None).expect("readable");
            assert_eq!(input.next_line().expect("readable"), Some(InputLine::Whole(b"a")));
            assert_eq!(input.next_line().expect("readable"), Some(InputLine::Whole(b"b")));
            let error = input.next_line().expect_err("junk");
            assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{error}");
        }
    }
}

#[test]
fn a_missing_file_and_a_folder_are_errors() {
    assert!(Input::open(Path::new("/nonexistent/access.log")).is_err());
    assert!(Input::open(Path::new("/")).is_err());
}
