//! The layouts of access logs. The first lines show which one a log has, and what in it is the latency.

mod alb;
mod combined;
mod envoy;
mod haproxy;
mod json;
mod latency;
mod request;

use std::borrow::Cow;
use std::fmt;

pub(crate) use self::latency::LatencyField;
use super::reason::UnreadableReason;

/// How many of the first lines show the layout.
pub(crate) const SAMPLE_LINES: usize = 200;

/// The part of a log line that an import needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LogLine<'a> {
    /// When the request was logged, in milliseconds since 1970 UTC.
    pub(crate) at_ms: i64,
    /// The path without query string, still escaped; empty when there is none.
    pub(crate) path: Cow<'a, str>,
    /// The HTTP status, 100 to 599.
    pub(crate) status: u16,
    /// How long it took.
    pub(crate) latency_us: Option<u64>,
    /// Its correlation id.
    pub(crate) correlation_id: Option<Cow<'a, str>>,
}

/// How a line is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Json,
    Alb,
    Envoy,
    HaProxy,
    Combined,
}

impl Shape {
    /// The most particular first: the first one that reads the most lines is taken.
    const ALL: [Self; 5] = [Self::Json, Self::Alb, Self::Envoy, Self::HaProxy, Self::Combined];

    fn parse<'a>(
        self,
        line: &'a [u8],
        latency: &[LatencyField],
    ) -> Result<LogLine<'a>, UnreadableReason> {
        match self {
            Self::Json => json::parse(line, latency),
            Self::Alb => alb::parse(line),
            Self::Envoy => envoy::parse(line),
            Self::HaProxy => haproxy::parse(line),
            Self::Combined => combined::parse(line, latency),
        }
    }

    fn detect(self, samples: &[&[u8]]) -> Found {
        match self {
            Self::Json => json::detect(samples),
            Self::Alb => Found::latency("AWS load balancer", vec![alb::latency()]),
            Self::Envoy => Found::latency("Envoy's default format", vec![envoy::latency()]),
            Self::HaProxy => {
                Found::latency("HAProxy's HTTP log, times taken as UTC", vec![haproxy::latency()])
            }
            Self::Combined => combined::detect(samples),
        }
    }

    /// Whether a latency can be named in lines of this shape.
    const fn has_names(self) -> bool {
        matches!(self, Self::Json | Self::Combined)
    }
}

/// What the first lines show.
struct Found {
    /// The layout in words.
    layout: &'static str,
    /// The fields of the latency; the first that a line has is read.
    latency: Vec<LatencyField>,
    /// Which field could be a latency.
    hint: Option<String>,
}

impl Found {
    const fn latency(layout: &'static str, latency: Vec<LatencyField>) -> Self {
        Self { layout, latency, hint: None }
    }

    const fn none(layout: &'static str, hint: Option<String>) -> Self {
        Self { layout, latency: Vec::new(), hint }
    }
}

/// The layout of a log.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    shape: Shape,
    name: &'static str,
    latency: Vec<LatencyField>,
    hint: Option<String>,
    /// The first line that can be read: its last byte, and how many quotes it has.
    first: Option<(u8, usize)>,
}

impl Layout {
    /// The layout of the first lines. Without a line that any layout reads it is the combined format, so that
    /// reasons are about that. `latency` is the field that the user named.
    ///
    /// # Errors
    /// The layout has its latency at a fixed place, and another field was named.
    pub(crate) fn detect(
        samples: &[&[u8]],
        latency: Option<&LatencyField>,
    ) -> Result<Self, String> {
        let count =
            |shape: Shape| samples.iter().filter(|line| shape.parse(line, &[]).is_ok()).count();
        // `max_by_key` returns the last of several equal ones; the first is wanted.
        let shape = Shape::ALL.into_iter().rev().max_by_key(|shape| count(*shape));
        let shape = shape.filter(|shape| count(*shape) > 0).unwrap_or(Shape::Combined);
        let found = shape.detect(samples);
        if latency.is_some() && !shape.has_names() {
            return Err(format!(
                "--latency: {} has its latency at a fixed place, leave --latency out",
                found.layout
            ));
        }
        let first = samples.iter().find(|line| shape.parse(line, &[]).is_ok());
        let unknown = "not known, read as the combined format";
        Ok(Self {
            shape,
            name: if first.is_some() { found.layout } else { unknown },
            hint: found.hint.filter(|_| latency.is_none()),
            latency: latency.map_or(found.latency, |named| vec![named.clone()]),
            first: first.and_then(|line| Some((*line.last()?, quotes(line)))),
        })
    }

    /// Parses one line without its line end.
    ///
    /// # Errors
    /// The part of the line that is wrong.
    pub(crate) fn parse<'a>(&self, line: &'a [u8]) -> Result<LogLine<'a>, UnreadableReason> {
        self.shape.parse(line, &self.latency)
    }

    /// Whether a line without a line end is certainly whole: it ends with a quote or a brace, as the first
    /// line does, and has as many quotes.
    pub(crate) fn is_whole(&self, line: &[u8]) -> bool {
        let Some((last, count)) = self.first.filter(|(last, _)| matches!(last, b'"' | b'}')) else {
            return false;
        };
        line.last() == Some(&last) && (quotes(line) >= count || self.shape == Shape::Json)
    }

    /// Parses a line in every shape, and passes on its path.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn parse_in_every_shape(line: &[u8], mut with: impl FnMut(&str)) {
        for shape in Shape::ALL {
            let found = shape.detect(&[line]);
            if let Ok(line) = shape.parse(line, &found.latency) {
                with(&line.path);
            }
        }
    }
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.latency.is_empty() {
            write!(f, "{}; no latency in these lines: ", self.name)?;
            let hint = self.hint.as_deref();
            return f
                .write_str(hint.unwrap_or("if they have one, name it with --latency NAME:UNIT"));
        }
        write!(f, "{}; latency: ", self.name)?;
        for (number, field) in self.latency.iter().enumerate() {
            write!(f, "{}{field}", if number > 0 { ", or else " } else { "" })?;
        }
        Ok(())
    }
}

fn quotes(line: &[u8]) -> usize {
    line.iter().filter(|byte| **byte == b'"').count()
}

#[cfg(test)]
mod tests;
