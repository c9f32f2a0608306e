//! The time axis of a query: `window`, `start`, `end` and `step`.

use plimsoll_alerting::TIME_MIN;
use plimsoll_query::Grid;
use plimsoll_storage::{SlotWidth, TimestampMs};

use super::Params;
use super::declare::{Declared, Query, Read};
use super::kind::{DurationMs, Time};
use crate::error::ApiError;

const MINUTE_MS: i64 = 60 * 1000;
/// What takes the place of a slot in queries by the minute.
const MINUTE: SlotWidth = match SlotWidth::from_ms(MINUTE_MS) {
    Some(width) => width,
    None => SlotWidth::DEFAULT,
};
/// The window of most queries, in ms.
pub(crate) const WINDOW_MS_DEFAULT: i64 = 5 * MINUTE_MS;

const WINDOW: Query<DurationMs> = Query::new(
    "window",
    DurationMs,
    "5m",
    "How long the window before each point is, in whole slots.",
);
const START: Query<Time> = Query::new(
    "start",
    Time,
    "2026-11-20T19:00:00Z",
    "The first point, rounded up to the end of its slot. Without it there is one point: for the window that \
     ends at `end`, or now.",
);
const END: Query<Time> = Query::new(
    "end",
    Time,
    "2026-11-20T19:10:00Z",
    "The last point, rounded like `start`; now when left out.",
)
.needs("start=2026-11-20T19:00:00Z");
const STEP: Query<DurationMs> = Query::new(
    "step",
    DurationMs,
    "1m",
    "How far apart points are, in whole slots. With `start` alone there is one point for the whole range.",
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
    /// Windows and steps are whole slots. A point inside a slot is moved to the end of that slot; a range
    /// holds every slot that it touches.
    ///
    /// # Errors
    /// 400 naming a parameter that is wrong.
    pub(crate) fn grid(
        &mut self,
        clock: SlotClock,
        window_ms_default: i64,
    ) -> Result<Grid, ApiError> {
        self.times()?.grid(clock.open_end(), window_ms_default, clock.width)
    }

    /// Reads [`RANGE`] as a grid of one point.
    ///
    /// # Errors
    /// 400 naming a parameter that is wrong.
    pub(crate) fn range(&mut self, clock: SlotClock) -> Result<Grid, ApiError> {
        let window_ms = self.read(&WINDOW)?;
        let (start, end) = (self.read(&START)?, self.read(&END)?);
        let times = Times { window_ms, start, end, step_ms: None };
        times.grid(clock.open_end(), WINDOW_MS_DEFAULT, clock.width)
    }

    /// Reads [`GRID`] in whole minutes, because older cells are kept by the minute: minutes take the place of
    /// slots. A window that ends now ends with the last whole minute.
    ///
    /// # Errors
    /// 400 naming a parameter that is wrong.
    pub(crate) fn grid_of_minutes(&mut self, now: TimestampMs) -> Result<Grid, ApiError> {
        let last_minute = MINUTE.start(MINUTE.slot_of(now));
        self.times()?.grid(last_minute, WINDOW_MS_DEFAULT, MINUTE)
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
    /// The grid, in whole slots of a width. A range without an end goes up to `open_end`.
    fn grid(
        self,
        open_end: TimestampMs,
        window_ms_default: i64,
        width: SlotWidth,
    ) -> Result<Grid, ApiError> {
        let grid = self.points(open_end, window_ms_default, width)?;
        if width.start(grid.covers(width).start) < TIME_MIN {
            return Err(ApiError::parameter(WINDOW.name(), "reaches back before the year 2000"));
        }
        Ok(grid)
    }

    fn points(
        self,
        open_end: TimestampMs,
        window_ms_default: i64,
        width: SlotWidth,
    ) -> Result<Grid, ApiError> {
        let until = self.end.unwrap_or(open_end);
        let Some(start) = self.start else {
            if self.step_ms.is_some() {
                return Err(ApiError::parameter(STEP.name(), "needs `start`"));
            }
            return Ok(Grid::at(until, self.window_ms.unwrap_or(window_ms_default), width)?);
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
            Some(step_ms) => {
                let window_ms = self.window_ms.unwrap_or(step_ms);
                Grid::range((start, until), step_ms, window_ms, width)?
            }
            None => Grid::span((start, until), width)?,
        })
    }
}

#[cfg(test)]
mod tests;
