//! A summary of a long step, spread over the slots of the step.
//!
//! The items of a summary are numbered, class by class and bucket by bucket, and dealt to the slots in turn.
//! So each slot gets its share of every class and of short and long durations, and the parts add up to the
//! summary exactly. The turn goes through the slots in steps near the golden ratio: few items lie far apart
//! too.

use super::bucket::{Bucket, bucket_lower_s, bucket_upper_s};
use super::cell::Cell;
use super::histogram::Histogram;
use super::time::{Slot, SlotWidth, TimestampMs};

/// Part of the slots that the turn advances by: an item lies far from those shortly before it.
const GOLDEN_RATIO: f64 = 0.618_033_988_749_894_8;
/// A heartbeat is repeated this often within its step, in ms.
const HEARTBEAT_MS: i64 = 60_000;

impl Cell {
    /// The parts of a summary of so many slots from `first` on, in the order of slots. They add up to it
    /// exactly. Slots without items are left out; a summary without items, which is a heartbeat, has a part
    /// for each minute.
    #[must_use]
    pub fn spread(&self, first: Slot, slots: u32, width: SlotWidth) -> Vec<(Slot, Self)> {
        let turn = turn(slots);
        let mut parts = vec![Self::default(); turn.len()];
        let mut deal = Deal { turn: &turn, next: 0 };
        for (class, count) in self.outcomes.iter() {
            deal.count(count, |slot, count| parts[slot].outcomes.add(class, count));
        }
        for (part, durations) in parts.iter_mut().zip(spread_durations(&self.durations, &turn)) {
            part.durations = durations;
        }
        let is_heartbeat = parts.iter().all(|part| *part == Self::default());
        let minute = width.slots_in(HEARTBEAT_MS).max(1);
        let is_kept = |(slot, part): &(u32, Self)| match is_heartbeat {
            true => (slots - 1 - slot).is_multiple_of(minute),
            false => *part != Self::default(),
        };
        let parts = (0..slots).zip(parts).filter(is_kept);
        let mut parts: Vec<(Slot, Self)> =
            parts.map(|(slot, part)| (first.plus(slot), part)).collect();
        if let (Some(last_at), Some((last, earlier))) = (self.last_at, parts.split_last_mut()) {
            last.1.last_at = Some(last_at);
            if !is_heartbeat {
                for (slot, part) in earlier {
                    part.last_at = Some(last_at.min(TimestampMs(width.end(*slot).0 - 1)));
                }
            }
        }
        parts
    }
}

/// Every slot once, each far from those shortly before it.
fn turn(slots: u32) -> Vec<usize> {
    let slots = slots.max(1);
    let near = (f64::from(slots) * GOLDEN_RATIO).round() as u32;
    let by = (near.max(1)..).find(|by| greatest_common_divisor(*by, slots) == 1).unwrap_or(1);
    let by = u64::from(by);
    (0..u64::from(slots)).map(|item| (item * by % u64::from(slots)) as usize).collect()
}

const fn greatest_common_divisor(mut one: u32, mut other: u32) -> u32 {
    while other > 0 {
        (one, other) = (other, one % other);
    }
    one
}

/// Deals items to slots in turn.
struct Deal<'a> {
    turn: &'a [usize],
    /// Whose turn it is.
    next: usize,
}

impl Deal<'_> {
    /// Deals so many items. `give` receives the position of a slot and how many of them it gets, once for
    /// each slot that gets any.
    fn count(&mut self, count: u64, mut give: impl FnMut(usize, u64)) {
        let slots = self.turn.len();
        let (each, rest) = (count / slots as u64, (count % slots as u64) as usize);
        let served = if each > 0 { slots } else { rest };
        for position in 0..served {
            let slot = self.turn[(self.next + position) % slots];
            give(slot, each + u64::from(position < rest));
        }
        self.next = (self.next + rest) % slots;
    }
}

/// The parts of a histogram, by slot.
fn spread_durations(durations: &Histogram, turn: &[usize]) -> Vec<Histogram> {
    let mut zeros = vec![0; turn.len()];
    let mut buckets: Vec<Vec<Bucket>> = vec![Vec::new(); turn.len()];
    // The sum of each part lies between these, in µs.
    let mut bounds_us = vec![(0.0, 0.0); turn.len()];
    let mut deal = Deal { turn, next: 0 };
    deal.count(durations.zero_count(), |slot, count| zeros[slot] = count);
    for bucket in durations.buckets() {
        let border_us = |border_s: f64| border_s * 1e6;
        let lower_us = border_us(bucket_lower_s(durations.scale(), bucket.index));
        let upper_us = border_us(bucket_upper_s(durations.scale(), bucket.index));
        deal.count(bucket.count, |slot, count| {
            buckets[slot].push(Bucket { count, ..*bucket });
            bounds_us[slot].0 += lower_us * count as f64;
            bounds_us[slot].1 += upper_us * count as f64;
        });
    }
    let sums_us = spread_sum(durations.sum_us(), &bounds_us);
    let parts = zeros.into_iter().zip(buckets).zip(sums_us);
    parts
        .map(|((zeros, buckets), sum_us)| {
            let part = Histogram::from_parts(durations.scale(), zeros, sum_us, buckets);
            debug_assert!(part.is_some(), "the buckets are those of a histogram, in its order");
            part.unwrap_or_default()
        })
        .collect()
}

/// The parts of a sum, each as far between its bounds as the whole sum is between theirs. The parts add up to
/// the sum exactly.
fn spread_sum(sum_us: u64, bounds_us: &[(f64, f64)]) -> Vec<u64> {
    let lowest: f64 = bounds_us.iter().map(|(lower, _)| lower).sum();
    let highest: f64 = bounds_us.iter().map(|(_, upper)| upper).sum();
    let sum = sum_us as f64;
    let share = |(lower, upper): (f64, f64)| match (sum - lowest, highest - lowest) {
        (above, range) if above >= 0.0 && range > 0.0 => lower + (upper - lower) * above / range,
        // Less than the buckets allow: each part is as much too small.
        _ if lowest > 0.0 => lower * sum / lowest,
        _ => 0.0,
    };
    let last = bounds_us.iter().rposition(|(_, upper)| *upper > 0.0).unwrap_or(0);
    let (mut until, mut given) = (0.0, 0);
    let parts = bounds_us.iter().enumerate().map(|(slot, bounds)| {
        until += share(*bounds);
        let target = if slot >= last { sum_us } else { (until.round() as u64).min(sum_us) };
        let part = target.saturating_sub(given);
        given += part;
        part
    });
    parts.collect()
}

#[cfg(test)]
mod tests;
