//! `compare` and `compare_release`: another answer beside each point.

use plimsoll_query::Selector;
use plimsoll_storage::Label;

use crate::error::ApiError;
use crate::http::params::Params;
use crate::http::params::declare::{Query, Read};
use crate::http::params::kind::{Choice, Text, unexpected};

const DAY_MS: i64 = 86_400_000;

pub(crate) const COMPARE: Query<Choice<i64>> = Query::new(
    "compare",
    Choice(&[("1d", DAY_MS), ("1w", 7 * DAY_MS)]),
    "1d",
    "The same query a day or a week earlier, beside each point.",
);
pub(crate) const COMPARE_RELEASE: Query<Text> = Query::new(
    "compare_release",
    Text,
    "2.4.0,2.4.1",
    "Two releases side by side, and the difference from the first to the second.",
);

/// What an answer is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Comparison {
    /// Nothing.
    None,
    /// The same query, so many ms earlier.
    Earlier(i64),
    /// The query once for each of two releases.
    Releases([String; 2]),
}

/// Reads [`COMPARE`].
///
/// # Errors
/// 400 naming the parameter when it is wrong.
pub(crate) fn compare(params: &mut Params) -> Result<Comparison, ApiError> {
    Ok(params.read(&COMPARE)?.map_or(Comparison::None, Comparison::Earlier))
}

/// Reads [`COMPARE`] and [`COMPARE_RELEASE`], of which a query may have one.
///
/// # Errors
/// 400 naming the parameter that is wrong.
pub(crate) fn comparison(
    params: &mut Params,
    selector: &Selector,
    by: &[Label],
) -> Result<Comparison, ApiError> {
    let earlier = compare(params)?;
    let given = params.list(&COMPARE_RELEASE, 2)?;
    if given.is_empty() {
        return Ok(earlier);
    }
    let wrong = |detail: String| Err(ApiError::parameter(COMPARE_RELEASE.name(), detail));
    let selects = selector.labels.iter().any(|(label, _)| label == Label::Release);
    if earlier != Comparison::None || selects || by.contains(&Label::Release) {
        return wrong("cannot be combined with `compare`, `release` or `by=release`".into());
    }
    match <[String; 2]>::try_from(given) {
        Ok([a, b]) if a != b => Ok(Comparison::Releases([a, b])),
        Ok([a, _]) => wrong(unexpected(&a, "two different releases, such as 2.4.0,2.4.1")),
        Err(given) => wrong(unexpected(&given.join(","), "two releases, such as 2.4.0,2.4.1")),
    }
}
