use plimsoll_storage::TimestampMs;

use super::*;
use crate::testing::{alert, delivery_of};

fn delivery(action: Action, at: TimestampMs) -> Delivery {
    delivery_of(action, at, alert())
}

#[test]
fn the_summary_has_group_symptom_value_and_time() {
    let fired_at = alert().fired_at;
    assert_eq!(
        summary(&delivery(Action::Trigger, fired_at)),
        "dhl: 5xx+timeout share of requests 12.5% > 5% (320 items in 5m), since 2026-11-20T20:00:00Z"
    );
    assert_eq!(
        summary(&delivery(Action::Resolve, fired_at.plus_ms(3_900_000))),
        "dhl: 5xx+timeout share of requests is back to normal after 1h 10m"
    );
}
