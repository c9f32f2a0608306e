//! Settings: from flags, then the environment, then the configuration file, then defaults.
//!
//! [`settings`] declares each of them once, in the terms of [`declare`]; [`parse`] reads their values,
//! [`mod@file`] the configuration file. `docs/settings.md` is rendered from the same declarations by a test.

mod declare;
mod error;
mod file;
mod parse;
mod settings;

use std::ffi::OsStr;
use std::path::PathBuf;

use plimsoll_storage::{Retention, SlotWidth};

pub(crate) use declare::Flags;
pub(crate) use error::ConfigError;
pub(crate) use settings::{RetentionSettings, ServerSettings};

use declare::Settings;

/// The flags of every setting, and the one that names the configuration file.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct ConfigFlags {
    /// Configuration file (YAML)
    #[arg(long, env = "PLIMSOLL_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    server: Flags<ServerSettings>,
    #[command(flatten)]
    retention: Flags<RetentionSettings>,
}

/// Every setting, resolved and checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Config {
    pub(crate) server: ServerSettings,
    pub(crate) retention: Retention,
}

impl ConfigFlags {
    /// Resolves every setting; reads the configuration file when there is one.
    ///
    /// # Errors
    /// Names the setting at fault and what it takes.
    pub(crate) fn resolve(self) -> Result<Config, ConfigError> {
        let file = self.config.as_deref().map(file::read).transpose()?.unwrap_or_default();
        let given = self.server.given.or(self.retention.given).or(file);
        Ok(Config {
            server: ServerSettings::resolve(&given)?,
            retention: RetentionSettings::resolve(&given)?.retention()?,
        })
    }
}

/// The slot width of a command that has no other settings.
///
/// # Errors
/// The text is no slot width.
pub(crate) fn parse_slot(text: &str) -> Result<SlotWidth, ConfigError> {
    parse::slot_width(OsStr::new(text)).ok_or_else(|| ConfigError::Invalid {
        place: None,
        key: "slot",
        given: text.to_owned(),
        remedy: settings::SLOT_REMEDY,
    })
}

/// The address of a server that a command talks to, without a slash at its end.
///
/// # Errors
/// The text is no such address.
pub(crate) fn parse_base_url(text: &str) -> Result<String, String> {
    parse::base_url(OsStr::new(text)).ok_or_else(|| {
        format!("{text:?} is no address of a server: use one such as http://127.0.0.1:8585")
    })
}

#[cfg(test)]
mod tests;
