//! How a setting is declared: once, for flag, environment variable, file key, default, check, help and
//! documentation.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::marker::PhantomData;
use std::path::PathBuf;

use clap::{Arg, ArgMatches, Command};

use super::error::ConfigError;

/// The environment variable of a setting is this and its key in capitals.
const VARIABLE_PREFIX: &str = "PLIMSOLL_";

/// A setting with a value of type `T`.
#[derive(Debug)]
pub(super) struct Setting<T> {
    value_name: &'static str,
    parse: fn(&OsStr) -> Option<T>,
    remedy: &'static str,
    default: DefaultValue<T>,
    is_switch: bool,
    is_secret: bool,
}

/// The value of a setting that is not given.
#[derive(Debug)]
enum DefaultValue<T> {
    /// There is none: the setting is required.
    Required,
    /// The text that would have been given.
    Text(&'static str),
    /// A computed value, and how documentation describes it.
    Computed(fn() -> T, &'static str),
}

impl<T> Setting<T> {
    /// A setting that is required unless it gets a default. `value_name` stands for the value in help;
    /// `parse` returns `None` for a text that cannot be used, and `remedy` says what can.
    pub(super) const fn new(
        value_name: &'static str,
        parse: fn(&OsStr) -> Option<T>,
        remedy: &'static str,
    ) -> Self {
        let default = DefaultValue::Required;
        Self { value_name, parse, remedy, default, is_switch: false, is_secret: false }
    }

    /// The same with a default, written as it would be given.
    pub(super) const fn or(self, text: &'static str) -> Self {
        Self { default: DefaultValue::Text(text), ..self }
    }

    /// The same with a computed default and its description.
    pub(super) const fn or_else(self, compute: fn() -> T, description: &'static str) -> Self {
        Self { default: DefaultValue::Computed(compute, description), ..self }
    }

    /// The same as a switch: the flag without a value means `true`.
    pub(super) const fn with_switch(self) -> Self {
        Self { is_switch: true, ..self }
    }

    /// The same as a secret: neither help nor errors show the given text.
    pub(super) const fn with_secret(self) -> Self {
        Self { is_secret: true, ..self }
    }

    /// What help and documentation need to know. `key` is the name in the file; the first paragraph of `help`
    /// is a sentence for `-h`, the rest is for `--help` and the documentation.
    pub(super) const fn declared(&self, key: &'static str, help: &'static str) -> Declaration {
        let default = match self.default {
            DefaultValue::Required => None,
            DefaultValue::Text(text) => Some(text),
            DefaultValue::Computed(_, description) => Some(description),
        };
        let Self { value_name, is_switch, is_secret, .. } = *self;
        Declaration { key, help, value_name, default, is_switch, is_secret }
    }

    /// The value given for `key`, or the default.
    ///
    /// # Errors
    /// The value cannot be used, or is required and missing.
    pub(super) fn value(&self, key: &'static str, given: &Given) -> Result<T, ConfigError> {
        let (text, place) = match (given.0.get(key), &self.default) {
            (Some(given), _) => (given.text.as_os_str(), given.place.clone()),
            (None, DefaultValue::Text(text)) => (OsStr::new(text), None),
            (None, DefaultValue::Computed(compute, _)) => return Ok(compute()),
            (None, DefaultValue::Required) => return Err(self.declared(key, "").missing()),
        };
        (self.parse)(text).ok_or_else(|| ConfigError::Invalid {
            place,
            key,
            given: if self.is_secret { "***".into() } else { text.to_string_lossy().into_owned() },
            remedy: self.remedy,
        })
    }
}

impl<T> Setting<Option<T>> {
    /// The same with `None` as default, and what that means.
    pub(super) const fn or_none(self, description: &'static str) -> Self {
        self.or_else(|| None, description)
    }
}

/// What is known of a setting without its type.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Declaration {
    pub(super) key: &'static str,
    help: &'static str,
    pub(super) value_name: &'static str,
    /// As text; `None` for a required setting.
    pub(super) default: Option<&'static str>,
    is_switch: bool,
    is_secret: bool,
}

impl Declaration {
    /// The flag without its dashes.
    pub(super) fn flag(&self) -> String {
        self.key.replace('_', "-")
    }

    /// The environment variable.
    pub(super) fn variable(&self) -> String {
        format!("{VARIABLE_PREFIX}{}", self.key.to_uppercase())
    }

    fn missing(&self) -> ConfigError {
        let (key, value_name) = (self.key, self.value_name);
        ConfigError::Missing { key, value_name, flag: self.flag(), variable: self.variable() }
    }

    /// The paragraphs of the help, each on one line.
    pub(super) fn paragraphs(&self) -> Vec<String> {
        let paragraphs = self
            .help
            .split("\n\n")
            .map(|paragraph| paragraph.lines().map(str::trim).collect::<Vec<_>>().join(" "));
        paragraphs.filter(|paragraph| !paragraph.is_empty()).collect()
    }

    fn arg(&self) -> Arg {
        let mut paragraphs = self.paragraphs();
        if let (Some(first), Some(default)) = (paragraphs.first_mut(), self.default) {
            first.push_str(&format!(" [default: {default}]"));
        }
        let arg = Arg::new(self.key)
            .long(self.flag())
            .env(self.variable())
            .hide_env_values(self.is_secret)
            .value_name(self.value_name)
            .value_parser(clap::value_parser!(OsString))
            .help(paragraphs.first().cloned().unwrap_or_default())
            .long_help(paragraphs.join("\n\n"));
        if self.is_switch { arg.num_args(0..=1).default_missing_value("true") } else { arg }
    }
}

/// The texts given for settings, by key.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Given(BTreeMap<String, GivenText>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct GivenText {
    text: OsString,
    place: Option<Place>,
}

/// A place in the configuration file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(super) file: PathBuf,
    /// From 1.
    pub(super) line: u64,
    /// From 1.
    pub(super) column: u64,
}

impl fmt::Display for Place {
    /// `plimsoll.yaml:3:7`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file.display(), self.line, self.column)
    }
}

impl Given {
    /// Notes the text given for a setting, and its place if that is the configuration file. Returns whether
    /// it is the first one.
    pub(super) fn insert(&mut self, key: String, text: OsString, place: Option<Place>) -> bool {
        self.0.insert(key, GivenText { text, place }).is_none()
    }

    /// Each text as given here, or else as in `other`.
    pub(super) fn or(self, mut other: Self) -> Self {
        other.0.extend(self.0);
        other
    }
}

/// A group of settings; see the macro [`settings`].
pub(crate) trait Settings: Sized {
    /// Its settings in the order of the help.
    const ALL: &'static [Declaration];

    /// Takes its values out of what is given.
    ///
    /// # Errors
    /// Names the setting at fault and what it takes.
    fn resolve(given: &Given) -> Result<Self, ConfigError>;
}

/// The settings of a group that were given as flags or in the environment.
#[derive(Debug, Clone)]
pub(crate) struct Flags<S> {
    pub(super) given: Given,
    settings: PhantomData<S>,
}

impl<S: Settings> Flags<S> {
    /// The values of the group, without a configuration file.
    ///
    /// # Errors
    /// Names the setting at fault and what it takes.
    pub(crate) fn resolve(&self) -> Result<S, ConfigError> {
        S::resolve(&self.given)
    }
}

impl<S: Settings> clap::Args for Flags<S> {
    fn augment_args(command: Command) -> Command {
        command.args(S::ALL.iter().map(Declaration::arg))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl<S: Settings> clap::FromArgMatches for Flags<S> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut flags = Self { given: Given::default(), settings: PhantomData };
        flags.update_from_arg_matches(matches)?;
        Ok(flags)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        for Declaration { key, .. } in S::ALL {
            if let Some(text) = matches.get_one::<OsString>(key) {
                self.given.insert((*key).to_owned(), text.clone(), None);
            }
        }
        Ok(())
    }
}

/// Declares a group of settings as a structure with a field for each: its help, its key and type, and its
/// [`Setting`].
macro_rules! settings {
    ($(#[doc = $about:literal])+ struct $name:ident {
        $($(#[doc = $help:literal])+ $key:ident: $type:ty = $setting:expr;)+
    }) => {
        $(#[doc = $about])+
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub(crate) struct $name {
            $($(#[doc = $help])+ pub(crate) $key: $type,)+
        }

        impl Settings for $name {
            const ALL: &'static [Declaration] = &[$({
                const SETTING: Setting<$type> = $setting;
                SETTING.declared(stringify!($key), concat!($($help, "\n"),+))
            }),+];

            fn resolve(given: &Given) -> Result<Self, ConfigError> {
                Ok(Self { $($key: {
                    const SETTING: Setting<$type> = $setting;
                    SETTING.value(stringify!($key), given)?
                }),+ })
            }
        }
    };
}
pub(super) use settings;
