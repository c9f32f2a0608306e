use super::*;

#[test]
fn durations_are_whole_numbers_with_a_unit() {
    let read =
        [("0s", 0), ("30s", 30_000), ("5m", 300_000), ("2h", 7_200_000), ("7d", DURATION_MS_MAX)];
    for (text, ms) in read {
        assert_eq!(duration_ms(text), Ok(ms), "{text}");
    }
    assert!(matches!(duration_ms("5 minutes"), Err(RuleProblem::Duration(_))));
    assert!(matches!(duration_ms("8d"), Err(RuleProblem::DurationRange(_))));
}

#[test]
fn a_duration_is_written_in_its_largest_whole_unit() {
    for text in ["0s", "500ms", "90s", "5m", "90m", "2h", "7d"] {
        assert_eq!(duration_text(duration_ms(text).unwrap()), text);
    }
    assert_eq!(duration_text(60_000), "1m");
}

#[test]
fn thresholds_are_read_in_the_unit_of_their_signal() {
    let read = [
        ("> 5%", SignalKind::Ratio, 0.05),
        (">0.05", SignalKind::Ratio, 0.05),
        ("> 1000ms", SignalKind::Latency, 1.0),
        ("> 1.5 s", SignalKind::Latency, 1.5),
        ("> 30m", SignalKind::Freshness, 1800.0),
        ("< 30% of usual", SignalKind::Drop, 0.3),
        ("< -3.5", SignalKind::Gauge, -3.5),
        ("> 14.4", SignalKind::Burn, 14.4),
    ];
    for (text, signal, value) in read {
        let found = threshold(text, signal).unwrap();
        assert!((found.value - value).abs() < 1e-12, "{text}: {found:?}");
    }
}

#[test]
fn a_threshold_in_a_foreign_unit_is_refused_with_one_that_fits() {
    let refused = threshold("> 5%", SignalKind::Latency).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "`> 5%` has the unit `%`, which does not measure a latency; write it as in \"> 1000ms\""
    );
    assert!(matches!(threshold("> 5s", SignalKind::Ratio), Err(RuleProblem::ThresholdUnit { .. })));
    assert!(matches!(threshold("> 1000", SignalKind::Latency), Err(RuleProblem::Threshold { .. })));
}

#[test]
fn what_is_wrong_with_a_threshold_is_said() {
    for (text, signal, says) in [
        (">= 5%", SignalKind::Ratio, "its sign is `>=`; thresholds have `>` or `<`"),
        ("=> 5%", SignalKind::Ratio, "its sign is `=>`"),
        ("≥ 5%", SignalKind::Ratio, "its sign is `≥`"),
        ("!= 5", SignalKind::Gauge, "its sign is `!=`"),
        ("< 5%", SignalKind::Ratio, "`ratio` is bad above its threshold, so the sign is `>`"),
        ("< 5s", SignalKind::Latency, "`latency` is bad above"),
        ("< 5m", SignalKind::Absence, "`absence` is bad above"),
        ("> 30% of usual", SignalKind::Drop, "`drop` is bad below its threshold"),
        ("< 30%", SignalKind::Drop, "it does not say `of usual`"),
        ("> 30", SignalKind::Freshness, "its number has no unit"),
        ("> 5", SignalKind::Ratio, "it is a fraction of 1; 5 percent is `5%`"),
        ("> 5,5%", SignalKind::Ratio, "its number has a comma"),
        ("> five%", SignalKind::Ratio, "it has no number"),
        ("> 1.2.3%", SignalKind::Ratio, "`1.2.3` is not a number"),
        ("5%", SignalKind::Ratio, "it does not begin with `>` or `<`"),
    ] {
        let found = threshold(text, signal).unwrap_err().to_string();
        assert!(found.contains(says), "{text}: {found}");
        assert!(!found.contains("quotes"), "it is a text already: {found}");
    }
    assert!(share("99.9").unwrap_err().to_string().contains("in percent"));
}

#[test]
fn a_threshold_that_can_never_be_crossed_is_refused() {
    for (text, signal) in [("> 100%", SignalKind::Ratio), ("> 0ms", SignalKind::Latency)] {
        assert!(matches!(threshold(text, signal), Err(RuleProblem::OutOfRange { .. })), "{text}");
    }
    for text in ["5%", "< 5%", "> x", ">", ""] {
        assert!(
            matches!(threshold(text, SignalKind::Ratio), Err(RuleProblem::Threshold { .. })),
            "{text}"
        );
    }
}
