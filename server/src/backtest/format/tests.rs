use super::*;

#[test]
fn a_threshold_is_written_as_in_a_rules_file() {
    let table = [
        (SignalKind::Ratio, 0.05, "5%"),
        (SignalKind::Ratio, 0.012_345, "1.23%"),
        (SignalKind::Drop, 0.3, "30% of usual"),
        (SignalKind::Latency, 1.2, "1200ms"),
        (SignalKind::Freshness, 1_800.0, "1800s"),
        (SignalKind::Gauge, 12_345.6, "12346"),
    ];
    for (signal, level, text) in table {
        assert_eq!(level_text(signal, level), text);
    }
}

#[test]
fn spans_are_short() {
    let table = [(45_000, "45s"), (720_000, "12m"), (12_000_000, "3h20m"), (187_200_000, "2d04h")];
    for (ms, text) in table {
        assert_eq!(span(ms), text);
    }
}
