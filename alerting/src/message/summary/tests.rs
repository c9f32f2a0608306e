use plimsoll_storage::TimestampMs;

use super::*;
use crate::records::delivery::Action;
use crate::testing::{alert, delivery_of};

fn delivery(action: Action, at: TimestampMs) -> Delivery {
    delivery_of(action, at, alert())
}

#[test]
fn the_summary_has_group_symptom_value_and_time() {
    let fired_at = alert().fired_at;
    assert_eq!(
        summary(&delivery(Action::Trigger, fired_at)),
        "dhl: 5xx and timeouts on 12.5% of requests (320 items in 5m, limit 5%) since 20:00 UTC"
    );
    assert_eq!(
        summary(&delivery(Action::Resolve, fired_at.plus_ms(3_900_000))),
        "dhl: 5xx and timeouts on requests back to normal after 1h 10m (worst 12.5%)"
    );
}
