//! Sums of activity cells: of one range of slots, and of the windows of a grid.

use std::ops::Range;

use plimsoll_storage::{
    Cell, CellSum, Columns, Cursor, Reader, Slot, Store, StreamId, TimestampMs,
};

use super::panes::{Panes, common_divisor};
use super::parts_to_read;
use crate::select::{Error, Grid, Group, Meter, Result, Series, parallel_map};

/// The columns of outcome counts.
pub(crate) const OUTCOMES: Columns =
    Columns { outcomes: true, durations: false, sums: false, last_at: false };

/// The columns of durations. The sum makes the quantile of a single duration exact.
pub(crate) const DURATIONS: Columns =
    Columns { outcomes: false, durations: true, sums: true, last_at: false };

/// The cells of some streams in some slots, added up into one.
///
/// # Errors
/// The store cannot be read.
pub fn aggregate(store: &Store, streams: &[StreamId], slots: Range<Slot>) -> Result<Cell> {
    let mut sum = [CellSum::default()];
    let grain = common_divisor(slots.start.0, slots.end.0);
    let borders = [slots.start, slots.end];
    store.reader(slots, grain, Columns::ALL).cursor().sum(streams, &borders, &mut sum)?;
    let [sum] = sum;
    Ok(sum.to_cell())
}

/// One series for each group, with the point that `point` makes of each window in which something was
/// reported. Columns that are not in `columns` may be missing from the sums, and `last_at` is not valid in
/// them. A group without points is left out.
pub(crate) fn activity_series<P: Send>(
    store: &Store,
    groups: Vec<Group>,
    grid: &Grid,
    columns: Columns,
    point: impl Fn(TimestampMs, Range<Slot>, &CellSum) -> Option<P> + Sync,
) -> Result<Vec<Series<P>>> {
    let panes = Panes::admitted(store, &groups, grid)?;
    let reader = store.reader(panes.slots(), panes.grain, columns);
    let streams: usize = groups.iter().map(|group| group.streams.len()).sum();
    let cells = streams.saturating_mul(reader.cells_per_stream() as usize);
    let meter = Meter::new(grid.budget());
    let points = parallel_map(&groups, cells, || {
        let (meter, mut sums) = (&meter, WindowSums::new(&reader, &panes));
        let point = &point;
        move |group: &Group| {
            let mut points = Vec::new();
            sums.read(&group.streams, meter)?;
            sums.each(|t, slots, sum| points.extend(point(t, slots, sum)));
            Ok::<_, Error>(points)
        }
    })?;
    let series = groups.into_iter().zip(points);
    let series = series.map(|(group, points)| Series { labels: group.labels, points });
    Ok(series.filter(|one| !one.points.is_empty()).collect())
}

/// The width in ms of the coarser cells that are read because the cells a grid needs have expired. Each
/// counts at its start, so windows are exact only to that width. `None` when the points are exact.
#[must_use]
pub fn coarser_cells_ms(store: &Store, grid: &Grid) -> Option<i64> {
    let panes = Panes::new(store, grid);
    let slots = store.coarser_slots(&panes.slots(), panes.grain)?;
    Some(i64::from(slots) * store.slot_width().ms())
}

/// The sums of the panes and windows of one group after another.
struct WindowSums<'a> {
    reader: &'a Reader<'a>,
    cursor: Cursor<'a>,
    panes: &'a Panes,
    /// The sum of each pane.
    sums: Vec<CellSum>,
}

impl<'a> WindowSums<'a> {
    fn new(reader: &'a Reader<'a>, panes: &'a Panes) -> Self {
        let sums = vec![CellSum::default(); panes.count()];
        Self { reader, cursor: reader.cursor(), panes, sums }
    }

    /// Adds the cells of some streams up, each to its pane.
    fn read(&mut self, streams: &[StreamId], meter: &Meter) -> Result<()> {
        self.sums.iter_mut().for_each(CellSum::clear);
        let mut counted = 0;
        for some in parts_to_read(self.reader, streams) {
            self.cursor.sum(some, &self.panes.borders, &mut self.sums)?;
            let cells = self.sums.iter().map(CellSum::cells).sum();
            meter.count(cells - counted)?;
            counted = cells;
        }
        Ok(())
    }

    /// Calls `visit` with each window in which something was reported.
    fn each(&self, mut visit: impl FnMut(TimestampMs, Range<Slot>, &CellSum)) {
        let sums = |panes| self.sums.get(panes).unwrap_or_default();
        let mut sliding = CellSum::default();
        // The panes that `sliding` is the sum of.
        let mut added = 0..0;
        for window in &self.panes.windows {
            let panes = window.panes.clone();
            let sum = if let [pane] = sums(panes.clone()) {
                pane
            } else {
                let entering = added.end.max(panes.start)..panes.end;
                let leaving = added.start..panes.start.min(added.end);
                sums(entering).iter().for_each(|sum| sliding.add_sum(sum));
                sums(leaving).iter().for_each(|sum| sliding.remove_sum(sum));
                added = panes;
                &sliding
            };
            if sum.cells() > 0 {
                visit(window.t, window.slots.clone(), sum);
            }
        }
    }
}
