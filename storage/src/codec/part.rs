//! The parts of a block: length, checksum, version and body.
//!
//! ```text
//! block = part*
//! part  = length u32 | crc32 of the rest u32 | version u8 | body (length - 5 bytes)
//! ```
//!
//! Numbers are big-endian; `length` counts everything after itself.

use super::error::PartError;

/// Bytes before the version: length and checksum.
const HEAD_BYTES: usize = 8;

/// Version and body of a part.
pub(super) type Versioned<'b> = (u8, &'b [u8]);

/// Appends a part to a block; `put_body` appends its body.
pub(super) fn put_part(version: u8, block: &mut Vec<u8>, put_body: impl FnOnce(&mut Vec<u8>)) {
    let start = block.len();
    block.extend_from_slice(&[0; HEAD_BYTES]);
    block.push(version);
    put_body(block);
    let part = block.get_mut(start..).unwrap_or_default();
    let Some((head, body)) = part.split_first_chunk_mut::<HEAD_BYTES>() else { return };
    let length = (body.len() + 4) as u32;
    let checksum = crc32fast::hash(body);
    let [l0, l1, l2, l3] = length.to_be_bytes();
    let [c0, c1, c2, c3] = checksum.to_be_bytes();
    *head = [l0, l1, l2, l3, c0, c1, c2, c3];
}

/// A block of one part with any body, for tests of damaged bodies.
#[cfg(any(test, fuzzing))]
pub(crate) fn part_of(version: u8, body: &[u8]) -> Vec<u8> {
    let mut block = Vec::new();
    put_part(version, &mut block, |out| out.extend_from_slice(body));
    block
}

/// The parts of a block whose checksums match. Ends after the first part that is cut short.
pub(super) fn checked(block: &[u8]) -> impl Iterator<Item = Result<Versioned<'_>, PartError>> {
    slices(block).map(|part| {
        let part = part?;
        let (checksum, versioned) = split(part)?;
        let matches = part.get(HEAD_BYTES..).is_some_and(|body| crc32fast::hash(body) == checksum);
        if matches { Ok(versioned) } else { Err(PartError::Checksum) }
    })
}

/// The parts of a block, without looking at their checksums.
pub(super) fn unchecked(block: &[u8]) -> impl Iterator<Item = Result<Versioned<'_>, PartError>> {
    slices(block).map(|part| Ok(split(part?)?.1))
}

/// The bytes of each part of a block.
fn slices(mut block: &[u8]) -> impl Iterator<Item = Result<&[u8], PartError>> {
    std::iter::from_fn(move || {
        if block.is_empty() {
            return None;
        }
        let whole = part_bytes(block).and_then(|length| block.split_at_checked(length));
        let Some((part, rest)) = whole else {
            block = &[];
            return Some(Err(PartError::Truncated));
        };
        block = rest;
        Some(Ok(part))
    })
}

/// Bytes of the first part of a block, its length field included.
fn part_bytes(block: &[u8]) -> Option<usize> {
    let length = u32::from_be_bytes(*block.first_chunk()?) as usize;
    (length > 4).then_some(length + 4)
}

/// The stored checksum of a part, and its version and body.
fn split(part: &[u8]) -> Result<(u32, Versioned<'_>), PartError> {
    let (head, body) = part.split_first_chunk::<HEAD_BYTES>().ok_or(PartError::Truncated)?;
    let [_, _, _, _, c0, c1, c2, c3] = *head;
    let (&version, body) = body.split_first().ok_or(PartError::Truncated)?;
    Ok((u32::from_be_bytes([c0, c1, c2, c3]), (version, body)))
}
