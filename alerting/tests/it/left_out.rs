//! Groups beyond the limit of a rule.

use plimsoll_alerting::GroupLabels;
use plimsoll_alerting::limits::GROUPS_PER_RULE_MAX;
use plimsoll_storage::{Label, Outcome, SlotWidth, StreamKind, StreamRef};

use crate::world::{START, World, closed, minute, partner_5xx, rules};

#[test]
fn groups_beyond_the_limit_are_left_out_and_named() {
    let world = World::new();
    let mut evaluator = world.started(&rules(
        "127.0.0.1:9",
        &partner_5xx("[oncall]").replace("    window:", "    by: [operation]\n    window:"),
    ));
    let beyond = 3;
    for round in 1..=2_i64 {
        let slot = SlotWidth::DEFAULT.slot_of(minute(round));
        let mut batch = world.store.batch();
        for operation in 0..GROUPS_PER_RULE_MAX + beyond {
            let operation = format!("p{operation:05}");
            let labels = ["dhl", operation.as_str(), "production", "", ""];
            let stream = StreamRef { kind: StreamKind::Activity, name: "requests", labels };
            let at = SlotWidth::DEFAULT.start(slot);
            batch.activity(stream, slot).unwrap().record(Outcome::Status2xx, None, at);
        }
        world.store.append_blocking(batch.finish(), 1, None, START).unwrap();
        let evaluated = evaluator.evaluate_until(closed(minute(round + 1))).unwrap();
        let left_out = &evaluated.groups_left_out;
        assert_eq!((left_out.of("partner-5xx"), left_out.total()), (beyond, beyond));
        let named = |operation: &str| {
            let labels = GroupLabels::new([(Label::Operation, operation.to_owned())]);
            left_out.contains("partner-5xx", &labels)
        };
        assert!(named("p10002") && !named("p00000"));
    }
}
