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

/// How a window's change is stretched to its edges, by its timestamps alone. Times are in seconds.
#[derive(Clone, Copy, Default)]
struct Stretch {
    sampled: f64,
    to_start: f64,
    to_end: f64,
    /// What the change is multiplied with where the counter's zero does not matter.
    factor: f64,
    /// While `first * clearance >= change`, the counter's zero lies safely before the start.
    clearance: f64,
}

/// Products below this may have lost digits to underflow and prove nothing.
const CLEAR_MIN: f64 = 1e-290;

#[derive(Default)]
pub struct Scratch {
    counter: bool,
    /// Seconds that the factor is divided by; none for `increase` and `delta`.
    per: Option<f64>,
    stretches: Vec<Stretch>,
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
        self.per = (function == Function::Rate).then_some(range_ms as f64 / 1000.0);
        self.stretches.clear();
        let per = self.per;
        self.stretches.extend(windows.iter().zip(grid.times()).map(|(&window, time_ms)| {
            if window.len() < 2 {
                return Stretch::default();
            }
            stretch(&timestamps[window.start..window.end], time_ms.saturating_sub(range_ms), time_ms, per)
        }));
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
            let stretch = &stretches[step];
            let clear = first * stretch.clearance;
            if !*counter || (clear >= change && clear > CLEAR_MIN) || !(change > 0.0 && first >= 0.0) {
                return change * stretch.factor;
            }
            change * stretch.factor_from_zero(first, change, *per)
        });
    }
}

impl Stretch {
    /// The factor of a counter that may have been zero inside the window.
    #[cold]
    fn factor_from_zero(&self, first: f64, change: f64, per: Option<f64>) -> f64 {
        let to_zero = self.sampled * (first / change);
        let to_start = if to_zero < self.to_start { to_zero } else { self.to_start };
        factor(self.sampled, to_start, self.to_end, per)
    }
}

fn stretch(timestamps: &[i64], start_ms: i64, end_ms: i64, per: Option<f64>) -> Stretch {
    let (first_ms, last_ms) = (timestamps[0], timestamps[timestamps.len() - 1]);
    let sampled = (last_ms - first_ms) as f64 / 1000.0;
    let interval = sampled / (timestamps.len() - 1) as f64;
    let far = interval * 1.1;
    let mut to_start = (first_ms - start_ms) as f64 / 1000.0;
    let mut to_end = (end_ms - last_ms) as f64 / 1000.0;
    if to_start >= far {
        to_start = interval / 2.0;
    }
    if to_end >= far {
        to_end = interval / 2.0;
    }
    // The margin is far wider than the rounding of the three operations it stands for.
    let clearance = sampled / to_start * (1.0 - 1e-9);
    Stretch { sampled, to_start, to_end, factor: factor(sampled, to_start, to_end, per), clearance }
}

fn factor(sampled: f64, to_start: f64, to_end: f64, per: Option<f64>) -> f64 {
    let stretched = if sampled == 0.0 { 1.0 } else { (sampled + to_start + to_end) / sampled };
    per.map_or(stretched, |seconds| stretched / seconds)
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
