use super::*;

fn at(text: &str) -> TimestampMs {
    TimestampMs(text.parse::<jiff::Timestamp>().unwrap().as_millisecond())
}

fn hours(days: &[&str], from: &str, to: &str) -> Schedule {
    let days: Vec<String> = days.iter().map(|day| (*day).to_owned()).collect();
    Schedule::read(&days, from, to, "Europe/Berlin").unwrap()
}

#[test]
fn hours_are_read_in_their_own_time_zone() {
    let work = hours(&["mon", "tue", "wed", "thu", "fri"], "08:00", "18:00");
    let night = hours(&["mon", "tue", "wed", "thu", "fri"], "22:00", "06:00");
    // 2026-11-20 is a Friday; Berlin is an hour ahead of UTC.
    let table = [
        (&work, "2026-11-20T07:00:00Z", true),
        (&work, "2026-11-20T06:59:00Z", false),
        (&work, "2026-11-20T17:00:00Z", false),
        (&work, "2026-11-21T09:00:00Z", false),
        // The night that began on Friday.
        (&night, "2026-11-21T01:00:00Z", true),
        (&night, "2026-11-22T01:00:00Z", false),
    ];
    for (hours, moment, is_active) in table {
        assert_eq!(hours.is_active(at(moment)), is_active, "{moment}");
    }
    assert_eq!(work.day_names().collect::<Vec<_>>(), ["mon", "tue", "wed", "thu", "fri"]);
    assert_eq!(hours(&[], "00:00", "24:00").day_names().count(), 7);
}

#[test]
fn a_period_repeats_within_its_bounds_and_follows_the_clock_over_summer_time() {
    let period = Period {
        start: at("2026-10-01T00:00:00Z"),
        end: at("2026-11-30T00:00:00Z"),
        weekly: Some(hours(&["sun"], "02:00", "04:00")),
    };
    let table = [
        // Two hours ahead of UTC in summer, one in winter.
        ("2026-10-18T00:00:00Z", true),
        ("2026-10-18T02:00:00Z", false),
        ("2026-11-01T00:30:00Z", false),
        ("2026-11-01T01:00:00Z", true),
        ("2026-11-02T01:00:00Z", false),
        ("2026-09-27T00:00:00Z", false),
        ("2026-12-06T01:00:00Z", false),
    ];
    for (moment, contains) in table {
        assert_eq!(period.contains(at(moment)), contains, "{moment}");
    }
}

#[test]
fn what_cannot_be_read_is_named() {
    let read = |day: &str, from, zone| {
        Schedule::read(&[day.to_owned()], from, "18:00", zone).unwrap_err().to_string()
    };
    assert!(read("someday", "08:00", "UTC").contains("someday"));
    assert!(read("mon", "25:00", "UTC").contains("25:00"));
    assert!(read("mon", "08:00", "Mars/Base").contains("Mars/Base"));
}
