//! What receivers got, read from marks, and whether it is what they get in a run without faults.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde_json::Value;

/// The type of a notification that ends an alert.
const RESOLVED: &str = "alert.resolved";
/// The type of a notification that begins one.
const TRIGGERED: &str = "alert.triggered";
/// The path at the receiver that is notified when nobody acknowledges. That depends on when others were
/// notified.
const ESCALATED_TO: &str = "/lead";

/// What a history may differ in from one without faults.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tolerance {
    /// The store keeps everything that it has acknowledged.
    pub(super) keeps_acknowledged: bool,
    /// Receivers were down: alerts that were resolved before anybody could be notified are left out, and
    /// summaries say how late they are.
    pub(super) has_outages: bool,
    /// The server was down so long that only alerts that were still open afterwards were notified.
    pub(super) was_down_long: bool,
}

/// A notification that a receiver has accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Received {
    /// The path at the receiver.
    path: String,
    /// The id of the delivery.
    id: String,
    /// What was sent.
    body: Value,
}

/// The marks of all processes that worked on a store, one after the other.
#[derive(Debug, Default)]
pub(super) struct History {
    /// The operations that were done.
    pub(super) done: BTreeSet<usize>,
    /// In order.
    received: Vec<Received>,
    /// Ids of deliveries that were received and may have been in the outbox when a process ended.
    repeatable: HashSet<String>,
}

/// Fields of an alert that depend on what was stored, and who was notified, when its message was made.
const TAKEN: [&str; 8] =
    ["summary", "ended", "how_bad", "where", "trend", "steps", "notified", "late"];

impl History {
    /// The history of some marks. Each process begins with the mark `open`. A store that does not keep what
    /// it has acknowledged may be as of any time before.
    pub(super) fn of<'a>(
        marks: impl IntoIterator<Item = &'a str>,
        tolerance: Tolerance,
    ) -> Result<Self, String> {
        let mut history = Self::default();
        let mut uncertain = Vec::new();
        for mark in marks {
            let mut words = mark.splitn(4, ' ');
            let mut word = || words.next().unwrap_or_default();
            match word() {
                "open" => history.repeatable.extend(uncertain.drain(..)),
                "done" => history.done.extend(word().parse::<usize>().ok()),
                "delivered" if tolerance.keeps_acknowledged => uncertain.clear(),
                "received" => {
                    let (path, id) = (word().to_owned(), word().to_owned());
                    let body: Result<Value, _> = serde_json::from_str(word());
                    let mut body = body.map_err(|error| format!("{mark}: {error}"))?;
                    if tolerance.has_outages || tolerance.was_down_long {
                        TAKEN.iter().for_each(|field| drop(body["data"]["alert"][field].take()));
                    }
                    uncertain.push(id.clone());
                    history.received.push(Received { path, id, body });
                }
                _ => {}
            }
        }
        Ok(history)
    }

    /// How many notifications of each type were received at each path, in words.
    #[must_use]
    pub(super) fn summary(&self) -> String {
        let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for received in &self.received {
            *counts.entry((&received.path, received.kind())).or_default() += 1;
        }
        let each = counts.iter().map(|((path, action), count)| format!("{count} {path} {action}"));
        each.collect::<Vec<_>>().join(", ")
    }

    /// How many notifications were received.
    pub(super) fn received(&self) -> usize {
        self.received.len()
    }

    /// Compares it with that of a run without faults: nothing is missing, nothing came that was not
    /// expected, and in each thread the order is the same. What a process had sent and not yet recorded
    /// when it ended may come again, unless something after it in its thread came.
    ///
    /// # Errors
    /// What differs.
    pub(super) fn compare<'a>(
        &'a self,
        expected: &'a Self,
        tolerance: Tolerance,
    ) -> Result<(), String> {
        let expected = expected.threads(tolerance)?;
        let found = self.threads(tolerance)?;
        let mut keys: Vec<_> = expected.keys().chain(found.keys()).collect();
        keys.sort_unstable();
        keys.dedup();
        for key in keys {
            let of = |threads: &Threads<'a>| threads.get(key).cloned().unwrap_or_default();
            let (expected, found) = (of(&expected), of(&found));
            let (path, key) = key;
            if !tolerance.accepts(path, &found, &expected) {
                let (found, expected) = (lines(&found, &expected), lines(&expected, &found));
                return Err(format!("to {path} about {key} came\n{found}  instead of\n{expected}"));
            }
        }
        Ok(())
    }

    /// What was received by path and dedup key, without repetitions.
    fn threads(&self, tolerance: Tolerance) -> Result<Threads<'_>, String> {
        let mut threads = Threads::new();
        let mut seen: HashMap<&str, &Received> = HashMap::new();
        for received in &self.received {
            let thread = threads.entry((received.path.clone(), received.dedup_key()?)).or_default();
            match seen.insert(&received.id, received) {
                None => thread.push(received),
                Some(before) if before != received => {
                    return Err(format!("another content came again: {before}, then {received}"));
                }
                Some(_) => {
                    let is_last = thread.last().is_some_and(|last| last.id == received.id);
                    if !self.repeatable.contains(&received.id)
                        || (tolerance.keeps_acknowledged && !is_last)
                    {
                        return Err(format!("it came again: {received}"));
                    }
                }
            }
        }
        Ok(threads)
    }
}

/// Notifications by path and dedup key.
type Threads<'a> = BTreeMap<(String, String), Vec<&'a Received>>;

impl Tolerance {
    /// Whether a thread to a path may be found where another is expected.
    fn accepts(self, path: &str, found: &[&Received], expected: &[&Received]) -> bool {
        if self.was_down_long {
            let alerts: HashSet<_> = expected.iter().map(|it| it.alert_id()).collect();
            let is_known = found.iter().all(|it| alerts.contains(it.alert_id()));
            let is_open = is_open(found);
            let ends_right =
                is_open.is_some() && (path == ESCALATED_TO || is_open == self::is_open(expected));
            return is_known && (ends_right || !self.keeps_acknowledged);
        }
        match self {
            Self { has_outages: false, .. } => found == expected,
            Self { keeps_acknowledged: true, .. } => is_coalesced(found, expected),
            // A store that has lost a trigger which came may leave out its resolve.
            Self { .. } => found.iter().all(|it| expected.contains(it)),
        }
    }
}

/// Whether the last alert of a thread is open; `None` when a resolve or a change has no trigger, or a trigger
/// comes twice.
fn is_open(thread: &[&Received]) -> Option<bool> {
    thread.iter().try_fold(false, |is_open, it| match (is_open, it.kind()) {
        (false, TRIGGERED) => Some(true),
        (true, RESOLVED) => Some(false),
        (true, kind) if kind != TRIGGERED => Some(true),
        _ => None,
    })
}

/// Whether a thread is what is expected of it without some whole alerts, each from trigger to resolve.
fn is_coalesced<'a>(mut found: &[&'a Received], expected: &[&'a Received]) -> bool {
    for alert in expected.split_inclusive(|it| it.kind() == RESOLVED) {
        match found.strip_prefix(alert) {
            Some(rest) => found = rest,
            None if alert.last().is_some_and(|last| last.kind() == RESOLVED) => {}
            None => return false,
        }
    }
    found.is_empty()
}

/// A thread in words, in full where another differs.
fn lines(thread: &[&Received], other: &[&Received]) -> String {
    let line = |it: &&Received| match other.contains(it) {
        true => format!("    {} {} as expected\n", it.id, it.kind()),
        false => format!("    {it}\n"),
    };
    thread.iter().map(line).collect()
}

impl Received {
    /// The type of the notification.
    fn kind(&self) -> &str {
        self.body["type"].as_str().unwrap_or_default()
    }

    fn alert_id(&self) -> &Value {
        &self.body["data"]["alert"]["id"]
    }

    fn dedup_key(&self) -> Result<String, String> {
        let key = self.body["data"]["alert"]["dedup_key"].as_str();
        key.map(str::to_owned).ok_or_else(|| format!("it has no dedup key: {self}"))
    }
}

impl std::fmt::Display for Received {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.id, self.body)
    }
}

#[cfg(test)]
mod tests;
