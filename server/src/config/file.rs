//! The configuration file: YAML with the keys of the settings.

use std::fmt;
use std::path::Path;

use serde::Deserialize;
use serde::de::{Deserializer, Error as _, MapAccess, Visitor};

use super::declare::{Declaration, Given, Settings};
use super::error::ConfigError;
use super::settings::{RetentionSettings, ServerSettings};

/// Every setting that a file may have.
pub(super) fn declarations() -> impl Iterator<Item = &'static Declaration> {
    ServerSettings::ALL.iter().chain(RetentionSettings::ALL)
}

/// Reads a file; an empty one has no settings.
///
/// # Errors
/// It cannot be read, is not YAML, or has a key that is no setting.
pub(super) fn read(path: &Path) -> Result<Given, ConfigError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| ConfigError::Unreadable { path: path.into(), source })?;
    if text.trim().is_empty() {
        return Ok(Given::default());
    }
    let file: File = serde_saphyr::from_str(&text)
        .map_err(|error| ConfigError::Malformed { path: path.into(), detail: error.to_string() })?;
    Ok(file.0)
}

struct File(Given);

impl<'de> Deserialize<'de> for File {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(FileVisitor)
    }
}

struct FileVisitor;

impl<'de> Visitor<'de> for FileVisitor {
    type Value = File;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("settings")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<File, A::Error> {
        let mut given = Given::default();
        while let Some(key) = map.next_key::<String>()? {
            if !declarations().any(|setting| setting.key == key) {
                let known: Vec<&str> = declarations().map(|setting| setting.key).collect();
                let known = known.join(", ");
                return Err(A::Error::custom(format!(
                    "there is no setting `{key}`; there are {known}"
                )));
            }
            // A scalar of any type is taken as it is written.
            if let Some(text) = map.next_value::<Option<String>>()? {
                given.insert(key, text.into());
            }
        }
        Ok(File(given))
    }
}
