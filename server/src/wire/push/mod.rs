//! The body of a push, read item by item. Each item is passed on with its place in the body.

pub(crate) mod answer;
pub(crate) mod item;
pub(crate) mod likely;
pub(crate) mod repair;
pub(crate) mod tolerant;

use std::fmt;

use plimsoll_alerting::json_problem;
use serde::Deserializer;
use serde::de::{DeserializeSeed, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};

use self::item::{ItemKind, RawItem};
use self::tolerant::{Nested, ReadAny, Scalar};
use crate::wire::excerpt;

/// The place of an item in its request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// The n-th (from 0) of the list of its kind.
    List(ItemKind, usize),
    /// A list as a whole.
    WholeList(ItemKind),
    /// The n-th line (from 0) of an NDJSON body.
    Line(usize),
}

impl Place {
    /// The line of an NDJSON body, from 1.
    pub(crate) const fn line(self) -> Option<usize> {
        match self {
            Self::Line(number) => Some(number + 1),
            Self::List(..) | Self::WholeList(_) => None,
        }
    }
}

impl fmt::Display for Place {
    /// A JSON pointer to the item; an NDJSON body counts as a list of its lines.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::List(kind, number) => write!(f, "/{}/{number}", list_name(*kind)),
            Self::WholeList(kind) => write!(f, "/{}", list_name(*kind)),
            Self::Line(number) => write!(f, "/{number}"),
        }
    }
}

const fn list_name(kind: ItemKind) -> &'static str {
    match kind {
        ItemKind::Event => "events",
        ItemKind::Summary => "summaries",
        ItemKind::Gauge => "gauges",
    }
}

/// Takes the items of a push, one by one.
pub(crate) trait Sink {
    /// Takes an item.
    fn item(&mut self, place: Place, kind: ItemKind, item: &RawItem<'_>);
    /// Takes something that is not an item; `problem` says what is wrong with it.
    fn not_an_item(&mut self, place: Place, field: &str, problem: &str);
    /// Takes the name of a field of the body that is none of its lists.
    fn unknown_list(&mut self, name: &str);
}

/// Reads a JSON body: an object with the lists `events`, `summaries` and `gauges`.
///
/// # Errors
/// When the body is not JSON or not an object, or has a list twice. Items before that place may have been
/// passed on.
pub(crate) fn read_json(body: &[u8], sink: &mut dyn Sink) -> Result<(), serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_slice(body);
    reader.deserialize_map(Body(sink))?;
    reader.end()
}

/// Reads an NDJSON body line by line; empty lines are skipped. A line that is not JSON is rejected as one
/// item.
pub(crate) fn read_ndjson(body: &[u8], sink: &mut dyn Sink) {
    for (number, line) in body.split(|byte| *byte == b'\n').enumerate() {
        if line.trim_ascii().is_empty() {
            continue;
        }
        let place = Place::Line(number);
        if let Err(error) = read_line(place, line, sink) {
            // Only after a failure, so that valid lines are not searched.
            let repaired = repair::repair(line);
            if repaired.is_none_or(|line| read_line(place, &line, sink).is_err()) {
                let (column, problem) = (error.column(), json_problem(&error));
                let detail = format!("the line is not JSON: column {column}: {problem}");
                sink.not_an_item(place, "", &detail);
            }
        }
    }
}

fn read_line(place: Place, line: &[u8], sink: &mut dyn Sink) -> Result<(), serde_json::Error> {
    match serde_json::from_slice::<Nested<RawItem<'_>>>(line)? {
        Nested::Is(item) => match kind_of(&item) {
            Ok(kind) => sink.item(place, kind, &item),
            Err(problem) => sink.not_an_item(place, "/type", &problem),
        },
        other => sink.not_an_item(place, "", &not_an_object(&other)),
    }
    Ok(())
}

/// The kind that a line names, or what is wrong with it.
pub(crate) fn kind_of(item: &RawItem<'_>) -> Result<ItemKind, String> {
    let lists = ["events", "summaries", "gauges"];
    if item.remarks.unknown().iter().any(|name| lists.contains(&name.as_ref())) {
        let remedy = "the line has the lists of a JSON body; send it as application/json";
        return Err(format!("is missing: {remedy}"));
    }
    let found = match &item.kind {
        Scalar::Text(name) => match name.as_ref() {
            "event" => return Ok(ItemKind::Event),
            "summary" => return Ok(ItemKind::Summary),
            "gauge" => return Ok(ItemKind::Gauge),
            other => format!("{:?}", excerpt(other)),
        },
        other => other.kind().to_owned(),
    };
    Err(format!("must be \"event\", \"summary\" or \"gauge\", not {found}"))
}

/// The error for an item that is not an object.
pub(crate) fn not_an_object<T>(found: &Nested<T>) -> String {
    let kind = match found {
        Nested::Wrong(kind) => kind,
        Nested::Missing | Nested::Is(_) => "nothing",
    };
    format!("an item must be an object, not {kind}")
}

/// The object of a JSON body.
struct Body<'s>(&'s mut dyn Sink);

impl<'de> Visitor<'de> for Body<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with the lists events, summaries or gauges")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut read = Vec::new();
        while let Some(name) = map.next_key::<std::borrow::Cow<'de, str>>()? {
            let kind = match name.as_ref() {
                "events" => ItemKind::Event,
                "summaries" => ItemKind::Summary,
                "gauges" => ItemKind::Gauge,
                name => {
                    map.next_value::<IgnoredAny>()?;
                    self.0.unknown_list(name);
                    continue;
                }
            };
            // Other readers of JSON take only one of the two.
            if read.contains(&kind) {
                let name = list_name(kind);
                return Err(A::Error::custom(format!(
                    "`{name}` is given more than once; put its items into one list"
                )));
            }
            read.push(kind);
            map.next_value_seed(List { kind, sink: &mut *self.0 })?;
        }
        Ok(())
    }
}

/// One of the body's lists.
struct List<'s> {
    kind: ItemKind,
    sink: &'s mut dyn Sink,
}

impl<'de> DeserializeSeed<'de> for List<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        self.read(deserializer)
    }
}

impl<'de> ReadAny<'de> for List<'_> {
    type Value = ();

    fn scalar(self, value: Scalar<'de>) {
        if value != Scalar::Missing {
            let problem = format!("must be a list, not {}", value.kind());
            self.sink.not_an_item(Place::WholeList(self.kind), "", &problem);
        }
    }

    fn list<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let mut number = 0;
        while let Some(item) = list.next_element::<Nested<RawItem<'de>>>()? {
            let place = Place::List(self.kind, number);
            match item {
                Nested::Is(item) => self.sink.item(place, self.kind, &item),
                other => self.sink.not_an_item(place, "", &not_an_object(&other)),
            }
            number += 1;
        }
        Ok(())
    }
}
