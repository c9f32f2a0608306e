use std::io::Write;

use super::*;

#[test]
fn bodies_that_are_no_json_are_named() {
    let json = br#"{"events":[]}"#;
    let utf16 = |mark: &[u8], swap: bool| {
        let text = json.iter().flat_map(|byte| if swap { [0, *byte] } else { [*byte, 0] });
        mark.iter().copied().chain(text).collect::<Vec<u8>>()
    };
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    zlib.write_all(json).expect("into memory");
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzip.write_all(json).expect("into memory");
    for (body, named) in [
        (gzip.finish().expect("into memory"), "gzip; send it with `Content-Encoding: gzip`"),
        (zstd::encode_all(&json[..], 1).expect("into memory"), "zstd"),
        (zlib.finish().expect("into memory"), "zlib"),
        (utf16(b"\xff\xfe", false), "UTF-16"),
        (utf16(b"\xfe\xff", true), "UTF-16"),
        (utf16(b"", false), "UTF-16"),
        (utf16(b"", true), "UTF-16"),
        (b"\xff\xfe\0\0{\0\0\0".to_vec(), "UTF-32"),
        (b"events=%5B%5D&x=1".to_vec(), "a form"),
        (b"--x\r\nContent-Disposition: form-data; name=\"f\"\r\n\r\n{}".to_vec(), "multipart"),
        (b"<?xml version=\"1.0\"?>".to_vec(), "XML"),
        (b"BZh91AY".to_vec(), "bzip2"),
    ] {
        let problem = not_json(&body).unwrap_or_default();
        assert!(problem.contains(named), "{named}: {problem}");
    }
    for json in [&b"{}"[..], b" [1]", b"", b"7", b"{", b"\"a=b\"", b"xyz", b"--"] {
        assert_eq!(not_json(json), None, "{json:?}");
    }
    assert_eq!(without_mark(b"\xef\xbb\xbf{}"), b"{}");
    assert_eq!(without_mark(b"{}"), b"{}");
}
