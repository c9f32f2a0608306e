//! The progress bar of an import: on a terminal only, so that scripts and logs stay clean.

use indicatif::{HumanCount, ProgressBar, ProgressStyle};

/// Shows bytes, lines a second and the time left on the standard error.
#[derive(Debug)]
pub(crate) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// A bar for a file of a known size, a counter for a stream.
    pub(crate) fn new(size_bytes: Option<u64>) -> Self {
        // Draws on the standard error, and nothing at all when that is no terminal.
        let (bar, template) = match size_bytes {
            Some(size) => {
                (ProgressBar::new(size), "{wide_bar} {bytes}/{total_bytes}  {msg}  {eta} left")
            }
            None => (ProgressBar::new_spinner(), "{spinner} {bytes}  {msg}  {elapsed}"),
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        Self { bar }
    }

    /// Never shows anything.
    #[cfg(test)]
    pub(crate) fn hidden() -> Self {
        Self { bar: ProgressBar::hidden() }
    }

    /// Says how far the import has come.
    pub(super) fn update(&self, bytes_read: u64, lines: u64) {
        if self.bar.is_hidden() {
            return;
        }
        let elapsed_s = self.bar.elapsed().as_secs_f64().max(0.001);
        let per_second = HumanCount((lines as f64 / elapsed_s) as u64);
        self.bar.set_message(format!("{per_second} lines/s"));
        self.bar.set_position(bytes_read);
    }

    /// Takes the bar away, so that the summary stands alone.
    pub(super) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
