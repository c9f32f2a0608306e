//! Gauge cells merged into the windows of a grid.

use plimsoll_storage::{Columns, GaugeCell, Reader, SlotValue, Store, StreamId, TimestampMs};

use super::panes::Panes;
use super::parts_to_read;
use crate::select::{Grid, Group, Meter, Result, Series};

/// One series for each group, with the point that `point` makes of the merged gauge of each window that has a
/// reading. A group without readings is left out.
pub(crate) fn gauge_series<P>(
    store: &Store,
    groups: Vec<Group>,
    grid: &Grid,
    point: impl Fn(TimestampMs, GaugeCell) -> P,
) -> Result<Vec<Series<P>>> {
    let panes = Panes::admitted(store, &groups, grid)?;
    let meter = Meter::new(grid.budget());
    let reader = store.reader(panes.slots(), panes.grain, Columns::ALL);
    let mut series = Vec::new();
    for Group { labels, streams } in groups {
        let cells = pane_cells(&reader, &streams, &panes, &meter)?;
        let windows = panes.windows.iter().filter_map(|window| {
            let cells = cells.get(window.panes.clone()).unwrap_or_default().iter().flatten();
            let mut merged = None;
            cells.for_each(|cell| merge(&mut merged, cell));
            Some(point(window.t, merged?))
        });
        let points: Vec<P> = windows.collect();
        if !points.is_empty() {
            series.push(Series { labels, points });
        }
    }
    Ok(series)
}

/// The merged gauge of each pane; `None` without a reading.
fn pane_cells(
    reader: &Reader<'_>,
    streams: &[StreamId],
    panes: &Panes,
    meter: &Meter,
) -> Result<Vec<Option<GaugeCell>>> {
    let mut cells = vec![None; panes.count()];
    let mut cursor = reader.cursor();
    for some in parts_to_read(reader, streams) {
        let mut read = 0;
        cursor.visit(some, &mut |_, slot, value| {
            read += 1;
            let cell = cells.get_mut(panes.of_slot(slot));
            if let (SlotValue::Gauge(gauge), Some(cell)) = (value, cell) {
                merge(cell, gauge);
            }
        })?;
        meter.count(read)?;
    }
    Ok(cells)
}

fn merge(into: &mut Option<GaugeCell>, gauge: &GaugeCell) {
    match into {
        Some(merged) => merged.merge(gauge),
        None => *into = Some(gauge.clone()),
    }
}
