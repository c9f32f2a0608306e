//! Reads the small text files of a configuration: rules, secrets, runbooks, certificates.

use std::fs::File;
use std::io::{self, ErrorKind, Read as _};
use std::path::Path;

/// Starts of files that are no UTF-8, and what they are.
const FOREIGN: [(&[u8], &str); 5] = [
    (&[0x1f, 0x8b], "it is compressed with gzip; unpack it"),
    (&[0x28, 0xb5, 0x2f, 0xfd], "it is compressed with zstd; unpack it"),
    (&[0x50, 0x4b, 0x03, 0x04], "it is a zip archive; unpack it"),
    (&[0xff, 0xfe], "it is text in UTF-16; save it as UTF-8"),
    (&[0xfe, 0xff], "it is text in UTF-16; save it as UTF-8"),
];

/// Reads a file of at most `bytes_max` bytes of UTF-8.
///
/// A FIFO or a device is rejected before it is opened, because opening it could wait for ever.
///
/// # Errors
/// The file is missing, no regular file, too long or not UTF-8, or the system cannot read it.
pub fn read_text_file(path: &Path, bytes_max: u64) -> io::Result<String> {
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::new(ErrorKind::InvalidInput, "it is not a regular file"));
    }
    let mut bytes = Vec::new();
    // One byte more than allowed distinguishes a file of exactly the limit from a longer one.
    File::open(path)?.take(bytes_max + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > bytes_max {
        let detail = format!("it is longer than {bytes_max} bytes");
        return Err(io::Error::new(ErrorKind::FileTooLarge, detail));
    }
    if let Some((_, what)) = FOREIGN.iter().find(|(start, _)| bytes.starts_with(start)) {
        return Err(io::Error::new(ErrorKind::InvalidData, *what));
    }
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let line = 1 + error.as_bytes()[..valid].iter().filter(|byte| **byte == b'\n').count();
        let detail = format!("it is not UTF-8 text: line {line} has an invalid byte");
        io::Error::new(ErrorKind::InvalidData, detail)
    })
}

#[cfg(test)]
mod tests;
