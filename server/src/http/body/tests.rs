use std::io::Write;

use super::*;

fn gzip(bytes: &[u8]) -> Bytes {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    writer.write_all(bytes).expect("into memory");
    writer.finish().expect("into memory").into()
}

#[test]
fn bodies_unpack_to_what_was_packed() {
    let memory = BodyMemory::default();
    let text = b"hello ".repeat(100_000);
    let zstd = zstd::encode_all(text.as_slice(), 1).expect("into memory");
    for (packing, body) in [
        (Packing::Plain, Bytes::from(text.clone())),
        (Packing::Gzip, gzip(&text)),
        (Packing::Zstd, zstd.into()),
    ] {
        let mut reserved = memory.reserve(0).expect("room");
        assert_eq!(unpack(packing, body, &mut reserved).expect("unpacks"), text);
    }
}

#[test]
fn a_bomb_is_dropped_and_rubbish_is_refused() {
    let memory = BodyMemory::default();
    let mut reserved = memory.reserve(0).expect("room");
    let bomb = gzip(&vec![0; UNPACKED_BYTES_MAX + 1]);
    assert!(unpack(Packing::Gzip, bomb, &mut reserved).is_err());
    let rubbish = Bytes::from_static(b"not packed at all");
    assert!(unpack(Packing::Gzip, rubbish.clone(), &mut reserved).is_err());
    assert!(unpack(Packing::Zstd, rubbish, &mut reserved).is_err());
}
