//! What questions are made of: parameters as selectors, windows and everything else that is asked.

use std::collections::BTreeSet;

use jiff::tz::TimeZone;
use plimsoll_query::limits::{
    BASELINE_WEEKS_MAX, HEATMAP_BUCKETS_MAX, HEATMAP_BUCKETS_MIN, TOP_MAX,
};
use plimsoll_query::{ClassRatio, Confidence, LatencyMeasures, Rank, Selector};
use plimsoll_storage::limits::EXEMPLARS_LIMIT_MAX;
use plimsoll_storage::{ExemplarKind, Label, LabelMatchers, Outcome, StreamKind};

use crate::error::ApiError;
use crate::http::params::matcher;
use crate::http::params::{Params, duration_ms, refused};

const MINUTE_MS: i64 = 60 * 1000;
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;
/// Quantiles or thresholds that one question may have.
const VALUES_MAX: usize = 32;
/// Buckets of a heat map, unless asked for others.
const BUCKETS_DEFAULT: usize = 40;
/// Weeks that a baseline looks back, unless asked for others.
const WEEKS_DEFAULT: usize = 4;

/// Exemplars of an answer, unless asked for others.
const EXEMPLARS_DEFAULT: usize = 10;

/// What a question is about when it does not say so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Defaults {
    /// The stream; `None` for every one.
    pub(crate) stream: Option<&'static str>,
    /// The window, in ms.
    pub(crate) window_ms: i64,
}

impl Defaults {
    /// Of questions about any stream.
    pub(crate) const ANY: Self = Self { stream: None, window_ms: 5 * MINUTE_MS };

    /// Of questions about a flow, where an event takes hours.
    pub(crate) const fn flow(stream: &'static str) -> Self {
        Self { stream: Some(stream), window_ms: DAY_MS }
    }
}

/// Another answer beside the one asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Contrast {
    /// None.
    Alone,
    /// The same question, so many ms earlier.
    Earlier(i64),
    /// The question once for each of two releases.
    Releases([String; 2]),
}

impl Params {
    /// `stream` (or `name` of gauges) and the labels. Without a stream every one is meant.
    pub(crate) fn selector(
        &mut self,
        kind: StreamKind,
        defaults: Defaults,
    ) -> Result<Selector, ApiError> {
        let name = match kind {
            StreamKind::Activity => "stream",
            StreamKind::Gauge => "name",
        };
        let stream = self.stream(name)?.or(defaults.stream.map(str::to_owned));
        Ok(Selector { kind, stream, labels: self.labels()? })
    }

    /// The name of a stream.
    pub(crate) fn stream(&mut self, name: &'static str) -> Result<Option<String>, ApiError> {
        let stream = self.one(name)?;
        if stream.as_ref().is_some_and(String::is_empty) {
            return Err(ApiError::parameter(name, "is empty; leave it out or name a stream"));
        }
        Ok(stream)
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
        for name in self.list("by", VALUES_MAX)? {
            let known = || format!("one of {}", Label::ALL.map(Label::as_str).join(", "));
            let label = Label::parse(&name).ok_or_else(|| refused("by", &name, &known()))?;
            if !labels.contains(&label) {
                labels.push(label);
            }
        }
        Ok(labels)
    }

    /// `q`, `under` and `apdex`: p50 and p95 when no quantile is named.
    pub(crate) fn timing(&mut self) -> Result<LatencyMeasures, ApiError> {
        let quantile = |text: &String| match text.parse::<f64>() {
            Ok(q) if q > 0.0 && q <= 1.0 => Ok(q),
            _ => Err(refused("q", text, "a number above 0 and up to 1, such as 0.95")),
        };
        let quantiles = self.list("q", VALUES_MAX)?;
        let quantiles = quantiles.iter().map(quantile).collect::<Result<Vec<_>, _>>()?;
        let under = self.list("under", VALUES_MAX)?;
        Ok(LatencyMeasures {
            quantiles: if quantiles.is_empty() { vec![0.5, 0.95] } else { quantiles },
            under_ms: under
                .iter()
                .map(|text| duration_ms("under", text))
                .collect::<Result<_, _>>()?,
            apdex_ms: self.duration_ms("apdex")?,
        })
    }

    /// `form=heatmap` with `buckets`, at most so many; `None` when points are asked for.
    pub(crate) fn heatmap(&mut self) -> Result<Option<usize>, ApiError> {
        let is_heatmap = self.choice("form", &[("points", false), ("heatmap", true)])?;
        if is_heatmap != Some(true) {
            self.refuse("buckets", "needs `form=heatmap`")?;
            return Ok(None);
        }
        for name in ["q", "under", "apdex", "compare", "compare_release"] {
            self.refuse(name, "is not answered with `form=heatmap`")?;
        }
        let buckets = self.number("buckets", &(HEATMAP_BUCKETS_MIN..=HEATMAP_BUCKETS_MAX))?;
        Ok(Some(buckets.unwrap_or(BUCKETS_DEFAULT)))
    }

    /// `of`, `to` and `confidence`: a ratio of outcome classes, to all of them unless said otherwise.
    pub(crate) fn class_ratio(&mut self) -> Result<Option<(ClassRatio, Confidence)>, ApiError> {
        let Some(ratio) = self.class_ratio_alone()? else {
            self.refuse("confidence", "needs `of`")?;
            return Ok(None);
        };
        Ok(Some((ratio, self.confidence()?)))
    }

    /// `of` and `to` alone.
    pub(crate) fn class_ratio_alone(&mut self) -> Result<Option<ClassRatio>, ApiError> {
        let of = self.classes("of")?;
        if of.is_empty() {
            self.refuse("to", "needs `of`")?;
            return Ok(None);
        }
        self.ratio_of(&of).map(Some)
    }

    /// `to`, which some classes are compared with.
    fn ratio_of(&mut self, of: &BTreeSet<Outcome>) -> Result<ClassRatio, ApiError> {
        let to = self.classes("to")?;
        if to.is_empty() {
            return Ok(ClassRatio::of_all(of));
        }
        ClassRatio::new(of, &to).ok_or_else(|| {
            let detail = "holds some classes of `of` and lacks others; give all of them or none";
            ApiError::parameter("to", detail)
        })
    }

    /// `confidence` of bounds.
    pub(crate) fn confidence(&mut self) -> Result<Confidence, ApiError> {
        let Some(text) = self.one("confidence")? else { return Ok(Confidence::DEFAULT) };
        let level = text.parse().ok().and_then(Confidence::new);
        level.ok_or_else(|| {
            refused("confidence", &text, "a number above 0 and below 1, such as 0.95")
        })
    }

    /// `which`, `of` and `limit`: the newest failures of some classes, all of them unless said
    /// otherwise, or the slowest events.
    pub(crate) fn exemplars(&mut self) -> Result<(ExemplarKind, usize), ApiError> {
        let is_slow = self.choice("which", &[("failed", false), ("slow", true)])?;
        let limit = self.number("limit", &(1..=EXEMPLARS_LIMIT_MAX))?.unwrap_or(EXEMPLARS_DEFAULT);
        if is_slow == Some(true) {
            self.refuse("of", "needs `which=failed`: slow events are of any class")?;
            return Ok((ExemplarKind::Slow, limit));
        }
        let of = self.classes("of")?;
        if let Some(class) = of.iter().find(|class| !class.is_failure()) {
            let known = Outcome::FAILURES.map(Outcome::as_str).join(", ");
            return Err(refused("of", class.as_str(), &format!("failures among {known}")));
        }
        let all = || Outcome::FAILURES.to_vec();
        let of = if of.is_empty() { all() } else { of.into_iter().collect() };
        Ok((ExemplarKind::Failed(of), limit))
    }

    fn classes(&mut self, name: &'static str) -> Result<BTreeSet<Outcome>, ApiError> {
        let class = |text: &String| {
            let known =
                || format!("classes among {}", Outcome::ALL.map(Outcome::as_str).join(", "));
            Outcome::parse(text).ok_or_else(|| refused(name, text, &known()))
        };
        self.list(name, VALUES_MAX)?.iter().map(class).collect()
    }

    /// `top` and `rank`: how many groups, and by what they are chosen.
    pub(crate) fn top(
        &mut self,
        by: &[Label],
        rank_default: Rank,
    ) -> Result<Option<(Rank, usize)>, ApiError> {
        let Some(count) = self.number("top", &(1..=TOP_MAX))? else {
            self.refuse("rank", "needs `top`")?;
            return Ok(None);
        };
        if by.is_empty() {
            return Err(ApiError::parameter("top", "needs `by`: it chooses among groups"));
        }
        let rank = self.choice("rank", &Rank::ALL.map(|rank| (rank.as_str(), rank)))?;
        Ok(Some((rank.unwrap_or(rank_default), count)))
    }

    /// `compare`: the same question earlier.
    pub(crate) fn compare(&mut self) -> Result<Contrast, ApiError> {
        let earlier = self.choice("compare", &[("1d", DAY_MS), ("1w", 7 * DAY_MS)])?;
        Ok(earlier.map_or(Contrast::Alone, Contrast::Earlier))
    }

    /// `compare` or `compare_release`.
    pub(crate) fn contrast(
        &mut self,
        selector: &Selector,
        by: &[Label],
    ) -> Result<Contrast, ApiError> {
        const NAME: &str = "compare_release";
        let earlier = self.compare()?;
        let given = self.list(NAME, 2)?;
        if given.is_empty() {
            return Ok(earlier);
        }
        let selects = selector.labels.iter().any(|(label, _)| label == Label::Release);
        if earlier != Contrast::Alone || selects || by.contains(&Label::Release) {
            let detail = "stands for itself: leave out `compare`, `release` and `by=release`";
            return Err(ApiError::parameter(NAME, detail));
        }
        match <[String; 2]>::try_from(given) {
            Ok([a, b]) if a != b => Ok(Contrast::Releases([a, b])),
            Ok([a, _]) => Err(refused(NAME, &a, "two different releases, such as 2.4.0,2.4.1")),
            Err(given) => Err(refused(NAME, &given.join(","), "two releases, such as 2.4.0,2.4.1")),
        }
    }

    /// `time_zone`, by its IANA name.
    pub(crate) fn time_zone(&mut self) -> Result<Option<TimeZone>, ApiError> {
        const NAME: &str = "time_zone";
        let known = |name: String| {
            let wanted = "an IANA name such as Europe/Berlin";
            TimeZone::get(&name).map_err(|_| refused(NAME, &name, wanted))
        };
        self.one(NAME)?.map(known).transpose()
    }

    /// `weeks` that a baseline looks back.
    pub(crate) fn weeks(&mut self) -> Result<u32, ApiError> {
        let weeks = self.number("weeks", &(1..=BASELINE_WEEKS_MAX as usize))?;
        Ok(weeks.unwrap_or(WEEKS_DEFAULT) as u32)
    }
}

#[cfg(test)]
mod tests;
