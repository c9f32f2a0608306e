//! Every call, as a table.

use plimsoll_query::{GaugePoint, LatencyPoint};

use super::alerting::{alerts, deliveries, explain, receivers, reports, rules, runbooks, silences};
use super::call::{Call, tagged};
use super::openapi::Description;
use super::params::declare as p;
use super::push;
use super::query::{self, flow, labels, partners};
use super::server::{backtests, backups, health};
use crate::backtest::jobs::JobBody;
use crate::wire::alerting::alert::{AlertBody, AlertsBody, HeardBody, RuleBody, RulesBody};
use crate::wire::alerting::delivery::{
    DeliveriesBody, DeliveryBody, PurgeBody, ReceiversBody, ReplayBody, TestBody,
};
use crate::wire::alerting::explain::ExplanationBody;
use crate::wire::alerting::noise::NoiseBody;
use crate::wire::alerting::silence::{MadeSilenceBody, SilenceBody, SilencesBody};
use crate::wire::push::answer::{LabelNamesBody, LabelValuesBody, PushBody};
use crate::wire::query::baseline::BaselineBody;
use crate::wire::query::exemplar::ExemplarsBody;
use crate::wire::query::latency::HeatmapBody;
use crate::wire::query::outcomes::{AmplificationBody, RatedOutcomes};
use crate::wire::query::partner::{FreshnessesBody, HealthBody, PartnerBody, PartnersBody};
use crate::wire::query::series::{PointBodyOf, PointsBody, SeriesBody};

/// An answer made of the points of a kind.
type Points<P> = SeriesBody<PointsBody<PointBodyOf<'static, P>>>;

/// Every call of the API.
pub(crate) fn all() -> Vec<Call> {
    tagged("push", pushes())
        .chain(tagged("query", questions()))
        .chain(tagged("flow", flows()))
        .chain(tagged("partners", partners()))
        .chain(tagged("alerts", alerting()))
        .chain(tagged("backtests", backtesting()))
        .chain(tagged("delivery", delivering()))
        .chain(tagged("server", server()))
        .collect()
}

fn pushes() -> Vec<Call> {
    const JSON: &str = r#"{"events":[{"stream":"requests","partner":"dhl","operation":"create_label","at":"2026-11-20T19:04:40.123Z","status":200,"latency_ms":132.4}],"summaries":[{"stream":"requests","partner":"dhl","start":1795201480000,"step_s":10,"outcomes":{"2xx":3},"latency":{"scale":5,"sum":0.4,"zero_count":0,"positive":{"offset":-94,"bucket_counts":[1,0,2]}}}],"gauges":[{"name":"queue_depth","partner":"dhl","at":1795201480000,"value":12}]}"#;
    const NDJSON: &str =
        r#"{"type":"event","stream":"requests","partner":"dhl","at":1795201480123,"status":503}"#;
    vec![
        Call::post("/api/v1/push", push::push)
            .says(
                "Store events, summaries and gauges",
                "Durable and visible by the time of the answer. A bad item is named by a JSON pointer and costs no good one. With an `Idempotency-Key`, a retry of the same batch counts once for a day. Bodies may be packed: `Content-Encoding: gzip` or `zstd`.",
            )
            .body(&[("application/json", JSON), ("application/x-ndjson", NDJSON)])
            .answers::<PushBody>()
            .fails(&["malformed_body", "empty_body", "invalid_header", "body_timeout"])
            .fails(&["body_too_large", "unsupported_media_type", "nothing_accepted"])
            .fails(&["stream_limit", "overloaded", "busy"]),
    ]
}

/// What questions about latency take and answer.
fn about_latency(call: Call) -> Call {
    call.takes(&[p::STREAM, p::BY, p::COMPARE, p::COMPARE_RELEASE])
        .takes(&p::LABELS)
        .takes(&p::GRID)
        .takes(&p::TIMING)
        .takes(&p::HEATMAP)
        .takes(&p::TOP)
        .answers_rows::<Points<LatencyPoint>>()
        .or::<HeatmapBody>()
        .reads_cells()
}

/// What questions about freshness take and answer.
fn about_freshness(call: Call) -> Call {
    call.takes(&[p::STREAM, p::BY])
        .takes(&p::LABELS)
        .answers_rows::<FreshnessesBody>()
        .fails(&["busy"])
}

fn questions() -> Vec<Call> {
    vec![
        about_latency(Call::get("/api/v1/query/latency", query::latency::latency).says(
                "Latency quantiles with count and bounds",
                "Also shares under a threshold, the Apdex score, and heat maps. A point's `t` is the end of its window, which covers the whole slots before it.",
        )),
        Call::get("/api/v1/query/outcomes", query::outcomes::outcomes)
            .says(
                "Counts, rates per second and shares by outcome class",
                "With `of`, also the ratio of some classes to others, with Wilson bounds.",
            )
            .takes(&[p::STREAM, p::BY, p::COMPARE, p::COMPARE_RELEASE])
            .takes(&p::LABELS)
            .takes(&p::GRID)
            .takes(&p::RATIO)
            .takes(&p::TOP)
            .answers_rows::<Points<RatedOutcomes>>()
            .reads_cells(),
        about_freshness(Call::get("/api/v1/query/freshness", query::freshness::freshness).says(
            "The newest event and its age",
            "Also where the rules file expects something and nothing ever came.",
        )),
        Call::get("/api/v1/query/gauges", query::gauges::gauges)
            .says("Last, lowest, highest and mean reading of gauges", "")
            .takes(&[p::GAUGE, p::BY, p::COMPARE])
            .takes(&p::LABELS)
            .takes(&p::GRID)
            .answers_rows::<Points<GaugePoint>>()
            .reads_cells(),
        Call::get("/api/v1/query/exemplars", query::exemplars::exemplars)
            .says(
                "Single events to look at, by the ids they carried",
                "The newest that failed, or the slowest. Of each slot of a stream up to three are kept of each class, as long as slots are, and the three slowest for a day.",
            )
            .takes(&p::EXEMPLARS)
            .takes(&[p::STREAM])
            .takes(&p::LABELS)
            .takes(&p::GRID[..3])
            .answers_rows::<ExemplarsBody>()
            .fails(&["busy"]),
        Call::get("/api/v1/query/baseline", query::baseline::baseline)
            .says(
                "What is usual for this weekday and time",
                "Median and spread over past weeks, without slots inside past incidents, and how many weeks support it. Windows and steps are whole minutes.",
            )
            .takes(&[p::STREAM, p::BY])
            .takes(&p::LABELS)
            .takes(&p::GRID)
            .takes(&p::BASELINE)
            .takes(&p::BASELINE_RATIO)
            .answers_rows::<BaselineBody>()
            .reads_cells(),
        Call::get(
            "/api/v1/query/retry_amplification",
            query::retry_amplification::retry_amplification,
        )
        .says("Attempts for each request", "Where connectors push both streams.")
        .takes(&[p::ATTEMPTS, p::REQUESTS, p::BY])
        .takes(&p::LABELS)
        .takes(&p::GRID)
        .answers_rows::<SeriesBody<PointsBody<AmplificationBody>>>()
        .reads_cells(),
    ]
}

fn flows() -> Vec<Call> {
    let share = |call: Call| {
        call.takes(&[p::STREAM, p::BY, p::COMPARE, p::COMPARE_RELEASE, p::CONFIDENCE])
            .takes(&p::LABELS)
            .takes(&p::GRID)
            .takes(&p::TOP)
            .answers_rows::<Points<RatedOutcomes>>()
            .reads_cells()
    };
    vec![
        about_latency(Call::get("/api/v1/flow/lead_time", flow::lead_time).says(
            "How long it takes from order to shipment",
            "`query/latency` of the stream `order_to_ship`, over a day unless said otherwise.",
        )),
        share(Call::get("/api/v1/flow/exception_rate", flow::exception_rate).says(
            "What share of orders ends as an exception",
            "`query/outcomes?of=exception` of the stream `order_to_ship`.",
        )),
        share(Call::get("/api/v1/flow/label_success_rate", flow::label_success_rate).says(
            "What share of labels is made without a failure",
            "`query/outcomes?of=success,2xx` of the stream `label_creation`.",
        )),
        about_freshness(
            Call::get("/api/v1/flow/tracking_freshness", flow::tracking_freshness)
                .says("How old the newest tracking event is", "`query/freshness?stream=tracking`."),
        ),
    ]
}

fn partners() -> Vec<Call> {
    // The partner is in the path; the other labels may narrow it.
    let others = p::LABELS.into_iter().filter(|label| label.name != "partner");
    let others: Vec<_> = others.collect();
    vec![
        Call::get("/api/v1/partners", partners::list)
            .says("Who reports, under which streams, when last", "")
            .takes(&p::LABELS)
            .answers_rows::<PartnersBody>()
            .fails(&["busy"]),
        Call::get("/api/v1/partners/{partner}", partners::one)
            .says("One partner", "")
            .takes(&[p::PARTNER])
            .answers_rows::<PartnerBody>(),
        Call::get("/api/v1/partners/{partner}/health", partners::one_health)
            .says(
                "How a partner is doing",
                "Over several windows, in production unless the labels say otherwise, with a verdict and what decides it.",
            )
            .takes(&[p::PARTNER])
            .takes(&others)
            .answers_rows::<HealthBody>()
            .fails(&["busy"]),
        Call::get("/api/v1/labels", labels::names)
            .says("The reserved labels and how many values each has", "")
            .answers::<LabelNamesBody>(),
        Call::get("/api/v1/labels/{name}/values", labels::values)
            .says("The values of a label", "")
            .takes(&[p::LABEL])
            .answers::<LabelValuesBody>(),
    ]
}

fn alerting() -> Vec<Call> {
    vec![
        Call::get("/api/v1/alerts", alerts::list)
            .says("Open and resolved alerts with their evidence, newest first", "")
            .takes(&p::ALERTS)
            .takes(&p::ALERT_LABELS)
            .answers::<AlertsBody>(),
        Call::get("/api/v1/alerts/{id}", alerts::one)
            .says("One alert", "")
            .takes(&[p::ALERT])
            .answers::<AlertBody>(),
        Call::post("/api/v1/alerts/{id}/acknowledge", alerts::acknowledge)
            .says(
                "Take care of an alert",
                "Nobody else is told of it for want of this. Those that spoke in the same message are acknowledged with it, and each PagerDuty that was told is told of this too. The first acknowledgement stays.",
            )
            .takes(&[p::ALERT])
            .body(&[("application/json", r#"{"author":"ann"}"#)])
            .answers::<AlertBody>()
            .fails(&["malformed_body", "body_too_large", "alert_ended"]),
        Call::post("/api/v1/webhooks/pagerduty", alerts::pagerduty_webhook)
            .says(
                "What PagerDuty tells: its webhooks, v3",
                "An incident that is acknowledged there is acknowledged here; other events are passed over. Signed with the `webhook_secret` of a receiver, in `X-PagerDuty-Signature`.",
            )
            .body(&[("application/json", r#"{"event":{"event_type":"incident.acknowledged","agent":{"summary":"Ann"},"data":{"incident_key":"…"}}}"#)])
            .answers::<HeardBody>()
            .fails(&["malformed_body", "body_too_large", "unsigned"]),
        Call::get("/api/v1/reports/noise", reports::noise_report)
            .says(
                "How noisy alerting was",
                "Pages by rule and partner, how many ended within five minutes, flaps, and rules that never fired; over the week that ends now unless said otherwise.",
            )
            .takes(&p::SPAN)
            .answers::<NoiseBody>(),
        Call::get("/noise", reports::noise_page)
            .says(
                "How noisy alerting was, as a page for the weekly review",
                "Markdown, or HTML for browsers.",
            )
            .takes(&p::SPAN)
            .answers_text("text/markdown"),
        Call::get("/api/v1/rules", rules::list)
            .says("The rules in force", "")
            .answers::<RulesBody>(),
        Call::get("/api/v1/rules/{name}", rules::one)
            .says("One rule", "")
            .takes(&[p::RULE])
            .answers::<RuleBody>(),
        Call::get("/api/v1/rules/{name}/explain", explain::explain)
            .says(
                "Why a rule did or did not fire: its judgements around a time",
                "Made again from what is stored by what judges live. Labels that the rule does not judge by are passed over. `Accept: text/plain` answers in words and a table.",
            )
            .takes(&[p::RULE])
            .takes(&p::EXPLAIN)
            .takes(&p::EXPLAINED_LABELS)
            .answers::<ExplanationBody>()
            .reads_cells(),
        Call::get("/runbooks", runbooks::list)
            .says(
                "The pages that tell what to do about an alert",
                "Markdown, or HTML for browsers.",
            )
            .answers_text("text/markdown"),
        Call::get("/runbooks/{name}", runbooks::one)
            .says("One runbook page", "Markdown, or HTML for browsers.")
            .takes(&[p::RUNBOOK])
            .answers_text("text/markdown"),
    ]
}

fn backtesting() -> Vec<Call> {
    const BODY: &str = r#"{"rules":"receivers:\n- name: oncall\nrules:\n- name: partner-5xx\n  owner: integrations\n  runbook: partner-5xx\n  signal: { ratio: { of: [5xx], stream: requests } }\n  by: [partner]\n  critical: '> 2%'\n  notify: [oncall]\n","from":"2026-11-20T00:00:00Z","to":"2026-11-21T00:00:00Z","partners":["dhl"]}"#;
    vec![
        Call::post("/api/v1/backtests", backtests::create)
            .says(
                "Try rules on what is stored",
                "`rules` is a rules file as text or as an object, the rules in force when left out. Nobody is told of what they find. One runs at a time, beside the server's own work, and a few wait; results are kept in memory. With `incidents`, the alerts are scored; with `page`, the result holds an HTML page with charts. The sandbox is left out; with `drill`, the release that `plimsoll simulate` pushed under, only that drill is judged, up to `to`.",
            )
            .body(&[("application/json", BODY)])
            .answers_accepted::<JobBody>()
            .fails(&["malformed_body", "body_too_large", "busy"]),
        Call::get("/api/v1/backtests", backtests::list)
            .says("The backtests that are known, newest first, without results", "")
            .answers::<backtests::JobsBody>(),
        Call::get("/api/v1/backtests/{id}", backtests::one)
            .says(
                "How a backtest is doing, and what it found",
                "The header `Prefer: wait=10` has the answer wait up to so many seconds, 30 at the most, until it is over.",
            )
            .takes(&[p::BACKTEST])
            .answers::<JobBody>(),
        Call::delete("/api/v1/backtests/{id}", backtests::cancel)
            .says("End a backtest that waits or runs, or forget one that is over", "")
            .takes(&[p::BACKTEST])
            .answers::<JobBody>(),
    ]
}

fn delivering() -> Vec<Call> {
    vec![
        Call::get("/api/v1/deliveries", deliveries::list)
            .says(
                "Who was told what, and what became of it",
                "What waits first, then what was settled last, with every attempt. `dead` are those that were given up.",
            )
            .takes(&p::DELIVERIES)
            .answers::<DeliveriesBody>(),
        Call::get("/api/v1/deliveries/{id}", deliveries::one)
            .says("One delivery", "")
            .takes(&[p::DELIVERY])
            .answers::<DeliveryBody>(),
        Call::post("/api/v1/deliveries/{id}/replay", deliveries::replay)
            .says(
                "Try again what was given up",
                "For the receiver as it is configured now. With `dry_run` it only says what would be sent. The beginning of an alert that has ended is refused: nothing would tell its end.",
            )
            .takes(&[p::DELIVERY])
            .body(&[("application/json", r#"{"dry_run":true}"#)])
            .answers::<ReplayBody>()
            .fails(&["malformed_body", "body_too_large", "not_replayable"]),
        Call::post("/api/v1/deliveries/purge", deliveries::purge)
            .says("Remove what was given up", "All of it, or that of a `receiver` or an `alert`.")
            .body(&[("application/json", r#"{"receiver":"oncall","dry_run":true}"#)])
            .answers::<PurgeBody>()
            .fails(&["malformed_body", "body_too_large"]),
        Call::get("/api/v1/silences", silences::list)
            .says("Periods in which matching alerts are told to nobody", "Those that begin last come first.")
            .takes(&[p::SILENCES])
            .answers::<SilencesBody>(),
        Call::post("/api/v1/silences", silences::create)
            .says(
                "Silence alerts for a while",
                "By label values (`match`), by `rule`, or both, from `start` (now) to `end` or `for` a while, all of it or in the hours of `weekly`. What was told before, and every end, is still told. The answer says what it covers; with `dry_run` it does only that.",
            )
            .body(&[("application/json", r#"{"author":"ann","reason":"vendor call","match":{"partner":"dhl"},"for":"2h","dry_run":true}"#)])
            .answers::<MadeSilenceBody>()
            .fails(&["malformed_body", "body_too_large", "too_many_silences"]),
        Call::delete("/api/v1/silences/{id}", silences::end)
            .says("End a silence now", "It stays on record for 30 days.")
            .takes(&[p::SILENCE])
            .answers::<SilenceBody>(),
        Call::get("/api/v1/receivers", receivers::list)
            .says("Who can be told, and whether it works", "Neither addresses nor keys are shown.")
            .answers::<ReceiversBody>(),
        Call::post("/api/v1/receivers/{name}/test", receivers::test)
            .says(
                "Send a receiver the beginning and the end of an alert that says that it is a test",
                "A receiver that was disabled by a 410 is served again when it takes both.",
            )
            .takes(&[p::RECEIVER])
            .answers::<TestBody>(),
    ]
}

fn server() -> Vec<Call> {
    vec![
        Call::post("/api/v1/backups", backups::create)
            .says(
                "Copy the database as of this moment",
                "Below the directory that `--backup-dir` names.",
            )
            .body(&[("application/json", r#"{"to":"/backups/monday"}"#)])
            .answers::<backups::BackupBody>()
            .fails(&["malformed_body", "body_too_large", "backups_off", "outside_backup_dir"])
            .fails(&["not_empty", "backup_failed", "busy"]),
        Call::get("/livez", health::livez).says("The process runs", ""),
        Call::get("/readyz", health::readyz)
            .says("It takes pushes and answers questions", "")
            .fails(&["busy"]),
        Call::get("/metrics", health::metrics)
            .says("Its own telemetry", "")
            .answers_text("application/openmetrics-text")
            .fails(&["busy"]),
        Call::get("/openapi.json", super::openapi::openapi)
            .says("This description", "")
            .answers::<Description>(),
    ]
}
