//! A file as lines: a file or the standard input, plain, gzip or zstd.
//!
//! The compression is recognised by its first bytes, because files carry all kinds of names.
//! Memory is bounded by the longest line kept, whatever the file holds.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::bufread::MultiGzDecoder;

/// Longest line kept; a longer one is no access-log line and no item of a push.
pub(crate) const LINE_BYTES_MAX: usize = 64 * 1024;

const BUFFER_BYTES: usize = 256 * 1024;

/// An opened file.
pub(crate) struct Input {
    reader: Box<dyn BufRead + Send>,
    bytes_read: Arc<AtomicU64>,
    size_bytes: Option<u64>,
    line: Vec<u8>,
}

/// The next line of a file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line<'a> {
    /// The line without its end.
    Whole(&'a [u8]),
    /// It was longer than [`LINE_BYTES_MAX`] and was skipped.
    TooLong,
}

impl Line<'_> {
    /// Bytes of it that were kept.
    pub(crate) const fn size_bytes(&self) -> usize {
        match self {
            Self::Whole(bytes) => bytes.len(),
            Self::TooLong => LINE_BYTES_MAX,
        }
    }
}

impl Input {
    /// Opens a file; `-` is the standard input.
    ///
    /// # Errors
    /// The file cannot be opened or its first bytes cannot be read.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        if path == Path::new("-") {
            return Self::from_reader(io::stdin(), None);
        }
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        if metadata.is_dir() {
            return Err(io::Error::new(io::ErrorKind::IsADirectory, "is a directory, not a file"));
        }
        // Pipes and devices report a size of 0.
        let size_bytes = metadata.is_file().then_some(metadata.len());
        Self::from_reader(file, size_bytes)
    }

    /// Reads from anything; `size_bytes` is for the progress bar.
    ///
    /// # Errors
    /// The first bytes cannot be read.
    pub(crate) fn from_reader(
        reader: impl Read + Send + 'static,
        size_bytes: Option<u64>,
    ) -> io::Result<Self> {
        let bytes_read = Arc::new(AtomicU64::new(0));
        let counted = Counted { inner: reader, bytes_read: Arc::clone(&bytes_read) };
        Ok(Self { reader: decompressed(counted)?, bytes_read, size_bytes, line: Vec::new() })
    }

    /// The size of the file as it lies on disk, if it is known.
    pub(crate) const fn size_bytes(&self) -> Option<u64> {
        self.size_bytes
    }

    /// How much of [`Self::size_bytes`] was read.
    pub(crate) fn bytes_read(&self) -> u64 {
        self.bytes_read.load(Ordering::Relaxed)
    }

    /// The next line, or nothing at the end.
    ///
    /// # Errors
    /// The file cannot be read on, or its compressed data is damaged or cut short.
    pub(crate) fn next_line(&mut self) -> io::Result<Option<Line<'_>>> {
        self.line.clear();
        // The line end counts too, so that a line of just the limit is whole.
        let limit = LINE_BYTES_MAX as u64 + 1;
        let count = self.reader.by_ref().take(limit).read_until(b'\n', &mut self.line)?;
        if count == 0 {
            return Ok(None);
        }
        if let Some(line) = self.line.strip_suffix(b"\n") {
            return Ok(Some(Line::Whole(line.strip_suffix(b"\r").unwrap_or(line))));
        }
        if count > LINE_BYTES_MAX {
            self.reader.skip_until(b'\n')?;
            return Ok(Some(Line::TooLong));
        }
        Ok(Some(Line::Whole(&self.line)))
    }
}

impl std::fmt::Debug for Input {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Input").field("size_bytes", &self.size_bytes).finish_non_exhaustive()
    }
}

/// Counts what is read from the file itself, before it is decompressed.
struct Counted<R> {
    inner: R,
    bytes_read: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.bytes_read.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

fn decompressed(mut reader: impl Read + Send + 'static) -> io::Result<Box<dyn BufRead + Send>> {
    let mut start = Vec::new();
    reader.by_ref().take(4).read_to_end(&mut start)?;
    let (gzip, zstd) = (start.starts_with(&[0x1f, 0x8b]), is_zstd(&start));
    let whole = BufReader::with_capacity(BUFFER_BYTES, Cursor::new(start).chain(reader));
    Ok(if gzip {
        Box::new(BufReader::with_capacity(BUFFER_BYTES, MultiGzDecoder::new(whole)))
    } else if zstd {
        let decoder = zstd::Decoder::with_buffer(whole)?;
        Box::new(BufReader::with_capacity(BUFFER_BYTES, decoder))
    } else {
        Box::new(whole)
    })
}

/// A zstd frame, or a skippable frame in front of one.
fn is_zstd(start: &[u8]) -> bool {
    matches!(start, [0x28, 0xb5, 0x2f, 0xfd] | [0x50..=0x5f, 0x2a, 0x4d, 0x18])
}

#[cfg(test)]
mod tests;
