//! `window`, `start`, `end` and `step`: the windows of a question.

use plimsoll_query::Grid;
use plimsoll_storage::{SlotWidth, TimestampMs};

use crate::error::ApiError;
use crate::http::params::Params;
use crate::http::params::question::Defaults;

const MINUTE_MS: i64 = 60 * 1000;

/// When a question is asked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked {
    pub(crate) now: TimestampMs,
    pub(crate) width: SlotWidth,
}

impl Params {
    /// `window`, `start`, `end` and `step` as the points of the answer.
    ///
    /// Without `start` there is one point: for the window that ends at `end`, or now. With `start`
    /// and `step` there is a point at every step from `start` to `end`, each for the window before
    /// it, which is one step long unless said otherwise. With `start` and no `step` there is one
    /// point for the whole range, or, when a window is given, points one window apart.
    pub(crate) fn grid(&mut self, asked: Asked, defaults: Defaults) -> Result<Grid, ApiError> {
        let Asked { now, width } = asked;
        let times = self.times()?;
        if times.window_ms.is_some_and(|window_ms| window_ms < width.ms()) {
            let slot_s = width.ms() / 1000;
            let detail = format!("is shorter than a slot, which is {slot_s}s: it covers nothing");
            return Err(ApiError::parameter("window", detail));
        }
        times.grid(width.end(width.slot_of(now)), defaults)
    }

    /// `window`, `start` and `end` of a question that is answered for the whole stretch.
    pub(crate) fn stretch(&mut self, asked: Asked, defaults: Defaults) -> Result<Grid, ApiError> {
        let Asked { now, width } = asked;
        let window_ms = self.duration_ms("window")?;
        let times =
            Times { window_ms, start: self.time("start")?, end: self.time("end")?, step_ms: None };
        times.grid(width.end(width.slot_of(now)), defaults)
    }

    /// As [`Params::grid`], in whole minutes: older cells are kept by the minute. Times are rounded
    /// down to the minute; a window that ends now ends with the last whole minute.
    pub(crate) fn grid_of_minutes(
        &mut self,
        now: TimestampMs,
        defaults: Defaults,
    ) -> Result<Grid, ApiError> {
        let mut times = self.times()?;
        for (name, duration_ms) in [("window", times.window_ms), ("step", times.step_ms)] {
            if duration_ms.is_some_and(|ms| ms % MINUTE_MS != 0) {
                let detail = "must be whole minutes here: what is older is kept by the minute";
                return Err(ApiError::parameter(name, detail));
            }
        }
        let minute = |at: TimestampMs| TimestampMs(at.0.div_euclid(MINUTE_MS) * MINUTE_MS);
        times.start = times.start.map(minute);
        times.end = times.end.map(minute);
        times.grid(minute(now), defaults)
    }

    fn times(&mut self) -> Result<Times, ApiError> {
        Ok(Times {
            window_ms: self.duration_ms("window")?,
            start: self.time("start")?,
            end: self.time("end")?,
            step_ms: self.duration_ms("step")?,
        })
    }
}

/// The parameters of a grid, as given.
struct Times {
    window_ms: Option<i64>,
    start: Option<TimestampMs>,
    end: Option<TimestampMs>,
    step_ms: Option<i64>,
}

impl Times {
    fn grid(self, open_end: TimestampMs, defaults: Defaults) -> Result<Grid, ApiError> {
        let until = self.end.unwrap_or(open_end);
        let Some(start) = self.start else {
            if self.step_ms.is_some() {
                return Err(ApiError::parameter("step", "needs `start`"));
            }
            return Ok(Grid::at(until, self.window_ms.unwrap_or(defaults.window_ms))?);
        };
        if until < start {
            let detail = if self.end.is_some() {
                "lies before `start`"
            } else {
                "is now, which lies before `start`"
            };
            return Err(ApiError::parameter("end", detail));
        }
        Ok(match self.step_ms.or(self.window_ms) {
            Some(step_ms) => Grid::range(start, until, step_ms, self.window_ms.unwrap_or(step_ms))?,
            None => Grid::at(until, until.since_ms(start).max(1))?,
        })
    }
}

#[cfg(test)]
mod tests;
