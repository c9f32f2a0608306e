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

fn log_line(second: usize, path: &str, status: u16) -> String {
    let time = format!("20/Nov/2026:19:{:02}:{:02} +0000", second / 60 % 60, second % 60);
    format!(
        "10.0.0.1 - - [{time}] \"GET {path} HTTP/1.1\" {status} 2 \"-\" \"x\" rt=0.012 cid=c-{second}\n"
    )
}

#[test]
fn a_log_is_imported_in_chunks_and_in_order() {
    let count = 2 * CHUNK_LEN + 1;
    let log: String =
        (0..count).map(|second| log_line(second % 3_600, "/dhl/rates", 200)).collect();
    let bytes = log.len() as u64;
    let (mut sizes, mut ids) = (Vec::new(), Vec::new());
    let summary = import_lines(input(log), &routes(), &Progress::hidden(), |chunk| {
        sizes.push(chunk.len());
        ids.extend(chunk.iter().filter_map(|seen| seen.correlation_id.clone()));
        Ok::<_, Infallible>(())
    })
    .expect("a good log");
    assert_eq!(sizes, [CHUNK_LEN, CHUNK_LEN, 1]);
    assert!(ids.iter().enumerate().all(|(n, id)| *id == format!("c-{}", n % 3_600)));
    assert_eq!(
        (summary.lines, summary.imported, summary.bytes),
        (count as u64, count as u64, bytes)
    );
    assert_eq!(
        (summary.oldest_ms, summary.newest_ms),
        (Some(1_795_201_200_000), Some(1_795_204_799_000))
    );
}

#[test]
fn an_observation_has_every_field_of_the_line_and_the_route() {
    let mut seen = Vec::new();
    import_lines(
        input(log_line(1, "/dhl/rates?a=b", 503)),
        &routes(),
        &Progress::hidden(),
        |chunk| {
            seen.extend_from_slice(chunk);
            Ok::<_, Infallible>(())
        },
    )
    .expect("a good log");
    let expected = Observation {
        partner: "dhl".into(),
        operation: Some("rates".into()),
        environment: None,
        site: None,
        at_ms: 1_795_201_201_000,
        status: 503,
        latency_us: Some(12_000),
        correlation_id: Some("c-1".into()),
    };
    assert_eq!(seen, [expected]);
}

#[test]
fn unreadable_lines_are_counted_by_reason_with_the_first_of_each() {
    let good = log_line(1, "/dhl/rates", 200);
    let log = [
        "\n".to_owned(),
        good.clone(),
        "nonsense\n".to_owned(),
        log_line(2, "/", 200),
        "more nonsense\n".to_owned(),
        format!("{}\n", "x".repeat(input::LINE_BYTES_MAX + 1)),
        good.replace("Nov", "Foo"),
        good.clone(),
    ];
    let mut imported = 0;
    let summary = import_lines(input(log.concat()), &routes(), &Progress::hidden(), |chunk| {
        imported += chunk.len();
        Ok::<_, Infallible>(())
    })
    .expect("bad lines are no error");
    assert_eq!((summary.lines, summary.imported, imported), (7, 2, 2));
    let found: Vec<_> = summary
        .unreadable
        .iter()
        .map(|(reason, lines)| (*reason, lines.count, lines.first_line))
        .collect();
    let expected = [
        (UnreadableReason::NotCombined, 2, 3),
        (UnreadableReason::BadTime, 1, 7),
        (UnreadableReason::TooLong, 1, 6),
        (UnreadableReason::NoPartner, 1, 4),
    ];
    assert_eq!(found, expected);
    let text = summary.to_string();
    assert!(text.starts_with("2 of 7 lines imported"), "{text}");
    assert!(text.contains("2026-11-20T19:00:01Z to 2026-11-20T19:00:01Z"), "{text}");
    assert!(
        text.contains("\n  2 unreadable: not in the common or combined format (first in line 3)"),
        "{text}"
    );
    let text = summary.without_rejected(2).to_string();
    assert!(text.starts_with("0 of 7 lines imported"), "{text}");
    assert!(!text.contains("2026"), "there is no time of nothing: {text}");
}

#[test]
fn an_import_stops_when_a_chunk_is_not_written() {
    let log: String = (0..2 * CHUNK_LEN).map(|_| log_line(1, "/dhl/rates", 200)).collect();
    let mut calls = 0;
    let result = import_lines(input(log), &routes(), &Progress::hidden(), |_| {
        calls += 1;
        Err("the disk is full")
    });
    assert!(matches!(result, Err(ImportError::Write("the disk is full"))));
    assert_eq!(calls, 1);
}

#[test]
fn an_incomplete_log_reports_the_last_line_read() {
    struct Broken(Cursor<Vec<u8>>);
    impl io::Read for Broken {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            match self.0.read(buffer)? {
                0 => Err(io::Error::other("the disk is gone")),
                count => Ok(count),
            }
        }
    }
    let log = Broken(Cursor::new(log_line(1, "/dhl/rates", 200).into_bytes()));
    let input = Input::from_reader(log, None).expect("the start is readable");
    let result = import_lines(input, &routes(), &Progress::hidden(), |_| Ok::<_, Infallible>(()));
    let error = result.expect_err("a broken file").to_string();
    assert_eq!(error, "the log could not be read after line 1: the disk is gone");
}
