//! What receivers got, read from marks, and whether it is what they get in a run without faults.

use std::collections::{BTreeMap, HashMap, HashSet};

/// A notification that a receiver has accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Received {
    /// The path at the receiver.
    path: String,
    /// The id of the delivery.
    id: String,
    /// What was sent, as JSON.
    body: String,
}

/// The marks of all processes that worked on a store, one after the other.
#[derive(Debug, Default)]
pub(super) struct History {
    /// How many operations were done.
    pub(super) done: usize,
    /// In order.
    received: Vec<Received>,
    /// Ids of deliveries that were received and may have been in the outbox when a process ended.
    repeatable: HashSet<String>,
}

impl History {
    /// The history of some marks. Each process begins with the mark `open`. A store that does not keep what
    /// it has acknowledged may be as of any time before.
    pub(super) fn of<'a>(
        marks: impl IntoIterator<Item = &'a str>,
        keeps_acknowledged: bool,
    ) -> Self {
        let mut history = Self::default();
        let mut uncertain = Vec::new();
        for mark in marks {
            let mut words = mark.splitn(4, ' ');
            let mut word = || words.next().unwrap_or_default().to_owned();
            match word().as_str() {
                "open" => history.repeatable.extend(uncertain.drain(..)),
                "done" => history.done = word().parse().map_or(history.done, |it: usize| it + 1),
                "delivered" if keeps_acknowledged => uncertain.clear(),
                "received" => {
                    let received = Received { path: word(), id: word(), body: word() };
                    uncertain.push(received.id.clone());
                    history.received.push(received);
                }
                _ => {}
            }
        }
        history
    }

    /// How many notifications of each type were received at each path, in words.
    #[must_use]
    pub(super) fn summary(&self) -> String {
        let mut counts: BTreeMap<(&str, String), usize> = BTreeMap::new();
        for received in &self.received {
            let action = received.json().map_or_else(|why| why, |it| it["type"].to_string());
            *counts.entry((&received.path, action)).or_default() += 1;
        }
        let each = counts.iter().map(|((path, action), count)| format!("{count} {path} {action}"));
        each.collect::<Vec<_>>().join(", ")
    }

    /// Compares it with that of a run without faults: nothing is missing, nothing came that was not
    /// expected, and in each thread the order is the same. What a process had sent and not yet recorded
    /// when it ended may come again, unless something after it in its thread came.
    ///
    /// # Errors
    /// What differs.
    pub(super) fn compare(&self, expected: &Self, keeps_acknowledged: bool) -> Result<(), String> {
        let expected = expected.threads(keeps_acknowledged)?;
        let found = self.threads(keeps_acknowledged)?;
        let mut keys: Vec<_> = expected.keys().chain(found.keys()).collect();
        keys.sort_unstable();
        keys.dedup();
        for key in keys {
            let (expected, found) = (expected.get(key), found.get(key));
            if expected != found {
                let (path, key) = key;
                let (found, expected) = (lines(found, expected), lines(expected, found));
                return Err(format!("to {path} about {key} came\n{found}  instead of\n{expected}"));
            }
        }
        Ok(())
    }

    /// What was received by path and dedup key, without repetitions.
    fn threads(&self, keeps_acknowledged: bool) -> Result<Threads<'_>, String> {
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
                    if !self.repeatable.contains(&received.id) || (keeps_acknowledged && !is_last) {
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

/// A thread in words, in full where another differs.
fn lines(thread: Option<&Vec<&Received>>, other: Option<&Vec<&Received>>) -> String {
    let is_same = |it: &&Received| other.is_some_and(|other| other.contains(it));
    let line = |it: &Received| {
        let is_same = is_same(&it);
        if is_same { format!("    {} as expected\n", it.id) } else { format!("    {it}\n") }
    };
    thread.into_iter().flatten().map(|it| line(it)).collect()
}

impl Received {
    fn json(&self) -> Result<serde_json::Value, String> {
        serde_json::from_str(&self.body).map_err(|error| format!("{self}: {error}"))
    }

    fn dedup_key(&self) -> Result<String, String> {
        let body = self.json()?;
        let key = body["data"]["alert"]["dedup_key"].as_str();
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
