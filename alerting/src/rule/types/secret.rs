//! Secrets of receivers: where the rules file says they are, and a type that never shows them.

use std::fmt;
use std::path::Path;

use bincode::{Decode, Encode};
use serde::de::{self, Deserialize, Deserializer, MapAccess, Visitor};

use crate::rule::error::RuleProblem;
use crate::rule::parse::{SECRET_SOURCE, SECRET_SOURCES, SECRET_UNQUOTED};
use crate::rule::text_file::read_text_file;

/// Longest secret file that is read, in bytes.
const SECRET_FILE_BYTES_MAX: u64 = 64 << 10;

/// A secret. `Debug` and `Display` print `***`. Two secrets are equal when their texts are.
#[derive(Clone, Default)]
pub struct Secret {
    text: String,
    origin: SecretOrigin,
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Secret {}

/// Where a secret can be read again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Encode, Decode)]
pub(crate) enum SecretOrigin {
    /// Nowhere: the text stood in the rules file.
    #[default]
    Literal,
    /// In this environment variable.
    Env(String),
    /// In the file at this path.
    File(String),
}

impl Secret {
    /// Wraps a secret text.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), origin: SecretOrigin::Literal }
    }

    /// The text of the secret, for the code that sends it or signs with it.
    pub fn expose(&self) -> &str {
        &self.text
    }

    pub(crate) const fn origin(&self) -> &SecretOrigin {
        &self.origin
    }
}

impl SecretOrigin {
    /// Reads the secret again; `None` when it is no longer there.
    pub(crate) fn read(&self, env: &dyn Fn(&str) -> Option<String>) -> Option<Secret> {
        let source = match self {
            Self::Literal => return None,
            Self::Env(name) => SecretSource::Env(name.clone()),
            Self::File(path) => SecretSource::File(path.clone()),
        };
        source.resolve(env, Path::new("")).ok()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Where the rules file says a secret is: in the rules file itself, in the environment, or in a file.
#[derive(Debug)]
pub(in crate::rule) enum SecretSource {
    Literal(Secret),
    Env(String),
    File(String),
}

impl SecretSource {
    /// Reads a secret of one line, as [`read`](Self::read).
    pub(in crate::rule) fn resolve(
        &self,
        env: &dyn Fn(&str) -> Option<String>,
        base_dir: &Path,
    ) -> Result<Secret, RuleProblem> {
        if let Self::Literal(secret) = self
            && let Some(name) = variable(secret.expose())
        {
            return Err(RuleProblem::Variable(secret.expose().to_owned(), name.to_owned()));
        }
        let secret = self.read(env, base_dir)?;
        let text = secret.expose();
        if text.chars().any(char::is_control) {
            return Err(RuleProblem::SecretControl);
        }
        if text.trim() != text {
            return Err(RuleProblem::SecretSpaces);
        }
        Ok(secret)
    }

    /// Reads the secret. Relative paths start at `base_dir`; line ends after the secret are cut.
    pub(in crate::rule) fn read(
        &self,
        env: &dyn Fn(&str) -> Option<String>,
        base_dir: &Path,
    ) -> Result<Secret, RuleProblem> {
        let (text, origin) = match self {
            Self::Literal(secret) => (secret.expose().to_owned(), SecretOrigin::Literal),
            Self::Env(name) => {
                if !is_variable_name(name) {
                    return Err(RuleProblem::VariableName(name.clone()));
                }
                let value = env(name).filter(|value| !value.trim().is_empty());
                (
                    value.ok_or_else(|| RuleProblem::SecretEnv(name.clone()))?,
                    SecretOrigin::Env(name.clone()),
                )
            }
            Self::File(path) => {
                let path = base_dir.join(path);
                (read_file(&path)?, SecretOrigin::File(path.display().to_string()))
            }
        };
        let text = text.trim_end_matches(['\r', '\n']);
        if text.trim().is_empty() {
            return Err(RuleProblem::SecretEmpty);
        }
        Ok(Secret { text: text.to_owned(), origin })
    }
}

/// The name of the variable that a text stands for in a shell: `$NAME` or `${NAME}`.
fn variable(text: &str) -> Option<&str> {
    let name = text.trim().strip_prefix('$')?;
    let name = name.strip_prefix('{').and_then(|it| it.strip_suffix('}')).unwrap_or(name);
    Some(name).filter(|name| is_variable_name(name))
}

fn is_variable_name(name: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.is_empty()
        && name.chars().all(is_plain)
}

fn read_file(path: &Path) -> Result<String, RuleProblem> {
    let error =
        |detail: String| RuleProblem::SecretFile { path: path.display().to_string(), detail };
    read_text_file(path, SECRET_FILE_BYTES_MAX).map_err(|cause| error(cause.to_string()))
}

impl<'de> Deserialize<'de> for SecretSource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SourceVisitor)
    }
}

/// Written by hand so that no error message repeats the value, which may be the secret.
struct SourceVisitor;

impl<'de> Visitor<'de> for SourceVisitor {
    type Value = SecretSource;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a secret in quotes, { env: NAME } or { file: PATH }")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<SecretSource, E> {
        Ok(SecretSource::Literal(Secret::new(text)))
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<SecretSource, E> {
        Err(unquoted())
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<SecretSource, E> {
        Err(unquoted())
    }

    fn visit_u64<E: de::Error>(self, _: u64) -> Result<SecretSource, E> {
        Err(unquoted())
    }

    fn visit_i128<E: de::Error>(self, _: i128) -> Result<SecretSource, E> {
        Err(unquoted())
    }

    fn visit_u128<E: de::Error>(self, _: u128) -> Result<SecretSource, E> {
        Err(unquoted())
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<SecretSource, E> {
        Err(unquoted())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<SecretSource, A::Error> {
        let source = match map.next_entry::<String, String>()? {
            Some((key, name)) if key == "env" => SecretSource::Env(name),
            Some((key, path)) if key == "file" => SecretSource::File(path),
            _ => return Err(de::Error::custom(SECRET_SOURCE)),
        };
        if map.next_key::<String>()?.is_some() {
            return Err(de::Error::custom(SECRET_SOURCES));
        }
        Ok(source)
    }
}

fn unquoted<E: de::Error>() -> E {
    E::custom(SECRET_UNQUOTED)
}

#[cfg(test)]
mod tests;
