//! The selection of columns that a reader decodes.

/// Which columns of activity cells a reader decodes; the others stay empty. Gauges are always read whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Columns {
    /// Counts by outcome class.
    pub outcomes: bool,
    /// Scale, zeros and buckets of durations.
    pub durations: bool,
    /// The sums of durations.
    pub sums: bool,
    /// The newest event times.
    pub last_at: bool,
}

impl Columns {
    /// Every column.
    pub const ALL: Self = Self { outcomes: true, durations: true, sums: true, last_at: true };
}
