//! The parameters of calls, as they are described: each once, however many calls take it.
//!
//! That a description is true is for the end-to-end tests: they give every parameter of every call
//! its example, and values that its schema rules out.

use plimsoll_query::Rank;
use plimsoll_query::limits::{
    BASELINE_WEEKS_MAX, HEATMAP_BUCKETS_MAX, HEATMAP_BUCKETS_MIN, TOP_MAX,
};
use plimsoll_storage::limits::EXEMPLARS_LIMIT_MAX;
use plimsoll_storage::{Label, Outcome};
use serde_json::{Value, json};

/// What values a parameter takes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    /// Any text.
    Text,
    /// A label value, `!value`, `~pattern` or `!~pattern`.
    LabelValue,
    /// The name of a label.
    LabelName,
    /// An outcome class.
    Class,
    /// One of these.
    Choice(&'static [&'static str]),
    /// RFC 3339 or epoch milliseconds.
    Time,
    /// `30s`, `5m`, `2h`.
    Duration,
    /// The IANA name of a time zone.
    TimeZone,
    /// A whole number from one to another.
    Integer(usize, usize),
    /// A number above 0 and up to 1.
    Quantile,
    /// A number above 0 and below 1.
    Level,
}

impl Kind {
    /// The JSON Schema of one value.
    pub(crate) fn schema(self) -> Value {
        match self {
            Self::Text | Self::LabelValue => json!({"type": "string"}),
            Self::TimeZone => json!({"type": "string", "format": "IANA time zone"}),
            Self::LabelName => json!({"enum": Label::ALL.map(Label::as_str)}),
            Self::Class => json!({"enum": Outcome::ALL.map(Outcome::as_str)}),
            Self::Choice(choices) => json!({"enum": choices}),
            Self::Time => json!({"anyOf": [
                {"type": "string", "format": "date-time"},
                {"type": "integer", "description": "milliseconds since 1970 UTC"},
            ]}),
            Self::Duration => json!({"type": "string", "pattern": "^[0-9]+(ms|s|m|h|d)$"}),
            Self::Integer(least, most) => {
                json!({"type": "integer", "minimum": least, "maximum": most})
            }
            Self::Quantile => json!({"type": "number", "exclusiveMinimum": 0, "maximum": 1}),
            Self::Level => json!({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}),
        }
    }
}

/// A parameter of the path or of the query string.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Parameter {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) kind: Kind,
    pub(crate) is_in_query: bool,
    /// Whether it may come more than once.
    pub(crate) repeats: bool,
    /// A value that it takes.
    pub(crate) example: &'static str,
    /// What else must be asked for, as part of a query string.
    pub(crate) needs: &'static str,
}

impl Parameter {
    const fn new(
        name: &'static str,
        kind: Kind,
        example: &'static str,
        about: &'static str,
    ) -> Self {
        Self { name, about, kind, is_in_query: true, repeats: false, example, needs: "" }
    }

    const fn repeats(self) -> Self {
        Self { repeats: true, ..self }
    }

    /// It says nothing without other parameters.
    pub(crate) const fn needs(self, needs: &'static str) -> Self {
        Self { needs, ..self }
    }

    const fn in_path(self) -> Self {
        Self { is_in_query: false, ..self }
    }

    const fn label(name: &'static str, example: &'static str) -> Self {
        let about = "Repeated for a set. `!value` is all but that, `~pattern` and `!~pattern` are regular expressions that match the whole value; the empty value stands for no label.";
        Self::new(name, Kind::LabelValue, example, about).repeats()
    }
}

/// What is selected by labels.
pub(crate) const LABELS: [Parameter; 5] = [
    Parameter::label("partner", "dhl"),
    Parameter::label("operation", "create_label"),
    Parameter::label("environment", "production"),
    Parameter::label("site", "ams1"),
    Parameter::label("release", "2.4.1"),
];

/// The labels of alerts, as plain values.
pub(crate) const ALERT_LABELS: [Parameter; 5] = [
    Parameter::new("partner", Kind::Text, "dhl", "The label of the alert."),
    Parameter::new("operation", Kind::Text, "create_label", "The label of the alert."),
    Parameter::new("environment", Kind::Text, "production", "The label of the alert."),
    Parameter::new("site", Kind::Text, "ams1", "The label of the alert."),
    Parameter::new("release", Kind::Text, "2.4.1", "The label of the alert."),
];

pub(crate) const STREAM: Parameter = Parameter::new(
    "stream",
    Kind::Text,
    "requests",
    "The activity stream; every one when it is left out, or the one the call is named for.",
);
pub(crate) const GAUGE: Parameter =
    Parameter::new("name", Kind::Text, "queue_depth", "The gauge; every one when it is left out.");
pub(crate) const ATTEMPTS: Parameter =
    Parameter::new("attempts", Kind::Text, "attempts", "The stream of attempts.");
pub(crate) const REQUESTS: Parameter =
    Parameter::new("requests", Kind::Text, "requests", "The stream of requests.");

pub(crate) const BY: Parameter = Parameter::new(
    "by",
    Kind::LabelName,
    "partner",
    "A series for each value of this label; repeated or with commas for several.",
)
.repeats();

/// The points of the answer.
pub(crate) const GRID: [Parameter; 4] = [
    Parameter::new("window", Kind::Duration, "5m", "How long the window before each point is."),
    Parameter::new(
        "start",
        Kind::Time,
        "2026-11-20T19:00:00Z",
        "The first point. Without it there is one point: for the window that ends at `end`, or now.",
    ),
    Parameter::new("end", Kind::Time, "2026-11-20T19:10:00Z", "The last point; now when left out.")
        .needs("start=2026-11-20T19:00:00Z"),
    Parameter::new(
        "step",
        Kind::Duration,
        "1m",
        "How far apart points are. With `start` alone there is one point for the whole range.",
    )
    .needs("start=2026-11-20T19:00:00Z&end=2026-11-20T19:10:00Z"),
];

/// Quantiles and shares of durations.
pub(crate) const TIMING: [Parameter; 3] = [
    Parameter::new("q", Kind::Quantile, "0.95", "A quantile; 0.5 and 0.95 when left out.")
        .repeats(),
    Parameter::new(
        "under",
        Kind::Duration,
        "500ms",
        "Ask for the share of durations that are at most this long.",
    )
    .repeats(),
    Parameter::new("apdex", Kind::Duration, "500ms", "Ask for the Apdex score for this target."),
];

/// Heat maps.
pub(crate) const HEATMAP: [Parameter; 2] = [
    Parameter::new(
        "form",
        Kind::Choice(&["points", "heatmap"]),
        "points",
        "`heatmap` counts durations by bucket, over time.",
    ),
    Parameter::new(
        "buckets",
        Kind::Integer(HEATMAP_BUCKETS_MIN, HEATMAP_BUCKETS_MAX),
        "20",
        "Buckets of a heat map, at most.",
    )
    .needs("form=heatmap"),
];

/// The groups that stand out.
pub(crate) const TOP: [Parameter; 2] = [
    Parameter::new(
        "top",
        Kind::Integer(1, TOP_MAX),
        "3",
        "Only so many groups: those with the highest rank over the whole range.",
    )
    .needs("by=partner"),
    Parameter::new("rank", Kind::Choice(&RANKS), "errors", "By what groups are chosen.")
        .needs("by=partner&top=3"),
];
const RANKS: [&str; 3] = [Rank::ALL[0].as_str(), Rank::ALL[1].as_str(), Rank::ALL[2].as_str()];

pub(crate) const COMPARE: Parameter = Parameter::new(
    "compare",
    Kind::Choice(&["1d", "1w"]),
    "1d",
    "The same question a day or a week earlier, beside each point.",
);
pub(crate) const COMPARE_RELEASE: Parameter = Parameter::new(
    "compare_release",
    Kind::Text,
    "2.4.0,2.4.1",
    "Two releases side by side, with what the second has more.",
);

/// A ratio of outcome classes.
pub(crate) const RATIO: [Parameter; 3] = [OF, TO, CONFIDENCE.needs("of=5xx")];
/// A ratio of a baseline.
pub(crate) const BASELINE_RATIO: [Parameter; 2] =
    [OF.needs("signal=ratio"), TO.needs("signal=ratio&of=5xx")];
const OF: Parameter =
    Parameter::new("of", Kind::Class, "5xx", "Classes that are counted for a ratio.").repeats();
const TO: Parameter = Parameter::new(
    "to",
    Kind::Class,
    "2xx",
    "Classes they are compared with; all when left out. All of `of` are among them, or none.",
)
.repeats()
.needs("of=5xx");
pub(crate) const CONFIDENCE: Parameter = Parameter::new(
    "confidence",
    Kind::Level,
    "0.99",
    "How sure the bounds of a ratio are to hold it; 0.95 when left out.",
);

/// Which events stand out.
pub(crate) const EXEMPLARS: [Parameter; 3] = [
    Parameter::new(
        "which",
        Kind::Choice(&["failed", "slow"]),
        "failed",
        "The newest that failed, or the slowest.",
    ),
    Parameter::new(
        "of",
        Kind::Choice(&FAILURES),
        "5xx",
        "Classes of failures; all of them when left out.",
    )
    .repeats(),
    Parameter::new("limit", Kind::Integer(1, EXEMPLARS_LIMIT_MAX), "3", "How many, at most."),
];
const FAILURES: [&str; Outcome::FAILURES.len()] = {
    let mut names = [""; Outcome::FAILURES.len()];
    let mut at = 0;
    while at < names.len() {
        names[at] = Outcome::FAILURES[at].as_str();
        at += 1;
    }
    names
};

/// What is measured of a baseline, and how far it looks back.
pub(crate) const BASELINE: [Parameter; 3] = [
    Parameter::new(
        "signal",
        Kind::Choice(&["count", "ratio", "p95"]),
        "count",
        "What is compared with what is usual.",
    ),
    Parameter::new(
        "weeks",
        Kind::Integer(1, BASELINE_WEEKS_MAX as usize),
        "4",
        "How many weeks to look back.",
    ),
    Parameter::new(
        "time_zone",
        Kind::TimeZone,
        "Europe/Berlin",
        "Whose clocks say when a week ago was; that of the partner asked about when left out, else UTC.",
    ),
];

/// Which alerts.
pub(crate) const ALERTS: [Parameter; 3] = [
    Parameter::new("state", Kind::Choice(&["firing", "resolved"]), "firing", "Open ones or not."),
    Parameter::new("rule", Kind::Text, "partner-5xx", "The rule that found it."),
    Parameter::new("limit", Kind::Integer(1, 1_000), "100", "How many, at most."),
];

/// What is explained.
pub(crate) const EXPLAIN: [Parameter; 2] = [
    Parameter::new(
        "at",
        Kind::Time,
        "2026-11-20T19:00:00Z",
        "The time it is about; now when left out.",
    )
    .needs("partner=dhl"),
    Parameter::new(
        "span",
        Kind::Duration,
        "30m",
        "How much to tell, half of it before `at`; 20m when left out, 24h at most.",
    )
    .needs("partner=dhl"),
];
/// The group that is explained.
pub(crate) const EXPLAINED_LABELS: [Parameter; 5] = [
    ALERT_LABELS[0],
    ALERT_LABELS[1].needs("partner=dhl"),
    ALERT_LABELS[2].needs("partner=dhl"),
    ALERT_LABELS[3].needs("partner=dhl"),
    ALERT_LABELS[4].needs("partner=dhl"),
];

/// Which deliveries.
pub(crate) const DELIVERIES: [Parameter; 4] = [
    Parameter::new(
        "state",
        Kind::Choice(&plimsoll_alerting::DeliveryState::NAMES),
        "dead",
        "Where they stand.",
    ),
    Parameter::new("receiver", Kind::Text, "oncall", "The receiver they go to."),
    Parameter::new("alert", Kind::Text, "01HZX", "The id of the alert they are about."),
    Parameter::new("limit", Kind::Integer(1, 1_000), "100", "How many, at most."),
];

pub(crate) const DELIVERY: Parameter =
    Parameter::new("id", Kind::Text, "01HZX", "The delivery's id.").in_path();
pub(crate) const SILENCES: Parameter = Parameter::new(
    "state",
    Kind::Choice(&crate::wire::alerting::silence::STATES),
    "active",
    "Those that are to come, in force, or over.",
);
pub(crate) const SILENCE: Parameter =
    Parameter::new("id", Kind::Text, "01HZX", "The silence's id.").in_path();
pub(crate) const RECEIVER: Parameter =
    Parameter::new("name", Kind::Text, "none-such", "The receiver's name.").in_path();
pub(crate) const PARTNER: Parameter =
    Parameter::new("partner", Kind::Text, "dhl", "The partner's name.").in_path();
pub(crate) const LABEL: Parameter =
    Parameter::new("name", Kind::Text, "partner", "A reserved label, or `stream`.").in_path();
/// What a report covers.
pub(crate) const SPAN: [Parameter; 2] = [
    Parameter::new(
        "start",
        Kind::Time,
        "2026-11-20T00:00:00Z",
        "From when; a week before `end` when left out.",
    )
    .needs("end=2026-11-27T00:00:00Z"),
    Parameter::new("end", Kind::Time, "2026-11-27T00:00:00Z", "Until when; now when left out."),
];

pub(crate) const BACKTEST: Parameter =
    Parameter::new("id", Kind::Text, "1", "The id that `POST /api/v1/backtests` answered.")
        .in_path();
pub(crate) const ALERT: Parameter =
    Parameter::new("id", Kind::Text, "01HZX", "The alert's id.").in_path();
pub(crate) const RUNBOOK: Parameter =
    Parameter::new("name", Kind::Text, "partner-5xx", "The page's name.").in_path();
pub(crate) const RULE: Parameter =
    Parameter::new("name", Kind::Text, "partner-5xx", "The rule's name.").in_path();
