use super::*;
use Outcome::{Status2xx, Status4xx, Status5xx, Timeout};

fn ratio(of: &[Outcome], to: &[Outcome]) -> Option<ClassRatio> {
    ClassRatio::new(&of.iter().copied().collect(), &to.iter().copied().collect())
}

fn counts(pairs: &[(Outcome, u64)]) -> OutcomeCounts {
    let mut counts = OutcomeCounts::default();
    pairs.iter().for_each(|(class, count)| counts.add(*class, *count));
    counts
}

#[test]
fn sets_are_subsets_or_disjoint() {
    assert!(ratio(&[Status5xx], &[Status5xx, Status2xx]).expect("valid").is_share());
    assert!(!ratio(&[Status5xx], &[Status2xx]).expect("valid").is_share());
    assert_eq!(ratio(&[Status5xx, Timeout], &[Status5xx, Status2xx]), None);
    assert_eq!(ratio(&[], &[Status2xx]), None);
    assert_eq!(ratio(&[Status2xx], &[]), None);
}

#[test]
fn errors_are_all_classes_except_successes() {
    let successes = [Status2xx, Outcome::Status3xx, Outcome::Success];
    for class in Outcome::ALL {
        assert_eq!(ERRORS.contains(&class), !successes.contains(&class), "{class:?}");
    }
}

#[test]
fn a_ratio_counts_only_its_classes() {
    let confidence = Confidence::new(0.95).expect("valid");
    let seen = counts(&[(Status5xx, 3), (Timeout, 1), (Status2xx, 8), (Status4xx, 100)]);
    let share = ratio(&[Status5xx, Timeout], &[Status5xx, Timeout, Status2xx]).expect("valid");
    let share = share.measure(&seen, confidence);
    assert_eq!((share.of, share.to), (4, 12));
    assert_eq!(share.ratio, confidence.share(4, 12));
    let apart = ratio(&[Status5xx], &[Status2xx]).expect("valid").measure(&seen, confidence);
    let (found, share) = (apart.ratio.expect("some"), confidence.share(3, 11).expect("some"));
    assert_eq!((apart.of, apart.to, found.value), (3, 8, 0.375));
    assert!((found.lower - share.lower / (1.0 - share.lower)).abs() < 1e-12);
    assert!(found.lower < 0.375 && 0.375 < found.upper);
}

#[test]
fn a_ratio_to_zero_is_infinite_and_of_zero_to_zero_none() {
    let confidence = Confidence::new(0.95).expect("valid");
    let apart = ratio(&[Status5xx], &[Status2xx]).expect("valid");
    let found = apart.measure(&counts(&[(Status5xx, 2)]), confidence).ratio.expect("some");
    assert!(found.value.is_infinite() && found.upper.is_infinite() && found.lower.is_finite());
    assert_eq!(apart.measure(&counts(&[]), confidence).ratio, None);
}
