//! The parts of a compressed file, one after the other: members of gzip, frames of zstd. What follows the
//! last one is either padding or an error that says what it is.

use std::io::{self, BufRead, Read};

use flate2::bufread::GzDecoder;

/// How a file is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Gzip,
    Zstd,
}

/// A part that is being read.
enum Part<R: BufRead> {
    Gzip(Box<GzDecoder<R>>),
    Zstd(Box<zstd::Decoder<'static, R>>),
}

impl<R: BufRead> Part<R> {
    fn new(format: Format, reader: R) -> io::Result<Self> {
        Ok(match format {
            Format::Gzip => Self::Gzip(Box::new(GzDecoder::new(reader))),
            Format::Zstd => {
                Self::Zstd(Box::new(zstd::Decoder::with_buffer(reader)?.single_frame()))
            }
        })
    }

    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Gzip(decoder) => decoder.read(buffer),
            Self::Zstd(decoder) => decoder.read(buffer),
        }
    }

    fn into_inner(self) -> R {
        match self {
            Self::Gzip(decoder) => decoder.into_inner(),
            Self::Zstd(decoder) => decoder.finish(),
        }
    }
}

/// A compressed file.
pub(super) struct Parts<R: BufRead> {
    format: Format,
    /// `None` at the end.
    part: Option<Part<R>>,
}

impl<R: BufRead> Parts<R> {
    /// Reads a file that begins with a part.
    ///
    /// # Errors
    /// No memory for a decoder.
    pub(super) fn new(format: Format, reader: R) -> io::Result<Self> {
        Ok(Self { format, part: Some(Part::new(format, reader)?) })
    }

    /// What follows a part.
    fn next(&self, mut reader: R) -> io::Result<Option<Part<R>>> {
        loop {
            let zeros = match reader.fill_buf()? {
                [] => return Ok(None),
                [0, rest @ ..] => 1 + rest.iter().take_while(|byte| **byte == 0).count(),
                [first, ..] if self.begins_with(*first) => {
                    return Part::new(self.format, reader).map(Some);
                }
                _ => return Err(not_compressed()),
            };
            // Padding, as from tapes.
            reader.consume(zeros);
        }
    }

    const fn begins_with(&self, first: u8) -> bool {
        match self.format {
            Format::Gzip => first == 0x1f,
            // A frame, or one that is skipped.
            Format::Zstd => matches!(first, 0x28 | 0x50..=0x5f),
        }
    }
}

fn not_compressed() -> io::Error {
    let detail = "there the compressed data ends, and what follows is not compressed; remove it";
    io::Error::new(io::ErrorKind::InvalidData, detail)
}

impl<R: BufRead> Read for Parts<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while let Some(part) = &mut self.part {
            let count = part.read(buffer)?;
            if count > 0 || buffer.is_empty() {
                return Ok(count);
            }
            let reader = self.part.take().map(Part::into_inner);
            self.part = reader.map_or(Ok(None), |reader| self.next(reader))?;
        }
        Ok(0)
    }
}
