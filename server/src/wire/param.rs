//! The parameters of a question: read from the query string, each refused by name when it is wrong.

use plimsoll_query::{Grid, Selector};
use plimsoll_storage::{Label, LabelMatchers, SlotWidth, StreamKind, TimestampMs};

use super::{matcher, push::truncated, time};
use crate::error::ApiError;

/// The window of a question that names none: five minutes.
const WINDOW_MS_DEFAULT: i64 = 5 * 60 * 1000;
/// Parameters a question may have; beyond it somebody plays.
const PARAMETERS_MAX: usize = 1_000;

/// The parameters of a request, taken one by one; what is left at the end is unknown.
#[derive(Debug)]
pub(crate) struct Params {
    pairs: Vec<(String, String)>,
    known: Vec<&'static str>,
}

impl Params {
    pub(crate) fn new(query: Option<&str>) -> Result<Self, ApiError> {
        let pairs: Vec<(String, String)> =
            form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned().collect();
        if pairs.len() > PARAMETERS_MAX {
            let detail =
                format!("and others come {} times, the limit is {PARAMETERS_MAX}", pairs.len());
            return Err(ApiError::parameter(&truncated(&pairs[0].0), detail));
        }
        Ok(Self { pairs, known: Vec::new() })
    }

    /// Every value of a parameter.
    pub(crate) fn all(&mut self, name: &'static str) -> Vec<String> {
        self.known.push(name);
        let (taken, left) =
            std::mem::take(&mut self.pairs).into_iter().partition(|(key, _)| key == name);
        self.pairs = left;
        let taken: Vec<(String, String)> = taken;
        taken.into_iter().map(|(_, value)| value).collect()
    }

    /// The value of a parameter that comes at most once.
    pub(crate) fn one(&mut self, name: &'static str) -> Result<Option<String>, ApiError> {
        let mut values = self.all(name);
        match values.len() {
            0 | 1 => Ok(values.pop()),
            count => {
                Err(ApiError::parameter(name, format!("comes {count} times, it takes one value")))
            }
        }
    }

    fn time(&mut self, name: &'static str) -> Result<Option<TimestampMs>, ApiError> {
        self.one(name)?.map(|text| parse_time(name, &text)).transpose()
    }

    fn duration_ms(&mut self, name: &'static str) -> Result<Option<i64>, ApiError> {
        let parse = |text: String| {
            time::parse_duration_ms(&text).ok_or_else(|| {
                let given = truncated(&text);
                ApiError::parameter(
                    name,
                    format!("is {given:?}; use a duration such as 30s, 5m or 2h"),
                )
            })
        };
        self.one(name)?.map(parse).transpose()
    }

    /// Refuses what no question has taken.
    pub(crate) fn end(self) -> Result<(), ApiError> {
        match self.pairs.first() {
            None => Ok(()),
            Some((name, _)) => {
                let detail = format!("is not known here; known are {}", self.known.join(", "));
                Err(ApiError::parameter(&truncated(name), detail))
            }
        }
    }

    /// `stream` (or `name` of gauges) and the labels. Without a stream every one is meant.
    pub(crate) fn selector(&mut self, kind: StreamKind) -> Result<Selector, ApiError> {
        let stream = match kind {
            StreamKind::Activity => self.one("stream")?,
            StreamKind::Gauge => self.one("name")?,
        };
        Ok(Selector { kind, stream, labels: self.labels()? })
    }

    /// The label parameters: see [`matcher::read`].
    pub(crate) fn labels(&mut self) -> Result<LabelMatchers, ApiError> {
        let mut matchers = LabelMatchers::new();
        for label in Label::ALL {
            matcher::read(label, self.all(label.as_str()), &mut matchers)?;
        }
        Ok(matchers)
    }

    /// `by`, repeated or with commas.
    pub(crate) fn by(&mut self) -> Result<Vec<Label>, ApiError> {
        let mut labels = Vec::new();
        for value in self.all("by") {
            for name in value.split(',') {
                let label = Label::parse(name).ok_or_else(|| {
                    let known = Label::ALL.map(Label::as_str).join(", ");
                    let given = truncated(name);
                    ApiError::parameter("by", format!("is {given:?}; the labels are {known}"))
                })?;
                if !labels.contains(&label) {
                    labels.push(label);
                }
            }
        }
        Ok(labels)
    }

    /// `q`, repeated or with commas; p50 and p95 when there is none.
    pub(crate) fn quantiles(&mut self) -> Result<Vec<f64>, ApiError> {
        let values = self.all("q");
        if values.is_empty() {
            return Ok(vec![0.5, 0.95]);
        }
        let parse = |text: &str| match text.parse::<f64>() {
            Ok(q) if q > 0.0 && q <= 1.0 => Ok(q),
            _ => {
                let given = truncated(text);
                Err(ApiError::parameter(
                    "q",
                    format!("is {given:?}; use a number above 0 and up to 1, such as 0.95"),
                ))
            }
        };
        values.iter().flat_map(|value| value.split(',')).map(parse).collect()
    }

    /// `window`, `start`, `end` and `step` as the points of the answer.
    ///
    /// Without `start` there is one point: for the window that ends at `end`, or now. With `start`
    /// and `step` there is a point at every step from `start` to `end`, each for the window before
    /// it, which is one step long unless said otherwise. With `start` and no `step` there is one
    /// point for the whole range, or, when a window is given, points one window apart.
    pub(crate) fn grid(&mut self, now: TimestampMs, width: SlotWidth) -> Result<Grid, ApiError> {
        let window = self.duration_ms("window")?;
        let (start, end) = (self.time("start")?, self.time("end")?);
        let step = self.duration_ms("step")?;
        let open_end = width.end(width.slot_of(now));
        let until = end.unwrap_or(open_end);
        let Some(start) = start else {
            if step.is_some() {
                return Err(ApiError::parameter("step", "needs `start`"));
            }
            return Ok(Grid::at(until, window.unwrap_or(WINDOW_MS_DEFAULT))?);
        };
        if until < start {
            return Err(ApiError::parameter("end", "lies before `start`"));
        }
        Ok(match step.or(window) {
            Some(step) => Grid::range(start, until, step, window.unwrap_or(step))?,
            None => Grid::at(until, until.since_ms(start).max(1))?,
        })
    }
}

fn parse_time(name: &str, text: &str) -> Result<TimestampMs, ApiError> {
    time::parse(text).ok_or_else(|| {
        let given = truncated(text);
        ApiError::parameter(
            name,
            format!("is {given:?}; use RFC 3339 (2026-11-20T19:04:40Z) or epoch milliseconds"),
        )
    })
}
