//! Range functions that count samples or pairs of neighbours.

use crate::grid::Window;
use crate::windows::Row;

pub fn count(windows: &[Window], row: &mut Row) {
    row.fill(windows, 1, |_, window| window.len() as f64);
}

pub fn present(windows: &[Window], row: &mut Row) {
    row.fill(windows, 1, |_, _| 1.0);
}

/// Room for running counts of pairs.
#[derive(Default)]
pub struct Scratch {
    /// How many pairs that count end at or before each sample.
    upto: Vec<u32>,
}

impl Scratch {
    /// Pairs of unequal neighbours; NaN equals NaN here.
    pub fn changes(&mut self, values: &[f64], windows: &[Window], row: &mut Row) {
        let counts = |before: f64, after: f64| (before != after) & !(before.is_nan() & after.is_nan());
        self.pairs(values, windows, row, counts);
    }

    /// Pairs of neighbours of which the second is smaller.
    pub fn resets(&mut self, values: &[f64], windows: &[Window], row: &mut Row) {
        self.pairs(values, windows, row, |before, after| after < before);
    }

    fn pairs(
        &mut self,
        values: &[f64],
        windows: &[Window],
        row: &mut Row,
        counts: impl Fn(f64, f64) -> bool,
    ) {
        let mut seen = 0;
        let upto = &mut self.upto;
        upto.clear();
        upto.push(0);
        upto.extend(values.windows(2).map(|pair| {
            seen += u32::from(counts(pair[0], pair[1]));
            seen
        }));
        row.fill(windows, 1, |_, window| f64::from(upto[window.end - 1] - upto[window.start]));
    }
}
