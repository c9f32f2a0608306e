use super::*;

#[test]
fn levels_are_near_the_chances_they_represent() {
    for p in 1..=65_535_u16 {
        let level = probability(Chance::new(p).level.into());
        let exact = f64::from(p) / 65_536.0;
        let rarer = level.min(1.0 - level).max(exact.min(1.0 - exact));
        assert!((level - exact).abs() <= rarer.max(1.0 / 1024.0), "{p} {level}");
    }
    assert_eq!(Chance::HALF, Chance::new(1 << 15));
}

#[test]
fn counts_round_trip_at_every_size() {
    let binomial = Binomial::new();
    for chance in [1, 700, 20_000, 1 << 15, 60_000, 65_535].map(Chance::new) {
        for items in [1, 2, 3, 15, 16, 17, 18, 100, 5_000, 1 << 20, u32::MAX] {
            let mean = ((u64::from(items) * u64::from(chance.p)) >> 16) as u32;
            let around = |by| mean.saturating_add(by).min(items);
            let lefts = [0, 1, items, items / 2, items / 3, mean, around(2), around(90)];
            let mut encoder = RansWriter::default();
            lefts.iter().for_each(|left| binomial.put(*left, items, chance, &mut encoder));
            let bytes = encoder.finish();
            let mut stream = RansReader::new(&bytes);
            let decoded = lefts.map(|_| binomial.take(items, chance, &mut stream));
            assert_eq!((decoded, stream.finish()), (lefts, Ok(())), "{chance:?} {items}");
        }
    }
}
