//! The latency query beyond quantiles: top groups, comparisons, thresholds, heatmaps, and the period that
//! an answer covers.

use plimsoll_tests::{Server, clock};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::common::{data_dir, only_points};

const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;

struct Facts {
    server: Server,
    /// The end of the minute with data.
    end_ms: i64,
    _dir: TempDir,
}

/// In one minute of today, dhl takes 100 to 1000 ms under release 1.0 and twice that under 1.1, ups
/// is fast and fails once, gls is fast and busy. A day earlier dhl took 300 ms, and tnt was there.
async fn facts() -> Facts {
    let dir = data_dir();
    let server = Server::start(dir.path(), &[]).await;
    let end_ms = clock::aligned_ms(30 * MINUTE_MS, MINUTE_MS);
    let call = |partner: &str, release: &str, status: u16, latency_ms: i64, at: i64| {
        json!({ "stream": "requests", "partner": partner, "release": release, "status": status,
                "latency_ms": latency_ms, "at": at })
    };
    let at = end_ms - 25_000;
    let mut events = Vec::new();
    for tenth in 1..=10 {
        events.push(call("dhl", "1.0", 200, tenth * 100, at));
        events.push(call("dhl", "1.1", 200, tenth * 200, at));
    }
    events.extend((0..4).map(|_| call("ups", "1.0", 200, 50, at)));
    events.push(call("ups", "1.0", 503, 50, at));
    events.extend((0..30).map(|_| call("gls", "1.0", 200, 10, at)));
    events.extend((0..4).map(|_| call("dhl", "1.0", 200, 300, at - DAY_MS)));
    events.extend((0..2).map(|_| call("tnt", "1.0", 200, 300, at - DAY_MS)));
    server.api().push(&json!({ "events": events })).await;
    Facts { server, end_ms, _dir: dir }
}

impl Facts {
    /// Queries the minute with data.
    async fn get(&self, query: &str) -> Value {
        let end = self.end_ms;
        let (path, parameters) = query.split_once('?').expect("a path and parameters");
        let path = format!("/api/v1/query/{path}?stream=requests&window=1m&end={end}&{parameters}");
        self.server.api().get(&path).await
    }
}

/// The only point of each series, by partner, in the order of the answer.
fn by_partner(body: &Value) -> Vec<(&str, &Value)> {
    let series = body["series"].as_array().expect("a list of series");
    series
        .iter()
        .map(|series| {
            let partner = series["labels"]["partner"].as_str().expect("the label asked for");
            (partner, &series["points"][0])
        })
        .collect()
}

fn assert_near(value: &Value, expected: f64) {
    let value = value.as_f64().expect("a number");
    assert!((value - expected).abs() < 1e-9, "{value}, expected {expected}");
}

#[tokio::test(flavor = "multi_thread")]
async fn top_selects_the_largest_groups() {
    let facts = facts().await;
    for (query, expected) in [
        ("latency?by=partner&top=2", &["dhl", "ups"][..]),
        ("latency?by=partner&top=9", &["dhl", "ups", "gls"]),
        ("latency?by=partner&top=2&rank=count", &["gls", "dhl"]),
        ("latency?by=partner&top=5&rank=errors", &["ups"]),
        ("outcomes?by=partner&top=5", &["ups"]),
        ("outcomes?by=partner&top=1&rank=p95", &["dhl"]),
        ("outcomes?by=partner&top=1&rank=count&partner=!gls", &["dhl"]),
    ] {
        let body = facts.get(query).await;
        let found: Vec<&str> = by_partner(&body).iter().map(|(partner, _)| *partner).collect();
        assert_eq!(found, expected, "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_point_is_compared_with_the_day_before() {
    let facts = facts().await;
    for query in ["latency?by=partner&compare=1d", "outcomes?by=partner&compare=1d"] {
        let body = facts.get(query).await;
        let points = by_partner(&body);
        let partners: Vec<&str> = points.iter().map(|(partner, _)| *partner).collect();
        assert_eq!(partners, ["dhl", "gls", "ups", "tnt"], "{body}");
        let t = |point: &Value| clock::parse_ms(point["t"].as_str().expect("a time"));
        let (dhl, gls, tnt) = (points[0].1, points[1].1, points[3].1);
        assert_eq!((&dhl["count"], &dhl["compare"]["count"]), (&json!(20), &json!(4)), "{dhl}");
        assert_eq!(t(dhl), facts.end_ms);
        assert_eq!(t(&dhl["compare"]), facts.end_ms - DAY_MS);
        assert_eq!(gls["count"], 30, "{gls}");
        assert!(gls.get("compare").is_none(), "it was not there yesterday: {gls}");
        assert_eq!(tnt["compare"]["count"], 2, "{tnt}");
        assert!(tnt.get("count").is_none(), "it is not there today: {tnt}");
    }
    let body = facts.get("latency?partner=dhl&compare=1w").await;
    assert!(only_points(&body)[0].get("compare").is_none(), "{body}");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_releases_are_compared() {
    let facts = facts().await;
    let body = facts.get("latency?partner=dhl&q=0.5&compare_release=1.0,1.1").await;
    assert_eq!(body["releases"], json!({ "a": "1.0", "b": "1.1" }));
    let point = &only_points(&body)[0];
    assert_eq!((&point["a"]["count"], &point["b"]["count"]), (&json!(10), &json!(10)), "{point}");
    // The medians are 500 and 1000 ms.
    let difference = &point["difference"]["quantiles"][0];
    let value = |name: &str| difference[name].as_f64().expect("a number");
    assert!(value("lower_ms") <= 500.0 && 500.0 <= value("upper_ms"), "{difference}");
    assert!((value("ms") / 500.0 - 1.0).abs() < 0.05, "{difference}");

    let path = "outcomes?by=partner&of=5xx&compare_release=1.0&compare_release=1.1";
    let body = facts.get(path).await;
    let points = by_partner(&body);
    let dhl = points.iter().find(|(partner, _)| *partner == "dhl").expect("dhl has both").1;
    assert_eq!(dhl["difference"]["count"], 0, "{dhl}");
    assert_near(&dhl["difference"]["ratio"]["value"], 0.0);
    let upper = dhl["difference"]["ratio"]["upper"].as_f64().expect("a number");
    assert!(upper > 0.2, "of ten calls each, little is known: {upper}");
    let ups = points.iter().find(|(partner, _)| *partner == "ups").expect("ups has one").1;
    assert!(ups.get("b").is_none() && ups.get("difference").is_none(), "{ups}");
}

#[tokio::test(flavor = "multi_thread")]
async fn thresholds_have_their_share() {
    let facts = facts().await;
    let body = facts.get("latency?partner=dhl&under=500ms,650ms&under=1h&apdex=500ms").await;
    let point = &only_points(&body)[0];
    // At a border of buckets the share is exact: 5 of release 1.0 and 2 of release 1.1.
    for bound in ["value", "lower", "upper"] {
        assert_near(&point["under"]["500ms"][bound], 7.0 / 20.0);
        assert_near(&point["under"]["3600000ms"][bound], 1.0);
        // All are satisfied or tolerating: (7 + 13 / 2) / 20.
        assert_near(&point["apdex"][bound], 0.675);
    }
    let cut = |bound: &str| point["under"]["650ms"][bound].as_f64().expect("a number");
    assert!(cut("lower") <= 0.45 && 0.45 <= cut("upper"), "{point}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_heatmap_counts_every_duration_once() {
    let facts = facts().await;
    let body = facts.get("latency?form=heatmap&by=partner&buckets=10").await;
    let buckets = body["buckets"].as_array().expect("a list of buckets");
    assert!((2..=10).contains(&buckets.len()), "{body}");
    for pair in buckets.windows(2) {
        assert_eq!(pair[0]["upper_ms"], pair[1]["lower_ms"], "{body}");
    }
    let points = by_partner(&body);
    assert_eq!(points.len(), 3, "{body}");
    for (partner, point) in points {
        let counts = point["counts"].as_array().expect("a list of counts");
        assert_eq!(counts.len(), buckets.len());
        let sum: u64 = counts.iter().filter_map(Value::as_u64).sum();
        let expected = [("dhl", 20), ("gls", 30), ("ups", 5)];
        assert!(expected.contains(&(partner, sum)), "{partner}: {point}");
        assert_eq!(point["count"], sum);
    }
    let slowest = buckets.last().expect("some")["upper_ms"].as_f64().expect("a number");
    assert!(slowest >= 2_000.0, "{slowest}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_has_the_period_it_covers() {
    let facts = facts().await;
    let covers = |body: &Value| {
        let time = |name: &str| clock::parse_ms(body["covers"][name].as_str().expect("a time"));
        (time("from"), time("to"), body["covers"]["open"].as_bool().expect("a flag"))
    };
    let end = facts.end_ms;
    let body = facts.get("latency?partner=dhl").await;
    assert_eq!(covers(&body), (end - MINUTE_MS, end, false));
    // Points inside a slot are moved to its end.
    let path = format!(
        "/api/v1/query/outcomes?stream=requests&start={}&end={}&step=1m",
        end - MINUTE_MS + 3_000,
        end + 3_000
    );
    let body = facts.server.api().get(&path).await;
    assert_eq!(covers(&body), (end - 2 * MINUTE_MS + 10_000, end + 10_000, false));
    assert_eq!(body["covers"]["rounded"], true);
    let body = facts.server.api().get("/api/v1/query/latency?stream=requests").await;
    let (from, to, open) = covers(&body);
    assert!(open, "{body}");
    assert_eq!(to - from, 5 * MINUTE_MS);
    assert!(to > clock::now_ms() - 10_000, "{body}");
}
