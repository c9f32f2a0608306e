use super::*;

const NOW: TimestampMs = TimestampMs(1_000_000_000);
const MINUTE_MS: i64 = 60_000;

fn stream(name: &str, age_ms: Option<i64>, items: [(u64, u64); 2]) -> StreamHealth {
    let window = |(window_ms, (count, errors)): (i64, (u64, u64))| WindowHealth {
        window_ms,
        count,
        per_second: 0.0,
        errors: Ratio { of: errors, to: count, ratio: Confidence::DEFAULT.share(errors, count) },
        p95: None,
    };
    StreamHealth {
        stream: name.to_owned(),
        expected: name == "tracking",
        last_at: age_ms.map(|age_ms| NOW.plus_ms(-age_ms)),
        age: None,
        windows: WINDOWS_MS.into_iter().zip(items).map(window).collect(),
    }
}

fn status_of(streams: &[StreamHealth], alerts: &[OpenAlert]) -> (&'static str, String) {
    let (status, reason) = assess(streams, alerts, NOW);
    (status.as_str(), reason)
}

#[test]
fn the_most_severe_certain_finding_decides() {
    let calls = |items| stream("requests", Some(MINUTE_MS), items);
    let alert = |critical| OpenAlert { critical, symptom: "p95 latency of requests".to_owned() };
    let well = [(100, 1), (1_000, 10)];
    for (streams, alerts, expected, reason) in [
        (vec![calls(well)], vec![], "healthy", "no problem was found"),
        (vec![calls([(3, 2), (9, 2)])], vec![], "healthy", "no problem"),
        (
            vec![calls([(100, 20), (900, 20)])],
            vec![],
            "degraded",
            "20.0 % of 100 requests in 5 minutes are errors",
        ),
        (vec![calls([(100, 80), (900, 80)])], vec![], "failing", "80.0 % of 100 requests"),
        (vec![calls([(0, 0), (40, 39)])], vec![], "failing", "40 requests in 60 minutes"),
        (vec![calls(well)], vec![alert(false)], "degraded", "an alert is open: p95 latency"),
        (vec![calls(well)], vec![alert(false), alert(true)], "failing", "an alert is open"),
        (
            vec![calls(well), stream("tracking", None, [(0, 0); 2])],
            vec![],
            "degraded",
            "tracking is expected and never came",
        ),
        (
            vec![calls(well), stream("tracking", Some(200 * MINUTE_MS), [(0, 0); 2])],
            vec![],
            "degraded",
            "has not come for 3 h 20 min",
        ),
        (
            vec![calls(well), stream("webhooks", Some(200 * MINUTE_MS), [(0, 0); 2])],
            vec![],
            "healthy",
            "no problem",
        ),
        (
            vec![stream("requests", Some(4 * 1_440 * MINUTE_MS), [(0, 0); 2])],
            vec![],
            "silent",
            "nothing has come for 4 days",
        ),
        (
            vec![stream("tracking", None, [(0, 0); 2])],
            vec![alert(false)],
            "silent",
            "nothing ever came",
        ),
    ] {
        let found = status_of(&streams, &alerts);
        assert_eq!(found.0, expected, "{found:?}");
        assert!(found.1.contains(reason), "{found:?}");
    }
}
