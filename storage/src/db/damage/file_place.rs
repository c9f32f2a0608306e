//! Where a file of the database is damaged, read from RocksDB's description.

use std::fmt;
use std::path::Path;

/// A damaged part of a file. RocksDB reads and checks a file in parts of some kilobytes, so damage within
/// one part always has the same place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FilePlace {
    /// The file's name, or the whole description when it names no file.
    file: String,
    /// Where the part begins, in bytes.
    offset: Option<u64>,
}

impl FilePlace {
    pub(crate) fn of(detail: &str) -> Self {
        let words: Vec<&str> = detail.split_whitespace().map(trimmed).collect();
        let Some(position) = words.iter().position(|word| is_table(word)) else {
            return Self { file: detail.to_owned(), offset: None };
        };
        let name = words.get(position).and_then(|word| Path::new(word).file_name());
        let offset = words.iter().skip(position).skip_while(|word| **word != "offset").nth(1);
        Self {
            file: name.map_or_else(String::new, |name| name.to_string_lossy().into_owned()),
            offset: offset.and_then(|number| number.parse().ok()),
        }
    }
}

fn trimmed(word: &str) -> &str {
    word.trim_matches([',', ':', ';', '(', ')', '"'])
}

fn is_table(word: &str) -> bool {
    Path::new(word).extension().is_some_and(|end| end == "sst" || end == "ldb")
}

impl fmt::Display for FilePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.offset {
            Some(offset) => write!(f, "{} at byte {offset}", self.file),
            None => f.write_str(&self.file),
        }
    }
}

#[cfg(test)]
mod tests;
