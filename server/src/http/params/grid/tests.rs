use plimsoll_storage::Slot;

use super::*;

/// 2026-11-20T00:00:00Z.
const MIDNIGHT_S: i64 = 1_795_132_800;
/// 5 s after 01:00.
const CLOCK: SlotClock =
    SlotClock { now: TimestampMs((MIDNIGHT_S + 3_605) * 1_000), width: SlotWidth::DEFAULT };

/// Reads a query whose `{600}` are times in seconds since midnight.
fn grid(query: &str, minutes: bool) -> Result<Grid, ApiError> {
    let mut parts = query.split(['{', '}']);
    let mut filled = parts.next().unwrap_or_default().to_owned();
    while let Some(seconds) = parts.next() {
        let at: f64 = seconds.parse().expect("seconds");
        filled += &format!("{}", MIDNIGHT_S * 1_000 + (at * 1e3) as i64);
        filled += parts.next().unwrap_or_default();
    }
    let mut params = Params::new(Some(&filled)).expect("few parameters");
    if minutes { params.grid_of_minutes(CLOCK.now) } else { params.grid(CLOCK, WINDOW_MS_DEFAULT) }
}

/// From when to when a grid counts, in seconds since midnight, and whether it was rounded.
fn covers(query: &str, minutes: bool) -> (i64, i64, bool) {
    let grid = grid(query, minutes).expect(query);
    let covers = grid.covers(CLOCK.width);
    let at = |slot: Slot| CLOCK.width.start(slot).0 / 1000 - MIDNIGHT_S;
    (at(covers.start), at(covers.end), grid.is_rounded())
}

#[test]
fn a_grid_covers_what_its_parameters_say() {
    for (query, expected) in [
        ("", (3_310, 3_610, false)),
        ("window=10s", (3_600, 3_610, false)),
        ("end={600}", (300, 600, false)),
        ("start={600}&end={700}", (600, 700, false)),
        ("start={600}&end={700}&step=30s", (570, 690, false)),
        ("start={600}&end={720}&window=1m", (540, 720, false)),
        // Inside a slot: a point is moved to the end of its slot, a range holds all that it touches.
        ("end={3605}", (3_310, 3_610, true)),
        ("window=10s&end={605}", (600, 610, true)),
        ("start={605}&end={699.5}", (600, 700, true)),
        ("start={5}", (0, 3_610, true)),
        ("start={65}&end={605}&step=1m", (10, 610, true)),
        ("start={5}&step=1m", (-50, 3_610, true)),
        ("start={65}&end={85}&step=10s", (60, 90, true)),
    ] {
        assert_eq!(covers(query, false), expected, "{query}");
    }
}

#[test]
fn a_grid_of_minutes_treats_minutes_as_slots() {
    for (query, expected) in [
        ("", (3_300, 3_600, false)),
        ("start={600}&end={720}", (600, 720, false)),
        ("start={610}&end={730}", (600, 780, true)),
        ("end={610}", (360, 660, true)),
        ("start={610}&end={730}&step=1m", (600, 780, true)),
    ] {
        assert_eq!(covers(query, true), expected, "{query}");
    }
}

#[test]
fn a_window_or_step_that_would_cut_a_slot_is_rejected_with_the_nearest_that_do_not() {
    for (query, minutes, part) in [
        ("window=15s", false, "parameter `window` is 15s, which is not a multiple of 10s"),
        ("window=9s", false, "use 10s"),
        ("start={0}&step=95s", false, "parameter `step` is 95s"),
        ("start={0}&step=95s", false, "use 90s or 100s"),
        ("window=90s", true, "not a multiple of 60s"),
        ("window=20000d", false, "`window` reaches back before the year 2000"),
        ("start={0}&step=10s", true, "use 60s"),
    ] {
        let error = format!("{:?}", grid(query, minutes).expect_err(query));
        assert!(error.contains(part), "{query}: {error}");
    }
}
