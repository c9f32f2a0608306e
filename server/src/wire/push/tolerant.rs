//! JSON values that never fail to deserialize. A value of the wrong type is remembered as such, so that one
//! bad field rejects its item by name and leaves the other items alone.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// A JSON value that should be a scalar.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) enum Scalar<'a> {
    /// The field is absent or null.
    #[default]
    Missing,
    Bool,
    Int(i64),
    Uint(u64),
    Float(f64),
    Text(Cow<'a, str>),
    List,
    Object,
}

impl Scalar<'_> {
    /// Its type, for messages.
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Missing => "nothing",
            Self::Bool => "a boolean",
            Self::Int(_) | Self::Uint(_) | Self::Float(_) => "a number",
            Self::Text(_) => "a string",
            Self::List => "a list",
            Self::Object => "an object",
        }
    }
}

/// Reads a JSON value, whatever its type is. A reader says what it makes of a scalar; lists and objects that
/// it has no use for are skipped and arrive as [`Scalar::List`] and [`Scalar::Object`].
pub(crate) trait ReadAny<'de>: Sized {
    type Value;

    fn scalar(self, value: Scalar<'de>) -> Self::Value;

    fn list<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(self.scalar(Scalar::List))
    }

    fn object<A: MapAccess<'de>>(self, mut object: A) -> Result<Self::Value, A::Error> {
        while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(self.scalar(Scalar::Object))
    }

    /// Reads the value.
    ///
    /// # Errors
    /// Only when the input is not JSON.
    fn read<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(AnyVisitor(self))
    }
}

struct AnyVisitor<R>(R);

impl<'de, R: ReadAny<'de>> Visitor<'de> for AnyVisitor<R> {
    type Value = R::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }
    fn visit_unit<E: Error>(self) -> Result<R::Value, E> {
        Ok(self.0.scalar(Scalar::Missing))
    }
    fn visit_bool<E: Error>(self, _: bool) -> Result<R::Value, E> {
        Ok(self.0.scalar(Scalar::Bool))
    }
    fn visit_i64<E: Error>(self, value: i64) -> Result<R::Value, E> {
        Ok(self.0.scalar(Scalar::Int(value)))
    }
    fn visit_u64<E: Error>(self, value: u64) -> Result<R::Value, E> {
        Ok(self.0.scalar(Scalar::Uint(value)))
    }
    fn visit_f64<E: Error>(self, value: f64) -> Result<R::Value, E> {
        Ok(self.0.scalar(Scalar::Float(value)))
    }
    fn visit_borrowed_str<E: Error>(self, value: &'de str) -> Result<R::Value, E> {
        Ok(self.0.scalar(Scalar::Text(Cow::Borrowed(value))))
    }
    fn visit_str<E: Error>(self, value: &str) -> Result<R::Value, E> {
        Ok(self.0.scalar(Scalar::Text(Cow::Owned(value.to_owned()))))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<R::Value, A::Error> {
        self.0.list(list)
    }
    fn visit_map<A: MapAccess<'de>>(self, object: A) -> Result<R::Value, A::Error> {
        self.0.object(object)
    }
}

struct ScalarReader;

impl<'de> ReadAny<'de> for ScalarReader {
    type Value = Scalar<'de>;

    fn scalar(self, value: Scalar<'de>) -> Scalar<'de> {
        value
    }
}

impl<'de> Deserialize<'de> for Scalar<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        ScalarReader.read(deserializer)
    }
}

/// A JSON value that should be an object, or what it was instead.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) enum Nested<T> {
    /// The field is absent or null.
    #[default]
    Missing,
    /// It has another type, named for messages.
    Wrong(&'static str),
    Is(T),
}

/// Something read from a JSON object, field by field.
pub(crate) trait FromObject<'de>: Default {
    /// Reads one field. It must consume the value, whatever it is.
    fn field<A: MapAccess<'de>>(&mut self, name: Name<'de>, map: &mut A) -> Result<(), A::Error>;
}

struct ObjectReader<T>(std::marker::PhantomData<T>);

impl<'de, T: FromObject<'de>> ReadAny<'de> for ObjectReader<T> {
    type Value = Nested<T>;

    fn scalar(self, value: Scalar<'de>) -> Nested<T> {
        match value {
            Scalar::Missing => Nested::Missing,
            other => Nested::Wrong(other.kind()),
        }
    }

    fn object<A: MapAccess<'de>>(self, mut map: A) -> Result<Nested<T>, A::Error> {
        let mut object = T::default();
        while let Some(name) = map.next_key::<Name<'de>>()? {
            object.field(name, &mut map)?;
        }
        Ok(Nested::Is(object))
    }
}

impl<'de, T: FromObject<'de>> Deserialize<'de> for Nested<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        ObjectReader(std::marker::PhantomData).read(deserializer)
    }
}

/// A field's name, borrowed when it has no escapes.
#[derive(Deserialize)]
pub(crate) struct Name<'a>(#[serde(borrow)] pub(crate) Cow<'a, str>);

/// A JSON list of counts, or what it was instead.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) enum Counts {
    /// The field is absent or null.
    #[default]
    Missing,
    /// It has another type, named for messages.
    Wrong(&'static str),
    /// The value at this position has another type, named for messages.
    WrongAt(usize, &'static str),
    Are(Vec<u64>),
}

/// Buckets from the lowest to the highest of a partner's durations, at a fine scale.
const COUNTS_TYPICAL: usize = 128;

struct CountsReader;

impl<'de> ReadAny<'de> for CountsReader {
    type Value = Counts;

    fn scalar(self, value: Scalar<'de>) -> Counts {
        match value {
            Scalar::Missing => Counts::Missing,
            other => Counts::Wrong(other.kind()),
        }
    }

    fn list<A: SeqAccess<'de>>(self, mut list: A) -> Result<Counts, A::Error> {
        let mut counts = Vec::with_capacity(COUNTS_TYPICAL);
        let mut wrong = None;
        while let Some(value) = list.next_element::<Scalar<'_>>()? {
            match value {
                Scalar::Uint(count) => counts.push(count),
                other => {
                    wrong.get_or_insert((counts.len(), other.kind()));
                    counts.push(0);
                }
            }
        }
        Ok(wrong.map_or(Counts::Are(counts), |(at, kind)| Counts::WrongAt(at, kind)))
    }
}

impl<'de> Deserialize<'de> for Counts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        CountsReader.read(deserializer)
    }
}
