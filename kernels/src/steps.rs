//! Raw samples onto evaluation steps, and a step matrix back into samples.

use crate::error::{Outcome, want_offsets};
use crate::grid::{Cursor, Grid};
use crate::matrix::{Matrix, want_cells};
use crate::series::{Series, is_stale, want_series};

/// Times, values and presence, each [series, steps].
pub type Aligned = (Vec<i64>, Vec<f64>, Vec<bool>);

/// Samples flattened: timestamps, values, offsets.
pub type Flat = (Vec<i64>, Vec<f64>, Vec<i64>);

/// The newest sample in (T - lookback, T] for each step; a staleness marker there means absent.
pub fn align(
    timestamps: &[i64],
    values: &[f64],
    offsets: &[i64],
    grid: Grid,
    lookback_ms: i64,
) -> Outcome<Aligned> {
    let cells = want_cells(offsets.len().saturating_sub(1), grid.steps())?;
    let mut aligned = (vec![0; cells], vec![0.0; cells], vec![false; cells]);
    if grid.steps() == 0 {
        want_offsets(offsets, timestamps.len())?;
        return Ok(aligned);
    }
    let steps = grid.steps();
    let rows = aligned.0.chunks_mut(steps).zip(aligned.1.chunks_mut(steps)).zip(aligned.2.chunks_mut(steps));
    for (series, ((times, values), present)) in want_series(timestamps, values, offsets)?.zip(rows) {
        align_one(series, grid, lookback_ms, times, values, present);
    }
    Ok(aligned)
}

fn align_one(
    series: Series,
    grid: Grid,
    lookback_ms: i64,
    times: &mut [i64],
    values: &mut [f64],
    present: &mut [bool],
) {
    let Some(start_ms) = grid.times().next() else { return };
    let mut cursor = Cursor::at(series.timestamps, start_ms);
    for (step, time_ms) in grid.times().enumerate() {
        let end = cursor.advance(series.timestamps, time_ms);
        let Some(newest) = end.checked_sub(1) else { continue };
        let (t, v) = (series.timestamps[newest], series.values[newest]);
        if t > time_ms.saturating_sub(lookback_ms) && !is_stale(v) {
            (times[step], values[step], present[step]) = (t, v, true);
        }
    }
}

/// The present cells of a step matrix as flattened samples, one series a row.
pub fn flatten(grid: Grid, matrix: Matrix) -> Flat {
    let count = matrix.present().iter().filter(|&&is| is).count();
    let (mut times, mut flat) = (Vec::with_capacity(count), Vec::with_capacity(count));
    let mut offsets = vec![0];
    for row in 0..matrix.rows() {
        let (values, present) = matrix.row(row);
        for ((&value, &is), time_ms) in values.iter().zip(present).zip(grid.times()) {
            if is {
                times.push(time_ms);
                flat.push(value);
            }
        }
        offsets.push(flat.len() as i64);
    }
    (times, flat, offsets)
}
