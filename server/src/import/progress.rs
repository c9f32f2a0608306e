//! A progress bar for reading a file. It appears only on a terminal, so that scripts and logs stay clean.

use indicatif::{HumanCount, ProgressBar, ProgressStyle};

/// Shows the progress, the rate and the time left on stderr.
#[derive(Debug)]
pub(crate) struct Progress {
    bar: ProgressBar,
    /// The unit of the rate.
    unit: &'static str,
}

impl Progress {
    /// A bar for a file of a known size, a counter for a stream.
    pub(crate) fn new(size_bytes: Option<u64>) -> Self {
        let (bar, template) = match size_bytes {
            Some(size) => {
                (ProgressBar::new(size), "{wide_bar} {bytes}/{total_bytes}  {msg}  {eta} left")
            }
            None => (ProgressBar::new_spinner(), "{spinner} {bytes}  {msg}  {elapsed}"),
        };
        Self::styled(bar, template, "lines")
    }

    /// A bar for some slots of stored cells.
    pub(crate) fn of_slots(count: u64) -> Self {
        Self::styled(ProgressBar::new(count), "{wide_bar} {percent} %  {msg}  {eta} left", "cells")
    }

    /// Draws on stderr, and nothing if that is not a terminal.
    fn styled(bar: ProgressBar, template: &str, unit: &'static str) -> Self {
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        Self { bar, unit }
    }

    /// Never shows anything.
    #[cfg(test)]
    pub(crate) fn hidden() -> Self {
        Self { bar: ProgressBar::hidden(), unit: "lines" }
    }

    /// Shows a position, and the rate from a count of units.
    pub(crate) fn update(&self, position: u64, count: u64) {
        if self.bar.is_hidden() {
            return;
        }
        let elapsed_s = self.bar.elapsed().as_secs_f64().max(0.001);
        let per_second = HumanCount((count as f64 / elapsed_s) as u64);
        self.bar.set_message(format!("{per_second} {}/s", self.unit));
        self.bar.set_position(position);
    }

    /// Removes the bar, so that only the summary remains.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
