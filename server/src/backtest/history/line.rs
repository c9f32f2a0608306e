//! One line of a recording: the NDJSON push format with two more fields, the arrival time and the batch id.

use plimsoll_alerting::json_problem;
use plimsoll_storage::{SlotWidth, TimestampMs};
use serde::de::MapAccess;

use crate::error::RejectCode;
use crate::ingest::check::{Checker, Item};
use crate::ingest::field::{Checked, FieldError, read_time, wrong};
use crate::wire::push::item::RawItem;
use crate::wire::push::tolerant::{Field, FromObject, Name, Nested, Remarks, Scalar};
use crate::wire::push::{kind_of, not_an_object};

/// A line, unchecked.
#[derive(Debug, Default)]
pub(crate) struct RawLine<'a> {
    item: RawItem<'a>,
    received_at: Scalar<'a>,
    batch: Scalar<'a>,
}

impl<'de> FromObject<'de> for RawLine<'de> {
    fn field<A: MapAccess<'de>>(
        &mut self,
        name: &Name<'de>,
        map: &mut A,
    ) -> Result<Field, A::Error> {
        // Behind the numbers of an item's fields.
        match &*name.0 {
            "received_at" => {
                self.received_at = map.next_value()?;
                Ok(Field::Known(62))
            }
            "batch" => {
                self.batch = map.next_value()?;
                Ok(Field::Known(63))
            }
            _ => self.item.field(name, map),
        }
    }

    fn remarks(&mut self) -> Option<&mut Remarks<'de>> {
        self.item.remarks()
    }
}

impl<'a> RawLine<'a> {
    /// Reads a line.
    ///
    /// # Errors
    /// It is not a JSON object.
    pub(crate) fn read(line: &'a [u8]) -> Checked<Self> {
        // Some editors put a byte order mark before UTF-8.
        let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
        match serde_json::from_slice::<Nested<Self>>(line) {
            Ok(Nested::Is(line)) => Ok(line),
            Ok(other) => wrong("", RejectCode::WrongType, not_an_object(&other)),
            Err(error) => {
                let (column, problem) = (error.column(), json_problem(&error));
                let detail = format!("the line is not JSON: column {column}: {problem}");
                wrong("", RejectCode::NotJson, detail)
            }
        }
    }

    /// The arrival time.
    ///
    /// # Errors
    /// It is not a time.
    pub(crate) fn received_at(&self) -> Checked<Option<TimestampMs>> {
        read_time("/received_at", &self.received_at)
    }

    /// The id of its batch.
    ///
    /// # Errors
    /// It is not a string.
    pub(crate) fn batch(&self) -> Checked<Option<&str>> {
        match &self.batch {
            Scalar::Missing => Ok(None),
            Scalar::Text(batch) => Ok(Some(batch)),
            other => wrong(
                "/batch",
                RejectCode::WrongType,
                format!("must be a string, not {}", other.kind()),
            ),
        }
    }

    /// Checks the item like a push that arrived at `received_at`, except that an item may be any time ahead
    /// of the clock.
    ///
    /// # Errors
    /// The first wrong field.
    pub(crate) fn check(
        &self,
        width: SlotWidth,
        received_at: Option<TimestampMs>,
    ) -> Checked<Item<'_>> {
        let kind = kind_of(&self.item)
            .map_err(|detail| FieldError::new("/type", RejectCode::WrongType, detail))?;
        let now = received_at.unwrap_or(TimestampMs(i64::MAX));
        Checker { width, now, oldest_kept: TimestampMs(i64::MIN), ahead_ms_max: i64::MAX }
            .check(kind, &self.item)
    }
}
