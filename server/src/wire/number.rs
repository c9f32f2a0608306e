//! Numbers in answers.

/// A number without the error of the computation that made it: 0.35 and not 0.35000000000000003. It keeps 15
/// significant digits, which every number that was written with so many survives.
pub(crate) fn plain(number: f64) -> f64 {
    format!("{number:.14e}").parse().unwrap_or(number)
}

#[cfg(test)]
mod tests;
