use super::*;

fn traffic(scenario: Scenario) -> Traffic {
    Traffic::new(scenario, "dhl", TimestampMs(1_795_204_859_999))
}

fn items(traffic: &Traffic) -> Vec<Value> {
    let bodies: String = traffic.bodies().collect();
    bodies.lines().map(|line| serde_json::from_str(line).expect("an item")).collect()
}

#[test]
fn a_week_of_normal_traffic_comes_before_half_an_hour_of_the_fault() {
    let traffic = traffic(Scenario::Status5xx);
    assert_eq!(traffic.until, TimestampMs(1_795_204_800_000));
    let items = items(&traffic);
    let summaries = items.iter().filter(|item| item["type"] == "summary").count();
    assert_eq!(summaries, 7 * 1_440 * STREAMS.len());
    assert!(items.iter().all(|item| item["environment"] == "sandbox"));
    let calls = items.iter().filter(|item| item["type"] == "event" && item["stream"] == CALLS);
    let calls: Vec<&Value> = calls.collect();
    let failed = calls.iter().filter(|item| item["outcome"] == "5xx").count();
    let share = failed as f64 / calls.len() as f64;
    assert!((0.38..0.42).contains(&share), "{share}");
    let range = traffic.fault_from().0..traffic.until.0;
    assert!(calls.iter().all(|item| range.contains(&item["at"].as_i64().expect("a time"))));
}

#[test]
fn silence_has_no_items_and_a_drill_is_repeatable() {
    let silent = items(&traffic(Scenario::Silence));
    assert!(silent.iter().all(|item| item["type"] == "summary"));
    assert_eq!(silent, items(&traffic(Scenario::Silence)));
}
