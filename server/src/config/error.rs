//! What can be wrong with settings.

use std::path::PathBuf;

use super::declare::Place;

/// A setting or a configuration file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    /// The file cannot be read.
    #[error("cannot read the configuration file {}: {source}", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// The file is not YAML, or no mapping of settings.
    #[error("{place}: {detail}")]
    Malformed {
        /// Where in the file.
        place: Place,
        /// What is wrong there.
        detail: String,
    },
    /// A value cannot be used.
    #[error("{}setting `{key}` is {given:?}: {remedy}", prefix(.place.as_ref()))]
    Invalid {
        /// Where in the configuration file; `None` for a flag or variable.
        place: Option<Place>,
        /// The key of the setting.
        key: &'static str,
        /// The text that was given.
        given: String,
        /// What can be used instead.
        remedy: &'static str,
    },
    /// Two settings contradict each other.
    #[error(
        "setting `{finer}` is longer than `{coarser}`: what is kept in detail is also kept coarser; \
         shorten `{finer}` or lengthen `{coarser}`"
    )]
    RetentionOrder {
        /// The key of the longer one.
        finer: &'static str,
        /// The key of the one that must not be shorter.
        coarser: &'static str,
    },
    /// A required setting is not given.
    #[error(
        "setting `{key}` is missing: give --{flag} {value_name}, {variable} or {key} in the configuration file"
    )]
    Missing {
        /// The key of the setting.
        key: &'static str,
        /// Its flag, without dashes.
        flag: String,
        /// What stands for its value in help.
        value_name: &'static str,
        /// Its environment variable.
        variable: String,
    },
}

/// The place at the beginning of a message.
fn prefix(place: Option<&Place>) -> String {
    place.map_or_else(String::new, |place| format!("{place}: "))
}
