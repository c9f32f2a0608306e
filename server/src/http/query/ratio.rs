//! `of`, `to` and `confidence`: the ratio of outcome classes.

use std::collections::BTreeSet;

use plimsoll_query::{ClassRatio, Confidence};
use plimsoll_storage::Outcome;

use crate::error::ApiError;
use crate::http::params::Params;
use crate::http::params::declare::{Query, Read, Repeated, WithDefault};
use crate::http::params::kind::{Level, OutcomeClass};

pub(crate) const OF: Repeated<OutcomeClass> =
    Query::new("of", OutcomeClass, "5xx", "Classes that are counted for a ratio.").repeated();
pub(crate) const TO: Repeated<OutcomeClass> = Query::new(
    "to",
    OutcomeClass,
    "2xx",
    "Classes they are compared with; all when left out. All of `of` are among them, or none.",
)
.repeated()
.needs("of=5xx");
pub(crate) const CONFIDENCE: WithDefault<Level> = Query::new(
    "confidence",
    Level,
    "0.99",
    "The probability that the bounds of a ratio contain it; 0.95 when left out.",
)
.or(Confidence::DEFAULT);

/// Reads [`OF`] and [`TO`]: the ratio of some outcome classes to all or to others.
///
/// # Errors
/// 400 naming the parameter that is wrong.
pub(crate) fn class_ratio(params: &mut Params) -> Result<Option<ClassRatio>, ApiError> {
    let of = classes(params, &OF)?;
    if of.is_empty() {
        params.reject(&TO, "needs `of`")?;
        return Ok(None);
    }
    let to = classes(params, &TO)?;
    if to.is_empty() {
        return Ok(Some(ClassRatio::of_all(&of)));
    }
    ClassRatio::new(&of, &to).map(Some).ok_or_else(|| {
        let detail = "holds some classes of `of` and lacks others; give all of them or none";
        ApiError::parameter(TO.name(), detail)
    })
}

fn classes(
    params: &mut Params,
    parameter: &Repeated<OutcomeClass>,
) -> Result<BTreeSet<Outcome>, ApiError> {
    Ok(params.read(parameter)?.into_iter().collect())
}
