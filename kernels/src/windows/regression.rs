//! Least squares and exponential smoothing over windows.

use crate::compensated::{Sum, Sums};
use crate::grid::{Grid, Window};
use crate::series::Series;
use crate::windows::Row;

/// A straight line: change a second, and height at the time it was fitted around.
struct Line {
    slope: f64,
    intercept: f64,
}

/// The slope of the line through each window's samples.
pub fn deriv(series: Series, windows: &[Window], row: &mut Row) {
    row.fill(windows, 2, |_, window| fit(series, window, series.timestamps[window.start]).slope);
}

/// The height of that line so many seconds after each step.
///
/// `parameter` is the seconds of every step, and after them, where windows do not end at their step because of an
/// offset or a pinned time, the milliseconds of every step.
pub fn predict_linear(series: Series, windows: &[Window], grid: Grid, parameter: &[f64], row: &mut Row) {
    let (seconds, times_ms) = parameter.split_at(grid.steps());
    row.fill(windows, 2, |step, window| {
        let around_ms = times_ms.get(step).map_or(grid.time_ms(step), |&ms| ms as i64);
        let line = fit(series, window, around_ms);
        line.slope * seconds[step] + line.intercept
    });
}

fn fit(series: Series, window: Window, around_ms: i64) -> Line {
    let timestamps = &series.timestamps[window.start..window.end];
    let values = &series.values[window.start..window.end];
    let first = values[0];
    if values.iter().all(|&y| y == first) {
        let level = if first.is_infinite() { f64::NAN } else { first };
        return Line { slope: if first.is_infinite() { f64::NAN } else { 0.0 }, intercept: level };
    }
    let terms = timestamps.iter().zip(values).map(|(&t, &y)| {
        let x = t.saturating_sub(around_ms) as f64 / 1000.0;
        [x, y, x * y, x * x]
    });
    let mut side_by_side = Sums::default();
    terms.clone().for_each(|terms| side_by_side.add(terms));
    let mut sums = [0, 1, 2, 3].map(|i| side_by_side.lane(i));
    if !side_by_side.are_finite() {
        sums = [Sum::default(); 4];
        terms.for_each(|terms| sums = [0, 1, 2, 3].map(|i| sums[i].plus(terms[i])));
    }
    let n = values.len() as f64;
    let [x, y, products, squares] = sums.map(Sum::value);
    let covariance = products - x * y / n;
    let variance = squares - x * x / n;
    let slope = covariance / variance;
    Line { slope, intercept: y / n - slope * x / n }
}

/// Holt's double exponential smoothing; `parameter` is every step's smoothing factor, then every step's trend factor.
pub fn smoothing(values: &[f64], windows: &[Window], parameter: &[f64], row: &mut Row) {
    let (levels, trends) = parameter.split_at(parameter.len() / 2);
    row.fill(windows, 2, |step, window| {
        smooth(&values[window.start..window.end], levels[step], trends[step])
    });
}

fn smooth(values: &[f64], level_factor: f64, trend_factor: f64) -> f64 {
    let mut before = 0.0;
    let mut level = values[0];
    let mut trend = values[1] - values[0];
    for (i, &value) in values.iter().enumerate().skip(1) {
        if i > 1 {
            trend = trend_factor * (level - before) + (1.0 - trend_factor) * trend;
        }
        let seen = level_factor * value;
        let expected = (1.0 - level_factor) * (level + trend);
        before = level;
        level = seen + expected;
    }
    level
}
