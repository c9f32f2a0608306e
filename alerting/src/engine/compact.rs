//! Values of at least 0 in two bytes, for what is kept of every hour or quarter of an hour.

/// Codes of an octave: a code is within 0.04 % of its value.
const CODES_PER_OCTAVE: f64 = 1_024.0;
/// The lowest value with a code of its own is 2 to this.
const OCTAVE_MIN: f64 = -32.0;

/// A value's place on a logarithmic scale. Codes are ordered as their values; 0 has its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Code(u16);

impl Code {
    /// Stands for a value that is not known. It comes after every other.
    pub(super) const UNKNOWN: Self = Self(u16::MAX);

    /// The nearest code.
    pub(super) fn new(value: f64) -> Self {
        if value <= 0.0 {
            return Self(0);
        }
        let code = 1.0 + (value.log2() - OCTAVE_MIN) * CODES_PER_OCTAVE;
        Self(code.round().clamp(1.0, f64::from(u16::MAX - 1)) as u16)
    }

    /// The value; `None` of what is not known.
    pub(super) fn value(self) -> Option<f64> {
        match self {
            Self::UNKNOWN => None,
            Self(0) => Some(0.0),
            Self(code) => Some((f64::from(code - 1) / CODES_PER_OCTAVE + OCTAVE_MIN).exp2()),
        }
    }
}

#[cfg(test)]
mod tests;
