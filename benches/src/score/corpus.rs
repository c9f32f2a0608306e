//! What is read: the labelled incidents with their context, and the alerts of a backtest.

use std::{
    collections::BTreeMap,
    fs::File,
    io::{BufRead, BufReader},
    path::Path,
};

use jiff::Timestamp;
use serde::Deserialize;

/// Why something could not be read.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A corpus: what really happened.
#[derive(Debug, Clone)]
pub struct Corpus {
    /// Incidents, and what must not be taken for one.
    pub incidents: Vec<Incident>,
    /// What was known beforehand.
    pub context: Context,
}

/// Something that happened, as it is labelled. Times are in ms since 1970.
#[derive(Debug, Clone, Deserialize)]
pub struct Incident {
    /// Its name.
    pub id: String,
    /// What kind of fault, or of harmless oddity, it is.
    pub kind: String,
    /// Whether it is a fault at all.
    pub incident: bool,
    /// Whether someone must be paged for it.
    pub must_page: bool,
    /// Whom it is about.
    pub partners: Vec<String>,
    /// When it began.
    pub start: i64,
    /// When it passed its limit; the start when left out.
    pub onset: Option<i64>,
    /// When it was over.
    pub end: i64,
}

impl Incident {
    /// When it could be noticed first.
    #[must_use]
    pub fn onset(&self) -> i64 {
        self.onset.unwrap_or(self.start)
    }
}

/// What was known beforehand. Times are in seconds since 1970.
#[derive(Debug, Clone, Deserialize)]
pub struct Context {
    /// When the recording begins.
    pub start: i64,
    /// When it ends.
    pub end: i64,
    /// What came before is for learning.
    pub score_from: i64,
    /// Everyone in the recording.
    pub partners: Vec<KnownPartner>,
    /// What was announced.
    pub maintenance: Vec<Announced>,
    /// Public holidays.
    pub holidays: Vec<HolidayOf>,
}

/// A partner.
#[derive(Debug, Clone, Deserialize)]
pub struct KnownPartner {
    /// Its name, which begins with its kind.
    pub name: String,
    /// ISO 3166 code.
    pub country: String,
}

/// Maintenance that a partner announced. Times are in seconds since 1970.
#[derive(Debug, Clone, Deserialize)]
pub struct Announced {
    /// Whose.
    pub partner: String,
    /// From when.
    pub start: i64,
    /// Until when.
    pub end: i64,
}

/// A public holiday. Times are in seconds since 1970.
#[derive(Debug, Clone, Deserialize)]
pub struct HolidayOf {
    /// ISO 3166 code.
    pub country: String,
    /// Midnight there.
    pub start: i64,
    /// The next midnight there.
    pub end: i64,
}

/// An alert as `plimsoll backtest --format json` prints it; fields that do not matter here are left
/// out.
#[derive(Debug, Clone, Deserialize)]
pub struct Alert {
    /// Name of the rule.
    pub rule: String,
    /// The group it is about.
    pub labels: BTreeMap<String, String>,
    /// When it fired.
    pub fired_at: Timestamp,
    /// When it ended.
    pub resolved_at: Option<Timestamp>,
    /// What was said.
    pub notifications: Vec<Notification>,
}

impl Alert {
    /// Whom it is about; empty when it names nobody.
    #[must_use]
    pub fn partner(&self) -> &str {
        self.labels.get("partner").map_or("", String::as_str)
    }
}

/// Something that was said about an alert.
#[derive(Debug, Clone, Deserialize)]
pub struct Notification {
    /// When.
    pub at: Timestamp,
    /// `trigger`, `escalate` or `resolve`.
    pub action: String,
    /// The message it belongs to.
    pub group: String,
}

/// Reads `incidents.json` and `context.json` of a folder.
///
/// # Errors
/// A file is missing or is not what it should be.
pub fn read_corpus(folder: &Path) -> Result<Corpus, Failure> {
    let incidents = folder.join("incidents.json");
    let file = File::open(&incidents).map_err(|error| named(&incidents, &error))?;
    Ok(Corpus {
        incidents: serde_json::from_reader(BufReader::new(file))
            .map_err(|error| named(&incidents, &error))?,
        context: read_context(&folder.join("context.json"))?,
    })
}

/// Reads a `context.json`.
///
/// # Errors
/// The file is missing or is not what it should be.
pub fn read_context(path: &Path) -> Result<Context, Failure> {
    let file = File::open(path).map_err(|error| named(path, &error))?;
    serde_json::from_reader(BufReader::new(file)).map_err(|error| named(path, &error))
}

/// Reads the alerts of a backtest, one a line.
///
/// # Errors
/// A line is no alert.
pub fn read_alerts(lines: impl BufRead) -> Result<Vec<Alert>, Failure> {
    let mut alerts = Vec::new();
    for (number, line) in lines.lines().enumerate() {
        let alert = serde_json::from_str(&line?)
            .map_err(|error| format!("line {} is no alert: {error}", number + 1))?;
        alerts.push(alert);
    }
    Ok(alerts)
}

fn named(path: &Path, error: &dyn std::fmt::Display) -> Failure {
    format!("{}: {error}", path.display()).into()
}
