use std::io::Cursor;

use super::*;

fn replayed(text: &str, selection: &Selection) -> (Vec<Chunk>, RecordingSummary) {
    let size = text.len() as u64;
    let input = Input::from_reader(Cursor::new(text.to_owned().into_bytes()), Some(size));
    let mut chunks = Vec::new();
    let reading = read(input.expect("readable"), selection, |chunk| {
        chunks.push(chunk);
        true
    });
    (chunks, reading.expect("readable"))
}

fn everything() -> Selection {
    Selection { width: SlotWidth::DEFAULT, partners: LabelMatchers::new(), to: None }
}

/// The arrivals of a text as (clock, stream, slot, requests).
fn arrivals(text: &str, selection: &Selection) -> Vec<(i64, u32, u32, u64)> {
    let (chunks, _) = replayed(text, selection);
    let arrivals = chunks.into_iter().flat_map(|chunk| chunk.arrivals);
    arrivals
        .map(|arrival| {
            let count = match arrival.value {
                SlotValue::Activity(cell) => cell.outcomes.total(),
                SlotValue::Gauge(gauge) => gauge.count,
            };
            (arrival.at.0, arrival.stream, arrival.slot.0, count)
        })
        .collect()
}

fn summary(partner: &str, start: i64, rest: &str) -> String {
    format!(
        r#"{{"type":"summary","stream":"requests","partner":"{partner}","start":{start},"step_s":60,"outcomes":{{"2xx":3}}{rest}}}"#
    )
}

const START: i64 = 1_795_201_440_000;

#[test]
fn an_item_without_an_arrival_time_arrives_at_its_end() {
    let text = [
        summary("dhl", START, ""),
        format!(
            r#"{{"type":"event","stream":"requests","partner":"ups","at":{},"status":200}}"#,
            START + 70_000
        ),
        format!(
            r#"{{"type":"gauge","name":"queue_depth","partner":"dhl","at":{},"value":3}}"#,
            START + 80_000
        ),
        summary("dhl", START + 60_000, ""),
    ];
    let slot = (START / 10_000) as u32;
    let expected = [
        (START + 60_000, 0, slot, 3),
        (START + 70_000, 1, slot + 7, 1),
        (START + 80_000, 2, slot + 8, 1),
        (START + 120_000, 0, slot + 6, 3),
    ];
    assert_eq!(arrivals(&text.join("\n"), &everything()), expected);
}

#[test]
fn lines_are_replayed_in_the_order_of_their_arrival() {
    let at = |ms: i64| format!(r#","received_at":{ms}"#);
    let text = [
        summary("dhl", START, &at(START + 61_000)),
        summary("ups", START, r#","received_at":"2026-11-20T19:05:02Z""#),
        summary("gls", START, &at(START + 61_500)),
    ];
    let clocks: Vec<i64> =
        arrivals(&text.join("\n"), &everything()).iter().map(|one| one.0).collect();
    assert_eq!(clocks, [START + 61_000, START + 61_500, START + 62_000]);
    let (_, reading) = replayed(&text.join("\n"), &everything());
    assert_eq!((reading.replayed, reading.moved, reading.late), (3, 1, 0));
}

#[test]
fn concatenated_recordings_are_one() {
    let day = 24 * 60 * 60_000;
    let recording = |start: i64| (0..3).map(move |n| summary("dhl", start + n * 60_000, ""));
    let text: Vec<String> = recording(START).chain(recording(START - day)).collect();
    let clocks: Vec<i64> =
        arrivals(&text.join("\n"), &everything()).iter().map(|one| one.0 - START).collect();
    let minutes = [60_000, 120_000, 180_000];
    assert_eq!(clocks, [minutes.map(|at| at - day), minutes].concat());
    let (_, reading) = replayed(&text.join("\n"), &everything());
    assert_eq!((reading.lines, reading.replayed, reading.moved), (6, 6, 3));
}

#[test]
fn a_recording_far_from_the_order_of_arrival_is_an_error() {
    let mut lines: Vec<String> = (0..WAITING_ARRIVALS_MAX as i64)
        .map(|n| summary("dhl", START, &format!(r#","received_at":{}"#, START + n)))
        .collect();
    lines.push(summary("dhl", START, &format!(r#","received_at":{}"#, START + 49_998)));
    let input = Input::from_reader(Cursor::new(lines.join("\n").into_bytes()), None);
    let error = read(input.expect("readable"), &everything(), |_| true).expect_err("out of order");
    let text = error.to_string();
    assert!(
        text.starts_with("line 100001 of the recording arrived at 2026-11-20T19:04:49.998Z"),
        "{text}"
    );
}

#[test]
fn lines_that_arrive_after_the_evaluation_of_their_slots_are_counted() {
    let at = |ms: i64| format!(r#","received_at":{}"#, START + ms);
    let text = [summary("dhl", START, &at(60_000)), summary("ups", START, &at(3_600_000))];
    let (_, reading) = replayed(&text.join("\n"), &everything());
    assert_eq!((reading.replayed, reading.late), (2, 1));
}

#[test]
fn an_item_far_ahead_of_its_arrival_is_replayed() {
    let line = summary("dhl", START + 3_600_000, &format!(r#","received_at":{START}"#));
    let found = arrivals(&line, &everything());
    assert_eq!(found, [(START, 0, ((START + 3_600_000) / 10_000) as u32, 3)]);
}

#[test]
fn partners_and_time_are_selected() {
    let lines: Vec<String> = (0..4)
        .flat_map(|n| ["dhl", "ups"].map(|partner| summary(partner, START + n * 60_000, "")))
        .collect();
    let selection = Selection {
        partners: LabelMatchers::any_of(Label::Partner, ["ups"]),
        to: Some(TimestampMs(START + 180_000)),
        ..everything()
    };
    let (chunks, reading) = replayed(&lines.join("\n"), &selection);
    let found: Vec<&str> =
        chunks.iter().flat_map(|chunk| &chunk.new_streams).map(|key| &*key.labels[0]).collect();
    assert_eq!(found, ["ups"]);
    assert_eq!(reading.replayed, 2, "those that end before the time");
    assert_eq!((reading.lines, reading.left_out, reading.after_end), (8, 4, 2));
}

#[test]
fn broken_lines_are_reported_and_the_others_are_replayed() {
    let text = [
        summary("dhl", START, ""),
        "{\"type\":\"summary\"".to_owned(),
        String::new(),
        "[1]".to_owned(),
        summary("dhl", START, "").replace("summary", "blob"),
        summary("dhl", START, r#","received_at":"soon""#),
        summary("dhl", START, r#","batch":7"#),
        summary("dhl", 17, ""),
        format!("{{\"pad\":\"{}\"}}", "x".repeat(70_000)),
        summary("ups", START, ""),
    ];
    let (_, reading) = replayed(&text.join("\n"), &everything());
    assert_eq!((reading.lines, reading.replayed, reading.broken), (9, 2, 7));
    let named: Vec<(u64, &str)> =
        reading.first_broken.iter().map(|line| (line.number, line.field.as_str())).collect();
    let fields = ["", "", "/type", "/received_at", "/batch", "/start", ""];
    let expected: Vec<(u64, &str)> = [2, 4, 5, 6, 7, 8, 9].into_iter().zip(fields).collect();
    assert_eq!(named, expected);
}

#[test]
fn a_broken_line_does_not_use_up_its_batch_id() {
    let batch = |line: String| line.replace("}}", r#"},"batch":"k"}"#);
    let text = [batch(summary("dhl", 17, "")), batch(summary("dhl", START, ""))];
    let (_, reading) = replayed(&text.join("\n"), &everything());
    assert_eq!((reading.replayed, reading.broken, reading.repeated), (1, 1, 0));
}

#[test]
fn many_lines_come_in_chunks_and_each_stream_is_new_once() {
    let lines: Vec<String> = (0..CHUNK_ARRIVALS_MAX as i64 * 2 + 1)
        .map(|n| summary(["dhl", "ups"][n as usize % 2], START + n * 60_000, ""))
        .collect();
    let (chunks, reading) = replayed(&lines.join("\n"), &everything());
    let sizes: Vec<usize> = chunks.iter().map(|chunk| chunk.arrivals.len()).collect();
    assert_eq!(sizes, [CHUNK_ARRIVALS_MAX, CHUNK_ARRIVALS_MAX, 1]);
    assert_eq!(chunks.iter().map(|chunk| chunk.new_streams.len()).sum::<usize>(), 2);
    assert_eq!(reading.replayed, lines.len() as u64);
}

#[test]
fn reading_ends_when_the_receiver_stops() {
    let lines: Vec<String> = (0..CHUNK_ARRIVALS_MAX as i64 * 3)
        .map(|n| summary("dhl", START + n * 60_000, ""))
        .collect();
    let input = Input::from_reader(Cursor::new(lines.join("\n").into_bytes()), None);
    let mut chunks = 0;
    let reading = read(input.expect("readable"), &everything(), |_| {
        chunks += 1;
        false
    });
    assert_eq!((chunks, reading.expect("readable").lines), (1, lines.len() as u64));
}

#[test]
fn a_stream_that_stops_sending_long_summaries_is_no_longer_known_late() {
    let hour = 3_600_000;
    let long = |start: i64| {
        format!(
            r#"{{"type":"summary","stream":"requests","partner":"dhl","start":{start},"step_s":3600,"outcomes":{{"2xx":3}}}}"#
        )
    };
    let event = |at: i64| {
        format!(r#"{{"type":"event","stream":"requests","partner":"dhl","at":{at},"status":200}}"#)
    };
    let text = [
        event(START),
        long(START),
        event(START + hour + 5_000),
        event(START + 3 * hour - 5_000),
        event(START + 3 * hour + 15_000),
        event(START + 3 * hour + 25_000),
    ];
    let (chunks, _) = replayed(&text.join("\n"), &everything());
    let steps: Vec<StepChange> = chunks.into_iter().flat_map(|chunk| chunk.steps).collect();
    let change = |arrival, step_slots| StepChange { arrival, stream: 0, step_slots };
    assert_eq!(steps, [change(1, 360), change(4, 1)]);
}
