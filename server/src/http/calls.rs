//! Every call of the API, by subject. The subjects are the tags of `/openapi.json`.

use super::alerting::{
    alerts, deliveries, explain, receivers, reports, rules, runbooks, silences, webhooks,
};
use super::call::Call;
use super::pages;
use super::partners::{self, labels};
use super::query::{
    baseline, exemplars, flow, freshness, gauges, latency, outcomes, retry_amplification,
};
use super::server::{backtests, backups, cardinality, health, keys};
use super::{openapi, push};

/// Every call of the API.
pub(crate) fn all() -> Vec<Call> {
    let by_subject = [
        ("push", push::calls()),
        ("query", latency::calls()),
        ("query", outcomes::calls()),
        ("query", freshness::calls()),
        ("query", gauges::calls()),
        ("query", exemplars::calls()),
        ("query", baseline::calls()),
        ("query", retry_amplification::calls()),
        ("flow", flow::calls()),
        ("partners", partners::calls()),
        ("partners", labels::calls()),
        ("alerts", alerts::calls()),
        ("alerts", webhooks::calls()),
        ("alerts", reports::calls()),
        ("alerts", rules::calls()),
        ("alerts", explain::calls()),
        ("alerts", runbooks::calls()),
        ("pages", pages::alert::calls()),
        ("pages", pages::partner::calls()),
        ("pages", pages::rule::calls()),
        ("backtests", backtests::calls()),
        ("delivery", deliveries::calls()),
        ("delivery", silences::calls()),
        ("delivery", receivers::calls()),
        ("server", backups::calls()),
        ("server", cardinality::calls()),
        ("server", health::calls()),
        ("server", openapi::calls()),
        ("access", keys::calls()),
    ];
    let tagged = by_subject
        .into_iter()
        .flat_map(|(tag, calls)| calls.into_iter().map(move |call| Call { tag, ..call }));
    tagged.collect()
}
