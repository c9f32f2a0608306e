use super::*;

#[test]
fn the_file_and_the_offset_are_read_from_the_description() {
    let detail = "Corruption: block checksum mismatch: stored(context removed) = 1, computed = 2, type = 4  \
         in /a b/000012.sst offset 16384 size 900, block_type = kData";
    assert_eq!(FilePlace::of(detail).to_string(), "000012.sst at byte 16384");
    let detail = "Corruption: Bad table magic number: expected 1, found 2 in /data/000013.sst";
    assert_eq!(FilePlace::of(detail).to_string(), "000013.sst");
    let detail = "Corruption: file is too short (7 bytes) to be an sstable: /data/000014.sst";
    assert_eq!(FilePlace::of(detail).to_string(), "000014.sst");
    assert_eq!(FilePlace::of("bad block handle").to_string(), "bad block handle");
}
