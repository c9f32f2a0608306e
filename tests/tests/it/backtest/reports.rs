//! Reports of backtests: scores, transitions, comparisons, sweeps, suggestions and HTML pages.

use plimsoll_tests::binary;
use serde_json::{Value, json};

use super::{EPISODE, RULES, Traffic, World, text};

#[test]
fn alerts_are_scored_against_incidents() {
    let (world, traffic) = (World::new(), Traffic::generate());
    let input = world.write("input.ndjson", traffic.lines().join("\n").as_bytes());
    let (start, end) = (traffic.end_of(EPISODE.start), traffic.end_of(EPISODE.end));
    let incidents = json!([
        { "id": "A", "start": start, "end": end, "partners": ["dhl"] },
        { "id": "B", "start": start, "end": end, "partners": ["ups"], "must_page": true },
    ]);
    let incidents = world.write("incidents.json", incidents.to_string().as_bytes());
    let (lines, _) = world.alerts(&["--input", &input, "--incidents", &incidents]);
    let score: Value = serde_json::from_str(lines.last().expect("a line")).expect("JSON");
    let score = &score["score"];
    assert_eq!(score["missed"], json!(["B"]), "{score}");
    assert_eq!((&score["recall"], &score["precision"]), (&json!(0.5), &json!(1.0)), "{score}");
    assert_eq!((&score["pages_per_incident"], &score["flaps"]), (&json!(1.0), &json!(0)));
    assert_eq!(score["found"][0]["id"], "A");
    assert!(score["detected_after_median_s"].as_f64().expect("a number") < 300.0, "{score}");
    let output = world.backtest(&["--input", &input, "--incidents", &input]);
    assert!(!output.status.success() && text(&output.stderr).contains("input.ndjson"));
}

#[test]
fn transitions_are_printed_one_a_line() {
    let (world, traffic) = (World::new(), Traffic::generate());
    let input = world.write("input.ndjson", traffic.lines().join("\n").as_bytes());
    let (lines, _) = world.alerts(&["--input", &input, "--format", "transitions"]);
    let changes: Vec<Value> =
        lines.iter().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let of_dhl: Vec<&Value> =
        changes.iter().filter(|it| it["labels"]["partner"] == "dhl").collect();
    let names: Vec<&str> = of_dhl.iter().filter_map(|it| it["change"].as_str()).collect();
    assert!(names.ends_with(&["pended", "fired", "resolved"]), "{names:?}");
    assert!(of_dhl.iter().rev().take(2).all(|it| it["alert"].is_string()));
}

/// The rules with another threshold.
fn with_threshold(threshold: &str) -> String {
    RULES.replace("> 5%", threshold)
}

#[test]
fn two_rule_files_are_compared() {
    let (world, traffic) = (World::new(), Traffic::generate());
    let input = world.write("input.ndjson", traffic.lines().join("\n").as_bytes());
    let strict = world.write("strict.yaml", with_threshold("> 25%").as_bytes());
    let (lines, _) = world.alerts(&["--input", &input, "--against", &strict]);
    let [line] = lines.as_slice() else { panic!("{lines:?}") };
    let line: Value = serde_json::from_str(line).expect("JSON");
    assert_eq!((&line["found_by"], &line["partner"]), (&json!("both"), &json!("dhl")));
    assert!(line["b_later_s"].as_f64().expect("a number") > 0.0, "{line}");
    let deaf = world.write("deaf.yaml", with_threshold("> 90%").as_bytes());
    let (lines, _) = world.alerts(&["--input", &input, "--against", &deaf]);
    assert!(lines.len() == 1 && lines[0].contains(r#""found_by":"a""#), "{lines:?}");
    let (lines, _) = world.alerts(&["--input", &input, "--against", &deaf, "--format", "table"]);
    assert!(lines.iter().any(|line| line == "only in A: 1 notifications"), "{lines:?}");
}

#[test]
fn a_rule_is_swept_over_thresholds_and_durations() {
    let (world, traffic) = (World::new(), Traffic::generate());
    let input = world.write("input.ndjson", traffic.lines().join("\n").as_bytes());
    let sweep = ["--sweep", "rule=partner-5xx", "threshold=5%,20%,90%", "for=2m,50m"];
    let (lines, _) = world.alerts(&[&["--input", &input], &sweep[..]].concat());
    let rows: Vec<Value> =
        lines.iter().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let pages: Vec<u64> = rows.iter().filter_map(|row| row["pages"].as_u64()).collect();
    assert_eq!(pages, [1, 1, 0, 0, 0, 0], "{rows:?}");
    assert_eq!(rows[1]["threshold"], "20%");
    assert_eq!(rows[3]["for_s"], 3000.0);
    let output = world.backtest(&["--input", &input, "--sweep", "rule=nobody"]);
    assert!(!output.status.success() && text(&output.stderr).contains("no rule `nobody`"));
}

#[test]
fn a_suggested_threshold_has_a_warning() {
    let (world, traffic) = (World::new(), Traffic::generate());
    let input = world.write("input.ndjson", traffic.lines().join("\n").as_bytes());
    let signal = "{ ratio: { of: [5xx], stream: requests } }";
    let args = ["suggest", "--signal", signal, "--partner", "dhl", "--input", &input];
    let output = binary::run(&[&args[..], &["--format", "json"]].concat());
    assert!(output.status.success(), "{}", text(&output.stderr));
    let suggestion: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let caution = suggestion["caution"].as_str().expect("a caution");
    assert!(caution.contains("at least a week is needed"), "{suggestion}");
    let args = ["suggest", "--signal", "{ colour: red }", "--partner", "dhl", "--input", &input];
    let output = binary::run(&args);
    assert!(!output.status.success() && text(&output.stderr).contains("colour"));
}

#[test]
fn a_page_has_a_chart_of_each_alert_and_needs_no_network() {
    let (world, traffic) = (World::new(), Traffic::generate());
    let input = world.write("input.ndjson", traffic.lines().join("\n").as_bytes());
    let incidents = json!([{ "id": "<A&B>", "partners": ["dhl"],
        "start": traffic.end_of(EPISODE.start), "end": traffic.end_of(EPISODE.end) }]);
    let incidents = world.write("incidents.json", incidents.to_string().as_bytes());
    let args = ["--input", &input, "--incidents", &incidents, "--format", "html"];
    let page = world.alerts(&args).0.join("\n");
    assert!(page.starts_with("<!doctype html>") && page.trim_end().ends_with("</html>"));
    assert_eq!(page.matches("<svg ").count(), 2, "a timeline and a chart");
    for part in ["class=\"band\"", "class=\"signal\"", "critical 5%", "&lt;A&amp;B&gt;", "100.0 %"]
    {
        assert!(page.contains(part), "{part}: {page}");
    }
    for part in ["http://", "https://", "<script", "<link", "@import", "url("] {
        assert!(!page.contains(part), "{part}");
    }
}
