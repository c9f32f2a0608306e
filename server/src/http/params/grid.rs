//! The time axis of a query: `window`, `start`, `end` and `step`.

use plimsoll_query::Grid;
use plimsoll_storage::{SlotWidth, TimestampMs};

use super::Params;
use super::declare::{Declared, Query, Read};
use super::kind::{DurationMs, Time};
use crate::error::ApiError;

const MINUTE_MS: i64 = 60 * 1000;
/// The window of most queries, in ms.
pub(crate) const WINDOW_MS_DEFAULT: i64 = 5 * MINUTE_MS;

const WINDOW: Query<DurationMs> =
    Query::new("window", DurationMs, "5m", "How long the window before each point is.");
const START: Query<Time> = Query::new(
    "start",
    Time,
    "2026-11-20T19:00:00Z",
    "The first point. Without it there is one point: for the window that ends at `end`, or now.",
);
const END: Query<Time> =
    Query::new("end", Time, "2026-11-20T19:10:00Z", "The last point; now when left out.")
        .needs("start=2026-11-20T19:00:00Z");
const STEP: Query<DurationMs> = Query::new(
    "step",
    DurationMs,
    "1m",
    "How far apart points are. With `start` alone there is one point for the whole range.",
)
.needs("start=2026-11-20T19:00:00Z&end=2026-11-20T19:10:00Z");

/// The points of an answer.
pub(crate) const GRID: [&dyn Declared; 4] = [&WINDOW, &START, &END, &STEP];
/// One range of time.
pub(crate) const RANGE: [&dyn Declared; 3] = [&WINDOW, &START, &END];

/// The clock of a query: its time, and the slots of the store.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SlotClock {
    pub(crate) now: TimestampMs,
    pub(crate) width: SlotWidth,
}

impl SlotClock {
    /// The end of the open slot.
    fn open_end(self) -> TimestampMs {
        self.width.end(self.width.slot_of(self.now))
    }
}

impl Params {
    /// Reads [`GRID`].
    ///
    /// Without `start` there is one point, for the window that ends at `end` or now. With `start` and `step`
    /// there is a point at every step from `start` to `end`, each for the window before it; the window is one
    /// step long by default. With `start` and no `step` there is one point for the whole range or, when a
    /// window is given, points one window apart.
    ///
    /// # Errors
    /// 400 naming a parameter that is wrong.
    pub(crate) fn grid(
        &mut self,
        clock: SlotClock,
        window_ms_default: i64,
    ) -> Result<Grid, ApiError> {
        let times = self.times()?;
        if times.window_ms.is_some_and(|window_ms| window_ms < clock.width.ms()) {
            let slot_s = clock.width.ms() / 1000;
            let detail = format!("is shorter than a slot, which is {slot_s}s: it covers nothing");
            return Err(ApiError::parameter(WINDOW.name(), detail));
        }
        times.grid(clock.open_end(), window_ms_default)
    }

    /// Reads [`RANGE`] as a grid of one point.
    ///
    /// # Errors
    /// 400 naming a parameter that is wrong.
    pub(crate) fn range(&mut self, clock: SlotClock) -> Result<Grid, ApiError> {
        let window_ms = self.read(&WINDOW)?;
        let (start, end) = (self.read(&START)?, self.read(&END)?);
        let times = Times { window_ms, start, end, step_ms: None };
        times.grid(clock.open_end(), WINDOW_MS_DEFAULT)
    }

    /// Reads [`GRID`] in whole minutes, because older cells are kept by the minute. Times are rounded down to
    /// the minute; a window that ends now ends with the last whole minute.
    ///
    /// # Errors
    /// 400 naming a parameter that is wrong.
    pub(crate) fn grid_of_minutes(&mut self, now: TimestampMs) -> Result<Grid, ApiError> {
        let mut times = self.times()?;
        for (parameter, duration_ms) in [(WINDOW, times.window_ms), (STEP, times.step_ms)] {
            if duration_ms.is_some_and(|ms| ms % MINUTE_MS != 0) {
                let detail = "must be whole minutes here: what is older is kept by the minute";
                return Err(ApiError::parameter(parameter.name(), detail));
            }
        }
        let minute = |at: TimestampMs| TimestampMs(at.0.div_euclid(MINUTE_MS) * MINUTE_MS);
        times.start = times.start.map(minute);
        times.end = times.end.map(minute);
        times.grid(minute(now), WINDOW_MS_DEFAULT)
    }

    fn times(&mut self) -> Result<Times, ApiError> {
        Ok(Times {
            window_ms: self.read(&WINDOW)?,
            start: self.read(&START)?,
            end: self.read(&END)?,
            step_ms: self.read(&STEP)?,
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
    /// The grid. A range without an end goes up to `open_end`.
    fn grid(self, open_end: TimestampMs, window_ms_default: i64) -> Result<Grid, ApiError> {
        let until = self.end.unwrap_or(open_end);
        let Some(start) = self.start else {
            if self.step_ms.is_some() {
                return Err(ApiError::parameter(STEP.name(), "needs `start`"));
            }
            return Ok(Grid::at(until, self.window_ms.unwrap_or(window_ms_default))?);
        };
        if until < start {
            let detail = if self.end.is_some() {
                "lies before `start`"
            } else {
                "is now, which lies before `start`"
            };
            return Err(ApiError::parameter(END.name(), detail));
        }
        Ok(match self.step_ms.or(self.window_ms) {
            Some(step_ms) => Grid::range(start, until, step_ms, self.window_ms.unwrap_or(step_ms))?,
            None => Grid::at(until, until.since_ms(start).max(1))?,
        })
    }
}

#[cfg(test)]
mod tests;
