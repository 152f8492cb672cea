//! Raw samples onto evaluation steps, and a step matrix back into samples.

use crate::error::{KernelError, Outcome, want_length, want_offsets};
use crate::grid::{Cursor, Grid};
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
    let cells = cells(offsets, grid.steps())?;
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
pub fn flatten(grid: Grid, rows: usize, values: &[f64], present: &[bool]) -> Outcome<Flat> {
    let steps = grid.steps();
    want_length("values", values.len(), rows * steps)?;
    want_length("present", present.len(), rows * steps)?;
    let count = present.iter().filter(|&&is| is).count();
    let mut flat = (Vec::with_capacity(count), Vec::with_capacity(count), Vec::with_capacity(rows + 1));
    flat.2.push(0);
    for row in 0..rows {
        let cells = row * steps..(row + 1) * steps;
        for ((&value, &is), time_ms) in values[cells.clone()].iter().zip(&present[cells]).zip(grid.times()) {
            if is {
                flat.0.push(time_ms);
                flat.1.push(value);
            }
        }
        flat.2.push(flat.0.len() as i64);
    }
    Ok(flat)
}

/// Cells of the matrix that the series of `offsets` make at so many steps.
pub fn cells(offsets: &[i64], steps: usize) -> Outcome<usize> {
    let series = offsets.len().saturating_sub(1);
    let cells = series.checked_mul(steps).filter(|&cells| cells <= isize::MAX as usize / 16);
    cells.ok_or_else(|| KernelError::Misuse(format!("{series} series by {steps} steps: want fewer cells")))
}
