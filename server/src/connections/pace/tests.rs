use super::*;

const PATIENCE: Duration = Duration::from_secs(10);
const RATE: u64 = 16 << 10;

#[test]
fn a_client_that_sends_a_byte_now_and_then_uses_up_the_patience() {
    let mut pace = Pace::new(PATIENCE, RATE);
    for _ in 0..10 {
        pace.moved(Duration::from_secs(1), 1);
    }
    assert!(pace.left() < Duration::from_millis(10), "{:?}", pace.left());
}

#[test]
fn a_client_at_the_minimum_rate_may_go_on_and_saves_up_no_more_than_the_patience() {
    let mut pace = Pace::new(PATIENCE, RATE);
    for _ in 0..1_000 {
        pace.moved(Duration::from_secs(1), RATE as usize);
    }
    assert!(pace.left() >= PATIENCE - Duration::from_secs(1));
    pace.moved(Duration::ZERO, 1 << 30);
    assert_eq!(pace.left(), PATIENCE);
}
