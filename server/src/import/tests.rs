//! Whole logs: what is imported, what is counted, and what stops an import.

use super::*;
use std::convert::Infallible;
use std::io::Cursor;

fn routes() -> Routes {
    let source = |text: &str| Some(text.parse().expect("a label source"));
    Routes::new(LabelSources {
        partner: source("path:1"),
        operation: source("path:2"),
        ..LabelSources::default()
    })
}

fn input(text: impl Into<Vec<u8>>) -> Input {
    Input::from_reader(Cursor::new(text.into()), None).expect("readable")
}

/// Imports a log whose partners are all listed; returns the observations.
fn imported(log: impl Into<Vec<u8>>) -> (ImportSummary, Vec<Observation>) {
    let log = log.into();
    let layout = detect_layout(input(log.clone()), None).expect("a layout");
    let routes = routes();
    let partners = survey(input(log.clone()), &layout, &routes).expect("few partners");
    let reading = Reading { layout: &layout, routes: &routes, partners: &partners };
    let mut seen = Vec::new();
    let summary = import_lines(input(log), &reading, &Progress::hidden(), |line, _| {
        seen.push(line);
        Ok::<_, Infallible>(())
    });
    let Ok(summary) = summary;
    (summary, seen)
}

fn log_line(second: usize, path: &str, status: u16) -> String {
    let time = format!("20/Nov/2026:19:{:02}:{:02} +0000", second / 60 % 60, second % 60);
    format!(
        "10.0.0.1 - - [{time}] \"GET {path} HTTP/1.1\" {status} 2 \"-\" \"x\" rt=0.012 cid=c-{second}\n"
    )
}

#[test]
fn a_log_is_imported_in_order() {
    let count = 10_001;
    let log: String =
        (0..count).map(|second| log_line(second % 3_600, "/dhl/rates", 200)).collect();
    let bytes = log.len() as u64;
    let (summary, seen) = imported(log);
    let id = |seen: &Observation| seen.correlation_id.clone().expect("an id");
    assert!(seen.iter().enumerate().all(|(n, seen)| id(seen) == format!("c-{}", n % 3_600)));
    assert_eq!(seen.len(), count);
    assert_eq!(
        (summary.lines, summary.imported, summary.with_latency, summary.bytes),
        (count as u64, count as u64, count as u64, bytes)
    );
    assert_eq!(
        (summary.oldest_ms, summary.newest_ms),
        (Some(1_795_201_200_000), Some(1_795_204_799_000))
    );
}

#[test]
fn an_observation_has_every_field_of_the_line_and_the_route() {
    let log = log_line(1, "/dhl/rates?a=b", 503) + &log_line(2, "/dhl/rates", 200);
    let expected = Observation {
        line_number: 1,
        partner: "dhl".into(),
        operation: Some("rates".into()),
        environment: None,
        site: None,
        at_ms: 1_795_201_201_000,
        status: 503,
        latency_us: Some(12_000),
        correlation_id: Some("c-1".into()),
    };
    assert_eq!(imported(log).1[0], expected);
}

#[test]
fn lines_that_are_not_imported_are_counted_by_reason_with_the_first_of_each() {
    let good = log_line(1, "/dhl/rates", 200);
    let log = [
        "\n".to_owned(),
        good.clone(),
        "nonsense\u{7}\n".to_owned(),
        log_line(2, "/", 200),
        "more nonsense\n".to_owned(),
        format!("{}\n", "x".repeat(input::LINE_BYTES_MAX + 1)),
        good.replace("Nov", "Foo"),
        log_line(3, "/.env", 404),
        log_line(3, "/.env", 404),
        log_line(3, "/cgi-bin/x", 404),
        good.clone(),
    ];
    let (summary, seen) = imported(log.concat());
    assert_eq!((summary.lines, summary.imported, seen.len()), (10, 2, 2));
    let found: Vec<_> = summary
        .unreadable
        .iter()
        .map(|(reason, lines)| (*reason, lines.count, lines.first_line))
        .collect();
    let expected = [
        (UnreadableReason::OtherLayout, 2, 3),
        (UnreadableReason::BadTime, 1, 7),
        (UnreadableReason::TooLong, 1, 6),
        (UnreadableReason::NoPartner, 1, 4),
        (UnreadableReason::NotAPartner, 3, 8),
    ];
    assert_eq!(found, expected);
    let text = summary.to_string();
    for part in [
        "2 of 10 lines imported",
        "2026-11-20T19:00:01Z to 2026-11-20T19:00:01Z, 2 with a latency",
        "\n  lines by partner: dhl 2",
        "\n  2 not imported: not in the layout of this log; line 3: nonsense\u{fffd}",
        "line 7: 10.0.0.1 - - [20/Foo/2026",
        "without a 2xx or 5xx: .env 2, cgi-bin 1; name the",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let text = summary.without_rejected(2).to_string();
    assert!(text.starts_with("0 of 10 lines imported"), "{text}");
    assert!(!text.contains("T19:00"), "there is no time of nothing: {text}");
}

#[test]
fn an_import_stops_when_a_line_is_not_written() {
    let log: String = (0..10).map(|_| log_line(1, "/dhl/rates", 200)).collect();
    let layout = detect_layout(input(log.clone()), None).expect("a layout");
    let partners = PathPartners::Listed("dhl".parse().expect("a list"));
    let reading = Reading { layout: &layout, routes: &routes(), partners: &partners };
    let mut calls = 0;
    let result = import_lines(input(log), &reading, &Progress::hidden(), |_, _| {
        calls += 1;
        Err("the disk is full")
    });
    assert_eq!((result, calls), (Err("the disk is full"), 1));
}

#[test]
fn a_log_that_is_cut_is_read_as_far_as_possible() {
    let log: String =
        (0..20_000).map(|second| log_line(second % 3_600, "/dhl/rates", 200)).collect();
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    io::Write::write_all(&mut encoder, log.as_bytes()).expect("into memory");
    let mut bytes = encoder.finish().expect("into memory");
    bytes.truncate(bytes.len() / 2);
    let (summary, seen) = imported(bytes);
    assert!((1..20_000).contains(&seen.len()), "{}", seen.len());
    let cut = summary.cut.expect("cut");
    assert_eq!(
        cut,
        format!("the log could not be read after line {}: the compressed file is cut", seen.len())
    );
}

#[test]
fn a_named_latency_that_no_line_has_is_an_error() {
    let log: String = (0..300).map(|second| log_line(second, "/dhl/rates", 200)).collect();
    let last = log_line(301, "/dhl/rates", 200).replace("rt=", "took=");
    for (name, whole, is_there) in [
        ("rt:s", log.clone(), true),
        ("took:s", log.clone(), false),
        ("9:s", log.clone(), false),
        ("1:s", log.clone(), false),
        ("took:s", log + &last, true),
        ("took:s", "not a log line\n".to_owned(), true),
    ] {
        let field = name.parse().expect("an option");
        let layout = detect_layout(input(whole), Some(&field));
        assert_eq!(layout.is_ok(), is_there, "{name}: {:?}", layout.err());
    }
}

#[test]
fn the_last_line_of_a_growing_file_counts_when_it_is_whole() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let path = dir.path().join("access.log");
    let lines = |text: &str| {
        std::fs::write(&path, text).expect("written");
        let open = || Input::open(&path).expect("readable");
        let layout = detect_layout(open(), None).expect("a layout");
        let partners = PathPartners::Listed("dhl".parse().expect("a list"));
        let reading = Reading { layout: &layout, routes: &routes(), partners: &partners };
        let Ok(summary) =
            import_lines(open(), &reading, &Progress::hidden(), |_, _| Ok::<_, Infallible>(()));
        (summary.imported, summary.unreadable.keys().copied().collect::<Vec<_>>())
    };
    let whole = log_line(1, "/dhl/a", 200);
    let open_end = whole.trim_end();
    assert_eq!(lines(&(whole.clone() + open_end)), (1, vec![UnreadableReason::NoLineEnd]));
    let quoted = whole.replace(" rt=0.012 cid=c-1", "");
    let cut = &quoted[..quoted.find(" \"x\"").expect("an agent")];
    assert_eq!(lines(&(quoted.clone() + quoted.trim_end())), (2, vec![]));
    assert_eq!(lines(&(quoted.clone() + cut)), (1, vec![UnreadableReason::NoLineEnd]));
}
