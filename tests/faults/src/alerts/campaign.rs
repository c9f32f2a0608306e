//! Many crashes of one recorded scenario. Each goes on to the end, and what receivers got is compared.

use std::fs;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use fastrand::Rng;

use super::history::{History, Tolerance};
use super::recording::Driver;
use super::run::Running;
use super::scenario::Scenario;
use crate::campaign::{Case, keeps_acknowledged, write};
use crate::disk::{Crash, Image, Recording};

/// Slots of which the evaluation is made up for after a crash, at most. After more than two minutes only
/// alerts that are still open are notified, and notifications say that they are late.
const LATE_SLOTS_MAX: usize = 8;
/// The slots that are missed in a long downtime.
const LONG_DOWNTIME_SLOTS: RangeInclusive<usize> = 13..=40;

/// A recorded scenario.
#[derive(Debug)]
pub struct Campaign<'a> {
    driver: Driver<'a>,
    /// What receivers get in a run without faults.
    expected: History,
    recording: Recording,
    /// How many notifications came while it was recorded.
    recorded: usize,
    work: PathBuf,
}

/// What a crash has left.
struct Left {
    image: Image,
    marks: Vec<String>,
    tolerance: Tolerance,
}

impl<'a> Campaign<'a> {
    /// Runs a scenario without faults, then records it. `work` is empty.
    ///
    /// # Errors
    /// A run fails, or its notifications are not those of the run without faults.
    pub fn record(driver: Driver<'a>, work: &Path) -> Result<Self, String> {
        let Scenario { has_outages, .. } = *driver.scenario;
        let tolerance = Tolerance { keeps_acknowledged: true, has_outages, was_down_long: false };
        let faultless = driver.scenario.without_outages();
        let without_faults = Driver { scenario: &faultless, ..driver };
        let marks = run_rest(without_faults, &work.join("expected"), 0, 0)?;
        let expected = History::of(marks.iter().map(String::as_str), tolerance)?;
        let folder = work.join("recording");
        let recording = driver.record(&folder)?;
        fs::remove_dir_all(&folder).map_err(|error| error.to_string())?;
        let recorded = History::of(recording.marks(recording.len()), tolerance)?;
        recorded.compare(&expected, tolerance).map_err(|why| format!("as recorded: {why}"))?;
        let (recorded, work) = (recorded.received(), work.to_owned());
        Ok(Self { driver, expected, recording, recorded, work })
    }

    /// What was recorded, in words.
    #[must_use]
    pub fn summary(&self) -> String {
        let Scenario { seed, operations, .. } = self.driver.scenario;
        format!(
            "alerts, seed {seed} {:?}: {} operations, {} changes of files, {} notifications of {} ({})",
            self.driver.durability,
            operations.len(),
            self.recording.len(),
            self.recorded,
            self.expected.received(),
            self.expected.summary()
        )
    }

    /// Checks one crash.
    ///
    /// # Errors
    /// What is wrong, with what is needed to see it again.
    pub fn check(&self, case: Case) -> Result<(), String> {
        let (mut random, name) = self.of_case(case);
        let left = self.crash(&self.recording, case, &mut random);
        self.check_left(&left, &mut random).map_err(|why| format!("{name}: {why}"))
    }

    /// Lets the scenario go on after a crash, and checks `count` crashes of that: every other one while the
    /// store is opened. Returns what is wrong.
    pub fn check_again(&self, first: Case, count: u64) -> Vec<String> {
        let (mut random, name) = self.of_case(first);
        let before = self.crash(&self.recording, first, &mut random);
        let folder = self.work.join("again");
        let (late, is_long) = self.late(&mut random);
        let recorded = self.driver.record_rest(&before.image, late, &folder);
        let removed = fs::remove_dir_all(&folder).map_err(|error| error.to_string());
        let recording = match removed.and(recorded) {
            Ok(recording) => recording,
            Err(why) => return vec![format!("{name}: {why}")],
        };
        let opened = recording.until_mark("begin");
        let check = |number| {
            let crash = if random.bool() { Crash::Kill } else { Crash::PowerLoss };
            let case = Case { crash, number };
            let count = if number % 2 == 0 { opened } else { recording.len() };
            let mut left = self.crash_within(&recording, count, case, &mut random);
            left.marks.splice(..0, before.marks.iter().cloned());
            left.tolerance.keeps_acknowledged &= before.tolerance.keeps_acknowledged;
            left.tolerance.was_down_long = is_long;
            let checked = self.check_left(&left, &mut random);
            checked.map_err(|why| format!("{name}, again {number}: {why}")).err()
        };
        (0..count).filter_map(check).collect()
    }

    fn of_case(&self, case: Case) -> (Rng, String) {
        let Driver { scenario, durability, .. } = self.driver;
        let Case { crash, number } = case;
        let name = format!("alerts, seed {} {durability:?} {crash:?} case {number}", scenario.seed);
        (Rng::with_seed(scenario.seed.rotate_left(32) ^ number), name)
    }

    fn crash(&self, recording: &Recording, case: Case, random: &mut Rng) -> Left {
        self.crash_within(recording, recording.len(), case, random)
    }

    /// A crash among the first changes of a recording.
    fn crash_within(
        &self,
        recording: &Recording,
        changes: usize,
        case: Case,
        random: &mut Rng,
    ) -> Left {
        let count = random.usize(..=changes);
        Left {
            image: recording.crash(count, case.crash, random),
            marks: recording.marks(count).map(str::to_owned).collect(),
            tolerance: Tolerance {
                keeps_acknowledged: keeps_acknowledged(self.driver.durability, case.crash),
                has_outages: self.driver.scenario.has_outages,
                was_down_long: false,
            },
        }
    }

    /// How many slots are evaluated late after a crash, and whether those are many.
    fn late(&self, random: &mut Rng) -> (usize, bool) {
        let Scenario { has_late_events, has_long_downtimes, .. } = *self.driver.scenario;
        match random.u8(..3) {
            0 if has_long_downtimes => (random.usize(LONG_DOWNTIME_SLOTS), true),
            1 if !has_late_events => (random.usize(..=LATE_SLOTS_MAX), false),
            _ => (0, false),
        }
    }

    fn check_left(&self, left: &Left, random: &mut Rng) -> Result<(), String> {
        let Left { image, marks, tolerance } = left;
        let (late, is_long) = self.late(random);
        let mut tolerance = *tolerance;
        tolerance.was_down_long |= is_long;
        let before = History::of(marks.iter().map(String::as_str), tolerance)?;
        let keeps_acknowledged = tolerance.keeps_acknowledged;
        let least =
            if keeps_acknowledged { self.driver.scenario.next_after(&before.done) } else { 0 };
        let dir = self.work.join("crashed");
        let more = write(image, &dir).and_then(|()| run_rest(self.driver, &dir, least, late));
        fs::remove_dir_all(&dir).map_err(|error| error.to_string())?;
        let done = before.done.len();
        let more = more.map_err(|why| format!("after {done} operations: {why}"))?;
        let all = marks.iter().chain(&more).map(String::as_str);
        History::of(all, tolerance)?
            .compare(&self.expected, tolerance)
            .map_err(|why| format!("after {done} operations, {late} late: {why}"))
    }
}

/// Does what a data directory does not hold of a scenario. Returns the marks.
fn run_rest(
    driver: Driver<'_>,
    dir: &Path,
    least: usize,
    late: usize,
) -> Result<Vec<String>, String> {
    let Driver { scenario, durability, receiver, .. } = driver;
    let marks: Arc<Mutex<Vec<String>>> = Arc::default();
    let written = Arc::clone(&marks);
    let write_mark = Arc::new(move |mark: &str| {
        written.lock().unwrap_or_else(PoisonError::into_inner).push(mark.to_owned());
    });
    let mut running = Running::open(scenario, dir, durability, receiver, write_mark)?;
    if running.next() < least {
        return Err(format!("{least} operations were acknowledged, it holds {}", running.next()));
    }
    running.run_until(scenario.operations.len(), late)?;
    drop(running);
    Ok(std::mem::take(&mut marks.lock().unwrap_or_else(PoisonError::into_inner)))
}
