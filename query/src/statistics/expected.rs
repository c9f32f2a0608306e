//! The expected value and its spread, from the values of a few past weeks.
//!
//! The expected value is the median. The spread is given by quartiles and the median absolute deviation. One
//! unusual week of four therefore changes neither much.

/// What a few past weeks lead to expect.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ExpectedValue {
    /// How many weeks have a value.
    pub weeks: u32,
    /// The median of their values.
    pub median: f64,
    /// The first quartile: a quarter of the values lies below.
    pub lower: f64,
    /// The third quartile: a quarter of the values lies above.
    pub upper: f64,
    /// The median absolute deviation from the median.
    pub mad: f64,
}

impl ExpectedValue {
    /// Summarizes the values of some weeks; `None` without a value.
    #[must_use]
    pub fn of(values: &[f64]) -> Option<Self> {
        let sorted = sorted(values.iter().copied());
        let median = quantile(&sorted, 0.5)?;
        let deviations = self::sorted(sorted.iter().map(|value| (value - median).abs()));
        Some(Self {
            weeks: u32::try_from(sorted.len()).unwrap_or(u32::MAX),
            median,
            lower: quantile(&sorted, 0.25)?,
            upper: quantile(&sorted, 0.75)?,
            mad: quantile(&deviations, 0.5)?,
        })
    }
}

fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut sorted: Vec<f64> = values.collect();
    sorted.sort_by(f64::total_cmp);
    sorted
}

/// A quantile of sorted values, interpolated between neighbours (definition 7 of R. J. Hyndman and Y. Fan,
/// 1996, The American Statistician 50).
fn quantile(sorted: &[f64], q: f64) -> Option<f64> {
    let place = q * sorted.len().checked_sub(1)? as f64;
    let below = *sorted.get(place.floor() as usize)?;
    let above = *sorted.get(place.ceil() as usize)?;
    Some(below + (above - below) * place.fract())
}

#[cfg(test)]
mod tests;
