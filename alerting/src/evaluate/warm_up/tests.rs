use super::*;
use crate::rule::{BaselineSettings, RuleSet};
use crate::testing::rule;

/// Every slot of a plan once, in order, and how many slots a cell holds there; of baselines 0.
fn grains(plan: &WarmUp, first: Slot) -> Vec<(u32, u32)> {
    let mut grains: Vec<(u32, u32)> = Vec::new();
    let mut next = plan.steps.first().map_or(first, |step| step.slots.start);
    for Step { slots, kind } in &plan.steps {
        assert!(slots.start == next && slots.start < slots.end, "{plan:?}");
        next = slots.end;
        let grain = match kind {
            StepKind::Baseline => 0,
            StepKind::Windows { grain } => *grain,
        };
        match grains.last_mut() {
            Some((known, count)) if *known == grain => *count += slots.end.0 - slots.start.0,
            _ => grains.push((grain, slots.end.0 - slots.start.0)),
        }
    }
    assert_eq!(next, first, "{plan:?}");
    grains
}

#[test]
fn a_plan_goes_from_baselines_by_quarters_over_minutes_to_single_slots() {
    let width = SlotWidth::DEFAULT;
    // A whole number of minutes and of two hours after 1970, and a slot more.
    let first = Slot(720 * 1_000 + 1);
    let plan = |rules: &[Rule]| {
        grains(&WarmUp::plan(rules, WatchedStreams::default(), width, first), first)
    };
    assert_eq!(plan(&[rule("window")]), [(1, 30 + 1)]);
    let baseline = BaselineSettings { times: 3.0, hours: 24 };
    let found = plan(&[Rule { baseline: Some(baseline), ..rule("baseline") }]);
    assert_eq!((found.len(), found[0].0, found[1]), (2, 0, (1, 31)), "{found:?}");
    assert!(found[0].1 + 31 >= 24 * 360, "{found:?}");
    let pack = RuleSet::default_pack().unwrap();
    let found = plan(&pack.rules);
    let order: Vec<u32> = found.iter().map(|(grain, _)| *grain).collect();
    assert!(order == [0, 6, 1] || order == [0, 6] || order == [0, 1], "{found:?}");
}
