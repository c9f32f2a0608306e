//! An imported access log gives exact totals, through the store and over HTTP.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;

use flate2::Compression;
use flate2::write::GzEncoder;
use plimsoll_tests::sample::{Random, exact_quantile};
use plimsoll_tests::{Api, Server, binary, clock};
use tempfile::TempDir;

use crate::common::{Counts, counts_by_partner, counts_of, data_dir, only_points, text_of};

const LINE_COUNT: u64 = 20_000;
/// One line in so many is not a log line.
const UNREADABLE_EVERY: u64 = 541;
const PARTNERS: [&str; 3] = ["dhl", "ups", "gls"];
/// A status and the class it counts as.
const STATUSES: [(u16, &str); 10] = [
    (200, "2xx"),
    (201, "2xx"),
    (200, "2xx"),
    (302, "3xx"),
    (401, "401_403"),
    (403, "401_403"),
    (404, "4xx"),
    (429, "429"),
    (500, "5xx"),
    (503, "5xx"),
];

/// A log and its expected counts.
struct Log {
    text: String,
    counts: BTreeMap<String, Counts>,
    dhl_latencies_us: Vec<u64>,
}

/// Twenty minutes of an hour ago, one request each 60 ms, with unreadable lines in between.
fn generate() -> Log {
    let mut random = Random::new(20_261_120);
    let start_ms = clock::aligned_ms(3_600_000, 1_000);
    let mut log =
        Log { text: String::new(), counts: BTreeMap::new(), dhl_latencies_us: Vec::new() };
    for n in 0..LINE_COUNT {
        let at = jiff::Timestamp::from_millisecond(start_ms + n as i64 * 60).expect("a time");
        let time = at.strftime("%d/%b/%Y:%H:%M:%S +0000");
        let partner = PARTNERS[random.below(3) as usize];
        let (status, class) = STATUSES[random.below(10) as usize];
        let latency_us = random.latency_us(80.0, 0.7) / 1_000 * 1_000;
        let seconds = latency_us as f64 / 1e6;
        writeln!(
            log.text,
            "10.0.0.{} - - [{time}] \"POST /{partner}/rates?n={n} HTTP/1.1\" {status} 2 \"-\" \"a \\\"b\\\"\" \
             rt={seconds:.3} urt={seconds:.3} cid=c-{n}",
            n % 250,
        )
        .expect("into memory");
        if n % UNREADABLE_EVERY == 7 {
            log.text.push_str("this is no log line\n");
        }
        *log.counts.entry(partner.into()).or_default().entry(class.into()).or_default() += 1;
        if partner == "dhl" {
            log.dhl_latencies_us.push(latency_us);
        }
    }
    log
}

fn write_gzip(dir: &TempDir, text: &str) -> PathBuf {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text.as_bytes()).expect("into memory");
    let path = dir.path().join("access.log.1");
    std::fs::write(&path, encoder.finish().expect("into memory")).expect("a temporary folder");
    path
}

fn import(target: [&str; 2], file: &str) -> String {
    let labels = ["--partner", "path:1", "--operation", "path:2"];
    let args = [&["import", "--format", "access-log"][..], &labels, &target, &[file]].concat();
    let output = binary::run(&args);
    let printed = [output.stdout, output.stderr].concat();
    let printed = String::from_utf8_lossy(&printed).into_owned();
    assert!(output.status.success(), "{printed}");
    printed
}

async fn assert_imported(api: &Api, log: &mut Log, printed: &str) {
    assert_eq!(counts_by_partner(api, "3h").await, log.counts);
    let unreadable = LINE_COUNT.div_ceil(UNREADABLE_EVERY);
    assert!(printed.contains("20,000 of "), "{printed}");
    assert!(printed.contains(&format!("{unreadable} not imported")), "{printed}");
    let path =
        "/api/v1/query/latency?stream=requests&partner=dhl&operation=rates&window=3h&q=0.5&q=0.95";
    let body = api.get(path).await;
    let point = &only_points(&body)[0];
    assert_eq!(point["count"], log.dhl_latencies_us.len());
    for (index, q) in [(0, 0.5), (1, 0.95)] {
        let exact_ms = exact_quantile(&mut log.dhl_latencies_us, q) as f64 / 1e3;
        let ms = point["quantiles"][index]["ms"].as_f64().expect("a number");
        assert!((ms / exact_ms - 1.0).abs() <= 0.011, "q {q}: {ms} ms, exact {exact_ms} ms");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_into_a_data_directory_is_exact() {
    let (dir, files) = (data_dir(), data_dir());
    let mut log = generate();
    let file = write_gzip(&files, &log.text);
    let printed = import(["--data-dir", text_of(&dir)], file.to_str().expect("a plain name"));
    println!("{printed}");
    let server = Server::start(dir.path(), &[]).await;
    assert_imported(server.api(), &mut log, &printed).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_over_http_is_exact_and_counts_once() {
    let (dir, files) = (data_dir(), data_dir());
    let mut log = generate();
    let file = write_gzip(&files, &log.text);
    let server = Server::start(dir.path(), &[]).await;
    // The second import adds nothing.
    for _ in 0..2 {
        let printed = import(["--url", server.base()], file.to_str().expect("a plain name"));
        assert_imported(server.api(), &mut log, &printed).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mapping_file_maps_paths_to_partners() {
    let (dir, files) = (data_dir(), data_dir());
    let log = generate();
    let file = write_gzip(&files, &log.text);
    let map = files.path().join("map.yaml");
    let entries = "- { prefix: /dhl, partner: dhl-express, site: ams1 }\n\
                   - { prefix: /, partner: 'path:1', environment: staging }\n";
    std::fs::write(&map, entries).expect("a temporary folder");
    let path_text = |path: &PathBuf| path.to_str().expect("a plain name").to_owned();
    let (file, map) = (path_text(&file), path_text(&map));
    let args =
        ["import", "--format", "access-log", "--map", &map, "--data-dir", text_of(&dir), &file];
    assert!(binary::run(&args).status.success());
    let server = Server::start(dir.path(), &[]).await;
    let ask =
        |selector: &str| format!("/api/v1/query/outcomes?stream=requests&window=3h&{selector}");
    for (selector, partner) in [
        ("partner=dhl-express&site=ams1&environment=production", "dhl"),
        ("partner=ups&environment=staging", "ups"),
    ] {
        let body = server.api().get(&ask(selector)).await;
        assert_eq!(Some(&counts_of(&only_points(&body)[0])), log.counts.get(partner), "{selector}");
    }
}

#[test]
fn an_import_that_fails_reports_why() {
    let dir = data_dir();
    let target = ["--data-dir", text_of(&dir)];
    let missing = text_of(&dir).to_owned() + "/no-such.log";
    for (args, word) in [
        (&["--partner", "path:1", &missing][..], "no-such.log"),
        (&["--partner", "path:0", &missing], "path:0"),
        (&["--partner", "path:1", "--latency", "rt", &missing], "NAME:UNIT"),
        (&["--partner", "path:1", "--map", "/nonexistent/map.yaml", &missing], "map.yaml"),
    ] {
        let args = [&["import", "--format", "access-log"][..], &target, args].concat();
        let output = binary::run(&args);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{args:?}");
        assert!(error.contains(word) && !error.contains("panicked"), "{args:?}: {error}");
    }
}

/// A log line of a minute ago.
fn access_line(number: u64, tail: &str) -> String {
    let at = jiff::Timestamp::from_millisecond(clock::aligned_ms(3_600_000, 1_000) + number as i64)
        .expect("a time")
        .strftime("%d/%b/%Y:%H:%M:%S +0000")
        .to_string();
    format!("10.0.0.1 - - [{at}] \"GET /dhl/rates?n={number} HTTP/1.1\" 200 2 \"-\" \"x\"{tail}\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_has_grown_counts_its_new_lines() {
    let (dir, files) = (data_dir(), data_dir());
    let server = Server::start(dir.path(), &[]).await;
    let lines: Vec<String> = (0..3_100).map(|number| access_line(number, " 0.012 0.011")).collect();
    let file = files.path().join("access.log");
    let name = file.to_str().expect("a plain name");
    let url = server.base();
    for count in [3_000, 3_100] {
        std::fs::write(&file, lines[..count].concat()).expect("a temporary folder");
        let printed = import(["--url", url], name);
        assert!(printed.contains("field 3 after the byte count in seconds"), "{printed}");
    }
    let copy = write_gzip(&files, &lines.concat());
    let printed = import(["--url", url], copy.to_str().expect("a plain name"));
    assert!(printed.contains("3,100 were imported before"), "{printed}");
    let counted: u64 = counts_by_partner(server.api(), "3h").await["dhl"].values().sum();
    assert_eq!(counted, 3_100);
}

#[test]
fn an_import_of_nothing_or_of_a_cut_file_fails_and_says_why() {
    let (dir, files) = (data_dir(), data_dir());
    let run = |file: &PathBuf| {
        let file = file.to_str().expect("a plain name");
        let args = [
            "import",
            "--format",
            "access-log",
            "--partner",
            "path:1",
            "--data-dir",
            text_of(&dir),
        ];
        let output = binary::run(&[&args[..], &[file]].concat());
        let printed = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&printed).into_owned())
    };
    let file = files.path().join("other.log");
    std::fs::write(&file, "first line\nsecond line\n").expect("a temporary folder");
    let (succeeded, printed) = run(&file);
    assert!(!succeeded && printed.contains("line 1: first line"), "{printed}");
    let lines: String = (0..20_000).map(|number| access_line(number, "")).collect();
    let file = write_gzip(&files, &lines);
    let bytes = std::fs::read(&file).expect("readable");
    std::fs::write(&file, &bytes[..bytes.len() / 2]).expect("writable");
    let (succeeded, printed) = run(&file);
    assert!(!succeeded && printed.contains("is cut; what could be read is imported"), "{printed}");
    assert!(printed.contains("no latency in these lines"), "{printed}");
}
