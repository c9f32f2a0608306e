//! The parameter `top`: the groups that rank highest.

use plimsoll_storage::{CellSum, Columns, Store};

use crate::engine::{DURATIONS, OUTCOMES, activity_series};
use crate::select::{Grid, Group, Result};
use crate::statistics::ERRORS;

/// What groups are ranked by, the highest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rank {
    /// The 95th percentile of durations.
    P95,
    /// How many of [`ERRORS`] there were.
    Errors,
    /// How many items there were.
    Count,
}

impl Rank {
    /// Every rank.
    pub const ALL: [Self; 3] = [Self::P95, Self::Errors, Self::Count];

    /// The name used in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::P95 => "p95",
            Self::Errors => "errors",
            Self::Count => "count",
        }
    }

    const fn columns(self) -> Columns {
        match self {
            Self::P95 => DURATIONS,
            Self::Errors | Self::Count => OUTCOMES,
        }
    }

    fn of(self, sum: &CellSum) -> f64 {
        match self {
            Self::P95 => sum.quantile(0.95).map_or(0.0, |p95| p95.value_s),
            Self::Errors => sum.outcomes().sum_of(&ERRORS) as f64,
            Self::Count => sum.outcomes().total() as f64,
        }
    }
}

/// The `count` groups that rank highest over everything that the grid covers, the highest first. Groups of
/// equal rank keep their order. Groups that rank at zero are left out.
///
/// # Errors
/// The store cannot be read, or the budget of the grid is exceeded.
pub fn top(
    store: &Store,
    mut groups: Vec<Group>,
    grid: &Grid,
    rank: Rank,
    count: usize,
) -> Result<Vec<Group>> {
    let whole = grid.as_one(store.slot_width());
    let ranked = activity_series(store, groups.clone(), &whole, rank.columns(), |_, _, sum| {
        Some(rank.of(sum)).filter(|value| *value > 0.0)
    })?;
    let mut ranked: Vec<_> = ranked
        .into_iter()
        .filter_map(|series| Some((series.points.first().copied()?, series.labels)))
        .collect();
    ranked.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    ranked.truncate(count);
    let mut take = |labels| {
        let position = groups.iter().position(|group| group.labels == labels)?;
        Some(groups.swap_remove(position))
    };
    Ok(ranked.into_iter().filter_map(|(_, labels)| take(labels)).collect())
}
