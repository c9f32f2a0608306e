//! How long a stream is usually silent at a time of the day, learned from the longest silence of each
//! quarter of an hour on the last days.
//!
//! Silences of a regular stream are alike, those of a random one vary as much as they are long. So the usual
//! silence is their mean and a multiple of their variance by their mean. Quarters around the time are added
//! until there are enough silences, or silences that are alike. The day with the longest ones may have been
//! a fault and does not count.

use crate::engine::calendar::{DayKind, LocalQuarter, QUARTER_MIN, QUARTERS};
use crate::engine::sensor::profile::{DAYS, Profile};

/// Weight of the variance by the mean. Random silences exceed three times the usual one once in ten million.
const VARIANCE_WEIGHT: f64 = 8.0;
/// How many silences of the mean length fit into the time that is enough.
const SILENCES_MIN: f64 = 30.0;
/// Silences are alike when their variance by the square of their mean is below this.
const ALIKE: f64 = 0.05;
/// Quarters before and after the time, in order.
const REACHES: [usize; 8] = [2, 4, 8, 12, 16, 24, 32, 48];
/// The least of them when one day is known, and when two are.
const REACH_OF_ONE_DAY: usize = 8;
const REACH_OF_TWO_DAYS: usize = 4;
/// From how many days on the one with the longest silences does not count.
const DAYS_WITH_FAULT: usize = 3;

/// The usual silence in minutes; `None` when no day of the kind is known. Near a day of another kind the
/// longer one of both counts, and after a change of the clocks that of the same quarter before it.
pub(super) fn usual_silence_min(profile: &Profile, at: LocalQuarter) -> Option<f64> {
    let before = (at.quarter + QUARTERS - at.put_forward) % QUARTERS;
    let quarters = [at.quarter, before];
    let quarters = &quarters[..1 + usize::from(at.put_forward > 0)];
    let kinds = [Some(at.kind), at.near].into_iter().flatten();
    let usual = kinds.flat_map(|kind| quarters.iter().map(move |quarter| (kind, *quarter)));
    let usual = usual.filter_map(|(kind, quarter)| around(profile, kind, quarter));
    profile.days(at.kind, at.quarter)?;
    usual.reduce(f64::max)
}

/// The usual silence around a quarter.
fn around(profile: &Profile, kind: DayKind, quarter: usize) -> Option<f64> {
    let known = profile.days(kind, quarter)?.iter().filter_map(|it| it.value()).count();
    let least = match known {
        1 => REACH_OF_ONE_DAY,
        2 => REACH_OF_TWO_DAYS,
        _ => 0,
    };
    let mut usual = None;
    for reach in REACHES.into_iter().filter(|reach| *reach >= least) {
        let days = silences(profile, kind, quarter, reach);
        let count = days.iter().map(Vec::len).sum::<usize>() as f64;
        let mean_min = days.iter().flatten().sum::<f64>() / count;
        let deviations = days.iter().flatten().map(|it| (it - mean_min).powi(2));
        let variance = deviations.sum::<f64>() / count;
        let dispersion = if mean_min > 0.0 { variance / mean_min } else { 0.0 };
        usual = Some(mean_min + VARIANCE_WEIGHT * dispersion);
        let is_enough = count * QUARTER_MIN as f64 >= SILENCES_MIN * mean_min;
        let are_alike = days.len() > 1 && variance < ALIKE * mean_min.powi(2);
        if is_enough || are_alike {
            break;
        }
    }
    usual
}

/// The longest silences of the quarters around one, by day. Today does not count.
fn silences(profile: &Profile, kind: DayKind, quarter: usize, reach: usize) -> Vec<Vec<f64>> {
    let mut days = vec![Vec::new(); DAYS];
    for around in 0..=2 * reach {
        // Quarters before the present one are known of today too.
        let today = usize::from(around < reach);
        let values = profile.days(kind, quarter + QUARTERS + around - reach);
        for (day, value) in values.into_iter().flatten().skip(today).enumerate() {
            days[day].extend(value.value());
        }
    }
    days.retain(|day| !day.is_empty());
    let mean = |day: &[f64]| day.iter().sum::<f64>() / day.len() as f64;
    days.sort_by(|one, other| mean(one).total_cmp(&mean(other)));
    if days.len() >= DAYS_WITH_FAULT {
        days.pop();
    }
    days
}

#[cfg(test)]
mod tests;
