use std::io::Write;

use super::*;

fn gzip(bytes: &[u8]) -> Bytes {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    writer.write_all(bytes).expect("into memory");
    writer.finish().expect("into memory").into()
}

#[test]
fn bodies_decompress_to_what_was_compressed() {
    let memory = BodyMemory::of_requests();
    let text = b"hello ".repeat(100_000);
    let zstd = zstd::encode_all(text.as_slice(), 1).expect("into memory");
    for (compression, body) in [
        (Compression::None, Bytes::from(text.clone())),
        (Compression::Gzip, gzip(&text)),
        (Compression::Zstd, zstd.into()),
    ] {
        let mut reserved = memory.reserve(0).expect("room");
        assert_eq!(decompress(compression, body, &mut reserved).expect("decompresses"), text);
    }
}

#[test]
fn a_gzip_bomb_and_invalid_bytes_are_rejected() {
    let memory = BodyMemory::of_requests();
    let mut reserved = memory.reserve(0).expect("room");
    let bomb = gzip(&vec![0; DECOMPRESSED_BYTES_MAX + 1]);
    assert!(decompress(Compression::Gzip, bomb, &mut reserved).is_err());
    let invalid = Bytes::from_static(b"not compressed at all");
    assert!(decompress(Compression::Gzip, invalid.clone(), &mut reserved).is_err());
    assert!(decompress(Compression::Zstd, invalid, &mut reserved).is_err());
}
