use super::*;
use crate::wire::push::item::{ItemKind, RawItem};

#[test]
fn the_meant_field_is_found() {
    let of = |name: &str, kind| likely(name, &RawItem::fields_of(kind));
    for (name, meant) in [
        ("latencyMs", "latency_ms"),
        ("latency-ms", "latency_ms"),
        ("latency", "latency_ms"),
        ("duration_ms", "latency_ms"),
        ("lateny_ms", "latency_ms"),
        ("timestamp", "at"),
        ("ts", "at"),
        ("@timestamp", "at"),
        ("statusCode", "status"),
        ("status_code", "status"),
        ("Status", "status"),
        ("outcomes", "outcome"),
        ("enviroment", "environment"),
        ("env", "environment"),
        ("parnter", "partner"),
        ("start", "at"),
        ("order_id", "ids"),
    ] {
        assert_eq!(of(name, ItemKind::Event), Some(meant), "{name}");
    }
    for (name, meant) in
        [("timestamp", "start"), ("latency_ms", "latency"), ("step", "step_s"), ("at", "start")]
    {
        assert_eq!(of(name, ItemKind::Summary), Some(meant), "{name}");
    }
    for (name, meant) in [("val", "value"), ("metric", "name"), ("valeu", "value")] {
        assert_eq!(of(name, ItemKind::Gauge), Some(meant), "{name}");
    }
    for name in ["", "x", "sdk_version", "tenant", &"latency_ms".repeat(10)] {
        assert_eq!(of(name, ItemKind::Event), None, "{name}");
    }
}
