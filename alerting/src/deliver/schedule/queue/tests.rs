use super::*;
use crate::records::delivery::Action;
use crate::rule::RateLimit;
use crate::testing::{alert, delivery_of};

const RATE: RateLimit = RateLimit { calls: 100, per_ms: 60_000 };

/// The head of the thread `n`, of an alert that started at `at`.
fn head(n: u32, at: i64, action: Action, severity: Severity) -> (Thread, Head) {
    let mut alert = alert();
    alert.severity = severity;
    let at = TimestampMs(at);
    let delivery = delivery_of(action, at, alert);
    let thread = n.to_be_bytes().to_vec();
    (thread.clone(), Head::new(thread, &delivery))
}

/// Drives the queue with a receiver that answers each call at once, until nothing is left or `until`
/// is reached. Returns the times and the threads of all sends.
fn drain(queue: &mut Queue, window: &mut RateWindow, until: i64) -> Vec<(i64, u32)> {
    let (mut now, mut sent) = (TimestampMs(0), Vec::new());
    loop {
        while let Some((thread, _)) = queue.next(now, window) {
            let n = u32::from_be_bytes(thread.clone().try_into().unwrap());
            sent.push((now.0, n));
            queue.sent(thread, None, ReceiverHealth::Answered, now);
        }
        match queue.wakes_at(now, window) {
            Some(next) if next.0 <= until => now = next.max(now.plus_ms(1)),
            _ => return sent,
        }
    }
}

#[test]
fn many_alerts_stay_within_the_rate_limit_and_critical_ones_are_first() {
    let (mut queue, mut window) = (Queue::default(), RateWindow::new(RATE));
    let severity =
        |n: u32| if n.is_multiple_of(10) { Severity::Critical } else { Severity::Warning };
    let heads = (0..5_000).map(|n| head(n, i64::from(n) * 12, Action::Trigger, severity(n)));
    queue.replace(heads.collect());
    let sent = drain(&mut queue, &mut window, 3_600_000);
    assert_eq!(sent.len(), 5_000);
    assert!(sent[..500].iter().all(|(_, n)| n.is_multiple_of(10)), "500 are critical");
    assert!(sent[..500].is_sorted_by_key(|(_, n)| *n), "and the oldest of them first");
    assert!(sent[500..].is_sorted_by_key(|(_, n)| *n));
    for (position, (at, _)) in sent.iter().enumerate() {
        let minute = sent[position..].iter().take_while(|(later, _)| later - at < 60_000).count();
        assert!(minute <= RATE.calls as usize, "{minute} calls in the minute from {at}");
    }
    // 50 times 100 calls, each a minute after the one before.
    assert_eq!(sent.last().unwrap().0, 49 * 60_000);
}

#[test]
fn a_failing_receiver_is_only_probed_and_a_throttled_one_is_paused() {
    let (mut queue, mut window) = (Queue::default(), RateWindow::new(RATE));
    let heads = (0..20).map(|n| head(n, 0, Action::Trigger, Severity::Critical));
    queue.replace(heads.collect());
    let mut now = TimestampMs(0);
    let mut tries = 0;
    while now.0 < 10 * 60_000 {
        while let Some((thread, _)) = queue.next(now, &mut window) {
            tries += 1;
            let (thread, mut next) =
                (thread.clone(), head(0, 0, Action::Trigger, Severity::Critical).1);
            next.due_at = now.plus_ms(1_000);
            queue.sent(thread, Some(next), ReceiverHealth::Failed, now);
        }
        now = now.plus_ms(500);
    }
    // Five open the breaker; then probes after 15, 30, 60 s and every two minutes.
    assert_eq!(tries, 5 + 3 + 4);
    assert_eq!(queue.breaker().down_since(), Some(TimestampMs(0)));

    let mut queue = Queue::default();
    queue.replace((0..2).map(|n| head(n, 0, Action::Trigger, Severity::Critical)).collect());
    let (thread, _) = queue.next(now, &mut window).unwrap();
    queue.sent(thread, None, ReceiverHealth::Throttled(90_000), now);
    assert_eq!(
        queue.next(now.plus_ms(89_999), &mut window),
        None,
        "the receiver asked for a pause"
    );
    assert!(queue.is_held_up(now, &mut window));
    assert!(queue.next(now.plus_ms(90_000), &mut window).is_some());
}

#[test]
fn a_thread_waits_for_its_send_in_flight_and_others_do_not() {
    let (mut queue, mut window) = (Queue::default(), RateWindow::new(RATE));
    let now = TimestampMs(0);
    let heads =
        || (0..20).map(|n| head(n, i64::from(n), Action::Resolve, Severity::Critical)).collect();
    queue.replace(heads());
    let first: Vec<Thread> =
        std::iter::from_fn(|| queue.next(now, &mut window)).map(|(thread, _)| thread).collect();
    assert_eq!(first.len(), SENDS_IN_FLIGHT_MAX);
    queue.replace(heads());
    assert_eq!(queue.next(now, &mut window), None, "a new scan starts no send twice");
    assert_eq!(queue.wakes_at(now, &mut window), None);
    queue.put_off(&first[0], now.plus_ms(1_000));
    queue.replace(heads());
    let (next, _) = queue.next(now, &mut window).unwrap();
    assert!(!first.contains(&next), "a delayed thread waits, also after another scan");
}

#[test]
fn a_clock_that_is_set_back_does_not_delay_a_retry_or_a_pause() {
    let (mut queue, mut window) = (Queue::default(), RateWindow::new(RATE));
    let (tried, back) = (TimestampMs(10_000_000), TimestampMs(10_000_000 - 3_000_000));
    let (thread, mut head) = head(1, 0, Action::Trigger, Severity::Critical);
    (head.tried_at, head.due_at) = (Some(tried), tried.plus_ms(60_000));
    queue.replace([(thread.clone(), head)].into());
    assert_eq!(queue.next(tried.plus_ms(1_000), &mut window), None);
    assert_eq!(queue.wakes_at(back, &mut window), Some(back));
    assert!(queue.next(back, &mut window).is_some());
    queue.sent(thread, None, ReceiverHealth::Throttled(60_000), tried);
    assert!(queue.is_held_up(tried.plus_ms(1_000), &mut window));
    assert!(!queue.is_held_up(back, &mut window));
}

#[test]
fn deliveries_of_held_threads_wait_and_wake_nobody() {
    let (mut queue, mut window) = (Queue::default(), RateWindow::new(RATE));
    let heads = (0..2).map(|n| head(n, 0, Action::Resolve, Severity::Critical));
    queue.replace(heads.collect());
    let (held, other) = (0_u32.to_be_bytes().to_vec(), 1_u32.to_be_bytes().to_vec());
    queue.hold([held.clone()]);
    assert!(queue.is_waiting(&held) && !queue.is_waiting(&2_u32.to_be_bytes().to_vec()));
    let now = TimestampMs(0);
    assert_eq!(queue.next(now, &mut window).unwrap().0, other);
    queue.sent(other, None, ReceiverHealth::Answered, now);
    assert_eq!((queue.next(now, &mut window), queue.wakes_at(now, &mut window)), (None, None));
    queue.hold([]);
    assert_eq!(queue.next(now, &mut window).unwrap().0, held);
}
