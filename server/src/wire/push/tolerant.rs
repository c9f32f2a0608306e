//! JSON values that never fail to deserialize. A value of the wrong type is remembered as such, so that one
//! bad field rejects its item by name and leaves the other items alone.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::wire::excerpt;

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

    /// A whole number, also one with a fraction of zero such as `3.0`, which some JSON writers make of every
    /// number.
    pub(crate) fn whole(&self) -> Option<i64> {
        /// Beyond it not every whole number is a double.
        const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
        match self {
            Self::Int(number) => Some(*number),
            Self::Uint(number) => Some(i64::try_from(*number).unwrap_or(i64::MAX)),
            Self::Float(number) if number.fract() == 0.0 && number.abs() <= EXACT_MAX => {
                Some(*number as i64)
            }
            _ => None,
        }
    }

    /// [`Scalar::whole`], or a number in quotes: so OTLP writes integers of 64 bits.
    pub(crate) fn whole_or_quoted(&self) -> Option<i64> {
        match self {
            Self::Text(text) => text.parse().ok(),
            _ => self.whole(),
        }
    }

    /// The value for a message, shortened: a number or a text as it is, the type of anything else.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Float(number) => format!("{number:?}"),
            Self::Int(number) => number.to_string(),
            Self::Uint(number) => number.to_string(),
            Self::Text(text) => format!("{:?}", excerpt(text)),
            _ => self.kind().to_owned(),
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

/// A field that may be absent or null.
pub(crate) trait MayBeMissing {
    fn is_missing(&self) -> bool;
}

impl MayBeMissing for Scalar<'_> {
    fn is_missing(&self) -> bool {
        matches!(self, Self::Missing)
    }
}

impl<T> MayBeMissing for Nested<T> {
    fn is_missing(&self) -> bool {
        matches!(self, Self::Missing)
    }
}

impl MayBeMissing for Counts {
    fn is_missing(&self) -> bool {
        matches!(self, Self::Missing)
    }
}

/// Something read from a JSON object, field by field.
pub(crate) trait FromObject<'de>: Default {
    /// Reads one field and says which it is. It must consume the value, whatever it is.
    fn field<A: MapAccess<'de>>(
        &mut self,
        name: &Name<'de>,
        map: &mut A,
    ) -> Result<Field, A::Error>;

    /// What is to be said about its names, if it keeps that.
    fn remarks(&mut self) -> Option<&mut Remarks<'de>>;

    /// Takes the numbers of the known fields that it has, as bits.
    fn has(&mut self, _numbers: u64) {}
}

/// What a field of an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Field {
    /// A known field with a value. Its number is below 64.
    Known(u32),
    /// It has no meaning, and its value was skipped.
    Unknown,
    /// It is null, or the names of this object are free.
    Plain,
}

/// Names of an object's fields that were not used, or used twice. Nearly no object has any.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Remarks<'a>(Option<Box<RemarkedNames<'a>>>);

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct RemarkedNames<'a> {
    unknown: Vec<Cow<'a, str>>,
    repeated: Option<Cow<'a, str>>,
}

/// Unknown names of one object that are remembered.
const UNKNOWN_MAX: usize = 16;

impl<'a> Remarks<'a> {
    /// The unknown fields, in their order; the first few of very many.
    pub(crate) fn unknown(&self) -> &[Cow<'a, str>] {
        self.0.as_ref().map_or(&[], |names| &names.unknown)
    }

    /// A known field that was given more than once.
    pub(crate) fn repeated(&self) -> Option<&str> {
        self.0.as_ref()?.repeated.as_deref()
    }

    fn add_unknown(&mut self, name: Cow<'a, str>) {
        let names = self.0.get_or_insert_default();
        if names.unknown.len() < UNKNOWN_MAX {
            names.unknown.push(name);
        }
    }

    fn add_repeated(&mut self, name: Cow<'a, str>) {
        self.0.get_or_insert_default().repeated.get_or_insert(name);
    }
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
        let mut seen = 0_u64;
        while let Some(name) = map.next_key::<Name<'de>>()? {
            match object.field(&name, &mut map)? {
                Field::Plain => {}
                Field::Unknown => {
                    object.remarks().into_iter().for_each(|it| it.add_unknown(name.0.clone()));
                }
                Field::Known(number) if seen & 1 << number != 0 => {
                    object.remarks().into_iter().for_each(|it| it.add_repeated(name.0.clone()));
                }
                Field::Known(number) => seen |= 1 << number,
            }
        }
        object.has(seen);
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
            match (&value, value.whole_or_quoted()) {
                (Scalar::Uint(count), _) => counts.push(*count),
                (_, Some(count)) if count >= 0 => counts.push(count as u64),
                _ => {
                    wrong.get_or_insert((counts.len(), value.kind()));
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
