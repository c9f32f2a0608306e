//! Runs a scenario under strace: as a whole, and from what a crash has left on.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;
use std::process;
use std::sync::Arc;

use plimsoll_storage::Durability;

use super::receiver::{Receiver, WriteMark};
use super::run::Running;
use super::scenario::Scenario;
use crate::campaign::write;
use crate::disk::{Image, Recording};
use crate::record::{TracedProcess, name_of, read_traces};

/// A driver: a process that runs a scenario under strace.
#[derive(Debug, Clone, Copy)]
pub struct Driver<'a> {
    /// The program.
    pub program: &'a Path,
    /// What it does.
    pub scenario: &'a Scenario,
    /// When an append is acknowledged.
    pub durability: Durability,
    /// Who is notified.
    pub receiver: &'a Receiver,
}

/// Is the driver: does the operations before `end` that a data directory does not hold. It ends without
/// closing the store when operations are left, unless the store may lose what is in memory.
///
/// # Errors
/// What failed.
pub fn drive(
    scenario: &Scenario,
    durability: Durability,
    (dir, marks): (&Path, &Path),
    (end, late): (usize, usize),
) -> Result<(), String> {
    let marks = OpenOptions::new().create(true).append(true).open(marks);
    let marks = marks.map_err(|error| error.to_string())?;
    let write_mark: WriteMark = Arc::new(move |mark| {
        let line = format!("{mark}\n");
        (&marks).write_all(line.as_bytes()).expect("the file of marks can be written");
    });
    let receiver = Receiver::inherited().map_err(|error| error.to_string())?;
    let mut running = Running::open(scenario, dir, durability, &receiver, write_mark)?;
    running.run_until(end, late)?;
    if end < scenario.operations.len() && durability != Durability::Memory {
        process::abort();
    }
    running.flush()
}

impl Driver<'_> {
    /// Records the whole scenario, which several processes run one after the other. `work` is empty.
    ///
    /// # Errors
    /// A driver fails, or its trace cannot be read.
    pub fn record(self, work: &Path) -> Result<Recording, String> {
        self.record_from(&Image::new(), (&self.scenario.ends(), 0), work)
    }

    /// Records the rest of the scenario, from the files of a crash on, with so many slots evaluated late.
    /// `work` is empty.
    ///
    /// # Errors
    /// The driver fails, or its trace cannot be read.
    pub fn record_rest(self, image: &Image, late: usize, work: &Path) -> Result<Recording, String> {
        self.record_from(image, (&[self.scenario.operations.len()], late), work)
    }

    fn record_from(
        self,
        image: &Image,
        (ends, late): (&[usize], usize),
        work: &Path,
    ) -> Result<Recording, String> {
        let (data, marks) = (work.join("data"), work.join("marks"));
        write(image, &data)?;
        let mut traces = Vec::new();
        for end in ends {
            let (seed, end_text) = (self.scenario.seed.to_string(), end.to_string());
            let late = late.to_string();
            let is_last = *end == self.scenario.operations.len();
            let trace = work.join(format!("trace-{end}"));
            let traced = TracedProcess {
                program: self.program,
                arguments: &[
                    "drive-alerts".as_ref(),
                    seed.as_ref(),
                    name_of(self.durability).as_ref(),
                    data.as_ref(),
                    marks.as_ref(),
                    end_text.as_ref(),
                    late.as_ref(),
                ],
                aborts: !is_last && self.durability != Durability::Memory,
            };
            let socket = self.receiver.to_child().map_err(|error| error.to_string())?;
            traced.run(socket, &trace).map_err(|why| format!("seed {seed}: {why}"))?;
            traces.push(trace);
        }
        read_traces(&traces, image, (&data, &marks))
    }
}
