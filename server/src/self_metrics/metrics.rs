//! The metrics of the process, in the Prometheus text format.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use plimsoll_alerting::ReceiverStatus;
use plimsoll_storage::{Stats, TimestampMs};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use super::connection_metrics::ConnectionMetrics;
use super::logs::lost_lines;
use super::receiver_metrics::ReceiverMetrics;
use super::stream_metrics::StreamMetrics;

/// Upper borders of request durations, in seconds.
const SECONDS: [f64; 10] = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.1, 0.5, 2.0, 10.0];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    method: String,
    route: String,
    status: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    route: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct AbilityLabels {
    ability: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CodeLabels {
    code: String,
}

/// Every metric of the server.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    request_seconds: Family<RouteLabels, Histogram>,
    /// Connections of clients.
    pub(crate) connections: ConnectionMetrics,
    /// Items stored.
    pub(crate) items_accepted: Counter,
    items_rejected: Family<CodeLabels, Counter>,
    /// Pushes answered as duplicates.
    pub(crate) duplicates: Counter,
    /// Slots that the evaluator evaluated.
    pub(crate) slots_evaluated: Counter,
    /// End of the last evaluated slot, in seconds since 1970; 0 before the first.
    pub(crate) evaluated_until: Gauge,
    /// Groups that are not evaluated because their rule has too many.
    pub(crate) groups_left_out: Gauge,
    /// How often the clock was set while the server ran.
    pub(crate) clock_steps: Counter,
    /// By how many seconds the clock was set last; 0 when it was not.
    pub(crate) clock_last_step: Gauge<f64, AtomicU64>,
    /// Heartbeats that the outside monitor answered with success.
    pub(crate) heartbeats_sent: Counter,
    /// Heartbeats that were sent and not answered with success.
    pub(crate) heartbeats_failed: Counter,
    /// State changes of alerts.
    pub(crate) transitions: Counter,
    /// Evaluations that failed.
    pub(crate) evaluation_failures: Counter,
    /// 1 while the rules file cannot be used and earlier rules are in force, else 0.
    pub(crate) rules_file_rejected: Gauge,
    receivers: ReceiverMetrics,
    streams: StreamMetrics,
    head_bytes: Gauge,
    disk_bytes: Gauge,
    append_queue: Gauge,
    appends: Counter,
    journal_writes: Counter,
    damaged_blocks: Gauge,
    lost_appends: Gauge,
    damaged_files: Gauge,
    store_recoveries: Counter,
    abilities: Family<AbilityLabels, Gauge>,
    disk_free_bytes: Gauge,
    log_lines_lost: Counter,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("plimsoll"),
            requests: Family::default(),
            request_seconds: Family::new_with_constructor(|| Histogram::new(SECONDS)),
            connections: ConnectionMetrics::default(),
            items_accepted: Counter::default(),
            items_rejected: Family::default(),
            duplicates: Counter::default(),
            slots_evaluated: Counter::default(),
            evaluated_until: Gauge::default(),
            groups_left_out: Gauge::default(),
            clock_steps: Counter::default(),
            clock_last_step: Gauge::default(),
            heartbeats_sent: Counter::default(),
            heartbeats_failed: Counter::default(),
            transitions: Counter::default(),
            evaluation_failures: Counter::default(),
            rules_file_rejected: Gauge::default(),
            receivers: ReceiverMetrics::default(),
            streams: StreamMetrics::default(),
            head_bytes: Gauge::default(),
            disk_bytes: Gauge::default(),
            append_queue: Gauge::default(),
            appends: Counter::default(),
            journal_writes: Counter::default(),
            damaged_blocks: Gauge::default(),
            lost_appends: Gauge::default(),
            damaged_files: Gauge::default(),
            store_recoveries: Counter::default(),
            abilities: Family::default(),
            disk_free_bytes: Gauge::default(),
            log_lines_lost: Counter::default(),
        };
        metrics.register();
        metrics.register_clock_and_heartbeat();
        metrics
    }
}

impl Metrics {
    fn register_clock_and_heartbeat(&mut self) {
        let r = &mut self.registry;
        r.register(
            "clock_steps",
            "Times that the clock was set by a second or more",
            self.clock_steps.clone(),
        );
        r.register_with_unit(
            "clock_last_step",
            "By how much the clock was set last, negative for back",
            Unit::Seconds,
            self.clock_last_step.clone(),
        );
        r.register(
            "log_lines_lost",
            "Lines of the log that nobody took in time, or that could not be written",
            self.log_lines_lost.clone(),
        );
        r.register(
            "heartbeats_sent",
            "Heartbeats that the outside monitor answered with success",
            self.heartbeats_sent.clone(),
        );
        r.register(
            "heartbeats_failed",
            "Heartbeats that were sent and not answered with success",
            self.heartbeats_failed.clone(),
        );
    }

    fn register(&mut self) {
        let r = &mut self.registry;
        r.register("http_requests", "HTTP requests answered", self.requests.clone());
        r.register_with_unit(
            "http_request_duration",
            "Time to answer",
            Unit::Seconds,
            self.request_seconds.clone(),
        );
        self.connections.register(r);
        r.register("items_accepted", "Pushed items stored", self.items_accepted.clone());
        r.register("items_rejected", "Pushed items rejected", self.items_rejected.clone());
        r.register("push_duplicates", "Pushes whose key was seen before", self.duplicates.clone());
        r.register("slots_judged", "Slots evaluated", self.slots_evaluated.clone());
        r.register_with_unit(
            "evaluated_until",
            "End of the last evaluated slot, since 1970",
            Unit::Seconds,
            self.evaluated_until.clone(),
        );
        r.register(
            "groups_left_out",
            "Groups that are not evaluated because their rule has too many",
            self.groups_left_out.clone(),
        );
        r.register("alert_transitions", "State changes of alerts", self.transitions.clone());
        r.register(
            "evaluation_failures",
            "Evaluations that failed",
            self.evaluation_failures.clone(),
        );
        r.register(
            "rules_file_rejected",
            "1 while the rules file cannot be used and earlier rules stay in force",
            self.rules_file_rejected.clone(),
        );
        self.receivers.register(r);
        r.register(
            "healthy",
            "1 while the server can accept, evaluate, deliver or answer, else 0",
            self.abilities.clone(),
        );
        self.register_store();
    }

    /// What the store holds, and how it works.
    fn register_store(&mut self) {
        let r = &mut self.registry;
        self.streams.register(r);
        r.register_with_unit(
            "head",
            "Unsealed cells in memory",
            Unit::Bytes,
            self.head_bytes.clone(),
        );
        r.register_with_unit("disk", "Database files", Unit::Bytes, self.disk_bytes.clone());
        r.register("damaged_blocks", "Damaged blocks found", self.damaged_blocks.clone());
        let lost = "Pushes that were acknowledged and that damage of files has lost";
        r.register("lost_appends", lost, self.lost_appends.clone());
        r.register(
            "damaged_files",
            "Files that cannot be compacted because they are damaged",
            self.damaged_files.clone(),
        );
        r.register(
            "store_recoveries",
            "Times that the store was opened again after a failed write",
            self.store_recoveries.clone(),
        );
        r.register_with_unit(
            "disk_free",
            "Free space of the disk with the data, -1 when unknown",
            Unit::Bytes,
            self.disk_free_bytes.clone(),
        );
        r.register("append_queue", "Appends waiting for the writer", self.append_queue.clone());
        r.register("appends", "Pushes written to the journal", self.appends.clone());
        r.register(
            "journal_writes",
            "Writes to the journal, with one fsync each unless durability is less; pushes share them",
            self.journal_writes.clone(),
        );
    }

    /// Counts an answered request and its duration.
    pub(crate) fn observe_request(&self, method: &str, route: &str, status: u16, seconds: f64) {
        let labels = RequestLabels {
            // Methods are free text on the wire; only known ones become label values.
            method: if matches!(method, "GET" | "POST" | "PUT" | "PATCH" | "DELETE" | "HEAD") {
                method.to_owned()
            } else {
                "other".to_owned()
            },
            route: route.to_owned(),
            status: status.into(),
        };
        self.requests.get_or_create(&labels).inc();
        let route = RouteLabels { route: route.to_owned() };
        self.request_seconds.get_or_create(&route).observe(seconds);
    }

    /// Notes whether the server can do something now.
    pub(crate) fn set_ability(&self, ability: &'static str, is_there: bool) {
        self.abilities.get_or_create(&AbilityLabels { ability }).set(is_there.into());
    }

    /// Counts rejected items by their error code.
    pub(crate) fn count_rejected(&self, code: &str, count: u64) {
        self.items_rejected.get_or_create(&CodeLabels { code: code.to_owned() }).inc_by(count);
    }

    /// The Prometheus text format.
    pub(crate) fn encode(
        &self,
        stats: Stats,
        receivers: &BTreeMap<String, ReceiverStatus>,
        disk_free_bytes: Option<u64>,
        now: TimestampMs,
    ) -> Result<String, std::fmt::Error> {
        self.receivers.set(receivers, now);
        self.streams.set(stats.usage);
        self.head_bytes.set(stats.head_bytes as i64);
        self.disk_bytes.set(stats.disk_bytes as i64);
        self.append_queue.set(stats.append_queue as i64);
        self.damaged_blocks.set(stats.damaged_blocks as i64);
        self.lost_appends.set(stats.lost_appends as i64);
        self.damaged_files.set(stats.damaged_files as i64);
        self.store_recoveries.inner().store(stats.recoveries, Ordering::Relaxed);
        self.disk_free_bytes.set(disk_free_bytes.map_or(-1, |bytes| bytes as i64));
        self.log_lines_lost.inner().store(lost_lines(), Ordering::Relaxed);
        self.appends.inner().store(stats.appends, Ordering::Relaxed);
        self.journal_writes.inner().store(stats.journal_writes, Ordering::Relaxed);
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}
