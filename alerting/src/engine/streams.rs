//! The streams that an engine has seen: the groups each is a part of, and its maintenance.

use foldhash::HashMap;
use plimsoll_storage::{StreamKey, StreamRef, TimestampMs};

use crate::rule::{Maintenance, Period};

/// The number of a stream in one engine; see [`Engine::stream`](super::Engine::stream).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct StreamNumber(u32);

/// The position of a scope, and the number of a group in it.
pub(super) type Route = (u32, u32);

/// All streams of an engine, by number.
#[derive(Debug, Default)]
pub(super) struct Streams {
    numbers: HashMap<StreamKey, StreamNumber>,
    streams: Vec<Stream>,
}

/// Where the cells of a stream go.
#[derive(Debug)]
pub(super) struct Stream {
    /// The groups that it is a part of.
    pub(super) routes: Box<[Route]>,
    /// Periods of announced maintenance that cover it.
    maintenance: Vec<Period>,
    /// How many slots it reports at once.
    pub(super) step_slots: u32,
}

impl Streams {
    /// The number of a stream that was added before.
    pub(super) fn number(&self, stream: StreamRef<'_>) -> Option<StreamNumber> {
        self.numbers.get(&stream.to_key()).copied()
    }

    /// Adds a stream.
    pub(super) fn add(
        &mut self,
        stream: StreamRef<'_>,
        routes: Box<[Route]>,
        maintenance: &[Maintenance],
    ) -> StreamNumber {
        let number = StreamNumber(u32::try_from(self.streams.len()).unwrap_or(u32::MAX));
        let covers = |window: &&Maintenance| {
            window.matches.accept(|label| Some(stream.labels[label as usize]))
        };
        let maintenance = maintenance.iter().filter(covers);
        let maintenance = maintenance.map(|window| window.period.clone()).collect();
        self.streams.push(Stream { routes, maintenance, step_slots: 1 });
        self.numbers.insert(stream.to_key(), number);
        number
    }

    /// Notes how many slots a stream reports at once.
    pub(super) fn set_step(&mut self, number: StreamNumber, step_slots: u32) {
        if let Some(stream) = self.streams.get_mut(number.0 as usize) {
            stream.step_slots = step_slots;
        }
    }

    /// The stream with a number.
    pub(super) fn get(&self, number: StreamNumber) -> Option<&Stream> {
        self.streams.get(number.0 as usize)
    }
}

impl Stream {
    /// Whether announced maintenance covers the stream at a time.
    pub(super) fn is_in_maintenance(&self, at: TimestampMs) -> bool {
        self.maintenance.iter().any(|period| period.contains(at))
    }
}
