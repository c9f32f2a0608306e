//! Gauge cells merged into the windows of a grid.

use plimsoll_storage::{GaugeCell, SlotValue, Store, StreamId, TimestampMs};

use super::panes::Panes;
use crate::select::{Grid, Group, Result, Series};

/// One series for each group, with the point that `point` makes of the merged gauge of each window that has a
/// reading. A group without readings is left out.
pub(crate) fn gauge_series<P>(
    store: &Store,
    groups: Vec<Group>,
    grid: &Grid,
    point: impl Fn(TimestampMs, GaugeCell) -> P,
) -> Result<Vec<Series<P>>> {
    let panes = Panes::admitted(store, &groups, grid)?;
    let mut series = Vec::new();
    for Group { labels, streams } in groups {
        grid.budget().check_time()?;
        let cells = pane_cells(store, &streams, &panes)?;
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
    store: &Store,
    streams: &[StreamId],
    panes: &Panes,
) -> Result<Vec<Option<GaugeCell>>> {
    let mut cells = vec![None; panes.count()];
    store.scan(&panes.scan(streams), &mut |_, slot, value| {
        if let (SlotValue::Gauge(gauge), Some(cell)) = (value, cells.get_mut(panes.of_slot(slot))) {
            merge(cell, gauge);
        }
    })?;
    Ok(cells)
}

fn merge(into: &mut Option<GaugeCell>, gauge: &GaugeCell) {
    match into {
        Some(merged) => merged.merge(gauge),
        None => *into = Some(gauge.clone()),
    }
}
