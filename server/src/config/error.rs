//! What can be wrong with settings.

use std::path::PathBuf;

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
    /// The file is not YAML, or has a key that is no setting.
    #[error("the configuration file {} is wrong: {detail}", .path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// The parser's error, with line and column.
        detail: String,
    },
    /// A value cannot be used.
    #[error("setting `{key}` is {given:?}: {remedy}")]
    Invalid {
        /// The key of the setting.
        key: &'static str,
        /// The text that was given.
        given: String,
        /// What can be used instead.
        remedy: &'static str,
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
