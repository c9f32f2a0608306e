//! Adding cells up over streams and windows.
//!
//! The windows of a grid begin and end at a number of borders; between two neighbouring borders lies
//! a *pane*. Each cell is added to its pane once, and a window is a run of panes that slides along:
//! a pane is added when it comes in and taken away when it goes out. Counts are integers, so this is
//! exact, and a range costs its slots plus its points however much the windows overlap.

use std::ops::Range;

use plimsoll_storage::{
    Cell, CellSum, Cursor, GaugeCell, Reader, Scan, Slot, SlotValue, Store, StreamId, TimestampMs,
    Wanted,
};

use crate::budget::Budget;
use crate::error::{Error, Result};
use crate::gauge::GaugePoint;
use crate::grid::Grid;
use crate::select::{Group, Series};
use crate::share;

/// Streams that are read between two looks at the clock.
const STREAMS_AT_ONCE: usize = 1_024;

/// The cells of some streams in some slots, added up into one.
///
/// # Errors
/// When the store cannot be read.
pub fn aggregate(store: &Store, streams: &[StreamId], slots: Range<Slot>) -> Result<Cell> {
    let mut sum = [CellSum::default()];
    let grain = common_divisor(slots.start.0, slots.end.0);
    let borders = [slots.start, slots.end];
    store.reader(slots, grain, Wanted::ALL).cursor().sum(streams, &borders, &mut sum)?;
    let [sum] = sum;
    Ok(sum.to_cell())
}

/// The greatest common divisor (Euclid); that of 0 and a number is the number.
const fn common_divisor(mut a: u32, mut b: u32) -> u32 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// The panes of a grid and the windows made of them.
struct Panes {
    /// Where panes begin, ascending; the last one only ends.
    borders: Vec<Slot>,
    /// Each point with its slots and its run of panes.
    windows: Vec<(TimestampMs, Range<Slot>, Range<usize>)>,
}

impl Panes {
    fn of(store: &Store, grid: &Grid) -> Self {
        let points: Vec<_> = grid.points(store.slot_width()).collect();
        let mut borders: Vec<Slot> =
            points.iter().flat_map(|(_, slots)| [slots.start, slots.end]).collect();
        borders.sort_unstable();
        borders.dedup();
        let position = |slot: Slot| borders.partition_point(|border| *border < slot);
        let windows = points
            .into_iter()
            .map(|(t, slots)| {
                let panes = position(slots.start)..position(slots.end);
                (t, slots, panes)
            })
            .collect();
        Self { borders, windows }
    }

    const fn count(&self) -> usize {
        self.borders.len().saturating_sub(1)
    }

    /// Cells need not be told apart between two multiples of this many slots: every border is one.
    fn grain(&self) -> u32 {
        self.borders.iter().fold(0, |grain, border| common_divisor(grain, border.0)).max(1)
    }

    fn slots(&self) -> Range<Slot> {
        let first = self.borders.first().copied().unwrap_or_default();
        first..self.borders.last().copied().unwrap_or_default()
    }

    /// The pane that holds a slot inside [`Panes::slots`].
    fn of_slot(&self, slot: Slot) -> usize {
        self.borders.partition_point(|border| *border <= slot).saturating_sub(1)
    }
}

/// Refuses what would touch more than the budget allows, before anything is read.
fn admit(store: &Store, groups: &[Group], panes: &Panes, budget: Budget) -> Result<()> {
    let cells = groups.iter().map(|group| {
        let scan = Scan::new(&group.streams, panes.slots());
        store.cells_max(&Scan { grain: panes.grain(), ..scan })
    });
    budget.admit(cells.sum(), groups.len() as u64 * panes.windows.len() as u64)
}

/// The series of each group: the point `point` makes of each window in which something was reported.
/// Columns that are not `wanted` may be missing; `last_at` of these sums is meaningless. A group
/// without points is left out.
pub(crate) fn activity_series<P: Send>(
    store: &Store,
    groups: Vec<Group>,
    grid: &Grid,
    wanted: Wanted,
    point: impl Fn(TimestampMs, Range<Slot>, &CellSum) -> Option<P> + Sync,
) -> Result<Vec<Series<P>>> {
    let panes = Panes::of(store, grid);
    admit(store, &groups, &panes, grid.budget())?;
    let reader = store.reader(panes.slots(), panes.grain(), wanted);
    let streams: usize = groups.iter().map(|group| group.streams.len()).sum();
    let cells = streams.saturating_mul(reader.cells_per_stream() as usize);
    let points = share::parallel_map(&groups, cells, || {
        let mut windows = Windows::new(&reader, &panes);
        let point = &point;
        move |group: &Group| {
            let mut points = Vec::new();
            windows.read(&group.streams, grid.budget())?;
            windows.each(|t, slots, sum| points.extend(point(t, slots, sum)));
            Ok::<_, Error>(points)
        }
    })?;
    let series = groups.into_iter().zip(points);
    let series = series.map(|(group, points)| Series { labels: group.labels, points });
    Ok(series.filter(|one| !one.points.is_empty()).collect())
}

/// How long the cells are, in ms, that stand in for finer ones that a grid needs and that have
/// expired: each counts where it begins. `None` when the points are exact.
#[must_use]
pub fn coarser_cells_ms(store: &Store, grid: &Grid) -> Option<i64> {
    let panes = Panes::of(store, grid);
    let slots = store.coarser_slots(&panes.slots(), panes.grain())?;
    Some(i64::from(slots) * store.slot_width().ms())
}

/// Sums of the panes and windows of one group after another.
struct Windows<'a> {
    cursor: Cursor<'a>,
    panes: &'a Panes,
    sums: Vec<CellSum>,
}

impl<'a> Windows<'a> {
    fn new(reader: &'a Reader<'a>, panes: &'a Panes) -> Self {
        let sums = vec![CellSum::default(); panes.count()];
        Self { cursor: reader.cursor(), panes, sums }
    }

    /// Adds the cells of some streams up, each to its pane, as long as the budget has time.
    fn read(&mut self, streams: &[StreamId], budget: Budget) -> Result<()> {
        self.sums.iter_mut().for_each(CellSum::clear);
        for some in streams.chunks(STREAMS_AT_ONCE) {
            budget.check_time()?;
            self.cursor.sum(some, &self.panes.borders, &mut self.sums)?;
        }
        Ok(())
    }

    /// Calls `visit` with each window in which something was reported.
    fn each(&self, mut visit: impl FnMut(TimestampMs, Range<Slot>, &CellSum)) {
        let mut window = CellSum::default();
        let mut held = 0..0;
        for (t, slots, run) in &self.panes.windows {
            let sums = |panes| self.sums.get(panes).unwrap_or_default();
            let sum = if let [pane] = sums(run.clone()) {
                pane
            } else {
                // Panes in `run` that are not held come in; held ones before it go out.
                let (come, go) =
                    (held.end.max(run.start)..run.end, held.start..run.start.min(held.end));
                sums(come).iter().for_each(|sum| window.add_sum(sum));
                sums(go).iter().for_each(|sum| window.remove_sum(sum));
                held = run.clone();
                &window
            };
            if sum.cells() > 0 {
                visit(*t, slots.clone(), sum);
            }
        }
    }
}

/// The series of each group: the merged gauge of each window that has a reading. A group without
/// readings is left out.
pub(crate) fn gauge_series(
    store: &Store,
    groups: Vec<Group>,
    grid: &Grid,
) -> Result<Vec<Series<GaugePoint>>> {
    let panes = Panes::of(store, grid);
    admit(store, &groups, &panes, grid.budget())?;
    let mut series = Vec::new();
    for group in groups {
        grid.budget().check_time()?;
        let points = gauge_points(store, &group.streams, &panes)?;
        if !points.is_empty() {
            series.push(Series { labels: group.labels, points });
        }
    }
    Ok(series)
}

fn gauge_points(store: &Store, streams: &[StreamId], panes: &Panes) -> Result<Vec<GaugePoint>> {
    let mut cells: Vec<Option<GaugeCell>> = vec![None; panes.count()];
    let scan = Scan { grain: panes.grain(), ..Scan::new(streams, panes.slots()) };
    store.scan(&scan, &mut |_, slot, value| {
        if let (SlotValue::Gauge(gauge), Some(cell)) = (value, cells.get_mut(panes.of_slot(slot))) {
            merge_gauge(cell, gauge);
        }
    })?;
    let point = |(t, _, run): &(TimestampMs, Range<Slot>, Range<usize>)| {
        let mut window = None;
        for gauge in cells.get(run.clone()).unwrap_or_default().iter().flatten() {
            merge_gauge(&mut window, gauge);
        }
        window.map(|gauge| GaugePoint { t: *t, gauge })
    };
    Ok(panes.windows.iter().filter_map(point).collect())
}

fn merge_gauge(cell: &mut Option<GaugeCell>, gauge: &GaugeCell) {
    match cell {
        Some(held) => held.merge(gauge),
        None => *cell = Some(gauge.clone()),
    }
}
