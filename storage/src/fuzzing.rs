//! Doors for the fuzz targets into decoders that are private otherwise. Only built for fuzzing.

/// Decodes and folds a block.
pub fn block(bytes: &[u8]) {
    // Damage is fine; a panic is not.
    let _ = crate::codec::decode(bytes, &mut |_, _| ());
    let _ = crate::codec::merge(&[bytes, bytes], crate::codec::encode_cold);
    // With a right checksum, so that the columns are reached.
    if let Some((version, body)) = bytes.split_first() {
        let part = crate::codec::part_of(*version, body);
        let _ = crate::codec::decode(&part, &mut |_, _| ());
        let _ = crate::codec::merge(&[&part, &part], crate::codec::encode_cold);
    }
}

/// Decodes a journal record.
pub fn journal(bytes: &[u8]) {
    let _ = crate::journal::decode_record(1, bytes);
}
