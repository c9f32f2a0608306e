//! One pushed item as JSON: every field it may have, unchecked.

use std::borrow::Cow;

use serde::de::{IgnoredAny, MapAccess};

use crate::wire::push::tolerant::{Counts, FromObject, Name, Nested, Scalar};

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
}

impl<'de> FromObject<'de> for RawItem<'de> {
    fn field<A: MapAccess<'de>>(&mut self, name: Name<'de>, map: &mut A) -> Result<(), A::Error> {
        match &*name.0 {
            "type" => self.kind = map.next_value()?,
            "stream" => self.stream = map.next_value()?,
            "name" => self.name = map.next_value()?,
            "partner" => self.partner = map.next_value()?,
            "operation" => self.operation = map.next_value()?,
            "environment" => self.environment = map.next_value()?,
            "site" => self.site = map.next_value()?,
            "release" => self.release = map.next_value()?,
            "at" => self.at = map.next_value()?,
            "status" => self.status = map.next_value()?,
            "outcome" => self.outcome = map.next_value()?,
            "latency_ms" => self.latency_ms = map.next_value()?,
            "stage" => self.stage = map.next_value()?,
            "ids" => self.ids = map.next_value()?,
            "start" => self.start = map.next_value()?,
            "step_s" => self.step_s = map.next_value()?,
            "last_at" => self.last_at = map.next_value()?,
            "outcomes" => self.outcomes = map.next_value()?,
            "latency" => self.latency = map.next_value()?,
            "value" => self.value = map.next_value()?,
            // Unknown fields are ignored: later versions may add some.
            _ => drop(map.next_value::<IgnoredAny>()?),
        }
        Ok(())
    }
}

/// An object with free names, such as counts by outcome class.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pairs<'a>(pub(crate) Vec<(Cow<'a, str>, Scalar<'a>)>);

impl<'de> FromObject<'de> for Pairs<'de> {
    fn field<A: MapAccess<'de>>(&mut self, name: Name<'de>, map: &mut A) -> Result<(), A::Error> {
        self.0.push((name.0, map.next_value()?));
        Ok(())
    }
}

/// An OpenTelemetry exponential histogram.
#[derive(Debug, Clone, Default)]
pub(crate) struct RawHistogram<'a> {
    pub(crate) scale: Scalar<'a>,
    pub(crate) sum: Scalar<'a>,
    pub(crate) zero_count: Scalar<'a>,
    pub(crate) positive: Nested<RawBuckets<'a>>,
}

impl<'de> FromObject<'de> for RawHistogram<'de> {
    fn field<A: MapAccess<'de>>(&mut self, name: Name<'de>, map: &mut A) -> Result<(), A::Error> {
        match &*name.0 {
            "scale" => self.scale = map.next_value()?,
            "sum" => self.sum = map.next_value()?,
            "zero_count" => self.zero_count = map.next_value()?,
            "positive" => self.positive = map.next_value()?,
            _ => drop(map.next_value::<IgnoredAny>()?),
        }
        Ok(())
    }
}

/// Counts of neighbouring buckets, the first of which is `offset`.
#[derive(Debug, Clone, Default)]
pub(crate) struct RawBuckets<'a> {
    pub(crate) offset: Scalar<'a>,
    pub(crate) bucket_counts: Counts,
}

impl<'de> FromObject<'de> for RawBuckets<'de> {
    fn field<A: MapAccess<'de>>(&mut self, name: Name<'de>, map: &mut A) -> Result<(), A::Error> {
        match &*name.0 {
            "offset" => self.offset = map.next_value()?,
            "bucket_counts" => self.bucket_counts = map.next_value()?,
            _ => drop(map.next_value::<IgnoredAny>()?),
        }
        Ok(())
    }
}

/// Which of the three an item is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ItemKind {
    Event,
    Summary,
    Gauge,
}
