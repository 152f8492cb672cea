//! Raw samples onto evaluation steps, and a step matrix back into samples.

use crate::error::{Outcome, want_offsets};
use crate::grid::{Cursor, Grid};
use crate::matrix::{Matrix, want_cells};
use crate::series::{is_stale, want_series};

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
    let mut newest = Newest::default();
    let rows = aligned.0.chunks_mut(steps).zip(aligned.1.chunks_mut(steps)).zip(aligned.2.chunks_mut(steps));
    for (series, ((times, values), present)) in want_series(timestamps, values, offsets)?.zip(rows) {
        newest.find(series.timestamps, grid, lookback_ms);
        times.copy_from_slice(&newest.times);
        for (step, at) in newest.samples.iter().enumerate() {
            if let Some(&value) = series.values.get(*at as usize) {
                (values[step], present[step]) = (value, !is_stale(value));
            }
        }
    }
    Ok(aligned)
}

/// Which sample is the newest at each step. It depends on the timestamps alone, and is found anew only where they
/// differ from those of the series before.
#[derive(Default)]
struct Newest {
    timestamps: Option<Vec<i64>>,
    /// Its index, or `NONE`.
    samples: Vec<u32>,
    /// Its time, 0 where there is none.
    times: Vec<i64>,
}

const NONE: u32 = u32::MAX;

impl Newest {
    fn find(&mut self, timestamps: &[i64], grid: Grid, lookback_ms: i64) {
        if self.timestamps.as_deref() == Some(timestamps) {
            return;
        }
        let known = self.timestamps.get_or_insert_default();
        known.clear();
        known.extend_from_slice(timestamps);
        self.samples.clear();
        self.times.clear();
        let mut cursor = Cursor::at(timestamps, grid.time_ms(0));
        for time_ms in grid.times() {
            let end = cursor.advance(timestamps, time_ms);
            let newest =
                end.checked_sub(1).filter(|&at| timestamps[at] > time_ms.saturating_sub(lookback_ms));
            self.samples.push(newest.map_or(NONE, |at| at as u32));
            self.times.push(newest.map_or(0, |at| timestamps[at]));
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
