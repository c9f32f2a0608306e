use plimsoll_storage::{Cell, Options, Scan, Slot, SlotValue, StreamKind};

use super::*;
use crate::wire::push::{read_json, read_ndjson};

const NOW: TimestampMs = TimestampMs(1_795_201_490_000);

fn with_store<T>(test: impl FnOnce(&Store) -> T) -> T {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let store = Store::open(&Options::new(directory.path())).expect("the store opens");
    test(&store)
}

fn ingest(store: &Store, body: &str) -> Ingested {
    let mut ingest = Ingest::new(store, NOW);
    read_json(body.as_bytes(), &mut ingest).expect("JSON");
    ingest.finish()
}

/// The pointer and code of the one rejected item of a body.
fn rejected(store: &Store, body: &str) -> (String, &'static str) {
    let ingested = ingest(store, body);
    assert_eq!(
        (ingested.accepted, ingested.rejected_count),
        (0, 1),
        "{body}: {:?}",
        ingested.rejected
    );
    let item = ingested.rejected.into_iter().next().expect("listed");
    assert!(!item.detail.is_empty());
    (item.pointer, item.code.as_str())
}

fn event(field: &str) -> String {
    let mut event = serde_json::json!({
        "stream": "requests", "partner": "dhl", "at": 1_795_201_480_123_i64, "status": 503, "latency_ms": 132.4
    });
    let field: serde_json::Value = serde_json::from_str(field).expect("JSON");
    for (name, value) in field.as_object().expect("an object") {
        event[name] = value.clone();
    }
    serde_json::json!({"events": [event]}).to_string()
}

#[test]
fn every_bad_field_of_an_event_is_rejected_by_name() {
    let table = [
        (r#"{"stream":null}"#, "/stream", "missing_field"),
        (r#"{"partner":""}"#, "/partner", "invalid_label"),
        (r#"{"partner":7}"#, "/partner", "wrong_type"),
        (r#"{"site":["a"]}"#, "/site", "wrong_type"),
        (r#"{"operation":"a\u0000b"}"#, "/operation", "invalid_label"),
        (r#"{"partner":"dhl\u200b"}"#, "/partner", "invalid_label"),
        (r#"{"stream":"re\u00adquests"}"#, "/stream", "invalid_label"),
        (r#"{"release":"\u202e1.4.2"}"#, "/release", "invalid_label"),
        (r#"{"environment":"\u00a0"}"#, "/environment", "invalid_label"),
        (r#"{"at":"yesterday"}"#, "/at", "invalid_time"),
        (r#"{"at":null}"#, "/at", "missing_field"),
        (r#"{"at":true}"#, "/at", "wrong_type"),
        (r#"{"at":1795201480}"#, "/at", "out_of_range"),
        (r#"{"at":"2027-01-01T00:00:00Z"}"#, "/at", "in_the_future"),
        (r#"{"at":18446744073709551615}"#, "/at", "out_of_range"),
        (r#"{"status":99}"#, "/status", "out_of_range"),
        (r#"{"status":"200"}"#, "/status", "wrong_type"),
        (r#"{"status":200.5}"#, "/status", "wrong_type"),
        (r#"{"ids":{"order_id":"a\ufdd0"}}"#, "/ids/order_id", "invalid_label"),
        (r#"{"status":null}"#, "/outcome", "missing_field"),
        (r#"{"outcome":"fine"}"#, "/outcome", "unknown_outcome"),
        (r#"{"latency_ms":-1}"#, "/latency_ms", "out_of_range"),
        (r#"{"latency_ms":"NaN"}"#, "/latency_ms", "wrong_type"),
        (r#"{"latency_ms":1e300}"#, "/latency_ms", "out_of_range"),
        (r#"{"ids":"O-1"}"#, "/ids", "wrong_type"),
        (r#"{"ids":{"a/b":1}}"#, "/ids/a~1b", "wrong_type"),
    ];
    with_store(|store| {
        for (field, pointer, code) in table {
            let expected = (format!("/events/0{pointer}"), code);
            assert_eq!(rejected(store, &event(field)), expected, "{field}");
        }
        let long = format!(r#"{{"partner":"{}"}}"#, "x".repeat(1 << 20));
        let ingested = ingest(store, &event(&long));
        assert!(ingested.rejected[0].detail.len() < 200, "a long value is not echoed");
    });
}

#[test]
fn every_bad_field_of_a_summary_or_gauge_is_rejected_by_name() {
    let summary = |fields: &str| {
        format!(
            r#"{{"summaries":[{{"stream":"requests","partner":"dhl","start":1795201480000,{fields}}}]}}"#
        )
    };
    let table = [
        (r#""step_s":7"#, "/step_s", "out_of_range"),
        (r#""step_s":3610"#, "/step_s", "out_of_range"),
        (r#""outcomes":{"2xx":-1}"#, "/outcomes/2xx", "out_of_range"),
        (r#""outcomes":{"2xx":1099511627777}"#, "/outcomes/2xx", "out_of_range"),
        (r#""outcomes":{"2xx":1.5}"#, "/outcomes/2xx", "wrong_type"),
        (r#""outcomes":{"ok":1}"#, "/outcomes/ok", "unknown_outcome"),
        (r#""outcomes":[]"#, "/outcomes", "wrong_type"),
        (r#""latency":3"#, "/latency", "wrong_type"),
        (r#""latency":{}"#, "/latency/scale", "missing_field"),
        (r#""latency":{"scale":21}"#, "/latency/scale", "out_of_range"),
        (r#""latency":{"scale":5,"sum":-1}"#, "/latency/sum", "out_of_range"),
        (r#""latency":{"scale":5,"zero_count":-1}"#, "/latency/zero_count", "out_of_range"),
        (
            r#""latency":{"scale":5,"positive":{"offset":0,"bucket_counts":[1,"x"]}}"#,
            "/latency/positive/bucket_counts/1",
            "wrong_type",
        ),
        (
            r#""latency":{"scale":5,"positive":{"offset":0,"bucket_counts":[1099511627777]}}"#,
            "/latency/positive/bucket_counts/0",
            "out_of_range",
        ),
        (
            r#""latency":{"scale":5,"positive":{"offset":99999,"bucket_counts":[1]}}"#,
            "/latency/positive",
            "out_of_range",
        ),
        (r#""last_at":1795209999000"#, "/last_at", "out_of_range"),
        (r#""last_at":1795201"#, "/last_at", "out_of_range"),
    ];
    with_store(|store| {
        for (fields, pointer, code) in table {
            let expected = (format!("/summaries/0{pointer}"), code);
            assert_eq!(rejected(store, &summary(fields)), expected, "{fields}");
        }
        let gauge = r#"{"gauges":[{"name":"depth","partner":"dhl","at":1795201480000}]}"#;
        assert_eq!(rejected(store, gauge), ("/gauges/0/value".to_owned(), "missing_field"));
    });
}

#[test]
fn items_outside_the_retention_of_the_newest_data_are_rejected() {
    with_store(|store| {
        let of_2015 = event(r#"{"at":"2015-05-17T10:05:03Z"}"#);
        let ingested = ingest(store, &of_2015);
        assert_eq!(
            (ingested.accepted, ingested.rejected_count),
            (1, 0),
            "an empty store takes any age"
        );
        store.append_blocking(ingested.batch, 1, None, NOW).expect("appended");

        let ingested = ingest(store, &event("{}"));
        store.append_blocking(ingested.batch, 1, None, NOW).expect("appended");
        let expected = ("/events/0/at".to_owned(), "outside_retention");
        assert_eq!(rejected(store, &of_2015), expected);
        let item = ingest(store, &of_2015).rejected.remove(0);
        let detail = item.detail;
        // Two years of 365 days before the end of the newest slot.
        assert!(detail.contains("2024-11-20T19:04:50.000Z"), "{detail}");
        assert!(detail.contains("`retention_15m`"), "{detail}");
        let of_last_year = event(r#"{"at":"2025-11-21T00:00:00Z"}"#);
        assert_eq!(ingest(store, &of_last_year).accepted, 1, "inside the roll-ups' retention");
    });
}

#[test]
fn a_field_that_is_given_twice_rejects_its_item() {
    let event = r#""stream":"requests","partner":"dhl","at":1795201480123,"status":200"#;
    let summary = r#""stream":"requests","partner":"dhl","start":1795201480000"#;
    with_store(|store| {
        for (list, item, pointer) in [
            ("events", format!(r#"{{{event},"status":503}}"#), "/events/0/status"),
            ("events", format!(r#"{{{event},"ids":{{"a":"1","a":"2"}}}}"#), "/events/0/ids/a"),
            (
                "summaries",
                format!(r#"{{{summary},"outcomes":{{"2xx":1,"2xx":2}}}}"#),
                "/summaries/0/outcomes/2xx",
            ),
        ] {
            let found = rejected(store, &format!(r#"{{"{list}":[{item}]}}"#));
            assert_eq!(found, (pointer.to_owned(), "repeated_field"), "{item}");
        }
    });
}

#[test]
fn fields_that_are_not_used_are_named() {
    with_store(|store| {
        let body = r#"{"event":[],"events":[
            {"stream":"a","partner":"dhl","at":1795201480123,"status":200.0,"timestamp":1,"latency":3,"x":1},
            {"stream":"a","partner":"dhl","at":1795201480123,"status":200,"x":{"y":[1]},
             "ids":{"orderId":"O-1","trace_id":"t"}}],
            "summaries":[{"stream":"a","partner":"dhl","start":1795201480000,"status":null,"latency_ms":1,
             "latency":{"scale":5,"max":3,"flags":0}}]}"#;
        let ingested = ingest(store, body);
        assert_eq!((ingested.accepted, ingested.rejected_count), (3, 0), "{:?}", ingested.rejected);
        let named: Vec<(&str, &str, u64)> = ingested
            .ignored
            .iter()
            .map(|it| {
                let meant = it.detail.split('`').nth(1).unwrap_or_default();
                (it.pointer.as_str(), meant, it.count)
            })
            .collect();
        let expected = [
            ("/event", "events", 1),
            ("/events/0/latency", "latency_ms", 1),
            ("/events/0/timestamp", "at", 1),
            ("/events/0/x", "", 2),
            ("/events/1/ids/orderId", "order_id", 1),
            ("/summaries/0/latency/flags", "", 1),
            ("/summaries/0/latency/max", "", 1),
            ("/summaries/0/latency_ms", "latency", 1),
        ];
        assert_eq!(named, expected);
        let many: Vec<String> = (0..30).map(|n| format!(r#""unknown{n}":1"#)).collect();
        let many = many.chunks(10).map(|names| format!("{{{}}}", names.join(",")));
        let many = many.collect::<Vec<_>>().join(",");
        let ingested = ingest(store, &format!(r#"{{"gauges":[{many}]}}"#));
        assert_eq!(ingested.ignored.len(), 20, "the answer is bounded");
    });
}

#[test]
fn good_items_are_kept_beside_bad_ones() {
    with_store(|store| {
        let good = r#"{"stream":"requests","partner":"dhl","at":1795201480123,"status":200}"#;
        let body =
            format!(r#"{{"events":[{good},7,{{"partner":1}},{good}],"gauges":"none","more":1}}"#);
        let ingested = ingest(store, &body);
        assert_eq!((ingested.accepted, ingested.rejected_count), (2, 3));
        let pointers: Vec<_> = ingested.rejected.iter().map(|item| &item.pointer).collect();
        assert_eq!(pointers, ["/events/1", "/events/2/stream", "/gauges"]);
    });
}

#[test]
fn labels_that_look_alike_are_one_stream() {
    with_store(|store| {
        let partners = ["Großhändler", "Großha\u{308}ndler", " Großhändler", "Großhändler\u{a0}\n"];
        let events = partners.map(|partner| {
            serde_json::json!({"stream": " requests", "partner": partner, "site": "ams1 ",
                "at": 1_795_201_480_123_i64, "status": 200, "ids": {"order_id": " O-1"}})
        });
        let ingested = ingest(store, &serde_json::json!({"events": events}).to_string());
        assert_eq!(ingested.rejected, []);
        store.append_blocking(ingested.batch, 4, None, NOW).expect("appended");
        let any = plimsoll_storage::LabelMatchers::new();
        let streams = store.select(StreamKind::Activity, Some("requests"), &any);
        let [stream] = streams.as_slice() else { panic!("{streams:?}") };
        let key = store.stream_key(*stream).expect("known");
        assert_eq!(key.labels.map(String::from), ["Großhändler", "", "production", "ams1", ""]);
    });
}

#[test]
fn ndjson_lines_are_rejected_one_by_one() {
    with_store(|store| {
        let good = r#"{"type":"event","stream":"requests","partner":"dhl","at":1795201480123,"status":200"#;
        let body = format!(
            "{good}}}\n\n{{\"type\":\"x\"}}\n{{oops\n{good},\"latency_ms\":NaN}}\r\n{good}}}"
        );
        let mut ingest = Ingest::new(store, NOW);
        read_ndjson(body.as_bytes(), &mut ingest);
        let ingested = ingest.finish();
        assert_eq!((ingested.accepted, ingested.rejected_count), (2, 3));
        let places: Vec<_> =
            ingested.rejected.iter().map(|item| (item.pointer.as_str(), item.line)).collect();
        assert_eq!(places, [("/2/type", Some(3)), ("/3", Some(4)), ("/4/latency_ms", Some(5))]);
    });
}

#[test]
fn a_summary_is_spread_over_its_step_and_a_heartbeat_has_no_events() {
    with_store(|store| {
        let body = r#"{"summaries":[
            {"stream":"requests","partner":"dhl","start":1795201440000,"step_s":60,"outcomes":{"2xx":118,"5xx":2},
             "latency":{"scale":5,"sum":14.2,"zero_count":0,"positive":{"offset":-110,"bucket_counts":[1,0,4]}}},
            {"stream":"tracking","partner":"dhl","start":1795201440000},
            {"stream":"webhooks","partner":"dhl","start":1795201440000,"last_at":1795201437000}]}"#;
        let ingested = ingest(store, body);
        assert_eq!((ingested.accepted, ingested.rejected_count), (3, 0));
        store.append_blocking(ingested.batch, 3, None, NOW).expect("appended");
        let find = |name| {
            store.select(StreamKind::Activity, Some(name), &plimsoll_storage::LabelMatchers::new())
        };
        let (mut seen, mut cell) = (Vec::new(), Cell::default());
        let slots = Slot(0)..Slot(u32::MAX);
        store
            .scan(&Scan::new(&find("requests"), slots), &mut |_, slot, value| {
                let SlotValue::Activity(part) = value else { panic!("{value:?}") };
                assert!(part.outcomes.total() > 0, "each slot has some of the items");
                seen.push(slot.0);
                cell.merge(part);
            })
            .expect("readable");
        seen.sort_unstable();
        assert_eq!(seen, (179_520_144..179_520_150).collect::<Vec<u32>>());
        assert_eq!(
            (cell.outcomes.total(), cell.durations.count(), cell.durations.sum_us()),
            (120, 5, 14_200_000)
        );
        assert_eq!(cell.last_at, Some(NOW), "not later than the server's clock");
        assert_eq!(store.last_seen(find("requests")[0]), Some(NOW));
        assert_eq!(store.last_seen(find("tracking")[0]), None);
        let earlier = Some(TimestampMs(1_795_201_437_000));
        assert_eq!(store.last_seen(find("webhooks")[0]), earlier, "a heartbeat may carry it");
    });
}
