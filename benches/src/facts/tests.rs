use super::*;

#[test]
fn the_same_seed_gives_the_same_data() {
    assert_eq!(endpoints(200, 1).len(), 4_000);
    assert_eq!(endpoints(3, 7), endpoints(3, 7));
    assert_ne!(endpoints(3, 7), endpoints(3, 8));
    let cell = |seed| {
        let mut random = fastrand::Rng::with_seed(seed);
        endpoints(1, 1)[0].cell(50, TimestampMs(5), &mut random)
    };
    assert_eq!(cell(3), cell(3));
    assert_eq!((cell(3).outcomes.total(), cell(3).durations.count()), (50, 50));
}
