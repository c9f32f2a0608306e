//! What the client prefers: headers such as `Accept` and `Accept-Encoding` (RFC 9110, section 12.5).

use axum::http::{HeaderMap, HeaderName};

/// Choices of one header beyond this many are ignored.
const CHOICES_MAX: usize = 64;

/// The choices that a header lists, in lower case, each with its quality in thousandths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Preferences(Vec<(String, u16)>);

impl Preferences {
    /// Reads every occurrence of a header. Parameters other than `q` are ignored; so is a choice whose
    /// quality is not a number from 0 to 1.
    pub(crate) fn of(headers: &HeaderMap, name: &HeaderName) -> Self {
        let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
        let choices = values.flat_map(|value| value.split(',')).filter_map(choice);
        Self(choices.take(CHOICES_MAX).collect())
    }

    /// Whether the client has no preference.
    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The quality of something that has these names, the most specific first; `None` when none is listed.
    pub(crate) fn quality(&self, names: &[&str]) -> Option<u16> {
        let of = |name: &&str| self.0.iter().find(|(listed, _)| listed == name);
        names.iter().find_map(of).map(|(_, quality)| *quality)
    }
}

fn choice(text: &str) -> Option<(String, u16)> {
    let mut parts = text.split(';').map(str::trim);
    let name = parts.next().filter(|name| !name.is_empty())?.to_ascii_lowercase();
    let quality =
        parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
    let quality: f32 = quality.map_or(Ok(1.0), str::parse).ok()?;
    (0.0..=1.0).contains(&quality).then(|| (name, (quality * 1e3).round() as u16))
}

#[cfg(test)]
mod tests;
