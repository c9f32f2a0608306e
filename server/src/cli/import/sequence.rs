//! The lines of one partner, in pieces that count once however often the log is imported, also when it has
//! grown since.
//!
//! The lines of a partner are numbered. A chunk is 1,024 of them, from a multiple of 1,024 on. A whole chunk
//! is one piece. The chunk at the end of the log is divided into pieces whose lengths are powers of two and
//! whose first lines are multiples of their lengths: 1,000 lines are pieces of 512, 256, 128, 64, 32 and 8.
//!
//! The idempotency key of a piece is a hash of all lines of the partner up to its end, and of its length. The
//! same beginning of a log therefore has the same pieces with the same keys. When the chunk has more lines
//! than before, its pieces are other ones; so before a piece is pushed, the pieces that begin with the same
//! line are looked up. What was imported of a chunk is always its beginning: where no piece is known, nothing
//! after it is.

use sha2::{Digest, Sha256};

use super::target::NotCounted;
use crate::cli::CommandError;
use crate::import::Observation;

/// Lines in a chunk: enough to share one fsync, few enough to hold in memory for every partner.
pub(super) const CHUNK_LINES: usize = 1_024;

/// Where pieces are pushed.
pub(super) trait Destination {
    /// How many items counted under a key; `None` when the key is not known.
    fn counted(&mut self, key: &str) -> Result<Option<u64>, CommandError>;

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
}

impl Sequence {
    /// An empty sequence of a stream.
    pub(super) fn new(stream: &str) -> Self {
        let mut digest = Sha256::new();
        add_text(&mut digest, stream.as_bytes());
        Self { digest, lines: Vec::new(), prefixes: Vec::new(), is_new: false }
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
            let largest = largest_piece(first, self.lines.len());
            let length = match self.known_piece(first, largest, destination)? {
                Some(length) => {
                    sum.duplicates += length as u64;
                    length
                }
                None => {
                    let lines = self.lines.get(first..first + largest).unwrap_or_default();
                    let pushed = destination.push(&self.key(first, largest), lines)?;
                    self.is_new = pushed.duplicates == 0;
                    sum.add(pushed);
                    largest
                }
            };
            first += length;
        }
        self.lines.clear();
        self.prefixes.clear();
        Ok(sum)
    }

    /// The length of the piece from a line on that was imported before.
    fn known_piece(
        &self,
        first: usize,
        largest: usize,
        destination: &mut impl Destination,
    ) -> Result<Option<usize>, CommandError> {
        let mut length = if self.is_new { 0 } else { largest };
        while length > 0 {
            if destination.counted(&self.key(first, length))?.is_some() {
                return Ok(Some(length));
            }
            length /= 2;
        }
        Ok(None)
    }

    /// The key of a piece: a hash of all lines up to its end, and its length.
    fn key(&self, first: usize, length: usize) -> String {
        let prefix = self.prefixes.get(first + length - 1).copied().unwrap_or_default();
        let hash: String = prefix.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        format!("import-{hash}-{length}")
    }
}

/// Adds a text with its length, so that neighbouring texts cannot be taken for others.
fn add_text(digest: &mut Sha256, text: &[u8]) {
    digest.update((text.len() as u64).to_be_bytes());
    digest.update(text);
}

/// The largest piece that may begin with a line of a chunk and ends before `end`.
const fn largest_piece(first: usize, end: usize) -> usize {
    let room = 1 << (end - first).ilog2();
    let aligned = if first == 0 { CHUNK_LINES } else { 1 << first.trailing_zeros() };
    if aligned < room { aligned } else { room }
}

#[cfg(test)]
mod tests;
