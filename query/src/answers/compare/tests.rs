use super::*;

fn series(partner: &str, points: &[i64]) -> Series<i64> {
    Series { labels: vec![(Label::Partner, partner.to_owned())], points: points.to_vec() }
}

#[test]
fn points_are_paired_by_time_and_none_is_lost() {
    let now = vec![series("ups", &[110, 120]), series("dhl", &[110])];
    let before = vec![series("gls", &[10]), series("ups", &[20, 30])];
    let paired = pair(now, before, 100, |t| TimestampMs(*t));
    let found: Vec<_> = paired
        .iter()
        .map(|series| {
            let points = series.points.iter().map(|point| (point.t.0, point.a, point.b));
            (series.labels[0].1.as_str(), points.collect::<Vec<_>>())
        })
        .collect();
    let expected = [
        ("ups", vec![(110, Some(110), None), (120, Some(120), Some(20)), (130, None, Some(30))]),
        ("dhl", vec![(110, Some(110), None)]),
        ("gls", vec![(110, None, Some(10))]),
    ];
    assert_eq!(found, expected);
}
