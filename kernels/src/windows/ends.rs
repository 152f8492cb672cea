//! Range functions that take the oldest or the newest sample of a window.

use crate::grid::Window;
use crate::windows::Row;

pub fn first(values: &[f64], windows: &[Window], row: &mut Row) {
    row.fill(windows, 1, |_, window| values[window.start]);
}

pub fn last(values: &[f64], windows: &[Window], row: &mut Row) {
    row.fill(windows, 1, |_, window| values[window.end - 1]);
}

pub fn time_of_first(timestamps: &[i64], windows: &[Window], row: &mut Row) {
    row.fill(windows, 1, |_, window| timestamps[window.start] as f64 / 1000.0);
}

pub fn time_of_last(timestamps: &[i64], windows: &[Window], row: &mut Row) {
    row.fill(windows, 1, |_, window| timestamps[window.end - 1] as f64 / 1000.0);
}
