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

/// A label's value or values: `dhl` or `[dhl, ups]`.
#[derive(Debug)]
pub(in crate::rule) struct OneOrMany(pub(in crate::rule) Vec<String>);

impl<'de> Deserialize<'de> for OneOrMany {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OneOrManyVisitor)
    }
}

struct OneOrManyVisitor;

impl<'de> Visitor<'de> for OneOrManyVisitor {
    type Value = OneOrMany;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a label value or a list of them (numbers need quotes)")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<OneOrMany, E> {
        Ok(OneOrMany(vec![text.to_owned()]))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<OneOrMany, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = seq.next_element()? {
            values.push(value);
        }
        Ok(OneOrMany(values))
    }
}
