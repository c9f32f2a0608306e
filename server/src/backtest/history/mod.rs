//! What is replayed: a recording or a database, and which part of it. It can be read more than once.

mod batch;
mod chunk;
mod line;
mod recording;
mod stored;

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use indicatif::{HumanBytes, HumanCount};
use plimsoll_alerting::silence::{self, Silence};
use plimsoll_alerting::{ByMinute, SANDBOX};
use plimsoll_storage::{
    Label, LabelMatchers, Matcher, Resolution, SelectorError, Slot, SlotWidth, Store, StreamKind,
    TimestampMs,
};

use crate::import::{Input, Progress};
use crate::wire::time;

pub(crate) use chunk::Chunk;
#[cfg(fuzzing)]
pub(crate) use line::RawLine;

use recording::{RecordingError, RecordingSummary, Selection};

/// Partners that a message names.
const PARTNERS_SHOWN_MAX: usize = 20;

/// Receives chunks of a history. Returns whether to continue.
pub(crate) type OnChunk<'c> = dyn FnMut(Chunk) -> bool + 'c;

/// A history.
#[derive(Debug, Clone)]
pub(crate) struct History {
    origin: Origin,
    width: SlotWidth,
    /// Conditions on the partner.
    partners: LabelMatchers,
    /// Only this drill; the sandbox is left out otherwise.
    drill: Option<String>,
    /// Nothing at or after this time.
    to: Option<TimestampMs>,
}

#[derive(Debug, Clone)]
enum Origin {
    Recording(PathBuf),
    Stored(Arc<Store>),
}

/// What was read of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ReadSummary {
    /// Lines of a recording.
    Lines(RecordingSummary),
    /// Cells of a database.
    Cells {
        count: u64,
        /// Slots before this have expired, and their minutes were evaluated; `None` when no slot has expired.
        by_minute_until: Option<TimestampMs>,
        /// The names of damaged places whose cells are missing.
        damaged: Vec<String>,
    },
}

/// Why a history cannot be replayed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HistoryError {
    /// The recording cannot be opened.
    #[error("cannot open {}: {source}", path.display())]
    Open {
        /// Its path.
        path: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
    /// The recording cannot be read to its end.
    #[error(transparent)]
    Recording(#[from] RecordingError),
    /// No line of the recording is an item.
    #[error("no line of {} could be used", path.display())]
    NothingUsable {
        /// Its path.
        path: PathBuf,
        /// Its first lines, with what is wrong.
        reading: Box<RecordingSummary>,
    },
    /// Nothing was replayed.
    #[error("{0}")]
    Nothing(String),
    /// The database cannot be read.
    #[error(transparent)]
    Store(#[from] plimsoll_storage::Error),
    /// The silences of the database cannot be read.
    #[error(transparent)]
    Silences(#[from] plimsoll_alerting::Error),
}

impl History {
    /// A recording.
    pub(crate) const fn recording(path: PathBuf, width: SlotWidth) -> Self {
        Self::of(Origin::Recording(path), width)
    }

    /// What a database holds.
    pub(crate) fn stored(store: Arc<Store>) -> Self {
        let width = store.slot_width();
        Self::of(Origin::Stored(store), width)
    }

    const fn of(origin: Origin, width: SlotWidth) -> Self {
        Self { origin, width, partners: LabelMatchers::new(), drill: None, to: None }
    }

    /// Only some partners, see [`partner_conditions`], and nothing at or after a time.
    #[must_use]
    pub(crate) fn narrowed(self, partners: LabelMatchers, to: Option<TimestampMs>) -> Self {
        Self { partners, to, ..self }
    }

    /// Of a database, only what a drill of that name pushed into the sandbox.
    #[must_use]
    pub(crate) fn of_drill(self, drill: Option<String>) -> Self {
        Self { drill, ..self }
    }

    /// The prefix of messages about its lines: the file and a colon; empty for a database.
    pub(crate) fn name(&self) -> String {
        match &self.origin {
            Origin::Recording(path) => format!("{}: ", path.display()),
            Origin::Stored(_) => String::new(),
        }
    }

    /// The width of its slots.
    pub(crate) const fn width(&self) -> SlotWidth {
        self.width
    }

    /// A progress bar for reading it.
    ///
    /// # Errors
    /// It cannot be opened.
    pub(crate) fn progress(&self) -> Result<Progress, HistoryError> {
        Ok(match &self.origin {
            Origin::Recording(path) => Progress::new(open(path)?.size_bytes()),
            Origin::Stored(_) => Progress::of_slots(self.slot_count()?),
        })
    }

    /// How many slots of a database are to be read; 0 for a recording.
    ///
    /// # Errors
    /// The database cannot be read.
    pub(crate) fn slot_count(&self) -> Result<u64, HistoryError> {
        let Origin::Stored(store) = &self.origin else { return Ok(0) };
        let (slots, _) = self.stored_slots(store)?;
        Ok(u64::from(slots.end.0 - slots.start.0))
    }

    /// Slots that have expired, so that only their minutes can be evaluated.
    ///
    /// # Errors
    /// The database cannot be read.
    pub(super) fn by_minute(&self) -> Result<Option<ByMinute>, HistoryError> {
        match &self.origin {
            Origin::Recording(_) => Ok(None),
            Origin::Stored(store) => Ok(self.stored_slots(store)?.1),
        }
    }

    /// The silences of a database; a recording has none.
    ///
    /// # Errors
    /// The database cannot be read.
    pub(super) fn silences(&self) -> Result<Vec<Silence>, HistoryError> {
        match &self.origin {
            Origin::Recording(_) => Ok(Vec::new()),
            Origin::Stored(store) => Ok(silence::list(store)?),
        }
    }

    /// Passes all of it to `on_chunk`, chunk by chunk, until that returns `false`.
    ///
    /// # Errors
    /// It cannot be read to its end.
    pub(crate) fn read(&self, on_chunk: &mut OnChunk<'_>) -> Result<ReadSummary, HistoryError> {
        let path = match &self.origin {
            Origin::Recording(path) => path,
            Origin::Stored(store) => {
                let (slots, by_minute) = self.stored_slots(store)?;
                let labels = self.labels();
                let count = stored::read(store, &labels, slots.clone(), by_minute, on_chunk)?;
                if count == 0 && self.drill.is_none() {
                    return Err(HistoryError::Nothing(self.nothing_stored(store)));
                }
                let by_minute_until = by_minute.map(|it| self.width.start(it.until));
                let damaged = stored::damaged(store, &labels, &slots);
                return Ok(ReadSummary::Cells { count, by_minute_until, damaged });
            }
        };
        let selection =
            Selection { width: self.width, partners: self.partners.clone(), to: self.to };
        let reading = recording::read(open(path)?, &selection, on_chunk)?;
        if reading.broken > 0 && reading.broken == reading.lines {
            let (path, reading) = (path.clone(), Box::new(reading));
            return Err(HistoryError::NothingUsable { path, reading });
        }
        if reading.replayed == 0 {
            return Err(HistoryError::Nothing(self.nothing_recorded(path, reading)));
        }
        Ok(ReadSummary::Lines(reading))
    }

    /// Partners that are named and of which nothing is among those that were replayed.
    pub(crate) fn unknown_partners(&self, replayed: &BTreeSet<String>) -> Vec<String> {
        let named = self.partners.iter().filter_map(|(_, matcher)| match matcher {
            Matcher::In(names) => Some(names),
            _ => None,
        });
        named.flatten().filter(|name| !replayed.contains(*name)).cloned().collect()
    }

    fn nothing_stored(&self, store: &Store) -> String {
        let kinds = [StreamKind::Activity, StreamKind::Gauge].into_iter();
        let streams: Vec<_> =
            kinds.flat_map(|kind| store.select(kind, None, &LabelMatchers::new())).collect();
        let stored = store.group(&streams, &[Label::Partner]).into_iter();
        let stored: BTreeSet<String> = stored.flat_map(|(values, _)| values).collect();
        self.nothing("the database", &stored)
    }

    fn nothing_recorded(&self, path: &Path, reading: RecordingSummary) -> String {
        if reading.lines == 0 {
            return format!("{} has no line", path.display());
        }
        let partners = reading.other_partners.clone();
        format!(
            "{}: {}",
            self.nothing(&path.display().to_string(), &partners),
            ReadSummary::Lines(reading)
        )
    }

    /// Why nothing of a place was replayed that has these partners.
    fn nothing(&self, place: &str, partners: &BTreeSet<String>) -> String {
        let is_selected = |name: &String| self.partners.accept(|_| Some(name.as_str()));
        if !self.partners.is_empty() && !partners.is_empty() && !partners.iter().any(is_selected) {
            let written =
                self.partners.written().into_values().flatten().collect::<Vec<_>>().join(",");
            let shown: Vec<&str> =
                partners.iter().take(PARTNERS_SHOWN_MAX).map(String::as_str).collect();
            let more = if partners.len() > shown.len() { " and others" } else { "" };
            let shown = shown.join(", ");
            return format!(
                "nothing of {place} is of the partner `{written}`; its partners are {shown}{more}"
            );
        }
        match self.to {
            Some(to) => format!("nothing of {place} is before {}", time::format(to)),
            None => format!("nothing of {place} can be replayed"),
        }
    }

    /// Selects the streams of a database.
    fn labels(&self) -> LabelMatchers {
        let mut labels = self.partners.clone();
        let sandbox = BTreeSet::from([SANDBOX.to_owned()]);
        if let Some(drill) = &self.drill {
            labels.push(Label::Environment, Matcher::In(sandbox));
            labels.push(Label::Release, Matcher::In(BTreeSet::from([drill.clone()])));
        } else {
            labels.push(Label::Environment, Matcher::NotIn(sandbox));
        }
        labels
    }

    /// The slots that are kept, up to the newest one or `to`, and which of them only have minutes. A quarter
    /// of an hour is too coarse to evaluate.
    fn stored_slots(&self, store: &Store) -> Result<(Range<Slot>, Option<ByMinute>), HistoryError> {
        let Some(single) = store.kept_slots(Resolution::Slot)? else {
            return Ok((Slot(0)..Slot(0), None));
        };
        let end = match (self.to.map(|to| self.width.slot_from(to)), &self.drill) {
            (None, _) => single.end,
            (Some(to), None) => to.min(single.end),
            // A drill may end in silence, of which nothing is stored.
            (Some(to), Some(_)) => to,
        };
        let minutes = store.kept_slots(Resolution::Minute)?.map_or(single.start, |it| it.start);
        let start = minutes.min(single.start);
        let slots = Resolution::Minute.slots(self.width);
        let until = single.start.min(end);
        let by_minute = ByMinute { until: Slot(until.0 - until.0 % slots), slots };
        Ok((start..end.max(start), (start < by_minute.until).then_some(by_minute)))
    }
}

/// The conditions that selectors such as `dhl`, `!dhl`, `~dhl.*` or `dhl,ups` put on the partner.
///
/// # Errors
/// What is wrong with a selector.
pub(crate) fn partner_conditions<'a>(
    selectors: impl IntoIterator<Item = &'a str>,
) -> Result<LabelMatchers, SelectorError> {
    let mut partners = LabelMatchers::new();
    partners.read(Label::Partner, selectors)?;
    Ok(partners)
}

fn open(path: &Path) -> Result<Input, HistoryError> {
    Input::open(path).map_err(|source| HistoryError::Open { path: path.to_owned(), source })
}

impl fmt::Display for ReadSummary {
    /// `1,080 of 1,080 lines replayed (…)`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reading = match self {
            Self::Cells { count, by_minute_until, damaged } => {
                write!(f, "{} cells replayed", HumanCount(*count))?;
                if let Some(until) = by_minute_until.map(time::format) {
                    write!(f, ", by the minute before {until} because slots have expired")?;
                }
                if let Some(first) = damaged.first() {
                    write!(f, "; {} damaged places are missing, such as {first}", damaged.len())?;
                }
                return Ok(());
            }
            Self::Lines(reading) => reading,
        };
        let RecordingSummary { lines, replayed, repeated, conflicting, bytes, .. } = reading;
        write!(f, "{} of {} lines replayed", HumanCount(*replayed), HumanCount(*lines))?;
        write!(f, " ({} of NDJSON", HumanBytes(*bytes))?;
        for (count, what) in [
            (repeated - conflicting, "of batches seen before"),
            (*conflicting, "of batches whose id had other lines before, which a server rejects"),
            (reading.broken, "broken"),
            (reading.left_out, "of other partners or of drills"),
            (reading.after_end, "not before the end that was asked for"),
            (reading.moved, "put in order of arrival"),
            (reading.late, "too late to be evaluated"),
        ] {
            if count > 0 {
                write!(f, ", {} {what}", HumanCount(count))?;
            }
        }
        f.write_str(")")
    }
}
