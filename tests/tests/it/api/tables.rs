//! Every call that answers tables, as CSV: with data and without, alone and with each of its parameters.

use std::collections::BTreeSet;

use plimsoll_tests::{Api, Server};
use serde_json::Value;

use super::description::{Described, filled, pair, parameters, text};
use crate::common::data_dir;

/// A query of a table, and whether it is also answered without data.
struct Query {
    path: String,
    /// A call about one partner needs the partner.
    is_of_one: bool,
}

/// Every call that can answer CSV, without parameters and with the example of each.
fn queries(described: &Described) -> Vec<Query> {
    let mut queries = Vec::new();
    for (method, path, operation) in described.operations() {
        if method != "get" || operation["responses"]["200"]["content"]["text/csv"].is_null() {
            continue;
        }
        let (path, is_of_one) = (filled(path, operation), path.contains("{partner}"));
        queries.push(Query { path: path.clone(), is_of_one });
        for parameter in parameters(operation, "query") {
            let example = pair(parameter, text(parameter, "example"));
            let query = match text(parameter, "x-needs") {
                "" => example,
                needs => format!("{needs}&{example}"),
            };
            queries.push(Query { path: format!("{path}?{query}"), is_of_one });
        }
    }
    queries
}

/// The header and the rows of an answer; checks that it is a table.
async fn table(api: &Api, path: &str) -> (Vec<String>, Vec<Vec<String>>) {
    let request = api.request("GET", path).header("accept", "text/csv");
    let answer = plimsoll_tests::api::send(request).await.expect("an answer");
    assert_eq!(answer.status, 200, "{path}: {}", answer.text);
    assert_eq!(answer.content_type, "text/csv", "{path}");
    let mut reader = csv::Reader::from_reader(answer.text.as_bytes());
    let fields = |record: &csv::StringRecord| record.iter().map(str::to_owned).collect::<Vec<_>>();
    let header = fields(reader.headers().expect("a header"));
    // The reader rejects rows of another length than the header.
    let rows: Vec<_> = reader.records().map(|record| fields(&record.expect(path))).collect();
    assert!(!header.is_empty() && header.iter().all(|name| !name.is_empty()), "{path}: {header:?}");
    let distinct: BTreeSet<_> = header.iter().collect();
    assert_eq!(distinct.len(), header.len(), "{path}: a column twice: {header:?}");
    for field in rows.iter().flatten().filter(|field| field.starts_with(['{', '['])) {
        let json = serde_json::from_str::<Value>(field);
        assert!(json.is_err(), "{path}: JSON within a field: {field}");
    }
    (header, rows)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_table_has_the_same_columns_with_and_without_data() {
    let described = Described::start().await;
    let dir = data_dir();
    let empty = Server::start(dir.path(), &[]).await;
    let (mut with_rows, mut count) = (0, 0);
    for Query { path, is_of_one } in queries(&described) {
        let (header, rows) = table(described.server.api(), &path).await;
        with_rows += usize::from(!rows.is_empty());
        count += 1;
        if is_of_one {
            continue;
        }
        let (without, _) = table(empty.api(), &path).await;
        // Which outcome classes and buckets there are depends on the data.
        let by_data = |name: &str| name.contains("outcomes.") || name.starts_with("counts.");
        let missing: Vec<_> =
            header.iter().filter(|name| !without.contains(name) && !by_data(name)).collect();
        assert!(missing.is_empty(), "{path}: only with data: {missing:?}, without: {without:?}");
    }
    println!("{count} tables, {with_rows} with rows");
    assert!(count > 150 && with_rows > 60, "{count} tables, {with_rows} with rows");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_without_rows_names_the_columns_that_its_parameters_ask_for() {
    let dir = data_dir();
    let server = Server::start(dir.path(), &[]).await;
    for (path, expected) in [
        (
            "query/latency?by=partner,operation&q=0.5,0.99&under=500ms&apdex=200ms",
            "operation,partner,t,count,apdex.lower,apdex.upper,apdex.value,quantiles.0.5.lower_ms,\
             quantiles.0.5.ms,quantiles.0.5.upper_ms,quantiles.0.99.lower_ms,quantiles.0.99.ms,\
             quantiles.0.99.upper_ms,under.500ms.lower,under.500ms.upper,under.500ms.value",
        ),
        ("query/latency?by=site&form=heatmap", "site,t,count"),
        ("query/outcomes?by=partner", "partner,t,count"),
        ("query/outcomes?of=5xx", "t,count,ratio.lower,ratio.of,ratio.to,ratio.upper,ratio.value"),
        (
            "query/gauges?by=release&compare=1d",
            "release,t,count,compare.count,compare.last,compare.max,compare.mean,compare.min,\
             compare.t,last,max,mean,min",
        ),
        (
            "query/freshness?by=partner",
            "partner,age_s,expected,last_at,silent,silent_after_s,silent_for_s,stream",
        ),
        ("query/retry_amplification?by=partner", "partner,t,attempts,ratio,requests"),
        ("partners", ""),
    ] {
        let (header, rows) = table(server.api(), &format!("/api/v1/{path}")).await;
        assert!(rows.is_empty(), "{path}");
        if !expected.is_empty() {
            assert_eq!(header.join(","), expected, "{path}");
        }
    }
}
