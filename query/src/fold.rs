//! Adding cells up over streams and windows.
//!
//! The windows of a grid begin and end at a number of borders; between two neighbouring borders lies
//! a *pane*. Each cell is added to its pane once, and a window is a run of panes that slides along:
//! a pane is added when it comes in and taken away when it goes out. Counts are integers, so this is
//! exact, and a range costs its slots plus its points however much the windows overlap.

use std::ops::Range;

use plimsoll_storage::{
    Cell, CellSum, GaugeCell, Scan, Slot, SlotValue, Store, StreamId, TimestampMs, Wanted,
};

use crate::{
    budget::Budget,
    error::Result,
    gauge::GaugePoint,
    grid::Grid,
    select::{Group, Series},
};

/// The cells of some streams in some slots, added up into one.
///
/// # Errors
/// When the store cannot be read.
pub fn fold(store: &Store, streams: &[StreamId], slots: Range<Slot>) -> Result<Cell> {
    let mut sum = CellSum::default();
    let grain = common_divisor(slots.start.0, slots.end.0);
    let scan = Scan { grain, ..Scan::new(streams, slots) };
    store.scan(&scan, &mut |_, _, value| {
        if let SlotValue::Activity(cell) = value {
            sum.add(cell);
        }
    })?;
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
pub(crate) fn activity_series<P>(
    store: &Store,
    groups: Vec<Group>,
    grid: &Grid,
    wanted: Wanted,
    mut point: impl FnMut(TimestampMs, Range<Slot>, &CellSum) -> Option<P>,
) -> Result<Vec<Series<P>>> {
    let panes = Panes::of(store, grid);
    admit(store, &groups, &panes, grid.budget())?;
    let mut series = Vec::new();
    for group in groups {
        grid.budget().check_time()?;
        let mut points = Vec::new();
        activity_windows(store, &group.streams, &panes, wanted, |t, slots, sum| {
            points.extend(point(t, slots, sum));
        })?;
        if !points.is_empty() {
            series.push(Series { labels: group.labels, points });
        }
    }
    Ok(series)
}

fn activity_windows(
    store: &Store,
    streams: &[StreamId],
    panes: &Panes,
    wanted: Wanted,
    mut visit: impl FnMut(TimestampMs, Range<Slot>, &CellSum),
) -> Result<()> {
    let mut sums = vec![CellSum::default(); panes.count()];
    let scan = Scan { streams, slots: panes.slots(), grain: panes.grain(), wanted };
    store.scan(&scan, &mut |_, slot, value| {
        if let (SlotValue::Activity(cell), Some(sum)) = (value, sums.get_mut(panes.of_slot(slot))) {
            sum.add(cell);
        }
    })?;
    let mut window = CellSum::default();
    let mut held = 0..0;
    for (t, slots, run) in &panes.windows {
        // Panes in `run` that are not held come in; held ones before it go out.
        for sum in sums.get(held.end.max(run.start)..run.end).unwrap_or_default() {
            window.add_sum(sum);
        }
        for sum in sums.get(held.start..run.start.min(held.end)).unwrap_or_default() {
            window.remove_sum(sum);
        }
        held = run.clone();
        if window.cells() > 0 {
            visit(*t, slots.clone(), &window);
        }
    }
    Ok(())
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
