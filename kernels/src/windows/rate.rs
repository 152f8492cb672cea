//! `rate`, `increase`, `delta` and their instant kin.
//!
//! The samples of a window seldom reach its edges, so the change between the first and the last is stretched:
//!
//! ```text
//!   T - range        first              last     T
//!       |  to_start    |     sampled      | to_end |      factor = (to_start + sampled + to_end) / sampled
//! ```
//!
//! An end farther away than 1.1 mean intervals is taken as half an interval away: the series began or stopped inside
//! the window. A counter is not stretched to before the time at which it would have been zero. All but that last rule
//! follows from the timestamps alone, is computed once per window and serves every series that shares them.

use crate::grid::{Grid, Window};
use crate::series::Series;
use crate::windows::{Function, Row};

/// Products below this may have lost digits to underflow and prove nothing.
const CLEAR_MIN: f64 = 1e-290;

/// How the change of each window is stretched, by its timestamps alone: one column a quantity, times in seconds.
///
/// Neighbouring windows over evenly spaced samples are stretched alike and share an entry.
#[derive(Default)]
struct Stretches {
    /// Which entry of the columns serves each step.
    entries: Vec<u32>,
    sampled: Vec<f64>,
    to_start: Vec<f64>,
    to_end: Vec<f64>,
    /// What the change is multiplied with where the counter's zero does not matter.
    factors: Vec<f64>,
    /// While `first * clearance >= change`, the counter's zero lies safely before the start.
    clearances: Vec<f64>,
}

#[derive(Default)]
pub struct Scratch {
    counter: bool,
    /// Seconds that factors are divided by: the range for `rate`, one for `increase` and `delta`.
    per: f64,
    stretches: Stretches,
    resets: Vec<usize>,
}

impl Scratch {
    /// Learn the stretch of every window.
    pub fn prepare(
        &mut self,
        function: Function,
        timestamps: &[i64],
        grid: Grid,
        range_ms: i64,
        windows: &[Window],
    ) {
        if !matches!(function, Function::Rate | Function::Increase | Function::Delta) {
            return;
        }
        self.counter = function != Function::Delta;
        self.per = if function == Function::Rate { range_ms as f64 / 1000.0 } else { 1.0 };
        self.stretches.gather(timestamps, grid, range_ms, windows);
        let Stretches { sampled, to_start, to_end, factors, clearances, .. } = &mut self.stretches;
        stretch(sampled, to_start, to_end, factors, clearances, self.per);
    }

    /// The change of every window of at least two samples, stretched.
    pub fn row(&mut self, values: &[f64], windows: &[Window], row: &mut Row) {
        let Self { counter, per, stretches, resets } = self;
        find_resets(values, *counter, resets);
        let mut next = 0;
        row.fill(windows, 2, |step, window| {
            let (first, last) = (values[window.start], values[window.end - 1]);
            let mut change = last - first;
            while resets.get(next).is_some_and(|&at| at <= window.start) {
                next += 1;
            }
            for &at in resets[next..].iter().take_while(|&&at| at < window.end) {
                change += values[at - 1];
            }
            let entry = stretches.entries[step] as usize;
            let clear = first * stretches.clearances[entry];
            if !*counter || (clear >= change && clear > CLEAR_MIN) || !(change > 0.0 && first >= 0.0) {
                return change * stretches.factors[entry];
            }
            change * stretches.factor_from_zero(entry, first / change, *per)
        });
    }
}

impl Stretches {
    /// Fill the columns with milliseconds as they are, and `factors` with the number of intervals.
    fn gather(&mut self, timestamps: &[i64], grid: Grid, range_ms: i64, windows: &[Window]) {
        let Self { entries, sampled, to_start, to_end, factors, clearances } = self;
        for column in [&mut *sampled, to_start, to_end, factors, clearances] {
            column.clear();
        }
        entries.clear();
        let (mut span_ms, mut lead_ms, mut tail_ms, mut intervals) = (0, 0, 0, 0);
        for (&window, end_ms) in windows.iter().zip(grid.times()) {
            if window.len() >= 2 {
                let (first_ms, last_ms) = (timestamps[window.start], timestamps[window.end - 1]);
                let start_ms = end_ms.saturating_sub(range_ms);
                let span = last_ms - first_ms;
                let lead = first_ms - start_ms;
                let tail = end_ms - last_ms;
                let gaps = window.len() - 1;
                if lead != lead_ms || tail != tail_ms || span != span_ms || gaps != intervals {
                    (span_ms, lead_ms, tail_ms, intervals) = (span, lead, tail, gaps);
                    sampled.push(span as f64);
                    to_start.push(lead as f64);
                    to_end.push(tail as f64);
                    factors.push(gaps as f64);
                }
            }
            entries.push(sampled.len().saturating_sub(1) as u32);
        }
        clearances.resize(sampled.len(), 0.0);
    }

    /// The factor of a counter that may have been zero inside the window.
    fn factor_from_zero(&self, entry: usize, first_by_change: f64, per: f64) -> f64 {
        let to_zero = self.sampled[entry] * first_by_change;
        let to_start = if to_zero < self.to_start[entry] { to_zero } else { self.to_start[entry] };
        factor(self.sampled[entry], to_start, self.to_end[entry], per)
    }
}

/// Turn gathered milliseconds into stretches. A loop over whole vectors, since it is mostly divisions.
fn stretch(
    sampled: &mut [f64],
    to_start: &mut [f64],
    to_end: &mut [f64],
    factors: &mut [f64],
    clearances: &mut [f64],
    per: f64,
) {
    let edges = sampled.iter_mut().zip(to_start).zip(to_end);
    for (((sampled, to_start), to_end), (out, clearance)) in edges.zip(factors.iter_mut().zip(clearances)) {
        *sampled /= 1000.0;
        let interval = *sampled / *out;
        let far = interval * 1.1;
        let half = interval / 2.0;
        let (start, end) = (*to_start / 1000.0, *to_end / 1000.0);
        *to_start = if start >= far { half } else { start };
        *to_end = if end >= far { half } else { end };
        *out = factor(*sampled, *to_start, *to_end, per);
        // The margin is far wider than the rounding of the three operations it stands for.
        *clearance = *sampled / *to_start * (1.0 - 1e-9);
    }
}

#[inline]
fn factor(sampled: f64, to_start: f64, to_end: f64, per: f64) -> f64 {
    let stretched = (sampled + to_start + to_end) / sampled;
    (if sampled == 0.0 { 1.0 } else { stretched }) / per
}

/// The indices of samples smaller than the one before, if this is a counter.
fn find_resets(values: &[f64], counter: bool, resets: &mut Vec<usize>) {
    const BLOCK: usize = 64;
    resets.clear();
    if !counter || values.len() < 2 {
        return;
    }
    let (before, after) = (&values[..values.len() - 1], &values[1..]);
    for (block, (before, after)) in before.chunks(BLOCK).zip(after.chunks(BLOCK)).enumerate() {
        let falls = before.iter().zip(after).fold(false, |any, (before, after)| any | (after < before));
        if falls {
            let found = (0..before.len()).filter(|&i| after[i] < before[i]);
            resets.extend(found.map(|i| block * BLOCK + i + 1));
        }
    }
}

/// The change between the two newest samples, per second; a counter that fell began again at zero.
pub fn irate(series: Series, windows: &[Window], row: &mut Row) {
    newest_pairs(series, windows, row, |before, after, seconds| {
        let change = if after < before { after } else { after - before };
        change / seconds
    });
}

/// The change between the two newest samples.
pub fn idelta(series: Series, windows: &[Window], row: &mut Row) {
    newest_pairs(series, windows, row, |before, after, _| after - before);
}

fn newest_pairs(series: Series, windows: &[Window], row: &mut Row, change: impl Fn(f64, f64, f64) -> f64) {
    for (step, window) in windows.iter().enumerate().filter(|(_, window)| window.len() >= 2) {
        let (before, after) = (window.end - 2, window.end - 1);
        let apart_ms = series.timestamps[after] - series.timestamps[before];
        if apart_ms > 0 {
            let seconds = apart_ms as f64 / 1000.0;
            row.set(step, change(series.values[before], series.values[after], seconds));
        }
    }
}
