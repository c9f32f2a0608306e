//! Values that several entries of the rules file use: hours of the week, and one value or a list.

use std::fmt;

use serde::Deserialize;
use serde::de::{self, Deserializer, SeqAccess, Visitor};
use serde_saphyr::Spanned;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::rule) struct RawSchedule {
    pub(in crate::rule) days: Option<Vec<Spanned<String>>>,
    pub(in crate::rule) from: Spanned<String>,
    pub(in crate::rule) to: Spanned<String>,
    pub(in crate::rule) time_zone: Spanned<String>,
}

/// Why a secret is not read: it stands in the file as something else than a text.
pub(in crate::rule) const SECRET_UNQUOTED: &str = "a secret in the rules file needs quotes";
/// Why a secret is not read: it has another source than those there are.
pub(in crate::rule) const SECRET_SOURCE: &str = "a secret is { env: NAME } or { file: PATH }";
/// Why a secret is not read: it has two sources.
pub(in crate::rule) const SECRET_SOURCES: &str = "a secret has one source, either `env` or `file`";
/// The messages of readers of this crate, which are written for people.
pub(super) const OWN_MESSAGES: [&str; 3] = [SECRET_UNQUOTED, SECRET_SOURCE, SECRET_SOURCES];

/// A label's value or values: `dhl` or `[dhl, ups]`.
#[derive(Debug)]
pub(in crate::rule) enum OneOrMany {
    Values(Vec<String>),
    /// What YAML reads in the place of a text that is not in quotes.
    Unquoted(&'static str),
}

impl<'de> Deserialize<'de> for OneOrMany {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OneOrManyVisitor)
    }
}

struct OneOrManyVisitor;

impl<'de> Visitor<'de> for OneOrManyVisitor {
    type Value = OneOrMany;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a label value in quotes, or a list of them")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<OneOrMany, E> {
        Ok(OneOrMany::Values(vec![text.to_owned()]))
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<OneOrMany, E> {
        Ok(OneOrMany::Unquoted("true or false"))
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<OneOrMany, E> {
        Ok(OneOrMany::Unquoted("a number"))
    }

    fn visit_u64<E: de::Error>(self, _: u64) -> Result<OneOrMany, E> {
        Ok(OneOrMany::Unquoted("a number"))
    }

    fn visit_i128<E: de::Error>(self, _: i128) -> Result<OneOrMany, E> {
        Ok(OneOrMany::Unquoted("a number"))
    }

    fn visit_u128<E: de::Error>(self, _: u128) -> Result<OneOrMany, E> {
        Ok(OneOrMany::Unquoted("a number"))
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<OneOrMany, E> {
        Ok(OneOrMany::Unquoted("a number"))
    }

    fn visit_unit<E: de::Error>(self) -> Result<OneOrMany, E> {
        Ok(OneOrMany::Unquoted("nothing, or a tag when it begins with `!`"))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<OneOrMany, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = seq.next_element()? {
            values.push(value);
        }
        Ok(OneOrMany::Values(values))
    }
}
