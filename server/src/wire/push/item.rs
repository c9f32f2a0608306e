//! One pushed item as JSON: every field it may have, unchecked.

use std::borrow::Cow;

use serde::de::{IgnoredAny, MapAccess};

use crate::wire::push::tolerant::{
    Counts, Field, FromObject, MayBeMissing, Name, Nested, Remarks, Scalar,
};

/// The fields of an event, summary or gauge.
#[derive(Debug, Clone, Default)]
pub(crate) struct RawItem<'a> {
    pub(crate) kind: Scalar<'a>,
    pub(crate) stream: Scalar<'a>,
    pub(crate) name: Scalar<'a>,
    pub(crate) partner: Scalar<'a>,
    pub(crate) operation: Scalar<'a>,
    pub(crate) environment: Scalar<'a>,
    pub(crate) site: Scalar<'a>,
    pub(crate) release: Scalar<'a>,
    pub(crate) at: Scalar<'a>,
    pub(crate) status: Scalar<'a>,
    pub(crate) outcome: Scalar<'a>,
    pub(crate) latency_ms: Scalar<'a>,
    pub(crate) stage: Scalar<'a>,
    pub(crate) ids: Nested<Pairs<'a>>,
    pub(crate) start: Scalar<'a>,
    pub(crate) step_s: Scalar<'a>,
    pub(crate) last_at: Scalar<'a>,
    pub(crate) outcomes: Nested<Pairs<'a>>,
    pub(crate) latency: Nested<RawHistogram<'a>>,
    pub(crate) value: Scalar<'a>,
    /// The numbers of the fields that it has, as bits.
    fields: u64,
    pub(crate) remarks: Remarks<'a>,
}

/// Reads the field that `$name` names into its place. The number of a field is its position.
macro_rules! read_field {
    ($name:ident, $map:ident, { $($($text:literal)|+ => $number:literal $place:expr,)+ }) => {
        match &*$name.0 {
            $($($text)|+ => {
                let place = &mut $place;
                *place = $map.next_value()?;
                if place.is_missing() { Field::Plain } else { Field::Known($number) }
            })+
            _ => {
                $map.next_value::<IgnoredAny>()?;
                Field::Unknown
            }
        }
    };
}

impl<'de> FromObject<'de> for RawItem<'de> {
    fn field<A: MapAccess<'de>>(
        &mut self,
        name: &Name<'de>,
        map: &mut A,
    ) -> Result<Field, A::Error> {
        Ok(read_field!(name, map, {
            "type" => 0 self.kind,
            "stream" => 1 self.stream,
            "name" => 2 self.name,
            "partner" => 3 self.partner,
            "operation" => 4 self.operation,
            "environment" => 5 self.environment,
            "site" => 6 self.site,
            "release" => 7 self.release,
            "at" => 8 self.at,
            "status" => 9 self.status,
            "outcome" => 10 self.outcome,
            "latency_ms" => 11 self.latency_ms,
            "stage" => 12 self.stage,
            "ids" => 13 self.ids,
            "start" => 14 self.start,
            "step_s" => 15 self.step_s,
            "last_at" => 16 self.last_at,
            "outcomes" => 17 self.outcomes,
            "latency" => 18 self.latency,
            "value" => 19 self.value,
        }))
    }

    fn remarks(&mut self) -> Option<&mut Remarks<'de>> {
        Some(&mut self.remarks)
    }

    fn has(&mut self, numbers: u64) {
        self.fields = numbers;
    }
}

impl RawItem<'_> {
    /// The names of all fields, in the order of their numbers.
    const NAMES: [&'static str; 20] = [
        "type",
        "stream",
        "name",
        "partner",
        "operation",
        "environment",
        "site",
        "release",
        "at",
        "status",
        "outcome",
        "latency_ms",
        "stage",
        "ids",
        "start",
        "step_s",
        "last_at",
        "outcomes",
        "latency",
        "value",
    ];

    /// The fields of a kind of items, as bits.
    const fn numbers(kind: ItemKind) -> u64 {
        const TYPE_AND_LABELS: u64 = 0b1111_1001;
        TYPE_AND_LABELS
            | match kind {
                ItemKind::Event => 0b11_1111_0000_0010,
                ItemKind::Summary => 0b111_1100_0000_0000_0010,
                ItemKind::Gauge => 0b1000_0000_0001_0000_0100,
            }
    }

    /// The fields that an item of a kind may have.
    pub(crate) fn fields_of(kind: ItemKind) -> Vec<&'static str> {
        Self::names(Self::numbers(kind)).filter(|name| *name != "type").collect()
    }

    /// The fields that it has and that have no meaning in an item of its kind.
    pub(crate) fn misplaced(&self, kind: ItemKind) -> impl Iterator<Item = &'static str> {
        Self::names(self.fields & !Self::numbers(kind))
    }

    fn names(numbers: u64) -> impl Iterator<Item = &'static str> {
        let mut rest = numbers;
        std::iter::from_fn(move || {
            let name = Self::NAMES.get(rest.trailing_zeros() as usize)?;
            rest &= rest - 1;
            Some(*name)
        })
    }
}

/// An object with free names, such as counts by outcome class.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pairs<'a>(pub(crate) Vec<(Cow<'a, str>, Scalar<'a>)>);

impl<'de> FromObject<'de> for Pairs<'de> {
    fn field<A: MapAccess<'de>>(
        &mut self,
        name: &Name<'de>,
        map: &mut A,
    ) -> Result<Field, A::Error> {
        self.0.push((name.0.clone(), map.next_value()?));
        Ok(Field::Plain)
    }

    fn remarks(&mut self) -> Option<&mut Remarks<'de>> {
        None
    }
}

/// An OpenTelemetry exponential histogram, in the spelling of its protocol buffers or of OTLP's JSON.
#[derive(Debug, Clone, Default)]
pub(crate) struct RawHistogram<'a> {
    pub(crate) scale: Scalar<'a>,
    pub(crate) sum: Scalar<'a>,
    pub(crate) zero_count: Scalar<'a>,
    pub(crate) positive: Nested<RawBuckets<'a>>,
    /// `None` if the histogram has none of them.
    pub(crate) rare: Option<Box<RareFields<'a>>>,
    pub(crate) remarks: Remarks<'a>,
}

/// Fields that few histograms have. They are checked and not stored.
#[derive(Debug, Clone, Default)]
pub(crate) struct RareFields<'a> {
    pub(crate) negative: Nested<RawBuckets<'a>>,
    pub(crate) zero_threshold: Scalar<'a>,
    pub(crate) count: Scalar<'a>,
    pub(crate) min: Scalar<'a>,
    pub(crate) max: Scalar<'a>,
}

impl RawHistogram<'_> {
    /// Its buckets with their pointers.
    pub(crate) fn buckets(&self) -> impl Iterator<Item = (&'static str, &RawBuckets<'_>)> {
        let negative = self.rare.as_ref().map(|rare| ("/latency/negative", &rare.negative));
        let all = [("/latency/positive", &self.positive)].into_iter().chain(negative);
        all.filter_map(|(field, buckets)| match buckets {
            Nested::Is(buckets) => Some((field, buckets)),
            Nested::Missing | Nested::Wrong(_) => None,
        })
    }

    /// Known fields that it has and that are not stored.
    pub(crate) fn not_stored(&self) -> impl Iterator<Item = &'static str> {
        let rare = self.rare.as_deref();
        let fields = rare.map(|rare| [("min", &rare.min), ("max", &rare.max)]);
        let given = fields.into_iter().flatten().filter(|(_, value)| !value.is_missing());
        given.map(|(name, _)| name)
    }
}

impl<'de> FromObject<'de> for RawHistogram<'de> {
    fn field<A: MapAccess<'de>>(
        &mut self,
        name: &Name<'de>,
        map: &mut A,
    ) -> Result<Field, A::Error> {
        Ok(read_field!(name, map, {
            "scale" => 0 self.scale,
            "sum" => 1 self.sum,
            "zero_count" | "zeroCount" => 2 self.zero_count,
            "positive" => 3 self.positive,
            "negative" => 4 self.rare.get_or_insert_default().negative,
            "zero_threshold" | "zeroThreshold" => 5 self.rare.get_or_insert_default().zero_threshold,
            "count" => 6 self.rare.get_or_insert_default().count,
            "min" => 7 self.rare.get_or_insert_default().min,
            "max" => 8 self.rare.get_or_insert_default().max,
        }))
    }

    fn remarks(&mut self) -> Option<&mut Remarks<'de>> {
        Some(&mut self.remarks)
    }
}

/// Counts of neighbouring buckets, the first of which is `offset`.
#[derive(Debug, Clone, Default)]
pub(crate) struct RawBuckets<'a> {
    pub(crate) offset: Scalar<'a>,
    pub(crate) bucket_counts: Counts,
    pub(crate) remarks: Remarks<'a>,
}

impl<'de> FromObject<'de> for RawBuckets<'de> {
    fn field<A: MapAccess<'de>>(
        &mut self,
        name: &Name<'de>,
        map: &mut A,
    ) -> Result<Field, A::Error> {
        Ok(read_field!(name, map, {
            "offset" => 0 self.offset,
            "bucket_counts" | "bucketCounts" => 1 self.bucket_counts,
        }))
    }

    fn remarks(&mut self) -> Option<&mut Remarks<'de>> {
        Some(&mut self.remarks)
    }
}

/// Which of the three an item is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ItemKind {
    Event,
    Summary,
    Gauge,
}

impl ItemKind {
    /// For messages.
    pub(crate) const fn with_article(self) -> &'static str {
        match self {
            Self::Event => "an event",
            Self::Summary => "a summary",
            Self::Gauge => "a gauge",
        }
    }
}

#[cfg(test)]
mod tests;
