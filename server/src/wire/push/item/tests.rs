use super::*;

fn read(json: &str) -> RawItem<'_> {
    match serde_json::from_str(json).expect("JSON") {
        Nested::Is(item) => item,
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_field_has_the_number_of_its_name() {
    for (number, name) in RawItem::NAMES.into_iter().enumerate() {
        let json = format!(r#"{{"{name}":1}}"#);
        assert_eq!(read(&json).fields, 1 << number, "{name}");
    }
    let of = |kind| RawItem::fields_of(kind).join(" ");
    let labels = "partner operation environment site release";
    let event = format!("stream {labels} at status outcome latency_ms stage ids");
    assert_eq!(of(ItemKind::Event), event);
    let summary = format!("stream {labels} start step_s last_at outcomes latency");
    assert_eq!(of(ItemKind::Summary), summary);
    assert_eq!(of(ItemKind::Gauge), format!("name {labels} at value"));
}

#[test]
fn unknown_repeated_and_misplaced_fields_are_remarked() {
    let item =
        read(r#"{"stream":"a","latencyMs":1,"status":null,"x":{"y":1},"stream":"a","value":1}"#);
    assert_eq!(item.remarks.unknown(), ["latencyMs", "x"]);
    assert_eq!(item.remarks.repeated(), Some("stream"));
    assert_eq!(item.misplaced(ItemKind::Event).collect::<Vec<_>>(), ["value"]);
    let item = read(r#"{"stream":"a","status":null,"status":200}"#);
    assert_eq!(item.remarks, Remarks::default());
}
