//! Values of at least 0 in two bytes, for values of hours and quarters of an hour.

/// Codes per octave: the value of a code is within 0.04 % of the original.
const CODES_PER_OCTAVE: f64 = 1_024.0;
/// Smaller values than 2 to the power of this share a code.
const OCTAVE_MIN: f64 = -32.0;

/// A position on a logarithmic scale. Codes are ordered as their values; 0 has its own code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::engine) struct LogCode(u16);

impl LogCode {
    /// An unknown value. It is greater than every other code.
    pub(in crate::engine) const UNKNOWN: Self = Self(u16::MAX);

    /// The nearest code.
    pub(in crate::engine) fn new(value: f64) -> Self {
        if value <= 0.0 {
            return Self(0);
        }
        let code = 1.0 + (value.log2() - OCTAVE_MIN) * CODES_PER_OCTAVE;
        Self(code.round().clamp(1.0, f64::from(u16::MAX - 1)) as u16)
    }

    /// The value; `None` when it is unknown.
    pub(in crate::engine) fn value(self) -> Option<f64> {
        match self {
            Self::UNKNOWN => None,
            Self(0) => Some(0.0),
            Self(code) => Some((f64::from(code - 1) / CODES_PER_OCTAVE + OCTAVE_MIN).exp2()),
        }
    }
}

#[cfg(test)]
mod tests;
