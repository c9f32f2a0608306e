//! Backtests: rules replayed over history by the code that evaluates live.
//!
//! A [`History`] is a recording of pushes or the cells of a database. It says in chunks what became known
//! when. [`replay()`] reads and checks it on one thread, evaluates the rules on others, and combines their
//! results on one more. A few chunks wait between threads, so memory is that of the rules' windows and does
//! not grow with the history. [`report`] writes the results, [`variants`] compares thresholds, [`jobs`] runs
//! backtests on a server.

mod format;
mod history;
pub(crate) mod job;
pub(crate) mod jobs;
pub(crate) mod limits;
mod replay;
pub(crate) mod report;
mod results;
pub(crate) mod variants;

pub(crate) use format::{level_text, span};
#[cfg(fuzzing)]
pub(crate) use history::RawLine;
pub(crate) use history::{History, HistoryError, ReadSummary, partner_conditions};
pub(crate) use replay::{Replay, ReplayOptions, cores, replay};
pub(crate) use results::{ReplayResult, ReplayedScope, trigger_times};

#[cfg(test)]
mod tests;
