//! The files that are read: labelled incidents, their context, and the alerts of a backtest.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use jiff::Timestamp;
use plimsoll_alerting::Action;
use plimsoll_alerting::report::{Incident, Scored, ScoredAlert, ScoredNotification};
use serde::Deserialize;

use crate::Failure;

/// A labelled corpus.
#[derive(Debug, Clone)]
pub struct Corpus {
    /// Incidents, and disturbances that are not incidents.
    pub incidents: Vec<Incident>,
    /// The facts known in advance.
    pub context: Context,
}

/// The facts known in advance. Times are in seconds since 1970.
#[derive(Debug, Clone, Deserialize)]
pub struct Context {
    /// When the recording begins.
    pub start: i64,
    /// When it ends.
    pub end: i64,
    /// When scoring begins; the data before are for learning.
    pub score_from: i64,
    /// All partners of the recording.
    pub partners: Vec<KnownPartner>,
    /// Announced maintenance.
    pub maintenance: Vec<Announced>,
    /// Public holidays.
    pub holidays: Vec<HolidayOf>,
}

/// A partner of the recording.
#[derive(Debug, Clone, Deserialize)]
pub struct KnownPartner {
    /// Its name: its kind, `-` and a number.
    pub name: String,
    /// ISO 3166 code.
    pub country: String,
}

/// Maintenance that a partner announced. Times are in seconds since 1970.
#[derive(Debug, Clone, Deserialize)]
pub struct Announced {
    /// The partner.
    pub partner: String,
    /// Its start.
    pub start: i64,
    /// Its end.
    pub end: i64,
}

/// A public holiday. Times are in seconds since 1970.
#[derive(Debug, Clone, Deserialize)]
pub struct HolidayOf {
    /// ISO 3166 code.
    pub country: String,
    /// Midnight in that country.
    pub start: i64,
    /// The next midnight in that country.
    pub end: i64,
}

impl Context {
    /// The part of the recording that is scored.
    #[must_use]
    pub fn scored(&self) -> Scored {
        Scored {
            from: self.score_from * 1_000,
            end: self.end * 1_000,
            partners: self.partners.len(),
        }
    }
}

/// An alert as `plimsoll backtest --format json` prints it, without the fields that are not scored.
#[derive(Debug, Deserialize)]
struct AlertLine {
    rule: String,
    labels: BTreeMap<String, String>,
    fired_at: Timestamp,
    notifications: Vec<NotificationLine>,
}

#[derive(Debug, Deserialize)]
struct NotificationLine {
    at: Timestamp,
    action: String,
    group: String,
}

impl From<AlertLine> for ScoredAlert {
    fn from(mut line: AlertLine) -> Self {
        let action = |name: &str| match name {
            "trigger" => Some(Action::Trigger),
            "escalate" => Some(Action::Escalate),
            "resolve" => Some(Action::Resolve),
            _ => None,
        };
        let notifications = line.notifications.into_iter().filter_map(|one| {
            let action = action(&one.action)?;
            Some(ScoredNotification { at: one.at.as_millisecond(), action, group: one.group })
        });
        Self {
            rule: line.rule,
            partner: line.labels.remove("partner").unwrap_or_default(),
            fired_at: line.fired_at.as_millisecond(),
            notifications: notifications.collect(),
        }
    }
}

/// Reads `incidents.json` and `context.json` of a folder.
///
/// # Errors
/// A file is missing or invalid.
pub fn read_corpus(folder: &Path) -> Result<Corpus, Failure> {
    let incidents = folder.join("incidents.json");
    let text = std::fs::read(&incidents).map_err(|error| named(&incidents, &error))?;
    Ok(Corpus {
        incidents: Incident::read_list(&text).map_err(|error| named(&incidents, &error))?,
        context: read_context(&folder.join("context.json"))?,
    })
}

/// Reads a `context.json`.
///
/// # Errors
/// The file is missing or invalid.
pub fn read_context(path: &Path) -> Result<Context, Failure> {
    let file = File::open(path).map_err(|error| named(path, &error))?;
    serde_json::from_reader(BufReader::new(file)).map_err(|error| named(path, &error))
}

/// Reads the alerts of a backtest, one a line.
///
/// # Errors
/// A line is not an alert.
pub fn read_alerts(lines: impl BufRead) -> Result<Vec<ScoredAlert>, Failure> {
    let mut alerts = Vec::new();
    for (number, line) in lines.lines().enumerate() {
        let alert: AlertLine = serde_json::from_str(&line?)
            .map_err(|error| format!("line {} is no alert: {error}", number + 1))?;
        alerts.push(alert.into());
    }
    Ok(alerts)
}

fn named(path: &Path, error: &dyn std::fmt::Display) -> Failure {
    format!("{}: {error}", path.display()).into()
}
