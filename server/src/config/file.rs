//! The configuration file: YAML with the keys of the settings.

use std::fmt;
use std::path::Path;

use plimsoll_alerting::rule::{read_text_file, yaml_problem};
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_saphyr::{DuplicateKeyPolicy, Location, Spanned};

use super::declare::{Declaration, Given, Place, Settings};
use super::error::ConfigError;
use super::settings::{RetentionSettings, ServerSettings};

/// Longest configuration file, in bytes.
const FILE_BYTES_MAX: u64 = 1 << 20;
/// How similar a key must be to a setting to be taken for a mistake in writing, from 0 to 1.
const SIMILARITY_MIN: f64 = 0.6;

/// Every setting that a file may have.
pub(super) fn declarations() -> impl Iterator<Item = &'static Declaration> {
    ServerSettings::ALL.iter().chain(RetentionSettings::ALL)
}

/// Reads a file; an empty one has no settings.
///
/// # Errors
/// It cannot be read, is not YAML, or has a key twice or one that is no setting.
pub(super) fn read(path: &Path) -> Result<Given, ConfigError> {
    let text = read_text_file(path, FILE_BYTES_MAX)
        .map_err(|source| ConfigError::Unreadable { path: path.into(), source })?;
    let place = |at: Location| Place { file: path.into(), line: at.line(), column: at.column() };
    let wrong = |at, detail| ConfigError::Malformed { place: place(at), detail };
    let options = serde_saphyr::options! {
        with_snippet: false,
        duplicate_keys: DuplicateKeyPolicy::LastWins,
    };
    let file: Option<File> =
        serde_saphyr::from_str_with_options(&text, options).map_err(|error| {
            let at = error.location().unwrap_or(Location::UNKNOWN);
            wrong(at, yaml_problem(&text, &error))
        })?;
    let mut given = Given::default();
    for (Spanned { value: key, referenced: at, .. }, value) in file.unwrap_or_default().0 {
        if !declarations().any(|setting| setting.key == key) {
            return Err(wrong(at, unknown(&key)));
        }
        let Some(text) = value.value else { continue };
        let is_first = given.insert(key.clone(), text.into(), Some(place(value.referenced)));
        if !is_first {
            return Err(wrong(at, format!("setting `{key}` comes twice: remove one")));
        }
    }
    Ok(given)
}

/// What is wrong with a key that is no setting.
fn unknown(key: &str) -> String {
    let similarity =
        |setting: &Declaration| strsim::normalized_damerau_levenshtein(key, setting.key);
    let nearest = declarations()
        .map(|setting| (similarity(setting), setting.key))
        .filter(|(similarity, _)| *similarity >= SIMILARITY_MIN)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    match nearest {
        Some((_, nearest)) => format!("there is no setting `{key}`; did you mean `{nearest}`?"),
        None => {
            let known: Vec<&str> = declarations().map(|setting| setting.key).collect();
            format!("there is no setting `{key}`; there are {}", known.join(", "))
        }
    }
}

/// The keys and values in the order of the file.
#[derive(Debug, Default)]
struct File(Vec<(Spanned<String>, Spanned<Option<String>>)>);

impl<'de> Deserialize<'de> for File {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(FileVisitor)
    }
}

struct FileVisitor;

impl<'de> Visitor<'de> for FileVisitor {
    type Value = File;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("settings such as `listen: 127.0.0.1:8585`")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<File, A::Error> {
        let mut entries = Vec::new();
        // A scalar of any type is taken as it is written.
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(File(entries))
    }
}
