//! The newest minutes of a group as counts: how many items, and how many of them were bad at each
//! severity. A ring, so its size is fixed and adding to the past is as cheap as adding to the present.

/// How many minutes a ring holds: the longest window, and the minute that is still open.
const MINUTES: usize = crate::limits::SCAN_WINDOW_MIN_MAX as usize + 1;

/// Counts of one minute. They saturate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Tally {
    /// Items.
    pub(super) all: u32,
    /// Items that are bad, by severity: warning, critical.
    pub(super) bad: [u32; 2],
}

impl Tally {
    pub(super) const fn add(&mut self, other: Self) {
        self.all = self.all.saturating_add(other.all);
        self.bad[0] = self.bad[0].saturating_add(other.bad[0]);
        self.bad[1] = self.bad[1].saturating_add(other.bad[1]);
    }
}

/// The newest minutes. Minutes are numbered since 1970.
#[derive(Debug, Clone)]
pub(super) struct Minutes {
    tallies: Box<[Tally; MINUTES]>,
    /// The newest minute anything was added to.
    newest: i64,
    /// The newest minute that holds something bad.
    newest_bad: i64,
}

impl Default for Minutes {
    fn default() -> Self {
        let tallies = Box::new([Tally::default(); MINUTES]);
        Self { tallies, newest: i64::MIN / 2, newest_bad: i64::MIN / 2 }
    }
}

impl Minutes {
    /// Adds to a minute. What is older than the ring reaches is let go.
    pub(super) fn add(&mut self, minute: i64, tally: Tally) {
        self.reach(minute);
        if minute <= self.newest - MINUTES as i64 {
            return;
        }
        if tally.bad[0] > 0 || tally.bad[1] > 0 {
            self.newest_bad = self.newest_bad.max(minute);
        }
        if let Some(held) = self.tallies.get_mut(position(minute)) {
            held.add(tally);
        }
    }

    /// Forgets the minutes up to one, as after an alert has ended.
    pub(super) fn forget(&mut self, through: i64) {
        for minute in self.newest - MINUTES as i64 + 1..=through.min(self.newest) {
            if let Some(held) = self.tallies.get_mut(position(minute)) {
                *held = Tally::default();
            }
        }
        if self.newest_bad <= through {
            self.newest_bad = i64::MIN / 2;
        }
    }

    /// The newest minute that anything was added to.
    pub(super) const fn newest(&self) -> i64 {
        self.newest
    }

    /// The newest minute that holds something bad.
    pub(super) const fn newest_bad(&self) -> i64 {
        self.newest_bad
    }

    /// Counts of a minute; nothing of one that the ring does not hold.
    pub(super) fn get(&self, minute: i64) -> Tally {
        if minute > self.newest || minute <= self.newest - MINUTES as i64 {
            return Tally::default();
        }
        self.tallies.get(position(minute)).copied().unwrap_or_default()
    }

    /// Makes `minute` part of the ring.
    fn reach(&mut self, minute: i64) {
        if minute <= self.newest {
            return;
        }
        let fresh = (minute - self.newest).min(MINUTES as i64);
        for emptied in minute - fresh + 1..=minute {
            if let Some(held) = self.tallies.get_mut(position(emptied)) {
                *held = Tally::default();
            }
        }
        self.newest = minute;
    }
}

fn position(minute: i64) -> usize {
    minute.rem_euclid(MINUTES as i64) as usize
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tally(all: u32, bad: u32) -> Tally {
        Tally { all, bad: [bad, bad] }
    }

    proptest! {
        #[test]
        fn any_order_of_arrival_within_reach_counts_the_same(
            mut items in proptest::collection::vec((1_000_i64..1_100, 1_u32..9, 0_u32..3), 1..60),
            seed in 0_usize..1_000
        ) {
            let mut one = Minutes::default();
            items.iter().for_each(|(minute, all, bad)| one.add(*minute, tally(*all, *bad)));
            let turn = seed % items.len();
            items.rotate_left(turn);
            items.reverse();
            let mut two = Minutes::default();
            items.iter().for_each(|(minute, all, bad)| two.add(*minute, tally(*all, *bad)));
            for minute in 990..1_110 {
                prop_assert_eq!(one.get(minute), two.get(minute));
            }
            prop_assert_eq!(one.newest_bad(), two.newest_bad());
        }
    }

    fn sum(minutes: &Minutes) -> Tally {
        let mut sum = Tally::default();
        (0..=400).for_each(|minute| sum.add(minutes.get(minute)));
        sum
    }

    #[test]
    fn the_ring_forgets_what_it_no_longer_reaches() {
        let mut minutes = Minutes::default();
        minutes.add(10, tally(5, 1));
        minutes.add(10 + MINUTES as i64, tally(7, 0));
        assert_eq!(minutes.get(10), Tally::default());
        minutes.add(10, tally(5, 1));
        assert_eq!(sum(&minutes), tally(7, 0));
        minutes.add(11 + MINUTES as i64, tally(3, 3));
        minutes.forget(10 + MINUTES as i64);
        assert_eq!(sum(&minutes), tally(3, 3));
        assert_eq!(minutes.newest_bad(), 11 + MINUTES as i64);
        minutes.forget(i64::MAX);
        assert_eq!(sum(&minutes), Tally::default());
    }
}
