//! A file or the standard input as lines: plain, gzip or zstd.
//!
//! The first bytes show the compression, because file names do not always. Memory is bounded by the longest
//! line.

mod parts;

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use self::parts::{Format, Parts};

/// Longest line that is read; a longer one is neither an access-log line nor an item of a push.
pub(crate) const LINE_BYTES_MAX: usize = 64 * 1024;

const BUFFER_BYTES: usize = 256 * 1024;

/// An opened file.
pub(crate) struct Input {
    reader: Box<dyn BufRead + Send>,
    bytes_read: Arc<AtomicU64>,
    size_bytes: Option<u64>,
    line: Vec<u8>,
    /// Whether the file may still be written: it is neither compressed nor a pipe.
    may_grow: bool,
}

/// The next line of a file.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum InputLine<'a> {
    /// The line without its end.
    Whole(&'a [u8]),
    /// The last line of a file that may still be written: it has no end.
    NoEnd(&'a [u8]),
    /// It was longer than [`LINE_BYTES_MAX`] and was skipped.
    TooLong,
}

impl InputLine<'_> {
    /// Bytes of the line that were read.
    pub(crate) const fn size_bytes(&self) -> usize {
        match self {
            Self::Whole(bytes) | Self::NoEnd(bytes) => bytes.len(),
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

    /// Reads from anything; `size_bytes` is the size of a file, `None` for other sources.
    ///
    /// # Errors
    /// The first bytes cannot be read.
    pub(crate) fn from_reader(
        reader: impl Read + Send + 'static,
        size_bytes: Option<u64>,
    ) -> io::Result<Self> {
        let bytes_read = Arc::new(AtomicU64::new(0));
        let counted = Counted { inner: reader, bytes_read: Arc::clone(&bytes_read) };
        let (reader, is_plain) = decompressed(counted)?;
        let may_grow = is_plain && size_bytes.is_some();
        Ok(Self { reader, bytes_read, size_bytes, line: Vec::new(), may_grow })
    }

    /// The size of the file on disk, if it is known.
    pub(crate) const fn size_bytes(&self) -> Option<u64> {
        self.size_bytes
    }

    /// Bytes read from the file on disk.
    pub(crate) fn bytes_read(&self) -> u64 {
        self.bytes_read.load(Ordering::Relaxed)
    }

    /// The next line; `None` at the end.
    ///
    /// # Errors
    /// The file cannot be read, or its compressed data is damaged or incomplete.
    pub(crate) fn next_line(&mut self) -> io::Result<Option<InputLine<'_>>> {
        self.line.clear();
        // The line end counts too, so that a line of exactly the limit is whole.
        let limit = LINE_BYTES_MAX as u64 + 1;
        let count = self.reader.by_ref().take(limit).read_until(b'\n', &mut self.line)?;
        if count == 0 {
            return Ok(None);
        }
        if let Some(line) = self.line.strip_suffix(b"\n") {
            return Ok(Some(InputLine::Whole(line.strip_suffix(b"\r").unwrap_or(line))));
        }
        if count > LINE_BYTES_MAX {
            self.reader.skip_until(b'\n')?;
            return Ok(Some(InputLine::TooLong));
        }
        Ok(Some(if self.may_grow {
            InputLine::NoEnd(&self.line)
        } else {
            InputLine::Whole(&self.line)
        }))
    }
}

impl std::fmt::Debug for Input {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Input").field("size_bytes", &self.size_bytes).finish_non_exhaustive()
    }
}

/// Counts the bytes read from the file before decompression.
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

/// Decompresses what is compressed; also returns whether it was plain.
fn decompressed(
    mut reader: impl Read + Send + 'static,
) -> io::Result<(Box<dyn BufRead + Send>, bool)> {
    let mut start = Vec::new();
    reader.by_ref().take(4).read_to_end(&mut start)?;
    let (gzip, zstd) = (start.starts_with(&[0x1f, 0x8b]), is_zstd(&start));
    let whole = BufReader::with_capacity(BUFFER_BYTES, Cursor::new(start).chain(reader));
    Ok(if gzip || zstd {
        let format = if gzip { Format::Gzip } else { Format::Zstd };
        let parts = Parts::new(format, whole)?;
        (Box::new(BufReader::with_capacity(BUFFER_BYTES, parts)), false)
    } else {
        (Box::new(whole), true)
    })
}

/// A zstd frame, or a skippable frame before one.
fn is_zstd(start: &[u8]) -> bool {
    matches!(start, [0x28, 0xb5, 0x2f, 0xfd] | [0x50..=0x5f, 0x2a, 0x4d, 0x18])
}

#[cfg(test)]
mod tests;
