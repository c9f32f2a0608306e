use super::*;

#[test]
fn numbers_have_three_significant_digits() {
    let table = [
        (SignalKind::Ratio, 0.125, "12.5%"),
        (SignalKind::Ratio, 0.05, "5%"),
        (SignalKind::Ratio, 1.0, "100%"),
        (SignalKind::Ratio, 0.000_123_4, "0.0123%"),
        (SignalKind::Latency, 1.4237, "1.42s"),
        (SignalKind::Latency, 0.0456, "0.0456s"),
        (SignalKind::Latency, 7_260.0, "2h 1m"),
        (SignalKind::Freshness, 2_730.0, "45m 30s"),
        (SignalKind::Freshness, 0.2, "0s"),
        (SignalKind::Freshness, 273_600.0, "3d 4h"),
    ];
    for (signal, number, text) in table {
        assert_eq!(value(signal, number), text);
    }
}
