//! The lines of one partner, in pieces that count once however often the log is imported, also when it has
//! grown or was cut since.
//!
//! The lines of a partner are numbered. A chunk is 1,024 of them, from a multiple of 1,024 on, and is divided
//! into pieces whose lengths are powers of two and whose first lines are multiples of their lengths. A whole
//! chunk is one piece; only the first one begins with pieces of 1, 1, 2, 4 lines and so on. A chunk at the
//! end of the log has the pieces that fit: 1,000 lines after a whole chunk are pieces of 512, 256, 128, 64,
//! 32 and 8.
//!
//! The idempotency key of a piece is a hash of all lines of the partner up to its end, and of its length. The
//! same beginning of a log therefore has the same pieces with the same keys. When the chunk has more lines
//! than before, its pieces are other ones; so before a piece is pushed, the pieces that begin with the same
//! line are looked up. What was imported of a chunk is always its beginning: where no piece is known, nothing
//! after it is.
//!
//! When the chunk has fewer lines than before, the piece that was pushed is longer than what is left of it.
//! Its first line shows that: it is pushed after the others of its piece, under a key of its own, so whoever
//! knows that key has the whole piece. The pieces at the beginning of the log are short for this reason: at
//! least half of the lines are compared before the others are taken for those of a longer piece.

use std::ops::Range;

use sha2::{Digest, Sha256};

use super::target::NotCounted;
use crate::cli::CommandError;
use crate::import::Observation;

/// Lines in a chunk: enough to share one fsync, few enough to hold in memory for every partner.
pub(super) const CHUNK_LINES: usize = 1_024;

/// Where pieces are pushed.
pub(super) trait Destination {
    /// Whether lines counted under a key.
    fn is_known(&mut self, key: &str) -> Result<bool, CommandError>;

    /// Pushes the lines of a piece.
    fn push(&mut self, key: &str, lines: &[Observation]) -> Result<NotCounted, CommandError>;
}

/// The lines of one partner.
pub(super) struct Sequence {
    /// Of all lines so far.
    digest: Sha256,
    /// The lines of the current chunk.
    lines: Vec<Observation>,
    /// For each of them, a hash of all lines up to it.
    prefixes: Vec<[u8; 32]>,
    /// Whether what comes next was not imported before.
    is_new: bool,
    /// Whether it is the first chunk.
    is_first: bool,
}

impl Sequence {
    /// An empty sequence of a stream.
    pub(super) fn new(stream: &str) -> Self {
        let mut digest = Sha256::new();
        add_text(&mut digest, stream.as_bytes());
        Self { digest, lines: Vec::new(), prefixes: Vec::new(), is_new: false, is_first: true }
    }

    /// Adds a line and its text. The labels are part of the hash, so that other labels count as other lines.
    pub(super) fn add(&mut self, line: Observation, text: &[u8]) {
        let labels = [&line.operation, &line.environment, &line.site];
        add_text(&mut self.digest, line.partner.as_bytes());
        for label in labels {
            add_text(&mut self.digest, label.as_deref().unwrap_or_default().as_bytes());
        }
        add_text(&mut self.digest, text);
        self.prefixes.push(self.digest.clone().finalize().into());
        self.lines.push(line);
    }

    /// Whether the chunk is whole.
    pub(super) const fn is_full(&self) -> bool {
        self.lines.len() >= CHUNK_LINES
    }

    /// Pushes the lines of the chunk that were not imported before.
    ///
    /// # Errors
    /// The destination fails.
    pub(super) fn flush(
        &mut self,
        destination: &mut impl Destination,
    ) -> Result<NotCounted, CommandError> {
        let mut sum = NotCounted::default();
        let mut first = 0;
        while first < self.lines.len() {
            let known = if self.is_new { Known::None } else { self.known(first, destination)? };
            first += match known {
                Known::Lines(count) => {
                    sum.duplicates += count as u64;
                    count
                }
                Known::AllButFirst(length) => {
                    sum.duplicates += length as u64 - 1;
                    sum.add(self.push(&self.first_key(first), first..first + 1, destination)?);
                    length
                }
                Known::None => {
                    let length = self.largest_piece(first);
                    if length > 1 {
                        let others = first + 1..first + length;
                        sum.add(self.push(&self.key(first, length), others, destination)?);
                        sum.add(self.push(
                            &self.first_key(first),
                            first..first + 1,
                            destination,
                        )?);
                    } else {
                        sum.add(self.push(&self.key(first, 1), first..first + 1, destination)?);
                    }
                    length
                }
            };
        }
        self.lines.clear();
        self.prefixes.clear();
        self.is_first = false;
        Ok(sum)
    }

    fn push(
        &mut self,
        key: &str,
        lines: Range<usize>,
        destination: &mut impl Destination,
    ) -> Result<NotCounted, CommandError> {
        let lines = self.lines.get(lines).unwrap_or_default();
        let pushed = destination.push(key, lines)?;
        // Of lines that are all rejected nothing is remembered.
        self.is_new = pushed.duplicates == 0 && pushed.rejected < lines.len() as u64;
        Ok(pushed)
    }

    /// What was imported of the piece that begins with a line.
    fn known(
        &self,
        first: usize,
        destination: &mut impl Destination,
    ) -> Result<Known, CommandError> {
        let largest = self.largest_piece(first);
        let mut length = largest;
        while length > 0 {
            if destination.is_known(&self.key(first, length))? {
                let has_first = length == 1 || destination.is_known(&self.first_key(first))?;
                return Ok(if has_first {
                    Known::Lines(length)
                } else {
                    Known::AllButFirst(length)
                });
            }
            length /= 2;
        }
        let is_longer =
            largest < self.longest_piece(first) && destination.is_known(&self.first_key(first))?;
        Ok(if is_longer { Known::Lines(self.lines.len() - first) } else { Known::None })
    }

    /// The length of the piece that begins with a line of the chunk.
    fn largest_piece(&self, first: usize) -> usize {
        let room = 1 << (self.lines.len() - first).ilog2();
        self.longest_piece(first).min(room)
    }

    /// The length of that piece if the log goes on.
    const fn longest_piece(&self, first: usize) -> usize {
        match first {
            0 if self.is_first => 1,
            0 => CHUNK_LINES,
            _ => 1 << first.trailing_zeros(),
        }
    }

    /// The key of a piece: a hash of all lines up to its end, and its length.
    fn key(&self, first: usize, length: usize) -> String {
        self.key_of(first + length - 1, length)
    }

    /// The key of the first line of a piece of several lines.
    fn first_key(&self, first: usize) -> String {
        self.key_of(first, 0)
    }

    fn key_of(&self, last: usize, length: usize) -> String {
        let prefix = self.prefixes.get(last).copied().unwrap_or_default();
        let hash: String = prefix.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        format!("import-{hash}-{length}")
    }
}

/// What was imported of a piece.
enum Known {
    None,
    /// So many lines, from its first one on.
    Lines(usize),
    /// A piece of so many lines without its first one: the import was interrupted there.
    AllButFirst(usize),
}

/// Adds a text with its length, so that neighbouring texts cannot be taken for others.
fn add_text(digest: &mut Sha256, text: &[u8]) {
    digest.update((text.len() as u64).to_be_bytes());
    digest.update(text);
}

#[cfg(test)]
mod tests;
