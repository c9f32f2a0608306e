use super::*;

fn scan() -> ScanSettings {
    ScanSettings {
        windows_min: vec![3, 5, 15, 60, 180],
        evidence: 13.8,
        margin: 0.7,
        bad_minutes: 3,
        few: 10,
        few_span_min: 5,
    }
}

/// Minutes 1.. with (all, bad) each, the last of them the newest.
fn ring(tallies: impl IntoIterator<Item = (u32, u32)>) -> (Ring<COLUMNS>, i64) {
    let (mut ring, mut end) = (Ring::new(181), 0);
    for (all, bad) in tallies {
        end += 1;
        ring.add(end, [all, bad, 0]);
    }
    (ring, end)
}

fn found_after(resolved_minute: i64, tallies: impl IntoIterator<Item = (u32, u32)>) -> Option<u32> {
    let (ring, end) = ring(tallies);
    let minutes = Minutes { ring: &ring, bad: 1, resolved_minute };
    detect(minutes, end, 0.05, &scan()).map(|finding| finding.window_min)
}

fn found(tallies: impl IntoIterator<Item = (u32, u32)>) -> Option<u32> {
    found_after(0, tallies)
}

fn quiet(count: usize, all: u32) -> impl Iterator<Item = (u32, u32)> {
    std::iter::repeat_n((all, 0), count)
}

#[test]
fn a_storm_is_found_in_three_minutes_and_a_burst_of_two_never() {
    assert_eq!(found(quiet(60, 100).chain([(100, 60); 3])), Some(3));
    assert_eq!(found(quiet(60, 100).chain([(100, 60); 2])), None);
    assert_eq!(found(quiet(60, 100_000).chain([(100_000, 99_000); 2])), None);
}

#[test]
fn one_failure_of_three_at_night_is_no_proof_and_a_dead_quiet_partner_is() {
    assert_eq!(found(quiet(100, 0).chain([(3, 1)])), None);
    assert_eq!(found(quiet(100, 0).chain([(1, 1), (1, 1), (1, 1)])), None);
    let failing = (0..40).map(|minute| (u32::from(minute % 5 == 0), u32::from(minute % 5 == 0)));
    assert_eq!(found(quiet(100, 0).chain(failing).take(137)), Some(60));
}

#[test]
fn a_slight_excess_needs_more_items_and_what_is_over_does_not_count() {
    assert_eq!(found([(20, 2); 5]), None);
    assert!(found([(2_000, 200); 5]).is_some());
    assert_eq!(found([(100, 50); 20].into_iter().chain(quiet(40, 100))), None);
}

#[test]
fn what_an_alert_rested_on_that_has_ended_does_not_count_again() {
    let storm = || quiet(60, 100).chain([(100, 60); 10]);
    assert_eq!(found_after(67, storm()), Some(3));
    assert_eq!(found_after(68, storm()), None);
}

#[test]
fn the_present_is_asked_for_over_as_long_as_it_takes_to_count() {
    let (ring, end) = ring(quiet(30, 0).chain([(1, 1), (0, 0), (1, 1), (0, 0), (1, 0)]));
    let minutes = Minutes { ring: &ring, bad: 1, resolved_minute: 0 };
    let present = |count| present(minutes, end, 3, count, &scan());
    assert_eq!(present(1), Some(WindowCounts { window_min: 1, bad: 0, all: 1 }));
    assert_eq!(present(3), Some(WindowCounts { window_min: 5, bad: 2, all: 3 }));
    assert_eq!(present(9), None);
}
