//! Range functions that count samples or pairs of neighbours.

use crate::grid::Window;
use crate::windows::Row;

pub fn count(windows: &[Window], row: &mut Row) {
    row.fill(windows, 1, |_, window| window.len() as f64);
}

pub fn present(windows: &[Window], row: &mut Row) {
    row.fill(windows, 1, |_, _| 1.0);
}

/// Pairs of unequal neighbours; NaN equals NaN here.
pub fn changes(values: &[f64], windows: &[Window], row: &mut Row) {
    pairs(values, windows, row, |before, after| before != after && !(before.is_nan() && after.is_nan()));
}

/// Pairs of neighbours of which the second is smaller.
pub fn resets(values: &[f64], windows: &[Window], row: &mut Row) {
    pairs(values, windows, row, |before, after| after < before);
}

fn pairs(values: &[f64], windows: &[Window], row: &mut Row, counts: impl Fn(f64, f64) -> bool) {
    let mut seen = 0_u64;
    let mut upto = vec![0_u64; values.len()];
    for (pair, total) in values.windows(2).zip(upto.iter_mut().skip(1)) {
        seen += u64::from(counts(pair[0], pair[1]));
        *total = seen;
    }
    row.fill(windows, 1, |_, window| (upto[window.end - 1] - upto[window.start]) as f64);
}
