//! `top` and `rank`: only the groups that rank highest.

use plimsoll_query::Rank;
use plimsoll_query::limits::TOP_MAX;
use plimsoll_storage::Label;

use crate::error::ApiError;
use crate::http::params::Params;
use crate::http::params::declare::{Declared, Query, Read};
use crate::http::params::kind::{Choice, Integer};

const COUNT: Query<Integer> = Query::new(
    "top",
    Integer(1, TOP_MAX),
    "3",
    "Only so many groups: those with the highest rank over the whole range.",
)
.needs("by=partner");
const RANK: Query<Choice<Rank>> =
    Query::new("rank", Choice(&RANKS), "errors", "By what groups are chosen.")
        .needs("by=partner&top=3");
const RANKS: [(&str, Rank); 3] = {
    let [a, b, c] = Rank::ALL;
    [(a.as_str(), a), (b.as_str(), b), (c.as_str(), c)]
};

/// The parameters of [`top()`].
pub(crate) const TOP: [&dyn Declared; 2] = [&COUNT, &RANK];

/// How many groups are answered, and by what they are chosen; `None` for all.
///
/// # Errors
/// 400 naming a parameter that is wrong.
pub(crate) fn top(
    params: &mut Params,
    by: &[Label],
    rank_default: Rank,
) -> Result<Option<(Rank, usize)>, ApiError> {
    let Some(count) = params.read(&COUNT)? else {
        params.reject(&RANK, "needs `top`")?;
        return Ok(None);
    };
    if by.is_empty() {
        return Err(ApiError::parameter(COUNT.name(), "needs `by`: it chooses among groups"));
    }
    Ok(Some((params.read(&RANK)?.unwrap_or(rank_default), count)))
}
