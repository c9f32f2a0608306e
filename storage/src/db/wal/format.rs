//! The format of RocksDB's log files: blocks of 32 KB, in which records are stored whole or in fragments.
//!
//! ```text
//! fragment = masked crc32c u32 | length u16 | kind u8 | content        (little endian)
//! ```
//!
//! The checksum covers kind and content. A fragment ends within its block; fewer than 7 bytes at the end of a
//! block are unused.

use super::crc32c;

const BLOCK_BYTES: usize = 32 << 10;
pub(super) const HEADER_BYTES: usize = 7;

/// The kinds of fragments: a whole record, or a part of one.
const FULL: u8 = 1;
const FIRST: u8 = 2;
const MIDDLE: u8 = 3;
const LAST: u8 = 4;

/// What a log holds at a place.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece {
    /// Where a record begins whose checksums match, and the record.
    Record(usize, Vec<u8>),
    /// Bytes from this offset on that are no record.
    Damage(usize),
}

/// Everything a log holds, in order. After damage it is read on from the next place whose checksum matches,
/// else from the next block.
pub(super) fn read(log: &[u8]) -> Vec<Piece> {
    let mut pieces = Vec::new();
    // Where an unfinished record begins, and its content so far.
    let mut started: Option<(usize, Vec<u8>)> = None;
    let mut at = 0;
    while at < log.len() {
        let block_end = (at / BLOCK_BYTES + 1) * BLOCK_BYTES;
        if block_end - at < HEADER_BYTES {
            at = block_end;
            continue;
        }
        let Some((kind, content)) = fragment(log, at) else {
            damage(&mut pieces, started.take().map_or(at, |(from, _)| from));
            // A damaged length does not say where the next fragment begins.
            at = (at + 1..block_end).find(|at| fragment(log, *at).is_some()).unwrap_or(block_end);
            continue;
        };
        match (kind, started.take()) {
            (FULL | FIRST, unfinished) => {
                if let Some((from, _)) = unfinished {
                    damage(&mut pieces, from);
                }
                if kind == FULL {
                    pieces.push(Piece::Record(at, content.to_vec()));
                } else {
                    started = Some((at, content.to_vec()));
                }
            }
            (_, None) => damage(&mut pieces, at),
            (kind, Some((from, mut record))) => {
                record.extend_from_slice(content);
                if kind == LAST {
                    pieces.push(Piece::Record(from, record));
                } else {
                    started = Some((from, record));
                }
            }
        }
        at += HEADER_BYTES + content.len();
    }
    if let Some((from, _)) = started {
        damage(&mut pieces, from);
    }
    pieces
}

fn damage(pieces: &mut Vec<Piece>, at: usize) {
    if !matches!(pieces.last(), Some(Piece::Damage(_))) {
        pieces.push(Piece::Damage(at));
    }
}

/// Kind and content of the fragment at an offset, if there is one.
fn fragment(log: &[u8], at: usize) -> Option<(u8, &[u8])> {
    let block_end = (at / BLOCK_BYTES + 1) * BLOCK_BYTES;
    let block = log.get(at..block_end.min(log.len()))?;
    let (header, rest) = block.split_at_checked(HEADER_BYTES)?;
    let (checksum, kind) = (header.first_chunk()?, *header.last()?);
    let content = rest.get(..length(log, at)?)?;
    let is_intact = (FULL..=LAST).contains(&kind)
        && u32::from_le_bytes(*checksum) == crc32c::masked(kind, content);
    is_intact.then_some((kind, content))
}

fn length(log: &[u8], at: usize) -> Option<usize> {
    let bytes = log.get(at + 4..)?.first_chunk()?;
    Some(usize::from(u16::from_le_bytes(*bytes)))
}

/// Appends a record to a log.
pub(super) fn append(log: &mut Vec<u8>, record: &[u8]) {
    let mut rest = record;
    let mut is_first = true;
    loop {
        let mut room = BLOCK_BYTES - log.len() % BLOCK_BYTES;
        if room < HEADER_BYTES {
            log.resize(log.len() + room, 0);
            room = BLOCK_BYTES;
        }
        let (content, behind) = rest.split_at(rest.len().min(room - HEADER_BYTES));
        let kind = match (is_first, behind.is_empty()) {
            (true, true) => FULL,
            (true, false) => FIRST,
            (false, false) => MIDDLE,
            (false, true) => LAST,
        };
        log.extend(crc32c::masked(kind, content).to_le_bytes());
        // At most a block.
        log.extend((content.len() as u16).to_le_bytes());
        log.push(kind);
        log.extend_from_slice(content);
        (rest, is_first) = (behind, false);
        if rest.is_empty() {
            return;
        }
    }
}

#[cfg(test)]
mod tests;
